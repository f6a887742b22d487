"""Files that are replaced whole: a reader finds the old content or the new, never half of it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A path beside the target; what is written there becomes the target at the end.

    Where writing fails the target stays as it was, and nothing is left beside it. `durable` waits
    until the content is on the disk, so that it survives a power cut.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        yield fresh
        if durable:
            _sync(fresh)
        os.replace(fresh, path)
        if durable:
            _sync(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Replace the file by this text."""
    with replacing(path, durable=durable) as fresh:
        fresh.write_text(text, encoding="utf-8")


def replace_folder(folder: Path, write: Callable[[Path], object]) -> None:
    """Replace the folder by what `write` puts into the one it is given."""
    fresh = folder.with_name(f".{folder.name}.new")
    old = folder.with_name(f".{folder.name}.old")
    remove_tree(fresh)
    if not folder.parent.is_dir():  # deleted meanwhile; `write` would make it anew
        raise FileNotFoundError(f"{folder.parent} does not exist (any more).")
    try:
        write(fresh)
        for file in fresh.rglob("*"):
            _sync(file)
        remove_tree(old)
        if folder.exists():
            os.replace(folder, old)
        os.replace(fresh, folder)
        _sync(folder.parent)
    finally:
        remove_tree(fresh)
        remove_tree(old)


def remove_tree(folder: Path) -> None:
    """Remove the folder with its content, where it exists."""
    if not folder.exists():
        return
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            remove_tree(each)
        else:
            each.unlink(missing_ok=True)
    folder.rmdir()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
