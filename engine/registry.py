"""The registry: what each run is of, what people call it, and which is the champion of its scope.

One SQLite file beside the queue says it; what a run did is in its folder. `scope` is the app's own
value, which the registry keeps and compares but never reads, save that names in `_revision` say
which version of a part it was, and make no other scope.
"""

import json
import logging
import math
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.database import Database
from engine.errors import EngineError, RunError
from engine.requests import ForecastRequest
from engine.runs import REGISTRATION, Run

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("engine")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '[]',
    scope_key TEXT NOT NULL,
    is_champion INTEGER NOT NULL DEFAULT 0,
    about TEXT NOT NULL,
    metrics TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS run_by_scope ON run (scope_key);
CREATE TABLE IF NOT EXISTS crowning (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    scope_key TEXT NOT NULL,
    run_id TEXT NOT NULL,
    name TEXT NOT NULL,
    is_crowned INTEGER NOT NULL,
    why TEXT NOT NULL,
    who TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS crowning_by_scope ON crowning (scope_key);
"""
METRICS = ("WQL", "MASE", "WAPE", "bias", "coverage", "fit_seconds")  # columns of a leaderboard
BASELINES = ("seasonal_naive", "arima")
MOST_CHARACTERS = 120  # of a name or a tag
_REVISION = "_revision"  # how names in a scope end that say which version, not what


@dataclass(frozen=True, kw_only=True)
class About:
    """What a run is of; written when it is submitted, and never changed."""

    model: str  # of the library, or "" for a comparison of several
    preset: str = ""  # how thorough
    scope: Mapping[str, Any] = field(default_factory=dict)  # the app's own; JSON values
    scope_words: str = ""  # the same for people
    covariates: Mapping[str, str] = field(default_factory=dict)  # column: how its gaps are filled
    series: int = 0
    horizon: int = 0
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    snapshot: str = ""  # fingerprint of the data learned from
    data_until: str = ""  # ISO day of the last period learned from
    group: str = ""  # runs that were submitted together
    code_version: str = ""
    created_at: float = field(default_factory=time.time)  # seconds since 1970
    uploaded_from: str = ""  # the file that it came in, "" where it was made here

    @property
    def scope_key(self) -> str:
        """Equal for runs that forecast the same; a champion is one among them."""
        of = {name: value for name, value in self.scope.items() if not name.endswith(_REVISION)}
        return json.dumps([of, self.horizon], sort_keys=True)

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> "About":
        """The value of parsed JSON; fields of other versions are left out.

        Raises `EngineError` for a field that holds something else than it should.
        """
        known = {each.name for each in fields(cls)} & content.keys()
        made = cls(**{"model": "", **{name: content[name] for name in known}})
        usual = cls(model="")
        for name in known:
            if type(getattr(made, name)) is not type(getattr(usual, name)):
                raise EngineError(f"{name} is {content[name]!r}, which it cannot be.")
        return made


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What the registry is to say of a run at first.

    It travels in the run folder, so that a run is found whose app died before it wrote it down.
    """

    about: About
    name: str
    tags: tuple[str, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Registration":
        """The value that `to_json` wrote. Raises `EngineError` for anything else."""
        try:
            content = json.loads(text)
            about = About.from_content(content["about"])
            return cls(about=about, name=content["name"], tags=tuple(content["tags"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(f"The registration is damaged ({error}).") from error


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One run of the registry."""

    number: int  # order of arrival
    run_id: str
    name: str
    tags: tuple[str, ...]
    is_champion: bool
    about: About
    metrics: Mapping[str, float]  # of a comparison: WQL, WAPE, ...; empty before one


@dataclass(frozen=True, kw_only=True)
class Crowning:
    """One change of the champion of a scope."""

    run_id: str  # which became the champion, or is none any more
    name: str  # of the run, as it was then
    is_crowned: bool
    why: str
    who: str  # "": nobody said
    at: float  # seconds since 1970


class Registry:
    """The open registry of one folder; any thread may call it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        (self.folder / "runs").mkdir(parents=True, exist_ok=True)
        self.path = self.folder / "registry.db"
        self._database = Database(self.path, _SCHEMA, self._in_words)

    def close(self) -> None:
        self._database.close()

    def run(self, run_id: str) -> Run:
        """The folder of a run."""
        return Run(self.folder / "runs" / run_id)

    def add(self, run_id: str, about: About, *, name: str, tags: Sequence[str] = ()) -> None:
        """Write down a run that was just submitted or uploaded; a known one stays as it is."""
        given = json.dumps(list(dict.fromkeys(_checked("tag", each) for each in tags)))
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO run (run_id, name, tags, scope_key, about) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (run_id) DO NOTHING",
                (run_id, _checked("name", name), given, about.scope_key, about.to_json()),
            )

    def register(self, *run_ids: str) -> None:
        """Write down runs by what lies in their folders, where they are not known yet.

        An app may die, or its disk be full, between submitting a run and writing it down.
        """
        with self._database.using() as connection:
            known = {row["run_id"] for row in connection.execute("SELECT run_id FROM run")}
        for run_id in run_ids:
            if run_id not in known and (found := self._registration(run_id)) is not None:
                self.add(run_id, found.about, name=found.name, tags=found.tags)

    def entries(self) -> list[Entry]:
        """All runs, the latest first."""
        return self._select("ORDER BY number DESC", ())

    def entry(self, run_id: str) -> Entry | None:
        """One run; None where the registry does not know it."""
        found = self._select("WHERE run_id = ?", (run_id,))
        return found[0] if found else None

    def group(self, group: str) -> list[Entry]:
        """The runs that were submitted together, in their order."""
        return [each for each in reversed(self.entries()) if group and each.about.group == group]

    def rename(self, run_id: str, name: str) -> None:
        """Raises `EngineError` for a name that is empty or too long."""
        self._set(run_id, "name", _checked("name", name))

    def tag(self, run_id: str, tags: Sequence[str]) -> None:
        """Give a run these tags and no others."""
        given = list(dict.fromkeys(_checked("tag", each) for each in tags))
        self._set(run_id, "tags", json.dumps(given))

    def collect_metrics(self) -> None:
        """Take over how far each run was off from the comparison that was submitted with it.

        They are kept here, so that the comparison itself may be deleted.
        """
        entries = self.entries()
        for comparison in entries:
            waiting = [
                each
                for each in entries
                if each.about.group == comparison.about.group and each.about.model
            ]
            if comparison.about.model or all(each.metrics for each in waiting):
                continue
            board = self.run(comparison.run_id).frame("leaderboard")
            if board is None:
                continue
            found = board.set_index("model")
            for entry in waiting:
                if entry.about.model in found.index:
                    self._note(entry, found)

    def note_metrics(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Keep how far a run was off. Raises `EngineError` for what is no number."""
        if wrong := [name for name, value in metrics.items() if not isinstance(value, int | float)]:
            raise EngineError(f"The metrics {wrong} are no numbers.")
        self._set(run_id, "metrics", json.dumps(dict(metrics)))

    def crown(self, run_id: str, *, why: str = "", who: str = "", at: float | None = None) -> None:
        """Make a run the champion of what it forecasts; the one before is none any more."""
        entry = self._known(run_id)
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE run SET is_champion = (run_id = ?) WHERE scope_key = ?",
                (run_id, entry.about.scope_key),
            )
            _note_crowning(connection, entry, is_crowned=True, why=why, who=who, at=at)

    def uncrown(
        self, run_id: str, *, why: str = "", who: str = "", at: float | None = None
    ) -> None:
        """The run is champion no more."""
        entry = self._known(run_id)
        with self._database.transaction() as connection:
            connection.execute("UPDATE run SET is_champion = 0 WHERE run_id = ?", (run_id,))
            _note_crowning(connection, entry, is_crowned=False, why=why, who=who, at=at)

    def crownings(self, scope_key: str) -> list[Crowning]:
        """How the champion of a scope has changed, the latest first."""
        with self._database.using() as connection:
            rows = connection.execute(
                "SELECT run_id, name, is_crowned, why, who, at FROM crowning"
                " WHERE scope_key = ? ORDER BY number DESC",
                (scope_key,),
            ).fetchall()
        return [Crowning(**{**dict(row), "is_crowned": bool(row["is_crowned"])}) for row in rows]

    def dependents(self, run_id: str) -> list[Entry]:
        """Runs that only forecast with the model of this one, and cannot be made again without it.

        One that was trained further from it has weights of its own, and depends on nothing.
        """
        found = []
        for entry in self.entries():
            try:
                request = self.run(entry.run_id).request()
            except EngineError:  # deleted or damaged: it needs nothing
                continue
            if not isinstance(request, ForecastRequest) or request.fine_tune is not None:
                continue
            if request.from_run == run_id:
                found.append(entry)
        return found

    def delete(self, run_id: str) -> None:
        """Remove a run with its folder. What depends on it keeps its results, and can say so."""
        self.run(run_id).delete()
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM run WHERE run_id = ?", (run_id,))

    def _registration(self, run_id: str) -> Registration | None:
        """What lies in the run folder; None where nothing does that can be read."""
        path = self.run(run_id).folder / REGISTRATION
        try:
            return Registration.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:  # submitted by a script, which registers nothing
            return None
        except (OSError, UnicodeDecodeError, EngineError) as error:
            log.warning("%s cannot be read: %s", path, error)
            return None

    def _known(self, run_id: str) -> Entry:
        entry = self.entry(run_id)
        if entry is None:
            raise RunError(f"There is no run {run_id!r}. It may have been deleted.")
        return entry

    def _note(self, entry: Entry, board: "pd.DataFrame") -> None:
        """Keep the metrics of a run, beside the errors of the two that every board holds."""
        kept = {name: board[name].to_dict()[entry.about.model] for name in METRICS}
        errors = board["WAPE"].to_dict()
        kept |= {f"WAPE of {name}": errors[name] for name in BASELINES if name in errors}
        known = {name: float(value) for name, value in kept.items() if math.isfinite(value)}
        self.note_metrics(entry.run_id, known)

    def _set(self, run_id: str, column: str, value: object) -> None:
        self._known(run_id)
        with self._database.transaction() as connection:
            connection.execute(f"UPDATE run SET {column} = ? WHERE run_id = ?", (value, run_id))

    def _select(self, rest: str, values: tuple[Any, ...]) -> list[Entry]:
        with self._database.using() as connection:
            rows = connection.execute(f"SELECT * FROM run {rest}", values).fetchall()
        return [
            Entry(
                number=row["number"],
                run_id=row["run_id"],
                name=row["name"],
                tags=tuple(json.loads(row["tags"])),
                is_champion=bool(row["is_champion"]),
                about=About.from_content(json.loads(row["about"])),
                metrics=json.loads(row["metrics"]),
            )
            for row in rows
        ]

    def _in_words(self, error: sqlite3.Error) -> EngineError:
        return EngineError(
            f"The registry {self.path} cannot be used: {error}. Free space on its disk, or move "
            "the file away; finished runs stay in their folders."
        )


def _note_crowning(
    connection: sqlite3.Connection,
    entry: Entry,
    *,
    is_crowned: bool,
    why: str,
    who: str,
    at: float | None,
) -> None:
    connection.execute(
        "INSERT INTO crowning (scope_key, run_id, name, is_crowned, why, who, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            entry.about.scope_key,
            entry.run_id,
            entry.name,
            is_crowned,
            " ".join(why.split()),
            " ".join(who.split()),
            time.time() if at is None else at,
        ),
    )


def _checked(what: str, text: str) -> str:
    given = " ".join(text.split())
    if not given or len(given) > MOST_CHARACTERS:
        raise EngineError(
            f"The {what} {given[:40]!r} has {len(given)} characters. Use 1 to {MOST_CHARACTERS}."
        )
    return given
