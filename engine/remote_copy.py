"""A run folder by way of object storage, for a cluster that shares no disk with the app.

The app puts the folder under a URL, once for each attempt of the job. The worker does the job in a
copy on a disk of its own, and puts what it writes under the URL; the app takes it from there into
the run folder, where all else finds it as if the worker had written it. An object appears whole or
not at all; `out.json` says which there are, and holds the status, so that nothing is believed
before all that it speaks of is there.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.errors import EngineError, RunError
from engine.files import remove_tree, replacing, write_text
from engine.runs import Run

STATUS, LOCK = "status.json", "worker.lock"
SENT, WRITTEN = "in.json", "out.json"

Stamp = list[int]  # size and time of change; another one means other content


class RemoteCopy:
    """What is under the URL of one attempt of a job. Any method may raise what the store raises.

    Raises `EngineError` where the URL cannot be used, such as for want of the store's library.
    """

    def __init__(self, url: str, run_id: str, attempt: int) -> None:
        self.run_id = run_id
        self._files, self._root = _store(f"{url.rstrip('/')}/{run_id}/{attempt}")
        self._stamps: dict[str, Stamp] = {}  # of what was put or fetched last
        self._first: dict[str, Stamp] = {}  # of what the worker began with
        self._status: str | None = None  # fetched last

    # --- the app ---

    def send(self, run: Run) -> None:
        """Put the run under the URL, and those that its request builds on."""
        folders = [run.folder, *(run.folder.parent / each for each in _others(run))]
        sent = []
        for folder in folders:
            for path in _paths(folder):
                if folder == run.folder or not path.startswith(("events/", "panel.parquet")):
                    self._put(folder / path, f"in/{folder.name}/{path}")
                    sent.append(f"{folder.name}/{path}")
        self._write(SENT, sent)

    def fetch(self, run: Run) -> None:
        """Take what the worker has put there into the run folder, the status last."""
        written = self._read(WRITTEN)
        if written is None or not run.folder.is_dir():
            return
        for path, stamp in written["files"].items():
            if self._stamps.get(path) != stamp:
                (run.folder / path).parent.mkdir(exist_ok=True, parents=True)
                with replacing(run.folder / path) as fresh:
                    self._files.get_file(f"{self._root}/out/{path}", str(fresh))
                self._stamps[path] = stamp
        for path in written["removed"]:
            (run.folder / path).unlink(missing_ok=True)
            self._stamps.pop(path, None)
            if (folder := (run.folder / path).parent) != run.folder and not _has_files(folder):
                remove_tree(folder)
        if written["status"] != self._status:
            write_text(run.folder / STATUS, written["status"], durable=False)
            self._status = written["status"]

    def remove(self) -> None:
        """Remove all that is under the URL."""
        if self._files.exists(self._root):
            self._files.rm(self._root, recursive=True)

    # --- the worker ---

    def receive(self, runs: Path) -> Path:
        """Make the folders that were sent, in this one; the one of the run."""
        sent = self._read(SENT)
        if sent is None:
            raise RunError(f"Nothing was sent to {self._root} for the run {self.run_id}.")
        for path in sent:
            (runs / path).parent.mkdir(exist_ok=True, parents=True)
            self._files.get_file(f"{self._root}/in/{path}", str(runs / path))
        self._first = _stamps(runs / self.run_id)
        self._stamps = dict(self._first)
        return runs / self.run_id

    def push(self, folder: Path) -> None:
        """Put what has changed in the folder since it was received or pushed last.

        The status is read first: what it speaks of was written before.
        """
        try:
            status = (folder / STATUS).read_text(encoding="utf-8")
        except FileNotFoundError:
            status = None
        now = _stamps(folder)
        for path, stamp in list(now.items()):
            if self._stamps.get(path) == stamp:
                continue
            try:
                self._put(folder / path, f"out/{path}")
            except FileNotFoundError:  # it was removed or replaced meanwhile
                del now[path]
        gone = [path for path in {**self._first, **self._stamps} if path not in now]
        self._stamps = now
        written = {path: stamp for path, stamp in now.items() if self._first.get(path) != stamp}
        self._write(WRITTEN, {"files": written, "removed": gone, "status": status})

    # --- the store ---

    def _put(self, file: Path, name: str) -> None:
        self._files.put_file(str(file), f"{self._root}/{name}")

    def _write(self, name: str, content: Any) -> None:
        self._files.pipe_file(f"{self._root}/{name}", json.dumps(content).encode())

    def _read(self, name: str) -> Any:
        """The content; None where there is none yet."""
        try:
            return json.loads(self._files.cat_file(f"{self._root}/{name}"))
        except (FileNotFoundError, ValueError):  # half of it is there, where the store is a disk
            return None


def _store(url: str) -> tuple[Any, str]:
    """The file system of fsspec, and the path in it."""
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]

    options = {"auto_mkdir": True} if url.startswith(("file:", "local:")) else {}
    try:
        files, root = url_to_fs(url, use_listings_cache=False, **options)
    except (ImportError, ValueError) as error:
        raise EngineError(
            f"ALMANAC_RUNS_URL={url!r} cannot be used: {error}. Install the library of that store "
            "here and on the cluster (docs/scale.md), or correct the URL."
        ) from error
    return files, str(root)


def _others(run: Run) -> list[str]:
    """Runs that the request builds on."""
    request = run.request()
    named = (getattr(request, name, None) for name in ("from_run", "continues"))
    return [str(each) for each in named if each is not None]


def _paths(folder: Path) -> Iterator[str]:
    """Files of the run, relative to it: less those that are being written, and those of no use to
    another machine.
    """
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder)
        if file.is_file() and path.name != LOCK and not any(p.startswith(".") for p in path.parts):
            yield path.as_posix()


def _stamps(folder: Path) -> dict[str, Stamp]:
    found = {}
    for path in _paths(folder):
        try:
            about = (folder / path).stat()
        except FileNotFoundError:  # it was removed since the folder was listed, as `push` expects
            continue
        if path != STATUS:
            found[path] = [about.st_size, about.st_mtime_ns]
    return found


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(each.is_file() for each in folder.rglob("*"))
