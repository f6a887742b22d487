"""The temporary tables behind data quality: one pass over the sales per question, then small sums.

A series is a product in a place. Its days are those between its first and its last row; in data
of weeks or months a "day" is a whole week or month. All tables live on one cursor and end with it:

quality_open     a row per day with any row: number (1, 2, …), rows, sells
quality_series   a row per series: life in days, expected (of those: the shop has rows), missing
quality_unusual  days far above their series' usual day, as `data.ingest` marks them
quality_likely   runs without a sale in series that sell nearly every day, where stock is not known
quality_product  a row per product with everything above summed
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pandas as pd

from data.ingest.series_checks import DEAD_DAYS, LOOKED_AT, NEW_DAYS, STEADY, UNLIKELY
from data.queries import PERIOD
from data.scope import Freq

LARGE = 20  # units; no day below is unusually large
DEVIATIONS = 5  # standard deviations of the logarithm above the mean
TIMES = 10  # times the usual day (geometric mean) at least


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One dataset, or one place of it, on a cursor that holds its temporary tables."""

    cursor: duckdb.DuckDBPyConnection
    dataset_id: int
    place_id: int | None
    freq: Freq  # what one row stands for

    @property
    def unit(self) -> str:
        """What one row stands for, as DuckDB calls it: day, week or month."""
        return PERIOD[self.freq]

    @property
    def rows(self) -> str:
        """What follows FROM: the sales, one row per series and day; binds `bound`."""
        return f"quality_sales WHERE {self.scope}"

    @property
    def scope(self) -> str:
        place = "" if self.place_id is None else " AND place_id = $place_id"
        return f"dataset_id = $dataset_id{place}"

    @property
    def bound(self) -> dict[str, Any]:
        """The parameters of `rows` and `scope`."""
        place = {} if self.place_id is None else {"place_id": self.place_id}
        return {"dataset_id": self.dataset_id, **place}

    def all(self, sql: str, bound: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        return self.cursor.execute(sql, bound or {}).fetchall()

    def one(self, sql: str, bound: dict[str, Any] | None = None) -> tuple[Any, ...]:
        return self.all(sql, bound)[0]

    def frame(self, sql: str, bound: dict[str, Any] | None = None) -> pd.DataFrame:
        return self.cursor.execute(sql, bound or {}).df()

    def build(self, name: str, sql: str, bound: dict[str, Any] | None = None) -> None:
        self.cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}", bound or {})


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The whole shop (or place) in numbers; days are product-days."""

    products: int
    series: int
    first_day: date
    last_day: date
    life: int  # days between first and last row, summed over the series
    closed: int  # of those: no series of the shop has a row
    missing: int  # of those: others have a row, this one has none
    sold_days: int
    stock_known: int
    stock_out: int
    sold: float  # units, returns not subtracted
    returned: float  # units, positive
    priceless: int  # days with a sale but without a price
    categorised: bool  # whether any product has a category
    refused: int  # rows of all imports of the dataset
    set_aside: int

    @property
    def priced(self) -> bool:
        """Whether any sale has a price."""
        return self.priceless < self.sold_days


def build(
    cursor: duckdb.DuckDBPyConnection, dataset_id: int, place_id: int | None
) -> Reading | None:
    """Fill the temporary tables; None where the dataset (or place) has no sales."""
    found = cursor.execute(
        "SELECT frequency FROM dataset WHERE dataset_id = $1", [dataset_id]
    ).fetchall()
    if not found:
        return None
    reading = Reading(cursor=cursor, dataset_id=dataset_id, place_id=place_id, freq=found[0][0])
    _sales(reading)
    _open_days(reading)
    if not reading.one("SELECT count(*) FROM quality_open")[0]:
        return None
    _series(reading)
    _unusual(reading)
    _likely(reading)
    _product(reading)
    return reading


def totals(reading: Reading) -> Totals:
    """Sums over the temporary tables, and what the imports left out."""
    row = reading.one("""
        SELECT count(DISTINCT product_id), count(*), min(first_day), max(last_day), sum(life),
               sum(life - expected), sum(missing) FROM quality_series
    """)
    sums = reading.one("""
        SELECT sum(sold_days), sum(stock_known), sum(stock_out), sum(sold), sum(returned),
               sum(priceless), bool_or(len(categories) > 0) FROM quality_product
    """)
    refused, set_aside = reading.one(
        "SELECT coalesce(sum(rows_refused), 0), coalesce(sum(rows_set_aside), 0) FROM import_log "
        "WHERE undone_at IS NULL AND dataset_id = $dataset_id",
        {"dataset_id": reading.dataset_id},
    )
    return Totals(
        products=row[0],
        series=row[1],
        first_day=row[2],
        last_day=row[3],
        life=int(row[4]),
        closed=int(row[5]),
        missing=int(row[6]),
        sold_days=int(sums[0]),
        stock_known=int(sums[1]),
        stock_out=int(sums[2]),
        sold=float(sums[3]),
        returned=float(sums[4]),
        priceless=int(sums[5]),
        categorised=bool(sums[6]),
        refused=int(refused),
        set_aside=int(set_aside),
    )


def _sales(reading: Reading) -> None:
    """`quality_sales`: the sales themselves, or where there are channels, their sums."""
    (channels,) = reading.one(
        f"SELECT max(channel) > '' FROM sales WHERE {reading.scope}", reading.bound
    )
    if not channels:
        reading.cursor.execute("CREATE OR REPLACE TEMP VIEW quality_sales AS SELECT * FROM sales")
        return
    reading.build(
        "quality_summed",
        f"""
        SELECT dataset_id, product_id, place_id, day, sum(quantity) AS quantity,
               sum(revenue) AS revenue, avg(price) AS price, max(stock_on_hand) AS stock_on_hand
        FROM sales WHERE {reading.scope} GROUP BY ALL
        """,
        reading.bound,
    )
    reading.cursor.execute(
        "CREATE OR REPLACE TEMP VIEW quality_sales AS SELECT * FROM quality_summed"
    )


def _open_days(reading: Reading) -> None:
    reading.build(
        "quality_open",
        f"""
        SELECT day, row_number() OVER (ORDER BY day) AS number, count(*) AS rows,
               max(quantity) > 0 AS sells
        FROM {reading.rows} GROUP BY day
        """,
        reading.bound,
    )


def _series(reading: Reading) -> None:
    """Three quick passes instead of a slow one: all rows, rows with a sale, rows below zero."""
    reading.build(
        "quality_all",
        f"""
        SELECT product_id, place_id, min(day) AS first_day, max(day) AS last_day,
               count(*) AS days, sum(quantity) AS units, sum(revenue) AS revenue,
               max(quantity) AS largest
        FROM {reading.rows} GROUP BY product_id, place_id
        """,
        reading.bound,
    )
    reading.build(
        "quality_sold",
        f"""
        SELECT product_id, place_id, count(*) AS sold_days, max(day) AS last_sold
        FROM {reading.rows} AND quantity > 0 GROUP BY product_id, place_id
        """,
        reading.bound,
    )
    reading.build(
        "quality_below",
        f"""
        SELECT product_id, place_id, count(*) AS below_days, -sum(quantity) AS below
        FROM {reading.rows} AND quantity < 0 GROUP BY product_id, place_id
        """,
        reading.bound,
    )
    reading.build(
        "quality_series",
        f"""
        SELECT s.* REPLACE (coalesce(sold_days, 0) AS sold_days,
                            coalesce(below_days, 0) AS below_days, coalesce(below, 0) AS below),
               days - coalesce(sold_days, 0) - coalesce(below_days, 0) AS zero_days,
               date_diff('{reading.unit}', first_day, last_day) + 1 AS life,
               b.number - a.number + 1 AS expected, b.number - a.number + 1 - days AS missing
        FROM (SELECT * FROM quality_all LEFT JOIN quality_sold USING (product_id, place_id)
              LEFT JOIN quality_below USING (product_id, place_id)) s
        JOIN quality_open a ON a.day = first_day JOIN quality_open b ON b.day = last_day
        """,
    )


def _unusual(reading: Reading) -> None:
    """Only series whose largest day could be unusual are looked at a second time."""
    reading.build(
        "quality_unusual",
        f"""
        WITH large AS (
            SELECT product_id, place_id FROM quality_series
            WHERE largest > {LARGE} AND largest * sold_days > 2 * units
        ), usual AS (
            SELECT product_id, place_id, avg(ln(quantity)) AS mean,
                   stddev_samp(ln(quantity)) AS deviation
            FROM {reading.rows} AND quantity > 0
            AND (product_id, place_id) IN (SELECT (product_id, place_id) FROM large)
            GROUP BY product_id, place_id
        ), bound AS (
            SELECT product_id, place_id, exp(mean) AS usual,
                   greatest(exp(mean + {DEVIATIONS} * deviation), {TIMES} * exp(mean), {LARGE})
                   AS high
            FROM usual
        ), above AS (
            SELECT product_id, place_id, usual, high FROM bound
            JOIN quality_series USING (product_id, place_id) WHERE largest > high
        )
        SELECT product_id, place_id, day, quantity, usual
        FROM (SELECT * FROM {reading.rows} AND quantity > {LARGE})
        JOIN above USING (product_id, place_id) WHERE quantity > high
        """,
        reading.bound,
    )


def _likely(reading: Reading) -> None:
    """Runs of zeros that would hardly come by chance, as at import; empty where stock is known."""
    known = (
        reading.freq != "D"
        or reading.one(f"SELECT count(stock_on_hand) > 0 FROM {reading.rows}", reading.bound)[0]
    )
    looked_at = 0 if known else LOOKED_AT
    reading.build(
        "quality_steady",
        f"""
        SELECT product_id, place_id, row_number() OVER () AS series, first_day, last_sold,
               sold_days / (date_diff('day', first_day, last_sold) + 1) AS pace
        FROM quality_series
        WHERE sold_days >= 28 AND last_sold > first_day
          AND sold_days / (date_diff('day', first_day, last_sold) + 1) >= {STEADY}
        ORDER BY units DESC, product_id, place_id LIMIT {looked_at}
        """,
    )
    reading.build(
        "quality_steady_day",
        f"""
        SELECT series, day FROM (SELECT product_id, place_id, day
                                 FROM {reading.rows} AND quantity > 0)
        JOIN quality_steady USING (product_id, place_id)
        """,
        reading.bound,
    )
    reading.build(
        "quality_likely",
        f"""
        WITH runs AS (
            SELECT series, lag(day) OVER (PARTITION BY series ORDER BY day) AS before, day AS after
            FROM quality_steady_day QUALIFY after - before > 3
        ), counted AS (
            SELECT series, before, after, b.number - a.number - 1 AS zeros
            FROM runs JOIN quality_open a ON a.day = before JOIN quality_open b ON b.day = after
        )
        SELECT product_id, place_id, before, after, zeros, pace
        FROM counted JOIN quality_steady USING (series)
        WHERE zeros >= 3
          AND (1 - pace) ** zeros * date_diff('day', first_day, last_sold) < {UNLIKELY}
        """,
    )


def _product(reading: Reading) -> None:
    """A row per product; returns come from the order lines where there are any."""
    reading.build(
        "quality_product",
        f"""
        WITH seen AS (
            SELECT product_id, min(first_day) AS first_day, max(last_sold) AS last_sold,
                   sum(sold_days)::BIGINT AS sold_days, sum(zero_days)::BIGINT AS zero_days,
                   sum(expected)::BIGINT AS expected, sum(missing)::BIGINT AS missing,
                   sum(units) AS units, sum(revenue) AS revenue, sum(below) AS below,
                   sum(below_days)::BIGINT AS below_days,
                   max(largest * sold_days / nullif(units + below, 0)) AS largest
            FROM quality_series GROUP BY product_id
        ), lines AS (
            SELECT product_id, -sum(quantity) AS sent_back,
                   sum(quantity * price) / sum(quantity) AS sent_back_at
            FROM order_line
            WHERE {reading.scope} AND quantity < 0 GROUP BY product_id
        ), stock AS (
            SELECT product_id, count(*) AS known, count(*) FILTER (stock_on_hand <= 0) AS out
            FROM {reading.rows} AND stock_on_hand IS NOT NULL GROUP BY product_id
        ), priced AS (
            SELECT product_id, count(*) - count(price) AS unknown,
                   sum(quantity) FILTER (price IS NULL) AS unknown_units,
                   max(price) <= min(price) * 1.001 AS one,
                   sum(revenue) FILTER (price IS NOT NULL)
                   / sum(quantity) FILTER (price IS NOT NULL) AS paid
            FROM (SELECT product_id, quantity, revenue, CASE WHEN price > 0 THEN price END AS price
                  FROM {reading.rows} AND quantity > 0) GROUP BY product_id
        ), unusual AS (
            SELECT product_id, sum(quantity - usual) AS excess FROM quality_unusual GROUP BY 1
        ), likely AS (
            SELECT product_id, sum(zeros)::BIGINT AS days FROM quality_likely GROUP BY 1
        ), ends AS (SELECT min(first_day) AS first, max(last_sold) AS last FROM seen)
        SELECT seen.*, p.code, p.name, p.categories,
               greatest(coalesce(sent_back, 0), below) AS returned,
               units + greatest(coalesce(sent_back, 0), below) AS sold,
               coalesce(known, 0) AS stock_known, coalesce(out, 0) AS stock_out,
               coalesce(unknown, 0) AS priceless, coalesce(unknown_units, 0) AS priceless_units,
               coalesce(one, false) AS one_price,
               coalesce(paid, sent_back_at) AS paid, coalesce(excess, 0) AS excess,
               coalesce(likely.days, 0) AS likely_days,
               CASE WHEN date_diff('day', ends.first, ends.last) <= {2 * NEW_DAYS} THEN NULL
                    WHEN first_day > ends.last - {NEW_DAYS} THEN 'new'
                    WHEN coalesce(last_sold, first_day) < ends.last - {DEAD_DAYS} THEN 'dead'
               END AS age
        FROM seen JOIN product p USING (product_id) CROSS JOIN ends
        LEFT JOIN lines USING (product_id) LEFT JOIN stock USING (product_id)
        LEFT JOIN priced USING (product_id) LEFT JOIN unusual USING (product_id)
        LEFT JOIN likely USING (product_id)
        """,
        reading.bound,
    )
