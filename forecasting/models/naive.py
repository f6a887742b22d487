"""naive: the last value, repeated."""

from forecasting import simple
from forecasting.fallbacks import Needs
from forecasting.history import History
from forecasting.local import LocalForecaster


class Naive(LocalForecaster):
    """The last value at every step."""

    name = "naive"
    needs = Needs(seasons=0, observations=1)
    rescale = False

    def forecast_series(self, history: History) -> simple.Prediction:
        return simple.naive(history.values, self.config.horizon, self.config.quantile_levels)
