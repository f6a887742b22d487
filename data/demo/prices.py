"""Prices and promotions of the demo shop, for the days past and the days planned.

There is one price list. Promotions run everywhere, only online or only in the shops; one that
reaches into the days to come runs everywhere, so that the plan needs no places.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.calendars import Festival
from data.demo.departments import DEPARTMENTS
from data.demo.traits import Flags, Floats, Traits

CHANNELS = 2  # online, shops
DIP_DAYS = 7  # after a promotion
CLEARANCE = 0.30  # share of the list price, in the last weeks of a product that goes


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Arrays (T, P, 2) over days, products and (online, shops); T covers the plan too."""

    price: Floats  # asked per unit
    discount: Floats  # share of the list price
    promo: Flags
    dip: Flags  # the days after a promotion


@dataclass(frozen=True, kw_only=True)
class _Promotion:
    product: int
    first: int  # number of the day
    last: int  # inclusive
    depth: float  # share of the list price; 0: shown at the door, not cheaper
    channels: slice
    flagged: bool  # not flagged: a quiet markdown


def draw(
    products: pd.DataFrame,
    traits: Traits,
    calendar: pd.DatetimeIndex,
    events: list[Festival],
    days: int,
    rng: np.random.Generator,
) -> Prices:
    """Prices over `calendar`, whose first `days` days are history and the rest is the plan."""
    shape = (len(calendar), len(products), CHANNELS)
    listed = _list_prices(products, traits, len(calendar), rng)
    discount = np.zeros(shape)
    promo = np.zeros(shape, dtype=bool)
    dip = np.zeros(shape, dtype=bool)
    limit = np.clip(1 - traits.unit_cost / listed - 0.03, 0, 1)  # no promotion under cost
    for each in _promotions(products, traits, calendar, events, days, rng):
        here = (slice(each.first, each.last + 1), each.product, each.channels)
        discount[here] = np.maximum(
            discount[here], min(each.depth, round(limit[each.first, each.product], 2))
        )
        promo[here] |= each.flagged
        after = slice(each.last + 1, each.last + 1 + DIP_DAYS)
        dip[after, each.product, each.channels] |= each.flagged
    dip &= ~promo
    price = np.round(listed[:, :, None] * (1 - discount), 2)
    return Prices(price=price, discount=discount, promo=promo, dip=dip)


def _list_prices(
    products: pd.DataFrame, traits: Traits, length: int, rng: np.random.Generator
) -> Floats:
    """(T, P): steps of a few percent, two or three a year, upwards in the long run."""
    start = products["list_price"].to_numpy()
    steps = rng.random((length, len(products))) < 2.6 / 365
    steps[0] = False
    sizes = rng.choice(
        [-0.10, -0.06, 0.04, 0.07, 0.12], p=[0.2, 0.2, 0.2, 0.25, 0.15], size=steps.shape
    )
    path = np.cumsum(np.where(steps & traits.price_moves, sizes, 0.0), axis=0)
    path = np.clip(path, -0.18, 0.25)
    # Prices end in 9 as on any shelf; the first price is as listed.
    return np.where(path == 0, start, np.round(start * np.exp(path), 1) - 0.01)


def _promotions(
    products: pd.DataFrame,
    traits: Traits,
    calendar: pd.DatetimeIndex,
    events: list[Festival],
    days: int,
    rng: np.random.Generator,
) -> list[_Promotion]:
    movable = np.flatnonzero(traits.price_moves)
    spans: list[tuple[int, int, int]] = []
    for product in movable:
        for first in _starts(len(calendar), rng):
            spans.append((int(product), first, first + int(rng.choice([6, 9, 13]))))
    for event in events:
        first = (event.first_day - calendar[0].date()).days
        last = first + event.days - 1
        if last < 0 or first >= len(calendar):
            continue
        for product in movable[rng.random(len(movable)) < _interest(products, event.name)[movable]]:
            early, late = rng.integers(0, 6), rng.integers(0, 4)
            spans.append((int(product), max(first - int(early), 0), last + int(late)))
    ends = (int(last) for last in traits.last_day)
    found = [_promotion(span, days, rng) for span in spans]
    return found + [_clearance(product, last) for product, last in enumerate(ends) if last < days]


def _starts(length: int, rng: np.random.Generator) -> list[int]:
    """Days on which a product's own promotions begin: about three a year, never overlapping."""
    gaps = rng.integers(55, 190, size=length // 55 + 1)
    starts = np.cumsum(gaps) - rng.integers(0, 100)
    return [int(start) for start in starts if 0 <= start < length]


def _interest(products: pd.DataFrame, event: str) -> Floats:
    """Chance of a promotion: a department joins the more, the more the event means to it."""
    chance = {
        name: min(0.1 + 0.25 * max(each.lifts[event].on, each.lifts[event].before) - 0.25, 0.5)
        for name, each in DEPARTMENTS.items()
    }
    return np.array([chance[name] for name in products["department"]])


def _promotion(span: tuple[int, int, int], days: int, rng: np.random.Generator) -> _Promotion:
    product, first, last = span
    depth = float(rng.choice([0.0, 0.10, 0.15, 0.20, 0.25, 0.30]))
    everywhere, online, shops = slice(0, 2), slice(0, 1), slice(1, 2)
    channels = (everywhere, online, shops)[int(rng.choice(3, p=[0.66, 0.17, 0.17]))]
    flagged = depth == 0 or rng.random() < 0.85
    if last >= days:
        channels = everywhere
    return _Promotion(
        product=product, first=first, last=last, depth=depth, channels=channels, flagged=flagged
    )


def _clearance(product: int, last: int) -> _Promotion:
    """The last three weeks of a product that goes."""
    return _Promotion(
        product=product,
        first=max(last - 20, 0),
        last=last,
        depth=CLEARANCE,
        channels=slice(0, 2),
        flagged=False,
    )
