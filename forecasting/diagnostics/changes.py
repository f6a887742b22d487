"""Values that do not fit, and moments after which a series is another one."""

from dataclasses import dataclass

import numpy as np

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.diagnostics.decomposition import Decomposition

FENCE = 3.0  # interquartile ranges beyond the quartiles
MOST_UNUSUAL = 0.02  # share of values; where more lie outside, they are the nature of the series
LONGEST = 3  # steps in a row
LEAST_CYCLES = 2.8  # of two, nobody can tell which one is wrong
_SHORT = 24  # steps per season, up to which a trend over four of them is a short one
_ZEROS = 0.4  # share of zeros from which single sales are no outliers
_PENALTY = 6.0  # times noise times log T, per change: level, slope and place, twice BIC


@dataclass(frozen=True, kw_only=True)
class ChangePoint:
    """A step, or a bend, between two straight stretches of a series without its seasons."""

    position: int  # the first step of the new stretch
    before: float  # end of the old line
    after: float  # start of the new line
    slope_before: float  # per step
    slope_after: float

    @property
    def jump(self) -> float:
        """After less before, in the units of the decomposition (logarithms where it has them)."""
        return self.after - self.before


def outliers(
    values: FloatArray, period: int, *, year: float = 0.0, explained: BoolArray | None = None
) -> BoolArray:
    """Where a value (T,) lies far outside what its neighbours and season suggest.

    Outside three interquartile ranges beyond the quartiles of the remainder of a robust STL (of
    LOWESS over 13 steps where fewer than three cycles were seen), as in `tsoutliers` of R. J.
    Hyndman's forecast package; at most the 2% farthest. Not flagged: gaps (NaN), `explained`
    steps, more than three in a row, and what happens again `year` steps later or earlier in the
    same direction.
    """
    observed = np.isfinite(values)
    none = np.zeros(len(values), dtype=bool)
    if observed.sum() < 15 or (values[observed] == 0).mean() > _ZEROS:
        return none
    away = _away(values, period)
    usual = away[observed if explained is None else observed & ~explained]
    if len(usual) < 8:
        return none
    low, high = np.quantile(usual, [0.25, 0.75])
    spread = float(high - low)
    if period > _SHORT:
        # A robust season of few cycles fits most values exactly: its remainder is too small.
        spread = max(
            spread, float(np.subtract(*np.quantile(_away(values, 1)[observed], [0.75, 0.25])))
        )
    if spread <= 1e-9 * max(1.0, float(np.nanmax(np.abs(values)))):
        return none  # a middle of equal values says nothing about the others
    excess = np.maximum(away - high, low - away) / spread
    found = observed & (excess > FENCE)
    found &= ~_in_long_runs(found)
    if year:
        found &= ~_recurs(found, np.sign(away), year, tolerance=3 if period > 1 else 1)
    if explained is not None:
        found &= ~explained
    most = max(int(MOST_UNUSUAL * observed.sum()), 1)
    if found.sum() > most:
        limit = np.sort(excess[found])[-most]
        found &= excess >= limit
    return found


def change_points(parts: Decomposition, *, shortest: int = 13, most: int = 8) -> list[ChangePoint]:
    """Where the series without its seasons turns into another straight line, in order of time.

    The best partition into stretches of at least `shortest` steps, each with a level and a slope of
    its own, under a penalty on their number (optimal partitioning: B. Jackson and others, "An
    algorithm for optimal partitioning of data on an interval", 2005; cf. PELT, R. Killick and
    others, 2012). The noise in the penalty is that of the remainder, widened by its correlation.
    More than `most` changes: the penalty grows until so many are left.
    """
    series = parts.adjusted
    if len(series) < 2 * shortest:
        return []
    cost = _Lines(series)
    noise = _long_run_variance(parts.remainder[parts.observed])
    scale = float(np.abs(series).max())
    if noise <= 1e-16 * max(scale * scale, 1e-300):
        noise = 1e-8 * max(scale * scale, 1e-300)  # exact data: only what the eye sees as well
    penalty = _PENALTY * noise * np.log(len(series))
    starts = _partition(cost, penalty, shortest)
    while len(starts) > most:
        penalty *= 1.6
        starts = _partition(cost, penalty, shortest)
    return [_describe(series, starts, i) for i in range(len(starts))]


