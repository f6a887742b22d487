"""The stock of one item in the days to come, with an order placed now and without it.

A longer step's demand is spread evenly over its days. Shape suffixes: S paths, D days.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import Float32Array, FloatArray
from forecasting.errors import PanelError
from forecasting.forecast import Forecast
from forecasting.planning.exposure import lead_times
from forecasting.planning.items import Items
from forecasting.planning.walk import walk

BAND = (0.1, 0.9)


@dataclass(frozen=True, kw_only=True, eq=False)
class StockAhead:
    """Stock at the end of each day (D,), units: the middle of all paths and their 80 % band."""

    days: pd.DatetimeIndex
    without: FloatArray
    without_low: FloatArray
    without_high: FloatArray
    with_order: FloatArray
    with_low: FloatArray
    with_high: FloatArray
    arrives: pd.Timestamp  # day on which the order comes, at the mean lead time


def stock_ahead(
    forecast: Forecast,
    item: Items,
    *,
    quantity: float,
    on_order: pd.DataFrame | None = None,
    days: int | None = None,
    num_paths: int = 500,
    seed: int = 0,
) -> StockAhead:
    """Walk one item of the forecast; `quantity` units are ordered now, `on_order` come as planned.

    `item` is a single item whose series the forecast has; `on_order` has timestamp and quantity
    of that item alone. `days` cuts the horizon short. Raises `PanelError` otherwise.
    """
    row = forecast.series_ids.get_indexer(item.series_ids)
    if len(row) != 1 or row[0] < 0 or np.isnan(item.on_hand).any():
        raise PanelError("The stock to come needs one item with a forecast and a known stock.")
    horizon_days = (forecast.timestamps[-1] - forecast.cutoff) / pd.Timedelta(days=1)
    per_step = max(round(horizon_days / len(forecast.timestamps)), 1)
    demand = _by_day(forecast, int(row[0]), per_step, num_paths, seed)[:, :days]
    count = demand.shape[1]
    timeline = pd.date_range(forecast.timestamps[0].normalize(), periods=count)
    due = np.zeros(count)
    if on_order is not None and len(on_order):
        at = (pd.DatetimeIndex(on_order["timestamp"]).normalize() - timeline[0]).days.to_numpy()
        at = np.maximum(at, 0)
        np.add.at(due, at[at < count], on_order["quantity"].to_numpy(np.float64)[at < count])
    start = float(max(item.on_hand[0], 0.0))
    rng = np.random.default_rng([seed, 1])
    lead = np.rint(lead_times(item, num_paths, step_days=1.0, rng=rng)).astype(np.intp)
    ordered = np.zeros(demand.shape)
    at_lead = np.broadcast_to(lead[0], num_paths)
    comes = np.flatnonzero(at_lead < count)
    ordered[comes, at_lead[comes]] = max(quantity + min(item.on_hand[0], 0.0), 0.0)
    bare = _walked(start, due, demand)
    supplied = _walked(start, due + ordered, demand)
    low, high = (np.quantile(bare, level, axis=0) for level in BAND)
    with_low, with_high = (np.quantile(supplied, level, axis=0) for level in BAND)
    return StockAhead(
        days=timeline,
        without=np.median(bare, axis=0),
        without_low=low,
        without_high=high,
        with_order=np.median(supplied, axis=0),
        with_low=with_low,
        with_high=with_high,
        arrives=timeline[0] + pd.Timedelta(days=round(float(item.lead_time_days[0]))),
    )


def _by_day(forecast: Forecast, row: int, per_step: int, num_paths: int, seed: int) -> Float32Array:
    """Demand (S, D) of one series."""
    steps = walk(
        forecast.quantiles[row : row + 1],
        forecast.quantile_levels,
        num_paths,
        step_correlation=forecast.step_correlation,
        rng=np.random.default_rng(seed),
    )
    by_step = np.concatenate([step.T for step in steps], axis=1)  # (S, H)
    return np.repeat(np.maximum(by_step, 0.0) / per_step, per_step, axis=1)


def _walked(start: float, coming: FloatArray, demand: Float32Array) -> FloatArray:
    """Stock (S, D) at the end of each day; what is not there is not sold."""
    stock, found = np.full(len(demand), start), np.empty(demand.shape)
    coming = np.broadcast_to(coming, demand.shape)
    for day in range(demand.shape[1]):
        stock = np.maximum(stock + coming[:, day] - demand[:, day], 0.0)
        found[:, day] = stock
    return found
