"""Compression: a fitted network that keeps its weights in fewer bytes, and what that costs.

What is saved is space on disk and in transfer (see `packing`), for the price of a small difference
that `compared` measures. Where whole numbers are to make it faster as well,
`export_onnx(..., int8=True)` is the way.
"""

import copy
import tempfile
import time
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from forecasting import metrics
from forecasting.errors import ConfigError, PanelError
from forecasting.models.pretrained import Pretrained
from forecasting.networks.forecaster import NetworkForecaster
from forecasting.packing import STORAGES, Storage, packed, unpacked
from forecasting.panel import Panel
from forecasting.protocol import Forecaster

Model = TypeVar("Model", bound=Forecaster)


def compress(model: Model, storage: Storage) -> Model:
    """A copy of a fitted network that predicts with, and saves, its weights as stored like that.

    Raises `ConfigError` for a storage that is unknown, or a model that is no network.
    """
    _require_network(model)
    if storage not in STORAGES:
        raise ConfigError(f"storage={storage!r} is unknown. Use one of {', '.join(STORAGES)}.")
    if isinstance(model, Pretrained):
        return model.stored_as(storage)
    smaller: Any = copy.copy(model)
    smaller._network = copy.deepcopy(smaller._network)
    smaller._network.load_state_dict(unpacked(packed(smaller._network.state_dict(), storage)))
    smaller.storage = storage
    return smaller  # a copy is of the same class


def compared(model: Forecaster, panel: Panel) -> pd.DataFrame:
    """One row per storage: bytes of the saved model, seconds to predict, WQL, and its difference.

    The last `horizon` steps of the panel are forecast from those before. A model that was fitted
    on them as well will seem better than it is, but its variants are compared fairly.
    """
    _require_network(model)
    horizon = model.config.horizon
    if panel.length <= horizon:
        raise PanelError(
            f"The panel has {panel.length} timestamps; to compare forecasts of {horizon} steps it "
            f"needs more than {horizon}. Give a longer history."
        )
    past = panel.until(panel.timestamps[-1 - horizon])
    launched = np.flatnonzero(past.observed.any(axis=1))
    past = past.subset(past.series_ids[launched])
    actual = panel.target[launched][:, -horizon:]
    known_future = panel.known_covariates[launched][:, -horizon:]
    rows = []
    for storage in STORAGES:
        variant = compress(model, storage)
        seconds = []
        for _ in range(2):  # the first time warms up
            began = time.perf_counter()
            forecast = variant.predict(past, known_future=known_future)
            seconds.append(time.perf_counter() - began)
        wql = float(metrics.wql(actual, forecast.quantiles, forecast.quantile_levels))
        rows.append(
            {"variant": storage, "bytes": _size(variant), "seconds": min(seconds), "WQL": wql}
        )
    frame = pd.DataFrame(rows)
    full = frame["WQL"].iloc[0]
    frame["difference"] = np.where(full > 0, frame["WQL"] / full - 1, np.nan)
    return frame


def _size(model: Forecaster) -> int:
    """Bytes of the saved model."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder)
        return sum(file.stat().st_size for file in Path(folder).iterdir())


def _require_network(model: Forecaster) -> None:
    if not isinstance(model, NetworkForecaster | Pretrained):
        raise ConfigError(
            f"Model {model.name!r} has no network to compress. Give lstm, gru, transformer or "
            "pretrained."
        )
    model._fitted()
