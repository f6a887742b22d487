"""Sample paths of many series at once, and bands of their sums.

A Gaussian copula ties steps and series together: a normal score is a sum of factors shared with
the series of the same nodes and a rest of its own, and each quantile function turns its score into
a value. Shape suffixes: B series, S samples, H horizon, Q quantile levels, A nodes.
"""

import numpy as np

from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.correlation import Correlation, normal_scores
from forecasting.errors import ConfigError
from forecasting.forecast import Forecast
from forecasting.hierarchy import TOTAL, Hierarchy, Level
from forecasting.validation import first_of

LARGEST_STRETCH = 3.0  # of a series' paths to reach its mean; the rest is added to all paths


def sample_jointly(
    forecast: Forecast,
    n: int,
    *,
    correlation: Correlation | None = None,
    hierarchy: Hierarchy | None = None,
    seed: int = 0,
) -> FloatArray:
    """Sample paths (B, S, H) that may be summed over steps and over series.

    Each series has the forecast's quantiles at each step, as in `Forecast.sample`. Without
    `correlation` the steps have the forecast's, and the series a small one that M5 and monthly
    retail showed. Levels other than the total need the `hierarchy` of exactly these series.
    """
    if n < 1:
        raise ConfigError(f"n={n} must be at least 1.")
    chosen = correlation or Correlation(step=forecast.step_correlation)
    groups = _groups(forecast, chosen, hierarchy)
    rng = np.random.default_rng(seed)
    paths = np.empty((len(forecast.series_ids), n, len(forecast.timestamps)))
    scores = joint_scores(len(paths), n, groups, rng)
    for step in range(paths.shape[2]):
        if step:
            fresh = joint_scores(len(paths), n, groups, rng)
            scores = chosen.step * scores + np.float32(np.sqrt(1 - chosen.step**2)) * fresh
        paths[:, :, step] = values_at(forecast, step, Positions.of(scores, forecast))
    return paths


def bands_of_sums(
    forecast: Forecast,
    hierarchy: Hierarchy,
    *,
    correlation: Correlation,
    num_paths: int,
    seed: int,
) -> FloatArray:
    """Quantiles (A, H, Q) of all nodes above the series of a forecast.

    The paths of each series are stretched to its mean, so the mean of every node's paths is the
    sum of the means. A step needs its own band only, so all steps share their scores: that is
    faster and leaves no noise between neighbouring steps.
    """
    groups = _groups(forecast, correlation, hierarchy)
    scores = joint_scores(hierarchy.num_series, num_paths, groups, np.random.default_rng(seed))
    positions = Positions.of(scores, forecast)
    del scores
    steps, levels = len(forecast.timestamps), forecast.quantile_levels
    bands = np.empty((len(hierarchy.upper_ids), steps, len(levels)))
    for step in range(steps):
        values = _at_mean(values_at(forecast, step, positions), forecast.mean[:, step])
        for level in hierarchy.levels:
            sums = hierarchy.sums(values, level).astype(np.float64)
            bands[hierarchy.rows(level), step] = np.quantile(sums, levels, axis=1).T
    return bands


def joint_scores(
    series: int,
    n: int,
    groups: list[tuple[IntArray, int, float]],
    rng: np.random.Generator,
) -> Float32Array:
    """Standard normal scores (B, S) with a factor per group of (codes, nodes, share of variance).

    A factor's scores are the n equally likely ones in random order, not n draws: few factors decide
    the band of a total, and it should not depend on the seed.
    """
    own = 1.0 - sum(share for _, _, share in groups)
    scores = rng.standard_normal((series, n), dtype=np.float32)
    scores *= np.float32(np.sqrt(max(own, 0.0)))
    evenly = normal_scores((np.arange(n) + 0.5) / n).astype(np.float32)
    evenly /= max(float(evenly.std()), 1e-6)
    for codes, nodes, share in groups:
        factors = rng.permuted(np.broadcast_to(evenly, (nodes, n)), axis=1)
        scores += np.float32(np.sqrt(share)) * factors[codes]
    return scores


class Positions:
    """Where normal scores lie between the quantile levels; the same for all steps of a forecast."""

    def __init__(self, left: IntArray, share: Float32Array) -> None:
        self.left = left  # (B, S) level below, or the outermost but one
        self.share = share  # (B, S) of the way to the level above; beyond 0 and 1 at the ends

    @classmethod
    def of(cls, scores: Float32Array, forecast: Forecast) -> "Positions":
        """Positions of scores (B, S)."""
        if len(forecast.quantile_levels) < 2:
            raise ConfigError("Sample paths need at least two quantile levels.")
        knots = normal_scores(forecast.quantile_levels).astype(np.float32)
        left = np.clip(np.searchsorted(knots, scores) - 1, 0, len(knots) - 2)
        return cls(left, (scores - knots[left]) / np.diff(knots)[left])


def values_at(forecast: Forecast, step: int, positions: Positions) -> Float32Array:
    """Values (B, S) of the quantile functions at one step, not below zero where those are not.

    Linear in normal scores between levels, and beyond the outermost in the same slope.
    """
    ladder = forecast.quantiles[:, step].astype(np.float32)
    rows = np.arange(len(ladder))[:, None]
    values = np.diff(ladder, axis=1)[rows, positions.left]
    values *= positions.share
    values += ladder[rows, positions.left]
    floor = np.where(ladder[:, :1] >= 0, np.float32(0.0), np.float32(-np.inf))
    return np.asarray(np.maximum(values, floor, out=values))


def _at_mean(values: Float32Array, mean: FloatArray) -> Float32Array:
    """Values (B, S) with means (B,): stretched, so that zeros stay zero, where all are positive."""
    found = values.mean(axis=1, dtype=np.float64)
    positive = (values.min(axis=1) >= 0) & (found > 0) & (mean >= 0)
    ratio = np.where(positive, mean / np.where(positive, found, 1.0), 1.0)
    ratio = np.minimum(ratio, LARGEST_STRETCH)
    values *= ratio[:, None].astype(np.float32)
    values += (mean - ratio * found)[:, None].astype(np.float32)
    return values


def _groups(
    forecast: Forecast, correlation: Correlation, hierarchy: Hierarchy | None
) -> list[tuple[IntArray, int, float]]:
    """Codes (B,), number of nodes and share of variance of every factor that counts."""
    count = len(forecast.series_ids)
    groups: list[tuple[IntArray, int, float]] = []
    unknown: list[Level] = []
    for level, share in correlation.shared.items():
        if not share:
            continue
        if level == TOTAL:
            groups.append((np.zeros(count, dtype=np.intp), 1, share))
        elif hierarchy is None or level not in hierarchy.levels:
            unknown.append(level)
        else:
            at = hierarchy.levels.index(level)
            groups.append((hierarchy.codes[at], len(hierarchy.nodes[at]), share))
    if unknown:
        raise ConfigError(
            f"correlation names levels that the hierarchy does not have: {first_of(unknown)}. Give "
            "the hierarchy that it was measured with."
        )
    if hierarchy is not None and not hierarchy.series_ids.equals(forecast.series_ids):
        raise ConfigError(
            "The forecast's series are not those of the hierarchy in their order. Use "
            "hierarchy.subset(forecast.series_ids)."
        )
    return groups
