"""The database: one DuckDB file, opened by one process, migrated on opening.

Every call takes its own cursor, because DuckDB 2 refuses a connection that two threads share.
Writers go through `Store.transaction`, one at a time: all of it is kept, or none.
Files being imported are staged in a second database file that is thrown away at every start, so
that an abandoned upload never grows the shop's own file.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from data.errors import StoreError

MIGRATIONS = Path(__file__).parent / "sql"
# Of every cursor, since they are not inherited: count progress from 0.2 s on, print nothing.
PROGRESS = {
    "enable_progress_bar": "true",
    "enable_progress_bar_print": "false",
    "progress_bar_time": "200",
}


class Store:
    """The open database; `folder` also holds what is staged and spilled."""

    def __init__(self, root: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._root = root
        self._writing = threading.RLock()
        self._working: dict[int, duckdb.DuckDBPyConnection] = {}  # by thread
        self.folder = folder
        self.is_broken = False  # after a failed write DuckDB wants the file closed and reopened

    @property
    def staging_folder(self) -> Path:
        """Where unpacked and transcoded uploads lie until they are imported or abandoned."""
        return self.folder / "staging"

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of the calling thread's own, closed at the end.

        Raises `StoreError` where the disk is full or a file cannot be read or written.
        """
        cursor, thread = self._root.cursor(), threading.get_ident()
        cursor.execute("".join(f"SET {name}={value};" for name, value in PROGRESS.items()))
        outer = self._working.get(thread)
        self._working[thread] = cursor
        try:
            yield cursor
        except duckdb.Error as error:
            raise (self._in_words(error) or error) from error
        finally:
            if outer is None:
                self._working.pop(thread, None)
            else:
                self._working[thread] = outer
            cursor.close()

    def progress(self, thread: int) -> float | None:
        """How much of its query a thread has done, 0..1; None where that is not known."""
        cursor = self._working.get(thread)
        try:
            percent = -1.0 if cursor is None else cursor.query_progress()
        except duckdb.Error:  # closed between the two lines
            return None
        return percent / 100 if percent > 0 else None

    def interrupt(self, thread: int) -> None:
        """Stop the query of a thread; it raises, and its transaction is rolled back."""
        if cursor := self._working.get(thread):
            cursor.interrupt()

    def frame(self, sql: str, parameters: dict[str, Any] | list[Any] | None = None) -> pd.DataFrame:
        """The result of a query as a frame; days come back as datetime64."""
        with self.cursor() as cursor:
            return cursor.execute(sql, parameters or []).df()

    def rows(
        self, sql: str, parameters: dict[str, Any] | list[Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """The result of a query as tuples."""
        with self.cursor() as cursor:
            return cursor.execute(sql, parameters or []).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor whose writes are kept together at the end, or not at all after an error.

        Raises `StoreError` where the disk is full or the file cannot be written.
        """
        with self._writing, self.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                _roll_back(cursor)
                raise

    def close(self) -> None:
        self._root.close()

    def _in_words(self, error: duckdb.Error) -> StoreError | None:
        """What a failed read or write means for the user; None for errors in our own SQL."""
        if "invalidated" in str(error):
            self.is_broken = True
            return StoreError(
                "The database was closed because a file could not be written, most likely for "
                "want of space. It is opened again now, with everything that was imported before. "
                "Free some space; an upload in progress has to be started again."
            )
        full = "no space left" in str(error).lower()
        if full or isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
            return StoreError(_write_failure(error))
        return None


def open_store(
    path: Path | str,
    *,
    allowed_folders: tuple[Path, ...] = (),
    memory_limit: str = "2GB",
    threads: int | None = None,
) -> Store:
    """The database at `path`, created and migrated where needed.

    `allowed_folders` are the only places outside the database's own folder that SQL may read
    files from. Raises `StoreError` where another process holds the file or it is damaged.
    """
    path = Path(path).resolve()
    staging = path.parent / "staging"
    for folder in (path.parent, staging):
        folder.mkdir(parents=True, exist_ok=True)
    root = _connect(path)
    _empty(staging)
    _configure(root, path.parent, allowed_folders, memory_limit, threads)
    _migrate(root)
    return Store(root, path.parent)


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path))
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise StoreError(
                f"The database {path} is open in another process, most likely a second Almanac. "
                "Close that one, or start this one on another folder with ALMANAC_VAR. "
                "Nothing was changed."
            ) from error
        raise StoreError(_damaged(path, error)) from error
    except duckdb.Error as error:
        raise StoreError(_damaged(path, error)) from error


def _damaged(path: Path, error: Exception) -> str:
    return (
        f"The database {path} cannot be read: {str(error).splitlines()[0]} "
        "Put back a copy of the file from a backup, or move it away to start with an empty one. "
        "Almanac left it as it is."
    )


def _configure(
    root: duckdb.DuckDBPyConnection,
    folder: Path,
    allowed: tuple[Path, ...],
    memory_limit: str,
    threads: int | None,
) -> None:
    """Close every door to the outside that SQL could open; the order of the lines matters."""
    root.execute(f"ATTACH '{_quoted(folder / 'staging' / 'staging.duckdb')}' AS staging")
    folders = ", ".join(f"'{_quoted(place)}'" for place in (folder, *allowed))
    root.execute(f"SET allowed_directories=[{folders}]")
    root.execute(f"SET memory_limit='{memory_limit}'")
    root.execute(f"SET temp_directory='{_quoted(folder / 'staging' / 'spill')}'")
    if threads:
        root.execute(f"SET threads={int(threads)}")
    # It turns a list of words inside a CASE into a join over all rows: import took twice as long.
    root.execute("SET disabled_optimizers='in_clause'")
    root.execute(f"SET allowed_configs=[{', '.join(repr(name) for name in PROGRESS)}]")
    root.execute("SET autoinstall_known_extensions=false")
    root.execute("SET autoload_known_extensions=false")
    root.execute("SET enable_external_access=false")
    root.execute("SET lock_configuration=true")


def _migrate(root: duckdb.DuckDBPyConnection) -> None:
    """Apply the numbered scripts that this file has not seen, each in its own transaction."""
    root.execute(
        "CREATE TABLE IF NOT EXISTS migration "
        "(name VARCHAR PRIMARY KEY, applied_at TIMESTAMP DEFAULT now()::TIMESTAMP)"
    )
    applied = {name for (name,) in root.execute("SELECT name FROM migration").fetchall()}
    scripts = sorted(MIGRATIONS.glob("[0-9]*.sql"))
    if unknown := applied - {script.stem for script in scripts}:
        raise StoreError(
            f"The database was written by a newer Almanac (it has {', '.join(sorted(unknown))}). "
            "Update Almanac, or open another database. Nothing was changed."
        )
    for script in scripts:
        if script.stem in applied:
            continue
        root.execute("BEGIN")
        try:
            root.execute(script.read_text(encoding="utf-8"))
            root.execute("INSERT INTO migration (name) VALUES (?)", [script.stem])
            root.execute("COMMIT")
        except duckdb.Error as error:
            _roll_back(root)
            raise StoreError(
                f"Migration {script.stem} failed: {error}. The database is as before."
            ) from error


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    """Undo the open transaction; an error that ended it already leaves nothing to undo."""
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error as error:
        if "no transaction is active" not in str(error) and "invalidated" not in str(error):
            raise


def _write_failure(error: Exception) -> str:
    first = str(error).splitlines()[0]
    if "space" in first.lower() or "disk" in first.lower():
        return f"The disk is full ({first}). Free some space and try again. Nothing was imported."
    return f"The database could not be written: {first} Nothing was imported."


def _empty(folder: Path) -> None:
    """Throw away what an earlier run staged and did not import."""
    import shutil

    for child in folder.iterdir():
        if child.is_dir():
            shutil.rmtree(child)
        else:
            child.unlink()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
