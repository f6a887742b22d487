"""A plan: what is forecast to sell by product and place, and what people made of it.

A dataset has at most one plan per frequency, in units. Its cells are the leaves: a product in a
place in a period, or a product in all places together (`place_id` 0) where the forecast knows no
places. Every number of a wider node is a sum of cells, so that all levels agree. `revision` grows
with everything that is done to a plan; a cell keeps the revision that last changed it, which is
how two people who change the same cell are told apart (`data.plan_changes`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from data import plan_spread
from data.errors import NotFound, PlanError
from data.queries import where
from data.scope import Freq, Level, Scope
from data.store import Store

ALL_PLACES = 0  # place_id of cells that are of all places together
QUANTILES = ("q10", "q50", "q90")
MOST_FROZEN = 26  # periods


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan as a whole."""

    plan_id: int
    dataset_id: int
    freq: Freq
    revision: int
    run_id: str  # that forecast it; "" for a simple model
    model: str
    frozen_periods: int
    frozen_until: date | None  # the last frozen period; None: none is
    created_at: datetime
    replaced_at: datetime  # when the forecast below it was last another
    first_period: date
    last_period: date
    cells: int
    by_place: bool  # False: of all places together


def begin(
    store: Store,
    dataset_id: int,
    freq: Freq,
    forecast: pd.DataFrame,
    *,
    model: str,
    author: str,
    run_id: str = "",
) -> Plan:
    """Put a forecast below the plan of a dataset, which begins with it where there is none.

    `forecast` has product_id, timestamp, mean (units), and may have place_id (missing or 0: all
    places) and the quantiles q10, q50, q90; negative means count as 0. Changes in force are worked
    out again on it; frozen periods and locked nodes keep their numbers. Raises `PlanError` for a
    forecast that is empty, doubled, not finite or of unknown products, and `NotFound` for an
    unknown dataset.
    """
    frame = _checked(forecast)
    with store.transaction() as cursor:
        _refuse_unknown(cursor, dataset_id, frame)
        found = cursor.execute(
            "SELECT plan_id, revision, frozen_periods FROM demand_plan "
            "WHERE dataset_id = $1 AND freq = $2",
            [dataset_id, freq],
        ).fetchone()
        if found is None:
            row = cursor.execute(
                "INSERT INTO demand_plan SELECT nextval('demand_plan_key'), $1, $2, 0, '', '', 0, "
                "NULL, now()::TIMESTAMP, now()::TIMESTAMP RETURNING plan_id, revision, 0",
                [dataset_id, freq],
            ).fetchone()
            assert row is not None
            found = row
        plan_id, revision, frozen = int(found[0]), int(found[1]) + 1, int(found[2])
        _fill(cursor, plan_id, dataset_id, freq, frame, revision, frozen)
        cursor.execute(
            "UPDATE demand_plan SET revision = $2, run_id = $3, model = $4, "
            "replaced_at = now()::TIMESTAMP, frozen_until = $5 WHERE plan_id = $1",
            [plan_id, revision, run_id, model, _frozen_until(cursor, plan_id, frozen)],
        )
        cursor.execute(
            "INSERT INTO demand_edit (edit_id, plan_id, dataset_id, revision, kind, node, author, "
            "made_at) SELECT nextval('demand_edit_key'), $1, $2, $3, 'forecast', $4, $5, "
            "now()::TIMESTAMP",
            [plan_id, dataset_id, revision, model, author.strip()],
        )
        plan_spread.replay(cursor, plan_id, plan_spread.in_force(cursor, plan_id), revision)
    plan = get(store, plan_id)
    assert plan is not None
    return plan


def current(store: Store, dataset_id: int, freq: Freq) -> Plan | None:
    """The plan of a dataset at a frequency; None where nobody has begun one."""
    rows = store.rows(
        "SELECT plan_id FROM demand_plan WHERE dataset_id = $1 AND freq = $2", [dataset_id, freq]
    )
    return get(store, rows[0][0]) if rows else None


