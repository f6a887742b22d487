"""From one uploaded or server file to readable tables.

A plain UTF-8 file is used in place, however large; anything else is unpacked, transcoded or
written out to the workspace, in blocks and within the limits. What cannot be read is refused with
the place and the remedy, before anything is kept.
"""

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from data.errors import FileError
from data.ingest import archives, encoding, magic, parquet, sheets
from data.ingest.archives import Budget
from data.ingest.limits import MEGABYTE, Limits
from data.ingest.plan import Source
from data.ingest.sampling import last_rows, sample_rows
from data.ingest.tables import TOTALS, find_table

__all__ = ["Limits", "open_upload"]
HASH_WHOLE_BELOW = 64 * MEGABYTE
HASH_SPOTS = 64
DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, kw_only=True)
class _Upload:
    """What the helpers below need to know of the file at hand."""

    path: Path
    name: str  # as the user knows this file: "sales.zip › orders.csv"
    workspace: Path
    stem: str  # of files written to the workspace, unique to this upload
    budget: Budget
    fingerprint: str
    size_bytes: int
    packed: bool = False  # came out of an archive, and so may not be one


def open_upload(
    path: Path,
    *,
    name: str,
    workspace: Path,
    allowed: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Source, ...]:
    """The tables in the file at `path`, which the user knows as `name`.

    `workspace` receives what must be unpacked or transcoded; `allowed` is the only folder that
    the file may lie in, links followed. The fingerprint is the SHA-256 of the bytes; above 64 MB
    that of the size and of 64 spread megabytes, which tells files apart as well and takes a
    fraction of a second. Raises `FileError` where there is no table to read.
    """
    path = _checked(path, name, allowed)
    size = path.stat().st_size
    fingerprint = fingerprint_of(path)
    workspace.mkdir(parents=True, exist_ok=True)
    upload = _Upload(
        path=path,
        name=name,
        workspace=workspace,
        stem=fingerprint[:16],
        budget=Budget(limits=limits, name=name, packed_bytes=size),
        fingerprint=fingerprint,
        size_bytes=size,
    )
    try:
        found = tuple(_open(upload))
    except BaseException as error:
        _remove(upload.budget.created)
        if isinstance(error, OSError):
            raise FileError(
                f"{name} could not be read: {error.strerror or error}. Nothing was imported."
            ) from error
        raise
    kept = {source.path for source in found}
    _remove([file for file in upload.budget.created if file not in kept])
    return found


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _checked(path: Path, name: str, allowed: Path | None) -> Path:
    """The real path; raises `FileError` where it is no file or outside the allowed folder."""
    real = path.resolve()
    if allowed is not None and not real.is_relative_to(allowed.resolve()):
        raise FileError(
            f"{name} is outside the folder that server files may be read from ({allowed}). "
            "Move or copy the file there, not a link to it."
        )
    if not real.is_file():
        kind = "a folder or a device" if real.exists() else "missing"
        raise FileError(f"{name} is {kind}, not a file. Check the name and the folder.")
    if not os.access(real, os.R_OK):
        raise FileError(f"{name} may not be read by Almanac. Change the file's permissions.")
    return real


