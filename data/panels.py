"""Sales as a panel to learn from: a row per series and period, and what is planned after them."""

import pandas as pd

from data.queries import PERIOD, relation, where
from data.scope import Scope, Split
from data.store import Store

DECIMALS = 6  # that targets, prices and shares are rounded to
PAID_DAYS = 91  # whose prices count as paid lately
_KEYS = {
    "total": "'total'",
    "category": "coalesce(p.categories[$depth], '')",
    "place": "s.place_id::VARCHAR",
    "product": "s.product_id::VARCHAR",
    "product_place": "s.product_id::VARCHAR || ':' || s.place_id::VARCHAR",
}


def panel(store: Store, scope: Scope, split: Split, *, horizon: int) -> pd.DataFrame:
    """series_id, timestamp, target, price, promo, ahead; ordered by series and time.

    A series starts with its first sale and ends `horizon` periods after the last complete one;
    `ahead` marks those. `target` is the scope's measure: zero in periods without a row, or NaN
    where the dataset's days without a row are not known, and NaN ahead. `price` is the mean asked
    (or paid), carried over periods without a row; `promo` the share of product-days on promotion.
    Ahead both come from the plan (that of the place before that of everywhere) and from the days
    already sold, NaN where there is neither.
    For a corrected scope, `target` is NaN too where at least half of the product-days are excluded.
    """
    condition, parameters = where(scope)
    unit, key = PERIOD[scope.freq], _KEYS[split]
    parameters |= {"horizon": horizon}
    if split == "category":
        parameters |= {"depth": len(scope.categories) + 1}
    frame = store.frame(
        f"""
        WITH {_periods(unit)}, known AS (
            SELECT product_id, place_id, day, quantity, revenue, price, promo, excluded
            FROM {relation(scope)} WHERE {condition}
        ), {_sold(unit, key, scope)}, {_ahead(unit, key)}, grid AS (
            SELECT series_id, unnest(generate_series(first::TIMESTAMP,
                cutoff + to_{unit}s($horizon::INTEGER), INTERVAL 1 {unit}))::DATE AS timestamp
            FROM (SELECT series_id, min(timestamp) AS first FROM sold GROUP BY 1), edge
        )
        SELECT g.series_id, g.timestamp, g.timestamp > cutoff AS ahead,
               CASE WHEN g.timestamp > cutoff THEN NULL
                    WHEN sold.timestamp IS NULL AND NOT unknown THEN 0
                    ELSE sold.target END AS target,
               CASE WHEN g.timestamp > cutoff THEN ahead.price
                    ELSE last_value(sold.price IGNORE NULLS) OVER (
                        PARTITION BY g.series_id ORDER BY g.timestamp) END AS price,
               CASE WHEN g.timestamp > cutoff THEN ahead.promo
                    WHEN sold.timestamp IS NULL AND count(sold.promo) OVER () > 0 THEN 0
                    ELSE sold.promo END AS promo
        FROM grid g LEFT JOIN sold USING (series_id, timestamp)
        LEFT JOIN ahead ON ahead.series_id = g.series_id AND ahead.timestamp = g.timestamp, edge
        ORDER BY g.series_id, g.timestamp
        """,
        parameters,
    )
    frame["timestamp"] = pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]")
    numbers = ["target", "price", "promo"]
    # The database adds up in parallel, in whatever order: equal sales are to give equal numbers.
    return frame.astype(dict.fromkeys(numbers, float)).round(dict.fromkeys(numbers, DECIMALS))


