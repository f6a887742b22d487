"""Known covariates of a panel as the network reads them: without holes, prices as logarithms.

Shape suffixes: N series, T steps, H horizon, K covariates.
"""

import numpy as np

from forecasting.arrays import Float32Array, FloatArray
from forecasting.errors import PanelError
from forecasting.panel import Panel
from forecasting.pretraining.effects import READINGS
from forecasting.pretraining.network import PretrainedNetwork

LEAST = 1e-12


def readable(known: Float32Array, ahead: FloatArray) -> Float32Array:
    """Covariates (N, T + H, K) of past and future, each unknown value the last known before it.

    What is positive throughout is read as its logarithm: ratios of prices count.
    """
    both = np.concatenate([known, ahead.astype(np.float32)], axis=1)
    for k in range(both.shape[2]):
        both[:, :, k] = _filled(both[:, :, k])
        column = both[:, :, k]
        if column.size and column.min() > 0:
            both[:, :, k] = np.log(np.maximum(column, LEAST))
    return both


def check_known(network: PretrainedNetwork, panel: Panel, known: Float32Array) -> None:
    """Raise `PanelError` where it learned from more or fewer covariates than these."""
    told = network.told
    if told is not None and told.in_features != READINGS * known.shape[2]:
        raise PanelError(
            f"The model was fine-tuned with {told.in_features // READINGS} known covariates, and "
            f"this panel has {len(panel.known_names)} ({', '.join(panel.known_names)}). Give the "
            "same ones, or fine-tune it on this panel."
        )


def _filled(values: Float32Array) -> Float32Array:
    """Each unknown value (N, T) is the last known one before it, else the first known, else 0.

    >>> _filled(np.array([[np.nan, 3.0, np.nan, 1.0]], dtype=np.float32)).tolist()
    [[3.0, 3.0, 3.0, 1.0]]
    """
    unknown = np.isnan(values)
    if not unknown.any():
        return values
    steps = np.arange(values.shape[1])
    last = np.maximum.accumulate(np.where(unknown, -1, steps), axis=1)
    first = np.where(unknown.all(axis=1), 0, unknown.argmin(axis=1))
    at = np.where(last < 0, first[:, None], last)
    return np.asarray(np.nan_to_num(np.take_along_axis(values, at, axis=1), nan=0.0))
