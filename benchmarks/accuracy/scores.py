"""One measure for all rivals: their stored forecasts against the same frame of actuals."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.accuracy.contest import THIRDS
from benchmarks.accuracy.outcome import LEVELS, QUANTILES
from forecasting import metrics
from forecasting.arrays import FloatArray

KEYS = ["cutoff", "series_id", "timestamp"]
LOW, MEDIAN, HIGH = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All steps of all windows pooled. WAPE and MASE judge the median, which absolute errors ask
    for; bias judges the mean. NaN where a rival gives no quantiles.
    """

    wql: float  # mean over the levels of twice the quantile losses, over the sum of |actual|
    mase: float  # mean over series and windows that have a scale
    wape: float
    bias: float  # +0.1 is ten per cent too much in total
    coverage: float  # share of actuals in the 80 % band, both ends counted
    coverage_by_third: dict[str, float]  # by volume before the first cutoff
    share_within: float  # the same, actuals that tie with an end counted by their share
    share_within_by_third: dict[str, float]
    steps: int  # that were counted


def score(truth: pd.DataFrame, forecasts: pd.DataFrame, *, rival: str) -> Scores:
    """The scores of a rival on all steps of the truth.

    Raises `ValueError` naming the rival where it did not forecast each of them.
    """
    joined = truth.merge(forecasts, on=KEYS, how="left", validate="one_to_one")
    means = joined["mean"].to_numpy(dtype=np.float64)
    if missing := int((~np.isfinite(means)).sum()):
        first = joined.loc[~np.isfinite(means), KEYS].iloc[0].to_dict()
        raise ValueError(f"{rival} has no forecast of {missing} steps, the first being {first}.")
    floor = joined["floor"].to_numpy()
    mean = np.maximum(means, floor)
    quantiles = np.maximum(joined[QUANTILES].to_numpy(dtype=np.float64), floor[:, None])
    quantiles = np.sort(quantiles, axis=-1)
    actual = joined["actual"].to_numpy(dtype=np.float64)
    point = np.where(np.isnan(quantiles[:, MEDIAN]), mean, quantiles[:, MEDIAN])
    inside = _inside(actual, quantiles)
    shared = _shared(actual, quantiles)
    thirds = joined["third"].to_numpy()
    return Scores(
        wql=_wql(actual, quantiles),
        mase=_mase(joined, np.abs(actual - point)),
        wape=float(metrics.wape(actual, point)),
        bias=float(metrics.bias(actual, mean)),
        coverage=_mean(inside),
        coverage_by_third={third: _mean(inside[thirds == third]) for third in THIRDS},
        share_within=_mean(shared),
        share_within_by_third={third: _mean(shared[thirds == third]) for third in THIRDS},
        steps=len(joined),
    )


def restricted(truth: pd.DataFrame, forecasts: pd.DataFrame) -> pd.DataFrame:
    """The truth of those series alone that were forecast: for rivals that ran on a sample."""
    return truth[truth["series_id"].isin(forecasts["series_id"].unique())]


def _wql(actual: FloatArray, quantiles: FloatArray) -> float:
    if np.isnan(quantiles).any():
        return float("nan")  # a sum over the known ones alone would look too good
    return float(metrics.wql(actual, quantiles, LEVELS))


def _inside(actual: FloatArray, quantiles: FloatArray) -> FloatArray:
    """1 where the 80 % band holds the actual, NaN without a band."""
    low, high = quantiles[:, LOW], quantiles[:, HIGH]
    inside = ((actual >= low) & (actual <= high)).astype(np.float64)
    return np.where(np.isnan(low), np.nan, inside)


def _shared(actual: FloatArray, quantiles: FloatArray) -> FloatArray:
    """The part of each actual in the 80 % band (`metrics.share_within`), NaN without a band."""
    low, high = metrics.probability_bounds(actual, quantiles, LEVELS)
    within = metrics.part_within(low, high, (LEVELS[LOW], LEVELS[HIGH]))
    return np.where(np.isnan(quantiles[:, LOW]), np.nan, within)


def _mase(joined: pd.DataFrame, errors: FloatArray) -> float:
    each = joined.assign(error=errors).groupby(["cutoff", "series_id"], sort=False)
    means = each["error"].mean().to_numpy()
    return _mean(metrics.ratio(means, each["scale"].first().to_numpy()))


def _mean(values: FloatArray) -> float:
    """The mean of what is known, NaN for nothing."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
