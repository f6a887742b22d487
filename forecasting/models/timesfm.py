"""timesfm: TimesFM 2.5 and 3.0 (Das and others), with weights that the user brings.

3.0 reads known covariates in context; 2.5 could by a regression apart from it, which needs JAX and
is not used. Mind the licence: the published weights of 3.0 are for non-commercial use alone.

Shape suffixes: B series, T steps, H horizon, Q levels, K known covariates.
"""

import math
from typing import Any

import numpy as np
import torch

from forecasting.arrays import Float32Array, FloatArray
from forecasting.public.checkpoints import Checkpoint
from forecasting.public.families import package_of
from forecasting.public.forecaster import PublicForecaster, Reader


class _TimesFM25:
    """TimesFM 2.5; what it is asked for is said once more whenever it changes."""

    reads_known = False
    longest = 2048  # of 16,384: more costs much and changes little

    def __init__(self, package: Any, model: Any) -> None:
        self._package, self._model = package, model
        definition = model.model.config
        self.levels = tuple(float(level) for level in definition.quantiles)
        self.one_pass = int(definition.output_patch_len)
        self._spread = int(definition.output_quantile_len)  # steps that have spreads of their own
        self._patch = int(definition.input_patch_len)
        self._asked = (0, 0)  # context and horizon

    def read(
        self, target: FloatArray, known: Float32Array, horizon: int
    ) -> tuple[FloatArray, FloatArray | None]:
        asked = (
            self._patch * math.ceil(target.shape[1] / self._patch),
            self.one_pass * math.ceil(horizon / self.one_pass),
        )
        if asked != self._asked:
            self._ask(*asked)
            self._asked = asked
        # Its own list, as the package appends to the one it is given.
        _, found = self._model.forecast(horizon, [row.astype(np.float32) for row in target])
        return found[..., 1:], found[..., 0]  # the mean comes before the quantiles

    def _ask(self, context: int, horizon: int) -> None:
        self._model.compile(
            self._package.ForecastConfig(
                max_context=context,
                max_horizon=horizon,
                normalize_inputs=True,
                per_core_batch_size=64,
                use_continuous_quantile_head=horizon <= self._spread,
                force_flip_invariance=True,
                infer_is_positive=True,
                fix_quantile_crossing=True,
            )
        )


class _TimesFM3:
    """TimesFM 3.0."""

    reads_known = True
    longest = 2048  # of 15,360: more costs much and changes little

    def __init__(self, forecaster: Any) -> None:
        self._forecaster = forecaster
        self.levels = tuple(float(level) for level in forecaster.config.quantiles)
        self.one_pass = 1024  # decodes in one pass what was asked for, and was made for this much

    def read(
        self, target: FloatArray, known: Float32Array, horizon: int
    ) -> tuple[FloatArray, FloatArray | None]:
        covariates = [rows.T for rows in known] if known.shape[2] else None
        found = self._forecaster.predict_batch(
            contexts=[row.astype(np.float32) for row in target],
            horizon=horizon,
            past_future_covariates=covariates,
            return_quantiles=True,
            make_positive=True,
        )
        return np.stack([each.quantiles for each in found]), None


class TimesFM(PublicForecaster):
    """TimesFM; weights of 3.0 read known covariates too."""

    name = "timesfm"
    uses_known_covariates = True

    @staticmethod
    def reader(checkpoint: Checkpoint, device: torch.device) -> Reader:
        folder = str(checkpoint.folder)
        if checkpoint.version == "3.0":
            package = package_of(checkpoint.family, "timesfm3")
            return _TimesFM3(
                package.TimesFM3Forecaster.from_pretrained(
                    folder, device=str(device), local_files_only=True, per_core_batch_size=64
                )
            )
        package = package_of(checkpoint.family)
        model = package.TimesFM_2p5_200M_torch.from_pretrained(
            folder, torch_compile=False, local_files_only=True
        )
        model.model.to(device)
        model.model.device, model.model.device_count = device, 1  # it takes the first GPU there is
        return _TimesFM25(package, model)
