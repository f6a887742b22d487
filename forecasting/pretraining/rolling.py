"""Rolling out: horizons beyond what the network predicts in one pass.

The means of one pass are the history of the next. Nothing tells how errors add up from pass to
pass, so bands are made wider by the square root of the pass.

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
) -> tuple[FloatArray, FloatArray]:
    """As `forecasts`, for any horizon: in one pass up to MOST_HORIZON steps, in several beyond."""
    end = known.shape[1]
    quantiles, means = [], []
    passes = 0
    while target.shape[1] < end:
        passes += 1
        steps = min(MOST_HORIZON, end - target.shape[1])
        told = known[:, : target.shape[1] + steps]
        found, mean = forecasts(network, target, told, seasons, context=context)
        median = found[..., MEDIAN, None]
        quantiles.append(median + np.sqrt(passes) * (found - median))
        means.append(mean)
        target = np.concatenate([target, mean], axis=1)
    return np.concatenate(quantiles, axis=1), np.concatenate(means, axis=1)
