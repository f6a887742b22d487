"""Scenarios: what would sell if prices, promotions or events were other than planned.

The trained model is asked twice, with the plan and with the changes, without training again. Where
a model answers a price in a way that the past contradicts, or reads no prices at all, the measured
elasticity answers instead. Shape suffixes: B series, H horizon, K known covariates, S paths.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray, IntArray
from forecasting.correlation import Correlation
from forecasting.forecast import Forecast
from forecasting.future import KnownFuture, fill_future, known_future_array
from forecasting.panel import Panel
from forecasting.paths import Positions, joint_scores, values_at
from forecasting.protocol import Forecaster
from forecasting.scenarios.changes import Change, described
from forecasting.scenarios.response import Changed, changed_forecast
from forecasting.scenarios.setting import MEASURES, Setting, means


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """A scenario beside the plan."""

    plan: Forecast
    scenario: Forecast
    totals: pd.DataFrame  # measure, plan, scenario, difference, low, high, better (share of paths)
    series: pd.DataFrame  # the same per series_id and measure, without `better`
    contributions: pd.DataFrame  # change, and the difference of each measure by it alone
    notes: tuple[str, ...]  # what to know before believing it


@dataclass(frozen=True, kw_only=True)
class Luck:
    """The chances that plan and scenario share."""

    correlation: Correlation | None  # between steps and series; None: steps as the plan says
    num_paths: int
    seed: int


def run_scenario(
    model: Forecaster,
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
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Totals and rows per series: plan, scenario, and the difference with its band."""
    gains = _gains(setting, plan, scenario, luck)
    old = means(setting, plan, setting.planned, setting.cost)
    new = means(setting, scenario.forecast, scenario.future, scenario.cost)
    tail = (1 - level) / 2
    totals, rows = [], []
    for name in MEASURES:
        known = np.isfinite(old[name]).all(axis=1) & np.isfinite(new[name]).all(axis=1)
        sums = old[name].sum(axis=1), new[name].sum(axis=1)
        difference = sums[1] - sums[0]
        centred = gains[name] - gains[name].mean(axis=1, keepdims=True) + difference[:, None]
        low, high = np.quantile(centred, [tail, 1 - tail], axis=1)
        rows.append(
            pd.DataFrame(
                {
                    "series_id": plan.series_ids,
                    "measure": name,
                    "plan": sums[0],
                    "scenario": sums[1],
                    "difference": difference,
                    "low": low,
                    "high": high,
                }
            )
        )
        whole = centred[known].sum(axis=0)
        ends = np.quantile(whole, [tail, 1 - tail]) if known.any() else (np.nan, np.nan)
        totals.append(
            {
                "measure": name,
                "plan": sums[0][known].sum() if known.any() else np.nan,
                "scenario": sums[1][known].sum() if known.any() else np.nan,
                "difference": difference[known].sum() if known.any() else np.nan,
                "low": ends[0],
                "high": ends[1],
                "better": float((whole > 0).mean()) if known.any() else np.nan,
            }
        )
    return pd.DataFrame(totals), pd.concat(rows, ignore_index=True)


def _gains(
    setting: Setting, plan: Forecast, scenario: Changed, luck: Luck
) -> dict[str, FloatArray]:
    """Scenario less plan (B, S) of each measure, over the horizon, both with the same luck."""
    chosen = luck.correlation or Correlation(step=plan.step_correlation)
    groups: list[tuple[IntArray, int, float]] = [
        (np.zeros(len(plan.series_ids), dtype=np.intp), 1, share)
        for at, share in chosen.shared.items()
        if share and at == ()
    ]
    rng, num_paths = np.random.default_rng(luck.seed), luck.num_paths
    count, steps = plan.mean.shape
    before, after = setting.price(setting.planned), setting.price(scenario.future)
    with np.errstate(invalid="ignore"):
        moved = np.nan_to_num(np.log(after) - np.log(before))
    doubt = rng.standard_normal((count, num_paths)) * np.nan_to_num(setting.error)[:, None]
    gains = {name: np.zeros((count, num_paths), dtype=np.float64) for name in MEASURES}
    scores = joint_scores(count, num_paths, groups, rng)
    for step in range(steps):
        if step:
            fresh = joint_scores(count, num_paths, groups, rng)
            scores = chosen.step * scores + np.float32(np.sqrt(1 - chosen.step**2)) * fresh
        places = Positions.of(scores, plan)
        was = values_at(plan, step, places).astype(np.float64)
        is_now = values_at(scenario.forecast, step, places).astype(np.float64)
        if moved[:, step].any():  # how sure the answer to the price is
            is_now = is_now * np.exp(np.clip(doubt * moved[:, step, None], -1.0, 1.0))
        gains["units"] += is_now - was
        gains["revenue"] += is_now * after[:, step, None] - was * before[:, step, None]
        margin = after[:, step] - scenario.cost[:, step]
        margin_before = before[:, step] - setting.cost[:, step]
        gains["margin"] += is_now * margin[:, None] - was * margin_before[:, None]
    return gains