def _away(values: FloatArray, period: int) -> FloatArray:
    from statsmodels.nonparametric.smoothers_lowess import lowess
    from statsmodels.tsa.seasonal import STL

    steps = np.arange(len(values), dtype=np.float64)
    seen = np.isfinite(values)
    filled = np.interp(steps, steps[seen], values[seen])
    if period > 1 and len(values) >= LEAST_CYCLES * period:
        # A wide trend, because a narrow one follows the very values that are looked for.
        wide = {"trend": 4 * period + 1, "seasonal": 21} if period <= _SHORT else {"seasonal": 31}
        found = STL(filled, period=period, seasonal_deg=0, robust=True, **wide).fit()
        return values - found.trend - found.seasonal
    smooth = lowess(filled, steps, frac=min(1.0, 13 / len(values)), it=3, return_sorted=False)
    return values - smooth


def _in_long_runs(found: BoolArray) -> BoolArray:
    """Flagged steps of which more than `LONGEST` follow each other: a shift, no outlier."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], found.view(np.int8), [0]])))
    long = np.zeros(len(found), dtype=bool)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        long[start:end] = end - start > LONGEST
    return long


def _recurs(found: BoolArray, sign: FloatArray, year: float, *, tolerance: int) -> BoolArray:
    """Flagged steps that have a flagged one of the same sign about a year away."""
    places = np.flatnonzero(found)
    again = np.zeros(len(found), dtype=bool)
    for place in places:
        apart = np.abs(places - place)
        cycles = np.round(apart / year)
        near = (cycles >= 1) & (np.abs(apart - cycles * year) <= tolerance)
        again[place] = bool((near & (sign[places] == sign[place])).any())
    return again


class _Lines:
    """Squared errors around the best line of any stretch, from running sums."""

    def __init__(self, series: FloatArray) -> None:
        centred = series - series.mean()  # sums of squares of large numbers lose their digits
        steps = np.arange(len(series), dtype=np.float64)
        columns = (np.ones(len(series)), steps, steps**2, centred, centred**2, steps * centred)
        self.sums = [np.concatenate([[0.0], np.cumsum(column)]) for column in columns]

    def __call__(self, starts: IntArray, end: int) -> FloatArray:
        """Costs of the stretches [start, end) for all starts at once."""
        n, t, tt, y, yy, ty = (each[end] - each[starts] for each in self.sums)
        spread = np.maximum(tt - t * t / n, 1e-9)
        shared = ty - t * y / n
        return np.asarray(np.maximum(yy - y * y / n - shared * shared / spread, 0.0))


def _partition(cost: _Lines, penalty: float, shortest: int) -> list[int]:
    """First steps of all stretches but the first."""
    length = len(cost.sums[0]) - 1
    best = np.full(length + 1, np.inf)
    best[0] = -penalty
    last = np.zeros(length + 1, dtype=int)
    for end in range(shortest, length + 1):
        starts = np.arange(0, end - shortest + 1)
        totals = best[starts] + cost(starts, end) + penalty
        last[end] = int(np.argmin(totals))
        best[end] = totals[last[end]]
    found: list[int] = []
    place = last[length]
    while place:
        found.append(int(place))
        place = last[place]
    return found[::-1]


def _describe(series: FloatArray, starts: list[int], number: int) -> ChangePoint:
    edges = [0, *starts, len(series)]
    first, at, end = edges[number : number + 3]
    old, new = (np.polyfit(np.arange(a, b), series[a:b], 1) for a, b in ((first, at), (at, end)))
    return ChangePoint(
        position=at,
        before=float(np.polyval(old, at)),
        after=float(np.polyval(new, at)),
        slope_before=float(old[0]),
        slope_after=float(new[0]),
    )


def _long_run_variance(remainder: FloatArray) -> float:
    """Variance of the noise, by its median deviation, widened by the correlation of neighbours."""
    if len(remainder) < 3:
        return 0.0
    away = remainder - np.median(remainder)
    spread = 1.4826 * float(np.median(np.abs(away)))
    spread = spread or float(np.std(away))
    bounded = np.clip(away, -3 * spread, 3 * spread)
    total = float((bounded**2).sum())
    near = float((bounded[1:] * bounded[:-1]).sum() / total) if total else 0.0
    near = float(np.clip(near, 0.0, 0.8))
    return spread * spread * (1 + near) / (1 - near)
