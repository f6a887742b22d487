"""What something did to sales: a promotion, a change of price or an event, against what would have
been without it.

What would have been is built from products or places that it did not touch: a weighted mean of
their sales, each over its own usual, with weights learnt before (synthetic control: Abadie, Diamond
and Hainmueller, 2010; weights by ridge regression, drawn to the plain mean of the controls:
Ben-Michael, Feller and Rothstein, The augmented synthetic control method, 2021).

How sure it is comes from placebos, not from a formula. In time: the same is done for earlier spans
without anything, each forecast from what lies before it; their errors give the band and a p
value (as Chernozhukov, Wuthrich and Zhu, 2021, judge by what the errors were before). In space: the
same is done for every control, as if it had been touched; the p value is the rank of the effect.

Shapes: T periods, J controls, L periods of the span, M placebo spans.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray, IntArray
from forecasting.errors import PanelError
from forecasting.validation import first_of

MOST_CONTROLS = 40  # the largest
LEAST_BEFORE = 3  # spans before the span, to learn from and to try it on
LEAST_PERIODS = 12
LEAST_CONTROLS = 2
_LEARN = 0.4  # of the time before, that the first placebo in time learns from
_MOST_SPANS = 24
_RIDGES = np.geomspace(1e-2, 1e4, 13)


@dataclass(frozen=True, kw_only=True, eq=False)
class Effect:
    """What was found. Amounts are in units of the sales given; bands are of `level`."""

    periods: pd.DataFrame  # timestamp, actual, without, low, high, inside (the span)
    total: float  # actual less without, over the span
    low: float
    high: float
    without: float  # what would have been, over the span
    level: float
    p_time: float  # chance of a placebo in time as large
    p_space: float  # the same of a placebo in space; NaN with fewer than 9 controls
    placebos_time: FloatArray  # (M,) effects of earlier spans, as shares of what was to be expected
    score: float  # the effect in times its usual error before, as Abadie and others rank it
    placebos_space: pd.Series  # the same of each control, as if it had been touched, by its name
    weights: pd.Series  # of the controls; what one sells over its usual, in the counterfactual
    notes: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The effect as a share of what would have been."""
        return self.total / self.without if self.without > 0 else float("nan")

    @property
    def verdict(self) -> str:
        """'more', 'less', or 'unclear' where chance alone may have done it."""
        worst = max(self.p_time, self.p_space if np.isfinite(self.p_space) else 0.0)
        if worst > 1 - self.level + 1e-9 or self.low <= 0 <= self.high:
            return "unclear"
        return "more" if self.total > 0 else "less"


def effect_of(
    sales: pd.DataFrame,
    touched: object,
    *,
    first: pd.Timestamp,
    last: pd.Timestamp,
    level: float = 0.9,
    settle: int = 0,
) -> Effect:
    """The effect on one column of a frame of sales, in the span from `first` to `last` inclusive.

    `sales` has a row per period (a DatetimeIndex in order) and a column per product or place; all
    but `touched` are controls, which must not have been touched in the span. `settle` periods
    before and after the span are left out of what is learnt from (people wait for a promotion).
    Controls with gaps or without sales are left out. Raises `PanelError` where the time before is
    too short or controls are missing.
    """
    if touched not in sales.columns:
        raise PanelError(f"There is no column {touched!r} in the sales.")
    times = pd.DatetimeIndex(sales.index)
    span = np.flatnonzero((times >= first) & (times <= last))
    if not len(span):
        raise PanelError(f"The sales have no period from {first:%Y-%m-%d} to {last:%Y-%m-%d}.")
    before = np.arange(max(int(span[0]) - settle, 0))
    y = sales[touched].to_numpy(np.float64)
    controls = _usable(sales.drop(columns=[touched]), before, span)
    x = controls.to_numpy(np.float64)
    _check(y, before, span, x.shape[1])
    made, weights, freedom = _without(y, x, before)
    steps, learnt = _placebos(y, x, before, len(span), settle)
    errors = steps.mean(axis=1)
    wider = _wider((y - made)[before] / y[before].mean(), len(span), learnt, freedom)
    without = float(made[span].sum())
    total, usual = float(y[span].sum() - without), float(y[before].mean()) * len(span)
    reach, p_time = _judged(total / usual, errors, level, wider)
    spread = wider * np.sqrt(np.mean(steps**2)) * y[before].mean()
    step_reach = _quantile_t(level, len(errors)) * spread
    spaced = _in_space(controls, before, span)
    score = _score(y, made, before, span)
    notes = []
    if len(controls.columns) < 9:
        notes.append(
            f"{len(controls.columns)} controls are too few to compare with, so the judgement is by "
            "earlier times alone."
        )
    if np.corrcoef(made[before], y[before])[0, 1] < 0.3:
        notes.append("The controls do not move as it does; the band is wide for that reason.")
    whole = np.arange(len(times))
    return Effect(
        periods=pd.DataFrame(
            {
                "timestamp": times,
                "actual": y,
                "without": made,
                "low": np.maximum(made - step_reach, 0.0),
                "high": made + step_reach,
                "inside": np.isin(whole, span),
            }
        ),
        total=total,
        low=total - reach * usual,
        high=total + reach * usual,
        without=without,
        level=level,
        p_time=p_time,
        p_space=_rank(score, spaced),
        placebos_time=errors,
        score=score,
        placebos_space=pd.Series(spaced, index=controls.columns, dtype=float),
        weights=pd.Series(weights, index=controls.columns),
        notes=tuple(notes),
    )