def fingerprint_of(path: Path) -> str:
    """SHA-256 of the bytes; above 64 MB of the size and 64 spread megabytes."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= HASH_WHOLE_BELOW:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256(str(size).encode())
        for spot in range(HASH_SPOTS):
            file.seek((size - MEGABYTE) * spot // (HASH_SPOTS - 1))
            digest.update(file.read(MEGABYTE))
        return digest.hexdigest()


def _open(upload: _Upload) -> Iterator[Source]:
    kind = magic.kind_of(upload.path, upload.name)
    if upload.packed and kind in ("gzip", "xz"):
        raise archives.nested(upload.budget.name, upload.name)
    if kind in ("gzip", "xz"):
        target = upload.workspace / f"{upload.stem}-0.unpacked"
        archives.unpack_single(
            upload.path, "gzip" if kind == "gzip" else "xz", target, upload.budget
        )
        yield from _open(replace(upload, path=target, stem=f"{upload.stem}-0", packed=True))
    elif kind == "zip":
        yield from _open_zip(upload)
    elif kind == "parquet":
        yield parquet.open_parquet(
            upload.path,
            name=upload.name,
            size_bytes=upload.size_bytes,
            fingerprint=upload.fingerprint,
            limits=upload.budget.limits,
        )
    elif kind == "ole":
        sheets.refuse_encrypted(upload.path, upload.name)
        yield from _open_sheets(upload, ())
    else:
        yield _open_text(upload)


def _open_zip(upload: _Upload) -> Iterator[Source]:
    with archives.open_zip(upload.path, upload.name) as archive:
        if sheets.is_workbook(archive, upload.name):
            formulas = sheets.measure(archive, upload.budget)
            note = (
                f"{upload.name} holds {formulas:,} formulas; the results saved with them are used."
            )
            yield from _open_sheets(upload, (note,) if formulas else ())
            return
        if upload.packed:
            raise archives.nested(upload.budget.name, upload.name)
        members = archives.zip_members(archive, upload.budget)
        yield from _readable(_member_openers(upload, archive, members))


def _member_openers(
    upload: _Upload, archive: zipfile.ZipFile, members: tuple[zipfile.ZipInfo, ...]
) -> Iterator[tuple[str, Callable[[], list[Source]]]]:
    for number, info in enumerate(members):
        shown = archives.member_name(info)
        target = upload.workspace / f"{upload.stem}-{number}-{archives.safe_name(shown)}"
        inner = replace(
            upload,
            path=target,
            name=f"{upload.name} › {shown}",
            stem=f"{upload.stem}-{number}",
            packed=True,
        )

        def opener(info: zipfile.ZipInfo = info, inner: _Upload = inner) -> list[Source]:
            archives.unpack_member(archive, info, inner.path, upload.budget)
            return list(_open(inner))

        yield shown, opener


def _open_sheets(upload: _Upload, notes: tuple[str, ...]) -> Iterator[Source]:
    def openers() -> Iterator[tuple[str, Callable[[], list[Source]]]]:
        for sheet in sheets.read_sheets(upload.path, upload.workspace, upload.stem, upload.budget):
            inner = replace(upload, path=sheet.path, name=f"{upload.name} › {sheet.name}")

            def opener(inner: _Upload = inner, sheet: sheets.Sheet = sheet) -> list[Source]:
                source = _table_source(inner, sheet.path, "Excel", delimiter=",")
                rows = sheet.rows - source.first_line + 1
                return [replace(source, rows=rows, notes=(*sheet.notes, *source.notes))]

            yield f"Sheet {sheet.name}", opener

    try:
        found = list(_readable(openers()))
    except FileError as error:
        if notes and "no rows" in str(error):
            raise FileError(
                f"{upload.name} holds formulas whose results were not saved with it, so its cells "
                "are empty. Open it in Excel, save it, and upload it again."
            ) from error
        raise
    if not found:
        raise FileError(f"{upload.name} has no sheet with anything in it. Check the workbook.")
    yield replace(found[0], notes=(*notes, *found[0].notes))
    yield from found[1:]


def _readable(openers: Iterator[tuple[str, Callable[[], list[Source]]]]) -> Iterator[Source]:
    """The parts of an upload that hold a table; the others are named in a note of the first.

    Raises the first part's `FileError` where no part can be read, and any that concerns the whole
    upload: no part is opened after a bomb, a password or a full disk.
    """
    found: list[Source] = []
    left_out: list[tuple[str, FileError]] = []
    for shown, opener in openers:
        try:
            found += opener()
        except FileError as error:
            if _concerns_all(error):
                raise
            left_out.append((shown, error))
    if not found and left_out:
        raise left_out[0][1]
    notes = tuple(f"{shown} was left out: {error}" for shown, error in left_out)
    if found:
        found[0] = replace(found[0], notes=(*found[0].notes, *notes))
    yield from found


def _concerns_all(error: FileError) -> bool:
    words = ("zip bomb", "disk is full", "password", "another archive", "unpacks to", "too early")
    return any(word in str(error) for word in words)


def _open_text(upload: _Upload) -> Source:
    found = encoding.judge(upload.path, upload.name)
    if found.in_place:
        return _table_source(upload, upload.path, found.name)
    target = upload.workspace / f"{upload.stem}.utf8.csv"
    unread = encoding.to_utf8(upload.path, found, target, upload.budget)
    source = _table_source(upload, target, found.name)
    notes = []
    if unread:
        notes.append(f"{unread:,} letters could not be read as {found.name} and show as \ufffd.")
    elif not found.certain:
        notes.append(f"Letters beyond ASCII were read as {found.name}; check names with accents.")
    return replace(source, notes=(*notes, *source.notes))


def _table_source(
    upload: _Upload, path: Path, encoding_name: str, *, delimiter: str | None = None
) -> Source:
    """A source of delimited UTF-8 text; `encoding_name` is that of the uploaded file."""
    table = find_table(path, upload.name, upload.budget.limits, delimiter=delimiter)
    sample = sample_rows(path, table)
    if not sample:
        raise FileError(
            f"{upload.name} has a header but no rows with its {len(table.columns)} columns. "
            f"Check line {table.first_line:,} and the delimiter."
        )
    notes = list(table.notes)
    last = next((cell for row in last_rows(path, table)[-1:] for cell in row if cell), "")
    if last.strip().lower().rstrip(":") in TOTALS:
        notes.append(f"{upload.name}: the last row looks like a total (“{last.strip()}”).")
    return Source(
        name=upload.name,
        path=path,
        format="csv",
        columns=table.columns,
        sample=sample,
        size_bytes=upload.size_bytes,
        fingerprint=upload.fingerprint,
        encoding=encoding_name,
        delimiter=table.delimiter,
        quote=table.quote,
        has_header=table.has_header,
        first_line=table.first_line,
        notes=tuple(notes),
    )
