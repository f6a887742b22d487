"""What one promotion is held against: its product's sales beside those of untouched products."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from data.prices import UNIT, Grain
from data.store import Store

BEFORE_DAYS = 364  # of sales to learn from


def beside(
    store: Store,
    dataset_id: int,
    product_id: int,
    places: Sequence[int],
    *,
    first: date,
    last: date,
    grain: Grain,
    price: float | None = None,
    limit: int = 40,
) -> pd.DataFrame:
    """product_id, timestamp, quantity, quiet: the product and those that were left alone meanwhile.

    In the given places, up to a year before `first` and until `last`. `quiet` is False in periods
    with a promotion or stock-out of that product. Products of the same category come first, then
    those of the same widest category, then the best sellers; those that were promoted, or whose
    price moved by a twentieth, between `first` and `last` are left out. With `price` periods in
    which the product cost something else before `first` are not quiet either.
    """
    frame = store.frame(
        f"""
        WITH tree AS (
            SELECT product_id, categories FROM product WHERE dataset_id = $1
        ), own AS (SELECT categories FROM tree WHERE product_id = $2),
        sold AS (
            SELECT product_id, day, quantity, price, coalesce(promo, false) AS promo,
                   coalesce(stock_on_hand <= 0, false) AS empty
            FROM sales WHERE dataset_id = $1 AND day BETWEEN $4::DATE - {BEFORE_DAYS} AND $5::DATE
                 AND place_id IN (SELECT unnest($3::INTEGER[]))
        ), judged AS (
            SELECT product_id, sum(quantity) AS quantity,
                   bool_or(promo AND day >= $4::DATE) AS touched,
                   abs(avg(price) FILTER (day >= $4::DATE) / median(price) FILTER (
                       day >= $4::DATE - 56 AND day < $4::DATE) - 1) > 0.05 AS moved
            FROM sold GROUP BY 1
        ), chosen AS (
            SELECT product_id FROM judged JOIN tree USING (product_id), own
            WHERE product_id <> $2 AND NOT touched AND NOT coalesce(moved, false) AND quantity > 0
            ORDER BY tree.categories = own.categories DESC,
                     tree.categories[1] IS NOT DISTINCT FROM own.categories[1] DESC,
                     quantity DESC LIMIT $6
        )
        SELECT product_id, date_trunc('{UNIT[grain]}', day)::DATE AS timestamp,
               sum(quantity) AS quantity, NOT (bool_or(promo) OR bool_or(empty)
                    OR coalesce(abs(median(price) / $7::DOUBLE - 1) > 0.02, false)) AS quiet
        FROM sold WHERE product_id = $2 OR product_id IN (SELECT product_id FROM chosen)
        GROUP BY ALL ORDER BY 1, 2
        """,
        [dataset_id, product_id, list(places), first, last, limit, price],
    )
    frame["timestamp"] = pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]")
    return frame.astype({"quantity": float})
