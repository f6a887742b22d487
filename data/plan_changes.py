"""Changing a plan: percent, units more, or units, on a node of the tree in one period or several.

A change carries the revision of the plan that its author looked at. Where somebody changed one of
its cells since, it is refused with `Conflict` and nothing is lost: their change stands, and this
one can be made again on what there is now. Everything done stays in the history with its author,
time and reason, and can be taken back; what stands on it is then worked out again.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np

from data import plan_log, plan_spread
from data.errors import Conflict, PlanError
from data.plans import MOST_FROZEN, Plan
from data.queries import where
from data.scope import Scope
from data.store import Store

Measure = Literal["percent", "amount", "value"]
REASONS = (  # codes; screens have words for them
    "promotion", "price", "event", "listing", "new_product", "stock", "market", "forecast", "other",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Change:
    """What somebody wants a node to be in some periods."""

    scope: Scope
    periods: tuple[date, ...]
    measure: Measure
    amount: float  # percent; or units more, or units, of all periods together
    reason: str  # one of REASONS
    node: str = ""  # the node in words, for the history
    comment: str = ""
    whole_units: bool = False  # cells become whole numbers
    expires_on: date | None = None  # counts until the day before


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a change does to its node, before it is made."""

    lines: tuple[tuple[date, float], ...]  # what each period is asked, in the change's measure
    finals: tuple[float, ...]  # units that each of these periods becomes
    before: float  # units, all periods
    after: float
    money_before: float  # at the price paid lately; NaN where none is known
    money_after: float
    cells: int
    locked: int  # of the cells, those that stay as they are
    spread: str  # 'forecast', 'last_year' or 'even': how it is shared out; of the first period
    revision: int  # the latest of a cell


def effect(store: Store, plan: Plan, change: Change) -> Effect:
    """What a change would do. Raises `PlanError` for one that cannot be made."""
    with store.cursor() as cursor:
        return _effect(cursor, plan, change)


def apply(store: Store, plan: Plan, change: Change, *, author: str, based_on: int) -> int:
    """Make a change; gives the id of its edit.

    `based_on` is the revision of the plan that the author looked at. Raises `Conflict` where one of
    the cells has been changed since, and `PlanError` for a change that cannot be made.
    """
    if change.reason not in REASONS:
        raise PlanError("A change needs a reason. Choose one; nothing was changed.")
    if change.expires_on is not None and change.expires_on <= date.today():
        raise PlanError(f"{change.expires_on:%d %b %Y} has passed; choose a later day to end on.")
    with store.transaction() as cursor:
        plan = plan_log.refreshed(cursor, plan)
        made = _effect(cursor, plan, change)
        if made.revision > based_on:
            raise _conflict(cursor, plan, change, based_on)
        revision = plan_log.next_revision(cursor, plan.plan_id)
        scope = change.scope
        edit_id = plan_log.note(
            cursor, plan, revision, "change", author,
            _node(cursor, scope) | {
                "node": change.node, "measure": change.measure, "amount": change.amount,
                "reason": change.reason, "comment": change.comment.strip(),
                "whole_units": change.whole_units, "expires_on": change.expires_on,
            },
        )  # fmt: skip
        cursor.executemany(
            "INSERT INTO demand_line (edit_id, plan_id, dataset_id, line, product_id, place_id, "
            "timestamp, measure, amount, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                [edit_id, plan.plan_id, plan.dataset_id, at, scope.product_id, scope.place_id,
                 when, change.measure, amount, change.reason]
                for at, (when, amount) in enumerate(made.lines)
            ],
        )  # fmt: skip
        plan_spread.spread(cursor, plan.plan_id, edit_id, revision)
    return edit_id


def undo(store: Store, plan: Plan, edit_id: int, *, author: str) -> None:
    """Take back a change or a lock; later changes that stand on it are worked out again.

    Raises `PlanError` for what is undone already, cannot be undone, or is frozen or locked now.
    """
    with store.transaction() as cursor:
        _undo(cursor, plan_log.refreshed(cursor, plan), edit_id, author)


