"""A policy replayed on what was really sold: service, stock, lost sales and write-offs.

A policy orders at each review; what is ordered comes after the lead time; unmet demand is lost.
The demand replayed is that of the sales, so days that were sold out in truth show less than was
wanted: give demand without stock-outs where it is known. Shape suffixes: B items, T steps.
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
    """Sums (B,) over the steps that were judged."""

    demand: FloatArray  # units
    lost: FloatArray  # units
    spoilt: FloatArray  # units
    ordered: FloatArray  # units
    orders: FloatArray  # number of orders
    mean_stock: FloatArray  # units at the end of a step
    steps_out: FloatArray  # share of steps with unmet demand
    steps: int

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
    review_steps: int,
    pack_size: FloatArray | float = 1.0,
    min_order: FloatArray | float = 0.0,
    shelf_steps: int | None = None,
    warm_up: int = 0,
) -> Replay:
    """Let a policy order for demand (B, T), beginning with `stock` (B,), step by step.

    It is asked at steps 0, review_steps, ... before the step's demand; what it wants is rounded up
    to packs and the smallest order. Steps before `warm_up` are not judged. Missing demand (NaN)
    counts as none. Raises `ConfigError` for negative lead times and reviews of no steps.
    """
    count, steps = demand.shape
    if (lead_steps < 0).any() or review_steps < 1:
        raise ConfigError("Lead times must be at least 0 steps, and a review at least one step.")
    asked = np.nan_to_num(np.maximum(demand, 0.0))
    shelf = _Shelf(np.maximum(stock, 0.0), shelf_steps)
    coming = np.zeros((count, steps + int(lead_steps.max(initial=0)) + 1))
    sums = {name: np.zeros(count) for name in ("lost", "spoilt", "ordered", "orders", "stock")}
    out, rows = np.zeros(count), np.arange(count)
    for step in range(steps):
        judged = step >= warm_up
        if step % review_steps == 0:
            quantity = np.maximum(policy(step, shelf.stock, coming[:, step:]), 0.0)
            quantity = np.where(quantity > 0, np.maximum(quantity, min_order), 0.0)
            quantity = np.ceil(quantity / pack_size - TOLERANCE) * pack_size
            coming[rows, step + lead_steps] += quantity
            if judged:
                sums["ordered"] += quantity
                sums["orders"] += quantity > 0
        shelf.receive(coming[:, step])
        coming[:, step] = 0.0
        lost = shelf.sell(asked[:, step])
        spoilt = shelf.grow_older()
        if judged:
            sums["lost"] += lost
            sums["spoilt"] += spoilt
            sums["stock"] += shelf.stock
            out += lost > 0
    length = max(steps - warm_up, 1)
    return Replay(
        demand=asked[:, warm_up:].sum(axis=1),
        lost=sums["lost"],
        spoilt=sums["spoilt"],
        ordered=sums["ordered"],
        orders=sums["orders"],
        mean_stock=sums["stock"] / length,
        steps_out=out / length,
        steps=length,
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
    review_steps: int,
    service_level: float,
) -> FloatArray:
    """The textbook's order-up-to level (B,): mean demand and z sigmas of the history (B, T).

    mean x (L + R) + z x sd x sqrt(L + R), the rule that most spreadsheets hold (Silver, Pyke and
    Thomas, Inventory and production management, 4th ed., 2017).
    """
    z = NormalDist().inv_cdf(service_level)
    interval = lead_steps + review_steps
    mean, sd = np.nanmean(history, axis=1), np.nanstd(history, axis=1, ddof=1)
    return np.asarray(mean * interval + z * sd * np.sqrt(interval))


class _Shelf:
    """Stock of each item by age, the oldest sold first; without shelf life one age is enough."""

    def __init__(self, stock: FloatArray, shelf_steps: int | None) -> None:
        self._by_age = np.zeros((len(stock), shelf_steps or 1))  # the oldest in column 0
        self._by_age[:, -1] = stock
        self._spoils = shelf_steps is not None

    @property
    def stock(self) -> FloatArray:
        return np.asarray(self._by_age.sum(axis=1))

    def receive(self, quantity: FloatArray) -> None:
        self._by_age[:, -1] += quantity

    def sell(self, asked: FloatArray) -> FloatArray:
        """Take units off the shelf; those (B,) that were not there."""
        older = np.cumsum(self._by_age, axis=1) - self._by_age
        taken = np.clip(asked[:, None] - older, 0.0, self._by_age)
        self._by_age -= taken
        return np.asarray(asked - taken.sum(axis=1))

    def grow_older(self) -> FloatArray:
        """Units (B,) whose time is over at the end of the step."""
        if not self._spoils:
            return np.zeros(len(self._by_age))
        spoilt = self._by_age[:, 0].copy()
        self._by_age[:, :-1] = self._by_age[:, 1:]
        self._by_age[:, -1] = 0.0
        return spoilt
