"""What a series usually sells: its level around each period, its season, promotions, variance.

Learned from values cut at four deviations, again and again until they hold. Shapes: N series,
T periods, P phases of the season.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.arrays import BoolArray, FloatArray, IntArray

FEWEST = 6  # values on a side of which a level is learned
PRIOR = 30.0  # values that the variance of all series together counts for
_CUT = 4.0  # deviations at which values are cut while level and variance are learned
_ROUNDS = 4
_FEW_CYCLES = 10  # below which a season is made of middles
_PRIOR_PHASE = 25.0  # units that the season of all series together counts for, per phase


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How the periods of all series follow each other."""

    phase: IntArray  # (T,) place in the season, from 0; all 0: none
    reach: int  # periods on each side that make the level
    year: float = 0.0  # periods after which a festival comes again; 0: not looked at
    tolerance: int = 0  # periods by which it may move


@dataclass(frozen=True, kw_only=True, eq=False)
class Usual:
    """What every series usually sells."""

    highest: FloatArray  # (N, T) of the side that sold more, times the factors
    lowest: FloatArray  # of the side that sold less, times the factors
    expected: FloatArray
    spread: FloatArray  # (N, 1) the a of m + a m²
    season: FloatArray


def learn_usual(
    given: FloatArray, learn: BoolArray, seen: BoolArray, promo: BoolArray, rhythm: Rhythm
) -> Usual:
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
        limit = expected + _CUT * np.sqrt(variance(expected, spread)) + 1.0
        cut = np.minimum(given, np.where(np.isfinite(limit), limit, cut))
    factor = season[:, rhythm.phase] * np.where(promo, lift, 1.0)
    before, after, both = _sides(cut, factor, learn, rhythm.reach)
    missing = ~np.isfinite(both).all(axis=1) | ~np.isfinite(before + after).all(axis=1)
    others = _sides(cut[missing], factor[missing], seen[missing], rhythm.reach)
    for own, other in zip((before, after, both), others, strict=True):
        own[missing] = np.where(np.isfinite(own[missing]), own[missing], other)
    return Usual(
        highest=np.fmax(np.fmax(before, after), both) * factor,
        lowest=np.fmin(np.fmin(before, after), both) * factor,
        expected=both * factor,
        spread=spread,
        season=season,
    )


def variance(mean: FloatArray, spread: FloatArray) -> FloatArray:
    """That of sold units: the negative binomial's m + a m², a being the `spread`."""
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
    than `FEWEST` values.
    """
    first, _, last = _edges(cut.shape[1], reach)
    sold, weight, count = cut * learn, factor * learn, learn.astype(np.float64)
    sums, weights, counts = (
        _between(_running(part), first, last) - part for part in (sold, weight, count)
    )
    return _ratio(sums, weights, counts >= FEWEST)


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
    before = _ratio(s_before, w_before, n_before >= FEWEST)
    after = _ratio(s_after, w_after, n_after >= FEWEST)
    both = _ratio(s_before + s_after, w_before + w_after, n_before + n_after >= FEWEST)
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
    return np.asarray(np.maximum((sold + PRIOR * pooled) / (base + PRIOR), 1.0))


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
    return np.asarray(np.maximum((count * own + PRIOR * pooled) / (count + PRIOR), 0.002))
