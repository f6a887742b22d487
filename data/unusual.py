"""The sales of many series as arrays over (series, periods), and what is known of single days.

What `forecasting.diagnostics.unusual` judges, and the rows, order lines and prices that say why a
period is unusual. Always the sales as they came: a correction is no reason to stop looking.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.queries import PERIOD, where
from data.scope import Freq, Scope, Split
from data.store import Store

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Series times periods that are judged: 20,000 products for three years of weeks.
MOST_CELLS = 3_200_000
CHEAPER = 0.05  # share of the list price from which a day is a promotion, marked or not
_PLACES = 2**31  # a place's id is less; both ids make one number
_GROUPS: dict[Split, tuple[str, str]] = {  # what rows are grouped by, and the code of a series
    "total": ("0 AS nothing", "0"),
    "category": ("product_id", "coalesce(p.categories[$depth], '')"),
    "place": ("place_id", "place_id::BIGINT"),
    "product": ("product_id", "product_id::BIGINT"),
    "product_place": ("product_id, place_id", f"product_id::BIGINT * {_PLACES} + place_id"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Sales of N series over T periods; outside of a series' first and last row, and where days
    without a row are not known, `quantity` is NaN."""

    keys: tuple[str, ...]  # N, largest first; the name where a series is a category
    products: tuple[int | None, ...]  # N; None where a series is more than one product
    places: tuple[int | None, ...]
    times: pd.DatetimeIndex  # T, first days of the periods
    freq: Freq
    quantity: Floats  # (N, T) units
    revenue: Floats  # (N, T) money; NaN where not known
    promoted: Flags  # (N, T) half of the rows or more on promotion or cheaper than usual
    empty: Flags  # (N, T) half of the rows or more without stock
    series: int  # in the scope, judged or not
    has_revenue: bool

    @property
    def price(self) -> Floats:
        """(N, 1) money per unit over the whole time; NaN where not known."""
        sold = np.isfinite(self.revenue) & (self.quantity > 0)
        units = np.where(sold, self.quantity, 0.0).sum(axis=1, keepdims=True)
        money = np.where(sold, self.revenue, 0.0).sum(axis=1, keepdims=True)
        return np.where(units > 0, money / np.where(units > 0, units, 1.0), np.nan)


