"""What prices and promotions are judged on: sales with their price by product, place and period."""

from datetime import date
from typing import Literal

import pandas as pd

from data.store import Store

Grain = Literal["D", "W", "M"]

UNIT = {"D": "day", "W": "week", "M": "month"}
DAYS = {"D": 1, "W": 7, "M": 30}
MOST_DAILY = 2_500_000  # days of a product in a place, above which weeks are enough
NOW_DAYS = 91  # whose sales and prices count as those of now
CUT = 0.95  # share of the usual price, below which a price counts as cut
_USUAL = {"D": 45, "W": 6, "M": 2}  # periods to both sides whose median is the usual price
EMPTY = 0.15  # share of a period's days out of stock, above which it does not count


def grain(store: Store, dataset_id: int) -> Grain:
    """How fine prices are looked at: by day where that is not too much, else by week."""
    found = store.rows("SELECT frequency FROM dataset WHERE dataset_id = $1", [dataset_id])
    frequency: Grain = found[0][0]
    if frequency != "D":
        return frequency
    (row,) = store.rows(
        "SELECT sum(days) FROM (SELECT max(day) - min(day) + 1 AS days FROM sales "
        "WHERE dataset_id = $1 GROUP BY product_id, place_id)",
        [dataset_id],
    )
    return "W" if (row[0] or 0) > MOST_DAILY else "D"


def has_prices(store: Store, dataset_id: int) -> bool:
    """Whether any price, or revenue to take one from, is known."""
    return bool(
        store.rows(
            "SELECT 1 FROM sales WHERE dataset_id = $1 AND (price > 0 OR revenue > 0) LIMIT 1",
            [dataset_id],
        )
    )


def has_flags(store: Store, dataset_id: int) -> bool:
    """Whether sales say what was on promotion."""
    return bool(
        store.rows("SELECT 1 FROM sales WHERE dataset_id = $1 AND promo LIMIT 1", [dataset_id])
    )


def rows(store: Store, dataset_id: int, grain: Grain, *, mark_cuts: bool = False) -> pd.DataFrame:
    """product_id, place_id, timestamp, target, price, promo, usable: a row per complete period.

    From the first to the last sale of a product in a place; periods without a row count as nothing
    sold, at the last price, unless the dataset says that they are not known. `price` is the mean
    asked, else the mean paid. `usable` is False where it was out of stock. `promo` is the share of
    days on promotion; with `mark_cuts` it is 1 where the price was cut for a while instead.
    """
    unit, side = UNIT[grain], _USUAL[grain]
    promo = (
        f"""coalesce((price < {CUT} * median(price) OVER (PARTITION BY product_id, place_id
            ORDER BY timestamp ROWS BETWEEN {side} PRECEDING AND {side} FOLLOWING))::DOUBLE, 0)"""
        if mark_cuts
        else "coalesce(promo, 0)"
    )
    frame = store.frame(
        f"""
        WITH span AS ({_SPAN}), sold AS ({_SOLD.format(unit=unit)}),
             filled AS ({_FILLED.format(unit=unit)})
        SELECT product_id, place_id, timestamp, target, price, {promo} AS promo, usable
        FROM filled WHERE target IS NOT NULL AND price IS NOT NULL
        ORDER BY product_id, place_id, timestamp
        """,
        [dataset_id],
    )
    frame["timestamp"] = pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]")
    return frame.astype({"target": float, "price": float, "promo": float})


# The first and the last day that sales cover, and whether a day without a row is not known.
_SPAN = """
    SELECT any_value(gap_policy) = 'missing' AS unknown,
           min(CASE frequency WHEN 'W' THEN date_trunc('week', day)
                              WHEN 'M' THEN date_trunc('month', day)
                              ELSE day END)::DATE AS first_day,
           max(CASE frequency WHEN 'W' THEN date_trunc('week', day) + INTERVAL 6 DAY
                              WHEN 'M' THEN last_day(day) ELSE day END)::DATE AS last_day
    FROM (SELECT DISTINCT day FROM sales WHERE dataset_id = $1), dataset WHERE dataset_id = $1"""
# What was sold in each period that is complete, at which price.
_SOLD = f"""
    SELECT found.* FROM (
        SELECT product_id, place_id, date_trunc('{{unit}}', day)::DATE AS timestamp,
               sum(quantity) AS target,
               coalesce(avg(price) FILTER (price > 0),
                        sum(revenue) FILTER (quantity > 0 AND revenue > 0)
                        / nullif(sum(quantity) FILTER (quantity > 0 AND revenue > 0), 0)
               ) AS price,
               avg(promo::INTEGER) AS promo,
               coalesce(avg((stock_on_hand <= 0)::INTEGER), 0) <= {EMPTY} AS usable
        FROM sales WHERE dataset_id = $1 GROUP BY ALL
    ) found, span
    WHERE timestamp >= first_day AND timestamp + INTERVAL 1 {{unit}} - INTERVAL 1 DAY <= last_day"""
