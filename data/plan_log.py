"""The history of a plan: who did what, when and why; and who came between two people."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Literal

import duckdb

from data.errors import Conflict, PlanError
from data.plans import Plan
from data.store import Store

Cursor = duckdb.DuckDBPyConnection
Kind = Literal["forecast", "change", "import", "undo", "lock", "freeze"]
EXPIRY = "Expiry date"  # the author of what ends by itself


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What somebody did to a plan."""

    edit_id: int
    plan_id: int
    revision: int
    kind: Kind
    measure: str  # 'percent', 'amount', 'value'; '' where it has none or several
    amount: float | None
    node: str  # in words
    reason: str
    comment: str
    whole_units: bool
    expires_on: date | None
    author: str
    made_at: datetime
    of_edit: int | None  # what an undo takes back or a redo repeats
    undone_at: datetime | None
    undone_by: str | None
    first_period: date | None
    last_period: date | None
    periods: int
    lines: int
    before: float | None  # units of its node, all periods, when it was last worked out
    after: float | None
    spread: str  # 'forecast', 'last_year' or 'even'


def history(store: Store, plan_id: int, *, limit: int = 200) -> list[Edit]:
    """What was done to a plan, latest first."""
    with store.cursor() as cursor:
        return _edits(cursor, "plan_id = $1", [plan_id], limit)


def edit(cursor: Cursor, plan_id: int, edit_id: int) -> Edit:
    """One of a plan; raises `PlanError` where there is none."""
    found = _edits(cursor, "plan_id = $1 AND edit_id = $2", [plan_id, edit_id], 1)
    if not found:
        raise PlanError(f"There is no change {edit_id} in this plan (any more).")
    return found[0]


def _edits(cursor: Cursor, condition: str, parameters: list[Any], limit: int) -> list[Edit]:
    rows = cursor.execute(
        f"""
        WITH chosen AS (
            SELECT * FROM demand_edit WHERE {condition} ORDER BY edit_id DESC LIMIT {int(limit)}
        ), sums AS (
            SELECT edit_id, min(timestamp) AS first, max(timestamp) AS last,
                   count(DISTINCT timestamp) AS periods, count(*) AS lines,
                   sum(before) AS before, sum(after) AS after, min(spread) AS spread
            FROM demand_line SEMI JOIN chosen USING (edit_id) GROUP BY edit_id
        )
        SELECT edit_id, plan_id, revision, kind, measure, amount, node, reason, comment,
               whole_units, expires_on, author, made_at, of_edit, undone_at, undone_by,
               first, last, coalesce(periods, 0), coalesce(lines, 0), before, after,
               coalesce(spread, '')
        FROM chosen LEFT JOIN sums USING (edit_id) ORDER BY edit_id DESC
        """,
        parameters,
    ).fetchall()
    names = Edit.__dataclass_fields__
    return [Edit(**dict(zip(names, row, strict=True))) for row in rows]


def describe(made: Edit) -> str:
    """An edit in a few words.

    >>> describe_change("percent", 20.0), describe_change("amount", -300.0)
    ('+20%', '-300')
    """
    if made.kind == "forecast":
        return f"a new forecast by {made.node or 'another model'}"
    if made.kind == "undo":
        return f"took back a change of {made.node or 'several products'}"
    if made.kind == "import":
        return f"{made.lines:,} changes from a file"
    if made.kind == "lock":
        return f"locked {made.node}"
    if made.kind == "freeze":
        return f"froze {made.amount or 0:.0f} periods"
    return f"{describe_change(made.measure, made.amount)} on {made.node or 'its cells'}"


def describe_change(measure: str, amount: float | None) -> str:
    """A change without its node.

    >>> describe_change("value", 1800.0), describe_change("percent", -12.5)
    ('to 1,800', '-12.5%')
    """
    if amount is None or not measure:
        return "several changes"
    if measure == "percent":
        return f"{amount:+,.1f}".removesuffix(".0") + "%"
    return f"{amount:+,.0f}" if measure == "amount" else f"to {amount:,.0f}"


