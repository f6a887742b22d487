"""Dependence: how far the errors of one forecast hang together from step to step.

Shape suffixes: B windows, H horizon, Q quantile levels.
"""

from statistics import NormalDist

import numpy as np

from forecasting.arrays import FloatArray
from forecasting.metrics import probability_bounds

FARTHEST = 3.5  # normal score beyond which an actual counts as this far
STRONGEST = 0.98  # correlation that is found at most
GRID = np.linspace(-0.5, STRONGEST, 297)
SHRINK = 10  # windows that count as much as the assumption
ASSUMED = 0.5  # the correlation where nothing is known


def normal_scores(
    actual: FloatArray, quantiles: FloatArray, levels: tuple[float, ...]
) -> FloatArray:
    """Where actuals (B, H) lie in forecasts (B, H, Q), as normal scores (B, H); NaN for NaN.

    Between quantiles a score is linear, as `Forecast.sample` draws. An actual that ties with a
    quantile has the score of the middle of the chances that it stands for.
    """
    knots = np.array([NormalDist().inv_cdf(level) for level in levels])
    below = (quantiles < actual[..., None]).sum(axis=-1)
    left = np.clip(below - 1, 0, len(levels) - 2)
    low = np.take_along_axis(quantiles, left[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(quantiles, left[..., None] + 1, axis=-1)[..., 0]
    outside = np.where(actual < low, -np.inf, np.inf)  # of two quantiles that are one
    share = np.where(high > low, (actual - low) / np.where(high > low, high - low, 1.0), outside)
    between = knots[left] + share * (knots[left + 1] - knots[left])
    tied = (quantiles == actual[..., None]).any(axis=-1)
    bounds = probability_bounds(actual, quantiles, levels)
    scores = np.where(tied, _score_of((bounds[0] + bounds[1]) / 2), between)
    return np.where(np.isnan(actual), np.nan, np.clip(scores, -FARTHEST, FARTHEST))


def step_correlation(scores: FloatArray, weights: FloatArray) -> float:
    """The AR(1) correlation under which sums over the steps vary as sums of scores (B, H) did.

    Not that of neighbouring steps: a level that is missed is missed for the whole horizon, so
    errors fade more slowly than an AR(1) of their first correlation, and its sums would vary too
    little. Where errors are AR(1), both are the same. Windows count by their weights (B,); those
    with a missing score do not. Few windows are drawn towards ASSUMED.
    """
    complete = ~np.isnan(scores).any(axis=1)
    scores, weights = scores[complete], weights[complete]
    squares = float((weights * (scores**2).sum(axis=1)).sum())
    if scores.shape[1] < 2 or squares <= 0:
        return ASSUMED
    growth = float((weights * scores.sum(axis=1) ** 2).sum()) / squares
    found = float(np.interp(growth, _growths(scores.shape[1]), GRID))
    trust = len(scores) / (len(scores) + SHRINK)
    return trust * found + (1 - trust) * ASSUMED


def _growths(horizon: int) -> FloatArray:
    """For each correlation of the grid, variance of a sum of steps over their summed variances."""
    lags = np.arange(1, horizon)
    return np.asarray(1 + 2 * ((1 - lags / horizon) * GRID[:, None] ** lags).sum(axis=1))


def _score_of(chances: FloatArray) -> FloatArray:
    """Normal scores of chances, through a fine table: numpy has no inverse of the normal."""
    table = np.linspace(-FARTHEST, FARTHEST, 1401)
    return np.interp(chances, [NormalDist().cdf(each) for each in table], table)
