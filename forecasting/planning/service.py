"""How much serves sample paths as asked: by cycles, by units, or at least cost.

Samples are ascending in each row. Shape suffixes: B items, S paths.
"""

from dataclasses import dataclass, replace

import numpy as np

from forecasting.arrays import BoolArray, Float32Array, FloatArray, IntArray
from forecasting.planning.exposure import Exposure
from forecasting.planning.items import Items

TOLERANCE = 1e-6  # of a path
HALVINGS = 40  # of the largest demand, until the level that serves a fill rate


@dataclass(frozen=True, kw_only=True, eq=False)
class Service:
    """A target asked for instead of the items' own; a level of None is the one they ask for."""

    target: str  # one of `TARGETS`
    level: float | FloatArray | None = None  # share, of all items or (B,) of each


# A service; or its level alone, for the items' own targets; or None: all as the items ask.
Asked = Service | float | FloatArray | None


def asking(items: Items, asked: Asked) -> tuple[Items, FloatArray]:
    """The items with what is asked for as their target, and the level (B,) of each."""
    if isinstance(asked, Service):
        target = np.full(len(items.series_ids), asked.target, dtype=object)
        items, asked = replace(items, target=target), asked.level
    own = levels_of(items)[0]
    return items, own if asked is None else np.broadcast_to(asked, own.shape)


def levels_of(items: Items) -> tuple[FloatArray, BoolArray]:
    """The service level (B,) of each item, and whether it should follow from costs that are not
    known, so that the one that was set counts instead."""
    level = np.where(items.target == "cost", items.critical_ratio(), items.service_level)
    unpriced = np.isnan(level)
    return np.where(unpriced, items.service_level, level), unpriced


def at_target(
    samples: Float32Array, served: FloatArray, items: Items, level: FloatArray
) -> FloatArray:
    """The amount (B,) that serves samples (B, S) as the items' targets ask.

    `served` (B,) is the demand that a fill rate refers to, `level` (B,) the share to be served.
    """
    chosen = quantile(samples, level)
    rows = np.flatnonzero(items.target == "fill")
    if len(rows):
        chosen[rows] = fills(samples[rows], (1 - level[rows]) * served[rows])
    return np.where(level > 0, chosen, 0.0)


def up_to_level(exposure: Exposure, items: Items, level: FloatArray) -> FloatArray:
    """The level (B,) of stock and orders that serves a whole cycle as the items' targets ask.

    Of the shortage until the end of a cycle, that until its delivery belongs to the cycle before.
    """
    found = np.where(level > 0, quantile(exposure.demand_cycle, level), 0.0)
    rows = np.flatnonzero(items.target == "fill")
    if not len(rows):
        return found
    lead, cycle = _Shortage(exposure.demand_lead[rows]), _Shortage(exposure.demand_cycle[rows])
    allowed = (1 - level[rows]) * exposure.served[rows]
    low, high = np.zeros(len(rows)), exposure.demand_cycle[rows, -1].astype(np.float64)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = cycle.beyond(middle) - lead.beyond(middle) <= allowed
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    found[rows] = high
    return found


def quantile(samples: Float32Array, level: FloatArray | float) -> FloatArray:
    """Quantiles (B,) of samples (B, S): the smallest that at least `level` do not exceed.

    >>> quantile(np.array([[1, 2, 3, 4]], dtype=np.float32), 0.5)
    array([2.])
    """
    count = samples.shape[1]
    place = np.ceil(np.asarray(level) * count - TOLERANCE).astype(np.intp) - 1
    place = np.broadcast_to(np.clip(place, 0, count - 1), (len(samples),))
    return samples[np.arange(len(samples)), place].astype(np.float64)


def fills(samples: Float32Array, allowed: FloatArray) -> FloatArray:
    """The least amount (B,) that leaves at most `allowed` units unmet on average.

    The mean shortage falls in straight lines between the samples, so it is inverted exactly.

    >>> fills(np.array([[0, 10]], dtype=np.float32), np.array([1.0]))
    array([8.])
    """
    count = samples.shape[1]
    values = samples.astype(np.float64)
    beyond = np.cumsum(values[:, ::-1], axis=1)[:, ::-1] - values  # sum of the larger samples
    larger = np.arange(count - 1, -1, -1)
    short = (beyond - larger * values) / count  # mean shortage when stocking each sample
    at = (short > allowed[:, None] + 1e-12).sum(axis=1)  # samples that leave too much unmet
    rows = np.arange(len(values))
    upper = np.minimum(at, count - 1)
    above = np.maximum(count - upper, 1)  # samples from `upper` on: the slope below it
    return np.asarray(
        np.maximum(values[rows, upper] - (allowed - short[rows, upper]) * count / above, 0.0)
    )


class _Shortage:
    """Mean shortage of samples (B, S) at any amount, from sums made once.

    >>> _Shortage(np.array([[0, 4, 10]], dtype=np.float32)).beyond(np.array([1.0]))
    array([4.])
    """

    def __init__(self, samples: Float32Array) -> None:
        self._samples = samples
        self._rows = np.arange(len(samples))
        sums = np.cumsum(samples[:, ::-1], axis=1, dtype=np.float64)[:, ::-1]
        self._from = np.column_stack([sums, np.zeros(len(samples))])  # (B, S + 1)

    def beyond(self, amount: FloatArray) -> FloatArray:
        """What samples exceed `amount` (B,) by, on average (B,)."""
        count = self._samples.shape[1]
        at = self._places(amount)
        return np.asarray((self._from[self._rows, at] - (count - at) * amount) / count)

    def _places(self, amount: FloatArray) -> IntArray:
        """How many samples (B,) are at most `amount`, by halving."""
        count = self._samples.shape[1]
        low = np.zeros(len(amount), dtype=np.intp)
        high = np.full(len(amount), count, dtype=np.intp)
        for _ in range(count.bit_length()):
            middle = np.minimum((low + high) // 2, count - 1)
            more = (low < high) & (self._samples[self._rows, middle] <= amount)
            low, high = np.where(more, middle + 1, low), np.where(more, high, middle)
        return low
