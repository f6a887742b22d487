"""The queue: which jobs there are, in which state, and who changed it when and why.

One SQLite file. Every change is one transaction that checks the state it starts from, so that
threads and processes may use the queue at once: none is lost, none is claimed twice.
"""

import logging
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from engine.database import Database
from engine.errors import QueueError

log = logging.getLogger("engine")

State = Literal[
    "queued", "running", "cancelling", "succeeded", "failed", "cancelled", "interrupted"
]
ACTIVE: tuple[State, ...] = ("running", "cancelling")
OVER: tuple[State, ...] = ("succeeded", "failed", "cancelled")
MAY_BECOME: dict[State, tuple[State, ...]] = {
    "queued": ("running", "cancelled", "failed"),
    "running": ("cancelling", "succeeded", "failed", "interrupted"),
    "cancelling": ("succeeded", "failed", "cancelled"),
    "interrupted": ("queued", "cancelled", "failed"),
}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- age; clocks may be set back
    run_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    resource TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    submitted_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    presses INTEGER NOT NULL DEFAULT 0,
    pid INTEGER,
    pid_started TEXT
);
CREATE INDEX IF NOT EXISTS job_by_state ON job (state, resource);
CREATE INDEX IF NOT EXISTS job_by_digest ON job (digest);
CREATE TABLE IF NOT EXISTS event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    at REAL NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS event_by_run ON event (run_id);
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One row of the queue."""

    number: int  # order of arrival
    run_id: str
    kind: str
    digest: str  # of request and data
    resource: str  # the slots it waits for: cpu, gpu0, ...
    priority: int  # the highest first
    state: State
    who: str  # changed the state last
    why: str
    submitted_at: float  # seconds since 1970, for people; the order is by number
    changed_at: float
    attempts: int  # workers started
    deaths: int  # workers that ended without a word
    presses: int  # how often cancel was asked for
    pid: int | None
    pid_started: str | None


@dataclass(frozen=True, kw_only=True)
class Event:
    """One change of state."""

    at: float  # seconds since 1970
    state: State
    who: str
    why: str


_COLUMNS = ", ".join(each.name for each in fields(Job))


class Queue:
    """The open queue; any thread may call it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path, _SCHEMA, self._in_words)

    def close(self) -> None:
        self._database.close()

    def restore_file(self) -> None:
        """Write the file anew where it was deleted: while it is open, nothing of it is lost."""
        if self._database.restore_file():
            log.warning("The file %s was deleted while in use. It was written anew.", self.path)

    def add(
        self, run_id: str, *, kind: str, digest: str, resource: str, priority: int, who: str
    ) -> Job:
        """Put a job at the end of its priority. Raises `QueueError` for a run that is queued."""
        now = time.time()
        values = (run_id, kind, digest, resource, priority, "queued", who, "submitted", now, now)
        with self._database.transaction() as connection:
            rows = connection.execute(
                "INSERT INTO job (run_id, kind, digest, resource, priority, state, who, why,"
                " submitted_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                f" RETURNING {_COLUMNS}",
                values,
            ).fetchall()
            return self._noted(connection, rows)[0]

    def claim(self, resource: str, *, slots: int, who: str = "engine") -> Job | None:
        """The next job of the resource, now running; None where none waits or all slots are used.

        The highest priority comes first, and of these the oldest.
        """
        with self._database.transaction() as connection:
            rows = connection.execute(
                "UPDATE job SET state = 'running', who = ?, why = 'started', changed_at = ?,"
                " attempts = attempts + 1, pid = NULL, pid_started = NULL"
                " WHERE number = (SELECT number FROM job WHERE state = 'queued' AND resource = ?"
                "  ORDER BY priority DESC, number LIMIT 1)"
                " AND (SELECT count(*) FROM job WHERE state IN ('running', 'cancelling')"
                f"  AND resource = ?) < ? RETURNING {_COLUMNS}",
                (who, time.time(), resource, resource, slots),
            ).fetchall()
            found = self._noted(connection, rows)
        return found[0] if found else None

    def change(self, run_id: str, state: State, *, who: str, why: str) -> Job | None:
        """The job in its new state; None where its present state does not lead there."""
        before = [old for old, following in MAY_BECOME.items() if state in following]
        marks = ", ".join("?" * len(before))
        with self._database.transaction() as connection:
            rows = connection.execute(
                "UPDATE job SET state = ?, who = ?, why = ?, changed_at = ?"
                f" WHERE run_id = ? AND state IN ({marks}) RETURNING {_COLUMNS}",
                (state, who, why, time.time(), run_id, *before),
            ).fetchall()
            found = self._noted(connection, rows)
        return found[0] if found else None

    def cancel(self, run_id: str, *, who: str) -> Job:
        """Cancel what waits, and ask for the end of what runs; each call counts as a press.

        A job that is over stays as it is. Raises `QueueError` for an unknown run.
        """
        with self._database.transaction() as connection:
            rows = connection.execute(
                "UPDATE job SET presses = presses + 1, who = ?, changed_at = ?, why = 'cancelled',"
                " state = CASE WHEN state IN ('queued', 'interrupted') THEN 'cancelled'"
                "  ELSE 'cancelling' END"
                " WHERE run_id = ? AND state IN ('queued', 'interrupted', 'running', 'cancelling')"
                f" RETURNING {_COLUMNS}",
                (who, time.time(), run_id),
            ).fetchall()
            found = self._noted(connection, rows)
        return found[0] if found else self.job(run_id)

    def record_process(self, run_id: str, pid: int, pid_started: str) -> None:
        """Write down which process does the job."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE job SET pid = ?, pid_started = ? WHERE run_id = ?",
                (pid, pid_started, run_id),
            )

    def record_death(self, run_id: str) -> int:
        """How many workers of the job have died, this one included."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "UPDATE job SET deaths = deaths + 1 WHERE run_id = ? RETURNING deaths", (run_id,)
            ).fetchone()
        return int(row["deaths"])

    def job(self, run_id: str) -> Job:
        """The job of the run. Raises `QueueError` where there is none."""
        rows = self._select("WHERE run_id = ?", (run_id,))
        if not rows:
            raise QueueError(f"There is no job {run_id!r}. It may have been deleted.")
        return rows[0]

    def jobs(self, states: Sequence[State] | None = None) -> list[Job]:
        """All jobs, or those in these states, in the order of arrival."""
        if states is None:
            return self._select("ORDER BY number", ())
        marks = ", ".join("?" * len(states))
        return self._select(f"WHERE state IN ({marks}) ORDER BY number", tuple(states))

    def waiting(self) -> list[str]:
        """The resources that queued jobs wait for."""
        with self._database.using() as connection:
            rows = connection.execute(
                "SELECT DISTINCT resource FROM job WHERE state = 'queued'"
            ).fetchall()
        return [row["resource"] for row in rows]

    def load(self, resource: str) -> int:
        """Jobs of the resource that are not over."""
        return sum(job.resource == resource for job in self.jobs(("queued", *ACTIVE)))

    def redirect(self, resources: Sequence[str], to: str) -> None:
        """Let jobs that are not over and wait for something else than these wait for `to`."""
        marks = ", ".join("?" * len(resources))
        with self._database.transaction() as connection:
            rows = connection.execute(
                "UPDATE job SET resource = ?, who = 'engine', changed_at = ?,"
                " why = 'there is no ' || resource || ' any more'"
                f" WHERE state IN ('queued', 'running', 'cancelling') AND resource NOT IN ({marks})"
                f" RETURNING {_COLUMNS}",
                (to, time.time(), *resources),
            ).fetchall()
            self._noted(connection, rows)

    def succeeded(self, digest: str) -> Job | None:
        """The latest job that succeeded with an equal request on equal data."""
        where = "WHERE digest = ? AND state = 'succeeded' ORDER BY number DESC LIMIT 1"
        rows = self._select(where, (digest,))
        return rows[0] if rows else None

    def history(self, run_id: str) -> list[Event]:
        """All changes of state of a job, the first first."""
        with self._database.using() as connection:
            rows = connection.execute(
                "SELECT at, state, who, why FROM event WHERE run_id = ? ORDER BY number", (run_id,)
            ).fetchall()
        return [Event(**dict(row)) for row in rows]

    def _select(self, rest: str, values: tuple[Any, ...]) -> list[Job]:
        with self._database.using() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM job {rest}", values).fetchall()
        return [Job(**dict(row)) for row in rows]

    def _noted(self, connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[Job]:
        """The rows as jobs, with an event written for each."""
        jobs = [Job(**dict(row)) for row in rows]
        for job in jobs:
            connection.execute(
                "INSERT INTO event (run_id, at, state, who, why) VALUES (?, ?, ?, ?, ?)",
                (job.run_id, job.changed_at, job.state, job.who, job.why),
            )
        return jobs

    def _in_words(self, error: sqlite3.Error) -> QueueError:
        text = str(error)
        if "full" in text:
            return QueueError(f"The queue {self.path} cannot be written: its disk is full.")
        if "UNIQUE" in text:
            return QueueError(f"The run is already in the queue ({text}).")
        if "malformed" in text or "not a database" in text:
            return QueueError(
                f"The queue {self.path} is damaged ({text}). Move the file away; finished runs "
                "stay in their folders."
            )
        return QueueError(f"The queue {self.path} cannot be used: {text}.")
