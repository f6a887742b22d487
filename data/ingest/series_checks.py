"""What only shows when the days of a product are looked at together: gaps, stock-outs, age."""

from collections.abc import Iterator
from datetime import date

import duckdb

from data.ingest.report import Finding
from data.ingest.staging import Staged
from data.scope import Freq

NEW_DAYS = 56  # a product first sold this recently is new
DEAD_DAYS = 90  # a product not sold for this long is taken as discontinued
STEADY = 0.6  # share of days with sales from which a run of zeros is worth a look
UNLIKELY = 0.01  # expected number of such runs in the series if nothing were wrong
LOOKED_AT = 1_000  # series: the largest by units; zeros of slow sellers say nothing

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def series_findings(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, choices: dict[str, str]
) -> Iterator[Finding]:
    """Findings over `daily`; builds `series` (a row per product, place, channel) on the way."""
    days = "count(DISTINCT day)" if staged.has("channel") else "count(*)"
    cursor.execute(f"""
        CREATE OR REPLACE TABLE {staged.table("series")} AS
        SELECT product_key, place_key, min(day) AS first_day, max(day) AS last_day,
               {days} AS days, count(*) FILTER (quantity > 0) AS sold_days,
               max(day) FILTER (quantity > 0) AS last_sold, sum(quantity) AS quantity
        FROM {staged.table("daily")} GROUP BY product_key, place_key
    """)
    frequency = frequency_of(cursor, staged)
    if frequency == "D":
        yield from _closed_days(cursor, staged, choices)
        yield from _missing_days(cursor, staged, choices)
        yield from _stockouts(cursor, staged)
    else:
        yield _coarse(cursor, staged, frequency)
    yield from _ages(cursor, staged)