def redo(store: Store, plan: Plan, edit_id: int, *, author: str) -> int:
    """Make a change that was taken back once more, on top of what there is now; gives its id.

    Raises `PlanError` where it counts already, or its periods have passed or are frozen.
    """
    with store.transaction() as cursor:
        plan = plan_log.refreshed(cursor, plan)
        found = plan_log.edit(cursor, plan.plan_id, edit_id)
        if found.undone_at is None:
            raise PlanError("This change counts already. Nothing was changed.")
        row = cursor.execute(
            "SELECT count(*), count(*) FILTER (timestamp <= coalesce($2::DATE, DATE '1900-01-01')) "
            "FROM demand_line WHERE edit_id = $1 AND timestamp BETWEEN $3::DATE AND $4::DATE",
            [edit_id, plan.frozen_until, plan.first_period, plan.last_period],
        ).fetchone()
        if found.kind not in ("change", "import") or not row or not row[0]:
            raise PlanError("All periods of this change have passed. Nothing was changed.")
        if row[1]:
            raise PlanError("Some of its periods are frozen now. Nothing was changed.")
        revision = plan_log.next_revision(cursor, plan.plan_id)
        again = plan_log.repeat(cursor, plan, edit_id, revision, author)
        plan_spread.spread(cursor, plan.plan_id, again, revision)
    return again


def lock(store: Store, plan: Plan, scope: Scope, *, node: str, author: str, reason: str) -> int:
    """Keep a node as it is until the lock is undone; gives the id of its edit.

    Raises `PlanError` without a reason, or where the plan has nothing there or all is locked.
    """
    if not reason.strip():
        raise PlanError("A lock needs a reason. Say why; nothing was locked.")
    with store.transaction() as cursor:
        plan = plan_log.refreshed(cursor, plan)
        condition, bound = where(scope)
        row = cursor.execute(
            f"SELECT count(*), count(*) FILTER (locked) FROM demand_cell "
            f"WHERE plan_id = $plan_id AND {condition}",
            bound | {"plan_id": plan.plan_id},
        ).fetchone()
        if not row or not row[0]:
            raise PlanError(f"{node or 'This'} has no forecast in the plan. Nothing was locked.")
        if row[0] == row[1]:
            raise PlanError(f"{node or 'This'} is locked already.")
        revision = plan_log.next_revision(cursor, plan.plan_id)
        said = _node(cursor, scope) | {"node": node, "comment": reason.strip()}
        edit_id = plan_log.note(cursor, plan, revision, "lock", author, said)
        plan_spread.mark_locked(cursor, plan.plan_id)
    return edit_id


def freeze(store: Store, plan: Plan, periods: int, *, author: str) -> None:
    """Freeze the first periods of a plan: nobody changes them, and a new forecast leaves them.

    0 frees them all. Raises `PlanError` for a number that cannot be.
    """
    if not 0 <= periods <= MOST_FROZEN:
        raise PlanError(f"{periods} periods cannot be frozen; use 0 to {MOST_FROZEN}.")
    with store.transaction() as cursor:
        revision = plan_log.next_revision(cursor, plan.plan_id)
        cursor.execute(
            "UPDATE demand_plan SET frozen_periods = $2, frozen_until = (SELECT max(timestamp) "
            "FROM (SELECT DISTINCT timestamp FROM demand_cell WHERE plan_id = $1 "
            "ORDER BY timestamp LIMIT $2)) WHERE plan_id = $1",
            [plan.plan_id, periods],
        )
        plan_log.note(cursor, plan, revision, "freeze", author, {"amount": float(periods)})