def paid(store: Store, scope: Scope, split: Split) -> pd.DataFrame:
    """series_id, price: paid per unit over the last 13 weeks of sales with money."""
    condition, parameters = where(scope)
    if split == "category":
        parameters |= {"depth": len(scope.categories) + 1}
    known = "quantity > 0 AND revenue IS NOT NULL"
    return store.frame(
        f"""
        WITH last AS (SELECT max(day) AS day FROM sales WHERE dataset_id = $dataset_id),
        known AS (
            SELECT product_id, place_id, quantity, revenue FROM {relation(scope)}
            WHERE {condition} AND day > (SELECT day FROM last) - {PAID_DAYS}
        )
        SELECT {_KEYS[split]} AS series_id,
               sum(revenue) FILTER ({known}) / nullif(sum(quantity) FILTER ({known}), 0) AS price
        FROM known s JOIN product p USING (product_id) GROUP BY 1 HAVING price > 0 ORDER BY 1
        """,
        parameters,
    )


def _periods(unit: str) -> str:
    """Tables `span` and `edge`: the first whole period, the last (`cutoff`), and what is sold."""
    return f"""
        span AS (
            SELECT any_value(gap_policy) = 'missing' AS unknown,
                   min(CASE frequency WHEN 'W' THEN date_trunc('week', day)
                                      WHEN 'M' THEN date_trunc('month', day)
                                      ELSE day END)::DATE AS first_day,
                   max(CASE frequency WHEN 'W' THEN date_trunc('week', day) + INTERVAL 6 DAY
                                      WHEN 'M' THEN last_day(day) ELSE day END)::DATE AS last_day
            FROM (SELECT DISTINCT day FROM sales WHERE dataset_id = $dataset_id), dataset
            WHERE dataset_id = $dataset_id
        ), edge AS (
            SELECT (date_trunc('{unit}', last_day + INTERVAL 1 DAY)
                    - INTERVAL 1 {unit})::DATE AS cutoff,
                   unknown, last_day,
                   CASE WHEN date_trunc('{unit}', first_day) = first_day OR '{unit}' = 'day'
                        THEN first_day
                        ELSE (date_trunc('{unit}', first_day) + INTERVAL 1 {unit})::DATE
                   END AS first_period
            FROM span
        )"""


def _sold(unit: str, key: str, scope: Scope) -> str:
    """Table `sold`, of `known` sales: a row per series and whole period with any."""
    return f"""
        keyed AS (
            SELECT {key} AS series_id, date_trunc('{unit}', s.day)::DATE AS timestamp, s.*
            FROM known s JOIN product p USING (product_id)
        ), sold AS (
            SELECT series_id, timestamp,
                   CASE WHEN 2 * count(*) FILTER (excluded) < count(*)
                        THEN sum({scope.measure}) END AS target,
                   coalesce(avg(price), sum(revenue) FILTER (quantity > 0)
                       / nullif(sum(quantity) FILTER (quantity > 0 AND revenue IS NOT NULL), 0)
                   ) AS price, avg(promo::INTEGER) AS promo
            FROM keyed, edge WHERE timestamp BETWEEN first_period AND cutoff GROUP BY ALL
        )"""


def _ahead(unit: str, key: str) -> str:
    """Table `ahead`: prices and promotions planned, or charged since the last whole period."""
    return f"""
        pairs AS (
            SELECT DISTINCT product_id, place_id FROM known
        ), planned AS (
            SELECT q.product_id, pairs.place_id, day, price, promo
            FROM plan q JOIN pairs
                ON pairs.product_id = q.product_id AND pairs.place_id = coalesce(q.place_id,
                   pairs.place_id), edge
            WHERE dataset_id = $dataset_id AND day > last_day
            QUALIFY row_number() OVER (PARTITION BY q.product_id, pairs.place_id, day
                                       ORDER BY q.place_id NULLS LAST) = 1
            UNION ALL SELECT product_id, place_id, day, price, promo FROM known, edge
            WHERE date_trunc('{unit}', day)::DATE > cutoff
        ), ahead AS (
            SELECT {key} AS series_id, date_trunc('{unit}', s.day)::DATE AS timestamp,
                   avg(price) AS price, avg(promo::INTEGER) AS promo
            FROM planned s JOIN product p USING (product_id) GROUP BY ALL
        )"""
