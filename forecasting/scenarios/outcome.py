"""Scenarios: what would sell if prices, promotions or events were other than planned.

The trained model is asked twice, with the plan and with the changes, without training again. Where
a model answers a price in a way that the past contradicts, or reads no prices at all, the measured
elasticity answers instead. Shape suffixes: B series, H horizon, K known covariates, S paths.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray
from forecasting.correlation import Correlation
from forecasting.forecast import Forecast
from forecasting.future import KnownFuture, fill_future, known_future_array
from forecasting.panel import Panel
from forecasting.scenarios.changes import Change, described
from forecasting.scenarios.luck import Doubt, Side, gains, summed
from forecasting.scenarios.response import Changed, changed_forecast
from forecasting.scenarios.setting import MEASURES, Answering, Setting, means


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """A scenario beside the plan."""

    plan: Forecast
    scenario: Forecast
    totals: pd.DataFrame  # measure, plan, scenario, difference, low, high, better (share of paths)
    series: pd.DataFrame  # the same per series_id and measure, without `better`
    steps: pd.DataFrame  # the same per timestamp and measure
    contributions: pd.DataFrame  # change, and the difference of each measure by it alone
    notes: tuple[str, ...]  # what to know before believing it


@dataclass(frozen=True, kw_only=True)
class Luck:
    """The chances that plan and scenario share."""

    correlation: Correlation | None  # between steps and series; None: steps as the plan says
    num_paths: int
    seed: int


def run_scenario(
    model: Answering,
    panel: Panel,
    changes: Sequence[Change],
    *,
    known_future: KnownFuture | None = None,
    price: str | None = "price",
    unit_cost: pd.Series | None = None,
    elasticity: pd.DataFrame | None = None,
    correlation: Correlation | None = None,
    num_paths: int = 500,
    level: float = 0.8,
    seed: int = 0,
) -> Outcome:
    """Forecast the panel as planned and as changed, and compare them path by path.

    `price` names the known covariate that is money per unit (None: no money). `unit_cost` is
    indexed by series_id. `elasticity` has series_id, elasticity and error (standard error): prices
    that the model answers outside that range by more than two errors are answered by it, and its
    error widens the bands. Both forecasts see the same luck (common random numbers), so the bands
    of a difference are those of the difference, not of two forecasts; `low` and `high` hold
    `level` of the paths. Raises `ConfigError` for a change that touches nothing.
    """
    horizon = model.config.horizon
    if known_future is None:
        known_future = fill_future(panel, horizon)
    planned = known_future_array(panel, known_future, horizon)
    setting = Setting.of(panel, planned, price, unit_cost, elasticity)
    plan = model.predict(panel, known_future=planned)
    scenario = changed_forecast(model, panel, setting, plan, changes)
    luck = Luck(correlation=correlation, num_paths=num_paths, seed=seed)
    together = compared(setting, plan, scenario, luck, level=level)
    alone = []
    for change in changes:
        one = (
            scenario
            if len(changes) == 1
            else changed_forecast(model, panel, setting, plan, [change])
        )
        money = means(setting, one.forecast, one.future, one.cost)
        before = means(setting, plan, planned, setting.cost)
        row = {name: float(np.nansum(money[name] - before[name])) for name in MEASURES}
        alone.append({"change": change.name or described(change)} | row)
    return Outcome(
        plan=plan,
        scenario=scenario.forecast,
        totals=together[0],
        series=together[1],
        steps=together[2],
        contributions=pd.DataFrame(alone, columns=["change", *MEASURES]),
        notes=scenario.notes,
    )


def compared(
    setting: Setting,
    plan: Forecast,
    scenario: Changed,
    luck: Luck,
    *,
    level: float,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Totals, rows per series and rows per step: the difference with its band."""
    before = side(setting.price(setting.planned), setting.cost)
    after = side(setting.price(scenario.future), scenario.cost)
    with np.errstate(invalid="ignore"):
        moved = np.log(setting.price(scenario.future)) - np.log(setting.price(setting.planned))
    found = gains(
        plan,
        scenario.forecast,
        before,
        after,
        doubts=[Doubt(error=setting.error, move=moved)],
        correlation=luck.correlation,
        num_paths=luck.num_paths,
        seed=luck.seed,
    )
    return summed(plan, scenario.forecast, before, after, found, level=level)


def side(price: FloatArray, cost: FloatArray) -> Side:
    """What a unit is worth at a price and cost (B, H)."""
    return Side(units=np.ones(price.shape), revenue=price, margin=price - cost)