def expire(store: Store, plan: Plan, today: date) -> int:
    """Take back the changes that have come to their end; gives how many.

    One whose cells are locked or frozen waits until they are not.
    """
    due = store.rows(
        "SELECT edit_id FROM demand_edit WHERE plan_id = $1 AND undone_at IS NULL "
        "AND expires_on <= $2::DATE ORDER BY edit_id",
        [plan.plan_id, today],
    )
    ended = 0
    for (edit_id,) in due:
        with store.transaction() as cursor:
            now = plan_log.refreshed(cursor, plan)
            if plan_log.held_cells(cursor, now, [edit_id]) == (0, 0):
                _undo(cursor, now, edit_id, plan_log.EXPIRY)
                ended += 1
    return ended


def _undo(cursor: plan_spread.Cursor, plan: Plan, edit_id: int, author: str) -> None:
    found = plan_log.edit(cursor, plan.plan_id, edit_id)
    if found.undone_at is not None:
        raise PlanError(
            f"{found.undone_by or 'Somebody'} took this back already, at "
            f"{found.undone_at:%H:%M on %d %b}. Nothing was changed."
        )
    if found.kind not in ("change", "import", "lock"):
        raise PlanError("This cannot be taken back; make the opposite change instead.")
    revision = plan_log.next_revision(cursor, plan.plan_id)
    touched: list[int] = []
    if found.kind != "lock":
        touched = plan_spread.standing_on(cursor, plan.plan_id, edit_id)
        locked, frozen = plan_log.held_cells(cursor, plan, touched)
        if locked or frozen:
            raise PlanError(
                "Some of what it changed is "
                + ("locked now. Unlock it first" if locked else "frozen now. Free it first")
                + "; nothing was changed."
            )
        plan_spread.take_out(cursor, plan.plan_id, touched, revision)
    cursor.execute(
        "UPDATE demand_edit SET undone_at = now()::TIMESTAMP, undone_by = $2 WHERE edit_id = $1",
        [edit_id, author.strip()],
    )
    plan_log.note(cursor, plan, revision, "undo", author,
                  {"of_edit": edit_id, "node": found.node})  # fmt: skip
    later = [each for each in touched if each != edit_id]
    plan_spread.replay(cursor, plan.plan_id, later, revision)
    if found.kind == "lock":
        plan_spread.mark_locked(cursor, plan.plan_id)


def _effect(cursor: plan_spread.Cursor, plan: Plan, change: Change) -> Effect:
    """The node in its periods as it is, and what the change asks of each."""
    amount, node = change.amount, change.node or "This"
    if not np.isfinite(amount):
        raise PlanError(f"{amount} is not a number to plan with.")
    if change.measure == "percent" and amount < -100:
        raise PlanError(f"{amount:g}% would leave less than nothing. Use -100% or more.")
    if not change.periods:
        raise PlanError("No period is marked. Mark one or more in the table.")
    late = [each for each in change.periods if plan.frozen_until and each <= plan.frozen_until]
    if late:
        raise PlanError(
            f"{late[0]:%d %b} is frozen: the first {plan.frozen_periods} periods of the plan stay "
            "as they are. Leave it out, or free it first."
        )
    condition, bound = where(change.scope)
    found = cursor.execute(
        f"""
        SELECT timestamp, coalesce(sum(final) FILTER (NOT locked), 0),
               coalesce(sum(final) FILTER (locked), 0), count(*) FILTER (NOT locked),
               sum(last_year) FILTER (NOT locked), max(revision), count(*), sum(final * price),
               sum(final * price) FILTER (NOT locked)
        FROM demand_cell WHERE plan_id = $plan_id AND {condition}
             AND list_contains($periods::DATE[], timestamp) GROUP BY timestamp ORDER BY timestamp
        """,
        bound | {"plan_id": plan.plan_id, "periods": list(change.periods)},
    ).fetchall()
    if not found:
        raise PlanError(f"{node} has no forecast in this plan, so there is nothing to change.")
    table = np.array([[np.nan if x is None else x for x in row[1:]] for row in found], dtype=float)
    free, held, number, weight = table[:, 0], table[:, 1], table[:, 2], np.nan_to_num(table[:, 3])
    if not number.sum():
        raise PlanError(f"{node} is locked; unlock it in the history first.")
    wanted, asked = _per_period(change, free, held, number, weight)
    money, free_money = np.nan_to_num(table[:, 6]), np.nan_to_num(table[:, 7])
    grown = np.divide(wanted, free, out=np.ones_like(free), where=free > 0)
    known = not np.isnan(table[:, 6]).all()
    return Effect(
        lines=tuple((row[0], float(x)) for row, x in zip(found, asked, strict=True)),
        finals=tuple((wanted + held).tolist()),
        before=float((free + held).sum()),
        after=float((wanted + held).sum()),
        money_before=float(money.sum()) if known else float("nan"),
        money_after=float((money + free_money * (grown - 1)).sum()) if known else float("nan"),
        cells=int(table[:, 5].sum()),
        locked=int((table[:, 5] - number).sum()),
        spread="forecast" if free[0] > 0 else "last_year" if weight[0] > 0 else "even",
        revision=int(table[:, 4].max()),
    )


