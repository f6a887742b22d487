"""Markdowns: a few price cuts, week by week, that sell a stock by a date for the most money.

All plans of few steps are tried, as far as prices only fall (Gallego and van Ryzin, Optimal dynamic
pricing of inventories with stochastic demand over finite horizons, 1994: few prices come close to
the optimum). Each is played against possible elasticities and levels of demand; what is sold before
a week is gone.

Shapes: P products, N plans, W weeks, S draws.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray, IntArray
from forecasting.errors import ConfigError, PanelError
from forecasting.pricing.rules import charm
from forecasting.validation import first_of

DRAWS = 60
_STARTS = 8  # weeks at which a price may change, at most
_CUTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
_NEEDED = ("product", "price", "units", "elasticity", "error", "stock")


@dataclass(frozen=True, kw_only=True)
class MarkdownRules:
    """How a stock may be sold off."""

    weeks: int  # until everything should be gone
    most_steps: int = 2  # changes of the price
    cuts: tuple[float, ...] = _CUTS  # shares of the price now
    ending: bool = True
    sell_share: float = 0.95  # of the stock that must be expected to go, where it can
    salvage: float = 0.0  # what a unit left over still brings
    demand_error: float = 0.25  # standard deviation of the level of demand, in logs

    def __post_init__(self) -> None:
        if not 1 <= self.weeks <= 52:
            raise ConfigError(f"weeks={self.weeks} cannot be planned. Use 1 to 52.")
        if not 0 <= self.most_steps <= 3:
            raise ConfigError(f"most_steps={self.most_steps} is too many. Use 0 to 3.")
        if not self.cuts or min(self.cuts) < 0 or max(self.cuts) >= 1:
            raise ConfigError(f"cuts={self.cuts} are no shares of a price. Use 0 to under 1.")
        if not 0 <= self.sell_share <= 1:
            raise ConfigError(f"sell_share={self.sell_share:g} is no share. Use 0 to 1.")
        if self.demand_error < 0:
            raise ConfigError(f"demand_error={self.demand_error:g} is below 0. Use 0 or more.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Markdowns:
    """`lines`: a row per product; `weeks`: a row per product and week. See `plan_markdowns`."""

    rules: MarkdownRules
    lines: pd.DataFrame
    weeks: pd.DataFrame


def plan_markdowns(
    products: pd.DataFrame, rules: MarkdownRules, *, season: FloatArray | None = None
) -> Markdowns:
    """A plan for each product, from product, price, units (a week), elasticity, error and stock.

    `season` (W,) or (P, W) says what each week sells against the week that `units` is of; 1 where
    it is not given. `lines` has product, stock, revenue with revenue_low and revenue_high (8 of 10
    cases) and what unsold units bring, sold (share, expected), sells_out (chance), left (units),
    kept_revenue and kept_sold (the same when the price stays), lowest (price) and note. `weeks` has
    product, week (from 0), price, cut, units and stock (at the end of the week), as expected.
    Products without an elasticity are in `lines` alone, with a note.
    """
    if missing := [name for name in _NEEDED if name not in products.columns]:
        raise PanelError(f"The products have no column {', '.join(missing)}.")
    if (wrong := ~(products["price"] > 0)).any():
        raise PanelError(
            f"The price of {first_of(list(products.loc[wrong, 'product']))} is not above zero."
        )
    shape = (len(products), rules.weeks)
    index = np.broadcast_to(np.ones(rules.weeks) if season is None else season, shape)
    plans = _plans(rules)
    made = [
        _plan(row, plans, index[at], rules)
        for at, row in enumerate(products.to_dict(orient="records"))
    ]
    weeks = [each for _, each in made if each is not None]
    return Markdowns(
        rules=rules,
        lines=pd.DataFrame([line for line, _ in made]),
        weeks=pd.concat(weeks, ignore_index=True) if weeks else _no_weeks(),
    )


def _no_weeks() -> pd.DataFrame:
    columns = ["product", "week", "price", "cut", "units", "stock"]
    return pd.DataFrame(columns=columns, dtype=np.float64)


def _plans(rules: MarkdownRules) -> IntArray:
    """Cuts (N, W) by their number, in every plan that only falls in at most `most_steps` steps."""
    starts = np.unique(np.linspace(0, rules.weeks, _STARTS + 1).astype(int)[:-1])
    cuts = len(rules.cuts)
    found = {tuple([0] * rules.weeks)}
    for steps in range(1, rules.most_steps + 1):
        for begins in combinations(starts.tolist(), steps):
            for levels in combinations(range(1, cuts), steps):
                plan = np.zeros(rules.weeks, dtype=int)
                for begin, level in zip(begins, levels, strict=True):
                    plan[begin:] = level
                found.add(tuple(plan.tolist()))
    return np.array(sorted(found))


def _plan(
    row: dict[Hashable, Any], plans: IntArray, season: FloatArray, rules: MarkdownRules
) -> tuple[dict[str, Any], pd.DataFrame | None]:
    price, units, elasticity, error, stock = (
        float(row[name]) for name in ("price", "units", "elasticity", "error", "stock")
    )
    line: dict[str, Any] = {"product": row["product"], "stock": stock, "note": ""}
    if not (np.isfinite(elasticity) and np.isfinite(units) and stock > 0):
        why = (
            "There is no stock to sell." if not stock > 0 else "There is no elasticity to plan by."
        )
        return line | {"note": why}, None
    cuts = np.sort(np.asarray(rules.cuts))
    prices = price * (1 - cuts)
    if rules.ending:
        prices = np.minimum(np.where(cuts > 0, charm(prices), price), price)
    demand = _demand(prices / price, units, (elasticity, error), season, rules)  # (S, L, W)
    sold, revenue = _played(demand, prices, plans, stock)  # (S, N, W), (S, N)
    total = sold.sum(axis=2)
    value = (revenue + rules.salvage * (stock - total)).mean(axis=0)
    share = total.mean(axis=0) / stock
    clears = share >= rules.sell_share
    best = int(np.where(clears, value, -np.inf).argmax()) if clears.any() else int(share.argmax())
    if not clears.any():
        line["note"] = f"At most {share[best]:.0%} of it sells in time. "
    if "lowest" in row and prices[plans[best]].min() < float(row["lowest"]) * 0.999:
        line["note"] += (
            f"Prices under {float(row['lowest']):,.2f} were never charged; their effect is a guess."
        )
    kept = int(np.flatnonzero((plans == 0).all(axis=1))[0])
    low, high = np.quantile(revenue[:, best], [0.1, 0.9])
    line |= {
        "revenue": revenue[:, best].mean() + rules.salvage * stock * (1 - share[best]),
        "revenue_low": low,
        "revenue_high": high,
        "sold": share[best],
        "sells_out": (total[:, best] >= stock * 0.999).mean(),
        "left": stock * (1 - share[best]),
        "kept_revenue": revenue[:, kept].mean(),
        "kept_sold": share[kept],
        "lowest": prices[plans[best]].min(),
    }
    expected = sold[:, best].mean(axis=0)
    weeks = pd.DataFrame(
        {
            "product": row["product"],
            "week": np.arange(rules.weeks),
            "price": prices[plans[best]],
            "cut": 1 - prices[plans[best]] / price,
            "units": expected,
            "stock": stock - np.cumsum(expected),
        }
    )
    return line, weeks


def _demand(
    relative: FloatArray,
    units: float,
    slope: tuple[float, float],
    season: FloatArray,
    rules: MarkdownRules,
) -> FloatArray:
    """Units wanted (S, L, W) at each price, relative to the price now, in each week."""
    rng = np.random.default_rng(0)
    drawn = np.minimum(slope[0] + slope[1] * rng.standard_normal(DRAWS), 0.0)
    level = np.exp(rules.demand_error * rng.standard_normal(DRAWS) - rules.demand_error**2 / 2)
    response = relative[None, :] ** drawn[:, None]
    return np.asarray(units * (level[:, None] * response)[:, :, None] * season)


def _played(
    demand: FloatArray, prices: FloatArray, plans: IntArray, stock: float
) -> tuple[FloatArray, FloatArray]:
    """Units sold (S, N, W) and their revenue (S, N), as long as the stock lasts."""
    draws, _, weeks = demand.shape
    left = np.full((draws, len(plans)), stock)
    sold = np.empty((draws, len(plans), weeks))
    revenue = np.zeros((draws, len(plans)))
    for week in range(weeks):
        sold[:, :, week] = np.minimum(demand[:, plans[:, week], week], left)
        left -= sold[:, :, week]
        revenue += sold[:, :, week] * prices[plans[:, week]]
    return sold, revenue
