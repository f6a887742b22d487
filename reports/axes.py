"""Round ticks and places in the unit square for charts that are drawn by hand."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.content import Chart
from reports.numbers import Writer

Floats = npt.NDArray[np.float64]
_LABELS = 7  # at most below the axis


@dataclass(frozen=True, kw_only=True)
class Axis:
    """From `low` to `high`, with labelled places between 0 and 1."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def place(self, values: Floats) -> Floats:
        """Values as places between 0 and 1."""
        return (values - self.low) / (self.high - self.low)


def amounts(values: Floats, write: Writer, chart: Chart) -> Axis:
    """An axis from zero with about four round steps."""
    known = values[np.isfinite(values)]
    low = min(0.0, float(known.min())) if known.size else 0.0
    high = max(0.0, float(known.max())) if known.size else 1.0
    low = 0.0 if low > -0.03 * high else low  # a few returns need no room of their own
    step = round_up((high - low) / 4 or 1.0)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    spots = [step * number for number in range(first, last + 1)]
    ticks = tuple(
        ((spot - spots[0]) / (spots[-1] - spots[0]), _label(spot, write, chart)) for spot in spots
    )
    return Axis(low=spots[0], high=spots[-1], ticks=ticks)


def times(chart: Chart, write: Writer) -> Axis:
    """The axis below: days, or plain values."""
    values = positions(chart.frame["x"])
    low, high = float(values[0]), float(values[-1])
    high = high if high > low else low + 1
    if chart.x_kind != "day":
        step = round_up((high - low) / _LABELS)
        step = max(step, 1.0) if chart.x_kind == "units" else step
        spots = np.arange(math.ceil(low / step), math.floor(high / step + 1e-9) + 1) * step
        labels = [write.full(float(spot), chart.x_kind) for spot in spots]
        return Axis(low=low, high=high, ticks=_zipped((spots - low) / (high - low), labels))
    moments = pd.DatetimeIndex(chart.frame["x"])
    every = max(1, math.ceil(len(moments) / _LABELS))
    chosen = moments[::every]
    if len(moments) > 1 and high - float(positions(chosen)[-1]) < 0.04 * (high - low):
        chosen = chosen[:-1]  # its label would reach beyond the frame
    long = (moments[-1] - moments[0]).days > 400
    labels = [write.month(day) if long else write.short_day(day) for day in chosen]
    return Axis(low=low, high=high, ticks=_zipped((positions(chosen) - low) / (high - low), labels))


def positions(moments: pd.Series | pd.DatetimeIndex) -> Floats:
    """Timestamps as days since 1970, numbers as they are."""
    index = pd.Index(moments)
    if isinstance(index, pd.DatetimeIndex):
        return np.asarray((index - pd.Timestamp(0)) / pd.Timedelta(days=1), dtype=float)
    return index.to_numpy(dtype=float)


def round_up(value: float) -> float:
    """The next of 1, 2, 2.5, 5 and 10 times a power of ten.

    >>> round_up(180), round_up(26), round_up(0.3)
    (200.0, 50.0, 0.5)
    """
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(times * power for times in (1, 2, 2.5, 5, 10) if times * power >= value - 1e-12)


def _label(value: float, write: Writer, chart: Chart) -> str:
    if value == 0:
        return "0"
    text = write.brief(value, chart.kind)
    for unit in ("K", "M", "B", "万", "亿", "%"):
        if text.endswith(unit) and "." in text:
            return text.removesuffix(unit).rstrip("0").rstrip(".") + unit
    return text


def _zipped(spots: npt.NDArray[Any], labels: list[str]) -> tuple[tuple[float, str], ...]:
    return tuple(zip((float(spot) for spot in spots), labels, strict=True))
