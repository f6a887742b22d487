"""What looking for stock-outs needs of the database: candidates, totals, and the sales in pieces.

Most series of a large shop cannot have been out of stock, or sell too rarely to tell: they are left
out in SQL, and the others come as dense arrays of series by days, a few at a time, so that the raw
rows are never all in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.store import Store

CONTEXT = 84  # days before the span, to learn from
CELLS = 1_500_000  # of one piece: series times days
MOST_TOTALS = 20_000_000  # cells of the totals of departments, or ranges, by day
FEWEST_SALES = 20  # days with a sale, below which a product has no usual to fall short of
RAREST = 0.1  # share of days with a sale, for the same reason
LONGEST = 60  # days without a sale, from which the product may have ended
_IMPROBABLE = 5.0  # minus log of a run's chance, from where it is worth a closer look

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where stock-outs may be, and the totals that say what a day was like."""

    dataset_id: int
    first: date  # of the span that is asked about
    days: pd.DatetimeIndex  # (T,) with the context before it
    series: pd.DataFrame  # product_id, place_id, group_row, place_row, range_row of the totals
    of_group: Floats  # (G, T) units by department and place
    of_place: Floats  # (L, T)
    of_range: Floats  # (R, T) by finest category, all places together
    life: pd.DataFrame  # product_id, place_id, days on sale in the span; of all series
    has_stock: bool
    zero_gaps: bool  # whether a day without a row counts as zero


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some series of a ground as arrays (S, T)."""

    series: pd.DataFrame  # rows of the ground's
    sold: Floats  # units; NaN: not known
    stock: Floats | None  # units at the end of the day; NaN: not known
    promo: NDArray[np.bool_] | None
    product: Integers  # (S,) row of `of_product`
    of_product: Floats  # (P, T) units, all places together


def span(store: Store, dataset_id: int, *, days: int | None) -> tuple[date, date] | None:
    """The last `days` days of a dataset, or all; None where it has no sales by day."""
    rows = store.rows(
        "SELECT min(day), max(day) FROM sales JOIN dataset USING (dataset_id) "
        "WHERE dataset_id = $1 AND frequency = 'D'",
        [dataset_id],
    )
    first, last = rows[0]
    if last is None:
        return None
    return (first if days is None else max(first, last - timedelta(days=days - 1))), last


def ground(store: Store, dataset_id: int, first: date, last: date) -> Ground:
    """The candidates between two days, and the totals of all sales in and before that time."""
    start = first - timedelta(days=CONTEXT)
    with store.cursor() as cursor:
        (seen,) = _row(
            cursor, "SELECT min(day) FROM sales WHERE dataset_id = $1 AND day >= $2",
            [dataset_id, start],
        )  # fmt: skip
        start = max(start, seen or start)
        calendar = pd.date_range(start, last)
        bound = {"dataset_id": dataset_id, "start": start, "last": last}
        for statement in (_PLACES, _TREE):
            cursor.execute(statement, {"dataset_id": dataset_id})
        cursor.execute(_LIFE, bound | {"first": first})
        (has_stock,) = _row(cursor, "SELECT coalesce(sum(stocks), 0) > 0 FROM lost_life")
        (policy,) = _row(
            cursor, "SELECT gap_policy FROM dataset WHERE dataset_id = $1", [dataset_id]
        )
        cursor.execute(_CANDIDATES, bound)
        totals = {
            name: _totals(cursor, key, bound, len(calendar))
            for name, key in (
                ("place", "place"), ("group", "department * places + place"), ("range", "range")
            )
        }  # fmt: skip
        series = cursor.execute(
            "SELECT product_id, place_id, department * places + place AS group_row, "
            "place AS place_row, range AS range_row "
            "FROM lost_candidate JOIN lost_tree USING (product_id) "
            "JOIN lost_place USING (place_id) ORDER BY product_id, place_id"
        ).df()
        life = cursor.execute(
            "SELECT product_id, place_id, days FROM lost_life WHERE days > 0"
        ).df()
    return Ground(
        dataset_id=dataset_id,
        first=first,
        days=calendar,
        series=series,
        of_group=totals["group"],
        of_place=totals["place"],
        of_range=totals["range"],
        life=life,
        has_stock=has_stock,
        zero_gaps=policy == "zero",
    )


def pieces(store: Store, found: Ground) -> Iterator[Piece]:
    """The candidates as arrays, some products at a time."""
    products, counts = np.unique(found.series["product_id"], return_counts=True)
    number = (np.cumsum(counts) * len(found.days) - 1) // CELLS
    cuts = np.flatnonzero(np.diff(number)) + 1
    for begin, end in pairwise([0, *cuts, len(products)] if len(products) else [0]):
        low, high = int(products[begin]), int(products[end - 1])
        chosen = found.series[found.series["product_id"].between(low, high)]
        yield _piece(store, found, chosen.reset_index(drop=True))


def prices(store: Store, dataset_id: int, days: pd.DataFrame) -> Floats:
    """(N,) money per unit on product_id, place_id and day of each row; NaN: not known.

    Of the day, else the latest before it, else the first after it.
    """
    with store.cursor() as cursor:
        cursor.register("lost_asked", days.reset_index(drop=True).reset_index(names="number"))
        found = cursor.execute(
            """
            WITH asked AS (
                SELECT number, product_id, place_id, day::DATE AS day FROM lost_asked
            ), priced AS (
                SELECT product_id, place_id, day,
                       coalesce(max(price), sum(revenue) / nullif(sum(quantity), 0)) AS price
                FROM sales SEMI JOIN asked USING (product_id, place_id)
                WHERE dataset_id = $1 AND (price IS NOT NULL OR quantity > 0 AND revenue > 0)
                GROUP BY ALL
            ), before AS (
                SELECT asked.*, priced.price AS price_before FROM asked ASOF LEFT JOIN priced
                USING (product_id, place_id, day)
            )
            SELECT coalesce(price_before, priced.price) AS price
            FROM before b ASOF LEFT JOIN priced ON priced.product_id = b.product_id
                AND priced.place_id = b.place_id AND priced.day >= b.day
            ORDER BY number
            """,
            [dataset_id],
        ).df()
    return found["price"].to_numpy(dtype=np.float64, na_value=np.nan)


_PLACES = """
    CREATE OR REPLACE TEMP TABLE lost_place AS
    SELECT place_id, row_number() OVER (ORDER BY place_id) - 1 AS place, count(*) OVER () AS places
    FROM place WHERE dataset_id = $dataset_id
