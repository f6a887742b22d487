"""Local models: methods fitted to each series on its own, with one ladder of fallbacks for all.

A method is a subclass that says what it needs and forecasts one history. Everything else is here:
cutting histories out of the panel, scaling, several processes, progress, budget, notes, saving.
"""

import time
import warnings
import weakref
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from forecasting.errors import ConfigError, NotFittedError
from forecasting.fallbacks import Needs, SeriesForecast, fall_back, sane, without_a_model
from forecasting.forecast import (
    DEFAULT_QUANTILE_LEVELS,
    Forecast,
    Note,
    check_quantile_levels,
)
from forecasting.future import KnownFuture, known_future_array
from forecasting.history import History, history_of
from forecasting.panel import Panel
from forecasting.parallel import run_tasks
from forecasting.progress import OnProgress, Reporter
from forecasting.simple import Prediction
from forecasting.storage import config_from, read_config, write_config


@dataclass(frozen=True, kw_only=True)
class LocalConfig:
    """Options of every local model."""

    horizon: int  # steps ahead
    quantile_levels: tuple[float, ...] = DEFAULT_QUANTILE_LEVELS
    seed: int = 0  # all local models are deterministic; kept so that every model has one
    seasonality: int | None = None  # steps per season; None takes the frequency's
    max_history: int | None = None  # last steps that are read; None reads all
    n_jobs: int = 1  # processes

    def __post_init__(self) -> None:
        check_quantile_levels(self.quantile_levels)
        for name in ("horizon", "seasonality", "max_history", "n_jobs"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ConfigError(f"{name}={value!r} must be a whole number of at least 1.")


class LocalForecaster(ABC):
    """A forecaster of single series; `fit` computes the forecast of the panel it is given.

    `predict` on that same panel returns it; on any other panel it fits those series in turn. So
    a local model stores no numbers: what is saved is its options.
    """

    name: ClassVar[str]
    config_class: ClassVar[type[LocalConfig]] = LocalConfig
    uses_known_covariates: ClassVar[bool] = False
    needs: ClassVar[Needs] = Needs(seasons=2)
    rescale: ClassVar[bool] = True  # show the method values near one

    def __init__(self, config: LocalConfig) -> None:
        self.config = config
        self._fitted = False
        self._budget_seconds: float | None = None
        self._forecast: Forecast | None = None
        self._panel: weakref.ref[Panel] | None = None

    @abstractmethod
    def forecast_series(self, history: History) -> Prediction:
        """Mean (H,) and quantiles (H, Q) of one history; any failure leads to the fallback."""

    def fit(
        self,
        panel: Panel,
        *,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
    ) -> Self:
        """Forecast every series of the panel; after the budget the rest get a fallback."""
        self._fitted, self._budget_seconds = True, budget_seconds
        if not self.uses_known_covariates:
            self._forecast = self._forecast_panel(panel, None, on_progress)
            self._panel = weakref.ref(panel)
        return self

    def predict(self, panel: Panel, *, known_future: KnownFuture | None = None) -> Forecast:
        """The forecast after the panel's cutoff; `known_future` only where the model reads it."""
        if not self._fitted:
            raise NotFittedError(f"Model {self.name!r} is not fitted. Call fit(panel) first.")
        if self._forecast is not None and self._panel is not None and self._panel() is panel:
            return self._forecast
        return self._forecast_panel(panel, known_future, None)

    def save(self, folder: Path | str) -> None:
        """Write config.json into the folder."""
        if not self._fitted:
            raise NotFittedError(f"Model {self.name!r} is not fitted. Call fit(panel) first.")
        write_config(folder, self.name, self.config, {})

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The model that `save` wrote."""
        options = read_config(folder)["config"]
        model = cls(config_from(cls.config_class, options, cls.name))
        model._fitted = True
        return model

    def _forecast_panel(
        self, panel: Panel, known_future: KnownFuture | None, on_progress: OnProgress | None
    ) -> Forecast:
        deadline = None
        if self._budget_seconds is not None:
            deadline = time.monotonic() + self._budget_seconds
        histories = self._histories(panel, known_future)
        found = run_tasks(
            partial(forecast_history, type(self), self.config),
            histories,
            n_jobs=self.config.n_jobs,
            reporter=Reporter(on_progress, f"{self.name}: fitting series", panel.num_series),
            deadline=deadline,
        )
        levels, horizon = self.config.quantile_levels, self.config.horizon
        late = f"the budget of {self._budget_seconds} seconds was used up"
        series = [
            each or _late(history, horizon, levels, late)
            for each, history in zip(found, histories, strict=True)
        ]
        notes = [
            Note(series_id, each.used, each.reason)
            for series_id, each in zip(panel.series_ids, series, strict=True)
            if each.used
        ]
        return Forecast(
            mean=np.stack([each.mean for each in series]),
            quantiles=np.stack([each.quantiles for each in series]),
            quantile_levels=levels,
            series_ids=panel.series_ids,
            timestamps=panel.future_timestamps(horizon),
            cutoff=panel.cutoff,
            notes=tuple(notes),
        )

    def _histories(self, panel: Panel, known_future: KnownFuture | None) -> list[History]:
        past = np.empty((panel.num_series, panel.length, 0))
        ahead = np.empty((panel.num_series, self.config.horizon, 0))
        if self.uses_known_covariates:
            past = panel.known_covariates.astype(np.float64)
            ahead = known_future_array(panel, known_future, self.config.horizon)
        return [
            history_of(
                panel.target[i],
                seasonality=self.config.seasonality or panel.seasonality,
                max_history=self.config.max_history,
                covariates=past[i],
                future_covariates=ahead[i],
            )
            for i in range(panel.num_series)
        ]


def forecast_history(
    model_class: type[LocalForecaster], config: LocalConfig, history: History
) -> SeriesForecast:
    """The forecast of one series by the method, or by the ladder where the method cannot serve."""
    levels, horizon, needs = config.quantile_levels, config.horizon, model_class.needs
    if (simplest := without_a_model(history, horizon, levels, needs)) is not None:
        return sane(simplest, history, levels)
    used, reason = "", ""
    if needs.seasons and history.seasonality > 1 and len(history.values) < history.seasonality:
        used = f"{model_class.name} without season"
        reason = f"{len(history.values)} steps are fewer than one season of {history.seasonality}"
        history = replace(history, seasonality=1)
    scale = float(np.abs(history.values).mean()) if model_class.rescale else 1.0
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of optimisers; what matters is checked in `sane`
            mean, quantiles = model_class(config).forecast_series(history.scaled(scale))
    except Exception as error:  # numerical libraries raise anything; the note keeps what it was
        failure = f"{model_class.name} failed: {error or type(error).__name__}"
        return sane(fall_back(history, horizon, levels, failure), history, levels)
    return sane(SeriesForecast(mean * scale, quantiles * scale, used, reason), history, levels)


def _late(history: History, horizon: int, levels: tuple[float, ...], reason: str) -> SeriesForecast:
    simplest = without_a_model(history, horizon, levels, Needs(seasons=0, observations=1))
    return sane(simplest or fall_back(history, horizon, levels, reason), history, levels)
