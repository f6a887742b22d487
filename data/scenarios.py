"""Named scenarios of a dataset: what they change, and what came out; deleting can be undone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import duckdb

from data.errors import NotFound, ScenarioError
from data.store import Store

Status = Literal["draft", "plan", "discarded"]
MOST_CHARACTERS = 60  # of a name
_COLUMNS = (
    "scenario_id, dataset_id, name, author, created_at, changed_at, scope, base, changes, status"
)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One scenario; `scope` and `changes` are the app's own values, kept as JSON."""

    scenario_id: int
    dataset_id: int
    name: str
    author: str
    created_at: datetime
    changed_at: datetime
    scope: Mapping[str, Any]
    base: str  # the run that answers, "measured" elasticities, or "": the best there is
    changes: tuple[Mapping[str, Any], ...]
    status: Status


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A result and the state of changes, data and run that it is of."""

    stand: str
    result: Mapping[str, Any]
    made_at: datetime


def listed(store: Store, dataset_id: int) -> list[Scenario]:
    """The scenarios of a dataset in the order in which they were made."""
    return _select(store, "dataset_id = $1 AND deleted_at IS NULL", [dataset_id])


def find(store: Store, dataset_id: int, scenario_id: int) -> Scenario | None:
    """A scenario that is not deleted."""
    found = _select(
        store,
        "dataset_id = $1 AND scenario_id = $2 AND deleted_at IS NULL",
        [dataset_id, scenario_id],
    )
    return found[0] if found else None


def create(
    store: Store,
    dataset_id: int,
    name: str,
    *,
    author: str,
    scope: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]] = (),
    base: str = "",
) -> int:
    """A new scenario; its id. Raises `ScenarioError` for a name that is empty, long or taken."""
    with store.transaction() as cursor:
        _require_dataset(cursor, dataset_id)
        kept = _checked(cursor, dataset_id, name)
        row = cursor.execute(
            "INSERT INTO scenario SELECT nextval('scenario_key'), $1, $2, $3, now()::TIMESTAMP, "
            "now()::TIMESTAMP, $4, $5, $6, 'draft', NULL RETURNING scenario_id",
            [dataset_id, kept, author, json.dumps(dict(scope)), base, _as_json(changes)],
        ).fetchone()
    assert row is not None
    return int(row[0])


def duplicate(store: Store, dataset_id: int, scenario_id: int, *, author: str) -> int:
    """A copy under a free name; its id. Raises `NotFound`."""
    found = _required(store, dataset_id, scenario_id)
    return create(
        store,
        dataset_id,
        free_name(store, dataset_id, f"{found.name} copy"),
        author=author,
        scope=found.scope,
        changes=found.changes,
        base=found.base,
    )


def free_name(store: Store, dataset_id: int, wanted: str) -> str:
    """The wanted name, with a number where it is taken."""
    taken = {each.name for each in listed(store, dataset_id)}
    wanted = wanted.strip()[:MOST_CHARACTERS] or "Scenario"
    number, name = 2, wanted
    while name in taken:
        end = f" {number}"
        name, number = wanted[: MOST_CHARACTERS - len(end)] + end, number + 1
    return name


def rename(store: Store, dataset_id: int, scenario_id: int, name: str) -> None:
    """Raises `ScenarioError` for a name that is empty, long or taken, `NotFound`."""
    with store.transaction() as cursor:
        kept = _checked(cursor, dataset_id, name, but=scenario_id)
        _set(cursor, dataset_id, scenario_id, "name = $3", kept)


def change(
    store: Store, dataset_id: int, scenario_id: int, changes: Sequence[Mapping[str, Any]]
) -> None:
    """Keep other changes; it is a draft again then. Raises `NotFound`."""
    with store.transaction() as cursor:
        _set(cursor, dataset_id, scenario_id, "changes = $3, status = 'draft'", _as_json(changes))


def answer_by(store: Store, dataset_id: int, scenario_id: int, base: str) -> None:
    """What answers from now on, as in `Scenario.base`."""
    with store.transaction() as cursor:
        _set(cursor, dataset_id, scenario_id, "base = $3", base)


def delete(store: Store, dataset_id: int, scenario_id: int) -> str:
    """No longer listed; its name, so that the way back can be offered. Raises `NotFound`."""
    found = _required(store, dataset_id, scenario_id)
    with store.transaction() as cursor:
        cursor.execute(
            "UPDATE scenario SET deleted_at = now()::TIMESTAMP, status = 'discarded' "
            "WHERE scenario_id = $1",
            [scenario_id],
        )
    return found.name


def restore(store: Store, dataset_id: int, scenario_id: int) -> str:
    """Listed again, under a free name; that name. Raises `NotFound` where there is none."""
    found = _select(store, "dataset_id = $1 AND scenario_id = $2", [dataset_id, scenario_id])
    if not found:
        raise NotFound("This scenario does not exist any more.")
    name = free_name(store, dataset_id, found[0].name)
    with store.transaction() as cursor:
        cursor.execute(
            "UPDATE scenario SET deleted_at = NULL, status = 'draft', name = $2 "
            "WHERE scenario_id = $1",
            [scenario_id, name],
        )
    return name


def deleted(store: Store, dataset_id: int) -> list[Scenario]:
    """Those that can be restored, the last deleted first."""
    return _select(
        store,
        "dataset_id = $1 AND deleted_at IS NOT NULL",
        [dataset_id],
        order="deleted_at DESC LIMIT 10",
    )


def keep(
    store: Store,
    dataset_id: int,
    scenario_id: int,
    place: str,
    stand: str,
    result: Mapping[str, Any],
) -> None:
    """Keep the result of a scenario for a scope and weeks, instead of an earlier one."""
    with store.transaction() as cursor:
        cursor.execute(
            "DELETE FROM scenario_result WHERE scenario_id = $1 AND place = $2",
            [scenario_id, place],
        )
        cursor.execute(
            "INSERT INTO scenario_result VALUES ($1, $2, $3, $4, $5, now()::TIMESTAMP)",
            [dataset_id, scenario_id, place, stand, json.dumps(dict(result))],
        )


def kept(store: Store, scenario_id: int, place: str) -> Kept | None:
    """The last result for a scope and weeks."""
    return _kept(store, "scenario_id = $1 AND place = $2", [scenario_id, place])


def last_kept(store: Store, scenario_id: int) -> Kept | None:
    """The last result of all."""
    return _kept(store, "scenario_id = $1 ORDER BY made_at DESC LIMIT 1", [scenario_id])


def _kept(store: Store, condition: str, parameters: list[Any]) -> Kept | None:
    rows = store.rows(
        f"SELECT stand, result, made_at FROM scenario_result WHERE {condition}", parameters
    )
    if not rows:
        return None
    return Kept(stand=rows[0][0], result=json.loads(rows[0][1]), made_at=rows[0][2])


def state(store: Store, dataset_id: int) -> str:
    """Of the data that a result stands on: its imports, plan, calendar and stock.

    Taking back an import or an edit of the plan gives the state before it again.
    """
    (row,) = store.rows(
        """
        SELECT (SELECT string_agg(import_id, ',' ORDER BY import_id) FROM import_log
                WHERE dataset_id = $1 AND undone_at IS NULL),
               (SELECT string_agg(edit_id, ',' ORDER BY edit_id) FROM plan_edit
                WHERE dataset_id = $1 AND undone_at IS NULL),
               (SELECT arg_max(state, edit_id) FROM calendar_edit WHERE dataset_id = $1),
               (SELECT max(revision) FROM stock_revision WHERE dataset_id = $1)
        """,
        [dataset_id],
    )
    return "|".join("" if each is None else str(each) for each in row)


def _select(
    store: Store, condition: str, parameters: list[Any], *, order: str = "scenario_id"
) -> list[Scenario]:
    rows = store.rows(
        f"SELECT {_COLUMNS} FROM scenario WHERE {condition} ORDER BY {order}", parameters
    )
    return [
        Scenario(
            scenario_id=row[0],
            dataset_id=row[1],
            name=row[2],
            author=row[3],
            created_at=row[4],
            changed_at=row[5],
            scope=json.loads(row[6]),
            base=row[7],
            changes=tuple(json.loads(row[8])),
            status=row[9],
        )
        for row in rows
    ]


def _required(store: Store, dataset_id: int, scenario_id: int) -> Scenario:
    found = find(store, dataset_id, scenario_id)
    if found is None:
        raise NotFound("This scenario does not exist any more. It may have been deleted.")
    return found


def _require_dataset(cursor: duckdb.DuckDBPyConnection, dataset_id: int) -> None:
    if not cursor.execute("SELECT 1 FROM dataset WHERE dataset_id = $1", [dataset_id]).fetchone():
        raise NotFound("This dataset does not exist any more.")


def _checked(cursor: duckdb.DuckDBPyConnection, dataset_id: int, name: str, *, but: int = 0) -> str:
    name = " ".join(name.split())
    if not name:
        raise ScenarioError("A scenario needs a name. Nothing was changed.")
    if len(name) > MOST_CHARACTERS:
        raise ScenarioError(
            f"“{name[:20]}…” is longer than {MOST_CHARACTERS} characters. Shorten it."
        )
    if cursor.execute(
        "SELECT 1 FROM scenario WHERE dataset_id = $1 AND name = $2 AND scenario_id <> $3 "
        "AND deleted_at IS NULL",
        [dataset_id, name, but],
    ).fetchone():
        raise ScenarioError(f"Another scenario is called “{name}”. Choose another name.")
    return name


def _set(
    cursor: duckdb.DuckDBPyConnection, dataset_id: int, scenario_id: int, what: str, value: str
) -> None:
    found = cursor.execute(
        f"UPDATE scenario SET {what}, changed_at = now()::TIMESTAMP "
        "WHERE dataset_id = $1 AND scenario_id = $2 AND deleted_at IS NULL RETURNING scenario_id",
        [dataset_id, scenario_id, value],
    ).fetchone()
    if found is None:
        raise NotFound("This scenario does not exist any more. It may have been deleted.")


def _as_json(changes: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps([dict(each) for each in changes])
