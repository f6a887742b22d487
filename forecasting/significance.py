"""Whether one model is really better than another: bootstrap over series, Diebold-Mariano in time.

Both look at pairs: the losses of two models for the same series, windows and steps. The bootstrap
asks what would change with other series of the same kind; Diebold-Mariano, which judges the mean
loss of all series step by step, what would change with other weeks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting import metrics
from forecasting.arrays import FloatArray
from forecasting.errors import ConfigError
from forecasting.scores import rate

# The sums of `forecasting.scores` whose ratio is the metric.
RATIOS = {
    "WQL": ("quantile_loss", "absolute_actual"),
    "WAPE": ("absolute_error", "absolute_actual"),
    "MAE": ("absolute_error", "steps"),
}
CHUNK = 250_000  # draws held in memory at a time; small enough for the cache
FEW_SERIES = 8  # below, a bootstrap over series has too little to draw from


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How much worse a model is than another, relative to it, with the range it may lie in."""

    value: float  # +0.05: five per cent worse
    low: float  # ends of the interval
    high: float
    p_value: float  # two-sided: how often chance alone would show this much


def paired_bootstrap(
    losses: FloatArray,
    reference: FloatArray,
    *,
    num_samples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> list[Difference]:
    """Relative differences in summed loss of M models (N, M) to a reference (N,), over N series.

    Series are drawn with replacement, the same for all models, so what makes a series hard for
    everyone cancels. Intervals are percentiles of the drawn ratios (Efron and Tibshirani, An
    Introduction to the Bootstrap, 1993). Series that move together, such as those of one place,
    should be summed before: drawn one by one they pretend to more evidence than there is.
    """
    if losses.ndim != 2 or losses.shape[0] != len(reference) or not len(reference):
        raise ConfigError(f"losses {losses.shape} and reference {reference.shape} do not pair.")
    drawn = _resampled(np.column_stack([reference, losses]), num_samples, seed)
    ratios = metrics.ratio(drawn[:, 1:], drawn[:, :1]) - 1.0  # (S, M)
    values = metrics.ratio(losses.sum(axis=0), np.asarray(reference.sum())) - 1.0
    tail = (1 - level) / 2
    lows, highs = np.nanquantile(ratios, [tail, 1 - tail], axis=0)
    below = (np.sum(ratios <= 0, axis=0) + 1) / (num_samples + 1)
    above = (np.sum(ratios >= 0, axis=0) + 1) / (num_samples + 1)
    p_values = np.minimum(1.0, 2 * np.minimum(below, above))
    return [
        Difference(value=float(v), low=float(lo), high=float(hi), p_value=float(p))
        for v, lo, hi, p in zip(values, lows, highs, p_values, strict=True)
    ]


def _resampled(sums: FloatArray, num_samples: int, seed: int) -> FloatArray:
    """Totals (S, M) of rows (N, M) drawn with replacement, N at a time."""
    rng, count = np.random.default_rng(seed), len(sums)
    totals = np.empty((num_samples, sums.shape[1]))
    chunk = max(1, CHUNK // count)
    for begin in range(0, num_samples, chunk):
        size = min(chunk, num_samples - begin)
        picks = rng.integers(0, count, size=(size, count), dtype=np.int32)
        picks += (np.arange(size, dtype=np.int32) * count)[:, None]
        counts = np.bincount(picks.ravel(), minlength=size * count).reshape(size, count)
        totals[begin : begin + size] = counts @ sums
    return totals


def diebold_mariano(
    losses: FloatArray, reference: FloatArray, *, horizon: int = 1
) -> tuple[float, float]:
    """Statistic and two-sided p-value of equal mean loss of two forecasts over T steps.

    Losses are in order of time; forecasts `horizon` steps ahead have errors that are correlated up
    to horizon - 1 steps. Diebold and Mariano (1995) with the correction for small samples and
    Student's t of Harvey, Leybourne and Newbold (1997). The variance is the sum of
    autocovariances; where that is not positive, with Bartlett's weights, which always is. Positive:
    the first is worse. NaN where there are fewer than two steps more than the horizon, or where the
    losses never differ.
    """
    from scipy.stats import t as student

    difference = losses - reference
    difference = difference[~np.isnan(difference)]
    count = len(difference)
    if count < horizon + 2 or not difference.any():
        return float("nan"), float("nan")
    mean = difference.mean()
    centred = difference - mean
    covariances = np.array([centred[: count - lag] @ centred[lag:] for lag in range(horizon)])
    covariances /= count
    variance = covariances[0] + 2 * covariances[1:].sum()
    if variance <= 0:
        weights = 1 - np.arange(1, horizon) / horizon
        variance = covariances[0] + 2 * (weights * covariances[1:]).sum()
    if variance <= 0:
        return float("nan"), float("nan")
    correction = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    statistic = float(mean / np.sqrt(variance / count) * np.sqrt(correction))
    return statistic, float(2 * student.sf(abs(statistic), count - 1))


def compare(
    scores: pd.DataFrame,
    *,
    metric: str = "WQL",
    level: float = 0.95,
    num_samples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Models by how good they are, each against the best: the leaderboard's verdicts.

    `scores` are those of `forecasting.scores`, of which only series and windows are used that
    every model has. One row per model, the best first: model, the metric, difference (relative to
    the best, +0.05 is worse by 5 %), low, high, p_value (corrected by Holm for the number of
    comparisons), verdict 'best', 'no real difference', 'worse', or 'too few series'. A group of
    series that move together is drawn whole where the scores have a column `cluster`.
    """
    if metric not in RATIOS:
        raise ConfigError(f"metric {metric!r} cannot be compared. Use {', '.join(RATIOS)}.")
    shared = in_common(scores)
    order = rate(shared).sort_values(metric, kind="stable")["model"].tolist()
    losses, size = _losses(shared, metric, order)
    best, others = losses[:, 0], losses[:, 1:]
    board = pd.DataFrame({"model": order, metric: metrics.ratio(losses.sum(axis=0), size)})
    board["difference"] = board["low"] = board["high"] = 0.0
    board["p_value"] = 1.0
    if len(order) > 1:
        found = paired_bootstrap(others, best, num_samples=num_samples, level=level, seed=seed)
        for row, each in enumerate(found, start=1):
            board.loc[row, ["difference", "low", "high"]] = each.value, each.low, each.high
        board.loc[1:, "p_value"] = holm([each.p_value for each in found])
    few = len(losses) < FEW_SERIES
    worse = "too few series" if few else "worse"
    same = "too few series" if few else "no real difference"
    board["verdict"] = np.where(board["p_value"] < 1 - level, worse, same)
    board.loc[0, "verdict"] = "best"
    return board


def in_common(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows whose series and window every model has; all models are judged on the same."""
    names = scores["model"].nunique()
    pairs = scores.groupby(["cutoff", "series_id"], observed=True)["model"].transform("nunique")
    shared = scores[pairs == names]
    if shared.empty:
        raise ConfigError(
            "The models have no series and window in common. Compare runs over the same weeks and "
            "products."
        )
    return shared


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm, 1979): the chance of any false alarm is kept.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    count, corrected, largest = len(order), np.empty(len(order)), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (count - rank) * p_values[place]))
        corrected[place] = largest
    return [float(p) for p in corrected]


def _losses(scores: pd.DataFrame, metric: str, order: list[str]) -> tuple[FloatArray, float]:
    """Summed losses (N, M) by cluster or series and model, and what they are divided by."""
    unit = "cluster" if "cluster" in scores.columns else "series_id"
    numerator, denominator = RATIOS[metric]
    first = scores[scores["model"] == order[0]]
    table = scores.pivot_table(
        index=unit, columns="model", values=numerator, aggfunc="sum", observed=True
    )
    return table[order].to_numpy(np.float64), float(first[denominator].sum())
