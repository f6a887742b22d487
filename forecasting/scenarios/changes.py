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

Kind = Literal["covariate", "demand", "stock_out", "cost"]
How = Literal["to", "percent", "amount"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that differs from the plan, on some series and days.

    `covariate` changes a known covariate (`column`: the price, the promotion, an event's flag);
    `demand` multiplies or adds to what would sell; `stock_out` sells nothing; `cost` changes the
    unit cost. `how`: 'to' this value, by this 'percent' (-10 is a tenth less) or 'amount'.
    """

    kind: Kind = "covariate"
    column: str = ""
    how: How = "to"
    value: float = 0.0
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

    def of(self, values: FloatArray) -> FloatArray:
        """The changed values."""
        if self.how == "to":
            return np.full_like(values, self.value)
        return values + self.value if self.how == "amount" else values * (1 + self.value / 100)


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
    what = {"covariate": change.column, "demand": "demand", "cost": "unit cost"}.get(change.kind)
    span = f"{change.first:%-d %b}"
    if change.last.normalize() > change.first.normalize():
        span += f" to {change.last:%-d %b}"
    if what is None:
        return f"out of stock, {span}"
    sign = {"to": f"to {change.value:g}", "percent": f"{change.value:+g}%"}
    return f"{what} {sign.get(change.how, f'{change.value:+g}')}, {span}"
