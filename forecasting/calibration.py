"""Calibration: bands that held too few or too many actuals are corrected by what happened.

Split conformal prediction: on earlier windows, by how much of a forecast's own band would a level
have had to move, so that it was exceeded as often as it promises? Per group of volume and of steps
ahead. Shape suffixes: B series, H horizon, Q levels, G volume groups, S step groups.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from forecasting.arrays import FloatArray, IntArray
from forecasting.forecast import Forecast
from forecasting.panel import Panel

VOLUME_GROUPS = 3
STEP_GROUPS = 4
FEWEST = 300  # actuals of a group below which groups are merged
EXACT = 0.01  # share of quantiles that were exactly right, from which on sales count as sporadic
SHRINK = 10  # windows of series that count as much as the belief that nothing is to be corrected


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """Corrections of quantiles, in units of the width of each forecast's own band."""

    quantile_levels: tuple[float, ...]
    volume_edges: FloatArray  # (G - 1,), volumes between the groups, ascending
    step_groups: IntArray  # (H,), group of each step ahead
    shifts: FloatArray  # (G, S, Q)

    @classmethod
    def fit(
        cls,
        quantiles: FloatArray,
        actual: FloatArray,
        volume: FloatArray,
        levels: tuple[float, ...],
    ) -> Self:
        """From quantiles (B, H, Q) of earlier windows, actuals (B, H) and volumes (B,).

        Everything must lie before the cutoff of the forecast that is to be corrected.
        """
        width = _width(quantiles)
        usable = ~np.isnan(actual) & (width > 0)
        horizon = actual.shape[1]
        groups, steps = _group_counts(int(usable.sum()), horizon)
        counted = volume[usable.any(axis=1)]
        edges = np.quantile(counted, np.arange(1, groups) / groups) if len(counted) else np.empty(0)
        step_groups = np.arange(horizon) * steps // horizon
        scores = (actual[..., None] - quantiles) / np.where(width > 0, width, 1.0)[..., None]
        shifts = np.zeros((len(edges) + 1, steps, len(levels)))
        group = np.searchsorted(edges, volume)
        for g in range(len(shifts)):
            for s in range(steps):
                chosen = usable & (group == g)[:, None] & (step_groups == s)
                trust = chosen.any(axis=1).sum() / (chosen.any(axis=1).sum() + SHRINK)
                shifts[g, s] = trust * _shifts(scores[chosen], levels)
        return cls(
            quantile_levels=levels, volume_edges=edges, step_groups=step_groups, shifts=shifts
        )

    def moved(self, quantiles: FloatArray, volume: FloatArray) -> FloatArray:
        """Corrected quantiles (B, H, Q), ordered, and not negative where none was."""
        group = np.searchsorted(self.volume_edges, volume)
        shift = self.shifts[group][:, self.step_groups]
        moved = quantiles + shift * _width(quantiles)[..., None]
        never_negative = quantiles.min(axis=(1, 2), keepdims=True) >= 0
        return np.sort(np.where(never_negative, np.maximum(moved, 0.0), moved), axis=2)

    def apply(self, forecast: Forecast, volume: FloatArray) -> Forecast:
        """The forecast with corrected quantiles; volumes (B,) are as in `fit`."""
        return dataclasses.replace(forecast, quantiles=self.moved(forecast.quantiles, volume))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "quantile_levels": list(self.quantile_levels),
            "volume_edges": self.volume_edges.tolist(),
            "step_groups": self.step_groups.tolist(),
            "shifts": self.shifts.tolist(),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """What `to_json` wrote; other content raises `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            quantile_levels=tuple(content["quantile_levels"]),
            volume_edges=np.array(content["volume_edges"], dtype=np.float64),
            step_groups=np.array(content["step_groups"], dtype=np.intp),
            shifts=np.array(content["shifts"], dtype=np.float64),
        )


def volumes(panel: Panel) -> FloatArray:
    """The mean size (N,) of each series' last year or so, by which calibration groups series."""
    recent = np.abs(panel.target[:, -max(52, 2 * panel.seasonality) :])
    known = ~np.isnan(recent)
    return np.asarray(np.nansum(recent, axis=1) / np.maximum(known.sum(axis=1), 1))


def _width(quantiles: FloatArray) -> FloatArray:
    """The distance (B, H) of the outermost quantiles."""
    return np.asarray(quantiles[..., -1] - quantiles[..., 0])


def _group_counts(count: int, horizon: int) -> tuple[int, int]:
    """Groups of volume and of steps that leave FEWEST actuals to each."""
    groups = int(np.clip(count // FEWEST, 1, VOLUME_GROUPS))
    steps = int(np.clip(count // (FEWEST * groups), 1, min(STEP_GROUPS, horizon)))
    return groups, steps


def _shifts(scores: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Corrections (Q,) from scores (R, Q).

    The median stays: what all series did alike in the last windows does not repeat, and following
    it lost up to 6 % of WQL. Not so where quantiles and sales are often zero alike: there distances
    from the median would lift zeros, and the 80 % band of M5 held 66 %.
    """
    if not len(scores):
        return np.zeros(len(levels))
    found = np.array([np.quantile(scores[:, q], level) for q, level in enumerate(levels)])
    if np.mean(scores == 0) > EXACT:
        return found
    return np.asarray(found - np.interp(0.5, levels, found))
