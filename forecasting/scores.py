"""Scores: sums of errors from which every metric of any group of series, steps or windows follows.

A backtest of 30,490 series, 28 steps, five models and three windows is 12.8 million forecasts;
its scores are 457,350 rows, and any leaderboard of a part of it is a sum over some of them.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasting import metrics
from forecasting.arrays import FloatArray
from forecasting.backtest import BANDS, Backtest, Window
from forecasting.errors import ConfigError

# Sums over the steps that were observed. `squared_error` and so on are of the mean, the losses of
# all quantiles, `median_error` of the median.
SUMS = (
    "steps",
    "actual",
    "absolute_actual",
    "error",
    "absolute_error",
    "median_error",
    "squared_error",
    "quantile_loss",
)
# Sums of actuals within a band, where one that ties with an end counts by its share.
SHARES = {f"inside_{name}": name for name in BANDS}
METRICS = (
    "WQL",
    "WAPE",
    "MASE",
    "RMSSE",
    "MAE",
    "RMSE",
    "bias",
)  # smaller is better, bias nearer 0


def scores(backtest: Backtest) -> pd.DataFrame:
    """One row per model, cutoff and series: `SUMS`, the shares within bands, and both scales.

    Columns model, cutoff, series_id, those of `SUMS` and `SHARES` (bands whose levels were not
    forecast are NaN), absolute_scale and squared_scale (NaN where the history has none), fallback.
    """
    frames = [_by_series(window, _parts(window)) for window in backtest.windows]
    return pd.concat(frames, ignore_index=True)


def step_scores(backtest: Backtest) -> pd.DataFrame:
    """One row per model, cutoff and step ahead (from 1): `SUMS` and the shares, over all series."""
    frames = [_by_step(window, _parts(window)) for window in backtest.windows]
    return pd.concat(frames, ignore_index=True)


def both_scores(backtest: Backtest) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`scores` and `step_scores`, for which errors and losses are worked out once."""
    by_series, by_step = [], []
    for window in backtest.windows:
        parts = _parts(window)
        by_series.append(_by_series(window, parts))
        by_step.append(_by_step(window, parts))
    return pd.concat(by_series, ignore_index=True), pd.concat(by_step, ignore_index=True)


def rate(scores: pd.DataFrame, by: Sequence[str] = ("model",)) -> pd.DataFrame:
    """Metrics of each group of rows, as `Backtest.leaderboard` computes them for a model.

    `by` names columns of the scores, own ones (a segment, a category, a place) included. WQL,
    WAPE, bias, MAE, RMSE and the bands pool all steps of the group; MASE and RMSSE are means over
    series and windows that have a scale, and absent from scores without one (those of steps).
    Raises `ConfigError` for a column that is not there.
    """
    if missing := [name for name in by if name not in scores.columns]:
        raise ConfigError(
            f"The scores have no column {', '.join(missing)}. "
            f"There are {', '.join(map(str, scores.columns))}."
        )
    keys = list(by)
    numbers = scores[[*SUMS, *SHARES]].copy()
    scaled = {"MASE": "absolute_scale", "RMSSE": "squared_scale"}
    if scaled["MASE"] in scores.columns:
        steps = scores["steps"].to_numpy(np.float64)
        mean_error = metrics.ratio(scores["absolute_error"].to_numpy(), steps)
        mean_square = metrics.ratio(scores["squared_error"].to_numpy(), steps)
        numbers["MASE"] = metrics.ratio(mean_error, scores["absolute_scale"].to_numpy())
        numbers["RMSSE"] = np.sqrt(metrics.ratio(mean_square, scores["squared_scale"].to_numpy()))
    groups = numbers.groupby([scores[key] for key in keys], observed=True, sort=False)
    sums = groups[[*SUMS, *SHARES]].sum(min_count=1)
    rated = pd.DataFrame(
        {
            "WQL": _ratio(sums, "quantile_loss", "absolute_actual"),
            "WAPE": _ratio(sums, "absolute_error", "absolute_actual"),
            "bias": _ratio(sums, "error", "actual"),
            "MAE": _ratio(sums, "absolute_error", "steps"),
            "RMSE": np.sqrt(_ratio(sums, "squared_error", "steps")),
            **{name: _ratio(sums, column, "steps") for column, name in SHARES.items()},
        },
        index=sums.index,
    )
    for name in scaled:
        if name in numbers.columns:
            rated[name] = groups[name].mean()
    rated["series"] = groups.size()
    return rated.reset_index()


def _by_series(window: Window, parts: dict[str, FloatArray]) -> pd.DataFrame:
    """The scores of a window, one row per series."""
    forecast = window.forecast
    notes = {note.series_id: f"{note.used}: {note.reason}" for note in forecast.notes}
    keys = {
        "model": window.model,
        "cutoff": forecast.cutoff,
        "series_id": np.asarray(forecast.series_ids),
    }
    ends = {
        "absolute_scale": window.absolute_scale,
        "squared_scale": window.squared_scale,
        "fallback": [notes.get(series_id, "") for series_id in forecast.series_ids],
    }
    return pd.DataFrame({**keys, **_sums(parts, axis=1), **ends})


def _by_step(window: Window, parts: dict[str, FloatArray]) -> pd.DataFrame:
    keys = {
        "model": window.model,
        "cutoff": window.forecast.cutoff,
        "step": np.arange(1, window.actual.shape[1] + 1),
    }
    return pd.DataFrame({**keys, **_sums(parts, axis=0)})


def _parts(window: Window) -> dict[str, FloatArray]:
    """What `SUMS` and the shares of a window are sums of, (B, H); without unknown bands."""
    forecast, actual = window.forecast, window.actual
    levels, quantiles = forecast.quantile_levels, forecast.quantiles
    error = np.where(np.isnan(actual), np.nan, forecast.mean) - actual
    low, high = metrics.probability_bounds(actual, quantiles, levels)
    return {
        "steps": (~np.isnan(actual)).astype(np.float64),
        "actual": actual,
        "absolute_actual": np.abs(actual),
        "error": error,
        "absolute_error": np.abs(error),
        "squared_error": error**2,
        "quantile_loss": metrics.quantile_losses(actual, quantiles, levels),
        **({"median_error": np.abs(forecast.quantile(0.5) - actual)} if 0.5 in levels else {}),
        **{
            column: metrics.part_within(low, high, BANDS[name])
            for column, name in SHARES.items()
            if set(BANDS[name]) <= set(levels)
        },
    }


def _sums(parts: dict[str, FloatArray], *, axis: int) -> dict[str, FloatArray]:
    """`SUMS` and the shares, added up over steps (axis 1) or series (axis 0)."""
    found = {name: np.nansum(values, axis=axis) for name, values in parts.items()}
    unknown = np.full(len(found["steps"]), np.nan)
    return {name: found.get(name, unknown) for name in (*SUMS, *SHARES)}


def _ratio(sums: pd.DataFrame, numerator: str, denominator: str) -> FloatArray:
    return metrics.ratio(
        sums[numerator].to_numpy(np.float64), sums[denominator].to_numpy(np.float64)
    )
