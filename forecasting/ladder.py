"""The ladder of fallbacks for models that learn all series together.

Such a model forecasts the series that have a pattern; the others are answered here, with a note.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from forecasting.arrays import FloatArray, IntArray
from forecasting.fallbacks import Needs, SeriesForecast, fall_back, sane, without_a_model
from forecasting.forecast import Forecast, Note
from forecasting.history import History, history_of
from forecasting.panel import Panel


@dataclass(frozen=True, eq=False)
class Ladder:
    """Which series of a panel a global model forecasts, and the forecasts of all others."""

    panel: Panel
    horizon: int
    levels: tuple[float, ...]
    seasonality: int
    answered: dict[int, SeriesForecast]  # by position in the panel

    @classmethod
    def of(cls, panel: Panel, *, horizon: int, levels: tuple[float, ...], seasonality: int) -> Self:
        """The ladder of a panel: series without sales, dead, constant or very short."""
        answered = {}
        for row in range(panel.num_series):
            history = _history(panel, row, seasonality)
            simplest = without_a_model(history, horizon, levels, Needs(seasons=0))
            if simplest is not None:
                answered[row] = sane(simplest, history, levels)
        return cls(panel, horizon, levels, seasonality, answered)

    @property
    def open(self) -> IntArray:
        """Positions of the series that the model is to forecast."""
        return np.array(
            [row for row in range(self.panel.num_series) if row not in self.answered], dtype=np.intp
        )

    def without_model(self, reason: str) -> Forecast:
        """The forecast where no model could be fitted: the simplest methods for every series."""
        rest = self.open
        found = dict(self.answered)
        for row in rest:
            history = _history(self.panel, row, self.seasonality)
            forecast = fall_back(history, self.horizon, self.levels, reason)
            found[int(row)] = sane(forecast, history, self.levels)
        return self._forecast(found)

    def forecast(self, mean: FloatArray, quantiles: FloatArray) -> Forecast:
        """Everything in one: mean (B, H) and quantiles (B, H, Q) are of the open series."""
        found = dict(self.answered)
        for at, row in enumerate(self.open):
            history = _history(self.panel, row, self.seasonality)
            found[int(row)] = sane(SeriesForecast(mean[at], quantiles[at]), history, self.levels)
        return self._forecast(found)

    def _forecast(self, found: dict[int, SeriesForecast]) -> Forecast:
        series = [found[row] for row in range(self.panel.num_series)]
        notes = tuple(
            Note(series_id, each.used, each.reason)
            for series_id, each in zip(self.panel.series_ids, series, strict=True)
            if each.used
        )
        return Forecast(
            mean=np.stack([each.mean for each in series]),
            quantiles=np.stack([each.quantiles for each in series]),
            quantile_levels=self.levels,
            series_ids=self.panel.series_ids,
            timestamps=self.panel.future_timestamps(self.horizon),
            cutoff=self.panel.cutoff,
            notes=notes,
        )


def _history(panel: Panel, row: int, seasonality: int) -> History:
    nothing = np.empty((panel.length, 0))
    return history_of(
        panel.target[row],
        seasonality=seasonality,
        max_history=None,
        covariates=nothing,
        future_covariates=nothing,
    )
