"""Kinds of change, a line of the change grid, and its days. Knows no Streamlit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from ui import format as fmt

PRICE, PROMOTION, MOVE, NO_PROMOTION = "Price", "Promotion", "Move promotion", "No promotion"
OUT, DEMAND, LAUNCH, COST = "Out of stock", "Demand", "Launch", "Unit cost"
EVENT_OFF, MOVE_EVENT = "Event off", "Move event"
KINDS = (
    PRICE, PROMOTION, MOVE, NO_PROMOTION, OUT, DEMAND, LAUNCH, COST, EVENT_OFF, MOVE_EVENT,
)  # fmt: skip
PLANNED = (PRICE, PROMOTION, MOVE, NO_PROMOTION)  # kinds that can become the plan's days
EVENTS = (EVENT_OFF, MOVE_EVENT)  # kinds that can become the calendar's
ALL_PRODUCTS, ALL_PLACES = "All products", "All places"
BETWEEN, MANY = " › ", ";"  # levels of a category path; several products or places
EXAMPLES = {
    PRICE: "-10%, 2.49, +0.20, x.99",
    PROMOTION: "-20%, 1.99, 2 for 1.80",
    MOVE: "to 30 Nov, +7 days",
    NO_PROMOTION: "",
    OUT: "",
    DEMAND: "+15%, x1.5",
    LAUNCH: "80% (of what these sell)",
    COST: "+5%, 1.20",
    EVENT_OFF: "11.11",
    MOVE_EVENT: "11.11 to 18 Nov",
}
_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d %b %Y", "%d %B %Y", "%d.%m.%Y")


class RuleError(ValueError):
    """What is wrong with one line, in words."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line as it is kept."""

    on: bool = True
    kind: str = PRICE
    products: str = ALL_PRODUCTS
    places: str = ALL_PLACES
    first: str = ""  # ISO day
    last: str = ""  # ISO day, inclusive; "" is the first
    value: str = ""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Line":
        """From JSON, or a row of the grid; what is missing is as usual."""
        made: dict[str, Any] = {"on": bool(content.get("on", True))}
        for name in ("kind", "products", "places", "first", "last", "value"):
            given = content.get(name)
            if given is None or (not isinstance(given, str) and pd.isna(given)):
                continue
            made[name] = given if isinstance(given, str) else f"{pd.Timestamp(given):%Y-%m-%d}"
        return cls(**{name: each.strip() if name != "on" else each for name, each in made.items()})

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    @property
    def title(self) -> str:
        """What it is, short: for a bar of a chart.

        >>> Line(kind="Price", products="Drinks › Coffee", value="-10%").title
        'Price -10%, Coffee'
        >>> Line(kind="Out of stock", products="Cold Brew 1 l · P7").title
        'Out of stock, Cold Brew 1 l'
        """
        value = f" {self.value}" if self.value else ""
        named = self.products.split(BETWEEN)[-1].partition(" · ")[0]
        of = "" if self.products == ALL_PRODUCTS else f", {named}"
        return f"{self.kind}{value}{of}"


def day_of(text: str) -> date | None:
    """A day as people write it, None where it is none or lacks the year.

    >>> day_of("2026-11-30"), day_of("Mon 30 Nov 2026"), day_of("30.11.2026"), day_of("30 Nov")
    (datetime.date(2026, 11, 30), datetime.date(2026, 11, 30), datetime.date(2026, 11, 30), None)
    """
    plain = re.sub(r"^[A-Za-z]{3,9},?\s+(?=\d)", "", text.strip())
    for form in _FORMS:
        try:
            return datetime.strptime(plain, form).date()
        except ValueError:
            continue
    return None


def day(text: str) -> date:
    """A day as people write it. Raises `RuleError`."""
    found = day_of(text)
    if found is None:
        raise RuleError(f"“{text}” is no day. Write it as 2026-11-30.")
    return found


def said(moment: date) -> str:
    """A day in a sentence."""
    return fmt.day(moment)


def near(text: str, around: date) -> date:
    """A day that may lack its year: the one nearest to another day. Raises `RuleError`."""
    known = day_of(text)
    if known is not None:
        return known
    found = [day_of(f"{text} {year}") for year in (around.year - 1, around.year, around.year + 1)]
    dated = [each for each in found if each is not None]
    if not dated:
        raise RuleError(f"“{text}” is no day. Write it as 30 Nov, or 2026-11-30.")
    return min(dated, key=lambda each: abs((each - around).days))


def label_of(name: str, code: str) -> str:
    """What the grid calls a product."""
    return name if name == code else f"{name} · {code}"


def path_label(path: Sequence[str]) -> str:
    """What the grid calls a category."""
    return BETWEEN.join(path)
