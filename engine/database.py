"""One SQLite file that all threads of a process use at once, each change whole or not at all."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from engine.errors import EngineError


class Database:
    """The open file; every error of SQLite is raised as what `in_words` makes of it."""

    def __init__(
        self, path: Path, schema: str, in_words: Callable[[sqlite3.Error], EngineError]
    ) -> None:
        self.path = path
        self._schema, self._in_words = schema, in_words
        self._lock = threading.RLock()
        try:
            self._connection = self._connected()
        except sqlite3.Error as error:
            raise in_words(error) from error

    def close(self) -> None:
        """Close the file, once no thread is at it."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def using(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise self._in_words(error) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it is kept, or none."""
        with self.using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has rolled back already
                    connection.execute("ROLLBACK")
                raise

    def restore_file(self) -> bool:
        """Write the file anew where it was deleted; says whether it was.

        While the file is open, nothing of it is lost.
        """
        with self.using() as connection:
            if self.path.exists() or not self.path.parent.is_dir():
                return False
            fresh = self.path.with_name(f".{self.path.name}.new")
            with closing(sqlite3.connect(fresh)) as copy:
                connection.backup(copy)
            connection.close()
            for leftover in ("-wal", "-shm"):
                self.path.with_name(self.path.name + leftover).unlink(missing_ok=True)
            os.replace(fresh, self.path)
            self._connection = self._connected()
        return True

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=30, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(self._schema)
        return connection
