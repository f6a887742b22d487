"""Metrics, written out. NaN in `actual` is a step that does not count; nothing to count is NaN.

Shapes: actual and forecast (..., H), quantiles (..., H, Q). `axis=None` pools all steps into one
number, `axis=-1` gives one per series. A zero denominator gives NaN, never a perfect zero.
"""

from typing import Any

import numpy as np

from forecasting.arrays import BoolArray, FloatArray

Axis = int | tuple[int, ...] | None


def mae(actual: FloatArray, forecast: FloatArray, *, axis: Axis = None) -> FloatArray:
    """Mean absolute error.

    >>> float(mae(np.array([1.0, np.nan, 5.0]), np.array([2.0, 9.0, 5.0])))
    0.5
    """
    return _mean(np.abs(actual - forecast), axis)


def mse(actual: FloatArray, forecast: FloatArray, *, axis: Axis = None) -> FloatArray:
    """Mean squared error."""
    return _mean((actual - forecast) ** 2, axis)


def rmse(actual: FloatArray, forecast: FloatArray, *, axis: Axis = None) -> FloatArray:
    """Root of the mean squared error."""
    return np.sqrt(mse(actual, forecast, axis=axis))


def wape(actual: FloatArray, forecast: FloatArray, *, axis: Axis = None) -> FloatArray:
    """Sum of absolute errors over the sum of absolute actuals."""
    return ratio(np.nansum(np.abs(actual - forecast), axis), np.nansum(np.abs(actual), axis))


def smape(actual: FloatArray, forecast: FloatArray, *, axis: Axis = None) -> FloatArray:
    """Mean of 2 |error| / (|actual| + |forecast|), from 0 to 2; steps of 0 and 0 do not count."""
    return _mean(ratio(2 * np.abs(actual - forecast), np.abs(actual) + np.abs(forecast)), axis)


def bias(actual: FloatArray, forecast: FloatArray, *, axis: Axis = None) -> FloatArray:
    """Forecast minus actual, over actual, in sums: +0.1 is ten per cent too much."""
    counted = np.where(np.isnan(actual), np.nan, forecast)
    return ratio(np.nansum(counted - actual, axis), np.nansum(actual, axis))


def pinball(
    actual: FloatArray, quantiles: FloatArray, levels: tuple[float, ...], *, axis: Axis = None
) -> FloatArray:
    """Mean pinball loss over the counted steps and all levels."""
    return _mean(_losses(actual, quantiles, levels).mean(axis=-1), axis)


def wql(
    actual: FloatArray, quantiles: FloatArray, levels: tuple[float, ...], *, axis: Axis = None
) -> FloatArray:
    """Weighted quantile loss: twice the pinball loss, averaged over levels, over |actual|.

    For the median alone it equals WAPE.
    """
    losses = quantile_losses(actual, quantiles, levels)
    return ratio(np.nansum(losses, axis), np.nansum(np.abs(actual), axis))


def quantile_losses(
    actual: FloatArray, quantiles: FloatArray, levels: tuple[float, ...]
) -> FloatArray:
    """Twice the pinball loss, averaged over the levels, of each step (..., H): WQL's numerator."""
    return np.asarray(2 * _losses(actual, quantiles, levels).mean(axis=-1))


def coverage(
    actual: FloatArray, low: FloatArray, high: FloatArray, *, axis: Axis = None
) -> FloatArray:
    """Share of actuals within [low, high]; for an 80 % band it should be 0.8."""
    inside = ((actual >= low) & (actual <= high)).astype(np.float64)
    return _mean(np.where(np.isnan(actual), np.nan, inside), axis)


