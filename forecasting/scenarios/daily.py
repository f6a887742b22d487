"""The plan of every day, and changing it: prices, promotions, costs, and what sells anyway.

Shape suffixes: B series, D days.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.errors import ConfigError, PanelError
from forecasting.scenarios.changes import Change
from forecasting.validation import first_of

PRICE, PROMO = "price", "promo"  # columns that a change of a covariate may name


@dataclass(frozen=True, kw_only=True, eq=False)
class DailyPlan:
    """What is planned for every series and day; arrays (B, D)."""

    series_ids: pd.Index
    days: pd.DatetimeIndex
    price: FloatArray  # money per unit, NaN where not known
    regular: FloatArray  # the price without promotion
    promo: FloatArray  # 0 or 1: announced
    cost: FloatArray  # money per unit, NaN where not known
    demand: FloatArray  # times what sells anyway

    @classmethod
    def of(
        cls,
        series_ids: pd.Index,
        days: pd.DatetimeIndex,
        *,
        price: FloatArray,
        regular: FloatArray | None = None,
        promo: FloatArray | None = None,
        unit_cost: FloatArray | None = None,
    ) -> "DailyPlan":
        """The plan; without `regular` no promotion changes a price, `unit_cost` is (B,)."""
        shape = (len(series_ids), len(days))
        if price.shape != shape:
            raise PanelError(f"price is {price.shape}; it must be {shape}, series by days.")
        cost = np.full(shape[0], np.nan) if unit_cost is None else unit_cost
        return cls(
            series_ids=series_ids,
            days=days,
            price=price,
            regular=price if regular is None else regular,
            promo=np.zeros(shape) if promo is None else promo,
            cost=np.repeat(cost[:, None], shape[1], axis=1),
            demand=np.ones(shape),
        )

    def edited(self, *changes: Change) -> "DailyPlan":
        """The plan with the changes, one after the other.

        Raises `ConfigError` for a change that touches nothing or cannot be, `PanelError` for one
        that makes a price zero or negative.
        """
        plan = self
        for change in changes:
            plan = _EDITS[change.kind](plan, change, _rows(plan, change), _days(plan, change))
        return plan


def _rows(plan: DailyPlan, change: Change) -> IntArray:
    """The series that a change touches."""
    if change.series is None:
        return np.arange(len(plan.series_ids))
    rows = plan.series_ids.get_indexer(pd.Index(list(change.series)))
    if (rows < 0).any():
        strangers = [each for each, at in zip(change.series, rows, strict=True) if at < 0]
        raise ConfigError(f"The change names series that are not there: {first_of(strangers)}.")
    return np.asarray(rows)


def _days(plan: DailyPlan, change: Change) -> IntArray:
    """The days that a change touches."""
    found = np.flatnonzero((plan.days >= change.first) & (plan.days <= change.last))
    if not len(found):
        raise ConfigError(
            f"The change from {change.first:%-d %b %Y} to {change.last:%-d %b %Y} touches nothing: "
            f"what is compared goes from {plan.days[0]:%-d %b %Y} to {plan.days[-1]:%-d %b %Y}."
        )
    return found


def _put(values: FloatArray, rows: IntArray, days: IntArray, new: FloatArray) -> FloatArray:
    changed = values.copy()
    changed[np.ix_(rows, days)] = new
    return changed


def _known(values: FloatArray, what: str) -> FloatArray:
    """The values, of which at least one is there."""
    if not np.isfinite(values).any():
        raise ConfigError(f"No {what} is known of these, so it cannot change.")
    return values


def _checked(plan: DailyPlan, prices: FloatArray, rows: IntArray) -> FloatArray:
    wrong = (prices <= 0).any(axis=1)
    if wrong.any():
        raise PanelError(
            f"The change makes the price zero or negative for "
            f"{first_of(list(plan.series_ids[rows[wrong]]))}. Give a price above zero."
        )
    return prices


def _covariate(plan: DailyPlan, change: Change, rows: IntArray, days: IntArray) -> DailyPlan:
    at = np.ix_(rows, days)
    if change.column == PROMO:
        shares = np.clip(change.of(plan.promo[at]), 0.0, 1.0)
        return replace(plan, promo=_put(plan.promo, rows, days, shares))
    if change.column != PRICE:
        raise ConfigError(
            f"A plan of days has prices and promotions, no {change.column!r}. Change {PRICE!r} or "
            f"{PROMO!r}."
        )
    old = _known(plan.price[at], "price")
    new = _checked(plan, change.of(old), rows)
    reduced = plan.promo[at] > 0
    regular = np.where(reduced, plan.regular[at], new)
    return replace(
        plan,
        price=_put(plan.price, rows, days, new),
        regular=_put(plan.regular, rows, days, regular),
    )


def _promotion(plan: DailyPlan, change: Change, rows: IntArray, days: IntArray) -> DailyPlan:
    regular = _known(plan.regular[np.ix_(rows, days)], "price")
    new = _checked(plan, change.of(regular), rows)
    return replace(
        plan,
        price=_put(plan.price, rows, days, new),
        promo=_put(plan.promo, rows, days, np.ones(new.shape)),
    )


def _no_promotion(plan: DailyPlan, change: Change, rows: IntArray, days: IntArray) -> DailyPlan:
    at = np.ix_(rows, days)
    reduced = _reduced(plan)[at]
    if not reduced.any():
        raise ConfigError(
            f"No promotion is planned there from {change.first:%-d %b} to {change.last:%-d %b %Y}."
        )
    return replace(
        plan,
        price=_put(plan.price, rows, days, np.where(reduced, plan.regular[at], plan.price[at])),
        promo=_put(plan.promo, rows, days, np.zeros(reduced.shape)),
    )


def _move_promotion(plan: DailyPlan, change: Change, rows: IntArray, days: IntArray) -> DailyPlan:
    """Announced days and cut prices `shift` days later; what is moved past the end is lost."""
    here = _reduced(plan)
    marked = np.zeros(here.shape, dtype=bool)
    marked[np.ix_(rows, days)] = here[np.ix_(rows, days)]
    if not marked.any():
        raise ConfigError(
            f"No promotion is planned there from {change.first:%-d %b} to {change.last:%-d %b %Y}."
        )
    row, day = np.nonzero(marked)
    share = (plan.price / plan.regular)[row, day]
    announced = plan.promo[row, day]
    price, promo = plan.price.copy(), plan.promo.copy()
    price[row, day], promo[row, day] = plan.regular[row, day], 0.0
    to = day + change.shift
    inside = (to >= 0) & (to < len(plan.days))
    if not inside.any():
        raise ConfigError(
            f"Moved by {change.shift:+d} days the promotion lies outside of what is compared, "
            f"{plan.days[0]:%-d %b %Y} to {plan.days[-1]:%-d %b %Y}."
        )
    row, to = row[inside], to[inside]
    price[row, to] = plan.regular[row, to] * share[inside]
    promo[row, to] = np.maximum(promo[row, to], announced[inside])
    return replace(plan, price=price, promo=promo)


def _reduced(plan: DailyPlan) -> BoolArray:
    """The series and days on promotion, announced or by price alone."""
    with np.errstate(invalid="ignore"):
        return np.asarray((plan.promo > 0) | (plan.price < plan.regular * 0.999))


def _demand(plan: DailyPlan, change: Change, rows: IntArray, days: IntArray) -> DailyPlan:
    if change.how == "amount":
        raise ConfigError("Demand of a day changes by a percentage, or to so many times as much.")
    old = plan.demand[np.ix_(rows, days)]
    new = old * change.value if change.how == "to" else change.of(old)
    return replace(plan, demand=_put(plan.demand, rows, days, np.maximum(new, 0.0)))


def _stock_out(plan: DailyPlan, change: Change, rows: IntArray, days: IntArray) -> DailyPlan:
    nothing = np.zeros((len(rows), len(days)))
    return replace(plan, demand=_put(plan.demand, rows, days, nothing))


def _cost(plan: DailyPlan, change: Change, rows: IntArray, days: IntArray) -> DailyPlan:
    new = change.of(_known(plan.cost[np.ix_(rows, days)], "unit cost"))
    if (new < 0).any():
        raise PanelError("The change makes a unit cost negative. Give 0 or more.")
    return replace(plan, cost=_put(plan.cost, rows, days, new))


_EDITS = {
    "covariate": _covariate,
    "promotion": _promotion,
    "no_promotion": _no_promotion,
    "move_promotion": _move_promotion,
    "demand": _demand,
    "stock_out": _stock_out,
    "cost": _cost,
}
