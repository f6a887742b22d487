"""chronos_bolt: Chronos-Bolt (Ansari and others), with weights that the user brings.

Shape suffixes: B series, T steps, H horizon, Q levels, K known covariates.
"""

import warnings
from typing import Any

import numpy as np
import torch

from forecasting.arrays import Float32Array, FloatArray
from forecasting.public.checkpoints import Checkpoint
from forecasting.public.families import package_of
from forecasting.public.forecaster import PublicForecaster, Reader


class _Bolt:
    """A pipeline of chronos-forecasting."""

    reads_known = False

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self.levels = tuple(float(level) for level in pipeline.quantiles)
        self.longest = int(pipeline.model_context_length)
        self.one_pass = int(pipeline.model_prediction_length)

    def read(
        self, target: FloatArray, known: Float32Array, horizon: int
    ) -> tuple[FloatArray, FloatArray | None]:
        context = torch.from_numpy(target.astype(np.float32))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of long horizons, which our notes tell of
            found = self._pipeline.predict(context, prediction_length=horizon)
        return found.swapaxes(1, 2).numpy(), None


class ChronosBolt(PublicForecaster):
    """Chronos-Bolt; reads the series alone."""

    name = "chronos_bolt"

    @staticmethod
    def reader(checkpoint: Checkpoint, device: torch.device) -> Reader:
        chronos = package_of(checkpoint.family)
        loaded = chronos.ChronosBoltPipeline.from_pretrained(
            str(checkpoint.folder), device_map=str(device), dtype=torch.float32
        )
        return _Bolt(loaded)
