"""Backtest: models fitted at earlier cutoffs and compared with what then happened.

Shape suffixes: B series, H horizon, Q quantile levels.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting import metrics
from forecasting.arrays import Float32Array, FloatArray
from forecasting.errors import ConfigError, PanelError
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS, Forecast, check_quantile_levels
from forecasting.kept_windows import KeptWindow, KeptWindows
from forecasting.models import create, with_processes
from forecasting.panel import Panel
from forecasting.parallel import run_parts
from forecasting.progress import OnProgress
from forecasting.protocol import Forecaster, pass_interrupt_on
from forecasting.ray_parts import gpus_of

# What is compared when nothing else is asked: every leaderboard holds seasonal naive and ARIMA.
DEFAULT_MODELS = ("seasonal_naive", "theta", "ets", "arima")
BANDS = {"coverage": (0.1, 0.9), "coverage_50": (0.25, 0.75), "coverage_95": (0.025, 0.975)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """One model at one cutoff: its forecast, what happened, and what it cost."""

    model: str
    forecast: Forecast
    actual: FloatArray  # (B, H), NaN where nothing was observed
    absolute_scale: FloatArray  # (B,), of MASE, from the history before the cutoff
    squared_scale: FloatArray  # (B,), of RMSSE
    fit_seconds: float
    predict_seconds: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Backtest:
    """All windows of a backtest; frames are made when they are asked for."""

    windows: tuple[Window, ...]
    skipped: pd.DataFrame  # cutoff, series_id, reason: series a window could not score

    def leaderboard(self) -> pd.DataFrame:
        """One row per model, the lowest WQL first.

        WQL, WAPE, bias, MAE, RMSE and coverage (of the 80 % band) pool all steps of all windows;
        `coverage_shared` counts actuals that tie with an end of the band by their share, which is
        what to judge counts by: a band of whole numbers with both ends always holds more. MASE and
        RMSSE are means over series and windows that have a scale. Point metrics are of the mean.
        `fallbacks` counts series and windows that got a fallback.
        """
        names = dict.fromkeys(window.model for window in self.windows)
        rows = [_pooled([each for each in self.windows if each.model == name]) for name in names]
        return pd.DataFrame(rows).sort_values("WQL", kind="stable").reset_index(drop=True)

    @cached_property
    def forecasts(self) -> pd.DataFrame:
        """Columns cutoff, model, series_id, timestamp, actual, mean and the quantiles."""
        frames = []
        for window in self.windows:
            frame = window.forecast.to_frame()
            frame.insert(0, "cutoff", window.forecast.cutoff)
            frame.insert(1, "model", window.model)
            frame.insert(4, "actual", window.actual.reshape(-1))
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row per model, cutoff and series, with the fallback that was used, if any."""
        return pd.concat([_per_series(window) for window in self.windows], ignore_index=True)


def backtest(
    panel: Panel,
    models: Sequence[str] = DEFAULT_MODELS,
    *,
    horizon: int,
    num_windows: int = 1,
    step_size: int | None = None,
    quantile_levels: tuple[float, ...] = DEFAULT_QUANTILE_LEVELS,
    seed: int = 0,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    budget_seconds: float | None = None,
    n_jobs: int = 1,
    keep_complete: bool = False,
    on_progress: OnProgress | None = None,
    checkpoint: Path | str | None = None,
) -> Backtest:
    """Fit every model at `num_windows` cutoffs, the last one `horizon` steps before the end.

    `step_size` steps lie between cutoffs (default: the horizon). `options` are per model, as for
    `create`; `budget_seconds` is per model and window. A model sees the panel until the cutoff,
    and beyond it only known covariates. Series without history or without actuals in a window
    are listed in `skipped`. With `keep_complete`, Ctrl-C gives the models that have all their
    windows, if any have. With a folder for a `checkpoint`, windows are kept there as they are done,
    and those found there of the same panel and options are not done again. A driver of a Ray
    cluster spreads the windows over it.
    """
    check_quantile_levels(tuple(quantile_levels))
    made = partial(create, horizon=horizon, quantile_levels=quantile_levels, seed=seed)
    ready = {name: with_processes(name, (options or {}).get(name, {}), n_jobs) for name in models}
    for name, given in ready.items():
        made(name, **given)  # an unknown option is refused before hours are spent
    cutoffs = _cutoffs(panel, horizon, num_windows, horizon if step_size is None else step_size)
    skipped = pd.concat([_scored(panel, cutoff, horizon)[1] for cutoff in cutoffs])
    places = [(cutoff, name) for cutoff in cutoffs for name in ready]
    windows: dict[tuple[int, str], Window] = {}
    kept = KeptWindows.of(checkpoint, panel, budget_seconds) if checkpoint is not None else None
    plan = _Plan(panel, made, ready, budget_seconds, kept)
    try:
        run_parts(
            plan,
            sorted(places, key=lambda place: [*ready].index(place[1])) if keep_complete else places,
            kind="windows",
            on_progress=on_progress,
            on_done=windows.__setitem__,
            name=plan.name,
            gpus=plan.gpus,
        )
    except KeyboardInterrupt:
        whole = {name for name in ready if all((cutoff, name) in windows for cutoff in cutoffs)}
        if not (keep_complete and whole):
            raise
        places = [place for place in places if place[1] in whole]
    return Backtest(
        windows=tuple(windows[place] for place in places),
        skipped=skipped.reset_index(drop=True),
    )


