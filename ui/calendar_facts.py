"""What a planner asks of an event: what comes, how much more or less it sells. No Streamlit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.scope import Freq
from forecasting.diagnostics.events import Effect, Measured
from ui import format as fmt

AHEAD_WEEKS = 13
PHASES = ("before", "on", "after")
_NOUN = {"D": "day", "W": "week", "M": "month"}
_FACTOR_FROM = 1.5  # lifts from here on are told as "times", smaller ones in percent

_NOTHING = 0.02  # times usual, below which two decimals say nothing


@dataclass(frozen=True, kw_only=True)
class Extra:
    """Units (or money) that an occurrence to come is expected to add, and in which range."""

    expected: float
    low: float  # in 8 of 10 cases
    high: float


def lift(effect: Effect) -> str:
    """A lift in words: '1.8 times as much', '9% less', or that it cannot be told from chance."""
    if not effect.is_clear:
        return "no clear effect"
    return factor(effect.lift)


def factor(value: float) -> str:
    """A factor in words.

    >>> factor(2.41), factor(0.91), factor(1.08), factor(0.002), factor(1.001)
    ('2.4 times as much', '9% less', '8% more', 'almost nothing', 'as much as usual')
    """
    if value >= _FACTOR_FROM:
        return f"{value:.1f} times as much"
    if value < _NOTHING:
        return "almost nothing"
    percent = round(100 * (value - 1))
    if percent == 0:
        return "as much as usual"
    return f"{abs(percent)}% {'more' if percent > 0 else 'less'}"


def sentence(measured: Measured, name: str, freq: Freq, days: tuple[int, int]) -> str:
    """What an event does before, on and after its day; `days` are those before and after."""
    on = measured.of(name, "on")
    if on is None:
        return f"{fmt.escape(name)} never came in full while there were sales."
    noun = _NOUN[freq]
    said = f"**{fmt.escape(name)} sells {factor(on.lift)}"
    said += f" as a usual {noun}**" if on.lift >= _FACTOR_FROM else f" than a usual {noun}**"
    said = said.replace("as much as usual than a usual", "as much as a usual")
    said = said.replace("almost nothing than a usual", "almost nothing, unlike a usual")
    if on.high >= _NOTHING:
        said += f" (in 8 of 10 cases {between(on.low, on.high)} times)"
    parts = []
    for phase, number in (("before", days[0]), ("after", days[1])):
        effect = measured.of(name, phase)
        if effect is not None and number:
            which = fmt.count(number, "day") if number > 1 else "day"
            much = "almost nothing" if effect.lift < _NOTHING else f"{times(effect.lift)} times"
            parts.append(f"the {which} {phase} {much}")
    said += f"; {' and '.join(parts)}" if parts else ""
    count = len(on.past)
    once = "one occurrence, so that it may be anything that happened then"
    return f"{said}. Measured on {once if count == 1 else fmt.count(count, 'occurrence')}."


def times(value: float) -> str:
    """A factor as a number.

    >>> times(2.414), times(0.913), times(1.0)
    ('2.4', '0.91', '1.00')
    """
    return f"{value:.1f}" if value >= 1.995 else f"{value:.2f}"


def between(low: float, high: float) -> str:
    """A range of factors, both with the same decimals.

    >>> between(1.9, 2.04), between(0.86, 0.9)
    ('1.9 to 2.0', '0.86 to 0.90')
    """
    decimals = 1 if high >= 1.995 else 2
    return f"{low:.{decimals}f} to {high:.{decimals}f}"


def extra(measured: Measured, name: str, growth: float) -> Extra | None:
    """What the next occurrence adds over all its windows; None where nothing was measured.

    What would be usual is that of the last occurrence times the growth since. The range takes all
    windows high or low together, so it is on the wide side.
    """
    sums = np.zeros(3)
    for phase in PHASES:
        effect = measured.of(name, phase)
        if effect is not None and effect.past:
            usual = effect.past[-1].usual * growth
            lifts = np.array([effect.lift, effect.next_low, effect.next_high])
            sums += usual * (lifts - 1)
    if measured.of(name, "on") is None:
        return None
    return Extra(expected=float(sums[0]), low=float(sums[1]), high=float(sums[2]))


def growth(usual: "pd.Series[float]") -> float:
    """What is usual in the last eight weeks over the same a year before, 0.5 to 2; 1 if unknown.

    >>> index = pd.date_range("2024-01-01", periods=800)
    >>> growth(pd.Series([10.0] * 600 + [12.0] * 200, index=index))
    1.2
    """
    last = usual.index[-1]
    now = usual[usual.index > last - pd.Timedelta(weeks=8)]
    then = usual[
        (usual.index > last - pd.Timedelta(weeks=60))
        & (usual.index <= last - pd.Timedelta(weeks=52))
    ]
    if usual.index[0] > last - pd.Timedelta(weeks=60) or not then.sum() > 0:
        return 1.0
    return float(np.clip(now.mean() / then.mean(), 0.5, 2.0))


def coming(found: pd.DataFrame, last_day: date) -> pd.DataFrame:
    """Occurrences whose own days or run-up come in the next weeks, next first."""
    ends = pd.Timestamp(last_day + timedelta(weeks=AHEAD_WEEKS))
    ahead = found[(found["last_day"] > pd.Timestamp(last_day)) & (found["first_day"] <= ends)]
    return ahead.reset_index(drop=True)


def aligned(
    values: "pd.Series[float]", first_days: list[pd.Timestamp], before: int, after: int
) -> pd.DataFrame:
    """A row per period from the event's day, a column per occurrence's year: what was sold.

    `values` are sums per period, `before` and `after` periods around the one with the first day.
    """
    starts = values.index
    columns = {}
    for first in first_days:
        at = int(starts.searchsorted(first, side="right")) - 1
        if 0 <= at < len(starts):
            begin = max(at - before, 0)
            window = values.iloc[begin : at + after + 1].to_numpy()
            padded = np.full(before + after + 1, np.nan)
            lacking = begin - (at - before)  # periods from before the first sale
            padded[lacking : lacking + len(window)] = window
            columns[int(first.year)] = padded
    return pd.DataFrame(columns, index=range(-before, after + 1))


def effects_table(effects: Mapping[str, Effect]) -> pd.DataFrame:
    """A row per category: times usual, its range in 8 of 10 cases, whether it may be chance."""
    return pd.DataFrame(
        [
            (name, each.lift, each.low, each.high, not each.is_clear)
            for name, each in effects.items()
        ],
        columns=["category", "times_usual", "low", "high", "may_be_chance"],
    ).sort_values("times_usual", ascending=False, ignore_index=True)
