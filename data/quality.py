"""How far the stored sales can be trusted: totals, findings, holes in time, doubtful products.

Everything is aggregated in SQL, see `data.quality_tables`, which also says what a series is.
"""

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from data import quality_tables
from data.ingest.series_checks import STEADY
from data.quality_findings import FEW_SALES, Found, findings
from data.quality_tables import Reading, Totals
from data.store import Store

SPARK = 26  # periods of a sparkline
LISTED = 100  # products in the table of the screen
SHORT = 92  # days up to which weeks are counted instead of months

# A product is marked when its share reaches this.
MANY_OUT = 0.02  # of the days with known stock: out of stock
MANY_RETURNS = 0.10  # of the units sold: returned
MANY_MISSING = 0.05  # of its days, for a product that sells nearly every day: without a row
MANY_PRICELESS = 0.01  # of the days with a sale: without a price


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Everything the screen shows. Frames:

    bins: start (of a month, or a week in short data), series (that sold something)
    days: day (every period), rows (series with a row), sells, share (rows of the series alive)
    products: as `products` gives them, but only marked ones, the `LISTED` largest doubts in units
    and in revenue.
    """

    totals: Totals
    found: tuple[Found, ...]
    bin: str  # month or week
    bins: pd.DataFrame
    days: pd.DataFrame
    products: pd.DataFrame

    def of(self, code: str) -> Found | None:
        """A finding by its code, None where there is none."""
        return next((found for found in self.found if found.code == code), None)


def examine(store: Store, dataset_id: int, place_id: int | None = None) -> Quality | None:
    """The quality of a dataset, or of one place of it; None where it has no sales."""
    with store.cursor() as cursor:
        reading = quality_tables.build(cursor, dataset_id, place_id)
        if reading is None:
            return None
        totals, days = quality_tables.totals(reading), _days(reading)
        short = (totals.last_day - totals.first_day).days < SHORT and reading.freq != "M"
        bin = "week" if short else "month"
        return Quality(
            totals=totals,
            found=tuple(findings(reading, totals, days)),
            bin=bin,
            bins=_bins(reading, bin),
            days=days,
            products=_products(reading, totals, limit=LISTED),
        )


def products(store: Store, dataset_id: int, place_id: int | None = None) -> pd.DataFrame:
    """Every product with what is doubtful about it, largest doubt first.

    product_id, code, name, why (marks), first_day, last_sold, missing, zero, out, returned,
    priceless (shares, 0..1; NaN: not known), largest (the largest day as a multiple of the mean
    day with a sale), units, revenue, doubt_units, doubt_revenue, spark (units of the last 26
    periods). In doubt are units returned, sold without a price, above the usual on unusually
    large days, and not sold on days out of stock; in revenue at the mean price paid.
    """
    with store.cursor() as cursor:
        reading = quality_tables.build(cursor, dataset_id, place_id)
        if reading is None:
            return pd.DataFrame()
        return _products(reading, quality_tables.totals(reading), limit=None)


def _days(reading: Reading) -> pd.DataFrame:
    """Every period from first to last: series with a row, as a share of those alive then."""
    unit = reading.unit
    return reading.frame(f"""
        WITH open AS (
            SELECT date_trunc('{unit}', day)::DATE AS day, sum(rows) AS rows,
                   bool_or(sells) AS sells
            FROM quality_open GROUP BY 1
        ), every AS (
            SELECT unnest(generate_series(min(day)::TIMESTAMP, max(day)::TIMESTAMP,
                                          INTERVAL 1 {unit}))::DATE AS day FROM open
        ), step AS (
            SELECT day, sum(step) AS step FROM (
                SELECT date_trunc('{unit}', first_day)::DATE AS day, count(*) AS step
                FROM quality_series GROUP BY 1
                UNION ALL
                SELECT (date_trunc('{unit}', last_day) + INTERVAL 1 {unit})::DATE, -count(*)
                FROM quality_series GROUP BY 1
            ) GROUP BY day
        )
        SELECT day, coalesce(rows, 0)::BIGINT AS rows, coalesce(sells, false) AS sells,
               coalesce(rows / nullif(sum(coalesce(step, 0)) OVER (ORDER BY day), 0), 0)::DOUBLE
               AS share
        FROM every LEFT JOIN open USING (day) LEFT JOIN step USING (day) ORDER BY day
    """)


def _bins(reading: Reading, bin: str) -> pd.DataFrame:
    """How many series sold something in each month (or week); 0 where none did."""
    return reading.frame(
        f"""
        WITH sold AS (
            SELECT product_id, place_id, date_trunc('{bin}', day)::DATE AS start
            FROM {reading.rows} AND quantity > 0 GROUP BY ALL
        ), counted AS (SELECT start, count(*) AS series FROM sold GROUP BY start),
        every AS (
            SELECT unnest(generate_series(
                date_trunc('{bin}', min(day))::TIMESTAMP, date_trunc('{bin}', max(day))::TIMESTAMP,
                INTERVAL 1 {bin}))::DATE AS start FROM quality_open
        )
        SELECT start, coalesce(series, 0)::BIGINT AS series
        FROM every LEFT JOIN counted USING (start) ORDER BY start
        """,
        reading.bound,
    )


def _products(reading: Reading, totals: Totals, *, limit: int | None) -> pd.DataFrame:
    """See `products`; with a limit only those with a mark, the largest doubts of either kind."""
    marks = ", ".join(
        f"CASE WHEN {test} THEN '{mark}' END" for mark, test in marks_of(totals).items()
    )
    marked = "" if limit is None else "WHERE len(why) > 0"
    first = "" if limit is None else f"QUALIFY least(by_units, by_revenue) <= {limit}"
    priceless = "priceless / nullif(sold_days, 0)" if totals.priced else "NULL::DOUBLE"
    frame = reading.frame(f"""
        WITH doubted AS (
            SELECT *, returned + priceless_units + excess
                   + (stock_out + likely_days) * greatest(units, 0) / expected AS doubt_units
            FROM quality_product
        ), valued AS (
            SELECT *, doubt_units * paid AS doubt_revenue,
                   list_filter([{marks}], lambda mark: mark IS NOT NULL) AS why
            FROM doubted
        )
        SELECT product_id, code, name, why, first_day, last_sold,
               missing / expected AS missing, zero_days / expected AS zero,
               stock_out / nullif(stock_known, 0) AS out, returned / nullif(sold, 0) AS returned,
               {priceless} AS priceless, largest, units, revenue, doubt_units, doubt_revenue,
               row_number() OVER (ORDER BY doubt_units DESC, units DESC, code) AS by_units,
               row_number() OVER (ORDER BY doubt_revenue DESC NULLS LAST,
                                  revenue DESC NULLS LAST, units DESC, code) AS by_revenue
        FROM valued {marked} {first} ORDER BY by_units
    """)
    frame["spark"] = _sparks(reading, frame["product_id"].tolist(), totals)
    return frame.drop(columns=["by_units", "by_revenue"])


def marks_of(totals: Totals) -> dict[str, str]:
    """Why a product is listed, each with its test in SQL; worst first."""
    marks = {
        "Out of stock": f"stock_out > 0 AND stock_out >= {MANY_OUT} * stock_known",
        "Likely out": "likely_days > 0",
        "Returns": f"returned >= 5 AND returned >= {MANY_RETURNS} * sold",
        "Large day": "excess > 0",
        "No price": f"priceless > 0 AND priceless >= {MANY_PRICELESS} * sold_days",
        "Gaps": f"missing > 0 AND missing >= {MANY_MISSING} * expected "
        f"AND sold_days >= {STEADY} * expected",
        "Ended": "age = 'dead'",
        "New": "age = 'new'",
        "Few sales": f"sold_days < {FEW_SALES}",
        "One price": f"one_price AND sold_days >= {FEW_SALES}",
        "No category": "len(categories) = 0",
    }
    if not totals.priced:
        del marks["No price"]
    if not totals.categorised:
        del marks["No category"]
    return marks


def _sparks(reading: Reading, wanted: list[int], totals: Totals) -> list[list[float]]:
    """Units of the last weeks (or months) up to the last day, oldest first, per product."""
    unit, days = ("month", 31) if reading.freq == "M" else ("week", 7)
    rows = reading.all(
        f"""
        SELECT product_id, date_diff('{unit}', day, $last) AS back, sum(quantity)
        FROM {reading.rows} AND day > $first AND list_contains($wanted, product_id)
        GROUP BY ALL HAVING back < {SPARK}
        """,
        reading.bound
        | {
            "wanted": wanted,
            "last": totals.last_day,
            "first": totals.last_day - timedelta(days=days * (SPARK + 1)),
        },
    )
    found = {product: [0.0] * SPARK for product in wanted}
    for product, back, quantity in rows:
        found[product][SPARK - 1 - back] = float(quantity)
    return [found[product] for product in wanted]
