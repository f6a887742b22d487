"""seasonal_naive: the value one season earlier, the baseline that every model must beat.

Written out rather than called from statsforecast, which returns NaN for histories under a season.
"""

from forecasting import simple
from forecasting.fallbacks import Needs
from forecasting.history import History
from forecasting.local import LocalForecaster


class SeasonalNaive(LocalForecaster):
    """The value one season earlier; without a whole season, the last value."""

    name = "seasonal_naive"
    needs = Needs(seasons=1, observations=1)
    rescale = False

    def forecast_series(self, history: History) -> simple.Prediction:
        horizon, levels = self.config.horizon, self.config.quantile_levels
        if history.seasonality == 1:
            return simple.naive(history.values, horizon, levels)
        return simple.seasonal_naive(
            history.values,
            horizon,
            levels,
            seasonality=history.seasonality,
            observed=history.observed,
        )
