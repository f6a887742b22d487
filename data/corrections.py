"""Corrections of sales: made in batches with author, time and reason, and taken back at will.

A correction stands beside the sales of a product in a place on a day and never changes them;
`data.queries.relation` puts it in their place for a scope that asks for corrected sales. Of several
for one day the latest batch counts; a batch that is undone does not.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import duckdb
import numpy as np
import pandas as pd

from data.errors import CorrectionError, NotFound
from data.queries import where
from data.scope import Scope
from data.store import Store

Kind = Literal["stock_out", "outlier"]
Action = Literal["accept", "keep", "cap", "replace", "exclude"]
CELL = ["product_id", "place_id", "day"]
TOLERANCE = 1e-9  # units; from here on an original has changed


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What somebody corrected at once."""

    batch_id: int
    dataset_id: int
    kind: Kind
    action: Action
    rule: dict[str, Any]  # how the days were chosen, as `correct` was given it
    reason: str
    author: str
    made_at: datetime
    undone_at: datetime | None  # None: it counts
    undone_by: str | None
    days: int  # product-days
    units: float  # by which it raises what sold; excluded days and those kept add nothing
    in_force: int  # of its days those that no later batch has taken over; 0 while undone
    changed: int  # of those in force, days whose sales are other now than when corrected


def correct(
    store: Store,
    dataset_id: int,
    kind: Kind,
    cells: pd.DataFrame,
    *,
    action: Action,
    reason: str,
    author: str,
    rule: dict[str, Any],
) -> int:
    """Keep corrections of product-days as one batch; gives its id.

    `cells` has product_id, place_id, day and quantity (units instead; NaN with the action
    "exclude"), and may have low and high. With "keep" the quantity is not read: the day stays as
    it is, and stays so though a rule would take it. What sold and for which price is looked up.
    Raises `CorrectionError` for no cells, one twice, a quantity that is negative or not finite, or
    an empty reason, and `NotFound` for a product, place or day that the dataset does not have.
    """
    frame = _checked(cells, action, reason)
    with store.transaction() as cursor:
        cursor.register("given_cells", frame)
        _refuse_unknown(cursor, dataset_id)
        row = cursor.execute(
            "INSERT INTO correction_batch (batch_id, dataset_id, kind, action, rule, reason, "
            "author, made_at) VALUES (nextval('correction_key'), $1, $2, $3, $4, $5, $6, "
            "now()::TIMESTAMP) RETURNING batch_id",
            [dataset_id, kind, action, json.dumps(rule), reason.strip(), author.strip()],
        ).fetchone()
        assert row is not None
        cursor.execute(
            _INSERT, {"dataset_id": dataset_id, "batch_id": row[0], "keep": action == "keep"}
        )
        cursor.unregister("given_cells")
    return int(row[0])


def undo(store: Store, batch_id: int, author: str) -> None:
    """Let a batch count no more; raises `NotFound` where it does not count already."""
    _switch(
        store,
        "UPDATE correction_batch SET undone_at = now()::TIMESTAMP, undone_by = $2, "
        "revision = revision + 1 WHERE batch_id = $1 AND undone_at IS NULL RETURNING batch_id",
        [batch_id, author.strip()],
    )


def redo(store: Store, batch_id: int) -> None:
    """Let an undone batch count again; raises `NotFound` where it counts already."""
    _switch(
        store,
        "UPDATE correction_batch SET undone_at = NULL, undone_by = NULL, "
        "revision = revision + 1 WHERE batch_id = $1 AND undone_at IS NOT NULL RETURNING batch_id",
        [batch_id],
    )


def batches(store: Store, dataset_id: int, *, kind: Kind | None = None) -> list[Batch]:
    """The log: every batch of a dataset, latest first."""
    rows = store.rows(
        f"""
        WITH live AS ({_LIVE}), counted AS (
            SELECT batch_id, count(*) AS in_force, count(*) FILTER (changed) AS changed
            FROM live GROUP BY batch_id
        ), sums AS (
            SELECT batch_id, count(*) AS days,
                   coalesce(sum(quantity - coalesce(original, 0)), 0) AS units
            FROM correction WHERE dataset_id = $dataset_id GROUP BY batch_id
        )
        SELECT batch_id, dataset_id, kind, action, rule, reason, author, made_at, undone_at,
               undone_by, coalesce(days, 0), coalesce(units, 0), coalesce(in_force, 0),
               coalesce(changed, 0)
        FROM correction_batch LEFT JOIN sums USING (batch_id) LEFT JOIN counted USING (batch_id)
        WHERE dataset_id = $dataset_id AND kind = coalesce($kind, kind) ORDER BY batch_id DESC
        """,
        {"dataset_id": dataset_id, "kind": kind},
    )
    return [
        Batch(
            batch_id=row[0],
            dataset_id=row[1],
            kind=row[2],
            action=row[3],
            rule=json.loads(row[4]),
            reason=row[5],
            author=row[6],
            made_at=row[7],
            undone_at=row[8],
            undone_by=row[9],
            days=row[10],
            units=row[11],
            in_force=row[12],
            changed=row[13],
        )
        for row in rows
    ]


