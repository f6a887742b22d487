"""Periods that do not fit, in many series at once: numpy over (series, periods).

A value is judged against what its own series usually sells then: the level of the weeks before and
of those after it, times the factor of its phase (the weekday), times that of a promotion. How far
values usually lie from that is measured by series, as a variance that grows with the mean the way
that of sold units does: m + a m², the negative binomial's (J. M. Hilbe, "Negative Binomial
Regression", 2011), from which come the chances; they are written as normal deviations. Level and
variance are learned from values cut at four deviations, again and again until they hold (Winsorised
estimates: P. J. Huber, "Robust Statistics", 1981), so that an outlier hides neither itself nor its
neighbours. A value has to be unusual for the periods before and for those after it, or a new level
would be a row of outliers; on a day on which all series together sell more or less, the day is the
finding and the series are judged beside it; and two years are compared before a peak is strange.

Shapes: N series, T periods, P phases of the season.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.arrays import BoolArray, FloatArray
from forecasting.diagnostics.unusual_levels import FEWEST, Rhythm, learn_usual, variance
from forecasting.diagnostics.unusual_scores import flag, recurs, scored

BAND = 0.95  # share of usual periods inside the band that is shown
SLACK = 2.0  # times the day of all series, that an event or a promotion may do to one of them
SLACK_ALONE = 5.0  # times the usual, where there are too few series to see what a day does
COMPANY = 20  # series from which a day of all series is known
WHOLE_DAY = 2.0  # times the usual, or its inverse, from which a day is a finding of its own
WHOLE_FAR = 4.0  # deviations of all days, by their middle; some shops have no usual day
_LEAST_OF_DAY = 30.0  # units of all series, below which a day says nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Unusual:
    """Every value of (N, T) judged; NaN where there is no value, or nothing to judge it by."""

    expected: FloatArray  # units of a usual period like this one
    variance: FloatArray  # of single periods around it
    score: FloatArray  # normal deviations outside, with a sign; 0 where plainly usual
    flagged: BoolArray
    season: FloatArray  # (N, P) factors of the phases, mean 1
    day: FloatArray  # (T,) all series together against their usual; 1 where too few to tell

    def band(self, share: float = BAND) -> tuple[FloatArray, FloatArray]:
        """Low and high end (N, T), between which this share of usual periods lies."""
        return usual_band(self.expected, self.variance, share=share)


def usual_band(
    expected: FloatArray, variance: FloatArray, *, share: float = BAND
) -> tuple[FloatArray, FloatArray]:
    """Both ends of the middle `share` of a gamma distribution with this mean and variance.

    >>> low, high = usual_band(np.array([50.0]), np.array([50.0]))
    >>> round(float(low[0])), round(float(high[0]))
    (37, 65)
    """
    from scipy.special import gammaincinv

    safe = np.where(expected > 0, expected, 1.0)
    spread = np.where(variance > 0, variance, 1.0)
    shape, scale = safe * safe / spread, spread / safe
    outside = (1 - share) / 2
    ends = [scale * gammaincinv(shape, chance) for chance in (outside, 1 - outside)]
    low, high = (np.where(expected > 0, end, expected * 0.0) for end in ends)
    return low, high


def judge(
    values: FloatArray,
    rhythm: Rhythm,
    *,
    promoted: BoolArray | None = None,
    explained: BoolArray | None = None,
    hidden: BoolArray | None = None,
) -> Unusual:
    """Which values (N, T) of units sold no usual period would show; NaN is not known.

    `promoted` (N, T) periods have a level of their own. On them and on `explained` ones, (T,) or
    (N, T), a series may do `SLACK` times more than all of them did. Of `hidden` ones, such as
    those without stock, nothing is learned and none is flagged for being low.
    """
    shape = values.shape
    observed = np.isfinite(values)
    promo = np.zeros(shape, dtype=bool) if promoted is None else promoted
    told = np.zeros(shape, dtype=bool)
    if explained is not None:
        told |= explained
    out = np.zeros(shape, dtype=bool) if hidden is None else hidden
    given = np.where(observed, np.maximum(values, 0.0), 0.0)
    learn = observed & ~told & ~out
    learn = np.where(learn.sum(axis=1, keepdims=True) >= 2 * FEWEST, learn, observed & ~out)
    fit = learn_usual(given, learn, observed & ~out, promo, rhythm)
    day = _day(given, fit.expected, observed & ~out)
    slack = SLACK if len(values) >= COMPANY else SLACK_ALONE
    easy = np.where(told | promo, slack, 1.0)
    more, less = np.maximum(day, 1.0) * easy, np.minimum(day, 1.0) / easy
    known = observed & np.isfinite(fit.expected)
    score, side = (
        scored(values, known, high * more, low * less, fit.spread)
        for high, low in ((fit.expected, fit.expected), (fit.highest, fit.lowest))
    )
    flagged = flag(score, side, values, fit.expected, easy, out, rhythm)
    return Unusual(
        expected=fit.expected,
        variance=variance(fit.expected, fit.spread),
        score=score,
        flagged=flagged,
        season=fit.season,
        day=day,
    )


def whole_days(judged: Unusual, rhythm: Rhythm, *, explained: BoolArray | None = None) -> BoolArray:
    """(T,) periods in which all series together sold plainly more or less than usual, where no
    known event says why and the same did not happen a year before or after."""
    away = np.log(np.maximum(judged.day, 1e-3))
    spread = 1.4826 * float(np.median(np.abs(away - np.median(away)))) if len(away) else 0.0
    strange = np.abs(away) >= max(np.log(WHOLE_DAY), WHOLE_FAR * spread)
    if rhythm.year:
        strange &= ~recurs(strange[None], away[None], rhythm, least=np.log(WHOLE_DAY))[0]
    return strange if explained is None else strange & ~explained


def repeats(
    values: FloatArray, *, least: int, above: float = 4.0, chance: float = 1e-6
) -> list[tuple[int, int, int]]:
    """(series, first, end) of runs of one value in a row, at least `least` periods long.

    Only values over `above` units, and runs that neighbours equal as often as in the rest of
    the series would hardly make (under `chance` per series): such numbers were filled in, not sold.
    A series that is one value for more than half of its time is that way.
    """
    same = (values[:, 1:] == values[:, :-1]) & (values[:, 1:] > above)
    pairs = (np.isfinite(values[:, 1:]) & np.isfinite(values[:, :-1])).sum(axis=1)
    found: list[tuple[int, int, int]] = []
    for series in np.flatnonzero(same.sum(axis=1) >= least - 1):
        row = same[series]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.view(np.int8), [0]])))
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            length = end - first
            rest = pairs[series] - length
            usual = (row.sum() - length + 1) / (rest + 2)
            if least - 1 <= length <= rest and rest * usual**length < chance:
                found.append((int(series), int(first), int(end) + 1))
    return found


def _day(given: FloatArray, expected: FloatArray, seen: BoolArray) -> FloatArray:
    """(T,) what all series sold against what they usually do; no one of them counts for much."""
    use = seen & np.isfinite(expected)
    usual = np.where(use, np.nan_to_num(expected), 0.0)
    sold = np.where(use, np.minimum(given, 10 * usual + 5), 0.0).sum(axis=0)
    total = usual.sum(axis=0)
    known = (use.sum(axis=0) >= COMPANY) & (total >= _LEAST_OF_DAY)
    return np.where(known, sold / np.where(known, total, 1.0), 1.0)