def conflict(cursor: Cursor, plan: Plan, *, revision: int, cells: int, seen: int) -> Conflict:
    """The error that names who made the plan's `revision`."""
    found = _edits(cursor, "plan_id = $1 AND revision = $2", [plan.plan_id, revision], 1)
    made = found[0]
    return Conflict(
        author=made.author,
        made_at=made.made_at,
        what=describe(made),
        cells=cells,
        seen=seen,
        now=plan.revision,
    )


def refreshed(cursor: Cursor, plan: Plan) -> Plan:
    """The plan as it is inside this transaction."""
    row = cursor.execute(
        "SELECT revision, frozen_periods, frozen_until FROM demand_plan WHERE plan_id = $1",
        [plan.plan_id],
    ).fetchone()
    if row is None:
        raise PlanError("This plan does not exist any more. Begin one from the forecast.")
    return replace(plan, revision=row[0], frozen_periods=row[1], frozen_until=row[2])


def next_revision(cursor: Cursor, plan_id: int) -> int:
    """Counts the plan's revision up by one."""
    row = cursor.execute(
        "UPDATE demand_plan SET revision = revision + 1 WHERE plan_id = $1 RETURNING revision",
        [plan_id],
    ).fetchone()
    if row is None:
        raise PlanError("This plan does not exist any more. Begin one from the forecast.")
    return int(row[0])


def note(
    cursor: Cursor,
    plan: Plan,
    revision: int,
    kind: Kind,
    author: str,
    said: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    """Write an edit into the history; `said` has its further columns. Gives its id."""
    values = {
        "plan_id": plan.plan_id,
        "dataset_id": plan.dataset_id,
        "revision": revision,
        "kind": kind,
        "author": author.strip(),
        **said,
    }
    names = list(values)
    row = cursor.execute(
        f"INSERT INTO demand_edit (edit_id, made_at, {', '.join(names)}) "
        f"SELECT nextval('demand_edit_key'), now()::TIMESTAMP, "
        f"{', '.join('$' + name for name in names)} RETURNING edit_id",
        values,
    ).fetchone()
    assert row is not None
    return int(row[0])


def repeat(cursor: Cursor, plan: Plan, edit_id: int, revision: int, author: str) -> int:
    """Copy a change with its lines of periods still in the plan; gives the id of the copy."""
    row = cursor.execute(
        """
        INSERT INTO demand_edit SELECT * REPLACE (
            nextval('demand_edit_key') AS edit_id, $2 AS revision, $3 AS author,
            now()::TIMESTAMP AS made_at, $1 AS of_edit, NULL AS undone_at, NULL AS undone_by,
            CASE WHEN expires_on > current_date THEN expires_on END AS expires_on)
        FROM demand_edit WHERE edit_id = $1 RETURNING edit_id
        """,
        [edit_id, revision, author.strip()],
    ).fetchone()
    assert row is not None
    cursor.execute(
        "INSERT INTO demand_line SELECT * REPLACE ($2 AS edit_id, NULL AS before, NULL AS after, "
        "'' AS spread) FROM demand_line WHERE edit_id = $1 AND timestamp BETWEEN $3 AND $4",
        [edit_id, row[0], plan.first_period, plan.last_period],
    )
    return int(row[0])


def held_cells(cursor: Cursor, plan: Plan, edits: list[int]) -> tuple[int, int]:
    """Of the cells that edits changed, how many are locked and how many frozen now."""
    row = cursor.execute(
        """
        SELECT count(*) FILTER (locked),
               count(*) FILTER (timestamp <= coalesce($3::DATE, DATE '1900-01-01'))
        FROM demand_cell WHERE plan_id = $1 AND cell IN (
            SELECT cell FROM demand_before
            WHERE plan_id = $1 AND list_contains($2::INTEGER[], edit_id))
        """,
        [plan.plan_id, edits, plan.frozen_until],
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
