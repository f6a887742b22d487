"""mstl: all seasons of a frequency (day and week of hours, week and year of days), decomposed."""

from dataclasses import dataclass
from typing import Any

from forecasting.history import History
from forecasting.intervals import from_intervals, interval_levels
from forecasting.local import LocalConfig, LocalForecaster
from forecasting.simple import Prediction

LONGER_SEASON = {24: 168, 7: 365}  # steps: hours of a week, days of a year


@dataclass(frozen=True, kw_only=True)
class MstlConfig(LocalConfig):
    """Options of mstl."""

    longer_season: bool = True  # add the week to hours and the year to days where history allows


class Mstl(LocalForecaster):
    """STL for each season that occurs twice in the history; ETS for the rest."""

    name = "mstl"
    config_class = MstlConfig
    config: MstlConfig

    def forecast_series(self, history: History) -> Prediction:
        from statsforecast.models import MSTL, AutoETS

        levels, horizon = self.config.quantile_levels, self.config.horizon
        seasons = [history.seasonality] if history.seasonality > 1 else []
        longer = LONGER_SEASON.get(history.seasonality)
        if longer and self.config.longer_season and len(history.values) >= 2 * longer:
            seasons.append(longer)
        if seasons:
            model: Any = MSTL(seasons, trend_forecaster=AutoETS(model="ZZN"))
        else:
            model = AutoETS(model="ZZN")
        result = model.forecast(history.values, horizon, level=interval_levels(levels))
        return from_intervals(result, levels)
