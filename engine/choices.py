"""Exceptions: a run that is in use for a part of what it forecasts, such as one category.

The champion of all that a run forecasts is in the registry. Beside it, this keeps which run is used
for a narrower part, why, since when and by whom; nothing is ever overwritten, so that the whole
history of a part can be told. What a part is, is the app's own value.
"""

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.database import Database
from engine.errors import EngineError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS choice (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    part TEXT NOT NULL,
    run_id TEXT NOT NULL,
    name TEXT NOT NULL,
    why TEXT NOT NULL,
    who TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS choice_by_part ON choice (part);
"""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One decision on a part."""

    part: Mapping[str, Any]  # the app's own; JSON values
    run_id: str  # what is used from then on; "": no exception any more
    name: str  # of the run, as it was then
    why: str
    who: str  # "": nobody said
    at: float  # seconds since 1970


class Choices:
    """The open exceptions of one folder; any thread may call it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "choices.db"
        self._database = Database(self.path, _SCHEMA, self._in_words)

    def close(self) -> None:
        self._database.close()

    def choose(
        self,
        part: Mapping[str, Any],
        run_id: str,
        *,
        name: str,
        why: str,
        who: str = "",
        at: float | None = None,
    ) -> None:
        """Use a run for a part from now on. Raises `EngineError` without a reason."""
        self._add(part, run_id, name=name, why=why, who=who, at=at)

    def withdraw(
        self, part: Mapping[str, Any], *, why: str, who: str = "", at: float | None = None
    ) -> None:
        """Make no exception for a part any more. Raises `EngineError` without a reason."""
        self._add(part, "", name="", why=why, who=who, at=at)

    def in_force(self) -> list[Choice]:
        """The latest decision on every part that has an exception, the latest first."""
        return self._select(
            "WHERE number IN (SELECT max(number) FROM choice GROUP BY part) AND run_id <> ''", ()
        )

    def history(self, part: Mapping[str, Any]) -> list[Choice]:
        """Every decision on a part, the latest first."""
        return self._select("WHERE part = ?", (_key(part),))

    def _add(
        self, part: Mapping[str, Any], run_id: str, *, name: str, why: str, who: str,
        at: float | None,
    ) -> None:  # fmt: skip
        reason = " ".join(why.split())
        if not reason:
            raise EngineError("Say in a few words why. Nothing was changed.")
        row = (_key(part), run_id, name, reason, " ".join(who.split()))
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO choice (part, run_id, name, why, who, at) VALUES (?, ?, ?, ?, ?, ?)",
                (*row, time.time() if at is None else at),
            )

    def _select(self, rest: str, values: tuple[Any, ...]) -> list[Choice]:
        with self._database.using() as connection:
            rows = connection.execute(
                f"SELECT part, run_id, name, why, who, at FROM choice {rest} ORDER BY number DESC",
                values,
            ).fetchall()
        return [Choice(**{**dict(row), "part": json.loads(row["part"])}) for row in rows]

    def _in_words(self, error: sqlite3.Error) -> EngineError:
        return EngineError(
            f"The list of models in use {self.path} cannot be used: {error}. Free space on its "
            "disk, or move the file away; champions and runs stay as they are."
        )


def _key(part: Mapping[str, Any]) -> str:
    """Equal for equal parts."""
    return json.dumps(part, sort_keys=True)