"""

# Departments are the widest level, ranges the whole path; too many of them say nothing by day.
_TREE = """
    CREATE OR REPLACE TEMP TABLE lost_tree AS
    SELECT product_id, dense_rank() OVER (ORDER BY coalesce(categories[1], '')) - 1 AS department,
           dense_rank() OVER (ORDER BY categories) - 1 AS range
    FROM product WHERE dataset_id = $dataset_id
"""

_LIFE = f"""
    CREATE OR REPLACE TEMP TABLE lost_life AS
    SELECT product_id, place_id, count(*) FILTER (quantity > 0) AS sales,
           min(day) FILTER (quantity > 0) AS first_sold,
           max(day) FILTER (quantity > 0) AS last_sold,
           CASE WHEN $last::DATE - last_sold <= {LONGEST} THEN $last::DATE ELSE last_sold END
               AS until,
           greatest(until - greatest(first_sold, $first::DATE) + 1, 0) AS days,
           count(stock_on_hand) AS stocks,
           count(*) FILTER (stock_on_hand <= 0 AND day >= $first) AS empty
    FROM sales WHERE dataset_id = $dataset_id AND day BETWEEN $start AND $last GROUP BY ALL
"""

_CANDIDATES = f"""
    CREATE OR REPLACE TEMP TABLE lost_candidate AS
    WITH steady AS (
        SELECT product_id, place_id, until,
               -ln((until - first_sold + 1 - sales + 0.5) / (until - first_sold + 2)) AS surprise
        FROM lost_life WHERE sales >= {FEWEST_SALES} AND sales >= {RAREST} * (until - first_sold)
    ), sold AS (
        SELECT product_id, place_id, day FROM sales SEMI JOIN steady
        USING (product_id, place_id)
        WHERE dataset_id = $dataset_id AND day BETWEEN $start AND $last AND quantity > 0
    ), gaps AS (
        SELECT product_id, place_id,
               coalesce(lead(day) OVER (PARTITION BY product_id, place_id ORDER BY day),
                        until + 1) - day - 1 AS gap, surprise
        FROM sold JOIN steady USING (product_id, place_id)
    )
    SELECT DISTINCT product_id, place_id FROM gaps
    WHERE gap BETWEEN 1 AND {LONGEST} AND gap * surprise >= {_IMPROBABLE}
    UNION SELECT product_id, place_id FROM lost_life WHERE empty > 0 AND sales > 0