def in_force(store: Store, dataset_id: int, *, kind: Kind | None = None) -> pd.DataFrame:
    """The corrections that count now, by product, place and day; kept days are among them.

    product_id, place_id, day, original, quantity (NaN: excluded), low, high, price, kind, action,
    batch_id, author, made_at, reason, and changed: whether the day's sales are other now than
    when it was corrected, as after importing them again.
    """
    return store.frame(
        f"""
        SELECT product_id, place_id, day, original, quantity, low, high, price, kind, action,
               batch_id, author, made_at, reason, changed
        FROM ({_LIVE}) WHERE kind = coalesce($kind, kind) ORDER BY product_id, place_id, day
        """,
        {"dataset_id": dataset_id, "kind": kind},
    )


def count(store: Store, scope: Scope, *, kind: Kind | None = None) -> int:
    """How many product-days of a scope are corrected, whether or not it asks for corrected ones."""
    condition, parameters = where(scope)
    (row,) = store.rows(
        f"SELECT count(*) FROM correction_in_force WHERE {condition} AND action <> 'keep' "
        "AND kind = coalesce($kind, kind)",
        parameters | {"kind": kind},
    )
    return int(row[0])


def revision(store: Store, dataset_id: int) -> int:
    """Grows with every batch, undoing and redoing, so that what is cached by it is never stale."""
    (row,) = store.rows(
        "SELECT coalesce(sum(revision), 0) FROM correction_batch WHERE dataset_id = $1",
        [dataset_id],
    )
    return int(row[0])


# With `changed`: a day without a row counts as it does in every chart, as zero or as not known.
_LIVE = f"""
    WITH live AS (
        SELECT * FROM correction_in_force WHERE dataset_id = $dataset_id
    ), now_sold AS (
        SELECT s.product_id, s.place_id, s.day, sum(s.quantity) AS now_quantity
        FROM sales s SEMI JOIN live USING (product_id, place_id, day)
        WHERE s.dataset_id = $dataset_id GROUP BY ALL
    )
    SELECT live.*, CASE WHEN now_quantity IS NULL
                        THEN coalesce(original, 0) <> 0 OR (original = 0 AND gap_policy = 'missing')
                        ELSE abs(now_quantity - original) > {TOLERANCE} OR original IS NULL
                   END AS changed
    FROM live LEFT JOIN now_sold USING (product_id, place_id, day)
    JOIN dataset USING (dataset_id)
"""

# The price of a unit is that of the day, else the latest before it, else the first after it.
# An excluded day counts in sums as the mean of its weekday in the four weeks before and after.
_INSERT = """
    INSERT INTO correction (batch_id, dataset_id, product_id, place_id, day, original, quantity,
                            low, high, usual, price)
    WITH given AS (
        SELECT product_id, place_id, day::DATE AS day, quantity, low, high FROM given_cells
    ), pairs AS (
        SELECT DISTINCT product_id, place_id FROM given
    ), sold AS (
        SELECT product_id, place_id, day, sum(quantity) AS quantity,
               coalesce(sum(revenue) FILTER (quantity > 0) / nullif(sum(quantity)
                            FILTER (quantity > 0 AND revenue IS NOT NULL), 0),
                        avg(price)) AS price
        FROM sales SEMI JOIN pairs USING (product_id, place_id)
        WHERE dataset_id = $dataset_id GROUP BY ALL
    ), priced AS (
        SELECT product_id, place_id, day, price FROM sold WHERE price IS NOT NULL
    ), span AS (
        SELECT min(day) AS first_day, max(day) AS last_day, any_value(gap_policy) AS gap_policy
        FROM sales JOIN dataset USING (dataset_id) WHERE dataset_id = $dataset_id
    ), near AS (
        SELECT g.product_id, g.place_id, g.day, (g.day + step::INTEGER)::DATE AS other
        FROM given g, unnest([-28, -21, -14, -7, 7, 14, 21, 28]) AS t(step), span
        WHERE g.quantity IS NULL
          AND g.day + step::INTEGER BETWEEN first_day AND last_day
    ), usual AS (
        SELECT n.product_id, n.place_id, n.day,
               greatest(sum(s.quantity) / CASE any_value(gap_policy) WHEN 'zero' THEN count(*)
                                          ELSE nullif(count(s.quantity), 0) END, 0) AS usual
        FROM near n LEFT JOIN sold s ON s.product_id = n.product_id
            AND s.place_id = n.place_id AND s.day = n.other, span
        GROUP BY ALL
    ), known AS (
        SELECT g.product_id, g.place_id, g.day, g.quantity, g.low, g.high, usual,
               CASE WHEN s.quantity IS NULL AND gap_policy = 'zero' THEN 0 ELSE s.quantity END
                   AS original
        FROM given g LEFT JOIN sold s USING (product_id, place_id, day)
        LEFT JOIN usual USING (product_id, place_id, day), span
    ), before AS (
        SELECT known.*, priced.price AS price_before FROM known ASOF LEFT JOIN priced
        USING (product_id, place_id, day)
    )
    SELECT $batch_id, $dataset_id, b.product_id, b.place_id, b.day, original,
           CASE WHEN $keep THEN original ELSE b.quantity END,
           b.low, b.high, CASE WHEN NOT $keep THEN b.usual END,
           coalesce(price_before, priced.price)
    FROM before b ASOF LEFT JOIN priced ON priced.product_id = b.product_id
        AND priced.place_id = b.place_id AND priced.day >= b.day
    ORDER BY b.product_id, b.place_id, b.day
"""


