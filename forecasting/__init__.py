"""Almanac's forecasting library: frames in, forecasts out; pleasant in a notebook.

>>> import pandas as pd, forecasting as fc
>>> frame = pd.DataFrame({"series_id": "a", "timestamp": pd.date_range("2024", periods=28)})
>>> panel = fc.Panel.from_frame(frame.assign(target=range(28)), freq="D")
>>> forecast = fc.create("seasonal_naive", horizon=2).fit(panel).predict(panel)
>>> forecast.mean.tolist()
[[21.0, 22.0]]
"""

from importlib import import_module
from typing import Any

from forecasting.backtest import DEFAULT_MODELS, Backtest, backtest
from forecasting.coherence import add_up, errors_of, reconcile
from forecasting.cold_start import cold_start
from forecasting.correlation import Correlation, correlation_of
from forecasting.errors import ConfigError, ForecastingError, NotFittedError, PanelError
from forecasting.explain import Explanation, explain
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS, Forecast, Note
from forecasting.future import fill_future
from forecasting.hierarchy import Hierarchy
from forecasting.importance import importance
from forecasting.models import MODELS, create, load
from forecasting.panel import Panel
from forecasting.paths import sample_jointly
from forecasting.progress import Progress
from forecasting.protocol import Forecaster, Trainable
from forecasting.seasonality import default_seasonality
from forecasting.spaces import Between, Choice, default_space
from forecasting.tuning import TuningResult, tune

__all__ = [
    "DEFAULT_MODELS",
    "DEFAULT_QUANTILE_LEVELS",
    "MODELS",
    "Backtest",
    "Between",
    "Choice",
    "ConfigError",
    "Correlation",
    "Explanation",
    "Forecast",
    "Forecaster",
    "ForecastingError",
    "Hierarchy",
    "NotFittedError",
    "Note",
    "OnnxForecaster",
    "Panel",
    "PanelError",
    "Progress",
    "Trainable",
    "TuningResult",
    "add_up",
    "backtest",
    "cold_start",
    "compress",
    "correlation_of",
    "create",
    "default_seasonality",
    "default_space",
    "errors_of",
    "explain",
    "export_onnx",
    "fill_future",
    "importance",
    "load",
    "reconcile",
    "sample_jointly",
    "tune",
]

# What needs torch is imported where it is asked for, so that `import forecasting` stays fast.
_LATE = {"compress": "compression", "export_onnx": "export", "OnnxForecaster": "export"}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'forecasting' has no attribute {name!r}")
    return getattr(import_module(f"forecasting.{_LATE[name]}"), name)
