"""Inference: forecasts of the pretrained network for the arrays of a panel.

A series is read with as much context as it has, in one of few lengths, so that its forecast does
not depend on which other series are asked for beside it.

Shape suffixes: N series, T steps, C context, H horizon, K known covariates, Q levels.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.errors import ConfigError
from forecasting.memory import is_out_of_memory, no_memory_for_one
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.reading import windows_of
from forecasting.pretraining.series import Series
from forecasting.pretraining.sizes import LEVELS

CONTEXTS = (128, 256, 512, 1024)
AT_A_TIME = 512  # series


@dataclass(frozen=True, kw_only=True)
class Seasons:
    """Steps of a season, and of a longer one or 0."""

    season: int
    long_season: int


def forecasts(
    network: PretrainedNetwork,
    target: FloatArray,
    known: Float32Array,
    seasons: Seasons,
    *,
    context: int,
    strength: float = 1.0,
) -> tuple[FloatArray, FloatArray]:
    """Quantiles (N, H, Q) at LEVELS and mean (N, H) after targets (N, T), NaN where unobserved.

    `known` are covariates (N, T + H, K) without holes; K may be 0. `strength` is the share of what
    they were found to do that counts.
    """
    read = partial(_read, network, seasons=seasons, strength=strength)
    horizon = known.shape[1] - target.shape[1]
    quantiles = np.zeros((len(target), horizon, len(LEVELS)))
    mean = np.zeros((len(target), horizon))
    for steps, rows in _by_context(target, context):
        for some in np.array_split(rows, -(-len(rows) // AT_A_TIME)):
            quantiles[some], mean[some] = read(target[some], known[some], steps=steps)
    return quantiles, mean


def _read(
    network: PretrainedNetwork,
    target: FloatArray,
    known: Float32Array,
    *,
    seasons: Seasons,
    steps: int,
    strength: float,
) -> tuple[FloatArray, FloatArray]:
    """The forecasts of some series at once, or in halves where memory is short."""
    some = partial(_some, network, seasons=seasons, steps=steps, strength=strength)
    read = partial(_read, network, seasons=seasons, steps=steps, strength=strength)
    try:
        return some(target, known)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        if len(target) == 1:
            raise ConfigError(no_memory_for_one(steps)) from error
    half = len(target) // 2
    first, second = read(target[:half], known[:half]), read(target[half:], known[half:])
    return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]])


def series_of(
    target: FloatArray,
    known: Float32Array,
    seasons: Seasons,
    *,
    steps: int,
    horizon: int,
    device: torch.device,
    strength: float = 1.0,
) -> Series:
    """The last `steps` before the last `horizon` steps of `known`, as one group."""
    count, length = target.shape
    read = min(steps, length)
    values = np.full((count, steps), np.nan, dtype=np.float32)
    values[:, steps - read :] = target[:, length - read :]
    covariates = np.zeros((count, steps + horizon, known.shape[2]), dtype=np.float32)
    covariates[:, steps - read :] = known[:, length - read : length + horizon]
    return Series(
        values_BC=torch.as_tensor(values, device=device),
        known_BTK=torch.as_tensor(covariates, device=device),
        season_B=torch.full((count,), seasons.season, device=device),
        long_season_B=torch.full((count,), seasons.long_season, device=device),
        group_B=torch.zeros(count, dtype=torch.long, device=device),
        strength=strength,
    )


def units_of(target: FloatArray) -> FloatArray:
    """Mean absolute value (N,) of each series: in such units single precision suffices."""
    seen = (~np.isnan(target)).sum(axis=1)
    mean = np.nansum(np.abs(target), axis=1) / np.maximum(seen, 1)
    return np.where(mean > 0, mean, 1.0)


@torch.inference_mode()
def _some(
    network: PretrainedNetwork,
    target: FloatArray,
    known: Float32Array,
    *,
    seasons: Seasons,
    steps: int,
    strength: float,
) -> tuple[FloatArray, FloatArray]:
    horizon = known.shape[1] - target.shape[1]
    units = units_of(target)
    series = series_of(
        target / units[:, None],
        known,
        seasons,
        steps=steps,
        horizon=horizon,
        device=network.describe.weight.device,
        strength=strength,
    )
    windows = windows_of(series, horizon)
    output = network(windows)
    units = units * windows.scale_B.cpu().numpy().astype(np.float64)
    quantiles = output.quantiles_BHQ.float().cpu().numpy() * units[:, None, None]
    return quantiles, output.mean_BH.float().cpu().numpy() * units[:, None]


def _by_context(target: FloatArray, context: int) -> list[tuple[int, IntArray]]:
    """How many steps are read, and of which series."""
    seen = ~np.isnan(target)
    age = np.where(seen.any(axis=1), target.shape[1] - seen.argmax(axis=1), 1)
    lengths = np.array([*(each for each in CONTEXTS if each < context), context])
    read = lengths[np.searchsorted(lengths, np.minimum(age, context))]
    return [(int(steps), np.flatnonzero(read == steps)) for steps in np.unique(read)]
