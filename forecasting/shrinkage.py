"""Shrinkage: many unsure estimates, each drawn towards the mean of its group.

As far as an estimate is unsure and its group alike (Efron and Morris, Data analysis using Stein's
estimator and its generalizations, 1975). Suffixes: P estimates, G groups.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.arrays import BoolArray, FloatArray, IntArray

FEW = 5  # estimates of a group, below which its spread is taken from all groups


@dataclass(frozen=True, kw_only=True, eq=False)
class Shrunk:
    """Estimates with less error, and what they were drawn to."""

    mean: FloatArray  # (P,)
    variance: FloatArray  # (P,)
    weight: FloatArray  # (P,): of the product's own estimate
    group_mean: FloatArray  # (G,)
    group_variance: FloatArray  # (G,): of the group's mean
    spread: FloatArray  # (G,): variance of true values within the group


def shrink(own: FloatArray, variance: FloatArray, known: BoolArray, group: IntArray) -> Shrunk:
    """Estimates drawn towards the mean of their group, and groups towards the mean of all.

    The spread of true values is what makes the estimates vary as they do given their errors (Paule
    and Mandel, 1982). Groups with few estimates borrow spread and mean from all of them.
    """
    count = int(group.max()) + 1
    if not known.any():
        nothing = np.full(count, np.nan)
        flat = np.full(len(own), np.nan)
        return Shrunk(
            mean=flat,
            variance=flat,
            weight=np.zeros(len(own)),
            group_mean=nothing,
            group_variance=nothing,
            spread=nothing,
        )
    overall_spread = _paule_mandel(own[known], variance[known])
    means, errors = np.empty(count), np.empty(count)
    spreads = np.full(count, overall_spread)
    for g in range(count):
        mine = known & (group == g)
        size = int(mine.sum())
        if size >= FEW:
            share = size / (size + FEW)
            own_spread = _paule_mandel(own[mine], variance[mine])
            spreads[g] = share * own_spread + (1 - share) * overall_spread
        precision = 1.0 / (variance[mine] + spreads[g])
        means[g] = (precision @ own[mine]) / precision.sum() if size else np.nan
        errors[g] = 1.0 / precision.sum() if size else np.inf
    seen = np.isfinite(errors)
    between = _paule_mandel(means[seen], errors[seen]) if seen.sum() > 1 else 0.0
    weights = 1.0 / (errors[seen] + between)
    centre, centre_variance = (weights @ means[seen]) / weights.sum(), 1.0 / weights.sum()
    trust = np.where(seen, between / (between + np.where(seen, errors, 1.0)), 0.0)
    means = np.where(seen, trust * np.where(seen, means, 0.0) + (1 - trust) * centre, centre)
    mean_variance = np.where(
        seen,
        trust * np.where(seen, errors, 0.0) + (1 - trust) ** 2 * centre_variance,
        between + centre_variance,
    )
    safe = np.where(known, variance, np.inf)
    weight = spreads[group] / (spreads[group] + safe)
    weight = np.where(known, weight, 0.0)
    mean = weight * np.where(known, own, 0.0) + (1 - weight) * means[group]
    posterior = (1 - weight) * spreads[group] + (1 - weight) ** 2 * mean_variance[group]
    return Shrunk(
        mean=mean,
        variance=posterior,
        weight=weight,
        group_mean=means,
        group_variance=mean_variance,
        spread=spreads,
    )


def _paule_mandel(values: FloatArray, variances: FloatArray) -> float:
    """The variance of true values that explains the scatter of estimates with these errors."""
    if len(values) < 2:
        return 0.0
    low, high = 0.0, float(np.var(values)) * 4 + 1e-9

    def excess(spread: float) -> float:
        weights = 1.0 / (variances + spread)
        mean = (weights @ values) / weights.sum()
        return float(weights @ (values - mean) ** 2) - (len(values) - 1)

    if excess(low) <= 0:
        return 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high
