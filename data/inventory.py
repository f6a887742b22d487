"""What is in stock, what is coming, and what was decided about ordering.

Stock on hand is the last one known of a product in a place, from the sales or from a count. An
order that was approved on an earlier stock counts as coming until it is due, unless the list of
deliveries was replaced after it: then that list is the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import pandas as pd

from data.errors import InventoryError
from data.store import Store

PAIR = ["product_id", "place_id"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What somebody decided about one line of the order list."""

    product_id: int
    place_id: int
    due_day: date
    proposed: float  # units
    quantity: float  # units
    approved: bool
    unit_cost: float | None = None
    reason: str = ""


def stock(store: Store, dataset_id: int) -> pd.DataFrame:
    """product_id, place_id, on_hand, day: the last known stock of each product in each place.

    Where sales come by channel, the stock of a day is taken to be the same one in all of them.
    """
    return _dated(
        store.frame(
            """
            WITH known AS (
                SELECT product_id, place_id, day, max(stock_on_hand) AS quantity FROM sales
                WHERE dataset_id = $1 AND stock_on_hand IS NOT NULL GROUP BY ALL
                UNION ALL SELECT product_id, place_id, day, quantity FROM stock_count
                WHERE dataset_id = $1
            )
            SELECT product_id, place_id, arg_max(quantity, day) AS on_hand, max(day) AS day
            FROM known GROUP BY ALL ORDER BY ALL
            """,
            [dataset_id],
        )
    )


def prices(store: Store, dataset_id: int) -> pd.DataFrame:
    """product_id, place_id, price: paid per unit over the last 13 weeks of sales with money."""
    return store.frame(
        """
        WITH last AS (SELECT max(day) AS day FROM sales WHERE dataset_id = $1)
        SELECT product_id, place_id,
               coalesce(sum(revenue) FILTER (quantity > 0 AND revenue IS NOT NULL)
                        / nullif(sum(quantity) FILTER (quantity > 0 AND revenue IS NOT NULL), 0),
                        avg(price)) AS price
        FROM sales, last WHERE dataset_id = $1 AND sales.day > last.day - 91
        GROUP BY ALL HAVING price > 0
        """,
        [dataset_id],
    )


def weekly_sales(
    store: Store, dataset_id: int, *, until: date, weeks: int, products: Sequence[int]
) -> pd.DataFrame:
    """product_id, place_id, ago, quantity, out: sums of seven days, `ago` 0 for those that end
    `until`; `out` is the number of days that ended without stock. Weeks without a row are missing.
    """
    return store.frame(
        """
        SELECT product_id, place_id, (($2::DATE - day) // 7)::INTEGER AS ago,
               sum(quantity) AS quantity,
               count(DISTINCT day) FILTER (stock_on_hand <= 0) AS out
        FROM sales WHERE dataset_id = $1 AND day <= $2::DATE AND day > $2::DATE - 7 * $3::INTEGER
             AND product_id IN (SELECT unnest($4::INTEGER[]))
        GROUP BY ALL ORDER BY ALL
        """,
        [dataset_id, until, weeks, [int(each) for each in products]],
    )


def stock_before(
    store: Store, dataset_id: int, product_id: int, place_id: int, *, since: date
) -> pd.DataFrame:
    """day, on_hand of one product in one place, as far as it is known."""
    return _dated(
        store.frame(
            "SELECT day, max(stock_on_hand) AS on_hand FROM sales WHERE dataset_id = $1 AND "
            "product_id = $2 AND place_id = $3 AND day >= $4 AND stock_on_hand IS NOT NULL "
            "GROUP BY day ORDER BY day",
            [dataset_id, product_id, place_id, since],
        )
    )


def coming(store: Store, dataset_id: int, stock_day: date) -> pd.DataFrame:
    """product_id, place_id, day, quantity of deliveries after the stock was taken.

    Those due earlier are taken to be in the stock.
    """
    return _dated(
        store.frame(
            f"""
            SELECT product_id, place_id, day, quantity FROM stock_delivery
            WHERE dataset_id = $1 AND day > $2::DATE AND quantity > 0
            UNION ALL
            SELECT product_id, place_id, due_day, quantity FROM ({_LATEST})
            WHERE stock_day < $2::DATE AND due_day > $2::DATE AND approved AND quantity > 0
              AND decided_at > coalesce((SELECT deliveries_at FROM stock_revision
                                         WHERE dataset_id = $1), TIMESTAMP '1900-01-01')
            ORDER BY ALL
            """,
            [dataset_id, stock_day],
        )
    )


