"""What customers of the demo shop want on each day, whether or not it is on the shelf."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.calendars import Festival
from data.demo.catalogue import RANGES
from data.demo.departments import DEPARTMENTS, PLACES, Lift, season_of
from data.demo.prices import Prices
from data.demo.traits import Flags, Floats, Integers, Traits

CANNIBALISATION = 0.12  # log of demand lost when all else in the range is on promotion
RAMP_DAYS = 60  # until a new product is known
PLACE_NOISE = 0.035  # log; weather, traffic: common to all products of a place and day

CHANNEL_OF_PLACE = np.array([0, 1, 1, 1])


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Arrays (T, P, 4) over days of history and plan, products and places."""

    expected: Floats  # units; 0 where the product is not on sale
    on_sale: Flags
    wanted: Integers  # drawn; history only
    season: Floats  # (T, ranges): factor of the year, mean 1
    weekday: Floats  # (7, P, 4): Monday first, mean 1


def draw(
    products: pd.DataFrame,
    traits: Traits,
    prices: Prices,
    calendar: pd.DatetimeIndex,
    events: list[Festival],
    days: int,
    rng: np.random.Generator,
) -> Demand:
    """Expected demand over `calendar`, and what was wanted on its first `days` days."""
    leaf = products["leaf"].to_numpy()
    season = seasons(calendar)
    weekday = _weekdays(products)
    day = np.arange(len(calendar))[:, None]
    years = (day - days / 2) / 365.25  # the mean of history has trend 1
    common = np.exp(traits.trend * years) * season[:, leaf]
    common *= _event_factors(products, calendar, events)
    common *= np.minimum(1.0, (day - traits.first_day + 12) / RAMP_DAYS) * (
        traits.first_day > 0
    ) + (traits.first_day == 0)
    response = _price_response(products, traits, prices)
    expected = common[:, :, None] * response[:, :, CHANNEL_OF_PLACE]
    expected *= weekday[calendar.dayofweek.to_numpy()] * traits.rate
    alive = (day >= traits.first_day) & (day <= traits.last_day)
    on_sale = alive[:, :, None] & traits.listed
    expected *= on_sale
    wanted = _draw(expected[:days], traits.overdispersion, rng)
    return Demand(expected=expected, on_sale=on_sale, wanted=wanted, season=season, weekday=weekday)


def seasons(calendar: pd.DatetimeIndex) -> Floats:
    """(T, ranges): the yearly season of every range of the tree, with mean 1 over a year."""
    factors = np.empty((len(calendar), len(RANGES)))
    for number, each in enumerate(RANGES):
        season = season_of(each.path)
        angle = 2 * np.pi * (calendar.dayofyear.to_numpy() - season.peak_day) / 365.25
        bump = np.exp(season.sharpness * np.cos(angle)) / np.i0(season.sharpness)
        factors[:, number] = 1 - season.share + season.share * bump
    return factors


def lift_on(offset: int, event: Festival, lift: Lift) -> float:
    """The factor of an event on a day, `offset` days after its first day.

    The days before ramp up to the event with `lift.before` as their mean.

    >>> from datetime import date
    >>> event = Festival(name="Fair", first_day=date(2025, 5, 1), days_before=3, days_after=1)
    >>> [round(lift_on(day, event, Lift(1.2, 2.0, 0.8)), 2) for day in range(-4, 3)]
    [1.0, 1.1, 1.2, 1.3, 2.0, 0.8, 1.0]
    """
    before = event.days_before
    if -before <= offset < 0:
        return 1 + (lift.before - 1) * 2 * (before + offset + 1) / (before + 1)
    if 0 <= offset < event.days:
        return lift.on
    return lift.after if 0 <= offset - event.days < event.days_after else 1.0


def _event_factors(
    products: pd.DataFrame, calendar: pd.DatetimeIndex, events: list[Festival]
) -> Floats:
    """(T, P): the product of all events that touch a day."""
    names = list(DEPARTMENTS)
    factors = np.ones((len(calendar), len(names)))
    for event in events:
        start = (event.first_day - calendar[0].date()).days
        for offset in range(-event.days_before, event.days + event.days_after):
            if 0 <= start + offset < len(calendar):
                factors[start + offset] *= [
                    lift_on(offset, event, each.lifts[event.name]) for each in DEPARTMENTS.values()
                ]
    return factors[:, [names.index(name) for name in products["department"]]]


def _price_response(products: pd.DataFrame, traits: Traits, prices: Prices) -> Floats:
    """(T, P, 2): what price, promotion, its aftermath and promoted siblings do to demand."""
    relative = prices.price / products["list_price"].to_numpy()[:, None]
    dip = products["department"].map({n: d.promo_dip for n, d in DEPARTMENTS.items()}).to_numpy()
    log = np.log(relative) * traits.elasticity[:, None]
    log += prices.promo * np.log(traits.promo_uplift)[:, None]
    log += prices.dip * np.log(dip)[:, None]
    log -= CANNIBALISATION * _promoted_siblings(products["leaf"].to_numpy(), prices.promo)
    return np.exp(log)


def _promoted_siblings(leaf: Integers, promo: Flags) -> Floats:
    """(T, P, 2): share of the other products of the range that are on promotion."""
    share = np.zeros(promo.shape)
    for number in np.unique(leaf):
        members = np.flatnonzero(leaf == number)
        if len(members) > 1:
            flags = promo[:, members].astype(np.float64)
            share[:, members] = (flags.sum(axis=1, keepdims=True) - flags) / (len(members) - 1)
    return share


def _weekdays(products: pd.DataFrame) -> Floats:
    """(7, P, 4): the week of each place, bent by the department's weekend; mean 1."""
    week = np.array([place[3] for place in PLACES]).T  # (7, 4)
    weekend = products["department"].map({n: d.weekend for n, d in DEPARTMENTS.items()}).to_numpy()
    bend = np.ones((7, len(products)))
    bend[5:] = weekend
    factors = week[:, None, :] * bend[:, :, None]
    return factors / factors.mean(axis=0)


def _draw(expected: Floats, overdispersion: Floats, rng: np.random.Generator) -> Integers:
    """Negative binomial draws with the place's own good and bad days."""
    days, _, places = expected.shape
    shock = np.exp(rng.normal(0, PLACE_NOISE, (days, 1, places)))
    shape = np.broadcast_to((1 / overdispersion)[:, None], expected.shape)
    return rng.poisson(expected * shock * rng.standard_gamma(shape) / shape)
