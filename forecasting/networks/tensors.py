"""PanelTensors: a panel as dense tensors on the device, from which windows are gathered by index.

Shape suffixes: N series, T steps (history and, to predict, the horizon), K known and P past
covariate channels, C calendar features, M numeric statics, S categorical statics.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.networks.calendar import calendar_features
from forecasting.networks.layout import Covariate, Layout
from forecasting.panel import Panel

FARTHEST = 5.0  # spreads from the centre at which a covariate is cut off


@dataclass(frozen=True, kw_only=True, eq=False)
class PanelTensors:
    """Values in units of each series' volume, and all that goes with them."""

    values_NT: Tensor  # target / volume, 0 where not observed
    observed_NT: Tensor  # 1 where observed
    known_NTK: Tensor
    past_NTP: Tensor
    calendar_TC: Tensor
    statics_NM: Tensor
    categories_NS: Tensor  # 0 is a category that was not seen in fitting
    series_N: Tensor  # number of the vector of the series, 0 for a series not seen in fitting
    levels_N: Tensor  # log of the volume over the unit of the layout
    launched_N: Tensor
    own_K: Tensor  # known channels that also count against the mean of their series ...
    own_ratio_K: Tensor  # ... and their spread over the one within series
    volumes: FloatArray  # (N,), mean absolute values

    @property
    def steps(self) -> int:
        return self.values_NT.shape[1]


def volumes_of(panel: Panel) -> FloatArray:
    """Mean absolute value (N,) of each series, 0 where nothing or nothing but zero was seen."""
    counts = np.maximum(panel.observed.sum(axis=1), 1)
    return np.nansum(np.abs(panel.target), axis=1) / counts


def panel_tensors(
    panel: Panel, layout: Layout, device: torch.device, known_future: FloatArray | None = None
) -> PanelTensors:
    """The panel's tensors; with known covariates (N, H, K) ahead they end with the horizon."""
    ahead = 0 if known_future is None else known_future.shape[1]
    start = 0 if known_future is None else max(0, panel.length - layout.steps_read)
    volumes = volumes_of(panel)
    units = np.where(volumes > 0, volumes, 1.0)
    target = panel.target[:, start:]
    scaled = np.zeros((panel.num_series, target.shape[1] + ahead), dtype=np.float32)
    seen = np.zeros_like(scaled)
    np.divide(target, units[:, None], out=scaled[:, : target.shape[1]], casting="same_kind")
    seen[:, : target.shape[1]] = panel.observed[:, start:]
    scaled[seen == 0] = 0.0
    past = _channels(panel.past_covariates[:, start:], panel.past_names, layout.past)
    known_values = panel.known_covariates[:, start:]
    if known_future is not None:
        known_values = np.concatenate([known_values, known_future.astype(np.float32)], axis=1)
    steps = target.shape[1] + ahead
    stamps = pd.date_range(panel.timestamps[start], periods=steps, freq=panel.freq, unit="ns")
    numbers, categories = _statics(panel.static_features, layout)
    levels = np.log(units / layout.unit)
    own = [k for k, each in enumerate(layout.known) if each.own_spread]
    ratios = [layout.known[k].spread / layout.known[k].own_spread for k in own]

    def tensor(array: Any) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(array), device=device)

    return PanelTensors(
        values_NT=tensor(scaled),
        observed_NT=tensor(seen),
        known_NTK=tensor(_channels(known_values, panel.known_names, layout.known)),
        past_NTP=tensor(np.pad(past, ((0, 0), (0, ahead), (0, 0)))),
        calendar_TC=tensor(calendar_features(stamps, panel.freq)),
        statics_NM=tensor(numbers),
        categories_NS=tensor(categories),
        series_N=tensor(_numbers_of(panel.series_ids, layout.series)),
        levels_N=tensor(levels.astype(np.float32)),
        launched_N=tensor(np.maximum(panel.launched - start, 0).astype(np.int64)),
        own_K=tensor(np.array(own, dtype=np.int64)),
        own_ratio_K=tensor(np.array(ratios, dtype=np.float32)),
        volumes=volumes,
    )


def _channels(
    values: Float32Array, names: tuple[str, ...], covariates: tuple[Covariate, ...]
) -> Float32Array:
    """Covariates (N, T, K) of the layout in its order, near zero, unknown ones carried forward."""
    found = np.zeros((*values.shape[:2], len(covariates)), dtype=np.float32)
    for k, each in enumerate(covariates):
        column = values[:, :, names.index(each.name)]
        if np.isnan(column).any():
            column = pd.DataFrame(column.T).ffill().to_numpy(dtype=np.float32).T
        if each.log:
            column = np.log(np.maximum(column, 1e-12))
        scaled = (column - each.centre) / each.spread
        found[:, :, k] = np.nan_to_num(np.clip(scaled, -2 * FARTHEST, 2 * FARTHEST), nan=0.0)
    return found


def _statics(frame: pd.DataFrame, layout: Layout) -> tuple[Float32Array, IntArray]:
    """Numbers (N, M) near zero, and categories (N, S)."""
    numbers = [np.empty((len(frame), 0))]
    categories: list[IntArray] = [np.empty((len(frame), 0), dtype=np.int64)]
    for each in layout.statics:
        column = frame[each.name]
        if each.spread:
            scaled = (pd.to_numeric(column, errors="coerce") - each.centre) / each.spread
            numbers.append(scaled.fillna(0.0).clip(-FARTHEST, FARTHEST).to_numpy()[:, None])
        else:
            codes = _numbers_of(pd.Index(column.astype(str)), each.categories)
            categories.append(codes[:, None])
    return np.concatenate(numbers, axis=1).astype(np.float32), np.concatenate(categories, axis=1)


def _numbers_of(values: pd.Index, known: tuple[str, ...]) -> IntArray:
    """Positions from 1 among the known ones, 0 for others."""
    return np.asarray(pd.Index(known, dtype=object).get_indexer(values.astype(str)) + 1)
