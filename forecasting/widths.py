"""Widths: bands that held too few or too many actuals are made wider or narrower.

Split conformal prediction by one factor per band, group of volume and part of the horizon. Both
ends of a band share the factor and the median stays: what moved all series to one side in a few
windows widens bands and does not pull them after it. Shape suffixes: B windows, H horizon, Q
levels, G volume groups, S parts of the horizon, C cells (a group in a part), F factors tried, P
pairs of levels.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.metrics import part_within, probability_bounds

GROUPS = 3  # of volume
PARTS = 2  # of the horizon
PER_GROUP = 30  # windows that a group of volume has at least
TRIED = 0.075 * np.arange(-12, 25)  # logarithms of factors, from 0.4 to 6
FINE = 0.005 * np.arange(-180, 361)  # the same, between which coverage is interpolated
NEAR = 0.01  # of coverage, that a factor off by e must gain
SHRINK = 10  # windows that count as much as the belief that bands are right

Pair = tuple[int, int]  # positions of a level and of its mirror


@dataclass(frozen=True, kw_only=True, eq=False)
class Widths:
    """Factors of the distances of quantiles from their median."""

    quantile_levels: tuple[float, ...]
    volume_edges: FloatArray  # (G - 1,), volumes between the groups, ascending
    factors: FloatArray  # (G, S, Q)

    @classmethod
    def unchanged(cls, levels: tuple[float, ...]) -> Self:
        """Factors of one."""
        factors = np.ones((1, 1, len(levels)))
        return cls(quantile_levels=levels, volume_edges=np.empty(0), factors=factors)

    @classmethod
    def fit(
        cls,
        quantiles: FloatArray,
        actual: FloatArray,
        volume: FloatArray,
        levels: tuple[float, ...],
        *,
        whole: BoolArray | None = None,
        weights: FloatArray | None = None,
    ) -> Self:
        """From quantiles (B, H, Q) of earlier windows, actuals (B, H) and volumes (B,).

        Windows that are `whole` (B,) are judged as `rounded` makes them, and actuals that tie with
        an end count by their share (`metrics.share_within`). Windows count by their weights (B,);
        the fewer there are, the closer factors stay to one.
        """
        pairs = _pairs(levels)
        usable = ~np.isnan(actual)
        if not pairs or not usable.any():
            return cls.unchanged(levels)
        edges = _edges(volume, int(np.clip(len(volume) // PER_GROUP, 1, GROUPS)))
        groups, parts = len(edges) + 1, min(PARTS, actual.shape[1])
        group, part = np.searchsorted(edges, volume), _parts(actual.shape[1], parts)
        weight = usable * (np.ones(len(actual)) if weights is None else weights)[:, None]
        cell = group[:, None] * parts + part
        covered = _covered(quantiles, actual, levels, pairs, whole, cell, weight)
        factors = np.ones((groups, parts, len(levels)))
        for g, s in np.ndindex(groups, parts):
            windows = int(((weight > 0) & (cell == g * parts + s)).any(axis=1).sum())
            if windows:
                factors[g, s] = _per_level(covered[g * parts + s], pairs, levels, windows)
        return cls(quantile_levels=levels, volume_edges=edges, factors=factors)

    def moved(self, quantiles: FloatArray, volume: FloatArray) -> FloatArray:
        """Corrected quantiles (B, H, Q), ordered, and not negative where none was."""
        part = _parts(quantiles.shape[1], self.factors.shape[1])
        factors = self.factors[np.searchsorted(self.volume_edges, volume)][:, part]
        return _scaled(quantiles, factors, self.quantile_levels)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "quantile_levels": list(self.quantile_levels),
            "volume_edges": self.volume_edges.tolist(),
            "factors": self.factors.tolist(),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """What `to_json` wrote; other content raises `KeyError`, `TypeError` or `ValueError`."""
        levels = tuple(map(float, content["quantile_levels"]))
        edges = np.array(content["volume_edges"], dtype=np.float64)
        factors = np.array(content["factors"], dtype=np.float64)
        if factors.ndim != 3 or factors.shape[::2] != (len(edges) + 1, len(levels)):
            raise ValueError(
                f"factors {factors.shape} for {len(edges)} edges, {len(levels)} levels"
            )
        return cls(quantile_levels=levels, volume_edges=edges, factors=factors)


def whole_series(target: FloatArray) -> BoolArray:
    """Which series (N,) of targets (N, T) hold whole numbers alone."""
    return np.asarray(((target == np.floor(target)) | np.isnan(target)).all(axis=1))


def rounded(quantiles: FloatArray, whole: BoolArray | None) -> FloatArray:
    """Quantiles (B, H, Q), whole in the rows (B,) of counts."""
    if whole is None:
        return quantiles
    return np.where(whole[:, None, None], np.floor(quantiles + 0.5), quantiles)


def _covered(
    quantiles: FloatArray,
    actual: FloatArray,
    levels: tuple[float, ...],
    pairs: list[Pair],
    whole: BoolArray | None,
    cell: IntArray,
    weight: FloatArray,
) -> FloatArray:
    """Coverage (C, F, P) of each cell by each band at each factor; cells and weights are (B, H)."""
    cells, counted = int(cell.max()) + 1, weight > 0
    totals = np.bincount(cell[counted], weight[counted], minlength=cells)
    found = np.zeros((cells, len(TRIED), len(pairs)))
    for f, factor in enumerate(np.exp(TRIED)):
        tried = rounded(_scaled(quantiles, factor, levels), whole)
        low, high = probability_bounds(actual, tried, levels)
        for p, (bottom, top) in enumerate(pairs):
            within = weight * part_within(low, high, (levels[bottom], levels[top]))
            sums = np.bincount(cell[counted], within[counted], minlength=cells)
            found[:, f, p] = sums / np.maximum(totals, 1e-300)
    return found


def _per_level(
    covered_FP: FloatArray, pairs: list[Pair], levels: tuple[float, ...], windows: int
) -> FloatArray:
    """Factors (Q,) by which bands hold what they promise, as far as so many windows can tell."""
    found = [
        _best(covered_FP[:, p], levels[top] - levels[bottom], windows)
        for p, (bottom, top) in enumerate(pairs)
    ]
    distances = [levels[top] - 0.5 for _, top in pairs]  # ascending, as pairs begin innermost
    return np.exp(np.interp(np.abs(np.array(levels) - 0.5), distances, found))


def _best(covered_F: FloatArray, nominal: float, windows: int) -> float:
    """The logarithm of the factor that covers what it should, drawn to 0 where windows are few.

    Rounded bands cover the same at many factors: of these the one nearest to 1 is taken.
    """
    covered = np.interp(FINE, TRIED, np.maximum.accumulate(covered_F))
    found = FINE[np.argmin((covered - nominal) ** 2 + (NEAR * FINE) ** 2)]
    return float(found) * windows / (windows + SHRINK)


def _scaled(
    quantiles: FloatArray, factors: FloatArray | float, levels: tuple[float, ...]
) -> FloatArray:
    """Quantiles at so many times their distance from the median."""
    at = float(np.interp(0.5, levels, np.arange(len(levels))))
    below, share = int(at), at % 1
    median = quantiles[..., below] * (1 - share)
    if share:
        median = median + quantiles[..., below + 1] * share
    moved = median[..., None] + factors * (quantiles - median[..., None])
    never_negative = quantiles.min(axis=(1, 2), keepdims=True) >= 0
    return np.sort(np.where(never_negative, np.maximum(moved, 0.0), moved), axis=-1)


def _pairs(levels: tuple[float, ...]) -> list[Pair]:
    """Positions of levels that are the ends of a band, the narrowest band first."""
    mirrored = [
        (low, high)
        for low, at in enumerate(levels)
        for high, other in enumerate(levels)
        if at < 0.5 and abs(at + other - 1) < 1e-9
    ]
    return mirrored[::-1]


def _edges(volume: FloatArray, groups: int) -> FloatArray:
    """Volumes between groups of about one size, off every volume, so that units do not matter."""
    ranked = np.sort(volume)
    ends = [len(ranked) * g // groups for g in range(1, groups)]
    found = [(ranked[end - 1] + ranked[end]) / 2 * (1 + 1e-9) for end in ends]
    return np.unique([edge for edge in found if edge < ranked[-1]])


def _parts(horizon: int, parts: int) -> IntArray:
    """The part (H,) of each step."""
    return np.arange(horizon) * parts // horizon
