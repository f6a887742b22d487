"""The distribution around a mean: quantiles of standardised errors among forecasts of one kind.

Forecasts are of one kind when they are of about the same size and spread: errors of a few pieces
are skewed and stop at zero, those of thousands are not. Shape suffixes: R rows, Q levels, A size
groups, C spread groups.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from forecasting.arrays import FloatArray, IntArray

PER_GROUP = 2000  # errors that a group should have
MOST_SIZES = 16
MOST_SPREADS = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class Residuals:
    """Standardised errors, by groups of the forecast's size and of its relative spread."""

    size_edges: FloatArray  # (A - 1,)
    spread_edges: FloatArray  # (A, C - 1)
    quantiles: FloatArray  # (A, C, Q)

    @classmethod
    def fit(
        cls,
        actual: FloatArray,
        mean: FloatArray,
        spread: FloatArray,
        scale: FloatArray,
        levels: tuple[float, ...],
    ) -> Self:
        """From actuals, means and spreads (R,) in units of the scale (R,)."""
        size, relative = _kinds(mean, spread, scale)
        errors = (actual - mean) / spread
        groups = max(len(actual) // PER_GROUP, 1)
        spreads = int(np.clip(np.sqrt(groups / 2), 1, MOST_SPREADS))
        sizes = int(np.clip(groups // spreads, 1, MOST_SIZES))
        size_edges = _edges(size, sizes)
        group = np.searchsorted(size_edges, size)
        spread_edges = np.stack(
            [
                _edges(relative[group == a] if (group == a).any() else relative, spreads)
                for a in range(sizes)
            ]
        )
        within = _within(relative, spread_edges[group])
        everything = np.quantile(errors, levels)
        quantiles = np.tile(everything, (sizes, spreads, 1))
        for a in range(sizes):
            for c in range(spreads):
                chosen = (group == a) & (within == c)
                if chosen.any():
                    quantiles[a, c] = np.quantile(errors[chosen], levels)
        return cls(size_edges=size_edges, spread_edges=spread_edges, quantiles=quantiles)

    def around(self, mean: FloatArray, spread: FloatArray, scale: FloatArray) -> FloatArray:
        """Quantiles (R, Q) around means (R,), in the same units of the scale."""
        size, relative = _kinds(mean, spread, scale)
        group = np.searchsorted(self.size_edges, size)
        within = _within(relative, self.spread_edges[group])
        return np.asarray(mean[:, None] + spread[:, None] * self.quantiles[group, within])

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        names = ("size_edges", "spread_edges", "quantiles")
        return {name: getattr(self, name).tolist() for name in names}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """What `to_json` wrote; other content raises `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            size_edges=np.array(content["size_edges"], dtype=np.float64),
            spread_edges=np.array(content["spread_edges"], dtype=np.float64),
            quantiles=np.array(content["quantiles"], dtype=np.float64),
        )


def _kinds(
    mean: FloatArray, spread: FloatArray, scale: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Size in units of sales, on a log scale, and spread against the mean."""
    positive = np.maximum(np.abs(mean), 1e-3)
    return np.log(positive * scale), spread / positive


def _edges(values: FloatArray, groups: int) -> FloatArray:
    return np.quantile(values, np.arange(1, groups) / groups)


def _within(values: FloatArray, edges: FloatArray) -> IntArray:
    """For each value (R,) its group among its own edges (R, C - 1)."""
    return np.asarray((values[:, None] > edges).sum(axis=1))