def cells(store: Store, scope: Scope, split: Split, *, most: int = MOST_CELLS) -> Cells | None:
    """The sales of every series of the scope, or of the largest where they would be too many.

    None where the scope has no complete period.
    """
    condition, parameters = where(scope)
    edges = _edges(store, scope, condition, parameters)
    if edges is None:
        return None
    first, last, unknown = edges
    times = pd.date_range(first, last, freq={"D": "D", "W": "W-MON", "M": "MS"}[scope.freq])
    ranked = _ranked(store, scope, split)
    kept = ranked.head(max(most // max(len(times), 1), 1))
    found = _sold(store, scope, split, kept if len(kept) < len(ranked) else None)
    return _dense(found, kept, times, scope, unknown=unknown, series=len(ranked))


def _ranked(store: Store, scope: Scope, split: Split) -> pd.DataFrame:
    """code, product_id, place_id of every series of the scope, largest first."""
    condition, parameters = _with_depth(scope, split)
    group, code = _GROUPS[split]
    join = "JOIN product p USING (product_id)" if split == "category" else ""
    frame = store.frame(
        f"""
        WITH totals AS (
            SELECT {group}, sum(revenue) AS revenue, sum(quantity) AS quantity
            FROM sales WHERE {condition} GROUP BY ALL
        )
        SELECT {code} AS code, sum(revenue) AS revenue, sum(quantity) AS quantity
        FROM totals {join} GROUP BY 1
        ORDER BY sum(revenue) DESC NULLS LAST, sum(quantity) DESC, 1
        """,
        parameters,
    )
    nothing = pd.Series([None] * len(frame), dtype=object)
    codes = frame["code"]
    product = {"product": codes, "product_place": codes}.get(split, nothing)
    place = {"place": codes, "product_place": codes}.get(split, nothing)
    if split == "product_place":
        product, place = codes // _PLACES, codes % _PLACES
    return frame.assign(product_id=product, place_id=place)


def _sold(store: Store, scope: Scope, split: Split, only: pd.DataFrame | None) -> pd.DataFrame:
    """code, timestamp, quantity, revenue, promoted, empty: a row per series and period sold in."""
    condition, parameters = _with_depth(scope, split)
    group, code = _GROUPS[split]
    join = "JOIN product p USING (product_id)" if split == "category" else ""
    chosen = ""
    if only is not None:
        chosen = "SEMI JOIN chosen USING (code)"
        if _ids(split):  # fewer rows to add up
            condition += " AND product_id IN (SELECT product_id FROM chosen)"
    with store.cursor() as cursor:
        if only is not None:
            cursor.register("chosen", only[["code", *_ids(split)]])
        return cursor.execute(
            f"""
            WITH daily AS (
                SELECT {group}, date_trunc('{PERIOD[scope.freq]}', day)::DATE AS timestamp,
                       sum(quantity) AS quantity, sum(revenue) AS revenue, count(*) AS days,
                       count(*) FILTER (promo OR discount >= {CHEAPER}) AS promos,
                       count(*) FILTER (stock_on_hand <= 0) AS empties
                FROM sales WHERE {condition} GROUP BY ALL
            ), coded AS (SELECT {code} AS code, daily.* FROM daily {join})
            SELECT code, timestamp, sum(quantity) AS quantity, sum(revenue) AS revenue,
                   2 * sum(promos) >= sum(days) AS promoted, 2 * sum(empties) >= sum(days) AS empty
            FROM coded {chosen} GROUP BY code, timestamp
            """,
            parameters,
        ).df()


def _ids(split: Split) -> list[str]:
    """The columns of a series that narrow the rows down."""
    return ["product_id"] if split in ("product", "product_place") else []


def _with_depth(scope: Scope, split: Split) -> tuple[str, dict[str, Any]]:
    condition, parameters = where(scope)
    return condition, parameters | (
        {"depth": len(scope.categories) + 1} if split == "category" else {}
    )


def _edges(
    store: Store, scope: Scope, condition: str, parameters: dict[str, Any]
) -> tuple[date, date, bool] | None:
    """First and last complete period of the scope, and whether days without a row are not known."""
    unit = PERIOD[scope.freq]
    ((first, last, unknown),) = store.rows(
        f"""
        WITH span AS (
            SELECT any_value(gap_policy) = 'missing' AS unknown, any_value(frequency) AS frequency,
                   min(day) AS first_day, max(day) AS last_day
            FROM (SELECT DISTINCT day FROM sales WHERE dataset_id = $dataset_id), dataset
            WHERE dataset_id = $dataset_id
        ), whole AS (
            SELECT unknown,
                   CASE frequency WHEN 'W' THEN date_trunc('week', first_day)
                                  WHEN 'M' THEN date_trunc('month', first_day)
                                  ELSE first_day END::DATE AS first_day,
                   CASE frequency WHEN 'W' THEN date_trunc('week', last_day) + INTERVAL 6 DAY
                                  WHEN 'M' THEN last_day(last_day)
                                  ELSE last_day END::DATE AS last_day
            FROM span
        ), own AS (SELECT min(day) AS own_first FROM sales WHERE {condition})
        SELECT CASE WHEN own_first IS NOT NULL THEN greatest(
                   date_trunc('{unit}', own_first)::DATE,
                   CASE WHEN date_trunc('{unit}', first_day)::DATE = first_day THEN first_day
                        ELSE (date_trunc('{unit}', first_day) + INTERVAL 1 {unit})::DATE END) END,
               (date_trunc('{unit}', last_day + INTERVAL 1 DAY) - INTERVAL 1 {unit})::DATE, unknown
        FROM whole, own
        """,
        parameters,
    )
    return None if first is None or last is None or last < first else (first, last, unknown)


def _dense(
    found: pd.DataFrame,
    kept: pd.DataFrame,
    times: pd.DatetimeIndex,
    scope: Scope,
    *,
    unknown: bool,
    series: int,
) -> Cells:
    shape = (len(kept), len(times))
    row = pd.Index(kept["code"]).get_indexer(pd.Index(found["code"]))
    column = times.get_indexer(pd.DatetimeIndex(found["timestamp"]))
    inside = column >= 0  # a period that is not complete has no column
    row, column, found = row[inside], column[inside], found[inside]
    quantity, revenue = np.full(shape, np.nan), np.full(shape, np.nan)
    quantity[row, column] = found["quantity"].to_numpy(dtype=np.float64)
    revenue[row, column] = found["revenue"].to_numpy(dtype=np.float64, na_value=np.nan)
    if not unknown:
        seen = np.isfinite(quantity)
        begun = np.maximum.accumulate(seen, axis=1)
        goes_on = np.maximum.accumulate(seen[:, ::-1], axis=1)[:, ::-1]
        quantity[begun & goes_on & ~seen] = 0.0
    promoted, empty = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    promoted[row, column] = found["promoted"].fillna(False).to_numpy(dtype=bool)
    empty[row, column] = found["empty"].fillna(False).to_numpy(dtype=bool)
    return Cells(
        keys=tuple(str(code) for code in kept["code"]),
        products=tuple(None if pd.isna(each) else int(each) for each in kept["product_id"]),
        places=tuple(None if pd.isna(each) else int(each) for each in kept["place_id"]),
        times=times,
        freq=scope.freq,
        quantity=quantity,
        revenue=revenue,
        promoted=promoted,
        empty=empty,
        series=series,
        has_revenue=bool(np.isfinite(revenue).any()),
    )


def rows_under(store: Store, scope: Scope, wanted: pd.DataFrame) -> pd.DataFrame:
    """The product-days under some findings, to share a correction out over them.

    `wanted` has finding, product_id, place_id (NaN: those of the scope), first, last (days).
    Gives finding, product_id, place_id, day, quantity, and usual: units a row of that product and
    place has in the four weeks (or eight periods of coarser data) before and after. A day without
    a row is there with zero where something usually sells.
    """
    with store.cursor() as cursor:
        cursor.register("wanted", _typed(wanted))
        frame = cursor.execute(_UNDER, _bound(scope)).df()
        cursor.unregister("wanted")
    return frame.astype({"quantity": float, "usual": float})


def causes(store: Store, scope: Scope, wanted: pd.DataFrame) -> pd.DataFrame:
    """What order lines know of some findings: lines, and the largest's quantity, customer, order.

    `wanted` as in `rows_under`; a row per finding that has lines. `bought` and `returned` are its
    largest lines of either sign: what was bought and brought back on the same day.
    """
    with store.cursor() as cursor:
        cursor.register("wanted", _typed(wanted))
        frame = cursor.execute(_CAUSES, _bound(scope)).df()
        cursor.unregister("wanted")
    return frame


def _typed(wanted: pd.DataFrame) -> pd.DataFrame:
    return wanted.reindex(columns=["finding", "product_id", "place_id", "first", "last"]).astype(
        {"finding": "int64", "product_id": "Int64", "place_id": "Int64"}
    )


def _bound(scope: Scope) -> dict[str, Any]:
    return {"dataset_id": scope.dataset_id, "place_id": scope.place_id}


_UNDER = """
    WITH chosen AS (
        SELECT finding, product_id, coalesce(place_id, $place_id)::INTEGER AS place_id,
               first::DATE AS first, last::DATE AS last
        FROM wanted
    ), rhythm AS (
        SELECT frequency, CASE frequency WHEN 'D' THEN 28 WHEN 'W' THEN 56 ELSE 245 END AS reach
        FROM dataset WHERE dataset_id = $dataset_id
    ), sold AS (
        SELECT product_id, place_id, day, sum(quantity) AS quantity
        FROM sales SEMI JOIN chosen USING (product_id), rhythm
        WHERE dataset_id = $dataset_id
          AND day BETWEEN (SELECT min(first) FROM chosen) - reach
                      AND (SELECT max(last) FROM chosen) + reach
        GROUP BY ALL
    ), near AS (
        SELECT finding, c.first, c.last, s.*, s.day BETWEEN c.first AND c.last AS inside
        FROM chosen c JOIN sold s ON s.product_id = c.product_id
            AND s.place_id = coalesce(c.place_id, s.place_id), rhythm
        WHERE s.day BETWEEN c.first - reach AND c.last + reach
    ), pairs AS (
        SELECT finding, product_id, place_id, first, last,
               count(*) FILTER (inside) AS own,
               coalesce(sum(quantity) FILTER (NOT inside), 0)
               / CASE any_value(frequency) WHEN 'D' THEN 56 WHEN 'W' THEN 16 ELSE 16 END AS usual
        FROM near, rhythm GROUP BY ALL
    ), days AS (
        SELECT finding, product_id, place_id, usual, unnest(generate_series(first::TIMESTAMP,
               CASE frequency WHEN 'D' THEN last ELSE first END::TIMESTAMP, INTERVAL 1 DAY))::DATE
               AS day
        FROM pairs, rhythm WHERE frequency = 'D' OR own = 0
    )
    SELECT finding, product_id, place_id, day, coalesce(near.quantity, 0) AS quantity,
           greatest(coalesce(days.usual, pairs.usual), 0) AS usual
    FROM days FULL JOIN (SELECT * FROM near WHERE inside) near
        USING (finding, product_id, place_id, day)
    LEFT JOIN pairs USING (finding, product_id, place_id)
    WHERE coalesce(near.quantity, 0) <> 0 OR coalesce(days.usual, pairs.usual) > 0
    ORDER BY finding, product_id, place_id, day
"""

_CAUSES = """
    WITH chosen AS (
        SELECT finding, product_id, coalesce(place_id, $place_id)::INTEGER AS place_id,
               first::DATE AS first, last::DATE AS last
        FROM wanted
    ), lines AS (
        SELECT finding, quantity, customer, order_code, kind
        FROM chosen c JOIN order_line o ON o.product_id = c.product_id
            AND o.place_id = coalesce(c.place_id, o.place_id)
            AND o.sold_at >= c.first AND o.sold_at < c.last + 1
        WHERE o.dataset_id = $dataset_id
    )
    SELECT finding, count(*) AS lines, count(DISTINCT order_code) AS orders,
           arg_max(quantity, abs(quantity)) AS quantity,
           arg_max(coalesce(customer, ''), abs(quantity)) AS customer,
           coalesce(arg_max(quantity, abs(quantity)) FILTER (quantity < 0), 0) AS returned,
           coalesce(max(quantity), 0) AS bought
    FROM lines GROUP BY finding ORDER BY finding
"""
