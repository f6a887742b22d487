"""Widths: bands that held too few or too many actuals are made wider or narrower.

Split conformal prediction by one factor per band, group of volume and part of the horizon. Both
ends of a band share the factor and the median stays: what moved all series to one side in a few
windows widens bands and does not pull them after it. Shape suffixes: B windows, H horizon, Q
levels, G volume groups, S parts of the horizon, F factors tried, P pairs of levels.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.metrics import part_within, probability_bounds

GROUPS = 3  # of volume
PARTS = 2  # of the horizon
PER_GROUP = 30  # windows that a group of volume has at least
TRIED = np.geomspace(0.4, 6.0, 36)  # factors
FINE = np.linspace(np.log(TRIED[0]), np.log(TRIED[-1]), 541)  # their logarithms
BELIEF = 1.0  # how far the logarithm of a factor is believed to lie from zero
SHOCK = 0.01  # noise of coverage by what all series did alike: more series do not lessen it

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
        counts = np.ones(len(actual)) if weights is None else weights
        edges = _edges(volume, int(np.clip(len(volume) // PER_GROUP, 1, GROUPS)))
        group = np.searchsorted(edges, volume)
        parts = min(PARTS, actual.shape[1])
        part = _parts(actual.shape[1], parts)
        within_FPBH = _within(quantiles, actual, levels, pairs, whole)
        factors = np.ones((len(edges) + 1, parts, len(levels)))
        for g, s in np.ndindex(*factors.shape[:2]):
            chosen = usable & (group == g)[:, None] & (part == s)
            windows = int(chosen.any(axis=1).sum())
            if windows:
                weight_BH = chosen * counts[:, None]
                covered_FP = (within_FPBH * weight_BH).sum(axis=(2, 3)) / weight_BH.sum()
                factors[g, s] = _per_level(covered_FP, pairs, levels, windows)
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
        return cls(
            quantile_levels=tuple(content["quantile_levels"]),
            volume_edges=np.array(content["volume_edges"], dtype=np.float64),
            factors=np.array(content["factors"], dtype=np.float64),
        )


def rounded(quantiles: FloatArray, whole: BoolArray | None) -> FloatArray:
    """Quantiles (B, H, Q), whole in the rows (B,) of counts."""
    if whole is None:
        return quantiles
    return np.where(whole[:, None, None], np.floor(quantiles + 0.5), quantiles)


def _within(
    quantiles: FloatArray,
    actual: FloatArray,
    levels: tuple[float, ...],
    pairs: list[Pair],
    whole: BoolArray | None,
) -> FloatArray:
    """How much of each actual lies within each band at each factor tried, (F, P, B, H)."""
    found = np.empty((len(TRIED), len(pairs), *actual.shape), dtype=np.float32)
    for f, factor in enumerate(TRIED):
        tried = rounded(_scaled(quantiles, np.asarray(factor), levels), whole)
        low, high = probability_bounds(actual, tried, levels)
        for p, (bottom, top) in enumerate(pairs):
            band = (levels[bottom], levels[top])
            found[f, p] = np.nan_to_num(part_within(low, high, band))
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
    """The logarithm of the likeliest factor, between what was seen and the belief in one."""
    covered = np.interp(FINE, np.log(TRIED), np.maximum.accumulate(covered_F))
    noise = nominal * (1 - nominal) / windows + SHOCK**2
    unlikely = (covered - nominal) ** 2 / noise + (FINE / BELIEF) ** 2
    return float(FINE[np.argmin(unlikely)])


def _scaled(quantiles: FloatArray, factors: FloatArray, levels: tuple[float, ...]) -> FloatArray:
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
    """Volumes between groups of one size, off every volume, so that no rounding moves a series."""
    ranked = np.sort(volume)
    ends = [len(ranked) * g // groups for g in range(1, groups)]
    return np.array([(ranked[end - 1] + ranked[end]) / 2 * (1 + 1e-9) for end in ends])


def _parts(horizon: int, parts: int) -> IntArray:
    """The part (H,) of each step."""
    return np.arange(horizon) * parts // horizon
