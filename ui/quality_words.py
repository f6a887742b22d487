"""Data quality in words: what each finding is called, how bad it is, and what it means.

Knows no Streamlit; counts come from `data.quality`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from data.ingest.report import Severity
from data.ingest.series_checks import DEAD_DAYS, LOOKED_AT, NEW_DAYS, STEADY
from data.quality import (
    MANY_MISSING,
    MANY_OUT,
    MANY_PRICELESS,
    MANY_RETURNS,
    Quality,
)
from data.quality_findings import FEW_SALES, Found
from data.quality_tables import DEVIATIONS, LARGE, TIMES
from data.scope import Freq
from ui import format as fmt

STALE_DAYS = 14  # since the last day, from which data counts as old
_ORDER: tuple[Severity, ...] = ("fix", "look", "note")
_UNITS: dict[Freq, str] = {"D": "day", "W": "week", "M": "month"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One finding as the screen shows it."""

    severity: Severity
    title: str
    count: str  # with its noun
    share: float | None
    examples: str
    why: str


# code: (severity, title, what the count counts, why); {day} and {days} follow the data.
FINDINGS: dict[str, tuple[Severity, str, str, str]] = {
    "nothing_sold": (
        "fix",
        "Nothing was ever sold",
        "product",
        "Every quantity is zero or negative. Most likely another column holds the sales; undo the "
        "import and map the columns again.",
    ),
    "priceless": (
        "fix",
        "Sold without a price",
        "product-{day}",
        "Price is empty or zero although units were sold: samples, damages, or a missing export. "
        "These units have no revenue.",
    ),
    "no_prices": (
        "note",
        "No prices",
        "product",
        "No row has a price. Everything works in units; revenue and price effects need a price "
        "or revenue column.",
    ),
    "negative": (
        "look",
        "More returned than sold",
        "product-{day}",
        "The quantity of the {day} is below zero. Returns are subtracted on the {day} they come "
        "back, not on the {day} of the sale.",
    ),
    "closed": (
        "look",
        "{Days} without any sale",
        "{day}",
        "No product sold anything. Closed, or is data missing? A weekday is named when more than "
        "80% of its dates are like that.",
    ),
    "missing": (
        "look",
        "{Days} without a row, in {times} series",
        "product-{day}",
        "Between its first and last row a series (a product in a place) has no row although "
        "others have one. Most tills write none when nothing is sold; then all is well.",
    ),
    "out": (
        "look",
        "Out of stock at the end of the {day}",
        "product-{day}",
        "Stock on hand is zero or less. Sales then say what was left on the shelf, not what was "
        "wanted.",
    ),
    "likely": (
        "look",
        "Likely out of stock, {times} times",
        "product-day",
        "Runs of 3 open days and more without a sale that hardly come by chance in a product "
        f"that sells on at least {STEADY:.0%} of its days. The {LOOKED_AT:,} largest series are "
        "looked at, because stock on hand is not known.",
    ),
    "unusual": (
        "look",
        "Unusually large {days}",
        "product-{day}",
        f"Over {LARGE} units, over {TIMES} times the usual {{day}}, and more than {DEVIATIONS} "
        "standard deviations above it (in logarithms).",
    ),
    "dead": (
        "note",
        f"Not sold for {DEAD_DAYS} days",
        "product",
        f"The last sale lies more than {DEAD_DAYS} days before the last sale of the shop. "
        "Probably discontinued; the forecast is zero.",
    ),
    "new": (
        "note",
        f"New products, under {NEW_DAYS // 7} weeks",
        "product",
        f"First seen in the last {NEW_DAYS} days. Too young for a season of their own.",
    ),
    "few_sales": (
        "note",
        f"Sold on fewer than {FEW_SALES} {{days}}",
        "product",
        "Too few sales to see anything regular; their forecast is a mean.",
    ),
    "one_price": (
        "note",
        "One price only",
        "product",
        f"The price never changed by more than 0.1% on {FEW_SALES} {{days}} and more with a "
        "sale, so that nothing can be learned about what a change would do.",
    ),
    "uncategorised": (
        "note",
        "Without a category",
        "product",
        "They appear in sums over everything only, not under any category.",
    ),
    "no_categories": (
        "note",
        "No categories",
        "product",
        "No product has a category, so that sums exist for single products and for everything "
        "only. Upload a file with a category column to add them.",
    ),
}

MARKS: dict[str, str] = {
    "Out of stock": f"at least {MANY_OUT:.0%} of the days with known stock",
    "Likely out": "runs without a sale that hardly come by chance",
    "Returns": f"at least {MANY_RETURNS:.0%} of the units sold",
    "Large day": f"a day over {TIMES} times the usual",
    "No price": f"at least {MANY_PRICELESS:.0%} of the days with a sale",
    "Gaps": f"sells nearly daily, yet at least {MANY_MISSING:.0%} of its days have no row",
    "Ended": f"no sale for {DEAD_DAYS} days",
    "New": f"first seen in the last {NEW_DAYS} days",
    "Few sales": f"fewer than {FEW_SALES} days with a sale",
    "One price": "the price never changed",
    "No category": "others have one",
}
NOTES = ("Ended", "New", "Few sales", "One price", "No category")  # grey: nothing is wrong


