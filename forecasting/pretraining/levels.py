"""Quantiles at the levels asked for, from those at the levels that the network knows.

Shape suffixes: B series, H horizon, Q levels.
"""

from statistics import NormalDist

import numpy as np

from forecasting.arrays import FloatArray


def at_levels(
    quantiles: FloatArray, known: tuple[float, ...], asked: tuple[float, ...]
) -> FloatArray:
    """Quantiles (B, H, Q) at the levels asked for; those that are known stay as they are.

    Between levels they are linear in normal scores, and go on beyond the outermost as steeply as
    between the last two.

    >>> at_levels(np.array([[[1.0, 2.0, 3.0]]]), (0.1, 0.5, 0.9), (0.5, 0.9)).tolist()
    [[[2.0, 3.0]]]
    """
    scores = np.array([NormalDist().inv_cdf(level) for level in known])
    wanted = np.array([NormalDist().inv_cdf(level) for level in asked])
    left = np.clip(np.searchsorted(scores, wanted) - 1, 0, len(scores) - 2)
    share = (wanted - scores[left]) / (scores[left + 1] - scores[left])
    low, high = quantiles[..., left], quantiles[..., left + 1]
    found = low + share * (high - low)
    exact = {level: k for k, level in enumerate(known)}
    for q, level in enumerate(asked):
        if level in exact:
            found[..., q] = quantiles[..., exact[level]]
    return np.asarray(found)
