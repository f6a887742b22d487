"""theta: the dynamic optimised theta method of statsforecast."""

from dataclasses import dataclass

from forecasting.history import History
from forecasting.intervals import from_intervals, interval_levels
from forecasting.local import LocalConfig, LocalForecaster
from forecasting.long_season import LONGEST_SEASON, decomposed
from forecasting.simple import Prediction


@dataclass(frozen=True, kw_only=True)
class ThetaConfig(LocalConfig):
    """Options of theta."""

    # 40 M5 series: WQL 0.411 with 730 steps and 0.410 with all 1,900, in a third of the time.
    max_history: int | None = 730


class Theta(LocalForecaster):
    """Dynamic optimised theta; its own test misses most yearly seasons of weeks, so STL finds them.

    The season is multiplicative where all values are positive, else additive.
    """

    name = "theta"
    config_class = ThetaConfig

    def forecast_series(self, history: History) -> Prediction:
        from statsforecast.models import DynamicOptimizedTheta

        levels, horizon = self.config.quantile_levels, self.config.horizon
        if history.seasonality > LONGEST_SEASON:
            return decomposed(history, horizon, levels, DynamicOptimizedTheta(season_length=1))
        model = DynamicOptimizedTheta(
            season_length=history.seasonality,
            decomposition_type="multiplicative" if (history.values > 0).all() else "additive",
        )
        result = model.forecast(history.values, horizon, level=interval_levels(levels))
        return from_intervals(result, levels)
