"""The demo shop's shelves: orders, deliveries, late suppliers, and the sales that they allow."""

from dataclasses import dataclass

import numpy as np

from data.demo.demand import Demand
from data.demo.traits import Floats, Integers, Traits

FAST = 2.5  # units a day from which late deliveries empty the shelf; slower things lie in depth
TROUBLES = 0.7  # late deliveries per product and year
SAFETY = 3.0  # standard deviations of the demand while an order is under way


@dataclass(frozen=True, kw_only=True)
class Shelves:
    """Arrays (days, P, 4) over history."""

    sold: Integers  # units that left the shelf
    returned: Integers  # units that came back; they are not sold again
    lost: Integers  # wanted but not on the shelf
    stock: Integers  # at the end of the day


def simulate(demand: Demand, traits: Traits, days: int, rng: np.random.Generator) -> Shelves:
    """Sell what is wanted day by day while it lasts; order when stock and orders run low."""
    shape = demand.wanted.shape
    series = shape[1] * shape[2]
    wanted = demand.wanted.reshape(days, series)
    on_sale = demand.on_sale[:days].reshape(days, series)
    reorder, upto = (level.reshape(days, series) for level in _levels(demand, traits, days, rng))
    arrival = _arrivals(demand, traits, days, rng).reshape(days, series)
    due = np.zeros((int(arrival.max()) + 1, series), dtype=np.int64)
    stock, ordered = np.zeros(series, dtype=np.int64), np.zeros(series, dtype=np.int64)
    sold, stocks = np.empty_like(wanted), np.empty_like(wanted)
    opened = np.zeros(series, dtype=bool)
    for day in range(days):
        opens = on_sale[day] & ~opened
        stock = np.where(opens, upto[day], stock + due[day])
        opened |= opens
        ordered -= due[day]
        sold[day] = np.minimum(wanted[day], stock)
        stock = stock - sold[day]
        stocks[day] = stock
        position = stock + ordered
        short = np.flatnonzero((position <= reorder[day]) & on_sale[day] & opened)
        amount = upto[day, short] - position[short]
        due[arrival[day, short], short] += amount
        ordered[short] += amount
    units = sold.reshape(shape)
    return Shelves(
        sold=units,
        returned=_returns(units, traits, rng) * demand.on_sale[:days],
        lost=demand.wanted - units,
        stock=stocks.reshape(shape),
    )


def _levels(
    demand: Demand, traits: Traits, days: int, rng: np.random.Generator
) -> tuple[Integers, Integers]:
    """(days, P, 4) stock at which to order, and up to which.

    The buyer expects the next days about right: festivals are stocked for, late trucks are not.
    """
    expected = demand.expected
    total = np.concatenate([np.zeros((1, *expected.shape[1:])), expected.cumsum(axis=0)])
    error = np.exp(rng.normal(0, 0.08, expected.shape[1:]))
    day = np.arange(days)[:, None]
    product = np.arange(expected.shape[1])

    def ahead(span: Integers) -> Floats:
        """Expected demand from tomorrow over a span of days, cut at the end of the plan."""
        end = np.minimum(day + 1 + span, len(expected))
        return (total[end, product] - total[day + 1, product]) * error

    lead, cycle = traits.lead_time + 1, np.maximum(traits.lead_time // 2, 5)
    during = ahead(lead)
    pace = 1 / lead[:, None]
    deviation = np.sqrt(during + traits.overdispersion[:, None] * during**2 * pace)
    reorder = during + SAFETY * deviation + 2
    slow = traits.rate.mean(axis=1)[:, None] < 1
    reorder = np.where(slow, reorder + SAFETY * deviation, reorder)
    upto = reorder + ahead(cycle) + 1
    return np.ceil(reorder).astype(np.int64), np.ceil(upto).astype(np.int64)


def _arrivals(demand: Demand, traits: Traits, days: int, rng: np.random.Generator) -> Integers:
    """(days, P, 4): the day on which an order of a day arrives.

    Now and then a supplier delivers nothing for weeks; slow sellers are then served from
    elsewhere.
    """
    arrival = np.arange(days)[:, None] + traits.lead_time
    held = arrival.copy()
    for product in range(arrival.shape[1]):
        for begins in rng.integers(0, days, rng.poisson(TROUBLES * days / 365)):
            ends = begins + traits.lead_time[product] + rng.integers(10, 26)
            caught = (held[:, product] >= begins) & (held[:, product] < ends)
            held[caught, product] = ends
    fast = traits.rate >= FAST
    return np.where(fast[None], held[:, :, None], arrival[:, :, None])


def _returns(sold: Integers, traits: Traits, rng: np.random.Generator) -> Integers:
    """Units that come back three to twenty days after they were sold."""
    back = rng.binomial(sold, np.broadcast_to(traits.return_rate, sold.shape))
    day, product, place = np.nonzero(back)
    units = back[day, product, place]
    day = day + rng.integers(3, 21, len(day))
    kept = day < len(sold)
    returned = np.zeros_like(sold)
    np.add.at(returned, (day[kept], product[kept], place[kept]), units[kept])
    return returned