def _usable(controls: pd.DataFrame, before: IntArray, span: IntArray) -> pd.DataFrame:
    """The largest controls without gaps that sold before."""
    needed = controls.take(np.r_[before, span])
    sold = controls.iloc[before].sum()
    whole = needed.notna().all() & (controls.iloc[before] > 0).mean().ge(0.5)
    return controls[sold[whole].nlargest(MOST_CONTROLS).index]


def _check(y: FloatArray, before: IntArray, span: IntArray, controls: int) -> None:
    needed = max(LEAST_PERIODS, LEAST_BEFORE * len(span))
    if len(before) < needed:
        raise PanelError(
            f"There are {len(before)} periods before it; {needed} are needed to learn from and to "
            "try the method on. Choose a shorter or a later span."
        )
    bad = np.flatnonzero(~np.isfinite(y[np.r_[before, span]]))
    if len(bad):
        raise PanelError(
            f"Its own sales are not known in periods {first_of(bad.tolist())} of those compared."
        )
    if not y[before].sum() > 0:
        raise PanelError("It sold nothing before, so there is no usual to compare with.")
    if controls < LEAST_CONTROLS:
        raise PanelError(
            f"There are {controls} untouched products or places with sales in all of that time; "
            f"{LEAST_CONTROLS} are needed."
        )


def _without(y: FloatArray, x: FloatArray, learn: IntArray) -> tuple[FloatArray, FloatArray, float]:
    """What would have been (T,), learnt in the periods `learn`; the weights (J,), and how many of

    them are free.
    """
    usual, own = x[learn].mean(axis=0), float(y[learn].mean())
    moves = x / np.where(usual > 0, usual, 1.0) - 1.0  # (T, J)
    target = y[learn] / own - 1.0
    spread = _spread(x[learn] / np.where(usual > 0, usual, 1.0))
    start = 1 / spread**2 / np.sum(1 / spread**2)
    scaled = moves / spread  # noisy controls count less
    drawn, freedom = _ridge(scaled[learn], target - moves[learn] @ start)
    weights = start + drawn / spread
    return own * (1.0 + moves @ weights), weights, freedom


def _spread(relative: FloatArray) -> FloatArray:
    """How much each control (J,) moves from one period to the next, over its usual."""
    steps = np.diff(relative, axis=0)
    return np.asarray(np.sqrt((steps**2).mean(axis=0)) + 1e-6)


def _ridge(x: FloatArray, y: FloatArray) -> tuple[FloatArray, float]:
    """Ridge weights (J,), with the penalty of the least error when each period is left out, and

    their effective number.
    """
    left, values, right = np.linalg.svd(x, full_matrices=False)
    projected = left.T @ y
    best, kept, freedom = np.inf, np.zeros(x.shape[1]), 0.0
    for penalty in _RIDGES * max(float(values[0]) ** 2 / len(y), 1e-12):
        shrink = values**2 / (values**2 + penalty)
        fitted = left @ (shrink * projected)
        leverage = (left**2 * shrink).sum(axis=1)
        error = float(np.mean(((y - fitted) / np.maximum(1 - leverage, 1e-3)) ** 2))
        if error < best:
            best, freedom = error, float(shrink.sum())
            kept = right.T @ (values / (values**2 + penalty) * projected)
    return kept, freedom


