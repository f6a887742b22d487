"""Calendar features of timestamps, as the frequency makes sense of them."""

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from forecasting.arrays import Float32Array, FloatArray


def calendar_features(stamps: pd.DatetimeIndex, freq: str) -> Float32Array:
    """Features (T, C): weekday and hour as flags, place in month and year as waves.

    >>> calendar_features(pd.date_range("2024-01-01", periods=3, freq="MS"), "MS").shape
    (3, 13)
    """
    base = to_offset(freq).rule_code.split("-")[0]
    columns: list[FloatArray] = [np.ones((len(stamps), 1))]
    if base == "h":
        columns += [_waves(stamps.hour, 24, 4), _flags(stamps.dayofweek, 7)]
    if base in ("D", "B", "C"):
        columns += [_flags(stamps.dayofweek, 7), _waves(stamps.day - 1, 30.44, 2)]
    if base in ("D", "B", "C", "W", "h"):
        columns.append(_waves(stamps.dayofyear, 365.25, 4 if base == "W" else 3))
    if base in ("SMS", "SME", "MS", "ME", "BMS", "BME"):
        columns.append(_flags(stamps.month - 1, 12))
    if base in ("QS", "QE", "BQS", "BQE"):
        columns.append(_flags(stamps.quarter - 1, 4))
    return np.concatenate(columns, axis=1).astype(np.float32)


def _flags(values: pd.Index, count: int) -> FloatArray:
    return np.eye(count)[values.to_numpy()]


def _waves(values: pd.Index, period: float, pairs: int) -> FloatArray:
    angles = 2 * np.pi * np.outer(values.to_numpy() / period, np.arange(1, pairs + 1))
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
