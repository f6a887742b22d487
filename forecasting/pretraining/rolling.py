"""Rolling out: horizons beyond what the network predicts in one pass.

The means of one pass are the history of the next. They are smoother than any sales, so that bands
read from them would be far too narrow: later passes take the bands of the first, made wider by the
square root of the pass, as errors that do not depend on each other add up.

Shape suffixes: N series, T steps, H horizon, K known covariates, Q levels.
"""

import numpy as np

from forecasting.arrays import Float32Array, FloatArray
from forecasting.pretraining.inference import Seasons, forecasts
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.sizes import LEVELS, MOST_HORIZON

MEDIAN = LEVELS.index(0.5)


def rolled_out(
    network: PretrainedNetwork,
    target: FloatArray,
    known: Float32Array,
    seasons: Seasons,
    *,
    context: int,
    strength: float = 1.0,
) -> tuple[FloatArray, FloatArray]:
    """As `forecasts`, for any horizon: in one pass up to MOST_HORIZON steps, in several beyond."""
    end = known.shape[1]
    quantiles, means = [], []
    passes = 0
    while target.shape[1] < end:
        passes += 1
        steps = min(MOST_HORIZON, end - target.shape[1])
        told = known[:, : target.shape[1] + steps]
        found, mean = forecasts(network, target, told, seasons, context=context, strength=strength)
        median = found[..., MEDIAN, None]
        if passes == 1:
            away = found - median
        quantiles.append(median + np.sqrt(passes) * away[:, -steps:])
        means.append(mean)
        target = np.concatenate([target, mean], axis=1)
    return np.concatenate(quantiles, axis=1), np.concatenate(means, axis=1)
