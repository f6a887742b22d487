"""Weights of models whose averaged quantiles lose least: non-negative, summing to one.

Shape suffixes: M models, B windows and series, H horizon, Q levels, R steps.
"""

import numpy as np

from forecasting.arrays import FloatArray
from forecasting.metrics import pinball

MOST_STEPS = 20_000  # steps that weights are fitted on; a sample beyond
ITERATIONS = 150
SMALLEST = 0.02  # a model of less weight is left out: it would cost its fit and change nothing
FEW_STEPS = 500  # steps that count as much as the belief in weights by each model's own loss
SHARPNESS = 8.0  # of that belief: a model that loses 10 % more has half the weight


def least_loss_weights(
    windows: list[FloatArray], actuals: list[FloatArray], levels: tuple[float, ...]
) -> FloatArray:
    """Weights (M,) from quantiles (M, B, H, Q) and actuals (B, H) of each window.

    A mixture must also win in windows that its weights were not fitted on; where it does not, the
    best single model gets everything.
    """
    found = _fitted(np.concatenate(windows, axis=1), np.concatenate(actuals), levels)
    if len(windows) == 1:
        return found
    mixed, alone = 0.0, np.zeros(len(found))
    for at, (quantiles, actual) in enumerate(zip(windows, actuals, strict=True)):
        others = [each for each in range(len(windows)) if each != at]
        weights = _fitted(
            np.concatenate([windows[each] for each in others], axis=1),
            np.concatenate([actuals[each] for each in others]),
            levels,
        )
        mixed += total_loss(np.tensordot(weights, quantiles, axes=1), actual, levels)
        alone += np.array([total_loss(each, actual, levels) for each in quantiles])
    if alone.min() < mixed:
        return np.eye(len(found))[int(np.argmin(alone))]
    return found


def total_loss(quantiles: FloatArray, actual: FloatArray, levels: tuple[float, ...]) -> float:
    """The sum of pinball losses over observed steps."""
    seen = ~np.isnan(actual)
    return float(pinball(actual, quantiles, levels)) * float(seen.sum()) if seen.any() else 0.0


def _fitted(quantiles: FloatArray, actual: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Weights (M,) for quantiles (M, B, H, Q) by the pinball loss against actuals (B, H).

    By exponentiated gradient steps, which keep weights positive. Where there are few steps to
    learn from they are drawn towards weights by each model's own loss, which vary less; equal
    weights would let a poor model spoil a good one.
    """
    models = len(quantiles)
    seen = ~np.isnan(actual)
    steps_MRQ, happened_R = quantiles[:, seen], actual[seen]
    if len(happened_R) > MOST_STEPS:
        chosen = np.random.default_rng(0).choice(len(happened_R), MOST_STEPS, replace=False)
        steps_MRQ, happened_R = steps_MRQ[:, chosen], happened_R[chosen]
    if models == 1 or not len(happened_R) or not np.abs(happened_R).sum():
        return np.full(models, 1 / models)
    levels_Q = np.array(levels)
    alone = np.array([_loss(steps_MRQ, happened_R, levels_Q, each)[0] for each in np.eye(models)])
    belief = (alone.min() / np.maximum(alone, 1e-300)) ** SHARPNESS if alone.min() else alone == 0
    found = _descend(steps_MRQ, happened_R, levels_Q)
    trust = len(happened_R) / (len(happened_R) + FEW_STEPS)
    found = trust * found + (1 - trust) * belief / belief.sum()
    found[found < SMALLEST] = 0.0
    return found / found.sum()


def _descend(steps_MRQ: FloatArray, happened_R: FloatArray, levels_Q: FloatArray) -> FloatArray:
    """The best weights (M,) seen on the way; a single model is among those looked at."""
    models = len(steps_MRQ)
    size = np.abs(happened_R).mean() * len(happened_R) * len(levels_Q)
    starts = [np.full(models, 1 / models), *np.eye(models)]
    losses = [_loss(steps_MRQ, happened_R, levels_Q, each)[0] for each in starts]
    best, least = starts[int(np.argmin(losses))], min(losses)
    weights = starts[0]
    for iteration in range(ITERATIONS):
        loss, gradient = _loss(steps_MRQ, happened_R, levels_Q, weights)
        if loss < least:
            best, least = weights, loss
        gradient = (gradient - gradient @ weights) / size
        rate = 4.0 / (np.sqrt(iteration + 1) * max(np.abs(gradient).max(), 1e-12))
        weights = weights * np.exp(-np.clip(rate * gradient, -1.0, 1.0))
        weights = weights / weights.sum()
    return best


def _loss(
    steps_MRQ: FloatArray, happened_R: FloatArray, levels_Q: FloatArray, weights: FloatArray
) -> tuple[float, FloatArray]:
    """Pinball loss in sum, and its gradient (M,)."""
    average_RQ = np.tensordot(weights, steps_MRQ, axes=1)
    error_RQ = happened_R[:, None] - average_RQ
    slope_RQ = np.where(error_RQ >= 0, -levels_Q, 1 - levels_Q)
    gradient = np.tensordot(steps_MRQ, slope_RQ, axes=([1, 2], [0, 1]))
    return float((-slope_RQ * error_RQ).sum()), gradient
