"""What the worklist asks of the sales: what each product sold lately, what fell silent, what is
new, and what last year's events did. Quick on tens of millions of rows."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from data.store import Store

USUAL_DAYS = 56  # before its last sale, that say what is usual for a product in a place
SILENT_WITHIN = 84  # days; what has not sold for longer has ended
BASE_DAYS = 28  # before an event, that it is compared with


def recent(
    store: Store, dataset_id: int, *, until: date, weeks: int, products: Sequence[int] = ()
) -> pd.DataFrame:
    """product_id, ago, quantity: units of seven days, `ago` 0 for those that end `until`.

    Of some products or of all, in all places together; weeks without a row are missing.
    """
    asked = "AND product_id IN (SELECT unnest($4::INTEGER[]))" if products else ""
    return store.frame(
        f"""
        SELECT product_id, (($2::DATE - day) // 7)::INTEGER AS ago, sum(quantity) AS quantity
        FROM sales WHERE dataset_id = $1 AND day <= $2::DATE AND day > $2::DATE - 7 * $3::INTEGER
             {asked}
        GROUP BY ALL
        """,
        [dataset_id, until, weeks, *([list(products)] if products else [])],
    )


def prices(store: Store, dataset_id: int) -> "pd.Series[float]":
    """Paid per unit by product_id, over the last year of sales with money."""
    frame = store.frame(
        """
        WITH last AS (SELECT max(day) AS day FROM sales WHERE dataset_id = $1)
        SELECT product_id, sum(revenue) / sum(quantity) AS price FROM sales, last
        WHERE dataset_id = $1 AND sales.day > last.day - 364 AND quantity > 0
              AND revenue IS NOT NULL
        GROUP BY product_id HAVING sum(revenue) > 0
        """,
        [dataset_id],
    )
    return frame.set_index("product_id")["price"]


def silent(store: Store, dataset_id: int) -> pd.DataFrame:
    """Products in places that sold until lately and then nothing, where no stock is known:

    product_id, place_id, last_sold, silent (days on which the dataset sold anything since),
    sold_share (of such days with a sale, in the eight weeks before), a_day (units on such a day).
    """
    return store.frame(
        """
        WITH open AS (
            SELECT day, row_number() OVER (ORDER BY day) AS nth
            FROM (SELECT DISTINCT day FROM sales WHERE dataset_id = $1)
        ), last AS (SELECT max(day) AS day, max(nth) AS nth FROM open),
        ended AS (
            SELECT product_id, place_id, max(sales.day) FILTER (quantity > 0) AS last_sold
            FROM sales, last
            WHERE dataset_id = $1 AND sales.day > last.day - $2::INTEGER - $3::INTEGER
            GROUP BY ALL
            HAVING arg_max(stock_on_hand, sales.day) IS NULL
               AND last_sold < any_value(last.day) AND last_sold > any_value(last.day) - $2::INTEGER
        ), usual AS (
            SELECT product_id, place_id, last_sold,
                   count(DISTINCT day) FILTER (quantity > 0) AS sold_days,
                   sum(quantity) AS units, min(day) AS first_day
            FROM sales JOIN ended USING (product_id, place_id)
            WHERE dataset_id = $1 AND day <= last_sold AND day > last_sold - $3::INTEGER
            GROUP BY ALL
        )
        SELECT product_id, place_id, last_sold, last.nth - here.nth AS silent,
               sold_days / (here.nth - begun.nth + 1) AS sold_share,
               units / (here.nth - begun.nth + 1) AS a_day
        FROM usual JOIN open here ON here.day = last_sold
        JOIN open begun ON begun.day = first_day, last
        WHERE sold_days >= 3
        """,
        [dataset_id, SILENT_WITHIN, USUAL_DAYS],
    )


def new_products(store: Store, dataset_id: int, *, weeks: int) -> pd.DataFrame:
    """product_id, first_day, quantity, revenue of what was first sold in the last weeks.

    Empty where the dataset itself is not more than half a year older than that.
    """
    return store.frame(
        """
        WITH span AS (SELECT min(day) AS first, max(day) AS last FROM sales WHERE dataset_id = $1)
        SELECT product_id, min(day) AS first_day, sum(quantity) AS quantity,
               coalesce(sum(revenue), 0) AS revenue
        FROM sales, span WHERE dataset_id = $1
        GROUP BY product_id
        HAVING min(day) > any_value(last) - 7 * $2::INTEGER
           AND any_value(first) < any_value(last) - 7 * $2::INTEGER - 182 AND sum(quantity) > 0
        """,
        [dataset_id, weeks],
    )


def around_events(store: Store, dataset_id: int, windows: pd.DataFrame) -> pd.DataFrame:
    """What sold in windows of the past: event, product_id, quantity (units in the window),
    usual (units that four weeks like those before it would sell in as many days).

    `windows` has event, first, last: days, both inclusive. Products without sales before are left
    out.
    """
    given = windows.assign(
        first=pd.to_datetime(windows["first"]), last=pd.to_datetime(windows["last"])
    )
    with store.cursor() as cursor:
        cursor.register("event_windows", given)
        found = cursor.execute(
            """
            WITH asked AS (
                SELECT event, first::DATE AS first, last::DATE AS last FROM event_windows
            )
            SELECT event, product_id,
                   coalesce(sum(quantity) FILTER (day >= first), 0) AS quantity,
                   sum(quantity) FILTER (day < first) / $2
                       * (any_value(last) - any_value(first) + 1) AS usual
            FROM sales JOIN asked ON day BETWEEN first - $2::INTEGER AND last
            WHERE dataset_id = $1
            GROUP BY ALL HAVING usual > 0
            """,
            [dataset_id, BASE_DAYS],
        ).df()
        cursor.unregister("event_windows")
    return found


def planned(store: Store, dataset_id: int, first: date, last: date) -> "set[int]":
    """The products for which a price or promotion is planned in these days."""
    rows = store.rows(
        "SELECT DISTINCT product_id FROM plan WHERE dataset_id = $1 AND day BETWEEN $2 AND $3",
        [dataset_id, first, last],
    )
    return {int(row[0]) for row in rows}


def sparks(
    store: Store, dataset_id: int, pairs: pd.DataFrame, *, until: date, weeks: int
) -> pd.DataFrame:
    """Weekly units of some products, in a place or in all: `pairs` has product_id and place_id
    (NaN: all places). Gives row (of `pairs`), ago, quantity."""
    given = pairs.reset_index(drop=True).rename_axis("row").reset_index()
    with store.cursor() as cursor:
        cursor.register("spark_pairs", given[["row", "product_id", "place_id"]])
        found = cursor.execute(
            """
            SELECT row, (($2::DATE - day) // 7)::INTEGER AS ago, sum(quantity) AS quantity
            FROM spark_pairs p JOIN sales s ON s.product_id = p.product_id
                 AND (p.place_id IS NULL OR isnan(p.place_id) OR s.place_id = p.place_id)
            WHERE dataset_id = $1 AND day <= $2::DATE AND day > $2::DATE - 7 * $3::INTEGER
                  AND s.product_id IN (SELECT product_id FROM spark_pairs)
            GROUP BY ALL
            """,
            [dataset_id, until, weeks],
        ).df()
        cursor.unregister("spark_pairs")
    return found
