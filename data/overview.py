"""Sales of a span of days against a year before: totals, growth, tiles, places, movers.

All of it is summed from the temporary tables of `data.overview_tables`.
"""

from dataclasses import dataclass

import pandas as pd

from data.comparison import Comparison
from data.overview_tables import Reading
from data.scope import Freq, Scope
from data.split import Split, of_revenue, of_units
from data.store import Store

TILES = 24  # categories or products with a tile of their own
RANKED = 20  # places with a bar of their own
MOVED = 8  # products in each table of movers
SPARK = 26  # weeks (or months) of a sparkline
RECENT = 7  # days in which a stock reading counts as the stock of now


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The span and the year before; `_before` is zero where nothing is known of it."""

    units: float
    units_before: float
    revenue: float
    revenue_before: float
    price: float | None  # mean paid per unit; None: not known
    price_before: float | None
    products: int  # that sold in the span
    new: int  # of those: first sold after the days of the year before
    new_value: float  # what these sold, in the measure of the scope
    known: int  # products that sold in the year before
    gone: int  # of those: not sold for `DEAD_DAYS`
    gone_value: float  # what these sold in the year before
    stock_known: int  # product-days of the span with a known stock
    stock_out: int  # of those: none left
    out_now: int  # products without stock in some place, by readings of the last week


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Everything the screen shows, in the measure of the scope. Frames:

    line: start (of a day, week or month), value, before (its counterpart), complete (False where
        a part of it lies outside the span)
    tiles: kind (category, product or other), key (category or product id), label, value, before,
        products; largest first
    places: place_id, label, value, before; largest first, at most `RANKED`
    gained, lost: product_id, label, change, value, before, spark (oldest first)
    """

    totals: Totals
    split: Split | None
    line: pd.DataFrame
    tiles: pd.DataFrame
    places: pd.DataFrame
    all_places: int
    gained: pd.DataFrame
    lost: pd.DataFrame


def overview(store: Store, scope: Scope, comparison: Comparison) -> Overview | None:
    """The overview of a scope; None where nothing was sold in either span."""
    with store.cursor() as cursor:
        reading = Reading(cursor, scope, comparison)
        reading.build_products()
        reading.build_days()
        if not reading.rows("SELECT 1 FROM overview_day LIMIT 1"):
            return None
        return Overview(
            totals=_totals(reading),
            split=_split(reading),
            line=_line(reading),
            tiles=_tiles(reading),
            places=_places(reading),
            all_places=reading.rows("SELECT count(DISTINCT place_id) FROM overview_day")[0][0],
            gained=_movers(reading, "DESC"),
            lost=_movers(reading, "ASC"),
        )


def products(
    store: Store, scope: Scope, comparison: Comparison, *, limit: int = 10**9
) -> pd.DataFrame:
    """Every product that sold in either span (or the first of them), largest change first.

    product_id, code, name, categories; units, revenue (and `_before`), is_new, is_gone.
    """
    with store.cursor() as cursor:
        reading = Reading(cursor, scope, comparison)
        reading.build_products()
        column = reading.column
        return reading.frame(f"""
            SELECT product_id, code, name, categories, units, units_before, revenue,
                   revenue_before, is_new, is_gone
            FROM overview_product JOIN product USING (product_id)
            WHERE {_moved(column, f"{column}_before")}
            ORDER BY abs({column} - {column}_before) DESC, code LIMIT {limit}
        """)


def _totals(reading: Reading) -> Totals:
    column = reading.column
    sums = reading.rows(f"""
        SELECT sum(units), sum(units_before), sum(revenue), sum(revenue_before),
               CASE WHEN sum(priced) > 0 THEN sum(revenue) / sum(priced) END,
               CASE WHEN sum(priced_before) > 0
                    THEN sum(revenue_before) / sum(priced_before) END,
               count(*) FILTER (units > 0),
               count(*) FILTER (units > 0 AND is_new),
               coalesce(sum({column}) FILTER (units > 0 AND is_new), 0),
               count(*) FILTER (units_before > 0),
               count(*) FILTER (units_before > 0 AND is_gone),
               coalesce(sum({column}_before) FILTER (units_before > 0 AND is_gone), 0)
        FROM overview_product
    """)[0]
    stock = reading.rows("""
        SELECT coalesce(sum(stock_known), 0), coalesce(sum(stock_out), 0)
        FROM overview_day WHERE is_now
    """)[0]
    return Totals(
        units=sums[0],
        units_before=sums[1],
        revenue=sums[2],
        revenue_before=sums[3],
        price=sums[4],
        price_before=sums[5],
        products=sums[6],
        new=sums[7],
        new_value=sums[8],
        known=sums[9],
        gone=sums[10],
        gone_value=sums[11],
        stock_known=int(stock[0]),
        stock_out=int(stock[1]),
        out_now=_out_now(reading) if stock[0] else 0,
    )


