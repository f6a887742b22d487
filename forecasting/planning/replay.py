"""A policy replayed on what was really sold: service, stock, lost sales and write-offs.

A policy orders at each review; what is ordered comes after the lead time; unmet demand is lost.
The demand replayed is that of the sales, so days that were sold out in truth show less than was
wanted: give demand without stock-outs where it is known. Lead time, review and shelf life may be
those of each item. Shape suffixes: B items, T steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray, IntArray
from forecasting.errors import ConfigError

TOLERANCE = 1e-6  # of a pack


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """Sums (B,) over the steps that were judged, and those of all items at each of them (T,)."""

    demand: FloatArray  # units
    lost: FloatArray  # units
    spoilt: FloatArray  # units
    ordered: FloatArray  # units
    orders: FloatArray  # number of orders
    mean_stock: FloatArray  # units at the end of a step
    steps_out: FloatArray  # share of steps with unmet demand
    steps: int
    demand_by_step: FloatArray  # units
    lost_by_step: FloatArray  # units
    stock_by_step: FloatArray  # units at the end of each step

    @property
    def fill_rate(self) -> float:
        """Share of all units asked for that were served; NaN without demand."""
        asked = float(self.demand.sum())
        return 1.0 - float(self.lost.sum()) / asked if asked else float("nan")

    def cost(self, *, holding: FloatArray | float, shortage: FloatArray | float) -> float:
        """Money: `holding` per unit and step in stock, `shortage` per unit lost."""
        return float(np.sum(self.mean_stock * self.steps * holding + self.lost * shortage))

    def to_frame(self, series_ids: pd.Index) -> pd.DataFrame:
        """One row per item."""
        served = 1.0 - np.divide(
            self.lost, self.demand, out=np.zeros_like(self.lost), where=self.demand > 0
        )
        return pd.DataFrame(
            {
                "series_id": series_ids,
                "demand": self.demand,
                "lost": self.lost,
                "fill_rate": np.where(self.demand > 0, served, np.nan),
                "mean_stock": self.mean_stock,
                "orders": self.orders,
                "ordered": self.ordered,
                "spoilt": self.spoilt,
            }
        )


# Units (B,) to order at a step, from the stock (B,) and what is coming (B, ...), a column per step
# from this one on.
Policy = Callable[[int, FloatArray, FloatArray], FloatArray]


def replay(
    demand: FloatArray,
    policy: Policy,
    *,
    stock: FloatArray,
    lead_steps: IntArray,
    review_steps: IntArray | int,
    pack_size: FloatArray | float = 1.0,
    min_order: FloatArray | float = 0.0,
    shelf_steps: FloatArray | float | None = None,
    warm_up: int = 0,
) -> Replay:
    """Let a policy order for demand (B, T), beginning with `stock` (B,), step by step.

    Items are ordered at steps 0, review_steps, ... before the step's demand; what the policy wants
    is rounded up to packs and the smallest order. `review_steps` and `shelf_steps` are of all items
    or (B,) of each; a shelf life of None or inf never ends. Steps before `warm_up` are not judged.
    Missing demand (NaN) counts as none. Raises `ConfigError` for negative lead times, and reviews
    and shelf lives of no steps.
    """
    asked = np.nan_to_num(np.maximum(demand, 0.0))
    count, steps = asked.shape
    reviews = np.broadcast_to(np.asarray(review_steps), count)
    fresh = np.broadcast_to(np.inf if shelf_steps is None else np.asarray(shelf_steps), count)
    if (lead_steps < 0).any() or (reviews < 1).any() or (fresh < 1).any():
        raise ConfigError(
            "Lead times must be at least 0 steps, and reviews and shelf lives at least one step."
        )
    shelf = _Shelf(np.maximum(stock, 0.0), np.where(fresh >= steps, np.inf, fresh))
    coming = np.zeros((count, steps + int(lead_steps.max(initial=0)) + 1))
    kept, rows = _Books(count, steps, warm_up), np.arange(count)
    for step in range(steps):
        if (due := step % reviews == 0).any():
            wanted = np.maximum(policy(step, shelf.stock, coming[:, step:]), 0.0) * due
            quantity = _in_packs(wanted, pack_size, min_order)
            coming[rows, step + lead_steps] += quantity
            kept.ordered(step, quantity)
        shelf.receive(coming[:, step])
        coming[:, step] = 0.0
        lost = shelf.sell(asked[:, step])
        kept.sold(step, lost, shelf.grow_older(), shelf.stock)
    return kept.closed(asked)


def _in_packs(
    wanted: FloatArray, pack_size: FloatArray | float, min_order: FloatArray | float
) -> FloatArray:
    """Whole packs (B,), and the smallest order where anything is wanted."""
    least = np.where(wanted > 0, np.maximum(wanted, min_order), 0.0)
    return np.asarray(np.ceil(least / pack_size - TOLERANCE) * pack_size)


class _Books:
    """What is added up of the steps that are judged, by item, and of all items by step."""

    def __init__(self, count: int, steps: int, warm_up: int) -> None:
        self._warm_up, self._length = warm_up, max(steps - warm_up, 1)
        self._lost, self._spoilt, self._stock = (np.zeros(count) for _ in range(3))
        self._ordered, self._orders, self._out = (np.zeros(count) for _ in range(3))
        self._lost_by_step, self._stock_by_step = np.zeros(steps), np.zeros(steps)

    def ordered(self, step: int, quantity: FloatArray) -> None:
        if step >= self._warm_up:
            self._ordered += quantity
            self._orders += quantity > 0

    def sold(self, step: int, lost: FloatArray, spoilt: FloatArray, left: FloatArray) -> None:
        """A step's end: what was not there, what spoilt, and what is left, each (B,)."""
        self._lost_by_step[step], self._stock_by_step[step] = lost.sum(), left.sum()
        if step >= self._warm_up:
            self._lost += lost
            self._spoilt += spoilt
            self._stock += left
            self._out += lost > 0

    def closed(self, asked: FloatArray) -> Replay:
        """The sums, against what was asked for (B, T)."""
        judged = asked[:, self._warm_up :]
        return Replay(
            demand=judged.sum(axis=1),
            lost=self._lost,
            spoilt=self._spoilt,
            ordered=self._ordered,
            orders=self._orders,
            mean_stock=self._stock / self._length,
            steps_out=self._out / self._length,
            steps=self._length,
            demand_by_step=judged.sum(axis=0),
            lost_by_step=self._lost_by_step[self._warm_up :],
            stock_by_step=self._stock_by_step[self._warm_up :],
        )


