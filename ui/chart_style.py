"""What all figures share besides their colours: legend, round ticks, and texts that stay text."""

import math
import re
from datetime import date
from typing import Any

import pandas as pd

from ui import format as fmt

Row = dict[str, Any]

LEGEND: dict[str, str | float] = {  # one row above the plot, from the left
    "orientation": "h",
    "x": 0,
    "xanchor": "left",
    "y": 1.02,
    "yanchor": "bottom",
    "itemwidth": 30,
}

# An axis that says what stands where, without lines and without being dragged.
NAMED_AXIS: dict[str, str | bool | None] = {
    "ticks": "",
    "showgrid": False,
    "zeroline": False,
    "fixedrange": True,
    "title": None,
}

# An axis of days or weeks, labelled so that a phone can read it.
TIME_AXIS: dict[str, str | int | bool | None] = {
    "nticks": 6,
    "tickangle": 0,
    "ticks": "outside",
    "showgrid": False,
    "zeroline": False,
    "title": None,
}


def amount_ticks(low: float, high: float, measure: str, currency: str) -> dict[float, str]:
    """Round amounts from `low` to `high` with their labels, five or six of them.

    >>> amount_ticks(0, 3900, "revenue", "€")
    {0.0: '0', 1000.0: '€1K', 2000.0: '€2K', 3000.0: '€3K', 4000.0: '€4K'}
    >>> amount_ticks(-3, 3, "quantity", "")
    {-4.0: '−4', -2.0: '−2', 0.0: '0', 2.0: '2', 4.0: '4'}
    >>> list(amount_ticks(0, 150_000, "quantity", "€").values())
    ['0', '50K', '100K', '150K']
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low == 0:
        high = 4.0
    step = max(round_up((high - low) / 4), 1.0)  # less has no room on a label
    places = range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)
    if measure == "quantity" and max(high, -low) >= 100_000:
        measure, currency = "revenue", ""  # all labels with K, where the largest have it
    return {step * place: tick(step * place, measure, currency) for place in places}


def round_up(value: float) -> float:
    """The next of 1, 2, 2.5, 5 and 10 times a power of ten.

    >>> round_up(180), round_up(26), round_up(0.3)
    (200.0, 50.0, 0.5)
    """
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(times * power for times in (1, 2, 2.5, 5, 10) if times * power >= value)


def tick(value: float, measure: str, currency: str) -> str:
    """A short label, without decimals that say nothing.

    >>> tick(1_000_000, "revenue", "€"), tick(2_500, "revenue", "€"), tick(0, "revenue", "€")
    ('€1M', '€2.5K', '0')
    """
    if value == 0:
        return "0"
    text = fmt.amount(value, measure, currency)
    return re.sub(r"(\.\d*?)0+([KMB])$", r"\1\2", text).replace(".K", "K").replace(".M", "M")


def dates_format(usual: str, last: pd.Timestamp) -> str:
    """How dates stand below an axis: with the year where the data end more than one ago.

    >>> dates_format("%-d %b", pd.Timestamp("2016-04-24")), dates_format("%b %Y", pd.Timestamp(0))
    ('%-d %b<br>%Y', '%b %Y')
    """
    age = pd.Timestamp(date.today()) - last
    return usual if "%Y" in usual or age.days <= 365 else usual + "<br>%Y"


def records(frame: pd.DataFrame) -> list[Row]:
    """The rows of a frame, by name of column."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def short(text: str, length: int) -> str:
    """At most `length` letters.

    >>> short("Coffee beans", 8)
    'Coffee…'
    """
    return text if len(text) <= length else text[: max(length - 1, 1)].rstrip() + "…"


def plain(text: object) -> str:
    """Plotly reads a little HTML in its texts; the user's own text must stay text.

    >>> plain("<b>R&B</b>")
    '&lt;b&gt;R&amp;B&lt;/b&gt;'
    """
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
