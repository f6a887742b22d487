"""The Overview in words: what is compared with what, labels, and the file. Knows no Streamlit."""

from collections.abc import Mapping

import pandas as pd

from data.comparison import By, Comparison, Reach
from data.overview import Overview
from data.split import Split
from ui import format as fmt

REACHES: Mapping[str, Reach] = {
    "Year": "year",
    "Quarter": "quarter",
    "Month": "month",
    "52 weeks": "52 weeks",
    "13 weeks": "13 weeks",
    "4 weeks": "4 weeks",
}
IN_MONTHS = {"52 weeks": "12 months", "13 weeks": "3 months", "4 weeks": "1 month"}
ALIGNED: Mapping[str, By] = {"Weekday": "weekday", "ISO week": "iso", "Fiscal week": "fiscal"}

STEPS: dict[str, tuple[str, str]] = {
    "volume": ("Volume", "more or fewer units, at last year's mean price"),
    "price": ("Price", "products that sold in both years became dearer or cheaper"),
    "mix": ("Mix", "units moved to dearer or cheaper products, new ones among them"),
    "more": ("Sold more", "products that sold more than last year"),
    "less": ("Sold less", "products that sold less than last year"),
    "new": ("New", "products without a sale last year"),
    "gone": ("Gone", "products without a sale this year"),
}


def against(comparison: Comparison, by: By) -> str:
    """Which days are compared with which, and why these."""
    span = fmt.span(comparison.first, comparison.last)
    if comparison.days == 1:
        span = f"{fmt.day(comparison.last)} alone"
    if not comparison.has_before:
        return f"{span} · the data do not reach back to the same days of the year before"
    before = fmt.span(comparison.before_first, comparison.before_last)
    return f"{span} against {before}, {_how(comparison, by)}"


def _how(comparison: Comparison, by: By) -> str:
    if comparison.shift is None:
        return "the same months"
    weeks = comparison.shift // 7
    name = {"weekday": "weekdays", "iso": "ISO weeks", "fiscal": "fiscal weeks"}[by]
    return f"the same {name}, {weeks} weeks before"


def remarks(comparison: Comparison) -> list[str]:
    """What a reader would not expect of the comparison."""
    said = []
    if comparison.late:
        said.append(
            f"Begins {fmt.day(comparison.first)}: the data do not reach further back a year before."
        )
    if comparison.left_out:
        said.append(
            f"Week 53 ({fmt.count(comparison.left_out, 'day')} so far) is left out: the year "
            "before had 52 weeks."
        )
    return said


def growth(value: float, before: float) -> float | None:
    """The relative change; None where there is nothing to compare with.

    >>> growth(110, 100), growth(5, 0), growth(5, -3)
    (0.1, None, None)
    """
    return round(value / before - 1, 12) if before > 0 else None


def growth_word(value: float, before: float) -> str:
    """The change against last year as a sentence ends."""
    change = growth(value, before)
    if change is not None:
        return f"{fmt.growth(change)} vs last year"
    return "nothing last year" if before == 0 else "more returned than sold last year"


def difference(value: float, measure: str, currency: str) -> str:
    """An amount with its sign.

    >>> difference(1200, "revenue", "€"), difference(-40, "quantity", "€"), difference(0, "a", "")
    ('+€1.2K', '−40', '0')
    """
    text = fmt.amount(value, measure, currency)
    return f"+{text}" if value > 0 and text != fmt.amount(0, measure, currency) else text


def split_sentence(split: Split, measure: str, currency: str) -> str:
    """The growth and its parts, which add up."""

    def said(hundredths: int) -> str:
        return difference(hundredths / 100, measure, currency)

    parts = ", ".join(
        f"{STEPS[code][0].lower()} {said(step)}" for code, step in split.steps.items()
    )
    return f"Growth {said(split.growth)}: {parts}."


def describe_line(found: Overview, measure: str, currency: str) -> str:
    """The finding of the line chart in one sentence."""
    line = found.line
    what = "Revenue" if measure == "revenue" else "Units"
    total = fmt.amount(line["value"].sum(), measure, currency)
    if line["before"].isna().all():
        return f"{what} of the time shown: {total}; there is no year before."
    change = growth_word(line["value"].sum(), line["before"].sum())
    return f"{what} of the time shown: {total}, {change}."


def describe_ranked(frame: pd.DataFrame, measure: str, currency: str) -> str:
    """The largest of a ranked frame in one sentence."""
    first = frame.iloc[0]
    amount = fmt.amount(first["value"], measure, currency)
    name = str(first["label"])[:60]
    change = growth_word(first["value"], first["before"])
    return f"Largest of {len(frame)}: {name}, {amount}, {change}."


def line_table(line: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The numbers behind the line: start, complete, this year's and last year's amount."""
    names = {"value": _column(measure), "before": f"{_column(measure)}_last_year"}
    return line.rename(columns=names)


def split_table(split: Split, measure: str) -> pd.DataFrame:
    """The steps of growth and their sum."""
    rows = [(STEPS[code][0], step / 100) for code, step in split.steps.items()]
    return pd.DataFrame([*rows, ("Growth", split.growth / 100)], columns=["step", _column(measure)])


def ranked_table(ranked: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The numbers behind tiles, places or movers."""
    kept = ranked[["label", "value", "before"]]
    names = {"value": _column(measure), "before": f"{_column(measure)}_last_year"}
    return kept.rename(columns=names)


def _column(measure: str) -> str:
    return "revenue" if measure == "revenue" else "units"


def every_product(products: pd.DataFrame, *, dataset: str, comparison: Comparison) -> pd.DataFrame:
    """Every product for a file, both spans beside each other."""
    frame = products.rename(columns={"is_new": "new", "is_gone": "not_sold_lately"})
    frame["categories"] = [" > ".join(str(part) for part in path) for path in frame["categories"]]
    amounts = ["units", "units_before", "revenue", "revenue_before"]
    frame[amounts] = frame[amounts].astype(float).round(2)
    frame.insert(0, "dataset", dataset)
    frame["first_day"] = comparison.first.isoformat()
    frame["last_day"] = comparison.last.isoformat()
    known = comparison.has_before
    frame["before_first_day"] = comparison.before_first.isoformat() if known else ""
    frame["before_last_day"] = comparison.before_last.isoformat() if known else ""
    return frame
