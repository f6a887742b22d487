"""What an event's effect is measured on: sums per category and period, and what else moved them."""

import pandas as pd

from data.queries import PERIOD, where
from data.scope import Scope
from data.store import Store


def sums(store: Store, scope: Scope, *, by_category: bool) -> pd.DataFrame:
    """series_id, timestamp, amount, promo, price, empty; ordered by series and time.

    `amount` is the scope's measure in each period of the scope's frequency that has rows. Series
    are the categories one level below the scope, or 'total'. The others are means over the
    product-days of the period, each weighted by what its product sells in that month of the year,
    so that a slow product's promotion counts little: `promo` the share on promotion, `price` the
    log of the price against the product's usual one, `empty` the share out of stock. NaN where
    the data does not know.
    """
    condition, parameters = where(scope)
    key = "coalesce(p.categories[$depth], '')" if by_category else "'total'"
    if by_category:
        parameters |= {"depth": len(scope.categories) + 1}
    # Sales are read twice and never kept in between; parts are numbers until the end, which group
    # faster than words.
    frame = store.frame(
        f"""
        WITH monthly AS (
            SELECT product_id, month(day) AS month, greatest(sum(quantity), 0) / count(*) AS weight,
                   sum(ln(nullif(greatest(price, 0), 0))) AS logs,
                   count(*) FILTER (price > 0) AS priced
            FROM sales WHERE {condition} GROUP BY ALL
        ), usual AS (
            SELECT m.*, {key} AS series_id, dense_rank() OVER (ORDER BY {key}) AS part,
                   sum(logs) OVER (PARTITION BY product_id)
                       / nullif(sum(priced) OVER (PARTITION BY product_id), 0) AS usual_price
            FROM monthly m JOIN product p USING (product_id)
        ), known AS (
            SELECT product_id, day, month(day) AS month, {scope.measure} AS amount,
                   ln(nullif(greatest(price, 0), 0)) AS price, promo::INTEGER AS promo,
                   (stock_on_hand <= 0)::INTEGER AS empty
            FROM sales WHERE {condition}
        ), daily AS (
            SELECT part, day, sum(amount) AS amount, sum(weight * promo) AS promo,
                   sum(weight * (price - usual_price)) AS price, sum(weight * empty) AS empty,
                   sum(CASE WHEN promo IS NULL THEN 0 ELSE weight END) AS promo_known,
                   sum(CASE WHEN price IS NULL THEN 0 ELSE weight END) AS price_known,
                   sum(CASE WHEN empty IS NULL THEN 0 ELSE weight END) AS empty_known
            FROM known JOIN usual USING (product_id, month) GROUP BY ALL
        )
        SELECT series_id, date_trunc('{PERIOD[scope.freq]}', day)::DATE AS timestamp,
               sum(amount) AS amount, sum(promo) / nullif(sum(promo_known), 0) AS promo,
               sum(price) / nullif(sum(price_known), 0) AS price,
               sum(empty) / nullif(sum(empty_known), 0) AS empty
        FROM daily JOIN (SELECT DISTINCT part, series_id FROM usual) USING (part)
        GROUP BY ALL ORDER BY 1, 2
        """,
        parameters,
    )
    frame["timestamp"] = pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]")
    numbers = ["amount", "promo", "price", "empty"]
    return frame.astype(dict.fromkeys(numbers, float))