def _checked(cells: pd.DataFrame, action: Action, reason: str) -> pd.DataFrame:
    """The cells with exactly the columns that the insertion reads."""
    if not reason.strip():
        raise CorrectionError("A correction needs a reason. Say why; nothing was changed.")
    needed = CELL if action == "keep" else [*CELL, "quantity"]
    if missing := [name for name in needed if name not in cells]:
        raise CorrectionError(f"The corrections have no column {missing[0]!r}; add it.")
    if cells.empty:
        raise CorrectionError("No day is chosen. Choose at least one.")
    frame = cells.reindex(columns=[*CELL, "quantity", "low", "high"])
    frame["day"] = pd.to_datetime(frame["day"]).dt.normalize()
    if action == "keep":
        frame["quantity"] = 0.0
    numbers = ["quantity", "low", "high"]
    frame[numbers] = frame[numbers].astype(float)
    quantity = frame["quantity"].to_numpy()
    wrong = (quantity < 0) | np.isinf(quantity)
    if action == "exclude":
        wrong |= ~np.isnan(quantity)
    else:
        wrong |= np.isnan(quantity)
    if wrong.any():
        first = frame[wrong].iloc[0]
        wanted = "nothing for an excluded day" if action == "exclude" else "a number from 0"
        raise CorrectionError(
            f"The quantity {first['quantity']:g} for {_cell(first)} cannot be used: it has to be "
            f"{wanted}. Nothing was changed."
        )
    if (twice := frame.duplicated(CELL)).any():
        raise CorrectionError(
            f"There are two corrections for {_cell(frame[twice].iloc[0])}. Give one; nothing was "
            "changed."
        )
    return frame


def _refuse_unknown(cursor: duckdb.DuckDBPyConnection, dataset_id: int) -> None:
    """Raise `NotFound` for the first cell that the dataset cannot have."""
    row = cursor.execute(
        """
        SELECT g.product_id, g.place_id, g.day, p.product_id IS NULL, l.place_id IS NULL
        FROM given_cells g
        LEFT JOIN product p ON p.product_id = g.product_id AND p.dataset_id = $1
        LEFT JOIN place l ON l.place_id = g.place_id AND l.dataset_id = $1
        CROSS JOIN (SELECT min(day) AS first, max(day) AS last FROM sales WHERE dataset_id = $1)
        WHERE p.product_id IS NULL OR l.place_id IS NULL
           OR NOT coalesce(g.day::DATE BETWEEN first AND last, false)
        ORDER BY ALL LIMIT 1
        """,
        [dataset_id],
    ).fetchone()
    if row is None:
        return
    product, place, day, no_product, no_place = row
    what = (
        f"There is no product {product}"
        if no_product
        else f"There is no place {place}"
        if no_place
        else f"{day:%d %b %Y} is outside the days of sales"
    )
    raise NotFound(f"{what} in dataset {dataset_id}. Nothing was changed.")


def _switch(store: Store, sql: str, parameters: list[Any]) -> None:
    with store.transaction() as cursor:
        if cursor.execute(sql, parameters).fetchone() is None:
            raise NotFound(
                f"There is no batch of corrections {parameters[0]} in that state (any more). "
                "Nothing was changed."
            )


def _cell(row: "pd.Series[Any]") -> str:
    return f"product {row['product_id']} in place {row['place_id']} on {row['day']:%d %b %Y}"
