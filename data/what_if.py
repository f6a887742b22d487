"""What a scenario stands on: past weeks with prices, the plan of days to come, prices seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from data.store import Store


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What is planned, and what holds where nothing is."""

    plan: pd.DataFrame  # product_id, place_id (empty: everywhere), day, price, promo, discount
    prices: pd.DataFrame  # product_id, place_id, regular, lowest, highest


def periods(
    store: Store,
    dataset_id: int,
    *,
    until: date,
    count: int,
    days: int,
    products: Sequence[int] | None = None,
    place_id: int | None = None,
) -> pd.DataFrame:
    """product_id, place_id, ago, quantity, price, promo, out: sums of so many days each.

    `ago` is 0 for those that end `until`; `price` is asked (or paid) per unit, `promo` the share of
    days on promotion, `out` the number of days that ended without stock. Periods without a row are
    missing. Without `products`, of all of them.
    """
    return store.frame(
        """
        SELECT product_id, place_id, (($until::DATE - day) // $days::INTEGER)::INTEGER AS ago,
               sum(quantity) AS quantity,
               coalesce(avg(price), sum(revenue) FILTER (quantity > 0)
                   / nullif(sum(quantity) FILTER (quantity > 0 AND revenue IS NOT NULL), 0)
               ) AS price,
               avg(promo::INTEGER) AS promo,
               count(DISTINCT day) FILTER (stock_on_hand <= 0) AS out
        FROM sales WHERE dataset_id = $dataset_id AND day <= $until::DATE
             AND day > $until::DATE - $days::INTEGER * $count::INTEGER
             AND ($products::INTEGER[] IS NULL
                  OR product_id IN (SELECT unnest($products::INTEGER[])))
             AND ($place::INTEGER IS NULL OR place_id = $place)
        GROUP BY ALL ORDER BY ALL
        """,
        {
            "dataset_id": dataset_id,
            "until": until,
            "count": count,
            "days": days,
            "products": None if products is None else [int(each) for each in products],
            "place": place_id,
        },
    )  # fmt: skip


def ahead(
    store: Store, dataset_id: int, *, after: date, until: date, products: Sequence[int]
) -> Ahead:
    """The plan of the days after `after`, and the prices of each product in each place so far.

    `regular` is the last price asked without promotion (else the last one, or paid); lowest and
    highest leave out days that sold nothing at a price.
    """
    chosen = [int(each) for each in products]
    plan = store.frame(
        """
        SELECT product_id, place_id, day, price, promo, discount FROM plan
        WHERE dataset_id = $1 AND day > $2::DATE AND day <= $3::DATE
             AND product_id IN (SELECT unnest($4::INTEGER[]))
        ORDER BY product_id, place_id NULLS FIRST, day
        """,
        [dataset_id, after, until, chosen],
    )
    prices = store.frame(
        """
        WITH asked AS (
            SELECT product_id, place_id, day, promo, discount,
                   coalesce(price, CASE WHEN quantity > 0 THEN revenue / quantity END) AS price
            FROM sales WHERE dataset_id = $1 AND product_id IN (SELECT unnest($2::INTEGER[]))
        )
        SELECT product_id, place_id,
               coalesce(arg_max(price, day) FILTER (NOT coalesce(promo, false)
                                                    AND coalesce(discount, 0) = 0),
                        arg_max(price, day)) AS regular,
               min(price) AS lowest, max(price) AS highest
        FROM asked WHERE price > 0 GROUP BY ALL ORDER BY ALL
        """,
        [dataset_id, chosen],
    )
    return Ahead(plan=plan.assign(day=pd.to_datetime(plan["day"])), prices=prices)


def weekdays(store: Store, dataset_id: int, *, until: date) -> pd.DataFrame:
    """category (the widest), weekday (1 Monday to 7), quantity: sums of the last half year."""
    return store.frame(
        """
        SELECT coalesce(p.categories[1], '') AS category, isodow(day)::INTEGER AS weekday,
               sum(greatest(quantity, 0)) AS quantity
        FROM sales s JOIN product p USING (product_id)
        WHERE s.dataset_id = $1 AND day > $2::DATE - 182 GROUP BY ALL ORDER BY ALL
        """,
        [dataset_id, until],
    )
