"""Days on which nothing could be sold, and what would have been: numpy in, a frame out.

What a product would sell on a day is its own level around that day, times what all else in its
group did on the day (season, events, weekday), times its own bent of the week and its promotions.
Days that may be stock-outs never count towards it. Demand scatters around it as a negative
binomial. Where stock is known, a day that ends with none is one; elsewhere a run of zeros is as
likely one as it is unlikely for the product, given how rarely products run out.

Arrays are (S, T): series (a product in a place) and days.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray, IntArray

LONGEST = 60  # days without a sale; from there on nothing says that the product was still on sale
NEAR, FAR = 28, 84  # days before and after that tell the level; the far ones count little
LEAST_DAYS = 14  # usable days around, to say anything
SEASON = 14  # days before and after that tell the season of a range
RANGE_UNITS = 1.0  # units a day up to which a range has no season to speak of
GROUP_UNITS = 20.0  # units a day up to which the others of a group say little about a day
OWN_UNITS = 20.0  # units up to which a product's own week or promotions say little
MOST_SPREAD = 30.0  # dispersion; orders of many units at once reach it
ODDS = 0.0003  # that a run of zeros is a stock-out, before its length and the product are looked at
LIKELY = 0.5  # probability from which a run is listed
MISSED = 0.1  # probability of a wish not met, from which a day without stock counts
BAND = 0.8
_SUSPECT = 4.0  # log of how improbable a run has to be to be kept out of the level


@dataclass(frozen=True, kw_only=True)
class Sales:
    """What is known of some series, for `stock_outs`."""

    sold: FloatArray  # (S, T) units; NaN: not known
    stock: FloatArray | None  # (S, T) units at the end of the day; NaN: not known
    promo: BoolArray | None  # (S, T)
    group: IntArray  # (S,) row of `of_group`
    place: IntArray  # (S,) row of `of_place`
    range_: IntArray  # (S,) row of `of_range`
    product: IntArray  # (S,) row of `of_product`
    of_group: FloatArray  # (G, T) units of the department in the same place
    of_place: FloatArray  # (L, T) units of everything in the place
    of_range: FloatArray  # (R, T) units of the finest category, all places together
    of_product: FloatArray  # (P, T) units of the product, all places together
    weekday: IntArray  # (T,) Monday 0


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What would be wanted each day."""

    mean: FloatArray  # (S, T) units; NaN where too little is known around
    dispersion: FloatArray  # (S,) of the negative binomial: variance = mean + dispersion * mean^2
    seen: FloatArray  # (S, T) units that the level rests on
    silence: FloatArray  # (S, T) minus the logarithm of the chance of no sale; 0 where not known


def demand(sales: Sales, usable: BoolArray) -> Demand:
    """Expected units of every day, learned from the usable days (S, T) alone."""
    sold = np.where(usable, np.nan_to_num(sales.sold), 0.0).clip(min=0.0)
    factor = _shape(sales)
    for _ in range(2):
        level, seen = _level(sold, np.where(usable, factor, 0.0), usable)
        mean = np.nan_to_num(level) * factor
        factor *= _own(sold, np.where(usable, mean, 0.0), sales.weekday)
        if sales.promo is not None:
            on = usable & sales.promo
            lift = (np.where(on, sold, 0).sum(axis=1) + OWN_UNITS) / (
                np.where(on, mean, 0).sum(axis=1) + OWN_UNITS
            )
            factor = np.where(sales.promo, factor * lift[:, None], factor)
    level, seen = _level(sold, np.where(usable, factor, 0.0), usable)
    mean = level * factor
    off = np.where(usable & np.isfinite(mean), (sold - mean) ** 2 - mean, 0.0).sum(axis=1)
    size = np.where(usable & np.isfinite(mean), mean**2, 0.0).sum(axis=1)
    spread = (off + 0.15 * OWN_UNITS) / (size + OWN_UNITS)
    dispersion = spread.clip(0.01, MOST_SPREAD)
    silence = _silence(sold, np.nan_to_num(mean), dispersion, usable)
    return Demand(mean=mean, dispersion=dispersion, seen=seen, silence=silence)


