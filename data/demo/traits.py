"""What each product of the demo shop is like: drawn once, the same for every day."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.demo.departments import DEPARTMENTS, ONLINE, PLACES, season_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

UNITS_PER_PRODUCT = 18.0  # mean demand of a product per day over all places
SLOW = 0.26  # share of products that sell less than once in two days and place


@dataclass(frozen=True, kw_only=True)
class Traits:
    """One entry per product (P), or per product and place (P, 4)."""

    elasticity: Floats
    promo_uplift: Floats
    trend: Floats  # log of demand per year
    rate: Floats  # (P, 4) units per day at the list price, in a mean week of a mean year
    overdispersion: Floats  # variance = mean + overdispersion * mean^2
    unit_cost: Floats
    lead_time: Integers  # days
    return_rate: Floats  # (P, 4)
    price_moves: Flags  # the price of the others has never changed
    first_day: Integers  # number of the day since the start; 0: older than the data
    last_day: Integers  # number of the last day on sale; `days` or more: still on sale
    listed: Flags  # (P, 4)


def draw(products: pd.DataFrame, days: int, rng: np.random.Generator) -> Traits:
    """Traits of the products of `catalogue.choose` over `days` days of history."""
    count = len(products)
    list_price = products["list_price"].to_numpy()
    uplift = _of(products, "promo_uplift")
    margin = rng.uniform(_of(products, "margin", 0), _of(products, "margin", 1))
    lead_low, lead_high = (_of(products, "lead_time", end).astype(np.int64) for end in (0, 1))
    moves = rng.random(count) > 0.06
    places = np.ones(len(PLACES))
    places[ONLINE] = 2.0
    first_day, last_day = _life(count, days, rng)
    listed = rng.random((count, len(PLACES))) > 0.07
    listed[:, ONLINE] = True
    rate = _rates(products, rng)
    return Traits(
        elasticity=np.minimum(_of(products, "elasticity") + rng.normal(0, 0.35, count), -0.4),
        promo_uplift=1 + (uplift - 1) * rng.uniform(0.8, 1.2, count),
        trend=rng.normal(0.07, 0.05, count),
        rate=rate,
        overdispersion=np.where(
            rate.mean(axis=1) > 1, rng.uniform(0.03, 0.15, count), rng.uniform(0.1, 0.8, count)
        ),
        unit_cost=np.round(list_price * (1 - margin), 2),
        lead_time=rng.integers(lead_low, lead_high, endpoint=True),
        return_rate=_of(products, "return_rate")[:, None] * places,
        price_moves=moves,
        first_day=first_day,
        last_day=last_day,
        listed=listed,
    )


def _of(products: pd.DataFrame, trait: str, index: int | None = None) -> Floats:
    """A parameter of each product's department."""
    values: dict[str, Any] = {name: getattr(each, trait) for name, each in DEPARTMENTS.items()}
    if index is not None:
        values = {name: value[index] for name, value in values.items()}
    return products["department"].map(values).to_numpy(dtype=np.float64)


def _rates(products: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """Demand per day and place: few best sellers, a long tail, dear things slower.

    What sells in one season sells less over the year, or Easter would be the whole shop's peak.
    """
    count = len(products)
    in_season = np.array([season_of(tuple(path)).share for path in products["categories"]])
    fast = rng.lognormal(0, 0.75, count) * (products["list_price"].to_numpy() / 15) ** -0.35
    fast *= 1 - 0.75 * in_season
    slow = np.exp(rng.uniform(np.log(0.06), np.log(1.6), count))  # over all places
    is_slow = np.zeros(count, dtype=bool)
    is_slow[rng.permutation(count)[: round(SLOW * count)]] = True
    fast[is_slow] = 0
    slow[~is_slow] = 0
    fast *= (UNITS_PER_PRODUCT * count - slow.sum()) / fast.sum()
    shares = np.array([place[2] for place in PLACES]) * rng.lognormal(0, 0.2, (count, len(PLACES)))
    return (fast + slow)[:, None] * shares / shares.sum(axis=1, keepdims=True)


def _life(count: int, days: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """First and last day on sale: one product in eight is new, one in fourteen has gone."""
    order = rng.permutation(count)
    new, gone = order[: count // 8], order[count // 8 : count // 8 + count // 14]
    first_day = np.zeros(count, dtype=np.int64)
    last_day = np.full(count, days + 10_000, dtype=np.int64)
    first_day[new] = rng.integers(days // 10, max(days // 10 + 1, days - 60), len(new))
    last_day[gone] = rng.integers(days // 3, max(days // 3 + 1, days - 30), len(gone))
    return first_day, last_day