def frequency_of(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> Freq:
    """What one row stands for: a week where all days share a weekday, a month likewise."""
    ((days, weekdays, month_days, ends),) = cursor.execute(f"""
        SELECT count(*), count(DISTINCT isodow(day)), count(DISTINCT day(day)),
               count(*) FILTER (day = last_day(day))
        FROM (SELECT DISTINCT day FROM {staged.table("daily")})
    """).fetchall()
    if days < 4:
        return "D"
    if month_days == 1 or ends == days:
        return "M"
    return "W" if weekdays == 1 else "D"


def _coarse(cursor: duckdb.DuckDBPyConnection, staged: Staged, frequency: Freq) -> Finding:
    """A file of weeks or months: days in between are not missing."""
    dates = cursor.execute(
        f"SELECT count(DISTINCT day), min(day), max(day) FROM {staged.table('daily')}"
    ).fetchall()[0]
    word = {"W": "week", "M": "month"}[frequency]
    return Finding(
        code="coarse",
        severity="note",
        title=f"One row per {word}",
        rows=dates[0],
        unit="days",
        share=0.0,
        examples=(f"{dates[1]:%a %-d %b %Y}", f"{dates[2]:%a %-d %b %Y}"),
        options=(("keep", f"Read each date as its whole {word}"),),
        choice="keep",
        why=f"All dates are one {word} apart; days between them are not gaps. "
        f"Forecasts by {word} or longer.",
    )


def _closed_days(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, choices: dict[str, str]
) -> Iterator[Finding]:
    """Days on which nothing at all was sold anywhere."""
    rows = cursor.execute(f"""
        WITH open AS (SELECT DISTINCT day FROM {staged.table("daily")}),
        span AS (SELECT unnest(generate_series(min(day)::TIMESTAMP, max(day)::TIMESTAMP,
                               INTERVAL 1 DAY))::DATE AS day FROM open)
        SELECT span.day, open.day IS NULL FROM span LEFT JOIN open USING (day) ORDER BY 1
    """).fetchall()
    closed = [day for day, missing in rows if missing]
    if not closed:
        return
    examples = []
    for weekday, name in enumerate(WEEKDAYS):
        of_week = [missing for day, missing in rows if day.weekday() == weekday]
        if len(of_week) > 3 and sum(of_week) > 0.8 * len(of_week):
            examples.append(name)
            closed = [day for day in closed if day.weekday() != weekday]
    examples += [f"{day:%-d %b %Y}" for day in closed[:3]]
    options = (("closed", "Treat as closed: no sales"), ("missing", "Treat as not known"))
    missing_days = sum(missing for _, missing in rows)
    yield Finding(
        code="closed_days",
        severity="look",
        title="Days without any sale",
        rows=missing_days,
        unit="days",
        share=missing_days / len(rows),
        examples=tuple(examples[:3]),
        options=options,
        choice=choices.get("closed_days", "closed"),
        why="Closed, or the data is missing? Closed days count as zero, unknown days are left out.",
    )


def _missing_days(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, choices: dict[str, str]
) -> Iterator[Finding]:
    """Days inside a series' life without a row of its own."""
    series = staged.table("series")
    missing, possible, touched = cursor.execute(f"""
        SELECT sum(gap), sum(gap + days), count(*) FILTER (gap > 0) FROM (
            SELECT days, date_diff('day', first_day, last_day) + 1 - days AS gap FROM {series})
    """).fetchall()[0]
    if not missing:
        return
    examples = cursor.execute(f"""
        SELECT p.code || ': ' || (date_diff('day', first_day, last_day) + 1 - days)
               || ' of ' || (date_diff('day', first_day, last_day) + 1) || ' days'
        FROM {series} JOIN {staged.table("products")} p USING (product_key)
        ORDER BY quantity * (date_diff('day', first_day, last_day) + 1 - days) DESC LIMIT 3
    """).fetchall()
    yield Finding(
        code="missing_days",
        severity="look",
        title=f"Days without a row, in {touched:,} series",
        rows=int(missing),
        unit="days",
        share=missing / possible,
        examples=tuple(e for (e,) in examples),
        options=(("zero", "Nothing sold that day"), ("missing", "Not known that day")),
        choice=choices.get("missing_days", "zero"),
        why="Most tills write no row when nothing is sold. If yours does, these days are unknown.",
    )


def _stockouts(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> Iterator[Finding]:
    if staged.has("stock"):
        yield from _known_stockouts(cursor, staged)
        return
    found = cursor.execute(
        f"""
        WITH steady AS (
            SELECT product_key, place_key, first_day, last_sold,
                   sold_days / (date_diff('day', first_day, last_sold) + 1) AS pace
            FROM {staged.table("series")}
            WHERE sold_days >= 28 AND last_sold > first_day
              AND sold_days / (date_diff('day', first_day, last_sold) + 1) >= $steady
            ORDER BY quantity DESC LIMIT $looked_at
        ), open AS (
            SELECT day, row_number() OVER (ORDER BY day) AS number
            FROM (SELECT DISTINCT day FROM {staged.table("daily")})
        ), sold AS (
            SELECT DISTINCT d.product_key, d.place_key, d.day, open.number
            FROM {staged.table("daily")} d
            JOIN steady USING (product_key, place_key) JOIN open USING (day)
            WHERE d.quantity > 0
        ), runs AS (
            SELECT product_key, place_key, lag(day) OVER w AS before, day AS after,
                   number - lag(number) OVER w - 1 AS zeros
            FROM sold WINDOW w AS (PARTITION BY product_key, place_key ORDER BY day)
        ), unlikely AS (
            SELECT * FROM runs JOIN steady USING (product_key, place_key)
            WHERE zeros >= 3
              AND (1 - pace) ** zeros * date_diff('day', first_day, last_sold) < $unlikely
        )
        SELECT sum(zeros) OVER (), count(*) OVER (), p.code, before, after
        FROM unlikely JOIN {staged.table("products")} p USING (product_key)
        ORDER BY zeros * pace DESC LIMIT 3
        """,
        {"looked_at": LOOKED_AT, "steady": STEADY, "unlikely": UNLIKELY},
    ).fetchall()
    if not found:
        return
    days, runs = found[0][:2]
    yield Finding(
        code="likely_stockout",
        severity="look",
        title=f"Likely out of stock, {runs:,} times",
        rows=int(days),
        unit="days",
        share=0.0,
        examples=tuple(f"{code}: {_span(a, b)}" for _, _, code, a, b in found),
        options=(("keep", "Keep as zero sales"),),
        choice="keep",
        why="Runs without a sale that are very unlikely for a product that sells nearly every day "
        f"(the {LOOKED_AT:,} largest series are looked at).",
    )


def _span(first: date, last: date) -> str:
    """Two days in words.

    >>> _span(date(2025, 9, 21), date(2026, 1, 8)), _span(date(2026, 3, 1), date(2026, 3, 9))
    ('21 Sep 2025 – 8 Jan 2026', '1 Mar – 9 Mar 2026')
    """
    year = "" if first.year == last.year else " %Y"
    return f"{first.strftime('%-d %b' + year)} – {last:%-d %b %Y}"


def _known_stockouts(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> Iterator[Finding]:
    daily = staged.table("daily")
    days, known = cursor.execute(
        f"SELECT count(*) FILTER (stock_on_hand <= 0), count(stock_on_hand) FROM {daily}"
    ).fetchall()[0]
    if not days:
        return
    examples = cursor.execute(f"""
        SELECT p.code || ' on ' || strftime(day, '%-d %b %Y') FROM {daily}
        JOIN {staged.table("products")} p USING (product_key)
        WHERE stock_on_hand <= 0 ORDER BY day DESC, p.code LIMIT 3
    """).fetchall()
    yield Finding(
        code="stockout",
        severity="look",
        title="Out of stock at the end of the day",
        rows=days,
        unit="days",
        share=days / known,
        examples=tuple(e for (e,) in examples),
        options=(("keep", "Keep, mark as out of stock"),),
        choice="keep",
        why="Sales on these days say what was left on the shelf, not what was wanted.",
    )


def _ages(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> Iterator[Finding]:
    """New and discontinued products, by their first and last sale anywhere."""
    rows = cursor.execute(
        f"""
        WITH product AS (
            SELECT product_key, min(first_day) AS first_day, max(last_sold) AS last_sold,
                   sum(quantity) AS quantity
            FROM {staged.table("series")} GROUP BY product_key
        ), ends AS (SELECT min(first_day) AS first, max(last_sold) AS last FROM product),
        aged AS (
            SELECT CASE WHEN first_day > ends.last - $new THEN 'new'
                        WHEN coalesce(last_sold, first_day) < ends.last - $dead THEN 'dead'
                   END AS age, product_key, quantity
            FROM product, ends WHERE date_diff('day', ends.first, ends.last) > 2 * $new
        )
        SELECT age, count(*), (SELECT count(*) FROM product),
               array_agg(p.code ORDER BY aged.quantity DESC)[1:3]
        FROM aged JOIN {staged.table("products")} p USING (product_key)
        WHERE age IS NOT NULL GROUP BY age ORDER BY age
        """,
        {"new": NEW_DAYS, "dead": DEAD_DAYS},
    ).fetchall()
    words = {
        "new": (
            f"New products, under {NEW_DAYS // 7} weeks",
            "Forecast from what there is",
            "Too young for a season of their own; their forecast says so.",
        ),
        "dead": (
            f"Not sold for {DEAD_DAYS} days",
            "Keep; forecast is zero",
            "Probably discontinued. Their history stays, their forecast is zero.",
        ),
    }
    for age, count, products, examples in rows:
        title, label, why = words[age]
        yield Finding(
            code=f"{age}_products",
            severity="note",
            title=title,
            rows=count,
            unit="products",
            share=count / products,
            examples=tuple(examples),
            options=(("keep", label),),
            choice="keep",
            why=why,
        )