def _spans(before: IntArray, length: int, settle: int) -> list[tuple[IntArray, IntArray]]:
    """Earlier spans of the same length with what lies before each; together they do not overlap."""
    found, end = [], len(before)
    while end - length - settle >= max(_LEARN * len(before), LEAST_PERIODS / 2):
        found.append((before[: end - length - settle], before[end - length : end]))
        end -= length
    return found[:_MOST_SPANS]


def _placebos(
    y: FloatArray, x: FloatArray, before: IntArray, length: int, settle: int
) -> tuple[FloatArray, FloatArray]:
    """Errors (M, L) of earlier spans, over the usual period, and the periods (M,) learnt from."""
    errors, learnt = [], []
    for learn, span in _spans(before, length, settle):
        made, _, _ = _without(y, x, learn)
        errors.append((y[span] - made[span]) / y[before].mean())
        learnt.append(len(learn))
    return np.array(errors), np.array(learnt, dtype=np.float64)


def _wider(rest: FloatArray, length: int, learnt: FloatArray, freedom: float) -> float:
    """How many times the error of the span is that of earlier ones, which were learnt from less.

    More to learn from makes the weights better. But where the level of the product drifts away
    from that of its controls, a longer past is further away: seen in `rest` (T,), how much further
    apart its means over spans are that lie further apart (their variogram), as of a random walk.
    """
    blocks = len(rest) // length
    means = rest[len(rest) - blocks * length :].reshape(blocks, length).mean(axis=1)
    noise, drift = _drift(means)

    def variance(periods: FloatArray) -> FloatArray:
        spans = periods / length
        walked = drift * (spans + 1) * (2 * spans + 1) / (3 * spans)
        return np.asarray(noise * (1 + freedom / periods) + walked)

    usual = float(variance(learnt).mean())
    now = float(variance(np.array([float(len(rest))]))[0])
    return float(np.sqrt(now / usual)) if usual > 0 else 1.0


def _drift(means: FloatArray) -> tuple[float, float]:
    """Variance of means (K,) around their level, and of what a step adds to the level."""
    lags = np.arange(1, len(means) // 2 + 1)
    if len(lags) < LEAST_BEFORE:
        return float(means.var()), 0.0
    apart = np.array([np.mean((means[lag:] - means[:-lag]) ** 2) / 2 for lag in lags])
    weights = len(means) - lags
    centre, mean = np.average(lags, weights=weights), float(np.average(apart, weights=weights))
    slope = np.sum(weights * (lags - centre) * (apart - mean)) / np.sum(
        weights * (lags - centre) ** 2
    )
    drift = max(float(slope), 0.0)
    return max(mean - drift * float(centre), 0.05 * mean), drift


def _judged(share: float, errors: FloatArray, level: float, wider: float) -> tuple[float, float]:
    """Half the width of the band, and the p value, by a t distribution with a degree a span."""
    from scipy.stats import t

    spread = wider * float(np.sqrt(np.mean(errors**2)))
    reach = _quantile_t(level, len(errors)) * spread
    p = 2 * t.sf(abs(share) / spread, len(errors)) if spread > 0 else float(share == 0)
    return reach, float(p)


def _quantile_t(level: float, freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + level) / 2, freedom))


def _in_space(controls: pd.DataFrame, before: IntArray, span: IntArray) -> FloatArray:
    """Scores (J,) of each control over the span, by what the others make of it."""
    x = controls.to_numpy(np.float64)
    found = np.full(x.shape[1], np.nan)
    if x.shape[1] < LEAST_CONTROLS + 1:
        return found
    for j in range(x.shape[1]):
        made, _, _ = _without(x[:, j], np.delete(x, j, axis=1), before)
        found[j] = _score(x[:, j], made, before, span)
    return found


def _score(y: FloatArray, made: FloatArray, before: IntArray, span: IntArray) -> float:
    """The mean effect over the span in times the usual error of a period before."""
    usual = float(np.sqrt(np.mean((y[before] - made[before]) ** 2)))
    return float((y[span] - made[span]).mean() / usual) if usual > 0 else float("nan")


def _rank(score: float, placebos: FloatArray) -> float:
    """The share of placebos, itself included, that are as large."""
    seen = placebos[np.isfinite(placebos)]
    if len(seen) < 9 or not np.isfinite(score):
        return float("nan")
    return float((1 + (np.abs(seen) >= abs(score)).sum()) / (1 + len(seen)))