# Every period from a product's first to its last in a place; where nothing was sold, nothing.
_FILLED = """
    SELECT g.product_id, g.place_id, g.timestamp,
           CASE WHEN s.timestamp IS NULL AND NOT unknown THEN 0 ELSE target END AS target,
           last_value(price IGNORE NULLS) OVER (PARTITION BY g.product_id, g.place_id
               ORDER BY g.timestamp) AS price,
           promo, coalesce(usable, true) AS usable
    FROM (
        SELECT product_id, place_id, unnest(generate_series(first::TIMESTAMP, last::TIMESTAMP,
            INTERVAL 1 {unit}))::DATE AS timestamp
        FROM (SELECT product_id, place_id, min(timestamp) AS first, max(timestamp) AS last
              FROM sold GROUP BY ALL)
    ) g LEFT JOIN sold s USING (product_id, place_id, timestamp), span"""


def now(store: Store, dataset_id: int, place_id: int | None = None) -> pd.DataFrame:
    """product_id, price, units, stock: of each product that sold or was priced in 13 weeks.

    `price` is the latest asked outside promotions, in the middle of its places; `units` a week
    outside promotions and stock-outs, over all places or the one given; `stock` the last known, NaN
    where there is none.
    """
    return store.frame(
        f"""
        WITH edge AS (SELECT max(day) AS last FROM sales WHERE dataset_id = $1),
        recent AS (
            SELECT product_id, place_id, day, sum(quantity) AS quantity,
                   coalesce(avg(price) FILTER (price > 0), sum(revenue) FILTER (quantity > 0)
                       / nullif(sum(quantity) FILTER (quantity > 0 AND revenue > 0), 0)) AS price,
                   coalesce(bool_or(promo), false) AS promo,
                   max(stock_on_hand) AS stock, coalesce(max(stock_on_hand) <= 0, false) AS empty
            FROM sales, edge WHERE dataset_id = $1 AND day > last - {NOW_DAYS}
                 AND ($2::INTEGER IS NULL OR place_id = $2) GROUP BY ALL
        ), pairs AS (
            SELECT product_id, place_id,
                   coalesce(arg_max(price, day) FILTER (NOT promo AND price > 0),
                            arg_max(price, day) FILTER (price > 0)) AS price,
                   coalesce(sum(quantity) FILTER (NOT promo AND NOT empty), 0) AS quantity,
                   (any_value(last) - min(day) + 1) - count(*) FILTER (promo OR empty) AS days,
                   arg_max(stock, day) FILTER (stock IS NOT NULL) AS stock
            FROM recent, edge GROUP BY ALL
        )
        SELECT product_id, median(price) AS price,
               sum(greatest(quantity, 0) * 7.0 / days) FILTER (days > 0) AS units,
               sum(CASE WHEN stock IS NOT NULL THEN greatest(stock, 0) END) AS stock
        FROM pairs GROUP BY 1 HAVING median(price) > 0 ORDER BY 1
        """,
        [dataset_id, place_id],
    ).astype({"price": float, "units": float, "stock": float})


def season(store: Store, dataset_id: int, product_id: int, weeks: int) -> pd.DataFrame:
    """week (0 to `weeks` - 1) and factor: what the product's widest category sold in the same weeks
    a year before, over its mean of the 13 weeks before them. Empty with less than a year of sales.
    """
    frame = store.frame(
        """
        WITH edge AS (SELECT max(day) AS last, min(day) AS first FROM sales WHERE dataset_id = $1),
        mine AS (
            SELECT product_id FROM product WHERE dataset_id = $1 AND coalesce(categories[1], '') =
                (SELECT coalesce(categories[1], '') FROM product WHERE product_id = $2)
        ), weekly AS (
            SELECT floor((day - (last - 363)) / 7.0)::INTEGER AS week, sum(quantity) AS quantity
            FROM sales SEMI JOIN mine USING (product_id), edge
            WHERE dataset_id = $1 AND day > last - 364 - 91 AND first <= last - 364 - 91 GROUP BY 1
        )
        SELECT week, quantity / (SELECT avg(quantity) FROM weekly WHERE week BETWEEN -13 AND -1)
               AS factor
        FROM weekly WHERE week BETWEEN 0 AND $3 - 1 ORDER BY 1
        """,
        [dataset_id, product_id, weeks],
    )
    return frame.astype({"factor": float})


def changes(store: Store, dataset_id: int, product_id: int, *, since: date) -> pd.DataFrame:
    """day, price of a product outside promotions: the middle of its places, where it changed."""
    frame = store.frame(
        """
        WITH daily AS (
            SELECT day, median(price) AS price FROM sales
            WHERE dataset_id = $1 AND product_id = $2 AND day >= $3 AND price > 0
                  AND NOT coalesce(promo, false) GROUP BY day
        )
        SELECT day, price FROM daily
        QUALIFY price IS DISTINCT FROM lag(price) OVER (ORDER BY day) ORDER BY day
        """,
        [dataset_id, product_id, since],
    )
    return frame.assign(day=pd.to_datetime(frame["day"]).astype("datetime64[ns]"))