def late(store: Store, dataset_id: int, stock_day: date) -> int:
    """How many deliveries of the list were due on or before the stock day."""
    (row,) = store.rows(
        "SELECT count(*) FROM stock_delivery WHERE dataset_id = $1 AND day <= $2::DATE",
        [dataset_id, stock_day],
    )
    return int(row[0])


def decide(
    store: Store, dataset_id: int, stock_day: date, decisions: Sequence[Decision], *, author: str
) -> None:
    """Keep decisions, all or none. Raises `InventoryError` for a quantity that cannot be ordered,

    or one that differs from the proposal without a reason.
    """
    for each in decisions:
        if not 0 <= each.quantity < float("inf"):
            raise InventoryError(
                f"The quantity {each.quantity:g} cannot be ordered. Use 0 or more; nothing changed."
            )
        if each.quantity != each.proposed and not each.reason.strip():
            raise InventoryError(
                f"{each.quantity:,.0f} instead of the proposed {each.proposed:,.0f} needs a "
                "reason. Say why; nothing changed."
            )
    with store.transaction() as cursor:
        for each in decisions:
            cursor.execute(
                "INSERT INTO stock_order SELECT nextval('stock_order_key'), $1, $2, $3, $4, $5, $6,"
                " $7, $8, $9, $10, $11, now()::TIMESTAMP",
                [
                    dataset_id, each.product_id, each.place_id, stock_day, each.due_day,
                    each.proposed, each.quantity, each.unit_cost, each.approved,
                    each.reason.strip(), author,
                ],
            )  # fmt: skip


def decisions(store: Store, dataset_id: int, stock_day: date) -> pd.DataFrame:
    """The decisions in force on a stock: a row of product_id and place_id each, the latest."""
    return store.frame(
        f"SELECT product_id, place_id, due_day, proposed, quantity, unit_cost, approved, reason, "
        f"author, decided_at FROM ({_LATEST}) WHERE stock_day = $2::DATE ORDER BY ALL",
        [dataset_id, stock_day],
    )


def history(store: Store, dataset_id: int, *, limit: int = 20) -> pd.DataFrame:
    """The latest decisions with the names of product and place, the newest first."""
    return store.frame(
        """
        SELECT decided_at, author, p.name AS product, l.name AS place, proposed, quantity, approved,
               reason
        FROM stock_order o JOIN product p USING (product_id) JOIN place l USING (place_id)
        WHERE o.dataset_id = $1 ORDER BY order_id DESC LIMIT $2
        """,
        [dataset_id, limit],
    )


def last_decision(store: Store, dataset_id: int) -> int:
    """Grows with every decision."""
    (row,) = store.rows(
        "SELECT coalesce(max(order_id), 0) FROM stock_order WHERE dataset_id = $1", [dataset_id]
    )
    return int(row[0])


def counts_gaps_as_zero(store: Store, dataset_id: int) -> bool:
    """Whether a day without a row of sales is one on which nothing sold."""
    rows = store.rows("SELECT gap_policy FROM dataset WHERE dataset_id = $1", [dataset_id])
    return bool(rows) and rows[0][0] == "zero"


def revision(store: Store, dataset_id: int) -> int:
    """Grows with every change of settings, deliveries and counts; orders are planned anew then."""
    rows = store.rows("SELECT revision FROM stock_revision WHERE dataset_id = $1", [dataset_id])
    return int(rows[0][0]) if rows else 0


def touch(cursor: duckdb.DuckDBPyConnection, dataset_id: int, *, deliveries: bool = False) -> None:
    """Note a change, inside its transaction; `deliveries` where their whole list is another."""
    cursor.execute(
        """
        INSERT INTO stock_revision VALUES ($1, 1, CASE WHEN $2 THEN now()::TIMESTAMP END)
        ON CONFLICT (dataset_id) DO UPDATE SET revision = revision + 1,
            deliveries_at = coalesce(excluded.deliveries_at, deliveries_at)
        """,
        [dataset_id, deliveries],
    )


_LATEST = """
    SELECT * FROM stock_order WHERE dataset_id = $1
    QUALIFY row_number() OVER (
        PARTITION BY product_id, place_id, stock_day ORDER BY order_id DESC) = 1
"""


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(day=pd.to_datetime(frame["day"]).astype("datetime64[ns]"))