def _silence(
    sold: FloatArray, mean: FloatArray, dispersion: FloatArray, usable: BoolArray
) -> FloatArray:
    """(S, T) minus the logarithm of the chance of no sale on a day.

    That of the negative binomial, but never rarer than zeros were on the usable days: what is
    ordered by the dozen varies as much as what is ordered singly and often, with more zeros.
    """
    spread = dispersion[:, None]
    weight = np.log1p(spread * mean) / spread
    sales = (usable & (sold > 0)).sum(axis=1)
    factor = np.ones(len(weight))
    for _ in range(3):  # Newton's steps to as many days with a sale as there were
        none = np.where(usable, np.exp(-factor[:, None] * weight), 0.0)
        excess = usable.sum(axis=1) - none.sum(axis=1) - sales
        slope = (weight * none).sum(axis=1)
        factor = (factor - excess / np.maximum(slope, 1e-9)).clip(0.1, 1.0)
    return weight * factor[:, None]


def stock_outs(sales: Sales) -> pd.DataFrame:
    """A row per day that was likely a stock-out, ordered by series and day.

    series (row of the arrays), step (column), run (numbers the spells of days in a row),
    by_stock (whether the stock says so), probability (of a stock-out; of a wish not met where the
    stock says so), sold, expected (what would have been sold), low and high (its 80 % band).
    """
    alive = _on_sale(sales.sold)
    zero = alive & (np.nan_to_num(sales.sold, nan=1.0) <= 0)
    stock = np.full(zero.shape, np.nan) if sales.stock is None else _carried(sales.stock)
    known, empty = np.isfinite(stock), alive & (stock <= 0)
    runs = _runs(zero & ~known)
    suspect = _suspects(runs, zero, alive & ~empty)
    usable = alive & np.isfinite(sales.sold) & ~empty
    wanted = demand(sales, usable & ~_mark(runs, suspect, zero.shape))
    likely = _probability(runs, wanted)
    # Once more without the runs that turned out to be likely, and with those that did not.
    wanted = demand(sales, usable & ~_mark(runs, likely >= LIKELY, zero.shape))
    likely = _probability(runs, wanted)
    listed = runs[likely >= LIKELY]
    chance = np.zeros(zero.shape)
    for (series, first, last), value in zip(listed, likely[likely >= LIKELY], strict=True):
        chance[series, first : last + 1] = value
    return _days(sales, wanted, chance, empty)


