"""What a scenario changes, and which series and steps that touches."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray
from forecasting.errors import ConfigError
from forecasting.forecast import Forecast
from forecasting.panel import Panel
from forecasting.validation import first_of

Kind = Literal[
    "covariate", "demand", "stock_out", "cost", "promotion", "no_promotion", "move_promotion"
]
How = Literal["to", "percent", "amount"]
DAILY = ("promotion", "no_promotion", "move_promotion")  # need to know what is regular and planned


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that differs from the plan, on some series and days.

    `covariate` changes a known covariate (`column`: the price, the promotion, an event's flag);
    `demand` multiplies or adds to what would sell; `stock_out` sells nothing; `cost` changes the
    unit cost. `how`: 'to' this value, by this 'percent' (-10 is a tenth less) or 'amount', and then
    to the nearest value with this `ending` (0.99: 2.24 becomes 1.99).
    A `promotion` is announced, and changes the regular price like a covariate; `no_promotion` takes
    those of these days away, and `move_promotion` begins them `shift` days later. These three are
    of a `DailyPlan`, which knows the regular price.
    """

    kind: Kind = "covariate"
    column: str = ""
    how: How = "to"
    value: float = 0.0
    ending: float | None = None  # 0..1, of prices: the part behind the point
    shift: int = 0  # days
    first: pd.Timestamp
    last: pd.Timestamp  # inclusive
    series: tuple[object, ...] | None = None  # None: all
    name: str = ""  # shown; a description where it is empty

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ConfigError(f"The change ends on {self.last} before it begins on {self.first}.")
        if self.kind == "covariate" and not self.column:
            raise ConfigError("A change of a covariate needs the name of its column.")
        if not np.isfinite(self.value):
            raise ConfigError(f"A change to {self.value} cannot be worked out. Give a number.")
        if self.how == "percent" and self.value < -100:
            raise ConfigError(f"A change by {self.value:g}% would go below zero.")
        if self.ending is not None and not 0 <= self.ending < 1:
            raise ConfigError(f"Prices cannot end in {self.ending:g}. Give a part of 1, as 0.99.")
        if (self.kind == "move_promotion") != bool(self.shift):
            raise ConfigError("A promotion is moved by a number of days other than 0.")

    def of(self, values: FloatArray) -> FloatArray:
        """The changed values."""
        if self.how == "to":
            changed = np.full_like(values, self.value)
        elif self.how == "amount":
            changed = values + self.value
        else:
            changed = values * (1 + self.value / 100)
        return changed if self.ending is None else to_price_point(changed, self.ending)


def to_price_point(prices: FloatArray, ending: float) -> FloatArray:
    """The nearest prices above zero that end so.

    >>> to_price_point(np.array([2.24, 2.6, 0.2]), 0.99).tolist()
    [1.99, 2.99, 0.99]
    """
    lowest = ending if ending > 0 else 1.0
    return np.asarray(np.maximum(np.rint(prices - ending) + ending, lowest))


def cells_of(panel: Panel, plan: Forecast, change: Change) -> BoolArray:
    """The series and steps (B, H) that a change touches."""
    rows = np.ones(panel.num_series, dtype=bool)
    if change.series is not None:
        places = panel.series_ids.get_indexer(pd.Index(list(change.series)))
        if (places < 0).any():
            strangers = [each for each, at in zip(change.series, places, strict=True) if at < 0]
            raise ConfigError(f"The change names series that are not there: {first_of(strangers)}.")
        rows[:] = False
        rows[places] = True
    begins = plan.timestamps
    ends = begins.append(pd.DatetimeIndex([begins[-1] + (begins[-1] - plan.cutoff) / len(begins)]))
    steps = (ends[1:] > change.first) & (begins <= change.last)
    if not steps.any() or not rows.any():
        raise ConfigError(
            f"The change from {change.first:%d %b %Y} to {change.last:%d %b %Y} touches nothing: "
            f"the forecast goes from {begins[0]:%d %b %Y} to {begins[-1]:%d %b %Y}."
        )
    return rows[:, None] & steps[None, :]


def described(change: Change) -> str:
    """The change in words, for a table.

    >>> day = pd.Timestamp("2026-11-11")
    >>> described(Change(column="price", how="percent", value=-10, first=day, last=day))
    'price -10%, 11 Nov'
    """
    named = {"covariate": change.column, "demand": "demand", "cost": "unit cost"}
    what = (named | {"promotion": "promotion"}).get(change.kind)
    span = f"{change.first:%-d %b}"
    if change.last.normalize() > change.first.normalize():
        span += f" to {change.last:%-d %b}"
    if change.kind == "no_promotion":
        return f"no promotion, {span}"
    if change.kind == "move_promotion":
        return f"promotion moved by {change.shift:+d} days, {span}"
    if what is None:
        return f"out of stock, {span}"
    sign = {"to": f"to {change.value:g}", "percent": f"{change.value:+g}%"}
    return f"{what} {sign.get(change.how, f'{change.value:+g}')}, {span}"