def probability_bounds(
    actual: FloatArray, quantiles: FloatArray, levels: tuple[float, ...]
) -> tuple[FloatArray, FloatArray]:
    """The chances (..., H), under a forecast, of less than each actual and of at most as much.

    Both are equal to the levels around an actual that ties with no quantile. Of one that ties the
    chances lie between neighbouring levels, and their middle is taken; that of less than zero is
    known where no quantile is negative.

    >>> zero_or_one = np.array([[0.0, 0.0, 1.0]])
    >>> low, high = probability_bounds(np.array([0.0]), zero_or_one, (0.1, 0.5, 0.9))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.0, 0.7)
    """
    below = (quantiles < actual[..., None]).sum(axis=-1)
    up_to = (quantiles <= actual[..., None]).sum(axis=-1)
    ladder = np.array([0.0, *levels, 1.0])
    tied = up_to > below
    low = np.where(tied, (ladder[below] + ladder[below + 1]) / 2, ladder[below])
    low = np.where((actual == 0) & (quantiles[..., 0] >= 0), 0.0, low)
    above = np.minimum(up_to + 1, len(levels) + 1)
    high = np.where(tied, (ladder[up_to] + ladder[above]) / 2, ladder[above])
    unknown = np.isnan(actual)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def share_within(
    actual: FloatArray,
    quantiles: FloatArray,
    levels: tuple[float, ...],
    band: tuple[float, float],
    *,
    axis: Axis = None,
) -> FloatArray:
    """Coverage of a band between two levels that counts ties by their share.

    An actual whose chances under the forecast reach over an end of the band counts for the part
    within: the mean of the randomised probability integral transform for discrete data. A forecast
    of counts that is right has 0.8 for its 80 % band, where `coverage` has up to 1: the band [0, 1]
    of a product that sells nothing on most days holds more than it says, and no whole band holds
    less. Without ties it equals `coverage`. Through few levels it is known to about 0.03.
    """
    low, high = probability_bounds(actual, quantiles, levels)
    return _mean(part_within(low, high, band), axis)


def part_within(low: FloatArray, high: FloatArray, band: tuple[float, float]) -> FloatArray:
    """The part of each interval of chances that lies within the band.

    >>> part_within(np.array([0.0, 0.5]), np.array([0.2, 0.6]), (0.1, 0.9)).tolist()
    [0.5, 1.0]
    """
    within = np.maximum(np.minimum(high, band[1]) - np.maximum(low, band[0]), 0.0)
    return np.asarray(within / (high - low))


def seasonal_errors(history: FloatArray, seasonality: int) -> tuple[FloatArray, FloatArray]:
    """Mean absolute and mean squared change (N,) over one season within histories (N, T).

    The scales of MASE and RMSSE. Pairs with a missing value do not count; without any pair, NaN.
    """
    if history.shape[1] <= seasonality:
        nothing = np.full(len(history), np.nan)
        return nothing, nothing
    changes = history[:, seasonality:] - history[:, :-seasonality]
    return _mean(np.abs(changes), -1), _mean(changes**2, -1)


def mase(actual: FloatArray, forecast: FloatArray, absolute_scale: FloatArray) -> FloatArray:
    """Mean absolute error (N,) in units of the history's mean absolute seasonal change."""
    return ratio(mae(actual, forecast, axis=-1), absolute_scale)


def rmsse(actual: FloatArray, forecast: FloatArray, squared_scale: FloatArray) -> FloatArray:
    """Root of the mean squared error (N,) in units of the mean squared seasonal change."""
    return np.sqrt(ratio(mse(actual, forecast, axis=-1), squared_scale))


def ratio(numerator: Any, denominator: Any) -> FloatArray:
    """The quotient, NaN where the denominator is zero or unknown."""
    usable: BoolArray = np.asarray(denominator != 0) & ~np.isnan(denominator)
    return np.where(usable, numerator / np.where(usable, denominator, 1.0), np.nan)


def _losses(actual: FloatArray, quantiles: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Pinball losses (..., H, Q)."""
    error = actual[..., None] - quantiles
    probabilities = np.asarray(levels)
    return np.asarray(np.maximum(probabilities * error, (probabilities - 1) * error))


def _mean(values: FloatArray, axis: Axis) -> FloatArray:
    counted = ~np.isnan(values)
    return ratio(np.nansum(values, axis), counted.sum(axis).astype(np.float64))
