"""Almanac's forecasting library: frames in, forecasts out; pleasant in a notebook.

>>> import pandas as pd, forecasting as fc
>>> frame = pd.DataFrame({"series_id": "a", "timestamp": pd.date_range("2024", periods=28)})
>>> panel = fc.Panel.from_frame(frame.assign(target=range(28)), freq="D")
>>> forecast = fc.create("seasonal_naive", horizon=2).fit(panel).predict(panel)
>>> forecast.mean.tolist()
[[21.0, 22.0]]
"""

from forecasting.backtest import DEFAULT_MODELS, Backtest, backtest
from forecasting.cold_start import cold_start
from forecasting.errors import ConfigError, ForecastingError, NotFittedError, PanelError
from forecasting.explain import Explanation, explain
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS, Forecast, Note
from forecasting.future import fill_future
from forecasting.importance import importance
from forecasting.models import MODELS, create, load
from forecasting.panel import Panel
from forecasting.progress import Progress
from forecasting.protocol import Forecaster, Trainable
from forecasting.seasonality import default_seasonality

__all__ = [
    "DEFAULT_MODELS",
    "DEFAULT_QUANTILE_LEVELS",
    "MODELS",
    "Backtest",
    "ConfigError",
    "Explanation",
    "Forecast",
    "Forecaster",
    "ForecastingError",
    "NotFittedError",
    "Note",
    "Panel",
    "PanelError",
    "Progress",
    "Trainable",
    "backtest",
    "cold_start",
    "create",
    "default_seasonality",
    "explain",
    "fill_future",
    "importance",
    "load",
]