def _out_now(reading: Reading) -> int:
    """Products whose last reading of the last week says that nothing is left in some place."""
    return int(
        reading.rows(
            f"""
            SELECT count(DISTINCT product_id) FROM (
                SELECT product_id, arg_max(stock_on_hand, day) AS stock FROM sales
                WHERE {reading.where} AND stock_on_hand IS NOT NULL
                  AND day > $last::DATE - {RECENT} AND day <= $last
                GROUP BY product_id, place_id
            ) WHERE stock <= 0
            """,
            reading.bound | {"last": reading.comparison.last},
        )[0][0]
    )


def _split(reading: Reading) -> Split | None:
    if not reading.comparison.has_before:
        return None
    if reading.scope.measure == "revenue":
        row = reading.rows("""
            SELECT sum(priced), sum(priced_before), sum(revenue), sum(revenue_before),
                   coalesce(sum((revenue / priced - revenue_before / priced_before) * priced)
                            FILTER (priced > 0 AND priced_before > 0), 0)
            FROM overview_product
        """)[0]
        return of_revenue(
            units=row[0],
            units_before=row[1],
            revenue=row[2],
            revenue_before=row[3],
            price=row[4],
        )
    both = "units <> 0 AND units_before <> 0"
    row = reading.rows(f"""
        SELECT sum(units), sum(units_before),
               coalesce(sum(units - units_before) FILTER ({both} AND units > units_before), 0),
               coalesce(sum(units) FILTER (units_before = 0), 0),
               coalesce(-sum(units_before) FILTER (units = 0), 0)
        FROM overview_product
    """)[0]
    return of_units(units=row[0], units_before=row[1], more=row[2], new=row[3], gone=row[4])


def _line(reading: Reading) -> pd.DataFrame:
    """The span in days, weeks (as the calendar of the comparison cuts them) or months."""
    comparison, freq = reading.comparison, reading.scope.freq
    unit = {"D": "DAY", "W": "WEEK", "M": "MONTH"}[freq]

    def start(day: str) -> str:
        if freq == "W":  # from the weekday that the calendar's weeks begin with
            back = f"(isodow({day}) + 6 - {comparison.week_start}) % 7"
            return f"({day} - ({back})::INTEGER)"
        return f"date_trunc('{unit}', {day})::DATE"

    return reading.frame(
        f"""
        WITH now AS (
            SELECT {start("day")} AS start, sum(value) AS value FROM overview_day
            WHERE is_now GROUP BY 1
        ), moved AS (
            SELECT (day + {comparison.interval})::DATE AS day, value FROM overview_day
            WHERE is_before
        ), before AS (
            SELECT {start("day")} AS start, sum(value) AS before FROM moved GROUP BY 1
        ), every AS (
            SELECT unnest(generate_series(
                ({start("$first::DATE")})::TIMESTAMP, ({start("$last::DATE")})::TIMESTAMP,
                INTERVAL 1 {unit}))::DATE AS start
        )
        SELECT start, start >= $first AND start + INTERVAL 1 {unit} - INTERVAL 1 DAY <= $last
               AS complete, coalesce(value, 0)::DOUBLE AS value,
               CASE WHEN $has_before THEN coalesce(before, 0)::DOUBLE END AS before
        FROM every LEFT JOIN now USING (start) LEFT JOIN before USING (start) ORDER BY start
        """,
        {"first": comparison.first, "last": comparison.last, "has_before": comparison.has_before},
    )


