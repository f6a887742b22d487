"""Unpack `.gz`, `.xz` and `.zip` into the workspace, in blocks, never past the limits."""

import errno
import gzip
import lzma
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, Literal, cast

from data.errors import FileError
from data.ingest.limits import MEGABYTE, Limits

BLOCK = MEGABYTE
TOO_EARLY = "the file ends too early, so the upload or the download was interrupted"
JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass
class Budget:
    """What one upload may still write; shared by all members of an archive."""

    limits: Limits
    name: str  # of the upload, for messages
    packed_bytes: int  # of the upload
    written: int = 0
    created: list[Path] = field(default_factory=list)  # files in the workspace

    def spend(self, size: int) -> None:
        """Count `size` more bytes; raises `FileError` once they are too many."""
        self.written += size
        self.check(self.written)

    def check(self, total: int) -> None:
        """Raise `FileError` where `total` bytes are more than this upload may unpack to."""
        limits = self.limits
        if total > limits.max_unpacked_bytes:
            raise FileError(
                f"{self.name} unpacks to more than {size_words(limits.max_unpacked_bytes)}, the "
                "most that is allowed. Split it into smaller files, or ask for a higher limit."
            )
        if total > max(limits.ratio_from_bytes, limits.max_ratio * self.packed_bytes):
            raise FileError(
                f"{self.name} unpacks to more than {limits.max_ratio} times its size, which no "
                "sales file does: it looks like a zip bomb and was not opened. "
                "Upload the table unpacked."
            )


@contextmanager
def new_file(target: Path, budget: Budget) -> Iterator["BoundedWriter"]:
    """A file to write to; it takes its name once it is whole, and after an error it is gone.

    An earlier file of that name may still be being read, and stays what it was for its reader.
    A full disk is a `FileError`.
    """
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file:
            yield BoundedWriter(file, target, budget)
        part.replace(target)
        budget.created.append(target)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(budget.name) from error
        raise


def disk_full(name: str) -> FileError:
    return FileError(
        f"The disk is full: {name} could not be unpacked. Free some space and upload it again. "
        "Nothing was imported."
    )


class BoundedWriter:
    """Writes bytes while the budget and the free disk space last."""

    def __init__(self, file: BinaryIO, target: Path, budget: Budget) -> None:
        self._file, self._folder, self._budget = file, target.parent, budget
        self._until_check = 0

    def write(self, block: bytes) -> None:
        self._budget.spend(len(block))
        self._until_check -= len(block)
        if self._until_check <= 0:
            spare = self._budget.limits.spare_disk_bytes
            if shutil.disk_usage(self._folder).free < spare + len(block):
                raise disk_full(self._budget.name)
            self._until_check = 32 * MEGABYTE
        self._file.write(block)


def unpack_single(path: Path, kind: Literal["gzip", "xz"], target: Path, budget: Budget) -> None:
    """Write the one file inside a `.gz` or `.xz` to `target`."""
    with _opened(path, kind) as packed, new_file(target, budget) as out:
        copy(packed, out, budget.name)


def _opened(path: Path, kind: Literal["gzip", "xz"]) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path) if kind == "gzip" else lzma.open(path))


def copy(packed: IO[bytes], out: BoundedWriter, name: str) -> None:
    """Copy block by block; a damaged archive is a `FileError`."""
    try:
        while block := packed.read(BLOCK):
            out.write(block)
    except EOFError as error:
        raise FileError(f"{name}: {TOO_EARLY}. Upload it again.") from error
    except (zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise FileError(
            f"{name} is damaged and cannot be unpacked ({error}). Pack and upload it again."
        ) from error


def open_zip(path: Path, name: str) -> zipfile.ZipFile:
    """The archive; raises `FileError` where it is cut off or damaged."""
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise FileError(f"{name}: {TOO_EARLY}, or it is damaged. Upload it again.") from error


def zip_members(archive: zipfile.ZipFile, budget: Budget) -> tuple[zipfile.ZipInfo, ...]:
    """The files worth opening, checked before a byte is unpacked.

    Raises `FileError` for passwords, archives inside the archive, bombs and too many files.
    """
    members = tuple(
        info
        for info in archive.infolist()
        if not info.is_dir() and not any(junk in info.filename for junk in JUNK)
    )
    name, limits = budget.name, budget.limits
    if not members:
        raise FileError(f"{name} is an empty archive. Pack the sales file and upload it again.")
    if len(members) > limits.max_members:
        raise FileError(
            f"{name} holds {len(members):,} files; at most {limits.max_members:,} can be read at "
            "once. Upload them in smaller archives."
        )
    for info in members:
        shown = member_name(info)
        if info.flag_bits & 0x1:
            raise FileError(
                f"{name}: {shown} is protected by a password. Pack it without one and upload that."
            )
        if re.search(r"\.(zip|gz|xz|7z|rar|bz2|tar|tgz|zst)$", shown, re.IGNORECASE):
            raise nested(name, shown)
    budget.check(budget.written + sum(info.file_size for info in members))
    return members


def nested(name: str, inner: str) -> FileError:
    return FileError(
        f"{name} holds another archive, {inner}. Archives inside archives are not opened: "
        "unpack it and upload the files themselves, or one archive of them."
    )


def unpack_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, budget: Budget
) -> None:
    """Write one member to `target`."""
    try:
        with archive.open(info) as packed, new_file(target, budget) as out:
            copy(packed, out, f"{budget.name} › {member_name(info)}")
    except NotImplementedError as error:
        raise FileError(
            f"{budget.name} is packed in a way that cannot be read ({error}). Pack it again as "
            "an ordinary zip."
        ) from error
    except zipfile.BadZipFile as error:
        raise FileError(
            f"{budget.name}: {member_name(info)} is damaged ({error}). Pack and upload it again."
        ) from error


def member_name(info: zipfile.ZipInfo) -> str:
    """The file's own name, without folders; Chinese names packed on Windows are repaired."""
    name = info.filename
    if not info.flag_bits & 0x800:  # not marked UTF-8: zipfile has read the bytes as cp437
        raw = name.encode("cp437", errors="replace")
        for codec in ("utf-8", "gb18030"):
            try:
                name = raw.decode(codec)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def safe_name(name: str) -> str:
    """A file name that cannot leave its folder.

    >>> safe_name("../../etc/pass wd.csv")
    'pass_wd.csv'
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return re.sub(r"[^\w.-]+", "_", last)[-80:].lstrip(".-") or "file"


def size_words(size: int) -> str:
    """A number of bytes as people say it.

    >>> size_words(21_474_836_480)
    '20 GB'
    """
    for unit, step in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if size >= step:
            return f"{size / step:.3g} {unit}"
    return f"{size} bytes"
