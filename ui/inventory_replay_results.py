"""What came out of a replay of the past: the ways of ordering, their sums, what to ask for.

Knows no Streamlit.
"""

import math
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray
from ui import inventory_source as sources

OURS, BOOK, RECORDED = WAYS = ("Almanac", "Textbook rule", "As it was")


@dataclass(frozen=True, kw_only=True)
class Span:
    """Which weeks are replayed and judged; the last ends on `until`."""

    until: date
    weeks: int  # judged
    warm_up: int  # replayed before them, so that no policy lives on what it began with
    step_days: int  # 1, or 7 where sales are by week

    @property
    def per_week(self) -> int:
        return 7 // self.step_days

    @property
    def reviews(self) -> int:
        return self.weeks + self.warm_up

    @property
    def first_review(self) -> pd.Timestamp:
        return pd.Timestamp(self.until) - pd.Timedelta(days=7 * self.reviews - 1)

    @property
    def first(self) -> pd.Timestamp:
        """The first day that is judged."""
        return pd.Timestamp(self.until) - pd.Timedelta(days=7 * self.weeks - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Way:
    """What one way of ordering did; NaN: not known."""

    name: str  # one of `WAYS`
    lines: pd.DataFrame  # demand, lost, mean_stock, spoilt, orders, out (share of days), by line
    weekly: pd.DataFrame  # demand, lost, stock (mean of its days) of all lines, a row per week


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """All ways over the same weeks, and what other services would have given."""

    span: Span
    items: pd.DataFrame  # of the Inventory page, a row per line of every way
    ways: dict[str, Way]
    model: str  # that Almanac forecast with
    asked: tuple[float, ...]  # services tried; none where lines ask for different ones
    tried: FloatArray  # (len(asked), 3): units lost, mean stock in units, and at cost


@dataclass(frozen=True, kw_only=True)
class Sums:
    """One row of the table; money is of the lines whose cost or price is known."""

    served: float  # share of units
    stock: float  # mean, units
    stock_cost: float
    lost: float  # units
    lost_money: float  # at price
    spoilt: float  # units
    orders: float
    out: float  # share of days without stock, or with demand that was not met


def service_asked(items: pd.DataFrame) -> tuple[str, float] | None:
    """Target and level where all lines ask for the same, and not for least cost."""
    same = items[["target", "service_level"]].drop_duplicates()
    if len(same) != 1 or same["target"].iloc[0] == "cost":
        return None
    return str(same["target"].iloc[0]), float(same["service_level"].iloc[0])


def with_lost(found: Found, days: pd.DataFrame) -> Found:
    """The same with what is estimated to have been lost on the days out of stock.

    `days` has product_id, place_id, day and lost (units), of all lines and at least those weeks.
    """
    span, was = found.span, found.ways[RECORDED]
    inside = days[(days["day"] >= span.first) & (days["day"] <= pd.Timestamp(span.until))]
    inside = inside.loc[sources.ids(inside).isin(found.items["series_id"])]
    by_line = inside.groupby(sources.ids(inside).to_numpy())["lost"].sum()
    lines = was.lines.copy()
    lines["lost"] = found.items["series_id"].map(by_line).fillna(0.0).to_numpy()
    lines["demand"] += lines["lost"]
    week = ((inside["day"] - span.first).dt.days // 7).to_numpy()
    weekly = was.weekly.copy()
    weekly["lost"] = np.bincount(week, weights=inside["lost"], minlength=span.weeks)
    weekly["demand"] += weekly["lost"]
    ways = found.ways | {RECORDED: Way(name=RECORDED, lines=lines, weekly=weekly)}
    return replace(found, ways=ways)


def sums(found: Found, name: str) -> Sums:
    """The row of a way."""
    lines, items = found.ways[name].lines, found.items
    asked, lost = float(lines["demand"].sum()), float(lines["lost"].sum(min_count=1))
    stock = lines["mean_stock"]
    return Sums(
        served=1 - lost / asked if asked > 0 else math.nan,
        stock=float(stock.sum(min_count=1)),
        stock_cost=float((stock * items["unit_cost"]).sum(min_count=1)),
        lost=lost,
        lost_money=float((lines["lost"] * items["price"]).sum(min_count=1)),
        spoilt=float(lines["spoilt"].sum(min_count=1)),
        orders=float(lines["orders"].sum(min_count=1)),
        out=float(lines["out"].mean()),
    )


def at_stock_of(found: Found, name: str) -> float:
    """The share that Almanac would have served with the stock of another way; NaN: not tried."""
    other = sums(found, name)
    column, stock = (2, other.stock_cost) if other.stock_cost == other.stock_cost else (
        1, other.stock
    )  # fmt: skip
    held = found.tried[:, column]
    if not len(held) or not held.min() <= stock <= held.max():
        return math.nan
    order = np.argsort(held)
    return float(np.interp(stock, held[order], served_when_asked(found)[order]))


def to_ask(found: Found, wanted: float) -> float:
    """The service to ask for so that this share of units is served; NaN: not within what was
    tried."""
    served = served_when_asked(found)
    if not len(served) or not served[0] <= wanted <= served[-1]:
        return math.nan
    return float(np.interp(wanted, served, found.asked))


def served_when_asked(found: Found) -> FloatArray:
    """Share of units (A,) for each service tried, never falling."""
    asked = float(found.ways[OURS].lines["demand"].sum())
    return np.maximum.accumulate(1 - found.tried[:, 0] / max(asked, 1e-9))