def _tiles(reading: Reading) -> pd.DataFrame:
    """One level down: categories where there are any below the scope, else products."""
    scope, column = reading.scope, reading.column
    depth = len(scope.categories) + 1
    deeper = scope.product_id is None and bool(
        reading.rows(
            "SELECT 1 FROM overview_product JOIN product USING (product_id) "
            "WHERE len(categories) >= $depth LIMIT 1",
            {"depth": depth},
        )
    )
    key, label = ("product_id::VARCHAR", "name")
    if deeper:
        key = label = f"coalesce(categories[{depth}], '')"
    return reading.frame(f"""
        WITH child AS (
            SELECT {key} AS key, any_value({label}) AS label, sum({column}) AS value,
                   sum({column}_before) AS before, count(*) FILTER (units > 0) AS products
            FROM overview_product JOIN product USING (product_id) GROUP BY 1
        ), ranked AS (
            SELECT *, row_number() OVER (ORDER BY value DESC, before DESC, key) AS place
            FROM child WHERE {_moved("value", "before")}
        ), cut AS (
            SELECT CASE WHEN place < {TILES} OR (SELECT count(*) FROM ranked) = {TILES}
                        THEN place ELSE {TILES} END AS place, * EXCLUDE (place)
            FROM ranked
        )
        SELECT CASE WHEN count(*) > 1 THEN 'other'
                    ELSE '{"category" if deeper else "product"}' END AS kind,
               CASE WHEN count(*) > 1 THEN '' ELSE any_value(key) END AS key,
               CASE WHEN count(*) > 1 THEN format('{{:,}} others', count(*))
                    ELSE any_value(label) END AS label,
               sum(value)::DOUBLE AS value, sum(before)::DOUBLE AS before,
               sum(products)::BIGINT AS products
        FROM cut GROUP BY place ORDER BY place
    """)


def _places(reading: Reading) -> pd.DataFrame:
    return reading.frame(f"""
        SELECT place_id, any_value(name) AS label,
               coalesce(sum(value) FILTER (is_now), 0)::DOUBLE AS value,
               coalesce(sum(value) FILTER (is_before), 0)::DOUBLE AS before
        FROM overview_day JOIN place USING (place_id) GROUP BY place_id
        ORDER BY value DESC, before DESC, place_id LIMIT {RANKED}
    """)


def _movers(reading: Reading, order: str) -> pd.DataFrame:
    """The products that gained (DESC) or lost (ASC) most, with their last weeks or months."""
    column = reading.column
    sign = ">" if order == "DESC" else "<"
    frame = reading.frame(f"""
        SELECT product_id, name AS label, ({column} - {column}_before)::DOUBLE AS change,
               {column}::DOUBLE AS value, {column}_before::DOUBLE AS before
        FROM overview_product JOIN product USING (product_id)
        WHERE {column} {sign} {column}_before
        ORDER BY change {order}, code LIMIT {MOVED if reading.comparison.has_before else 0}
    """)
    frame["spark"] = _sparks(reading, frame["product_id"].tolist())
    return frame


def _sparks(reading: Reading, wanted: list[int]) -> list[list[float]]:
    """The last whole weeks (months, where the scope has nothing finer) of each product."""
    if not wanted:
        return []
    freq: Freq = "M" if reading.comparison.shift is None else "W"
    column = "revenue" if reading.scope.measure == "revenue" else "quantity"
    back = "date_diff('month', day, $last)" if freq == "M" else "date_diff('day', day, $last) // 7"
    days = SPARK * (31 if freq == "M" else 7)
    rows = reading.rows(
        f"""
        SELECT product_id, {back} AS back, coalesce(sum({column}), 0)
        FROM {reading.sales} WHERE {reading.where} AND list_contains($wanted, product_id)
          AND day <= $last AND day > $last::DATE - {days} AND {back} < {SPARK}
        GROUP BY ALL
        """,
        reading.bound | {"wanted": wanted, "last": reading.comparison.last},
    )
    found = {product: [0.0] * SPARK for product in wanted}
    for product, ago, value in rows:
        found[product][SPARK - 1 - ago] = float(value)
    return [found[product] for product in wanted]


def _moved(now: str, before: str) -> str:
    """Whether anything was sold (or returned) in either span."""
    return f"({now} <> 0 OR {before} <> 0)"
