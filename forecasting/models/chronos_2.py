"""chronos_2: Chronos-2 (Ansari and others, 2025), with weights that the user brings.

Known covariates are read in context, as series of one group with the sales.

Shape suffixes: B series, T steps, H horizon, Q levels, K known covariates.
"""

import warnings
from typing import Any

import numpy as np
import torch

from forecasting.arrays import Float32Array, FloatArray
from forecasting.public.checkpoints import Checkpoint
from forecasting.public.families import package_of
from forecasting.public.forecaster import SERIES, PublicForecaster, Reader


class _Chronos2:
    """A pipeline of chronos-forecasting."""

    reads_known = True

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self.levels = tuple(float(level) for level in pipeline.quantiles)
        self.longest = int(pipeline.model_context_length)
        self.one_pass = int(pipeline.model_prediction_length)

    def read(
        self, target: FloatArray, known: Float32Array, horizon: int
    ) -> tuple[FloatArray, FloatArray | None]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of long horizons, which our notes tell of
            found = self._pipeline.predict(
                _inputs(target.astype(np.float32), known),
                prediction_length=horizon,
                batch_size=SERIES,
            )
        # One tensor (1, Q, H) for each series, in their order.
        return np.stack([each[0].T.numpy() for each in found]), None


def _inputs(target: Float32Array, known: Float32Array) -> Any:
    """Series alone as an array, with covariates as a task each."""
    length, names = target.shape[1], [str(k) for k in range(known.shape[2])]
    if not names:
        return torch.from_numpy(target[:, None])
    return [
        {
            "target": series,
            "past_covariates": {name: rows[:length, k] for k, name in enumerate(names)},
            "future_covariates": {name: rows[length:, k] for k, name in enumerate(names)},
        }
        for series, rows in zip(target, known, strict=True)
    ]


class Chronos2(PublicForecaster):
    """Chronos-2; reads known covariates too."""

    name = "chronos_2"
    uses_known_covariates = True

    @staticmethod
    def reader(checkpoint: Checkpoint, device: torch.device) -> Reader:
        chronos = package_of(checkpoint.family)
        loaded = chronos.Chronos2Pipeline.from_pretrained(
            str(checkpoint.folder), device_map=str(device), dtype=torch.float32
        )
        return _Chronos2(loaded)
