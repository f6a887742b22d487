"""PanelTensors: a panel as dense tensors on the device, from which windows are gathered by index.

Shape suffixes: N series, T steps (history and, to predict, the horizon), C calendar features,
M numeric statics, S categorical statics.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.networks.calendar import calendar_features
from forecasting.networks.channels import FARTHEST, Channels, channels_of
from forecasting.networks.layout import Layout, blocks
from forecasting.panel import Panel


@dataclass(frozen=True, kw_only=True, eq=False)
class PanelTensors:
    """Values in units of each series' volume, and all that goes with them."""

    values_NT: Tensor  # target / volume, 0 where not observed
    observed_NT: Tensor  # bool
    known: Channels
    past: Channels  # ends with the history
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
    totals = [np.nansum(np.abs(block), axis=1) for _, block in blocks(panel.target)]
    return np.concatenate(totals) / np.maximum(panel.observed.sum(axis=1), 1)


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
    seen = np.zeros(scaled.shape, dtype=bool)
    np.divide(target, units[:, None], out=scaled[:, : target.shape[1]], casting="same_kind")
    seen[:, : target.shape[1]] = panel.observed[:, start:]
    scaled[~seen] = 0.0
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
        known=channels_of(known_values, panel.known_names, layout.known, device),
        past=channels_of(panel.past_covariates[:, start:], panel.past_names, layout.past, device),
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
