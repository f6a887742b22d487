"""Sums of what a run forecast for single series: means add up, bands by the library's correlation.

How the errors of the series go together is measured on the comparison of the run, where it has
one; else the library's usual value is taken. Knows no Streamlit.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray
from forecasting.correlation import Correlation, correlation_of
from forecasting.errors import PanelError
from forecasting.forecast import Forecast
from forecasting.hierarchy import TOTAL, Hierarchy
from forecasting.paths import bands_of_sums

VALUES = 2_000_000  # sampled at once: few series get many paths
PATHS = (100, 1000)  # at least and at most
HORIZON_PATHS = 2000  # of the one sum, over all periods


@dataclass(frozen=True, kw_only=True, eq=False)
class Total:
    """The sum of some series, period by period."""

    frame: pd.DataFrame  # timestamp, mean, quantiles, and actual where it was given
    correlation: Correlation


def measured(held_out: pd.DataFrame | None) -> Correlation:
    """How errors went together in the tests of one model; the library's usual value without any.

    `held_out` has the rows of backtest.parquet of the series that are to be added up.
    """
    if held_out is None or held_out.empty:
        return Correlation()
    rows = held_out.assign(series_id=held_out["series_id"].astype(str))
    try:
        return correlation_of(rows, _total_of(pd.Index(rows["series_id"].unique())))
    except PanelError:  # nothing sold in them yet, or they have no bands
        return Correlation()


def total(frame: pd.DataFrame, correlation: Correlation) -> Total:
    """The sum of all series of a frame: series_id, timestamp, mean, quantiles, maybe actual.

    One series is its own sum, and stays as it is.
    """
    names = quantiles_of(frame)
    groups = frame.groupby("timestamp", sort=True)
    summed = groups[["mean", *names]].sum()
    if frame["series_id"].nunique() > 1 and len(names) > 1:
        summed[names] = _bands(frame, names, correlation)
    if "actual" in frame:
        summed["actual"] = groups["actual"].sum(min_count=1)
    return Total(frame=summed.reset_index(), correlation=correlation)


def over_horizon(found: Total) -> tuple[float, float]:
    """Between which values the sum over all periods lies in 8 of 10 cases."""
    frame, names = found.frame, quantiles_of(found.frame)
    mean = frame["mean"].to_numpy(dtype=float)
    forecast = Forecast(
        mean=mean[None],
        quantiles=frame[names].to_numpy(dtype=float)[None],
        quantile_levels=_levels(names),
        series_ids=pd.Index(["total"]),
        timestamps=pd.DatetimeIndex(frame["timestamp"]),
        cutoff=frame["timestamp"].iloc[0],
        step_correlation=found.correlation.step,
    )
    sums = forecast.sample(HORIZON_PATHS)[0].sum(axis=1)
    low, high = np.quantile(sums, (0.1, 0.9)) + mean.sum() - sums.mean()
    floor = 0.0 if (frame[names[0]] >= 0).all() else -np.inf
    return max(float(low), floor), float(high)


def quantiles_of(frame: pd.DataFrame) -> list[str]:
    """The columns of quantiles, the lowest first."""
    return sorted(name for name in map(str, frame.columns) if name.startswith("q0."))


def _bands(frame: pd.DataFrame, names: list[str], correlation: Correlation) -> FloatArray:
    """Quantiles (H, Q) of the sum of all series of a frame."""
    ids, stamps = frame["series_id"].astype(str), pd.DatetimeIndex(frame["timestamp"])
    series, steps = pd.Index(ids.unique()), stamps.unique().sort_values()
    cube = np.zeros((len(series), len(steps), 1 + len(names)))  # a series that ended sells nothing
    at = series.get_indexer(pd.Index(ids)), steps.get_indexer(stamps)
    cube[at] = frame[["mean", *names]].to_numpy(dtype=float)
    forecast = Forecast(
        mean=cube[:, :, 0],
        quantiles=cube[:, :, 1:],
        quantile_levels=_levels(names),
        series_ids=series,
        timestamps=steps,
        cutoff=steps[0],
    )
    shared = {level: share for level, share in correlation.shared.items() if level == TOTAL}
    bands = bands_of_sums(
        forecast,
        _total_of(series),
        correlation=Correlation(step=correlation.step, shared=shared),
        num_paths=int(np.clip(VALUES // len(series), *PATHS)),
        seed=0,
    )
    return bands[0]


def _total_of(series: pd.Index) -> Hierarchy:
    return Hierarchy.from_frame(pd.DataFrame(index=series.astype(object)), levels=[TOTAL])


def _levels(names: list[str]) -> tuple[float, ...]:
    return tuple(float(name[1:]) for name in names)