@dataclass(frozen=True, eq=False)
class _Plan:
    """What the windows have in common; a window is given by its cutoff, in steps, and its model."""

    panel: Panel
    made: Callable[..., Forecaster]
    options: Mapping[str, Mapping[str, Any]]
    budget_seconds: float | None
    kept: KeptWindows | None

    def __call__(self, place: tuple[int, str], on_progress: OnProgress | None) -> Window:
        (cutoff, _), model = place, self._model(place)
        scored, _ = _scored(self.panel, cutoff, model.config.horizon)
        return _run(model, scored, cutoff, on_progress, self.budget_seconds, self.kept)

    def name(self, place: tuple[int, str]) -> str:
        return f"The window of {place[1]} with the cutoff {self.panel.timestamps[place[0]]}"

    def gpus(self, place: tuple[int, str]) -> int:
        return gpus_of(self._model(place).config)

    def _model(self, place: tuple[int, str]) -> Forecaster:
        return self.made(place[1], **self.options[place[1]])


def _cutoffs(panel: Panel, horizon: int, num_windows: int, step_size: int) -> list[int]:
    """Steps of the cutoffs, the earliest first."""
    counts = {"horizon": horizon, "num_windows": num_windows, "step_size": step_size}
    for name, value in counts.items():
        if value < 1:
            raise ConfigError(f"{name}={value} must be at least 1.")
    last = panel.length - 1 - horizon
    first = last - (num_windows - 1) * step_size
    if first < 0:
        raise PanelError(
            f"{num_windows} windows of horizon {horizon} need at least "
            f"{horizon + (num_windows - 1) * step_size + 1} timestamps; the panel has "
            f"{panel.length}. Use fewer windows or a shorter horizon."
        )
    return list(range(first, last + 1, step_size))


def _scored(panel: Panel, cutoff: int, horizon: int) -> tuple[Panel, pd.DataFrame]:
    """The series a window can score, and the others with the reason."""
    unborn = panel.launched > cutoff
    unseen = ~panel.observed[:, cutoff + 1 : cutoff + 1 + horizon].any(axis=1)
    reasons = np.where(unborn, "no history before the cutoff", "no actuals after the cutoff")
    skipped = unborn | unseen
    if skipped.all():
        raise PanelError(
            f"No series has observations both before and after {panel.timestamps[cutoff]}. "
            "Use fewer windows or a shorter horizon."
        )
    frame = pd.DataFrame(
        {
            "cutoff": panel.timestamps[cutoff],
            "series_id": panel.series_ids[skipped],
            "reason": reasons[skipped],
        }
    )
    return (panel.subset(panel.series_ids[~skipped]) if skipped.any() else panel), frame


def _run(
    model: Any,
    panel: Panel,
    cutoff: int,
    on_progress: OnProgress | None,
    budget: float | None,
    kept: KeptWindows | None,
) -> Window:
    """One window, kept or done now; actuals are read after the model has predicted."""
    past = panel.until(panel.timestamps[cutoff])
    ahead = slice(cutoff + 1, cutoff + 1 + model.config.horizon)
    done = kept.read(model, past) if kept is not None else None
    if done is None:
        done = _forecast(model, past, panel.known_covariates[:, ahead], on_progress, budget)
        if kept is not None:
            kept.write(model, past, done)
    absolute_scale, squared_scale = metrics.seasonal_errors(past.target, past.seasonality)
    return Window(
        model=model.name,
        forecast=done.forecast,
        actual=panel.target[:, ahead],
        absolute_scale=absolute_scale,
        squared_scale=squared_scale,
        fit_seconds=done.fit_seconds,
        predict_seconds=done.predict_seconds,
    )


