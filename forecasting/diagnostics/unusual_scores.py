"""How far values lie from the usual, as normal deviations, and which of them are unusual.

Shapes: N series, T periods.
"""

import numpy as np

from forecasting.arrays import BoolArray, FloatArray
from forecasting.diagnostics.unusual_levels import Rhythm, variance

HIGH = 4.0  # normal deviations from which a value is too high to be usual
LOW = 3.7  # and too low: sales end at zero, so that a fall has less room
SIDE = 2.5  # the same against the nearer of the levels before and after: less than that is a shift
TIMES = 2.0  # at least so many times the usual, or its inverse; nearer is no matter of a mistake
LEAST = 3.0  # units above the usual; fewer are no matter of anything
ASLEEP, LEAST_ASLEEP = 0.1, 20.0  # of a series that sells less, so many units above the usual
MOST = 0.02  # share of a series' values; where more lie outside, they are its nature
LONGEST = 3  # periods in a row; more are a shift of the level
_RECUR = 0.5  # of its deviations: what lies so far out a year away as well is a season
_RECUR_LEAST = 3.0  # deviations; less than that comes by chance somewhere near
_LOOK = 2.0  # deviations from which chances are computed at all


def scored(
    values: FloatArray, known: BoolArray, high: FloatArray, low: FloatArray, spread: FloatArray
) -> FloatArray:
    """Deviations above `high` and below `low`; 0 between, NaN where not known."""
    score = np.where(known, 0.0, np.nan)
    _score_high(score, values, high, spread)
    _score_low(score, values, low, spread)
    return score


def _score_high(
    score: FloatArray, values: FloatArray, mean: FloatArray, spread: FloatArray
) -> None:
    """Deviations above a mean; a return is judged by its size, with a minus."""
    from scipy.special import betainc

    size = np.abs(values)
    mean = np.maximum(mean, 0.02)
    with np.errstate(invalid="ignore"):
        place = np.nonzero(size > mean + _LOOK * np.sqrt(variance(mean, spread)))
    a, m = np.broadcast_to(spread, values.shape)[place], mean[place]
    chance = betainc(np.maximum(size[place], 1e-3), 1 / a, a * m / (1 + a * m))
    score[place] = np.sign(values[place]) * _deviations(chance)


def _score_low(score: FloatArray, values: FloatArray, mean: FloatArray, spread: FloatArray) -> None:
    """Deviations below a mean."""
    from scipy.special import betainc

    with np.errstate(invalid="ignore"):
        limit = np.maximum(mean - _LOOK * np.sqrt(variance(mean, spread)), mean / 4)
        place = np.nonzero((values >= 0) & (values < limit) & (mean > 0))
    a, m = np.broadcast_to(spread, values.shape)[place], mean[place]
    chance = betainc(1 / a, values[place] + 1, 1 / (1 + a * m))
    score[place] = -_deviations(chance)


def _deviations(chance: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    return np.asarray(np.maximum(-ndtri(np.clip(chance, 1e-300, 1.0)), 0.0))


def flag(
    score: FloatArray,
    side: FloatArray,
    values: FloatArray,
    expected: FloatArray,
    easy: FloatArray,
    hidden: BoolArray,
    rhythm: Rhythm,
) -> BoolArray:
    """Which values (N, T) are too far from the usual, and from both sides of it, to be chance.

    `score` is against the usual, `side` against the nearer of the levels before and after; `easy`
    is how many times more a known event allows; `hidden` ones are never too low.
    """
    usual = np.nan_to_num(expected)
    size = np.abs(np.nan_to_num(values))
    above = np.nan_to_num(score)
    negative = np.nan_to_num(values) < 0
    beside = np.nan_to_num(side)
    high = (np.abs(above) >= HIGH) & (np.abs(beside) >= SIDE) & ((above > 0) | negative)
    high &= size >= TIMES * easy * usual
    high &= size - usual >= np.where(usual < ASLEEP, LEAST_ASLEEP, LEAST)
    low = (above <= -LOW) & (beside <= -SIDE) & ~negative & ~hidden
    low &= (size * TIMES * easy <= usual) & (usual - size >= LEAST)
    flagged = (high | low) & np.isfinite(score)
    flagged &= ~_in_long_runs(flagged, above)
    if rhythm.year:
        flagged &= ~recurs(flagged, above, rhythm, least=_RECUR_LEAST)
    return _farthest(flagged, above)


def _in_long_runs(flagged: BoolArray, score: FloatArray) -> BoolArray:
    """Flagged values of which more than `LONGEST` follow each other on one side: a shift."""
    long = np.zeros_like(flagged)
    for side in (flagged & (score > 0), flagged & (score < 0)):
        run = side.copy()
        window = LONGEST + 1
        if side.shape[1] < window:
            continue
        view = np.lib.stride_tricks.sliding_window_view(run, window, axis=1).all(axis=2)
        for shift in range(window):
            long[:, shift : shift + view.shape[1]] |= view
    return long


def recurs(flagged: BoolArray, score: FloatArray, rhythm: Rhythm, *, least: float) -> BoolArray:
    """Flagged values that lie out to the same side about a year earlier or later as well."""
    series, time = np.nonzero(flagged)
    again = np.zeros(len(series), dtype=bool)
    wanted = np.maximum(_RECUR * np.abs(score[series, time]), least)
    length = flagged.shape[1]
    for years in range(1, int(length / rhythm.year) + 1):
        for sign in (-1, 1):
            for shift in range(-rhythm.tolerance, rhythm.tolerance + 1):
                there = time + sign * round(years * rhythm.year) + shift
                inside = (there >= 0) & (there < length)
                other = score[series, np.clip(there, 0, length - 1)] * np.sign(score[series, time])
                again |= inside & (other >= wanted)
    result = np.zeros_like(flagged)
    result[series[again], time[again]] = True
    return result


def _farthest(flagged: BoolArray, score: FloatArray) -> BoolArray:
    """At most `MOST` of a series' values, and one at least: the farthest."""
    seen = np.isfinite(score).sum(axis=1)
    most = np.maximum((MOST * seen).astype(int), 1)
    for series in np.flatnonzero(flagged.sum(axis=1) > most):
        away = np.where(flagged[series], np.abs(score[series]), 0.0)
        limit = np.sort(away)[-most[series]]
        flagged[series] &= away >= limit
    return flagged