def unmet(
    sold: FloatArray, mean: FloatArray, dispersion: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Of demand that emptied the shelf: expected, low, high, probability that it was more.

    All arrays are (N,): a negative binomial, given that at least `sold` was wanted.

    >>> wanted, low, high, more = unmet(np.array([0.0]), np.array([5.0]), np.array([0.1]))
    >>> [round(float(each[0]), 2) for each in (wanted, low, high, more)]
    [5.0, 2.0, 9.0, 0.98]
    """
    from scipy.stats import nbinom

    size = 1 / dispersion
    success = size / (size + mean)
    at_least = nbinom.sf(sold - 1, size, success)
    more = nbinom.sf(sold, size, success)
    # Mean of the tail: k p(k; r) = mean p(k - 1; r + 1), summed from `sold` on.
    tail = mean * nbinom.sf(sold - 2, size + 1, success)
    safe = np.maximum(at_least, 1e-12)
    edge = (1 - BAND) / 2
    low = nbinom.ppf(1 - at_least + edge * at_least, size, success)
    high = nbinom.ppf(np.minimum(1 - edge * at_least, 1 - 1e-12), size, success)
    possible = at_least > 1e-9  # else nothing like it was ever seen: what was sold is all
    return (
        np.where(possible, np.maximum(tail / safe, sold), sold),
        np.where(possible, np.maximum(low, sold), sold),
        np.where(possible, np.maximum(high, sold), sold),
        np.where(possible, more / safe, 0.0),
    )


def _days(sales: Sales, wanted: Demand, chance: FloatArray, empty: BoolArray) -> pd.DataFrame:
    """The listed days with what would have been sold."""
    series, step = np.nonzero(((chance > 0) | empty) & np.isfinite(wanted.mean))
    by_stock = empty[series, step]
    sold = np.nan_to_num(sales.sold[series, step]).clip(min=0.0)
    mean = np.maximum(wanted.mean[series, step], 1e-6)
    # The level itself is only known from what was seen of it, which widens the band.
    dispersion = wanted.dispersion[series] + 1 / (wanted.seen[series, step] + 1)
    expected, low, high, more = unmet(np.ceil(sold), mean, dispersion)
    keep = ~by_stock | (more >= MISSED)
    frame = pd.DataFrame(
        {
            "series": series,
            "step": step,
            "by_stock": by_stock,
            "probability": np.where(by_stock, more, chance[series, step]),
            "sold": sales.sold[series, step],
            "expected": np.maximum(expected, sold),
            "low": np.maximum(low, sold),
            "high": np.maximum(high, sold),
        }
    )[keep].reset_index(drop=True)
    starts = (frame["series"].diff() != 0) | (frame["step"].diff() != 1)
    frame.insert(2, "run", starts.cumsum() - 1)
    return frame


def _shape(sales: Sales) -> FloatArray:
    """(S, T) what all others did on each day; 1 where too few sell.

    The season comes from the finest category and is slow; the day from department and place,
    against the weeks around it.
    """
    own = np.nan_to_num(sales.sold).clip(min=0.0)
    own_near = _around(own, NEAR)
    days = _around(np.ones((1, own.shape[1])), NEAR)
    of_place = sales.of_place[sales.place]
    place = (of_place - own).clip(min=0.0) + GROUP_UNITS
    place /= (_around(of_place, NEAR) - own_near).clip(min=0.0) / days + GROUP_UNITS
    of_group = sales.of_group[sales.group]
    group = (of_group - own).clip(min=0.0) + GROUP_UNITS * place
    group /= (_around(of_group, NEAR) - own_near).clip(min=0.0) / days + GROUP_UNITS
    # Less the product in all places: what runs out here often does so everywhere.
    of_range = (sales.of_range[sales.range_] - sales.of_product[sales.product]).clip(min=0.0)
    season = _around(of_range, SEASON) / _around(np.ones((1, own.shape[1])), SEASON) + RANGE_UNITS
    season /= of_range.mean(axis=1, keepdims=True) + RANGE_UNITS
    return group * season


def _level(
    sold: FloatArray, exposure: FloatArray, usable: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """(S, T) units per unit of exposure around each day, and the units that it rests on."""
    near, near_exposure = _around(sold, NEAR), _around(exposure, NEAR)
    far, far_exposure = _around(sold, FAR), _around(exposure, FAR)
    weight = 4.0 / np.maximum(_around(usable.astype(float), FAR), 4.0)  # as much as four days
    exposed = near_exposure + weight * far_exposure
    enough = (_around(usable.astype(float), FAR) >= LEAST_DAYS) & (exposed > 0)
    level = np.where(enough, (near + weight * far) / np.where(enough, exposed, 1.0), np.nan)
    return level, near + weight * far


def _own(sold: FloatArray, mean: FloatArray, weekday: IntArray) -> FloatArray:
    """(S, T) what the product's own week adds to that of its group."""
    factor = np.ones((len(sold), 7))
    for day in range(7):
        on = weekday == day
        factor[:, day] = (sold[:, on].sum(axis=1) + OWN_UNITS) / (
            mean[:, on].sum(axis=1) + OWN_UNITS
        )
    return factor[:, weekday]


def _around(values: FloatArray, reach: int) -> FloatArray:
    """(S, T) sums over `reach` days before and after each, and itself."""
    length = values.shape[1]
    total = np.zeros((len(values), length + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    step = np.arange(length)
    last = np.minimum(step + reach + 1, length)
    return total[:, last] - total[:, np.maximum(step - reach, 0)]


def _on_sale(sold: FloatArray) -> BoolArray:
    """(S, T) from the first sale to the last, and to the end where the last was not long ago."""
    sells = np.nan_to_num(sold) > 0
    length = sold.shape[1]
    step = np.arange(length)
    first = np.where(sells.any(axis=1), sells.argmax(axis=1), length)
    last = np.where(sells.any(axis=1), length - 1 - sells[:, ::-1].argmax(axis=1), -1)
    last = np.where(length - 1 - last <= LONGEST, length - 1, last)
    return (step >= first[:, None]) & (step <= last[:, None])


def _carried(stock: FloatArray) -> FloatArray:
    """(S, T) the stock with the last known one carried over days without a row."""
    step = np.arange(stock.shape[1])
    last = np.maximum.accumulate(np.where(np.isfinite(stock), step, -1), axis=1)
    carried = np.take_along_axis(stock, np.maximum(last, 0), axis=1)
    return np.where((last >= 0) & (step - last <= LONGEST), carried, np.nan)


def _runs(zero: BoolArray) -> IntArray:
    """(R, 3) series, first and last step of every run of at most `LONGEST` zeros."""
    edge = np.diff(np.pad(zero.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    series, first = np.nonzero(edge == 1)
    last = np.nonzero(edge == -1)[1] - 1
    found = np.stack([series, first, last], axis=1)
    return found[last - first < LONGEST]


def _suspects(runs: IntArray, zero: BoolArray, alive: BoolArray) -> BoolArray:
    """(R,) runs that are improbable by the product's share of days without a sale alone.

    Taken twice, since stock-outs hide in that share the first time.
    """
    length = runs[:, 2] - runs[:, 1] + 1
    suspect = np.zeros(len(runs), dtype=bool)
    days, zeros = alive.sum(axis=1), (zero & alive).sum(axis=1)
    for _ in range(2):
        hidden = np.bincount(runs[suspect, 0], length[suspect], minlength=len(zero))
        share = (zeros - hidden + 0.5) / (np.maximum(days - hidden, 0) + 1)
        suspect = -np.log(share.clip(max=1.0))[runs[:, 0]] * length >= _SUSPECT
    return suspect


def _mark(runs: IntArray, chosen: BoolArray, shape: tuple[int, ...]) -> BoolArray:
    """(S, T) the days of the chosen runs."""
    edge = np.zeros((shape[0], shape[1] + 1), dtype=np.int8)
    edge[runs[chosen, 0], runs[chosen, 1]] = 1
    edge[runs[chosen, 0], runs[chosen, 2] + 1] -= 1
    return np.cumsum(edge, axis=1, dtype=np.int8)[:, :-1] > 0


def _probability(runs: IntArray, wanted: Demand) -> FloatArray:
    """(R,) that a run of zeros is a stock-out; 0 where too little is known around it."""
    if not len(runs):
        return np.empty(0)
    weight = wanted.silence
    total = np.concatenate([np.zeros((len(weight), 1)), np.cumsum(weight, axis=1)], axis=1)
    series, first, last = runs.T
    surprise = total[series, last + 1] - total[series, first]
    known = np.isfinite(wanted.mean[series, first]) & np.isfinite(wanted.mean[series, last])
    # The level is uncertain as a gamma with as many units as were seen of it.
    seen = wanted.seen[series, (first + last) // 2] + 0.5
    no_sale = np.exp(-seen * np.log1p(surprise / seen))
    return np.where(known, ODDS / (ODDS + no_sale), 0.0)
