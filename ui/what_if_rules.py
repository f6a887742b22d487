"""From a line of the change grid, or of a file, to changes of a plan. Knows no Streamlit.

The new value is text, such as "-10%", "1.99", "x.99", "2 for 1.80" or "to 30 Nov".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

import pandas as pd

from forecasting.scenarios import Change
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
_NUMBER = r"(\d+(?:[.,]\d+)?|[.,]\d+)"
_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d %b %Y", "%d %B %Y", "%d.%m.%Y")
_CURRENCIES = "€$£¥₹₩₽₺zł"


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


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What names in a line can mean."""

    names: Mapping[int, str]  # of products
    codes: Mapping[str, int]  # products by code, lower case
    paths: Mapping[int, tuple[str, ...]]  # categories of products
    place_names: Mapping[int, str]
    place_codes: Mapping[str, int]
    pairs: frozenset[tuple[int, int]]  # product and place that are compared
    currency: str
    first_day: date  # of what can be changed
    last_day: date


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A line that can be worked out."""

    number: int  # of the line, from 0
    line: Line
    changes: tuple[Change, ...]
    products: frozenset[int]
    places: frozenset[int] | None  # None: all
    notes: tuple[str, ...] = ()


def products_of(text: str, shop: Shop) -> frozenset[int]:
    """Product ids of a name, a code, a category or several of them. Raises `RuleError`."""
    found: set[int] = set()
    for part in text.split(MANY) or [""]:
        name = part.strip()
        if not name or name.lower() == ALL_PRODUCTS.lower():
            return frozenset(shop.names)
        found |= _one_product(name, shop) or _category(name, shop)
    return frozenset(found)


def _one_product(name: str, shop: Shop) -> set[int]:
    code = name.rpartition(" · ")[2].lower()
    for wanted in (name.lower(), code):
        if wanted in shop.codes:
            return {shop.codes[wanted]}
    return {key for key, each in shop.names.items() if each.lower() == name.lower()}


def _category(name: str, shop: Shop) -> set[int]:
    path = tuple(part.strip().lower() for part in re.split(r"[›>]", name))
    lower = {key: tuple(each.lower() for each in path) for key, path in shop.paths.items()}
    whole = {key for key, each in lower.items() if each[: len(path)] == path}
    if whole:
        return whole
    inside = {key for key, each in lower.items() if len(path) == 1 and path[0] in each}
    if not inside:
        raise RuleError(
            f"“{name}” is no product or category here (any more). Choose one of the list."
        )
    above = {lower[key][: lower[key].index(path[0])] for key in inside}
    if len(above) > 1:
        raise RuleError(f"“{name}” is in several categories. Say which, as Coffee{BETWEEN}{name}.")
    return inside


def places_of(text: str, shop: Shop) -> frozenset[int] | None:
    """Place ids, None for all of them. Raises `RuleError`."""
    found: set[int] = set()
    for part in text.split(MANY):
        name = part.strip().lower()
        if not name or name == ALL_PLACES.lower():
            return None
        hits = {key for key, each in shop.place_names.items() if each.lower() == name}
        hits |= {shop.place_codes[name]} if name in shop.place_codes else set()
        if not hits:
            raise RuleError(
                f"“{part.strip()}” is no place here (any more). Choose one of the list."
            )
        found |= hits
    return frozenset(found)


def rule_of(number: int, line: Line, shop: Shop) -> Rule:
    """What a line means. Raises `RuleError` for what cannot be; events are left to the caller."""
    if line.kind not in KINDS:
        raise RuleError(f"“{line.kind}” is no kind of change. Use {', '.join(KINDS)}.")
    products, places = products_of(line.products, shop), places_of(line.places, shop)
    first, last, notes = days_of(line, shop)
    series = tuple(
        f"{product}:{place}"
        for product, place in sorted(shop.pairs)
        if product in products and (places is None or place in places)
    )
    if not series:
        raise RuleError(f"{line.products} does not sell in {line.places}, as far as is shown here.")
    whole = len(series) == len(shop.pairs)
    days = {
        "first": pd.Timestamp(first),
        "last": pd.Timestamp(last),
        "series": None if whole else series,
        "name": line.title,
    }
    changes = () if line.kind in EVENTS else (change_of(line, days, shop.currency),)
    return Rule(
        number=number, line=line, changes=changes, products=products, places=places,
        notes=tuple(notes),
    )  # fmt: skip


def days_of(line: Line, shop: Shop) -> tuple[date, date, list[str]]:
    """First and last day of a line, within what is compared. Raises `RuleError`."""
    if not line.first:
        raise RuleError("It has no first day. Give one.")
    first = day(line.first)
    last = day(line.last) if line.last else first
    if last < first:
        raise RuleError(f"It ends on {said(last)}, before it begins on {said(first)}.")
    if last < shop.first_day:
        raise RuleError(
            f"It ends on {said(last)}. Days up to {said(shop.first_day - timedelta(days=1))} are "
            "sold and cannot change."
        )
    if first > shop.last_day:
        raise RuleError(f"It begins on {said(first)}, but forecasts end on {said(shop.last_day)}.")
    notes = []
    if first < shop.first_day:
        notes.append(f"It counts from {said(shop.first_day)}: the days before are sold.")
    if last > shop.last_day:
        notes.append(f"It counts until {said(shop.last_day)}, where forecasts end.")
    return max(first, shop.first_day), min(last, shop.last_day), notes


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


def change_of(line: Line, days: Mapping[str, Any], currency: str) -> Change:
    """The change of a line that is not of an event. Raises `RuleError`."""
    if line.kind == OUT:
        return Change(kind="stock_out", **days)
    if line.kind == NO_PROMOTION:
        return Change(kind="no_promotion", **days)
    if line.kind == MOVE:
        return Change(kind="move_promotion", shift=shift_of(line.value, days["first"]), **days)
    text = _without_currency(line.value, currency)
    if line.kind == DEMAND:
        return Change(kind="demand", how="percent", value=_percent(text, line), **days)
    if line.kind == LAUNCH:
        share = _percent(text or "100%", line)
        if share <= 0:
            raise RuleError("A launch sells more than nothing. Give a share, as 80%.")
        return Change(kind="demand", how="percent", value=share, **days)
    if line.kind == PROMOTION:
        how, value = _promotion(text, line)
        return Change(kind="promotion", how=how, value=value, **days)
    how, value, ending = _amount(text, line)
    if line.kind == COST:
        return Change(kind="cost", how=how, value=value, **days)
    return Change(column="price", how=how, value=value, ending=ending, **days)


def shift_of(text: str, first: pd.Timestamp) -> int:
    """Days by which a promotion moves. Raises `RuleError`.

    >>> shift_of("+7 days", pd.Timestamp("2026-11-23")), shift_of("1 week", pd.Timestamp(0))
    (7, 7)
    >>> shift_of("to 2026-11-20", pd.Timestamp("2026-11-23"))
    -3
    """
    if found := re.fullmatch(r"([+−-]?)\s*(\d+)\s*(day|week)s?", text.strip().lower()):
        days = int(found[2]) * (7 if found[3] == "week" else 1)
        shift = -days if found[1] in ("-", "−") else days
    else:
        wanted = re.sub(r"^to\s+", "", text.strip(), flags=re.IGNORECASE)
        if not wanted:
            raise RuleError("Say where to, as “to 30 Nov” or “+7 days”.")
        shift = (near(wanted, first.date()) - first.date()).days
    if not shift:
        raise RuleError("It is moved to where it is. Choose another day.")
    return shift


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


def event_of(line: Line) -> tuple[str, str]:
    """The name of the event of a line, and where it moves to ("": it is off)."""
    text = line.value.strip()
    if line.kind == MOVE_EVENT:
        name, sign, to = text.rpartition(" to ")
        if not sign or not name.strip() or not to.strip():
            raise RuleError("Say which event and where to, as “11.11 to 18 Nov”.")
        return name.strip(), to.strip()
    if not text:
        raise RuleError("Say which event, as “Black Friday”.")
    return text, ""


def _without_currency(text: str, currency: str) -> str:
    for sign in set(re.findall(f"[{_CURRENCIES}]", text)):
        if currency and sign not in currency:
            raise RuleError(f"“{text}” is not in {currency}, the currency of these sales.")
        text = text.replace(sign, "")
    if found := re.search(r"\b(EUR|USD|GBP|CHF|CNY|JPY|SEK|PLN)\b", text):
        raise RuleError(
            f"“{text}” names {found[1]}. Give the number alone, in the sales' currency."
        )
    return text.strip().replace("−", "-").replace("–", "-")


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _percent(text: str, line: Line) -> float:
    """A change in percent: +15%, 15%, x1.5."""
    if found := re.fullmatch(rf"[x×]\s*{_NUMBER}", text.lower()):
        return 100 * (_number(found[1]) - 1)
    found = re.fullmatch(rf"([+-]?)\s*{_NUMBER}\s*%", text)
    if not found:
        raise _unclear(line)
    value = _number(found[2]) * (-1 if found[1] == "-" else 1)
    if value < -100:
        raise RuleError(f"{line.value} would go below zero. Use at most -100%.")
    return value


def _amount(
    text: str, line: Line
) -> tuple[Literal["to", "percent", "amount"], float, float | None]:
    """How, value and price ending of a price or cost."""
    ending = None
    if line.kind == PRICE and (found := re.search(r"\s*\bx[.,](\d+)$", text.lower())):
        ending, text = float(f"0.{found[1]}"), text[: found.start()].strip()
        if not text:
            return "percent", 0.0, ending
    if re.fullmatch(rf"[+-]?\s*{_NUMBER}\s*%", text):
        value = _percent(text, line)
        if value <= -100 and line.kind == PRICE:
            raise RuleError(f"{line.value} makes the price zero or less. Give a price above zero.")
        return "percent", value, ending
    found = re.fullmatch(rf"([+-]?)\s*{_NUMBER}", text)
    if not found:
        raise _unclear(line)
    value = _number(found[2])
    if found[1]:
        return "amount", -value if found[1] == "-" else value, ending
    if value <= 0 and line.kind == PRICE:
        raise RuleError(f"A price of {line.value} cannot be. Give one above zero.")
    return "to", value, ending


def _promotion(text: str, line: Line) -> tuple[Literal["to", "percent", "amount"], float]:
    """How and value: of 20% and -20% off, 1.99, 2 for 1.80, 3 for 2, or announced only."""
    if not text:
        return "percent", 0.0
    if found := re.fullmatch(rf"(\d+)\s*(?:for|x)\s*{_NUMBER}", text.lower()):
        pieces, paid = int(found[1]), _number(found[2])
        if not pieces or not paid:
            raise _unclear(line)
        if found[2].isdecimal() and paid < pieces:  # three for the price of two
            return "percent", 100 * (paid / pieces - 1)
        return "to", paid / pieces
    if found := re.fullmatch(rf"[+-]?\s*{_NUMBER}\s*%(?:\s*off)?", text.lower()):
        depth = _number(found[1])
        if depth >= 100:
            raise RuleError(f"{line.value} off leaves no price. Use less than 100%.")
        return "percent", -depth
    how, value, _ = _amount(text, replace(line, kind=PRICE))
    return how, value


def _unclear(line: Line) -> RuleError:
    shown = f"“{line.value}”" if line.value else "An empty value"
    return RuleError(f"{shown} says nothing for {line.kind.lower()}. Write {EXAMPLES[line.kind]}.")


def label_of(name: str, code: str) -> str:
    """What the grid calls a product."""
    return name if name == code else f"{name} · {code}"


def path_label(path: Sequence[str]) -> str:
    """What the grid calls a category."""
    return BETWEEN.join(path)
