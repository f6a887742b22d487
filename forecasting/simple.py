"""The simplest forecasts, written out: baselines, and what is left when a model cannot be fitted.

Each returns (mean (H,), quantiles (H, Q)) of one series without gaps.
"""

from statistics import NormalDist

import numpy as np

from forecasting.arrays import BoolArray, FloatArray

Levels = tuple[float, ...]
Prediction = tuple[FloatArray, FloatArray]


def constant(value: float, horizon: int, levels: Levels) -> Prediction:
    """The same certain value at every step."""
    return np.full(horizon, value), np.full((horizon, len(levels)), value)


def mean(values: FloatArray, horizon: int, levels: Levels) -> Prediction:
    """The average, with the values' own quantiles: right for sporadic sales."""
    quantiles = np.quantile(values, levels)
    return np.full(horizon, values.mean()), np.tile(quantiles, (horizon, 1))


def naive(values: FloatArray, horizon: int, levels: Levels) -> Prediction:
    """The last value, with normal bands that widen like a random walk.

    >>> naive(np.array([1.0, 3.0]), 2, (0.5,))[0].tolist()
    [3.0, 3.0]
    """
    changes = np.diff(values)
    sigma = np.sqrt(np.mean(changes**2)) if len(changes) else 0.0
    path = np.full(horizon, values[-1])
    return path, normal_quantiles(path, sigma * np.sqrt(np.arange(1, horizon + 1)), levels)


def seasonal_naive(
    values: FloatArray,
    horizon: int,
    levels: Levels,
    *,
    seasonality: int,
    observed: BoolArray | None = None,
) -> Prediction:
    """The value one season earlier, with normal bands that widen with every season.

    Needs one season of values. With exactly one season the spread of its values stands in for
    the unknown errors. Steps that were not observed do not count as errors of zero.

    >>> seasonal_naive(np.array([1.0, 2.0, 3.0, 4.0]), 3, (0.5,), seasonality=2)[0].tolist()
    [3.0, 4.0, 3.0]
    """
    steps = np.arange(horizon)
    path = values[len(values) - seasonality + steps % seasonality]
    errors = values[seasonality:] - values[:-seasonality]
    if observed is not None:
        errors = errors[observed[seasonality:]]
    sigma = np.sqrt(np.mean(errors**2)) if len(errors) else values[-seasonality:].std()
    return path, normal_quantiles(path, sigma * np.sqrt(steps // seasonality + 1), levels)


def normal_quantiles(centre: FloatArray, sigma: FloatArray, levels: Levels) -> FloatArray:
    """Quantiles (H, Q) of normal distributions with centre and sigma (H,)."""
    scores = np.array([NormalDist().inv_cdf(level) for level in levels])
    return np.asarray(centre[:, None] + sigma[:, None] * scores)
