"""Launches: how products of a panel began to sell, against what they sold soon after.

Shape suffixes: N established products, L launches among them, A ages.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from forecasting.arrays import FloatArray, IntArray
from forecasting.panel import Panel

STEPS_PER_AGE = {24: 24, 7: 7, 5: 5, 52: 4, 12: 1, 4: 1}  # by steps per season
AGES = 8  # of a launch; the next eight ages are what came after
BELIEF = 10.0  # launches that count as much as the belief that a first week is like any other


@dataclass(frozen=True, eq=False)
class Launches:
    """Sales by age of the products that were launched within the panel."""

    positions: IntArray  # (L,), among the established products
    early: FloatArray  # (L, A), mean sales per step at each age, in units of the product's own
    later: FloatArray  # (L,), the same for the ages after
    steps_per_age: int

    @classmethod
    def of(cls, panel: Panel, established: IntArray) -> Self:
        """The launches that were observed until they had come of age."""
        width = STEPS_PER_AGE.get(panel.seasonality, 1)
        launched = panel.launched[established]
        # Sales that begin with the panel, or within a season of it, may have begun before.
        first, last = max(panel.seasonality, AGES * width), panel.length - 2 * AGES * width
        positions = np.flatnonzero((launched >= first) & (launched <= last))
        steps = launched[positions][:, None] + np.arange(2 * AGES * width)
        sales = panel.target[established[positions][:, None], steps]
        by_age = sales.reshape(len(positions), 2 * AGES, width)
        known = ~np.isnan(by_age)
        mean = np.nansum(by_age, axis=2) / np.maximum(known.sum(axis=2), 1)
        usable = known.any(axis=2).all(axis=1) & (mean.mean(axis=1) > 0)
        mean = mean[usable] / mean[usable].mean(axis=1, keepdims=True)
        early, later = mean[:, :AGES], mean[:, AGES:].mean(axis=1)
        return cls(positions[usable], early, later, width)

    def curve(self, weights: FloatArray) -> FloatArray:
        """Sales (A,) by age over later ones, by launches weighed as the analogues (N,) are.

        Few launches hardly count: with none the curve is flat.
        """
        weight = weights[self.positions]
        if not weight.sum() > 0:
            return np.ones(AGES)
        weight = weight / weight.sum()
        count = 1 / (weight**2).sum()
        later = float(weight @ self.later)
        found = weight @ self.early / later if later > 0 else np.ones(AGES)
        return np.asarray((count * found + BELIEF) / (count + BELIEF))

    def factors(self, curve: FloatArray, ages: IntArray) -> FloatArray:
        """The curve at ages in steps; one from the end of it on."""
        age = ages // self.steps_per_age
        return np.where(age < AGES, curve[np.clip(age, 0, AGES - 1)], 1.0)
