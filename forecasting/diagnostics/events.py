"""How far events move sales: lifts before, on and after them, against what would have sold anyway.

Sums per period are explained by weekday, a bending trend, a yearly season, whatever else is given
(promotion, price, stock-outs) and the windows of all events at once, as factors: a quasi-Poisson
regression with logarithmic link, which takes zeros and measures the ratio of means itself (J. M. C.
Santos Silva and S. Tenreyro, The Log of Gravity, 2006), with a small ridge. Days far from expected
count less (P. J. Huber, 1964), except in the windows. How stiff the season is is not chosen but
averaged over, by QAIC (K. P. Burnham and D. R. Anderson, Model Selection and Multimodel Inference,
2002, with their unconditional variance), because the season decides what is left to a yearly event.

A lift is one number for all occurrences. Its uncertainty has three parts: that of the regression,
widened by the autocorrelation of what is left over; the difference between seasons; and how far
occurrences differ among themselves, by moments, pooled over the events of a series, since each has
a handful. Categories borrow from each other: `pool` draws each towards the mean of all as far as
they hardly differ (R. DerSimonian and N. Laird, 1986).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.diagnostics.event_regression import (
    Fitted,
    base_columns,
    fit,
    most_waves,
    waves_of_year,
)

LEVEL = 0.8  # of the intervals: 8 of 10
SURE = 0.95  # an effect is clear where this interval leaves out 1
FEWEST = 56  # periods with a value, below which nothing is measured
_LINE_FROM = 5  # periods: so long a run-up may grow towards the event
_MISFIT = 1.4  # errors are so much wider than they say, on shops whose truth is known
_STIFFNESS = (3.0, 0.3, 0.03, 0.003)  # of the season: ridge of wave k over k^4
_CLOSED = 0.05  # of the usual: so little sells where the shop is shut


@dataclass(frozen=True)
class Window:
    """The days before, on or after one occurrence of an event."""

    name: str
    phase: str  # before, on, after
    first: pd.Timestamp
    last: pd.Timestamp  # inclusive
    year: int  # tells occurrences apart: the year of the event's first day


@dataclass(frozen=True, kw_only=True)
class Once:
    """What one occurrence did."""

    first: pd.Timestamp
    year: int
    sold: float  # in the window
    usual: float  # expected without the event
    lift: float


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a window of an event multiplies sales by."""

    name: str
    phase: str
    lift: float
    low: float  # of the lift, in 8 of 10 cases
    high: float
    next_low: float  # of the next occurrence's
    next_high: float
    is_clear: bool  # unlikely to be chance
    error: float  # standard error of log lift
    spread: float  # standard deviation of log lift among occurrences
    degrees: float  # of freedom of the intervals
    past: tuple[Once, ...]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The effects on one series, and what it would have sold without any event."""

    effects: tuple[Effect, ...]
    usual: FloatArray  # (T,)
    leaning: float  # lag-one autocorrelation of what is left over

    def of(self, name: str, phase: str) -> Effect | None:
        """The effect of one window; None where it was not measured."""
        return next((e for e in self.effects if (e.name, e.phase) == (name, phase)), None)


def measure(
    times: pd.DatetimeIndex,
    values: FloatArray,
    windows: Sequence[Window],
    *,
    controls: FloatArray | None = None,
) -> Measured | None:
    """The effect of every window that lies within `times` at least once.

    `times` (T,) are the first days of consecutive days, weeks or months, `values` (T,) their sums
    (NaN: not known, negative counts as zero), `controls` (T, C) what else moves them (NaN: usual).
    In weeks and months a window is every period that it touches; a period on the event is not
    before or after it. None where too little is known to measure anything.
    """
    known = np.isfinite(values)
    amounts = np.maximum(np.where(known, values, 0.0), 0.0)
    if known.sum() < FEWEST or amounts[known].sum() <= 0 or not windows:
        return None
    placed = _place(times, windows)
    if not placed:
        return None
    base = base_columns(times, controls)
    marks = _marks(placed, len(times))
    fits: list[Fitted] = []
    waves = waves_of_year(times, most_waves(times))
    for stiffness in _STIFFNESS if waves.size else (1.0,):
        start = fits[-1].expected if fits else None
        fitted = fit(waves, amounts, known, base, marks, stiffness, start=start)
        fits += [fitted] if fitted is not None else []
    return _averaged(fits, times, amounts, known, placed, marks) if fits else None


def pool(measured: Mapping[str, Measured]) -> dict[str, Measured]:
    """The same effects, each drawn towards the mean of all series as far as they hardly differ."""
    drawn: dict[tuple[str, str, str], Effect] = {}
    keys = {(e.name, e.phase) for each in measured.values() for e in each.effects}
    for name, phase in keys:
        found = {
            series: effect
            for series, each in measured.items()
            if (effect := each.of(name, phase)) is not None
        }
        for series, effect in _drawn(found).items():
            drawn[series, name, phase] = effect
    return {
        series: replace(each, effects=tuple(drawn[series, e.name, e.phase] for e in each.effects))
        for series, each in measured.items()
    }


@dataclass(frozen=True)
class _Placed:
    """A window as positions in the series; `whole` where none of it is cut off."""

    window: Window
    at: IntArray
    whole: bool


def _place(times: pd.DatetimeIndex, windows: Sequence[Window]) -> list[_Placed]:
    """Windows as positions; before and after give way to the periods of the event itself."""
    starts = times.to_numpy()
    step = times[1] - times[0]
    end = times[-1] + max(step, pd.Timedelta(days=1)) - pd.Timedelta(days=1)
    on: dict[tuple[str, int], set[int]] = {}
    found = []
    for window in sorted(windows, key=lambda each: each.phase != "on"):
        if window.last < times[0] or window.first > end:
            continue
        lo = max(int(np.searchsorted(starts, window.first.to_datetime64(), side="right")) - 1, 0)
        hi = int(np.searchsorted(starts, window.last.to_datetime64(), side="right"))
        key = (window.name, window.year)
        at = [place for place in range(lo, hi) if place not in on.get(key, ())]
        if window.phase == "on":
            on[key] = on.get(key, set()) | set(at)
        if at:
            whole = window.first >= times[0] and window.last <= end
            found.append(_Placed(window, np.array(at), whole))
    counted = {(p.window.name, p.window.phase) for p in found if p.whole}
    return [p for p in found if (p.window.name, p.window.phase) in counted]


def _marks(placed: Sequence[_Placed], length: int) -> dict[tuple[str, str], FloatArray]:
    """(T, 1 or 2) by window: where it is, and for a long run-up how far it has come, -1 to 1."""
    found: dict[tuple[str, str], FloatArray] = {}
    for each in placed:
        size = len(each.at)
        shape = np.linspace(-1.0, 1.0, size) if size > 1 else np.zeros(1)
        columns = np.column_stack([np.ones(size), shape])
        kept = 2 if each.window.phase == "before" and size >= _LINE_FROM else 1
        key = (each.window.name, each.window.phase)
        mark = found.setdefault(key, np.zeros((length, kept)))
        mark[each.at] = columns[:, : mark.shape[1]]
    return found


def _averaged(
    fits: Sequence[Fitted],
    times: pd.DatetimeIndex,
    amounts: FloatArray,
    known: BoolArray,
    placed: Sequence[_Placed],
    marks: Mapping[tuple[str, str], FloatArray],
) -> Measured:
    """The mean over how stiff the season may be, each by its Akaike weight."""
    noise = min(each.noise for each in fits)
    scores = np.array([each.deviance / noise + 2 * each.parameters for each in fits])
    shares = np.exp(-(scores - scores.min()) / 2)
    shares /= shares.sum()
    logs = np.sum([s * f.logs for s, f in zip(shares, fits, strict=True)], axis=0)
    errors = np.sum(
        [
            s * np.sqrt(_MISFIT**2 * f.variance + (f.logs - logs) ** 2)
            for s, f in zip(shares, fits, strict=True)
        ],
        axis=0,
    )
    best = fits[int(np.argmax(shares))]
    usual = np.exp(np.sum([s * np.log(f.usual) for s, f in zip(shares, fits, strict=True)], axis=0))
    past = {
        key: _occurrences(key, number, placed, best, amounts, known)
        for number, key in enumerate(marks)
    }
    for number, key in enumerate(marks):
        sold, usual_then = (sum(getattr(o, part) for o in past[key]) for part in ("sold", "usual"))
        if sold < _CLOSED * usual_then:  # the ridge, not the data, would say how little it is
            logs[number] = np.log(max(sold, 0.5) / usual_then)
    chance = best.noise * (1 + best.leaning) / (1 - best.leaning)
    spread, freedom = _spread(past, chance)
    effects = [
        _effect(key, float(logs[number]), float(errors[number]), spread, freedom, past[key])
        for number, key in enumerate(marks)
        if past[key]
    ]
    return Measured(effects=tuple(effects), usual=usual, leaning=best.leaning)


def _occurrences(
    key: tuple[str, str],
    number: int,
    placed: Sequence[_Placed],
    fitted: Fitted,
    amounts: FloatArray,
    known: BoolArray,
) -> tuple[Once, ...]:
    """What each whole occurrence sold against what was expected of everything but this window."""
    found = []
    for each in placed:
        if (each.window.name, each.window.phase) != key or not each.whole:
            continue
        at = each.at[known[each.at]]
        usual = float((fitted.expected[at] / np.exp(fitted.alone[at, number])).sum())
        if usual > 0:
            sold = float(amounts[at].sum())
            found.append(
                Once(
                    first=each.window.first,
                    year=each.window.year,
                    sold=sold,
                    usual=usual,
                    lift=sold / usual,
                )
            )
    return tuple(sorted(found, key=lambda once: once.first))


def _spread(past: Mapping[tuple[str, str], Sequence[Once]], chance: float) -> tuple[float, float]:
    """How far log lifts of one window differ beyond chance (standard deviation), and by how many
    differences that is known; of windows that happened twice or more.
    """
    excess, freedom = 0.0, 0
    for group in past.values():
        lively = [once for once in group if once.lift > 0.02]
        if len(lively) < 2:
            continue
        logs = np.log([once.lift for once in lively])
        by_chance = np.mean([chance / max(once.sold, 1.0) for once in lively])
        excess += (len(lively) - 1) * (float(logs.var(ddof=1)) - float(by_chance))
        freedom += len(lively) - 1
    if not freedom:
        return 0.15, 2.0  # nothing is known of it: lifts of events differ by about this much
    return float(np.sqrt(max(excess / freedom, 0.0))), float(max(freedom, 2))


def _effect(
    key: tuple[str, str],
    log: float,
    error: float,
    spread: float,
    degrees: float,
    past: tuple[Once, ...],
) -> Effect:
    """A log lift with its intervals."""
    from scipy.stats import t as student  # loads slowly

    count = len(past)
    wide, sure = (float(student.ppf(0.5 + level / 2, degrees)) for level in (LEVEL, SURE))
    own = float(np.sqrt(error**2 + spread**2 / count))
    ahead = float(np.sqrt(own**2 + spread**2))
    return Effect(
        name=key[0],
        phase=key[1],
        lift=float(np.exp(log)),
        low=float(np.exp(log - wide * own)),
        high=float(np.exp(log + wide * own)),
        next_low=float(np.exp(log - wide * ahead)),
        next_high=float(np.exp(log + wide * ahead)),
        is_clear=abs(log) > sure * own,
        error=own,
        spread=spread,
        degrees=degrees,
        past=past,
    )


def _drawn(found: Mapping[str, Effect]) -> dict[str, Effect]:
    """The effects of one window on several series, drawn towards their mean."""
    if len(found) < 3:
        return dict(found)
    logs = np.log([max(each.lift, 1e-6) for each in found.values()])
    variance = np.array([each.error for each in found.values()]) ** 2 + 1e-12
    trust = 1 / variance
    centre = float((trust * logs).sum() / trust.sum())
    excess = float((trust * (logs - centre) ** 2).sum()) - (len(logs) - 1)
    between = max(0.0, excess / float(trust.sum() - (trust**2).sum() / trust.sum()))
    trust = 1 / (variance + between)
    centre = float((trust * logs).sum() / trust.sum())
    doubt = 1 / float(trust.sum())
    kept = between / (between + variance)
    drawn = {}
    for (series, each), log, own, share in zip(found.items(), logs, variance, kept, strict=True):
        error = float(np.sqrt(share * own + (1 - share) ** 2 * doubt))
        new = float(share * log + (1 - share) * centre)
        # Occurrences' own differences are in the error already.
        made = _effect((each.name, each.phase), new, error, 0.0, each.degrees, each.past)
        ahead = _effect(
            (each.name, each.phase),
            new,
            float(np.sqrt(error**2 + each.spread**2)),
            0.0,
            each.degrees,
            each.past,
        )
        drawn[series] = replace(made, next_low=ahead.low, next_high=ahead.high, spread=each.spread)
    return drawn
