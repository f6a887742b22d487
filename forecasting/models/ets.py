"""ets: exponential smoothing with error, trend and season chosen per series by statsforecast."""

from dataclasses import dataclass

from forecasting.history import History
from forecasting.intervals import from_intervals, interval_levels
from forecasting.local import LocalConfig, LocalForecaster
from forecasting.long_season import LONGEST_SEASON, decomposed
from forecasting.simple import Prediction


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
        from statsforecast.models import AutoETS

        levels, horizon = self.config.quantile_levels, self.config.horizon
        if history.seasonality > LONGEST_SEASON:
            return decomposed(history, horizon, levels, AutoETS(model="ZZN"))
        model = AutoETS(season_length=history.seasonality)
        result = model.forecast(history.values, horizon, level=interval_levels(levels))
        return from_intervals(result, levels)