def get(store: Store, plan_id: int) -> Plan | None:
    """A plan by its id; None where it does not exist (any more)."""
    rows = store.rows(
        """
        SELECT plan_id, any_value(p.dataset_id), any_value(freq), any_value(p.revision),
               any_value(run_id), any_value(model), any_value(frozen_periods),
               any_value(frozen_until), any_value(created_at), any_value(replaced_at),
               min(timestamp), max(timestamp), count(*), max(place_id) > 0
        FROM demand_plan p JOIN demand_cell c USING (plan_id) WHERE plan_id = $1 GROUP BY plan_id
        """,
        [plan_id],
    )
    return None if not rows else Plan(**dict(zip(Plan.__dataclass_fields__, rows[0], strict=True)))


def revision(store: Store, plan_id: int) -> int:
    """What an edit made now has to be based on; 0 where there is no such plan."""
    rows = store.rows("SELECT revision FROM demand_plan WHERE plan_id = $1", [plan_id])
    return int(rows[0][0]) if rows else 0


def series(store: Store, plan: Plan, scope: Scope) -> pd.DataFrame:
    """The plan of a scope, period by period; empty where it plans nothing there.

    timestamp, mean and final (units), mean_money and final_money (at the price paid lately; NaN
    where no price is known), last_year (units), cells, locked and changed (how many of them),
    frozen, edit_id, measure, amount: the change that alone made the final of the forecast, as it
    was given for this very period; missing where several did, or one of another node.
    """
    condition, bound = where(scope)
    frame = store.frame(
        f"""
        WITH sums AS (
            SELECT timestamp, sum(mean) AS mean, sum(final) AS final,
                   sum(mean * price) AS mean_money, sum(final * price) AS final_money,
                   sum(last_year) AS last_year, count(*) AS cells,
                   count(*) FILTER (locked) AS locked,
                   count(last_edit) AS changed, max(last_edit) AS edit_id
            FROM demand_cell WHERE plan_id = $plan_id AND {condition} GROUP BY timestamp
        ), lines AS (
            SELECT edit_id, timestamp, any_value(measure) AS measure, any_value(amount) AS amount,
                   any_value(before) AS before, any_value(after) AS after
            FROM demand_line WHERE plan_id = $plan_id
            GROUP BY edit_id, timestamp HAVING count(*) = 1
        )
        SELECT s.timestamp, mean, final, mean_money, final_money, last_year, cells, locked,
               changed, s.timestamp <= coalesce($frozen::DATE, DATE '1900-01-01') AS frozen,
               l.edit_id, l.measure, l.amount
        FROM sums s LEFT JOIN lines l ON l.edit_id = s.edit_id AND l.timestamp = s.timestamp
            AND abs(l.before - mean) < 1e-6 * (1 + abs(mean))
            AND abs(l.after - final) < 1e-6 * (1 + abs(final))
        ORDER BY s.timestamp
        """,
        bound | {"plan_id": plan.plan_id, "frozen": plan.frozen_until},
    )
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]"))


def totals(store: Store, plan: Plan, scope: Scope) -> pd.DataFrame:
    """product_id, place_id, final: units of a scope's cells over all periods of the plan."""
    condition, bound = where(scope)
    return store.frame(
        f"SELECT product_id, place_id, sum(final) AS final FROM demand_cell "
        f"WHERE plan_id = $plan_id AND {condition} GROUP BY ALL ORDER BY ALL",
        bound | {"plan_id": plan.plan_id},
    )


