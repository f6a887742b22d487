"""The usual week, day or year: what a place in the season sells against the mean of all."""

from dataclasses import dataclass

import numpy as np

from forecasting.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """Factors by phase, each (P,); 1 is the mean of all phases. NaN: never seen."""

    factors: FloatArray
    low: FloatArray  # the lowest cycle
    high: FloatArray  # the highest cycle
    cycles: IntArray  # how many cycles each phase was seen in

    @property
    def top(self) -> int:
        """The phase with the largest factor."""
        return int(np.nanargmax(self.factors))


def profile(
    values: FloatArray,
    level: FloatArray,
    phase: IntArray,
    cycle: IntArray,
    phases: int,
    *,
    use: BoolArray | None = None,
) -> Profile | None:
    """Ratio of sums of values to sums of level (T,) by phase, and its range over the cycles.

    The ratio-to-trend method with sums instead of means of ratios, so that zeros and small numbers
    do no harm (e.g. F. E. Croxton and D. J. Cowden, "Applied General Statistics", 1939). `use`
    leaves steps out; gaps (NaN) are left out anyway. None where the level of what is left is not
    positive, because a share of it would say nothing.
    """
    kept = np.isfinite(values) & np.isfinite(level)
    if use is not None:
        kept &= use
    if not kept.any() or level[kept].sum() <= 0 or values[kept].sum() <= 0:
        return None
    factors = _ratios(values, level, phase, phases, kept)
    mean = float(np.nanmean(factors))
    if not mean > 0:
        return None
    numbers = np.unique(cycle[kept])
    by_cycle = np.stack(
        [_ratios(values, level, phase, phases, kept & (cycle == number)) for number in numbers]
    )
    seen = np.isfinite(by_cycle)
    return Profile(
        factors=factors / mean,
        low=np.where(seen.any(axis=0), np.where(seen, by_cycle, np.inf).min(axis=0), np.nan) / mean,
        high=np.where(seen.any(axis=0), np.where(seen, by_cycle, -np.inf).max(axis=0), np.nan)
        / mean,
        cycles=seen.sum(axis=0),
    )


def _ratios(
    values: FloatArray, level: FloatArray, phase: IntArray, phases: int, kept: BoolArray
) -> FloatArray:
    sold = np.bincount(phase[kept], weights=values[kept], minlength=phases)
    usual = np.bincount(phase[kept], weights=level[kept], minlength=phases)
    return np.where(usual > 0, sold / np.where(usual > 0, usual, 1.0), np.nan)
