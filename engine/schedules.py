"""Schedules: what is to be done again, when it is due, and how each time ended.

One SQLite file beside the queue. A time that is due becomes a `Firing` in the same transaction
that works out the next one, and stays `due` until someone has begun it: an app that dies in
between begins it at its next start, and one that was down for a month begins it once. A schedule
has one open firing at most; what comes due meanwhile waits for it, and is then done once.

Due times are moments in UTC; the zone is kept, so that 06:00 stays 06:00 when clocks change.
`template` is the app's own, which the schedules keep but never read.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine import cron as crons
from engine.database import Database
from engine.errors import EngineError

Why = Literal["due", "late", "new data", "asked"]
FiringState = Literal["due", "running", "done", "failed"]
OPEN: tuple[FiringState, ...] = ("due", "running")
LATE_SECONDS = 900.0  # due so long ago, a run is called made up for
MOST_CHARACTERS = 120  # of a name

_SCHEMA = """
CREATE TABLE IF NOT EXISTS schedule (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    cron TEXT NOT NULL,
    zone TEXT NOT NULL,
    source TEXT NOT NULL,
    mark TEXT NOT NULL,
    template TEXT NOT NULL,
    margin REAL NOT NULL,
    is_on INTEGER NOT NULL DEFAULT 1,
    next_at REAL,
    created_by TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS firing (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule_id TEXT NOT NULL,
    why TEXT NOT NULL,
    who TEXT NOT NULL,
    due_at REAL NOT NULL,
    made_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'due',
    run_id TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    drift TEXT NOT NULL DEFAULT '[]',
    words TEXT NOT NULL DEFAULT '',
    numbers TEXT NOT NULL DEFAULT '{}',
    ended_at REAL
);
CREATE INDEX IF NOT EXISTS firing_by_schedule ON firing (schedule_id);
CREATE INDEX IF NOT EXISTS firing_by_state ON firing (state);
"""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One row: what is done again, and when."""

    number: int  # order of arrival
    schedule_id: str
    name: str
    cron: str  # "": when the data change
    zone: str  # of the cron line, such as Europe/Berlin
    source: str  # the data it depends on, by the app's own name
    mark: str  # the state of that data when it last ran
    template: Mapping[str, Any]  # the app's own; JSON values
    margin: float  # share by which a run may be worse and still replace what is in use
    is_on: bool
    next_at: float | None  # seconds since 1970; None: paused, or when the data change
    created_by: str
    created_at: float


@dataclass(frozen=True, kw_only=True)
class Firing:
    """One time that a schedule was due."""

    number: int
    schedule_id: str
    why: Why
    who: str
    due_at: float  # seconds since 1970
    made_at: float  # when it was found to be due: later, where the app was down
    state: FiringState
    run_id: str  # "" before it began, and where nothing had to be done
    note: str  # what the run does without, or otherwise than its pattern
    drift: Sequence[Mapping[str, Any]]  # as it was found when the run began
    words: str  # how it ended
    numbers: Mapping[str, Any] = field(default_factory=dict)  # that the words rest on
    ended_at: float | None


class Schedules:
    """The open schedules of one folder; any thread may call them.

    `clock` gives seconds since 1970.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder.absolute() / "schedules.db"
        self.clock = clock
        self._database = Database(self.path, _SCHEMA, self._in_words)

    def close(self) -> None:
        self._database.close()

    def add(
        self,
        *,
        name: str,
        template: Mapping[str, Any],
        cron: str = "",
        zone: str = "UTC",
        source: str = "",
        mark: str = "",
        margin: float = 0.05,
        who: str = "",
    ) -> Schedule:
        """A new schedule: due by its cron line, or, without one, when `mark` is out of date.

        Raises `EngineError` for a line, a zone, a name or a margin that cannot be used.
        """
        name, now = " ".join(name.split()), self.clock()
        if not name or len(name) > MOST_CHARACTERS:
            raise EngineError(
                f"The name {name[:40]!r} has {len(name)} characters. Use 1 to {MOST_CHARACTERS}."
            )
        if not 0 <= margin <= 1:
            raise EngineError(f"margin={margin!r} must be a share between 0 and 1, such as 0.05.")
        if cron:
            crons.check(cron, zone)
        elif not source:
            raise EngineError("Give a cron line, or the source whose new data it waits for.")
        schedule_id = secrets.token_hex(6)
        due = crons.next_after(cron, zone, now) if cron else None
        row = (schedule_id, name, cron, zone, source, mark, json.dumps(dict(template)), margin)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO schedule (schedule_id, name, cron, zone, source, mark, template,"
                " margin, next_at, created_by, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, due, who, now),
            )
        return self.schedule(schedule_id)

    def schedules(self) -> list[Schedule]:
        """All schedules, in the order of arrival."""
        return self._select("ORDER BY number", ())

    def schedule(self, schedule_id: str) -> Schedule:
        """Raises `EngineError` for one that was deleted."""
        found = self._select("WHERE schedule_id = ?", (schedule_id,))
        if not found:
            raise EngineError(f"There is no schedule {schedule_id!r}. It may have been deleted.")
        return found[0]

    def pause(self, schedule_id: str) -> None:
        """Nothing comes due until it is resumed; what has begun goes on."""
        self._set(schedule_id, is_on=False, next_at=None)

    def resume(self, schedule_id: str, *, mark: str | None = None) -> None:
        """Due again from now on; what was missed while it was paused stays missed."""
        found = self.schedule(schedule_id)
        due = crons.next_after(found.cron, found.zone, self.clock()) if found.cron else None
        kept = found.mark if mark is None else mark
        self._set(schedule_id, is_on=True, next_at=due, mark=kept)

    def delete(self, schedule_id: str) -> None:
        """Forget a schedule with its history. Its runs, and what is in use, stay."""
        self.schedule(schedule_id)
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM firing WHERE schedule_id = ?", (schedule_id,))
            connection.execute("DELETE FROM schedule WHERE schedule_id = ?", (schedule_id,))

    def ask(self, schedule_id: str, *, who: str = "") -> bool:
        """Due now, paused or not; False where one of its runs waits or runs already."""
        self.schedule(schedule_id)
        with self._database.transaction() as connection:
            if schedule_id in _busy(connection):
                return False
            _fire(connection, schedule_id, "asked", self.clock(), who=who)
        return True

    def due(self, marks: Mapping[str, str]) -> list[Firing]:
        """What is to be begun now: in the order in which it came due, then of arrival.

        `marks` says for each source in which state its data are. Whatever is given out stays due
        until `begin` or `end` is called for it.
        """
        now = self.clock()
        with self._database.transaction() as connection:
            busy = _busy(connection)
            for each in self._select("WHERE is_on ORDER BY next_at, number", ()):
                mark = marks.get(each.source, each.mark)
                self._come_due(connection, each, mark, now, is_busy=each.schedule_id in busy)
        return self._firings("WHERE state = 'due' ORDER BY number", ())

    def begin(
        self,
        number: int,
        run_id: str,
        *,
        mark: str | None = None,
        note: str = "",
        drift: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """The firing has become a run, on data of this mark."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE firing SET state = 'running', run_id = ?, note = ?, drift = ?"
                " WHERE number = ? AND state = 'due'",
                (run_id, note, json.dumps(list(map(dict, drift))), number),
            )
            if mark is not None:
                connection.execute(
                    "UPDATE schedule SET mark = ? WHERE schedule_id ="
                    " (SELECT schedule_id FROM firing WHERE number = ?)",
                    (mark, number),
                )

    def end(
        self,
        number: int,
        state: Literal["done", "failed"],
        words: str,
        *,
        numbers: Mapping[str, Any] | None = None,
        drift: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        """How it ended; a firing that has ended already stays as it is."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE firing SET state = ?, words = ?, numbers = ?, ended_at = ?,"
                " drift = coalesce(?, drift) WHERE number = ? AND state IN ('due', 'running')",
                (
                    state,
                    words,
                    json.dumps(dict(numbers or {})),
                    self.clock(),
                    None if drift is None else json.dumps(list(map(dict, drift))),
                    number,
                ),
            )

    def remember(self, number: int, numbers: Mapping[str, Any]) -> None:
        """Keep numbers of a running firing, for the next look at it."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE firing SET numbers = ? WHERE number = ? AND state = 'running'",
                (json.dumps(dict(numbers)), number),
            )

    def running(self) -> list[Firing]:
        """Those that have begun and not ended."""
        return self._firings("WHERE state = 'running' ORDER BY number", ())

    def firings(self, schedule_id: str, *, limit: int = 20) -> list[Firing]:
        """The latest times of a schedule, the latest first."""
        return self._firings(
            "WHERE schedule_id = ? ORDER BY number DESC LIMIT ?", (schedule_id, limit)
        )

    def _come_due(
        self,
        connection: sqlite3.Connection,
        each: Schedule,
        mark: str,
        now: float,
        *,
        is_busy: bool,
    ) -> None:
        """Make a firing of a schedule whose time or data have come."""
        if each.next_at is None:
            if mark != each.mark and not is_busy:
                _fire(connection, each.schedule_id, "new data", now)
                self._set(each.schedule_id, mark=mark)
            return
        due = crons.in_reach(each.cron, each.zone, each.next_at, now)
        if due <= now and not is_busy:
            why: Why = "late" if now - due > LATE_SECONDS else "due"
            _fire(connection, each.schedule_id, why, now, due_at=due)
            due = crons.next_after(each.cron, each.zone, now)
        if due != each.next_at:
            self._set(each.schedule_id, next_at=due)

    def _set(self, schedule_id: str, **values: bool | float | str | None) -> None:
        """Set columns of one schedule. Raises `EngineError` for one that was deleted."""
        self.schedule(schedule_id)
        names = ", ".join(f"{name} = ?" for name in values)
        with self._database.using() as connection:
            connection.execute(
                f"UPDATE schedule SET {names} WHERE schedule_id = ?",
                (*values.values(), schedule_id),
            )

    def _select(self, rest: str, values: tuple[Any, ...]) -> list[Schedule]:
        with self._database.using() as connection:
            rows = [
                dict(row) for row in connection.execute(f"SELECT * FROM schedule {rest}", values)
            ]
        for row in rows:
            row |= {"template": json.loads(row["template"]), "is_on": bool(row["is_on"])}
        return [Schedule(**row) for row in rows]

    def _firings(self, rest: str, values: tuple[Any, ...]) -> list[Firing]:
        with self._database.using() as connection:
            found = connection.execute(f"SELECT * FROM firing {rest}", values).fetchall()
        rows = [dict(row) for row in found]
        for row in rows:
            row |= {name: json.loads(row[name]) for name in ("drift", "numbers")}
        return [Firing(**row) for row in rows]

    def _in_words(self, error: sqlite3.Error) -> EngineError:
        return EngineError(
            f"The schedules {self.path} cannot be used: {error}. Free space on the disk, or move "
            "the file away; finished runs stay in their folders."
        )


def _busy(connection: sqlite3.Connection) -> set[str]:
    """Schedules with a firing that waits or runs."""
    found = connection.execute("SELECT schedule_id FROM firing WHERE state IN (?, ?)", OPEN)
    return {row["schedule_id"] for row in found}


def _fire(
    connection: sqlite3.Connection,
    schedule_id: str,
    why: Why,
    now: float,
    *,
    due_at: float | None = None,
    who: str = "",
) -> None:
    connection.execute(
        "INSERT INTO firing (schedule_id, why, who, due_at, made_at) VALUES (?, ?, ?, ?, ?)",
        (schedule_id, why, who, now if due_at is None else due_at, now),
    )