def children(store: Store, plan: Plan, scope: Scope, level: Level) -> pd.DataFrame:
    """The plan of a scope one level down, over all periods: child_id, label, mean, final, changed.

    Largest final first; see `data.queries.children` for the ids.
    """
    condition, bound = where(scope)
    key, label, join = {
        "product": ("c.product_id::VARCHAR", "p.name", "JOIN product p USING (product_id)"),
        "place": ("c.place_id::VARCHAR", "l.name", "JOIN place l USING (place_id)"),
        "category": (
            "coalesce(p.categories[$depth], '')",
            "coalesce(p.categories[$depth], '')",
            "JOIN product p USING (product_id)",
        ),
    }[level]
    if level == "category":
        bound |= {"depth": len(scope.categories) + 1}
    return store.frame(
        f"""
        SELECT {key} AS child_id, any_value({label}) AS label, sum(mean) AS mean,
               sum(final) AS final, count(last_edit) AS changed
        FROM (SELECT * FROM demand_cell WHERE plan_id = $plan_id AND {condition}) c {join}
        GROUP BY 1 ORDER BY final DESC, child_id
        """,
        bound | {"plan_id": plan.plan_id},
    )


def rows(store: Store, plan: Plan, scope: Scope | None = None) -> pd.DataFrame:
    """The cells of a plan: product_id, place_id, timestamp, mean, q10, q50, q90, final.

    The quantiles are moved with the changes: the final is to them what the mean was.
    """
    condition, bound = where(scope) if scope else ("true", {})
    frame = store.frame(
        f"SELECT product_id, place_id, timestamp, mean, {MOVED}, final FROM demand_cell "
        f"WHERE plan_id = $plan_id AND {condition} ORDER BY product_id, place_id, timestamp",
        bound | {"plan_id": plan.plan_id},
    )
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]"))


MOVED = ", ".join(
    f"CASE WHEN mean > 0 THEN {name} * final / mean WHEN {name} >= 0 THEN final END AS {name}"
    for name in QUANTILES
)


def _checked(forecast: pd.DataFrame) -> pd.DataFrame:
    """The forecast with exactly the columns that are inserted."""
    if missing := [name for name in ("product_id", "timestamp", "mean") if name not in forecast]:
        raise PlanError(f"The forecast has no column {missing[0]!r}; add it.")
    if forecast.empty:
        raise PlanError("The forecast is empty: there is nothing to plan. Train, or add sales.")
    frame = forecast.reindex(columns=["product_id", "place_id", "timestamp", "mean", *QUANTILES])
    frame["place_id"] = frame["place_id"].fillna(ALL_PLACES).astype(int)
    frame["product_id"] = frame["product_id"].astype(int)
    frame["timestamp"] = pd.to_datetime(frame["timestamp"]).dt.normalize()
    numbers = ["mean", *QUANTILES]
    frame[numbers] = frame[numbers].astype(float)
    if not np.isfinite(frame["mean"]).all():
        first = frame[~np.isfinite(frame["mean"])].iloc[0]
        raise PlanError(f"The forecast of product {first['product_id']} has no number in it.")
    if (twice := frame.duplicated(["product_id", "place_id", "timestamp"])).any():
        first = frame[twice].iloc[0]
        raise PlanError(
            f"The forecast has product {first['product_id']} twice on {first['timestamp']:%d %b}."
        )
    if frame["place_id"].gt(0).any() and frame["place_id"].eq(ALL_PLACES).any():
        raise PlanError("The forecast is partly by place and partly of all places. Give one.")
    return frame


def _refuse_unknown(
    cursor: duckdb.DuckDBPyConnection, dataset_id: int, frame: pd.DataFrame
) -> None:
    known = {
        row[0]
        for row in cursor.execute(
            "SELECT product_id FROM product WHERE dataset_id = $1", [dataset_id]
        ).fetchall()
    }
    if not known:
        raise NotFound(f"There is no dataset {dataset_id} with products. Nothing was planned.")
    if unknown := sorted(set(frame["product_id"].unique().tolist()) - known)[:5]:
        raise PlanError(
            f"The forecast has products that the dataset has not: {unknown}. Nothing was planned."
        )


