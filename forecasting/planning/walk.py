"""Walk through sample paths step by step, without ever holding them all.

30,490 series, 500 paths and 28 steps are 427 million numbers; planning needs sums over a few
intervals of each path, so a step is made, added up and forgotten. Shape suffixes: B series,
S paths, Q quantile levels, G points of a table.
"""

from collections.abc import Iterator

import numpy as np

from forecasting.arrays import Float32Array, FloatArray
from forecasting.correlation import normal_scores
from forecasting.errors import ConfigError

REACH, FINENESS = 5.0, 64  # normal scores of the table: -5 to 5, in steps of 1/64


def walk(
    quantiles: FloatArray,
    levels: tuple[float, ...],
    num_paths: int,
    *,
    step_correlation: float,
    rng: np.random.Generator,
) -> Iterator[Float32Array]:
    """Demand (B, S) of each step ahead, from quantiles (B, H, Q).

    The paths are those of `Forecast.sample`: steps tied by a Gaussian copula with AR(1)
    correlation, quantile functions linear in normal scores; read from a table of 641 scores.
    """
    if len(levels) < 2:
        raise ConfigError("Sample paths need at least two quantile levels.")
    series, steps, _ = quantiles.shape
    knots = normal_scores(levels)
    grid = np.arange(-REACH, REACH + 1 / FINENESS, 1 / FINENESS)
    left = np.clip(np.searchsorted(knots, grid) - 1, 0, len(knots) - 2)
    share = ((grid - knots[left]) / np.diff(knots)[left]).astype(np.float32)
    fresh = np.float32(np.sqrt(1 - step_correlation**2))
    scores = rng.standard_normal((series, num_paths), dtype=np.float32)
    places = np.empty(scores.shape, dtype=np.intp)
    offsets = np.arange(series, dtype=np.intp)[:, None] * len(grid)
    for step in range(steps):
        if step:
            scores *= np.float32(step_correlation)
            scores += fresh * rng.standard_normal(scores.shape, dtype=np.float32)
        ladder = quantiles[:, step].astype(np.float32)
        table = ladder[:, left] + share * np.diff(ladder, axis=1)[:, left]  # (B, G)
        table = np.maximum(table, np.where(ladder[:, :1] >= 0, np.float32(0), -np.inf))
        np.rint((np.clip(scores, -REACH, REACH) + REACH) * FINENESS, out=places, casting="unsafe")
        places += offsets
        yield np.take(table.ravel(), places)
