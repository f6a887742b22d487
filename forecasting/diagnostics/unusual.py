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

from forecasting.arrays import BoolArray, FloatArray, IntArray

HIGH = 4.0  # normal deviations from which a value is too high to be usual
LOW = 3.7  # and too low: sales end at zero, so that a fall has less room
SIDE = 2.5  # the same against the nearer of the levels before and after: less than that is a shift
TIMES = 2.0  # at least so many times the usual, or its inverse; nearer is no matter of a mistake
LEAST = 3.0  # units above the usual; fewer are no matter of anything
ASLEEP, LEAST_ASLEEP = 0.1, 20.0  # of a series that sells less, so many units above the usual
MOST = 0.02  # share of a series' values; where more lie outside, they are its nature
LONGEST = 3  # periods in a row; more are a shift of the level
BAND = 0.95  # share of usual periods inside the band that is shown
SLACK = 2.0  # times the day of all series, that an event or a promotion may do to one of them
SLACK_ALONE = 5.0  # times the usual, where there are too few series to see what a day does
COMPANY = 20  # series from which a day of all series is known
WHOLE_DAY = 2.0  # times the usual, or its inverse, from which a day is a finding of its own
WHOLE_FAR = 4.0  # deviations of all days, by their middle; some shops have no usual day
_CUT = 4.0  # deviations at which values are cut while level and variance are learned
_ROUNDS = 4
_FEWEST = 6  # values on a side of which a level is learned
_LEAST_OF_DAY = 30.0  # units of all series, below which a day says nothing
_PRIOR = 30.0  # values that the variance of all series together counts for
_FEW_CYCLES = 10  # below which a season is made of middles
_PRIOR_PHASE = 25.0  # units that the season of all series together counts for, per phase
_RECUR = 0.5  # of its deviations: what lies so far out a year away as well is a season
_RECUR_LEAST = 3.0  # deviations; less than that comes by chance somewhere near
_LOOK = 2.0  # deviations from which chances are computed at all


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How the periods of all series follow each other."""

    phase: IntArray  # (T,) place in the season, from 0; all 0: none
    reach: int  # periods on each side that make the level
    year: float = 0.0  # periods after which a festival comes again; 0: not looked at
    tolerance: int = 0  # periods by which it may move


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
    learn = np.where(learn.sum(axis=1, keepdims=True) >= 2 * _FEWEST, learn, observed & ~out)
    fit = _learn(given, learn, observed & ~out, promo, rhythm)
    day = _day(given, fit.expected, observed & ~out)
    slack = SLACK if len(values) >= COMPANY else SLACK_ALONE
    easy = np.where(told | promo, slack, 1.0)
    more, less = np.maximum(day, 1.0) * easy, np.minimum(day, 1.0) / easy
    known = observed & np.isfinite(fit.expected)
    score, side = (
        _scored(values, known, high * more, low * less, fit.spread)
        for high, low in ((fit.expected, fit.expected), (fit.highest, fit.lowest))
    )
    flagged = _flag(score, side, values, fit.expected, easy, out, rhythm)
    return Unusual(
        expected=fit.expected,
        variance=_variance(fit.expected, fit.spread),
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
        strange &= ~_recurs(strange[None], away[None], rhythm, least=np.log(WHOLE_DAY))[0]
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fit:
    highest: FloatArray  # (N, T) of the side that sold more, times the factors
    lowest: FloatArray  # of the side that sold less, times the factors
    expected: FloatArray
    spread: FloatArray  # (N, 1) the a of m + a m²
    season: FloatArray


def _learn(
    given: FloatArray, learn: BoolArray, seen: BoolArray, promo: BoolArray, rhythm: Rhythm
) -> _Fit:
    """Level, season, effect of promotions and variance, from values cut where they run away.

    Levels are those of the periods to `learn` from, or of all `seen` where those are too few.
    """
    count = len(given)
    phases = int(rhythm.phase.max()) + 1 if len(rhythm.phase) else 1
    season = np.ones((count, phases))
    lift = np.ones((count, 1))
    spread = np.full((count, 1), 0.25)
    cut = np.minimum(given, _first_limit(given, learn))
    some = learn.any(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        lifted = np.where(promo, lift, 1.0)
        factor = season[:, rhythm.phase] * lifted
        level = _around(cut, factor, np.where(some, learn, seen), rhythm.reach)
        expected = level * factor
        season = _season(cut, level * lifted, learn, rhythm.phase, phases)
        lift = _lift(cut, level * season[:, rhythm.phase], learn & promo)
        spread = _spread(cut, expected, learn)
        limit = expected + _CUT * np.sqrt(_variance(expected, spread)) + 1.0
        cut = np.minimum(given, np.where(np.isfinite(limit), limit, cut))
    factor = season[:, rhythm.phase] * np.where(promo, lift, 1.0)
    before, after, both = _sides(cut, factor, learn, rhythm.reach)
    missing = ~np.isfinite(both).all(axis=1) | ~np.isfinite(before + after).all(axis=1)
    others = _sides(cut[missing], factor[missing], seen[missing], rhythm.reach)
    for own, other in zip((before, after, both), others, strict=True):
        own[missing] = np.where(np.isfinite(own[missing]), own[missing], other)
    return _Fit(
        highest=np.fmax(np.fmax(before, after), both) * factor,
        lowest=np.fmin(np.fmin(before, after), both) * factor,
        expected=both * factor,
        spread=spread,
        season=season,
    )


def _variance(mean: FloatArray, spread: FloatArray) -> FloatArray:
    return np.asarray(mean + spread * mean * mean)


def _first_limit(given: FloatArray, learn: BoolArray) -> FloatArray:
    """(N, 1) ten times the upper quartile of what sold at all: no start for a level is higher."""
    sold = np.where(learn & (given > 0), given, np.nan)
    some = np.isfinite(sold).any(axis=1)
    limit = np.full((len(given), 1), np.inf)
    if some.any():
        limit[some, 0] = 10 * np.nanquantile(sold[some], 0.75, axis=1) + 5
    return limit


def _around(cut: FloatArray, factor: FloatArray, learn: BoolArray, reach: int) -> FloatArray:
    """Mean level of the `reach` periods on each side, without the period itself.

    A sum over a sum of factors, so that a weekday that hardly sells weighs little. NaN with fewer
    than `_FEWEST` values.
    """
    first, _, last = _edges(cut.shape[1], reach)
    sold, weight, count = cut * learn, factor * learn, learn.astype(np.float64)
    sums, weights, counts = (
        _between(_running(part), first, last) - part for part in (sold, weight, count)
    )
    return _ratio(sums, weights, counts >= _FEWEST)


def _sides(
    cut: FloatArray, factor: FloatArray, learn: BoolArray, reach: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """As `_around`, for the periods before each, for those after it, and for both together."""
    first, here, last = _edges(cut.shape[1], reach)
    sums, weights, counts = (
        _running(part) for part in (cut * learn, factor * learn, learn.astype(np.float64))
    )
    n_before, n_after = _between(counts, first, here), _between(counts, here + 1, last)
    s_before, s_after = _between(sums, first, here), _between(sums, here + 1, last)
    w_before, w_after = _between(weights, first, here), _between(weights, here + 1, last)
    before = _ratio(s_before, w_before, n_before >= _FEWEST)
    after = _ratio(s_after, w_after, n_after >= _FEWEST)
    both = _ratio(s_before + s_after, w_before + w_after, n_before + n_after >= _FEWEST)
    return before, after, both


def _edges(length: int, reach: int) -> tuple[IntArray, IntArray, IntArray]:
    here = np.arange(length)
    return np.maximum(here - reach, 0), here, np.minimum(here + 1 + reach, length)


def _between(total: FloatArray, low: IntArray, high: IntArray) -> FloatArray:
    """Sums over [low, high) of every row, from its running sums."""
    return np.asarray(np.take(total, high, axis=1) - np.take(total, low, axis=1))


def _running(part: FloatArray) -> FloatArray:
    total = np.zeros((part.shape[0], part.shape[1] + 1))
    np.cumsum(part, axis=1, out=total[:, 1:])
    return total


def _ratio(top: FloatArray, bottom: FloatArray, enough: BoolArray) -> FloatArray:
    fine = enough & (bottom > 1e-9)
    return np.where(fine, np.maximum(top, 0.0) / np.where(fine, bottom, 1.0), np.nan)


def _season(
    cut: FloatArray, level: FloatArray, learn: BoolArray, phase: IntArray, phases: int
) -> FloatArray:
    """(N, P) sold over level by phase, drawn to that of all series by what little was sold."""
    if phases == 1:
        return np.ones((len(cut), 1))
    if len(phase) < _FEW_CYCLES * phases:
        return _median_season(cut, level, learn, phase, phases)
    hot = np.zeros((len(phase), phases))
    hot[np.arange(len(phase)), phase] = 1.0
    use = learn & np.isfinite(level)
    sold = np.where(use, cut, 0.0) @ hot
    usual = np.where(use, np.nan_to_num(level), 0.0) @ hot
    pooled = sold.sum(axis=0) / np.maximum(usual.sum(axis=0), 1e-9)
    factors = (sold + _PRIOR_PHASE * pooled) / (usual + _PRIOR_PHASE)
    return np.asarray(factors / np.maximum(factors.mean(axis=1, keepdims=True), 1e-9))


def _median_season(
    cut: FloatArray, level: FloatArray, learn: BoolArray, phase: IntArray, phases: int
) -> FloatArray:
    """(N, P) middle of sold over level by phase: of few cycles, one value would be a season."""
    factors = np.ones((len(cut), phases))
    use = learn & (np.nan_to_num(level) > 0)
    ratio = np.where(use, cut / np.where(use, level, 1.0), np.nan)
    for number in range(phases):
        some = np.isfinite(ratio[:, phase == number]).any(axis=1)
        factors[some, number] = np.nanmedian(ratio[some][:, phase == number], axis=1)
    return np.asarray(factors / np.maximum(factors.mean(axis=1, keepdims=True), 1e-9))


def _lift(cut: FloatArray, usual: FloatArray, promoted: BoolArray) -> FloatArray:
    """(N, 1) what a promotion sells over the usual, drawn to that of all series; at least 1."""
    use = promoted & np.isfinite(usual)
    sold = np.where(use, cut, 0.0).sum(axis=1, keepdims=True)
    base = np.where(use, np.nan_to_num(usual), 0.0).sum(axis=1, keepdims=True)
    pooled = sold.sum() / base.sum() if base.sum() > 0 else 1.0
    return np.asarray(np.maximum((sold + _PRIOR * pooled) / (base + _PRIOR), 1.0))


def _spread(cut: FloatArray, expected: FloatArray, learn: BoolArray) -> FloatArray:
    """(N, 1) the a of m + a m² by moments, drawn to that of all series by few values."""
    use = learn & (np.nan_to_num(expected) > 0)
    mean = np.where(use, np.nan_to_num(expected), 0.0)
    excess = np.where(use, (cut - mean) ** 2 - mean, 0.0).sum(axis=1, keepdims=True)
    square = (mean**2).sum(axis=1, keepdims=True)
    own = np.maximum(excess, 0.0) / np.maximum(square, 1e-9)
    seen = square > 1e-9
    pooled = float(np.median(own[seen])) if seen.any() else 0.25
    count = use.sum(axis=1, keepdims=True)
    return np.asarray(np.maximum((count * own + _PRIOR * pooled) / (count + _PRIOR), 0.002))


def _day(given: FloatArray, expected: FloatArray, seen: BoolArray) -> FloatArray:
    """(T,) what all series sold against what they usually do; no one of them counts for much."""
    use = seen & np.isfinite(expected)
    usual = np.where(use, np.nan_to_num(expected), 0.0)
    sold = np.where(use, np.minimum(given, 10 * usual + 5), 0.0).sum(axis=0)
    total = usual.sum(axis=0)
    known = (use.sum(axis=0) >= COMPANY) & (total >= _LEAST_OF_DAY)
    return np.where(known, sold / np.where(known, total, 1.0), 1.0)


def _scored(
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
        place = np.nonzero(size > mean + _LOOK * np.sqrt(_variance(mean, spread)))
    a, m = np.broadcast_to(spread, values.shape)[place], mean[place]
    chance = betainc(np.maximum(size[place], 1e-3), 1 / a, a * m / (1 + a * m))
    score[place] = np.sign(values[place]) * _deviations(chance)


def _score_low(score: FloatArray, values: FloatArray, mean: FloatArray, spread: FloatArray) -> None:
    """Deviations below a mean."""
    from scipy.special import betainc

    with np.errstate(invalid="ignore"):
        limit = np.maximum(mean - _LOOK * np.sqrt(_variance(mean, spread)), mean / 4)
        place = np.nonzero((values >= 0) & (values < limit) & (mean > 0))
    a, m = np.broadcast_to(spread, values.shape)[place], mean[place]
    chance = betainc(1 / a, values[place] + 1, 1 / (1 + a * m))
    score[place] = -_deviations(chance)


def _deviations(chance: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    return np.asarray(np.maximum(-ndtri(np.clip(chance, 1e-300, 1.0)), 0.0))


def _flag(
    score: FloatArray,
    side: FloatArray,
    values: FloatArray,
    expected: FloatArray,
    easy: FloatArray,
    hidden: BoolArray,
    rhythm: Rhythm,
) -> BoolArray:
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
        flagged &= ~_recurs(flagged, above, rhythm, least=_RECUR_LEAST)
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


def _recurs(flagged: BoolArray, score: FloatArray, rhythm: Rhythm, *, least: float) -> BoolArray:
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
