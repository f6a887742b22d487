"""Scenarios over a plan of days: by what was measured, or by a trained model.

A base forecast in days or weeks says what would sell as planned; a plan of days says at which
prices. Shape suffixes: B series, H steps of the forecast, D days.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.correlation import Correlation
from forecasting.errors import ConfigError
from forecasting.forecast import Forecast
from forecasting.panel import Panel
from forecasting.scenarios.changes import Change, described
from forecasting.scenarios.daily import DailyPlan
from forecasting.scenarios.luck import Doubt, Side, gains, summed
from forecasting.scenarios.measured import Response, answer, unknown_prices, widened
from forecasting.scenarios.outcome import Outcome
from forecasting.scenarios.response import answered
from forecasting.scenarios.setting import MEASURES, Answering, Setting
from forecasting.scenarios.siblings import Cross

BEYOND = 2.0  # times the error of an elasticity where a price was never charged


@dataclass(frozen=True, kw_only=True, eq=False)
class Base:
    """What would sell as planned.

    `within` (B, D) is the share of its step that a day has; `step_of_day` (D,) says which step.
    `seen` are the lowest and highest price (B,) so far.
    """

    forecast: Forecast
    plan: DailyPlan
    within: FloatArray
    step_of_day: IntArray
    seen: tuple[FloatArray, FloatArray]

    def __post_init__(self) -> None:
        shape = (len(self.forecast.series_ids), len(self.plan.days))
        if self.within.shape != shape or len(self.step_of_day) != shape[1]:
            raise ConfigError(f"within is {self.within.shape}; it must be {shape}.")
        if (np.diff(self.step_of_day) < 0).any():
            raise ConfigError("The days must be in the order of the steps.")

    @classmethod
    def of(
        cls,
        forecast: Forecast,
        plan: DailyPlan,
        seen: tuple[FloatArray, FloatArray],
        *,
        shares: FloatArray | None = None,
    ) -> "Base":
        """Days are put into the steps that they lie in; `shares` (B, D) weigh them, else equal."""
        steps = np.searchsorted(forecast.timestamps, plan.days, side="right") - 1
        if (steps < 0).any():
            raise ConfigError(
                f"The plan begins on {plan.days[0]:%-d %b %Y}, before the forecast on "
                f"{forecast.timestamps[0]:%-d %b %Y}."
            )
        weights = np.ones((len(plan.series_ids), len(plan.days))) if shares is None else shares
        starts = np.searchsorted(steps, np.arange(len(forecast.timestamps)))
        whole = np.add.reduceat(weights, starts, axis=1)[:, steps]
        return cls(
            forecast=forecast, plan=plan, within=weights / whole, step_of_day=steps, seen=seen
        )  # fmt: skip

    def to_steps(self, values: FloatArray) -> FloatArray:
        """Sums (B, H) over the days of each step, of values (B, D) by what a day sells."""
        starts = np.searchsorted(self.step_of_day, np.arange(len(self.forecast.timestamps)))
        return np.asarray(np.add.reduceat(self.within * values, starts, axis=1))


def run_measured(
    base: Base,
    rows: Sequence[Sequence[Change]],
    response: Response,
    *,
    cross: Cross | None = None,
    names: Sequence[str] = (),
    correlation: Correlation | None = None,
    num_paths: int = 500,
    level: float = 0.8,
    seed: int = 0,
) -> Outcome:
    """The scenario by measured elasticities and uplifts, on any forecast: no model is asked.

    `rows` are changes that belong together, as a line of a table; each is also worked out alone
    and named by `names`. `contributions` has column `around` besides: of the units, those that are
    bought before or after promotions instead, and `beside_units`, `beside_revenue` and
    `beside_margin`: what siblings sell less, by `cross` (None: nothing).
    """
    edited = base.plan.edited(*(change for row in rows for change in row))
    outside = beyond(base, edited)
    found = answer(base.plan, edited, response)
    unsure = widened(response, outside, BEYOND)
    share = _share(base, edited, response, cross)
    taken = 1.0 if cross is None else cross.factor(share)
    before, after = _side(base, base.plan, None), _side(base, edited, found.factor * taken)
    known = np.maximum(after.units, 1e-12)
    doubts = [
        Doubt(error=unsure.error, move=base.to_steps(found.factor * found.price_move) / known),
        Doubt(
            error=unsure.uplift_error, move=base.to_steps(found.factor * found.promo_move) / known
        ),
        *_doubts(base, cross, share),
    ]
    paths = gains(
        base.forecast, base.forecast, before, after, doubts=doubts, correlation=correlation,
        num_paths=num_paths, seed=seed,
    )  # fmt: skip
    totals, series, steps = summed(base.forecast, base.forecast, before, after, paths, level=level)
    alone = [_alone(base, before, row, response, cross) for row in rows]
    notes = [*_never_charged(base, edited, outside)]
    if without := unknown_prices(base.plan, edited, response):
        notes.append(
            f"{without} of the series have no measured elasticity: their sales stay as they are."
        )
    return Outcome(
        plan=base.forecast,
        scenario=_scenario(base.forecast, after.units),
        totals=totals,
        series=series,
        steps=steps,
        contributions=contributions(rows, names, alone),
        notes=tuple(notes),
    )


def _scenario(forecast: Forecast, units: FloatArray) -> Forecast:
    return replace(
        forecast, mean=forecast.mean * units, quantiles=forecast.quantiles * units[:, :, None]
    )


def _share(base: Base, edited: DailyPlan, response: Response, cross: Cross | None) -> FloatArray:
    """Share (B, D) of the siblings that are promoted more than planned."""
    if cross is None:
        return np.zeros(base.plan.price.shape)
    return cross.share(base.plan, edited, response)


def _doubts(base: Base, cross: Cross | None, share: FloatArray) -> list[Doubt]:
    """How unsure it is what siblings lose."""
    return [] if cross is None else [Doubt(error=cross.doubt, move=base.to_steps(share))]


def _side(base: Base, plan: DailyPlan, times: FloatArray | None) -> Side:
    """What a unit of the forecast becomes under a plan, by how much is sold of it (B, D)."""
    factor = np.ones(plan.price.shape) if times is None else times
    return Side(
        units=base.to_steps(factor),
        revenue=base.to_steps(_worth(factor, plan.price)),
        margin=base.to_steps(_worth(factor, plan.price - plan.cost)),
    )


def _worth(factor: FloatArray, money: FloatArray) -> FloatArray:
    """Money (B, D); of what sells nothing it is nothing, whatever its price."""
    return np.where(factor == 0, np.where(np.isfinite(money), 0.0, money), factor * money)


def _alone(
    base: Base, before: Side, row: Sequence[Change], response: Response, cross: Cross | None
) -> dict[str, float]:
    """The difference that one line makes to each measure, around promotions and beside it."""
    edited = base.plan.edited(*row)
    found, mean = answer(base.plan, edited, response), base.forecast.mean
    own = _side(base, edited, found.factor)
    after = own
    if cross is not None:
        taken = cross.factor(cross.share(base.plan, edited, response))
        after = _side(base, edited, found.factor * taken)
    made = {
        name: _total(mean * (getattr(after, name) - getattr(before, name))) for name in MEASURES
    }
    direct = base.to_steps(found.direct)
    return made | _beside(mean, own, after) | {"around": float((mean * (own.units - direct)).sum())}


def _beside(mean: FloatArray, own: Side, after: Side) -> dict[str, float]:
    """What siblings gain or lose of each measure."""
    return {
        f"beside_{name}": _total(mean * (getattr(after, name) - getattr(own, name)))
        for name in MEASURES
    }


def _total(values: FloatArray) -> float:
    """The sum over series whose money is known; NaN where none is."""
    known = np.isfinite(values).all(axis=1)
    return float(values[known].sum()) if known.any() else np.nan


def contributions(
    rows: Sequence[Sequence[Change]], names: Sequence[str], alone: Sequence[dict[str, float]]
) -> pd.DataFrame:
    """One row per line of changes: its name, and what it alone does."""
    said = list(names) or [row[0].name or described(row[0]) if row else "nothing" for row in rows]
    beside = [f"beside_{name}" for name in MEASURES]
    frame = pd.DataFrame(list(alone), columns=[*MEASURES, "around", *beside], dtype=float)
    frame.insert(0, "change", said)
    return frame


def beyond(base: Base, edited: DailyPlan) -> BoolArray:
    """The series (B,) whose new price was never charged."""
    low, high = base.seen
    with np.errstate(invalid="ignore"):
        changed = np.abs(edited.price - base.plan.price) > 1e-9
        outside = (edited.price < low[:, None] * 0.999) | (edited.price > high[:, None] * 1.001)
    return np.asarray((changed & outside).any(axis=1))


def _never_charged(base: Base, edited: DailyPlan, outside: BoolArray) -> list[str]:
    rows = np.flatnonzero(outside)
    if not len(rows):
        return []
    row, (low, high) = int(rows[0]), base.seen
    prices, planned = edited.price[row], base.plan.price[row]
    strange = (np.abs(prices - planned) > 1e-9) & (
        (prices < low[row] * 0.999) | (prices > high[row] * 1.001)
    )
    price = float(prices[int(np.argmax(strange))])
    word, seen = ("lowest", low[row]) if price < low[row] else ("highest", high[row])
    more = f" The same holds for {len(rows) - 1} more." if len(rows) > 1 else ""
    return [
        f"{price:,.2f} was never charged for {base.plan.series_ids[row]} ({word} so far: "
        f"{seen:,.2f}). The effect is a guess; its band is wider.{more}"
    ]


def run_planned(
    model: Answering,
    panel: Panel,
    known_future: FloatArray,
    base: Base,
    rows: Sequence[Sequence[Change]],
    response: Response,
    *,
    price: str = "price",
    promo: str = "promo",
    cross: Cross | None = None,
    names: Sequence[str] = (),
    correlation: Correlation | None = None,
    num_paths: int = 500,
    level: float = 0.8,
    seed: int = 0,
) -> Outcome:
    """The scenario by a trained model that reads prices, asked again with the edited plan.

    `base.forecast` is its forecast of `known_future` (B, H, K). Series that a change leaves alone
    are not asked again. What the model says about a price stands unless `response` contradicts it.
    """
    asked = _Asked.of(model, panel, known_future, base, response, cross, price, promo)
    edited = base.plan.edited(*(change for row in rows for change in row))
    scenario, notes = asked.scenario(edited)
    before, after = asked.side(base.plan), asked.side(edited)
    moved = asked.price_move(edited)
    outside = beyond(base, edited)
    paths = gains(
        base.forecast, scenario, before, after,
        doubts=[
            Doubt(error=widened(response, outside, BEYOND).error, move=moved),
            *_doubts(base, cross, _share(base, edited, response, cross)),
        ],
        correlation=correlation, num_paths=num_paths, seed=seed,
    )  # fmt: skip
    totals, series, steps = summed(
        base.forecast, scenario, before, after, paths, level=level, groups=_weeks(base.forecast)
    )
    alone = []
    for row in rows:
        one = edited if len(rows) == 1 else base.plan.edited(*row)
        its, _ = (scenario, notes) if len(rows) == 1 else asked.scenario(one)
        its_side = asked.side(one)
        made = {
            name: _total(
                its.mean * getattr(its_side, name) - base.forecast.mean * getattr(before, name)
            )
            for name in MEASURES
        }
        alone.append(made | asked.beside(one, its.mean) | {"around": 0.0})
    return Outcome(
        plan=base.forecast,
        scenario=_scenario(scenario, after.units),
        totals=totals,
        series=series,
        steps=steps,
        contributions=contributions(rows, names, alone),
        notes=(*_never_charged(base, edited, outside), *notes),
    )


def _weeks(forecast: Forecast) -> IntArray | None:
    """Weeks of the steps of a forecast by day, from its first day on; None for longer steps."""
    if len(forecast.timestamps) < 2:
        return None
    days = (forecast.timestamps - forecast.timestamps[0]).days.to_numpy()
    return None if days[1] >= 7 else np.asarray(days // 7, dtype=np.intp)


@dataclass(frozen=True, eq=False)
class _Asked:
    """A trained model and what it is asked with."""

    model: Answering
    panel: Panel
    setting: Setting
    base: Base
    response: Response
    cross: Cross | None
    price: str
    promo: str

    @classmethod
    def of(
        cls,
        model: Answering,
        panel: Panel,
        future: FloatArray,
        base: Base,
        response: Response,
        cross: Cross | None,
        price: str,
        promo: str,
    ) -> "_Asked":
        if price not in panel.known_names:
            raise ConfigError(f"The model {model.name} was trained without {price!r}.")
        table = pd.DataFrame(
            {
                "series_id": panel.series_ids,
                "elasticity": response.elasticity,
                "error": response.error,
            }
        )
        setting = Setting.of(panel, future, price, None, table)
        return cls(model, panel, setting, base, response, cross, price, promo)  # fmt: skip

    def future(self, edited: DailyPlan) -> FloatArray:
        """The known future (B, H, K) under an edited plan."""
        future, plan = self.setting.planned.copy(), self.base.plan
        at = self.panel.known_names.index(self.price)
        with np.errstate(invalid="ignore"):
            times = self.base.to_steps(edited.price) / self.base.to_steps(plan.price)
        future[:, :, at] *= np.where(np.isfinite(times), times, 1.0)
        if self.promo in self.panel.known_names:
            more = self.base.to_steps(edited.promo - plan.promo)
            at = self.panel.known_names.index(self.promo)
            future[:, :, at] = np.clip(future[:, :, at] + more, 0.0, 1.0)
        return future

    def price_move(self, edited: DailyPlan) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            new = np.log(self.setting.price(self.future(edited)))
            return np.asarray(np.nan_to_num(new - np.log(self.setting.price(self.setting.planned))))

    def scenario(self, edited: DailyPlan) -> tuple[Forecast, list[str]]:
        """The model's forecast under the edited plan, before what sells anyway is changed."""
        future, plan = self.future(edited), self.base.forecast
        touched = (future != self.setting.planned).any(axis=(1, 2))
        if not touched.any():
            return plan, []
        setting = self.setting.only(touched)
        part = replace(
            plan, mean=plan.mean[touched], quantiles=plan.quantiles[touched],
            series_ids=plan.series_ids[touched],
        )  # fmt: skip
        panel = self.panel.subset(self.panel.series_ids[touched])
        found, notes = answered(
            self.model, panel, setting, part, future[touched], warn_of_prices=False
        )
        mean, quantiles = plan.mean.copy(), plan.quantiles.copy()
        mean[touched], quantiles[touched] = found.mean, found.quantiles
        return replace(plan, mean=mean, quantiles=quantiles), notes

    def side(self, plan: DailyPlan) -> Side:
        """What a unit of the model's forecast becomes: demand, siblings, prices and costs."""
        if self.cross is None:
            return _side(self.base, plan, plan.demand)
        share = _share(self.base, plan, self.response, self.cross)
        return _side(self.base, plan, plan.demand * self.cross.factor(share))

    def beside(self, plan: DailyPlan, mean: FloatArray) -> dict[str, float]:
        """What siblings gain or lose of each measure, which the model does not see."""
        return _beside(mean, _side(self.base, plan, plan.demand), self.side(plan))
