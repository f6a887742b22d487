"""Forecasts kept near the history of their series, for many series at once.

Most series of a large panel plainly need no fallback. That is seen for many at once, and only the
others are looked at one by one, so that tens of thousands of series take seconds.

Shape suffixes: N series, T steps, H horizon, Q quantile levels.
"""

from collections.abc import Callable

import numpy as np

from forecasting.arrays import BoolArray, FloatArray
from forecasting.fallbacks import DIVERGED, FEWEST, WIDEST, SeriesForecast
from forecasting.networks.layout import blocks
from forecasting.panel import Panel
from forecasting.widths import rounded, whole_series

LookedAt = Callable[[int, FloatArray, FloatArray], SeriesForecast]  # row, its mean and quantiles
SURELY_ALIVE = 8  # steps: the ladder never takes sales as ended that lie no further back


def checked(
    panel: Panel,
    mean: FloatArray,
    quantiles: FloatArray,
    look_at: LookedAt,
    *,
    trained: bool,
    round_counts: bool,
) -> list[SeriesForecast]:
    """What `look_at` gives for each series from mean (N, H) and quantiles (N, H, Q).

    It is only called for series that may need a fallback; all do where nothing was `trained`.
    """
    found = []
    for rows, target in blocks(panel.target):
        plain, means, ladders = _plain(target, mean[rows], quantiles[rows], round_counts)
        found += [
            SeriesForecast(means[i], ladders[i])
            if trained and plain[i]
            else look_at(rows.start + i, mean[rows][i], quantiles[rows][i])
            for i in range(len(target))
        ]
    return found


def _plain(
    target: FloatArray, mean: FloatArray, quantiles: FloatArray, round_counts: bool
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Which series (N,) surely need no fallback, and their forecasts as `sane` leaves them."""
    recent = target[:, -SURELY_ALIVE:]
    alive = (~np.isnan(recent) & (recent != 0)).any(axis=1)
    low, high = np.fmin.reduce(target, axis=1), np.fmax.reduce(target, axis=1)
    span = high - low
    many = (~np.isnan(target)).sum(axis=1) >= FEWEST
    finite = np.isfinite(mean).all(axis=1) & np.isfinite(quantiles).all(axis=(1, 2))
    near = mean.max(axis=1) <= high + DIVERGED * span
    near &= mean.min(axis=1) >= low - DIVERGED * span
    if round_counts:
        quantiles = rounded(quantiles, whole_series(target))
    floor = np.where(low >= 0, 0.0, low - WIDEST * span)[:, None, None]
    ladders = np.clip(np.sort(quantiles, axis=2), floor, (high + WIDEST * span)[:, None, None])
    means = np.maximum(mean, np.where(low >= 0, 0.0, -np.inf)[:, None])
    return alive & (span > 0) & many & finite & near, means, ladders
