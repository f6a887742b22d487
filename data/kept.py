"""Results that took long, kept in files beside the database until what they came from changes.

A result is a folder `kept/<dataset>/<name>-<digest>`: frames as Parquet and some facts as JSON. The
digest is of everything it came from, so that a result is right or not found. Older ones of a name
go when a new one is kept, those of a dataset with it. All of it can be deleted at any time.
"""

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data.store import Store

log = logging.getLogger("almanac")
FACTS = "facts.json"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A result read back."""

    frames: dict[str, pd.DataFrame]
    facts: dict[str, Any]


def digest(store: Store, dataset_id: int, sources: Iterable[str | None]) -> str:
    """Of a dataset's state, and of the modules (their files) that make a result of it.

    Two states of one database differ in its imports, whose times tell other databases apart too.
    """
    made = hashlib.sha256()
    for path in sources:
        made.update(Path(path).read_bytes() if path else b"")
    state = store.rows(
        "SELECT dataset_id, created_at, gap_policy, frequency, category_levels FROM dataset "
        "WHERE dataset_id = $1",
        [dataset_id],
    ) + store.rows(
        "SELECT import_id, started_at, undone_at, sales_added FROM import_log "
        "WHERE dataset_id = $1 ORDER BY import_id",
        [dataset_id],
    )
    made.update(repr(state).encode())
    return made.hexdigest()[:20]


def keep(store: Store, dataset_id: int, name: str, digest: str, kept: Kept) -> None:
    """Write a result, all of it or nothing; where the disk is full it is logged and not kept."""
    folder = _folder(store, dataset_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as temporary:
            whole = Path(temporary) / "whole"
            whole.mkdir()
            for frame_name, frame in kept.frames.items():
                frame.to_parquet(whole / f"{frame_name}.parquet", index=False)
            (whole / FACTS).write_text(json.dumps(kept.facts), encoding="utf-8")
            for old in folder.glob(f"{name}-*"):
                shutil.rmtree(old)
            whole.rename(folder / f"{name}-{digest}")
    except OSError as error:
        log.warning("A result was not kept for the next start: %s", error)


def read(store: Store, dataset_id: int, name: str, digest: str) -> Kept | None:
    """A result that was kept; None where there is none of this state, or it cannot be read."""
    _forget_deleted(store)
    folder = _folder(store, dataset_id) / f"{name}-{digest}"
    if not folder.exists():
        return None
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        frames = {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    except (OSError, ValueError) as error:
        log.warning("A kept result cannot be read and is made again: %s", error)
        return None
    return Kept(frames=frames, facts=facts)


def _folder(store: Store, dataset_id: int) -> Path:
    return store.folder / "kept" / str(dataset_id)


def _forget_deleted(store: Store) -> None:
    """Delete what was kept of datasets that are there no more."""
    known = {str(key) for (key,) in store.rows("SELECT dataset_id FROM dataset")}
    for folder in (store.folder / "kept").glob("*"):
        if folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)  # another thread may have been faster