def _forecast(
    model: Any,
    past: Panel,
    known_future: Float32Array,
    on_progress: OnProgress | None,
    budget: float | None,
) -> KeptWindow:
    """Fit and predict. The model gets the past alone, and what is known ahead."""
    began = time.perf_counter()
    model.fit(past, on_progress=on_progress, budget_seconds=budget)
    pass_interrupt_on(model)  # a model that was stopped must not be compared
    fitted = time.perf_counter()
    forecast = model.predict(past, known_future=known_future)
    seconds = time.perf_counter() - fitted
    return KeptWindow(forecast=forecast, fit_seconds=fitted - began, predict_seconds=seconds)


def _pooled(windows: list[Window]) -> dict[str, Any]:
    """The row of one model on the leaderboard."""
    levels = windows[0].forecast.quantile_levels
    actual = np.concatenate([each.actual for each in windows])
    mean = np.concatenate([each.forecast.mean for each in windows])
    quantiles = np.concatenate([each.forecast.quantiles for each in windows])
    absolute = np.concatenate([each.absolute_scale for each in windows])
    squared = np.concatenate([each.squared_scale for each in windows])
    return {
        "model": windows[0].model,
        "WQL": float(metrics.wql(actual, quantiles, levels)),
        "MASE": _mean(metrics.mase(actual, mean, absolute)),
        "RMSSE": _mean(metrics.rmsse(actual, mean, squared)),
        "WAPE": float(metrics.wape(actual, mean)),
        "bias": float(metrics.bias(actual, mean)),
        **{name: float(metrics.coverage(actual, *band)) for name, band in _bands(windows)},
        **_coverage_shared(actual, quantiles, levels),
        "MAE": float(metrics.mae(actual, mean)),
        "RMSE": float(metrics.rmse(actual, mean)),
        "fit_seconds": sum(each.fit_seconds for each in windows),
        "predict_seconds": sum(each.predict_seconds for each in windows),
        "fallbacks": sum(len(each.forecast.notes) for each in windows),
    }


def _coverage_shared(
    actual: FloatArray, quantiles: FloatArray, levels: tuple[float, ...]
) -> dict[str, float]:
    if not set(BANDS["coverage"]) <= set(levels):
        return {}
    within = metrics.share_within(actual, quantiles, levels, BANDS["coverage"])
    return {"coverage_shared": float(within)}


def _per_series(window: Window) -> pd.DataFrame:
    forecast, actual, mean = window.forecast, window.actual, window.forecast.mean
    levels = forecast.quantile_levels
    notes = {note.series_id: f"{note.used}: {note.reason}" for note in forecast.notes}
    columns = {
        "model": window.model,
        "cutoff": forecast.cutoff,
        "series_id": forecast.series_ids,
        "WQL": metrics.wql(actual, forecast.quantiles, levels, axis=-1),
        "MASE": metrics.mase(actual, mean, window.absolute_scale),
        "RMSSE": metrics.rmsse(actual, mean, window.squared_scale),
        "WAPE": metrics.wape(actual, mean, axis=-1),
        "sMAPE": metrics.smape(actual, mean, axis=-1),
        "bias": metrics.bias(actual, mean, axis=-1),
        **{name: metrics.coverage(actual, *band, axis=-1) for name, band in _bands([window])},
        "MAE": metrics.mae(actual, mean, axis=-1),
        "RMSE": metrics.rmse(actual, mean, axis=-1),
        "pinball": metrics.pinball(actual, forecast.quantiles, levels, axis=-1),
        "fallback": [notes.get(series_id, "") for series_id in forecast.series_ids],
    }
    return pd.DataFrame(columns)


def _bands(windows: list[Window]) -> list[tuple[str, tuple[FloatArray, FloatArray]]]:
    """Name, low and high (B, H) of every band whose levels were forecast."""
    levels = windows[0].forecast.quantile_levels
    found = []
    for name, (low, high) in BANDS.items():
        if low in levels and high in levels:
            lows = np.concatenate([each.forecast.quantile(low) for each in windows])
            highs = np.concatenate([each.forecast.quantile(high) for each in windows])
            found.append((name, (lows, highs)))
    return found


def _mean(values: FloatArray) -> float:
    """The mean of what is known, NaN for nothing."""
    return float(values[~np.isnan(values)].mean()) if (~np.isnan(values)).any() else float("nan")
