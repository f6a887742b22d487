"""From what statsforecast returns to quantiles.

statsforecast speaks of central intervals in percent; we speak of quantile levels. Where a method
has no intervals of its own, its errors one step ahead within the history stand in for them: asked
for intervals such a method raises, and a `fallback_model` would hide that.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from forecasting.arrays import FloatArray
from forecasting.simple import Levels, Prediction


def interval_levels(levels: Levels) -> list[Any]:
    """Central intervals in percent that hold the quantile levels.

    statsforecast takes fractions of a percent, though its annotations ask for whole ones.

    >>> interval_levels((0.05, 0.5, 0.9, 0.95))
    [80.0, 90.0]
    """
    return sorted({_interval(level) for level in levels if level != 0.5})


def from_intervals(result: Mapping[str, FloatArray], levels: Levels) -> Prediction:
    """Mean and quantiles of a statsforecast result with intervals; the mean is the median."""
    mean = np.asarray(result["mean"], dtype=np.float64)
    columns = []
    for level in levels:
        side = "lo" if level < 0.5 else "hi"
        columns.append(mean if level == 0.5 else result[f"{side}-{_interval(level)}"])
    return mean, np.stack(columns, axis=1).astype(np.float64)


def from_errors(result: Mapping[str, FloatArray], values: FloatArray, levels: Levels) -> Prediction:
    """Mean and quantiles of a result with fitted values, by the quantiles of their errors.

    The errors are one step ahead, so the bands do not widen with the horizon: right for the flat
    forecasts of sporadic demand, which is what this serves.
    """
    mean = np.asarray(result["mean"], dtype=np.float64)
    errors = values - result["fitted"]
    errors = errors[np.isfinite(errors)]
    if not len(errors):
        raise ValueError("no errors within the history to take bands from")
    return mean, mean[:, None] + np.quantile(errors, levels)


def _interval(level: float) -> float:
    return round(100 * abs(1 - 2 * level), 6)