def _per_period(
    change: Change, free: Any, held: Any, number: Any, weight: Any
) -> tuple[np.ndarray, np.ndarray]:
    """What every period's free cells become, and what its line says."""
    node, amount, total = change.node or "This", change.amount, float((free + held).sum())
    if change.measure == "percent":
        if not free.sum():
            raise PlanError(
                f"The forecast of {node} is 0 there: percent change nothing. Use units."
            )
        return free * (1 + amount / 100), np.full(len(free), amount)
    shares = next(
        each / each.sum() for each in (free, weight, number) if each.sum() > 0
    )  # as cells below a node are shared out
    more = amount if change.measure == "amount" else amount - total
    if more < -float(free.sum()) - 1e-9:
        least = f"{held.sum():,.0f}" if held.sum() else "0"
        raise PlanError(
            f"{node} has {total:,.0f} in these periods"
            + (f", {held.sum():,.0f} of them locked" if held.sum() else "")
            + f": it cannot become {total + more:,.0f}. The least is {least}."
        )
    wanted = np.maximum(free + more * shares, 0)
    if change.whole_units:
        wanted = _whole(wanted)
    return wanted, wanted - free if change.measure == "amount" else wanted + held


def _whole(parts: np.ndarray) -> np.ndarray:
    """Whole numbers of the same sum, rounded: the largest remainders get what is left.

    >>> _whole(np.array([1.5, 1.2, 0.3])).tolist()
    [2.0, 1.0, 0.0]
    """
    low = np.floor(parts + 1e-9)
    rest = round(float(parts.sum()) - float(low.sum()))
    low[np.argsort(low - parts, kind="stable")[:rest]] += 1
    return low


def _node(cursor: plan_spread.Cursor, scope: Scope) -> dict[str, Any]:
    """The node of a scope as an edit keeps it: the members of a segment as they are now."""
    members = None
    if scope.segment_id is not None and scope.product_id is None:
        members = [
            row[0]
            for row in cursor.execute(
                "SELECT product_id FROM segment_product WHERE segment_id = $1", [scope.segment_id]
            ).fetchall()
        ]
    return {
        "categories": list(scope.categories) if scope.product_id is None else [],
        "segment_products": members,
        "product_id": scope.product_id,
        "place_id": scope.place_id,
    }


def _conflict(cursor: plan_spread.Cursor, plan: Plan, change: Change, based_on: int) -> Conflict:
    """Who changed the cells of a change since its author looked, the last of them."""
    condition, bound = where(change.scope)
    row = cursor.execute(
        f"SELECT max(revision), count(*) FILTER (revision > $seen) FROM demand_cell "
        f"WHERE plan_id = $plan_id AND {condition} AND list_contains($periods::DATE[], timestamp)",
        bound | {"plan_id": plan.plan_id, "periods": list(change.periods), "seen": based_on},
    ).fetchone()
    assert row is not None
    return plan_log.conflict(cursor, plan, revision=row[0], cells=row[1], seen=based_on)
