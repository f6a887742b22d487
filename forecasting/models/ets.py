"""ets: exponential smoothing with error, trend and season chosen per series by statsforecast."""

from dataclasses import dataclass
from typing import Any

from forecasting.history import History
from forecasting.intervals import from_intervals, interval_levels
from forecasting.local import LocalConfig, LocalForecaster
from forecasting.simple import Prediction

LONGEST_SEASON = 24  # steps; beyond it exponential smoothing has no seasonal form


@dataclass(frozen=True, kw_only=True)
class EtsConfig(LocalConfig):
    """Options of ets."""

    # 40 M5 series: WQL 0.410 with 1,095 steps and with all, in three quarters of the time.
    max_history: int | None = 1095


class Ets(LocalForecaster):
    """AutoETS; seasons longer than 24 steps are taken out by an STL decomposition first."""

    name = "ets"
    config_class = EtsConfig

    def forecast_series(self, history: History) -> Prediction:
        from statsforecast.models import MSTL, AutoETS

        if history.seasonality > LONGEST_SEASON:
            model: Any = MSTL(history.seasonality, trend_forecaster=AutoETS(model="ZZN"))
        else:
            model = AutoETS(season_length=history.seasonality)
        levels = self.config.quantile_levels
        result = model.forecast(history.values, self.config.horizon, level=interval_levels(levels))
        return from_intervals(result, levels)
