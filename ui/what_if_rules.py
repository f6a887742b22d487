"""From a line of the change grid, or of a file, to changes of a plan. Knows no Streamlit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from forecasting.scenarios import Change
from ui import what_if_kinds as kinds
from ui import what_if_values as values
from ui.what_if_kinds import Line, RuleError


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
    for part in text.split(kinds.MANY) or [""]:
        name = part.strip()
        if not name or name.lower() == kinds.ALL_PRODUCTS.lower():
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
        raise RuleError(
            f"“{name}” is in several categories. Say which, as Coffee{kinds.BETWEEN}{name}."
        )
    return inside


def places_of(text: str, shop: Shop) -> frozenset[int] | None:
    """Place ids, None for all of them. Raises `RuleError`."""
    found: set[int] = set()
    for part in text.split(kinds.MANY):
        name = part.strip().lower()
        if not name or name == kinds.ALL_PLACES.lower():
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
    if line.kind not in kinds.KINDS:
        raise RuleError(f"“{line.kind}” is no kind of change. Use {', '.join(kinds.KINDS)}.")
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
    changes = () if line.kind in kinds.EVENTS else (values.change_of(line, days, shop.currency),)
    return Rule(
        number=number, line=line, changes=changes, products=products, places=places,
        notes=tuple(notes),
    )  # fmt: skip


def days_of(line: Line, shop: Shop) -> tuple[date, date, list[str]]:
    """First and last day of a line, within what is compared. Raises `RuleError`."""
    if not line.first:
        raise RuleError("It has no first day. Give one.")
    first = kinds.day(line.first)
    last = kinds.day(line.last) if line.last else first
    if last < first:
        raise RuleError(f"It ends on {kinds.said(last)}, before it begins on {kinds.said(first)}.")
    if last < shop.first_day:
        sold = kinds.said(shop.first_day - timedelta(days=1))
        raise RuleError(
            f"It ends on {kinds.said(last)}. Days up to {sold} are sold and cannot change."
        )
    if first > shop.last_day:
        raise RuleError(
            f"It begins on {kinds.said(first)}, but forecasts end on {kinds.said(shop.last_day)}."
        )
    notes = []
    if first < shop.first_day:
        notes.append(f"It counts from {kinds.said(shop.first_day)}: the days before are sold.")
    if last > shop.last_day:
        notes.append(f"It counts until {kinds.said(shop.last_day)}, where forecasts end.")
    return max(first, shop.first_day), min(last, shop.last_day), notes
