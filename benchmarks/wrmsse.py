"""WRMSSE: the measure of the M5 competition, over its twelve levels of adding up.

Every series of a level is scored by its root mean squared error in units of its own day-to-day
changes, and counts by its revenue in the last four weeks before the cutoff; a level is the weighted
sum of its series, and the score the mean of the levels.

Shape suffixes: N series, T days of history, H days ahead, G groups of a level.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from forecasting.arrays import Float32Array, FloatArray, IntArray

LEVELS: Mapping[str, tuple[str, ...]] = {
    "total": (),
    "state": ("state_id",),
    "store": ("store_id",),
    "category": ("cat_id",),
    "department": ("dept_id",),
    "state, category": ("state_id", "cat_id"),
    "state, department": ("state_id", "dept_id"),
    "store, category": ("store_id", "cat_id"),
    "store, department": ("store_id", "dept_id"),
    "item": ("item_id",),
    "item, state": ("item_id", "state_id"),
    "item, store": ("item_id", "store_id"),
}


def wrmsse(
    actual: FloatArray,
    forecasts: Mapping[str, FloatArray],
    history: FloatArray,
    revenue: FloatArray,
    statics: pd.DataFrame,
) -> pd.DataFrame:
    """A row per level, a column per forecast (N, H); the score is the mean of a column.

    `history` (N, T) is NaN before a launch, `revenue` (N,) that of the last days before the cutoff.
    """
    sold = np.nan_to_num(history).astype(np.float32)  # whole numbers stay exact in float32
    return pd.DataFrame(
        {
            level: _scores(actual, forecasts, sold, revenue, codes_of(statics, columns))
            for level, columns in LEVELS.items()
        }
    ).T


def codes_of(statics: pd.DataFrame, columns: tuple[str, ...]) -> IntArray:
    """The group (N,) of each series at a level, from 0."""
    if not columns:
        return np.zeros(len(statics), dtype=np.intp)
    return statics.groupby(list(columns), observed=True, sort=False).ngroup().to_numpy()


def weights_of(revenue: FloatArray, codes_N: IntArray) -> FloatArray:
    """The weight (G,) of each group; they add up to one."""
    return np.bincount(codes_N, revenue) / revenue.sum()


def squared_scales(sold: FloatArray | Float32Array) -> FloatArray:
    """Mean squared change (G,) from day to day since the first sale; NaN without two such days.

    >>> squared_scales(np.array([[0.0, 0.0, 2.0, 3.0, 1.0]])).tolist()
    [2.5]
    """
    squares = np.square(np.diff(sold, axis=1)).sum(axis=1, dtype=np.float64)
    first = np.argmax(sold > 0, axis=1)
    launch = np.where(first > 0, sold[np.arange(len(sold)), first], 0.0)
    changes = sold.shape[1] - 1 - first
    usable = (sold > 0).any(axis=1) & (changes > 0)
    return np.where(usable, (squares - np.square(launch)) / np.maximum(changes, 1), np.nan)


def _scores(
    actual: FloatArray,
    forecasts: Mapping[str, FloatArray],
    sold: Float32Array,
    revenue: FloatArray,
    codes_N: IntArray,
) -> dict[str, float]:
    """The score of each forecast at one level."""
    count = len(codes_N)
    adds_up = csr_array((np.ones(count, np.float32), (codes_N, np.arange(count))))
    scale_G, weight_G = squared_scales(adds_up @ sold), weights_of(revenue, codes_N)
    counted = scale_G > 0
    found = {}
    for name, forecast in forecasts.items():
        error_G = np.square(adds_up @ (forecast - actual)).mean(axis=1)
        found[name] = float((weight_G * np.sqrt(error_G / scale_G))[counted].sum())
    return found