def lines(quality: Quality, freq: Freq) -> list[Line]:
    """The findings in the order of the screen: to fix first, then the most frequent."""
    made = [_line(found, freq) for found in quality.found]
    return sorted(made, key=lambda line: (_ORDER.index(line.severity), -(line.share or 0)))


def _line(found: Found, freq: Freq) -> Line:
    severity, title, noun, why = FINDINGS[found.code]
    day = _UNITS[freq]
    words = {"day": day, "days": f"{day}s", "Days": f"{day}s".capitalize()}
    return Line(
        severity=severity,
        title=title.format(times=f"{found.times:,}", **words),
        count=fmt.count(found.rows, noun.format(**words)),
        share=found.rows / found.of if found.rows < found.of else None,
        examples=" · ".join(found.examples),
        why=why.format(**words),
    )


def noun(freq: Freq) -> str:
    """What one row stands for.

    >>> noun("W")
    'week'
    """
    return _UNITS[freq]


def covered_share(quality: Quality) -> str:
    """How many product-days have a row, or none because the shop sold nothing; 100% only if all."""
    totals = quality.totals
    share = 1 - totals.missing / totals.life
    return ">99.9%" if totals.missing and share >= 0.9995 else fmt.share(share)


def days_ago(last: date, freq: Freq, today: date) -> int:
    """Days since the end of the last period; below zero when it is not over.

    >>> days_ago(date(2026, 11, 19), "D", date(2026, 11, 20))
    1
    >>> days_ago(date(2026, 11, 9), "W", date(2026, 11, 20))
    5
    >>> days_ago(date(2026, 10, 1), "M", date(2026, 11, 20))
    20
    """
    if freq == "W":
        last = last - timedelta(days=last.weekday()) + timedelta(days=6)
    elif freq == "M":
        last = (pd.Timestamp(last) + pd.offsets.MonthEnd(0)).date()
    return (today - last).days


def age(days: int) -> str:
    """How long ago, in the unit a person would use.

    >>> age(1), age(0), age(20), age(90), age(5460), age(-3)
    ('yesterday', 'today', '20 days ago', '13 weeks ago', '15 years ago', '3 days ahead')
    """
    if days < 0:
        return f"{fmt.count(-days, 'day')} ahead"
    if days < 2:
        return ("today", "yesterday")[days]
    if days < 60:
        return f"{days} days ago"
    return f"{days / 7:.0f} weeks ago" if days < 730 else f"{days / 365.25:.0f} years ago"


def table(products: pd.DataFrame, *, money: bool, rows: int) -> pd.DataFrame:
    """The most doubtful products in units or in money, shares as percent."""
    doubt = "doubt_revenue" if money else "doubt_units"
    size = "revenue" if money else "units"
    frame = products.sort_values([doubt, size], ascending=False, kind="stable").head(rows)
    frame = frame.reset_index(drop=True).rename(columns={doubt: "doubt"})
    shares = ["missing", "zero", "out", "returned"]
    frame[shares] = frame[shares].astype(float) * 100
    # A line that only goes below zero cannot be drawn from zero upwards.
    frame["spark"] = [[max(value, 0.0) for value in spark] for spark in frame["spark"]]
    return frame


def csv(products: pd.DataFrame, *, dataset: str, place: str) -> str:
    """Every product as a file; shares are 0..1, marks are joined by commas."""
    frame = products.drop(columns=["product_id", "spark"])
    frame.insert(0, "dataset", fmt.cell(dataset))
    frame.insert(1, "place", fmt.cell(place))
    for column in ("code", "name"):
        frame[column] = [fmt.cell(str(value)) for value in frame[column]]
    frame["why"] = [", ".join(marks) for marks in frame["why"]]
    for column in ("first_day", "last_sold"):
        frame[column] = pd.to_datetime(frame[column]).dt.strftime("%Y-%m-%d")
    shares = ["missing", "zero", "out", "returned", "priceless"]
    frame[shares] = frame[shares].astype(float).round(4)
    amounts = ["largest", "units", "revenue", "doubt_units", "doubt_revenue"]
    frame[amounts] = frame[amounts].astype(float).round(2)
    names = {
        "first_day": "first_day",
        "last_sold": "last_sale",
        "missing": "share_without_row",
        "zero": "share_zero",
        "out": "share_out_of_stock",
        "returned": "share_returned",
        "priceless": "share_without_price",
        "largest": "largest_day_times_usual",
        "doubt_units": "units_in_doubt",
        "doubt_revenue": "revenue_in_doubt",
    }
    return frame.rename(columns=names).to_csv(index=False)
