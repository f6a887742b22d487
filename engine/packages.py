"""A run as one file: its model, forecast and description in a zip, to keep or hand to a colleague.

The sales that it learned from stay at home. What comes in is foreign: only files that a run has
are taken, each checked against the manifest, and nothing in them is ever executed (models are
JSON, safetensors and LightGBM's text).
"""

import hashlib
import json
import re
import secrets
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

from engine.errors import EngineError, RunError
from engine.files import replace_folder
from engine.registry import About, Entry, Registry
from engine.requests import from_json
from engine.runs import Run

FORMAT = 1  # raised when an older reader could misread the file
MANIFEST = "manifest.json"
_WHAT = "almanac run"
_ALLOWED = re.compile(
    r"(request|result)\.json|(forecast|notes)\.parquet|"
    r"model/(members/[a-z0-9_]{1,40}/)?[a-z0-9_]{1,40}\.(json|safetensors|txt)"
)
_NEEDED = ("request.json", "model/config.json")
MOST_BYTES = 2 * 1024**3  # unpacked
_MOST_FILES = 200
_CHUNK = 1024**2


def pack(run: Run, entry: Entry, target: IO[bytes]) -> None:
    """Write the run into `target`. Raises `RunError` where it kept no model."""
    names = sorted(
        path.relative_to(run.folder).as_posix()
        for path in run.folder.rglob("*")
        if path.is_file() and _ALLOWED.fullmatch(path.relative_to(run.folder).as_posix())
    )
    if missing := [name for name in _NEEDED if name not in names]:
        raise RunError(
            f"{entry.name} cannot be saved as a file: {' and '.join(missing)} is not there. Only "
            "finished trainings keep a model."
        )
    manifest = {
        "what": _WHAT,
        "format": FORMAT,
        "name": entry.name,
        "tags": list(entry.tags),
        "metrics": dict(entry.metrics),
        "about": asdict(entry.about),
        "files": {name: _digest(run.folder / name) for name in names},
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(manifest, indent=2))
        for name in names:
            archive.write(run.folder / name, name)


def unpack(registry: Registry, source: IO[bytes], *, file_name: str) -> str:
    """Take a packed run into the registry; its new id.

    Raises `RunError` for a file that is foreign, damaged, too large or from a newer version;
    nothing is kept of it then.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = _manifest(archive, file_name)
            members = _members(archive, manifest, file_name)
            run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
            write = partial(
                _extract, archive=archive, members=members, manifest=manifest, file_name=file_name
            )
            replace_folder(registry.run(run_id).folder, write)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise RunError(
            f"{file_name} is no readable zip file ({error}). Choose a file that the button "
            "Download of this page made."
        ) from error
    except OSError as error:
        raise RunError(f"{file_name} cannot be kept: {error}.") from error
    try:
        about = replace(About.from_content(manifest["about"]), uploaded_from=file_name, group="")
        registry.add(run_id, about, name=str(manifest["name"]))
        registry.tag(run_id, [str(tag) for tag in manifest["tags"]])
        registry.note_metrics(run_id, manifest["metrics"])
    except (EngineError, TypeError, ValueError) as error:
        registry.delete(run_id)
        raise RunError(f"{file_name} describes itself wrongly: {error}") from error
    return run_id


def _manifest(archive: zipfile.ZipFile, file_name: str) -> dict[str, Any]:
    """The description inside; everything else is checked against it."""
    foreign = f"{file_name} is not a run that Almanac saved"
    remedy = "Choose a file that the button Download of this page made."
    try:
        with archive.open(MANIFEST) as file:
            content = json.loads(file.read(_CHUNK))
    except (KeyError, ValueError, RuntimeError) as error:  # RuntimeError: encrypted
        raise RunError(f"{foreign}: it has no readable {MANIFEST}. {remedy}") from error
    if not isinstance(content, dict) or content.get("what") != _WHAT:
        raise RunError(f"{foreign}. {remedy}")
    if content.get("format") != FORMAT:
        raise RunError(
            f"{file_name} has the format {content.get('format')!r}; this version reads {FORMAT}. "
            "Update this installation."
        )
    kinds = {"name": str, "tags": list, "metrics": dict, "about": dict, "files": dict}
    for name, kind in kinds.items():
        if not isinstance(content.get(name), kind):
            raise RunError(f"{foreign}: its manifest has no {name}. {remedy}")
    return content


def _members(
    archive: zipfile.ZipFile, manifest: Mapping[str, Any], file_name: str
) -> list[zipfile.ZipInfo]:
    """The files to take: exactly those of the manifest, all of a kind that a run has."""
    members = [each for each in archive.infolist() if each.filename != MANIFEST]
    names = [each.filename for each in members]
    for member in members:
        mode = member.external_attr >> 16
        if not _ALLOWED.fullmatch(member.filename) or stat.S_ISLNK(mode):
            raise RunError(
                f"{file_name} contains {member.filename[:80]!r}, which no run has. Nothing of it "
                "was taken."
            )
    if len(set(names)) < len(names) or set(names) != set(manifest["files"]):
        raise RunError(f"{file_name} is not complete: it lists other files than it holds.")
    if missing := [name for name in _NEEDED if name not in names]:
        raise RunError(f"{file_name} is not complete: it lacks {' and '.join(missing)}.")
    total = sum(each.file_size for each in members)
    if total > MOST_BYTES or len(members) > _MOST_FILES:
        raise RunError(
            f"{file_name} unpacks to {total / 1e9:.1f} GB in {len(members)} files; allowed are "
            f"{MOST_BYTES / 1e9:.1f} GB in {_MOST_FILES}."
        )
    return members


def _extract(
    folder: Path,
    *,
    archive: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    manifest: Mapping[str, Any],
    file_name: str,
) -> None:
    """Write the members, each as long as it says and with the content it had."""
    for member in members:
        path = folder / member.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        found = hashlib.sha256()
        with archive.open(member) as source, path.open("wb") as target:
            while chunk := source.read(_CHUNK):
                found.update(chunk)
                target.write(chunk)
        if found.hexdigest() != manifest["files"][member.filename]:
            raise RunError(f"{file_name} is damaged: {member.filename} is not what was saved.")
    try:
        from_json((folder / "request.json").read_text(encoding="utf-8"))
        config = json.loads((folder / "model" / "config.json").read_text(encoding="utf-8"))
        model = config["model"]
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{file_name} is damaged: its model has no name ({error}).") from error
    from forecasting.models import MODELS  # late, because it loads pandas

    if model not in MODELS or manifest["about"].get("model") != model:
        raise RunError(
            f"{file_name} holds a model {model!r} that is unknown here. Update this installation."
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
