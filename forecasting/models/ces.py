"""ces: complex exponential smoothing by statsforecast."""

from dataclasses import dataclass

from forecasting.history import History
from forecasting.intervals import from_intervals, interval_levels
from forecasting.local import LocalConfig, LocalForecaster
from forecasting.simple import Prediction


@dataclass(frozen=True, kw_only=True)
class CesConfig(LocalConfig):
    """Options of ces."""

    max_history: int | None = 730  # like theta: more history costs time and gains nothing


class Ces(LocalForecaster):
    """AutoCES; bands from its own simulation, which has a fixed seed."""

    name = "ces"
    config_class = CesConfig

    def forecast_series(self, history: History) -> Prediction:
        from statsforecast.models import AutoCES

        model = AutoCES(season_length=history.seasonality)
        levels = self.config.quantile_levels
        result = model.forecast(history.values, self.config.horizon, level=interval_levels(levels))
        return from_intervals(result, levels)
