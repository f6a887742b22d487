"""Compression: the weights of a network in fewer bytes.

"fp16" and "bf16" store every weight in two bytes; "int8" stores matrices in one byte per weight and
a scale per row, and all else in two. A network always computes in 32 bits: what is saved is space
on disk and in transfer, for the price of a small difference that `compared` measures. Where whole
numbers are to make it faster as well, `export_onnx(..., int8=True)` is the way.
"""

import copy
import hashlib
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from forecasting import metrics
from forecasting.errors import ConfigError, PanelError
from forecasting.panel import Panel
from forecasting.protocol import Forecaster

Storage = Literal["fp32", "fp16", "bf16", "int8"]
STORAGES: tuple[Storage, ...] = get_args(Storage)
SCALE = ".scale_of_rows"  # ends the name of the scales beside an int8 matrix
HALVES = {"fp16": torch.float16, "bf16": torch.bfloat16}
LARGEST = 127  # of a signed byte, so that zero stays zero

Model = TypeVar("Model", bound=Forecaster)


def packed(weights: Mapping[str, Tensor], storage: Storage) -> dict[str, Tensor]:
    """Weights by name as they are stored."""
    if storage == "fp32":
        return dict(weights)
    stored: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if not weight.is_floating_point():
            stored[name] = weight
        elif storage == "int8" and weight.ndim == 2:
            scale = (weight.abs().amax(dim=1) / LARGEST).clamp(min=1e-12)
            stored[name] = torch.round(weight / scale[:, None]).to(torch.int8)
            stored[name + SCALE] = scale
        else:
            half = HALVES.get(storage, torch.float16)
            finite = torch.finfo(half).max
            stored[name] = weight.clamp(-finite, finite).to(half)
    return stored


def unpacked(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights in 32 bits, however they were stored.

    >>> weights = {"a": torch.tensor([[1.0, -2.0], [0.0, 0.0]])}
    >>> unpacked(packed(weights, "int8"))["a"].round(decimals=1).tolist()
    [[1.0, -2.0], [0.0, 0.0]]
    """
    weights: dict[str, Tensor] = {}
    for name, tensor in stored.items():
        if name.endswith(SCALE):
            continue
        if tensor.dtype == torch.int8 and name + SCALE in stored:
            weights[name] = tensor.float() * stored[name + SCALE].float()[:, None]
        elif tensor.dtype in HALVES.values():
            weights[name] = tensor.float()
        else:
            weights[name] = tensor
    return weights


def storage_of(stored: Mapping[str, Tensor]) -> Storage:
    """How these tensors are stored."""
    kinds = {tensor.dtype for tensor in stored.values()}
    if torch.int8 in kinds:
        return "int8"
    if torch.bfloat16 in kinds:
        return "bf16"
    return "fp16" if torch.float16 in kinds else "fp32"


def file_digest(path: Path) -> str:
    """A fingerprint of the file, by which a changed one is noticed when it is read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def compress(model: Model, storage: Storage) -> Model:
    """A copy of a fitted network that predicts with, and saves, its weights as stored like that.

    Raises `ConfigError` for a storage that is unknown, or a model that is no network.
    """
    from forecasting.models.pretrained import Pretrained

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
    from forecasting.models.pretrained import Pretrained
    from forecasting.networks.forecaster import NetworkForecaster

    if not isinstance(model, NetworkForecaster | Pretrained):
        raise ConfigError(
            f"Model {model.name!r} has no network to compress. Give lstm, gru, transformer or "
            "pretrained."
        )
    model._fitted()