def _fill(
    cursor: duckdb.DuckDBPyConnection,
    plan_id: int,
    dataset_id: int,
    freq: Freq,
    frame: pd.DataFrame,
    revision: int,
    frozen: int,
) -> None:
    """Put the cells of a forecast in the place of those there are."""
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE plan_kept AS SELECT product_id, place_id, timestamp, final, "
        "last_edit, locked FROM demand_cell WHERE plan_id = $1",
        [plan_id],
    )
    for table in ("demand_cell", "demand_before"):
        cursor.execute(f"DELETE FROM {table} WHERE plan_id = $1", [plan_id])
    cursor.register("given_forecast", frame)
    until = sorted(frame["timestamp"].unique())[:frozen]
    bound: dict[str, Any] = {
        "plan_id": plan_id,
        "dataset_id": dataset_id,
        "revision": revision,
        "frozen": pd.Timestamp(until[-1]).date() if len(until) else None,
    }
    cursor.execute(_FILL.format(year_on=_YEAR_ON[freq]), bound)
    cursor.unregister("given_forecast")
    plan_spread.mark_locked(cursor, plan_id)


def _frozen_until(cursor: duckdb.DuckDBPyConnection, plan_id: int, periods: int) -> date | None:
    row = cursor.execute(
        "SELECT max(timestamp) FROM (SELECT DISTINCT timestamp FROM demand_cell "
        "WHERE plan_id = $1 ORDER BY timestamp LIMIT $2)",
        [plan_id, periods],
    ).fetchone()
    return row[0] if row else None


_YEAR_ON = {  # the period of the plan that a day of sales is the counterpart of
    "D": "(day + 364)",
    "W": "(date_trunc('week', day)::DATE + 364)",
    "M": "(date_trunc('month', day) + INTERVAL 1 YEAR)::DATE",
}
_FILL = """
    INSERT INTO demand_cell
    WITH given AS (
        SELECT product_id, place_id, timestamp::DATE AS timestamp, greatest(mean, 0) AS mean,
               q10, q50, q90
        FROM given_forecast
    ), edge AS (
        SELECT min(timestamp) AS first, max(timestamp) AS last FROM given
    ), newest AS (
        SELECT max(day) AS day FROM sales WHERE dataset_id = $dataset_id
    ), priced AS (
        SELECT product_id, coalesce(place_id, 0) AS place_id,
               coalesce(sum(revenue) FILTER (quantity > 0 AND revenue IS NOT NULL)
                        / nullif(sum(quantity) FILTER (quantity > 0 AND revenue IS NOT NULL), 0),
                        avg(price)) AS price
        FROM sales, newest WHERE dataset_id = $dataset_id AND sales.day > newest.day - 91
        GROUP BY GROUPING SETS ((product_id, place_id), (product_id))
    ), before AS (
        SELECT product_id, coalesce(place_id, 0) AS place_id, {year_on} AS timestamp,
               sum(quantity) AS last_year
        FROM sales, edge WHERE dataset_id = $dataset_id
             AND day BETWEEN first - 372 AND last - 330
        GROUP BY GROUPING SETS ((product_id, place_id, {year_on}), (product_id, {year_on}))
    )
    SELECT $plan_id, $dataset_id,
           row_number() OVER (ORDER BY g.product_id, g.place_id, g.timestamp),
           g.product_id, g.place_id, g.timestamp, g.mean, g.q10, g.q50, g.q90,
           CASE WHEN kept THEN k.final ELSE g.mean END, price,
           greatest(coalesce(last_year, 0), 0), false, $revision,
           CASE WHEN kept THEN k.last_edit END
    FROM (
        SELECT given.*, given.timestamp <= $frozen::DATE AS is_frozen FROM given
    ) g
    LEFT JOIN (SELECT *, true AS was FROM plan_kept) k USING (product_id, place_id, timestamp)
    LEFT JOIN priced USING (product_id, place_id)
    LEFT JOIN before USING (product_id, place_id, timestamp),
    LATERAL (SELECT coalesce(was AND (locked OR is_frozen), false) AS kept)
"""
