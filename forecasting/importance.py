"""Permutation importance: how much worse a model forecasts when a column is shuffled.

The columns of other series, moved in time, take the place of a column (Breiman 2001, Fisher, Rudin
and Dominici 2019): runs such as a week of promotion stay whole, but tell nothing of this series any
more. Shape suffixes: N series, T steps, H horizon, K known covariates, R repeats.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from forecasting import metrics
from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.drivers import drivers_of
from forecasting.errors import ConfigError, PanelError
from forecasting.forecast import Forecast
from forecasting.local import LocalForecaster
from forecasting.panel import Panel
from forecasting.protocol import Forecaster

Metric = Literal["WQL", "WAPE", "MAE", "RMSE"]
Measure = Callable[[list[Forecast], list[FloatArray]], float]


def importance(
    model: Forecaster,
    panel: Panel,
    *,
    num_windows: int = 1,
    metric: Metric = "WQL",
    repeats: int = 5,
    by_driver: bool = False,
    roles: Mapping[str, str] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Columns feature, importance, stderr: by how much the metric rises, the most first.

    The metric is that of the last `num_windows` horizons of the panel; what is known ahead of them
    is in the panel. A model that was fitted on these windows too knows them, and its importances
    are those of a forecast after the fact: fit it on `panel.until(...)` their first cutoff. A
    feature is a known or past covariate or a static feature; with `by_driver`, known covariates
    of one driver (`roles` as in `explain`) are shuffled together. Around 0 a feature is of no use;
    `stderr` is the standard error over the repeats.
    """
    measure = _measure(metric)
    if repeats < 2:
        raise ConfigError(f"repeats={repeats} must be at least 2, or there is no standard error.")
    windows = _windows(panel, model.config.horizon, num_windows)
    before = measure(*_forecast(model, windows))
    rng = np.random.default_rng(seed)
    rows = []
    for name, shuffled in _features(panel, by_driver, roles):
        if not _reads(model, shuffled):
            rows.append((name, 0.0, 0.0))
            continue
        worse = [
            measure(*_forecast(model, [each.shuffled(shuffled, rng) for each in windows])) - before
            for _ in range(repeats)
        ]
        rows.append((name, float(np.mean(worse)), float(np.std(worse, ddof=1) / np.sqrt(repeats))))
    frame = pd.DataFrame(rows, columns=["feature", "importance", "stderr"])
    return frame.sort_values("importance", ascending=False, kind="stable").reset_index(drop=True)


@dataclass(frozen=True)
class Columns:
    """Positions of columns that are shuffled together."""

    known: tuple[int, ...] = ()
    past: tuple[int, ...] = ()
    static: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Window:
    """A panel until a cutoff, known covariates (N, H, K) after it, and what happened (N, H)."""

    panel: Panel
    ahead: Float32Array
    actual: FloatArray

    def shuffled(self, columns: Columns, rng: np.random.Generator) -> "_Window":
        """The window with these columns from other series and times."""
        panel = self.panel
        givers = _derangement(panel.num_series, rng)
        known = np.concatenate([panel.known_covariates, self.ahead], axis=1)
        past, statics = panel.past_covariates.copy(), panel.static_features.copy()
        if columns.known:
            shift = _shift(known.shape[1], rng)
            known[:, :, columns.known] = np.roll(known[givers][:, :, columns.known], shift, axis=1)
        if columns.past:
            shift = _shift(panel.length, rng)
            past[:, :, columns.past] = np.roll(past[givers][:, :, columns.past], shift, axis=1)
        for name in columns.static:
            statics[name] = statics[name].iloc[givers].set_axis(statics.index)
        altered = replace(
            panel,
            known_covariates=known[:, : panel.length],
            past_covariates=past,
            static_features=statics,
        )
        return _Window(altered, known[:, panel.length :], self.actual)


def _shift(steps: int, rng: np.random.Generator) -> int:
    """Steps to move by, at least a tenth of all, so that no column stays about where it was."""
    least = max(steps // 10, 1)
    return int(rng.integers(least, max(steps - least, least) + 1))


def _derangement(count: int, rng: np.random.Generator) -> IntArray:
    """For each series another one, each once; a cycle through all in random order."""
    order = rng.permutation(count)
    givers = np.empty(count, dtype=np.intp)
    givers[order] = np.roll(order, 1)
    return givers


def _features(
    panel: Panel, by_driver: bool, roles: Mapping[str, str] | None
) -> Iterator[tuple[str, Columns]]:
    drivers = drivers_of(panel.known_names, roles)
    groups: dict[str, list[int]] = {}
    for k, name in enumerate(panel.known_names):
        groups.setdefault(drivers[name] if by_driver else name, []).append(k)
    for name, positions in groups.items():
        yield name, Columns(known=tuple(positions))
    for p, name in enumerate(panel.past_names):
        yield name, Columns(past=(p,))
    for name in map(str, panel.static_features.columns):
        yield name, Columns(static=(name,))


def _reads(model: Forecaster, columns: Columns) -> bool:
    """False for what a model cannot depend on; local models would be fitted anew to find out."""
    if columns.known:
        return model.uses_known_covariates
    return not isinstance(model, LocalForecaster)


def _windows(panel: Panel, horizon: int, num_windows: int) -> list[_Window]:
    last = panel.length - 1 - horizon
    cutoffs = [last - k * horizon for k in range(num_windows)]
    if num_windows < 1:
        raise ConfigError(f"num_windows={num_windows} must be at least 1.")
    if cutoffs[-1] < 0:
        raise PanelError(
            f"{num_windows} windows of horizon {horizon} need at least {num_windows * horizon + 1} "
            f"timestamps; the panel has {panel.length}. Use fewer windows."
        )
    found = []
    for cutoff in cutoffs:
        ahead = slice(cutoff + 1, cutoff + 1 + horizon)
        past = panel.until(panel.timestamps[cutoff])
        found.append(_Window(past, panel.known_covariates[:, ahead], panel.target[:, ahead]))
    return found


def _forecast(model: Forecaster, windows: list[_Window]) -> tuple[list[Forecast], list[FloatArray]]:
    forecasts = [model.predict(each.panel, known_future=each.ahead) for each in windows]
    return forecasts, [each.actual for each in windows]


def _measure(metric: str) -> Measure:
    """The metric over all windows; more is worse."""
    points = {"WAPE": metrics.wape, "MAE": metrics.mae, "RMSE": metrics.rmse}

    def measured(forecasts: list[Forecast], actuals: list[FloatArray]) -> float:
        actual = np.concatenate(actuals)
        if metric == "WQL":
            quantiles = np.concatenate([each.quantiles for each in forecasts])
            return float(metrics.wql(actual, quantiles, forecasts[0].quantile_levels))
        return float(points[metric](actual, np.concatenate([each.mean for each in forecasts])))

    if metric not in {"WQL", *points}:
        raise ConfigError(f"metric={metric!r} is unknown. Use 'WQL', 'WAPE', 'MAE' or 'RMSE'.")
    return measured