def up_to(levels: FloatArray, *, reorder_points: FloatArray | None = None) -> Policy:
    """The policy that brings stock and orders up to `levels` (B,) at every review.

    With `reorder_points` (B,) only where they have fallen to them: the s of an (s, S) rule.
    """

    def policy(step: int, stock: FloatArray, coming: FloatArray) -> FloatArray:
        position = stock + coming.sum(axis=1)
        wanted = levels - position
        if reorder_points is not None:
            wanted = np.where(position <= reorder_points, wanted, 0.0)
        return np.asarray(wanted)

    return policy


def gaussian_levels(
    history: FloatArray,
    *,
    lead_steps: IntArray,
    review_steps: IntArray | int,
    service_level: FloatArray | float,
) -> FloatArray:
    """The textbook's order-up-to level (B,): mean demand and z sigmas of the history (B, T).

    Review and service level are of all items, or (B,) of each: mean x (L + R) + z x sd x
    sqrt(L + R), the rule that most spreadsheets hold (Silver, Pyke and Thomas, Inventory and
    production management, 4th ed., 2017).
    """
    asked, of_item = np.unique(service_level, return_inverse=True)
    z = np.array([NormalDist().inv_cdf(float(level)) for level in asked])[of_item]
    interval = lead_steps + review_steps
    mean, sd = np.nanmean(history, axis=1), np.nanstd(history, axis=1, ddof=1)
    return np.asarray(mean * interval + z * sd * np.sqrt(interval))


class _Shelf:
    """Stock of each item; of those that spoil by age, the oldest sold first."""

    def __init__(self, stock: FloatArray, shelf_steps: FloatArray) -> None:
        self.stock = stock.copy()  # (B,)
        self._rows = np.flatnonzero(np.isfinite(shelf_steps))  # P items that spoil
        self._enter = shelf_steps[self._rows].astype(np.intp) - 1  # column of what is fresh
        self._by_age = np.zeros((len(self._rows), int(self._enter.max(initial=0)) + 1))
        self._add(stock)  # the oldest in column 0

    def receive(self, quantity: FloatArray) -> None:
        self.stock += quantity
        self._add(quantity)

    def sell(self, asked: FloatArray) -> FloatArray:
        """Take units off the shelf; those (B,) that were not there."""
        taken = np.minimum(asked, self.stock)
        self.stock -= taken
        if len(self._rows):
            older = np.cumsum(self._by_age, axis=1) - self._by_age
            self._by_age -= np.clip(taken[self._rows, None] - older, 0.0, self._by_age)
        return np.asarray(asked - taken)

    def grow_older(self) -> FloatArray:
        """Units (B,) whose time is over at the end of the step."""
        spoilt = np.zeros(len(self.stock))
        if len(self._rows):
            spoilt[self._rows] = self._by_age[:, 0]
            self._by_age[:, :-1] = self._by_age[:, 1:]
            self._by_age[:, -1] = 0.0
            self.stock[self._rows] = self._by_age.sum(axis=1)
        return spoilt

    def _add(self, quantity: FloatArray) -> None:
        self._by_age[np.arange(len(self._rows)), self._enter] += quantity[self._rows]
