"""How sales answer a change: the model's answer, unless the past contradicts it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasting.arrays import FloatArray
from forecasting.errors import ConfigError, PanelError
from forecasting.forecast import Forecast
from forecasting.panel import Panel
from forecasting.scenarios.changes import DAILY, Change, cells_of
from forecasting.scenarios.setting import Answering, Setting, scaled, times
from forecasting.validation import first_of

MOVED = 1e-4  # of log price; smaller changes are none
SLACK = 2.0  # standard errors by which a model's response may leave the measured elasticity


@dataclass(frozen=True, kw_only=True, eq=False)
class Changed:
    """What the changes make of the plan."""

    forecast: Forecast
    future: FloatArray  # (B, H, K) the known covariates
    cost: FloatArray  # (B, H) of a unit
    notes: tuple[str, ...] = ()  # what to know before believing it


def changed_forecast(
    model: Answering,
    panel: Panel,
    setting: Setting,
    plan: Forecast,
    changes: Sequence[Change],
) -> Changed:
    """The plan with the changes; raises `ConfigError` or `PanelError` for ones that cannot be."""
    future, cost = setting.planned.copy(), setting.cost.copy()
    for change in changes:
        if change.kind in DAILY:
            raise ConfigError(
                f"A {change.kind.replace('_', ' ')} needs the plan of every day. Use run_planned()."
            )
        cells = cells_of(panel, plan, change)
        if change.kind == "covariate":
            if change.column not in panel.known_names:
                raise ConfigError(
                    f"The model knows no {change.column!r}. It was given "
                    f"{first_of(panel.known_names) if panel.known_names else 'nothing ahead'}."
                )
            column = future[:, :, panel.known_names.index(change.column)]
            column[cells] = change.of(column[cells])
        elif change.kind == "cost":
            cost[cells] = change.of(cost[cells])
    scenario, notes = answered(model, panel, setting, plan, future)
    for change in changes:
        if change.kind in ("demand", "stock_out"):
            cells = cells_of(panel, plan, change)
            nothing = replace(change, how="to", value=0.0)
            scenario = scaled(scenario, cells, nothing if change.kind == "stock_out" else change)
    return Changed(forecast=scenario, future=future, cost=cost, notes=tuple(notes))


def answered(
    model: Answering,
    panel: Panel,
    setting: Setting,
    plan: Forecast,
    future: FloatArray,
    *,
    warn_of_prices: bool = True,
) -> tuple[Forecast, list[str]]:
    """The forecast under another future (B, H, K), as far as it can be believed, and notes.

    Raises `PanelError` for a price of zero or less.
    """
    prices = setting.price(future)
    if (prices <= 0).any():
        rows = np.flatnonzero((prices <= 0).any(axis=1))
        raise PanelError(
            f"The change makes the price zero or negative for "
            f"{first_of(list(panel.series_ids[rows]))}. Give a price above zero."
        )
    notes = beyond_experience(panel, setting, prices) if warn_of_prices else []
    if np.array_equal(future, setting.planned, equal_nan=True):
        return plan, notes
    scenario, more = credible(
        model, panel, setting, plan, model.predict(panel, known_future=future), future
    )
    return scenario, notes + more


def beyond_experience(panel: Panel, setting: Setting, prices: FloatArray) -> list[str]:
    """A sentence on prices that were never charged."""
    planned = setting.price(setting.planned)
    changed = np.abs(prices - planned) > 1e-9
    low, high = (each[:, None] for each in setting.seen)
    with np.errstate(invalid="ignore"):
        outside = changed & ((prices < low * 0.999) | (prices > high * 1.001))
    rows = np.flatnonzero(outside.any(axis=1))
    if not len(rows):
        return []
    row = int(rows[0])
    step = int(np.argmax(outside[row]))
    seen = setting.seen[0][row] if prices[row, step] < low[row, 0] else setting.seen[1][row]
    word = "lowest" if prices[row, step] < low[row, 0] else "highest"
    more = f" The same holds for {len(rows) - 1} more." if len(rows) > 1 else ""
    return [
        f"{prices[row, step]:,.2f} was never charged for {panel.series_ids[row]} ({word} so far: "
        f"{seen:,.2f}). The effect is a guess.{more}"
    ]


def credible(
    model: Answering,
    panel: Panel,
    setting: Setting,
    plan: Forecast,
    scenario: Forecast,
    future: FloatArray,
) -> tuple[Forecast, list[str]]:
    """The scenario with prices answered by the elasticity where the model's answer is not credible.

    Judged per series over the changed steps: the response that prices alone bring about, in logs
    over the change of price in logs, against the measured elasticity.
    """
    ratio = np.log(setting.price(future)) - np.log(setting.price(setting.planned))
    moved = np.nan_to_num(np.abs(ratio)) > MOVED
    known = np.isfinite(setting.elasticity)
    rows = moved.any(axis=1)
    if not rows.any():
        return scenario, []
    at = setting.price_at
    others = future.copy()
    others[:, :, at] = setting.planned[:, :, at]
    reads = model.uses_known_covariates
    same = np.array_equal(others, setting.planned, equal_nan=True)
    unpriced = plan if same or not reads else model.predict(panel, known_future=others)
    with np.errstate(divide="ignore", invalid="ignore"):
        answer = np.log(scenario.mean.clip(1e-9)) - np.log(unpriced.mean.clip(1e-9))
    weight = np.where(moved, unpriced.mean.clip(0) * np.sign(ratio) * np.abs(ratio), 0.0)
    implied = np.divide(
        (np.sign(weight) * np.abs(weight) * answer).sum(axis=1),
        (weight * ratio).sum(axis=1),
        out=np.zeros(len(rows)),
        where=np.abs((weight * ratio).sum(axis=1)) > 0,
    )
    wrong = rows & known & (np.abs(implied - setting.elasticity) > SLACK * setting.error)
    if not reads:
        wrong = rows & known
    notes = []
    factor = np.exp(np.where(moved, setting.elasticity[:, None] * np.nan_to_num(ratio), 0.0))
    corrected = times(unpriced, np.where(wrong[:, None], factor, 1.0))
    scenario = replace(
        scenario,
        mean=np.where(wrong[:, None], corrected.mean, scenario.mean),
        quantiles=np.where(wrong[:, None, None], corrected.quantiles, scenario.quantiles),
    )
    if not reads:
        notes.append(
            f"{model.name} reads no prices: the measured elasticity answers for all products."
        )
    elif wrong.any():
        notes.append(
            f"The model's answer to the price was not credible for {int(wrong.sum())} of "
            f"{int(rows.sum())} products; the measured elasticity answers there."
        )
    if (rows & ~known).any() and (not reads or (implied[rows & ~known] > 0).any()):
        notes.append(
            f"{int((rows & ~known).sum())} products have no measured elasticity: their answer to "
            "the price is the model's alone."
        )
    return scenario, notes