"""


def _totals(
    cursor: duckdb.DuckDBPyConnection, key: str, bound: dict[str, Any], length: int
) -> Floats:
    """(K, T) units of each key on each day; one row of all where there are too many keys."""
    (rows,) = _row(
        cursor,
        f"SELECT coalesce(max({key}), 0) + 1 FROM lost_tree, lost_place",
    )
    if rows * length > MOST_TOTALS:
        # Every row is that of all sales: nothing is known by day of so small a part.
        whole = _totals(cursor, "0", bound, length)
        return np.broadcast_to(whole, (rows, length))
    found = cursor.execute(
        f"""
        SELECT ({key})::BIGINT AS row, (day - $start::DATE)::BIGINT AS step,
               sum(greatest(quantity, 0)) AS units
        FROM sales JOIN lost_tree USING (product_id) JOIN lost_place USING (place_id)
        WHERE dataset_id = $dataset_id AND day BETWEEN $start AND $last GROUP BY ALL
        """,
        bound,
    ).fetchnumpy()
    total = np.zeros((rows, length))
    total[found["row"], found["step"]] = found["units"]
    return total


def _piece(store: Store, found: Ground, series: pd.DataFrame) -> Piece:
    start, length = found.days[0].date(), len(found.days)
    bound = {
        "dataset_id": found.dataset_id, "start": start, "last": found.days[-1].date(),
        "low": int(series["product_id"].min()), "high": int(series["product_id"].max()),
    }  # fmt: skip
    within = (
        "dataset_id = $dataset_id AND day BETWEEN $start AND $last "
        "AND product_id BETWEEN $low AND $high"
    )
    step = "(day - $start::DATE)::BIGINT AS step"
    with store.cursor() as cursor:
        cursor.register("lost_wanted", series[["product_id", "place_id"]].reset_index(names="row"))
        cells = cursor.execute(
            f"SELECT row, {step}, sum(quantity)::DOUBLE AS sold, "
            "max(stock_on_hand)::DOUBLE AS stock, coalesce(bool_or(promo), false) AS promo "
            "FROM sales JOIN lost_wanted USING (product_id, place_id) "
            f"WHERE {within} GROUP BY row, day",
            bound,
        ).fetchnumpy()
        cursor.register("lost_products", series[["product_id"]].drop_duplicates())
        sums = cursor.execute(
            f"SELECT product_id, {step}, sum(greatest(quantity, 0))::DOUBLE AS units FROM sales "
            f"SEMI JOIN lost_products USING (product_id) WHERE {within} GROUP BY product_id, day",
            bound,
        ).fetchnumpy()
    ids, product = np.unique(series["product_id"], return_inverse=True)
    at = cells["row"], cells["step"]
    sold = np.full((len(series), length), 0.0 if found.zero_gaps else np.nan)
    sold[at] = cells["sold"]
    promo = np.zeros(sold.shape, dtype=bool)
    promo[at] = np.asarray(cells["promo"], dtype=bool)
    stock = np.full(sold.shape, np.nan) if found.has_stock else None
    if stock is not None:
        stock[at] = np.ma.filled(np.ma.asarray(cells["stock"], dtype=float), np.nan)
    of_product = np.zeros((len(ids), length))
    of_product[np.searchsorted(ids, sums["product_id"]), sums["step"]] = sums["units"]
    return Piece(
        series=series,
        sold=sold,
        stock=stock,
        promo=promo if promo.any() else None,
        product=product.astype(np.int64),
        of_product=of_product,
    )


def _row(
    cursor: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None
) -> tuple[Any, ...]:
    row = cursor.execute(sql, parameters or []).fetchone()
    assert row is not None, f"{sql!r} gives one row"
    return row
