"""Working out a scenario: lines to rules, the weeks to compare, and the result as plain values.

Knows no Streamlit. A result is JSON, so that it is kept beside its scenario and opened at once.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd

import forecasting as fc
from data.inventory import PAIR
from forecasting.errors import ForecastingError
from forecasting.panel import Panel
from forecasting.protocol import Forecaster
from forecasting.scenarios import Base, Cross, Outcome, Response, run_measured, run_planned
from forecasting.scenarios.setting import MEASURES
from ui import format as fmt
from ui import what_if_costs as costs
from ui import what_if_ground as grounds
from ui import what_if_kinds as kinds
from ui import what_if_rules as rules
from ui import what_if_values as values
from ui.what_if_ground import Ahead
from ui.what_if_kinds import Line, RuleError
from ui.what_if_rules import Rule, Shop

WEEKS = 13  # that are compared, as long as all changes fit in
BEFORE, AFTER = 2, 4  # weeks around changes that lie further ahead
SOON = 91  # days in which the stock of today says something
BESIDE = tuple(f"beside_{name}" for name in MEASURES)  # what siblings gain or lose
Result = dict[str, Any]
Beside = Literal["told", "untold", "off"]  # whether what siblings lose is counted
Dated = Callable[[Rule, Shop], Rule]  # completes a rule of an event


@dataclass(frozen=True, kw_only=True, eq=False)
class Answerer:
    """What answers: a forecast with measured responses, or a trained model."""

    ahead: Ahead
    forecast: fc.Forecast  # of all steps
    response: Response
    name: str = ""  # of the run; "" for measured responses
    model: Forecaster | None = None
    panel: Panel | None = None
    future: Any = None  # (B, H, K) as planned
    cross: Cross | None = None  # what cheaper products take from others
    beside: Beside = "untold"

    @property
    def first_day(self) -> date:
        return (pd.Timestamp(self.ahead.last_day) + pd.Timedelta(days=1)).date()

    @property
    def last_day(self) -> date:
        """The last day that is forecast."""
        days = grounds.days_of(self.forecast, 0, len(self.forecast.timestamps))
        return pd.Timestamp(days[-1]).date()


@dataclass(frozen=True, kw_only=True)
class Weeks:
    """Which steps of a forecast are compared, the last one exclusive."""

    first: int = 0
    last: int = WEEKS

    @property
    def key(self) -> str:
        return f"{self.first}-{self.last}"


@dataclass(frozen=True, kw_only=True)
class Read:
    """What the lines of a scenario mean, and which mean nothing."""

    rules: tuple[Rule, ...]
    problems: Mapping[int, str] = field(default_factory=dict)  # by number of the line


def read(lines: Sequence[Line], shop: Shop, dated: Dated | None = None) -> Read:
    """The rules of the lines that are on; what is wrong with others is said."""
    found, problems = [], {}
    for number, line in enumerate(lines):
        if not line.on:
            continue
        try:
            rule = rules.rule_of(number, line, shop)
            if line.kind in kinds.EVENTS:
                if dated is None:
                    raise RuleError("Events cannot be changed here.")
                rule = dated(rule, shop)
            found.append(rule)
        except RuleError as error:
            problems[number] = str(error)
    return Read(rules=tuple(found), problems=problems)


def weeks_of(lines: Sequence[Line], first_day: date, count: int, length: int = WEEKS) -> Weeks:
    """The weeks that hold all changes: the next ones, or those around changes further ahead.

    `count` weeks are forecast from `first_day` on.

    >>> near, far = Line(first="2026-11-23"), Line(first="2027-11-10")
    >>> weeks_of([near], date(2026, 11, 20), 65), weeks_of([far], date(2026, 11, 20), 65)
    (Weeks(first=0, last=13), Weeks(first=48, last=61))
    """
    days = []
    for line in lines:
        for day in _days_named(line) if line.on else ():
            days.append((day - first_day).days // 7)
    days = [each for each in days if 0 <= each < count]
    if not days or max(days) < length:
        return Weeks(last=min(length, count))
    begin = max(0, min(days) - BEFORE)
    last = min(count, max(begin + length, max(days) + AFTER))
    return Weeks(first=max(0, min(begin, last - length)), last=last)


def _days_named(line: Line) -> list[date]:
    """First and last day of a line, and of where a promotion moves to."""
    found = [day for text in (line.first, line.last) if (day := kinds.day_of(text)) is not None]
    if line.kind == kinds.MOVE and found:
        try:
            shift = values.shift_of(line.value, pd.Timestamp(found[0]))
        except RuleError:  # said beside the line
            return found
        found += [day + timedelta(days=shift) for day in found]
    return found


def run(
    answerer: Answerer, lines: Sequence[Line], shop: Shop, weeks: Weeks, dated: Dated | None = None
) -> Result:
    """Everything that the screen shows of a scenario."""
    found = read(lines, shop, dated)
    base = grounds.base(answerer.ahead, answerer.forecast, weeks.first, weeks.last)
    kept, problems = [], dict(found.problems)
    for rule in found.rules:
        try:
            base.plan.edited(*_within(rule, base))
            kept.append(rule)
        except ForecastingError as error:
            problems[rule.number] = named(str(error), shop)
    kept = _possible_together(base, kept, problems, shop)
    outcome = _outcome(answerer, base, kept)
    result = _result(answerer, outcome, base, kept, problems, shop, weeks)
    edited = base.plan.edited(*(each for rule in kept for each in _within(rule, base)))
    below = costs.below(base, edited, outcome, answerer.ahead.pairs["product_id"])
    return result | {"below": costs.said(below, shop.names, shop.currency) if below else ""}


def _within(rule: Rule, base: Base) -> tuple[Any, ...]:
    """The changes of a rule that touch the days that are compared."""
    first, last = base.plan.days[0], base.plan.days[-1]
    touching = [each for each in rule.changes if each.last >= first and each.first <= last]
    return tuple(touching or rule.changes)


def _possible_together(
    base: Base, kept: list[Rule], problems: dict[int, str], shop: Shop
) -> list[Rule]:
    """Rules without those that fail after the ones before them, as a price cut below zero."""
    plan, possible = base.plan, []
    for rule in kept:
        try:
            plan = plan.edited(*_within(rule, base))
            possible.append(rule)
        except ForecastingError as error:
            problems[rule.number] = "Together with the lines above: " + named(str(error), shop)
    return possible


def _outcome(answerer: Answerer, base: Base, kept: Sequence[Rule]) -> Outcome:
    rows = [_within(rule, base) for rule in kept]
    names = [rule.line.title for rule in kept]
    if answerer.model is None or answerer.panel is None:
        return run_measured(base, rows, answerer.response, cross=answerer.cross, names=names)
    return run_planned(
        answerer.model,
        answerer.panel,
        answerer.future,
        base,
        rows,
        answerer.response,
        cross=answerer.cross,
        names=names,
    )


def _result(
    answerer: Answerer,
    outcome: Outcome,
    base: Base,
    kept: Sequence[Rule],
    problems: Mapping[int, str],
    shop: Shop,
    weeks: Weeks,
) -> Result:
    totals = {
        str(row["measure"]): {
            name: _plain(row[name])
            for name in ("plan", "scenario", "difference", "low", "high", "better")
        }
        for row in outcome.totals.to_dict("records")
    }
    steps = {
        name: {
            column: [_plain(value) for value in outcome.steps.loc[of, column]]
            for column in ("plan", "difference", "low", "high")
        }
        for name in MEASURES
        for of in [outcome.steps["measure"] == name]
    }
    stamps = outcome.steps.loc[outcome.steps["measure"] == "units", "timestamp"]
    parts = [
        {"line": rule.number, "title": rule.line.title}
        | {name: _plain(row[name]) for name in (*MEASURES, "around", *BESIDE)}
        for rule, row in zip(kept, outcome.contributions.to_dict("records"), strict=True)
    ]
    notes = [*(note for rule in kept for note in rule.notes), *outcome.notes]
    notes += [note for rule in kept for note in _past_the_end(rule, base)]
    return {
        "totals": totals,
        "weeks": [f"{each:%Y-%m-%d}" for each in stamps],
        "steps": steps,
        "parts": parts,
        "problems": {str(number): text for number, text in problems.items()},
        "notes": [named(note, shop) for note in dict.fromkeys(notes)],
        "stock": _stock(answerer, outcome, kept, weeks),
        "by": answerer.name,
        "beside": answerer.beside,
        "first": f"{base.plan.days[0]:%Y-%m-%d}",
        "last": f"{base.plan.days[-1]:%Y-%m-%d}",
        "series": len(answerer.ahead.pairs),
        "costless": int(np.isnan(answerer.ahead.unit_cost).sum()),
        "priceless": int(np.isnan(answerer.ahead.regular).sum()),
    }


def _past_the_end(rule: Rule, base: Base) -> list[str]:
    """Says where a promotion is moved partly out of the days that are compared."""
    plan = base.plan
    with np.errstate(invalid="ignore"):
        on = (plan.promo > 0) | (plan.price < plan.regular * 0.999)
    for each in rule.changes:
        if each.kind != "move_promotion":
            continue
        rows = slice(None) if each.series is None else plan.series_ids.isin(each.series)
        moved = plan.days[np.flatnonzero(on[rows].any(axis=0))]
        moved = moved[(moved >= each.first) & (moved <= each.last)] + timedelta(days=each.shift)
        if len(moved) and moved[-1] > plan.days[-1]:
            return [
                f"Line {rule.number + 1} moves a promotion past {fmt.day(plan.days[-1])}, where "
                "what is compared ends: what it sells after that is not counted."
            ]
    return []


def _plain(value: Any) -> float | None:
    """A number for JSON; None where it is not known."""
    return float(f"{value:.8g}") if isinstance(value, float) and math.isfinite(value) else None


def _stock(
    answerer: Answerer, outcome: Outcome, kept: Sequence[Rule], weeks: Weeks
) -> dict[str, Any] | None:
    """Products that the stock of today and known deliveries do not last for, until the changes end.

    None where no stock is known, or the changes end too far ahead for it to say anything.
    """
    known = np.isfinite(answerer.ahead.on_hand)
    ends = [change.last for rule in kept for change in rule.changes]
    until = max(ends, default=pd.Timestamp(answerer.last_day))
    until = min(until, pd.Timestamp(grounds.days_of(answerer.forecast, 0, weeks.last)[-1]))
    start = pd.Timestamp(answerer.first_day)
    if not known.any() or not ends or (until - start).days >= SOON:
        return None
    whole = answerer.forecast.mean
    changed = whole.copy()
    changed[:, weeks.first : weeks.last] = outcome.scenario.mean
    days = grounds.days_of(answerer.forecast, 0, len(answerer.forecast.timestamps))
    # The step that holds the last changed day counts in whole.
    steps = int(answerer.forecast.timestamps.searchsorted(until, side="right"))
    supply = answerer.ahead.on_hand + _deliveries(answerer.ahead, until)
    last = min(until, days[-1])
    out = {
        name: _sold_out(answerer.ahead.pairs, (values[:, :steps].sum(axis=1) > supply) & known)
        for name, values in (("plan", whole), ("scenario", changed))
    }
    return {**out, "until": f"{last:%Y-%m-%d}", "known": int(known.sum())}


def _sold_out(pairs: pd.DataFrame, out: Any) -> int:
    return int(pairs.loc[out, "product_id"].nunique())


def _deliveries(ahead: Ahead, until: pd.Timestamp) -> Any:
    coming = ahead.coming[ahead.coming["day"] <= until]
    sums = coming.groupby(PAIR, as_index=False)["quantity"].sum()
    return ahead.pairs.merge(sums, on=PAIR, how="left")["quantity"].fillna(0.0).to_numpy(float)


def named(text: str, shop: Shop) -> str:
    """A message of the library with names of products and places, and money with its sign."""

    def spoken(found: "re.Match[str]") -> str:
        product, place = int(found[1]), int(found[2])
        if product not in shop.names or place not in shop.place_names:
            return found[0]
        return f"{shop.names[product]} in {shop.place_names[place]}"

    text = re.sub(r"'?\b(\d+):(\d+)\b'?", spoken, text)
    text = re.sub(r"^([\d.,]+ was never charged)", rf"{shop.currency}\1", text)
    return re.sub(r"(est so far: )(?=\d)", rf"\1{shop.currency}", text)


def plan_rows(
    answerer: Answerer, lines: Sequence[Line], shop: Shop, *, everywhere: bool
) -> tuple[pd.DataFrame, dict[int, str]]:
    """Rows for the plan where it changes, and lines that cannot be planned, with the reason.

    `everywhere` says whether all places of the shop are among the series: a day that is the same in
    all of them is written once, without a place.
    """
    found = read([replace(each, on=each.on and each.kind in kinds.PLANNED) for each in lines], shop)
    left_out = dict(found.problems)
    ends = [
        change.last + timedelta(days=abs(change.shift)) for r in found.rules for change in r.changes
    ]
    empty = pd.DataFrame(columns=["product_id", "place_id", "day", "price", "promo", "discount"])
    if not ends:
        return empty, left_out
    days = pd.date_range(answerer.first_day, max(ends))
    plan = grounds.daily_plan(answerer.ahead, days)
    edited = plan
    for rule in found.rules:
        try:
            edited = edited.edited(*rule.changes)
        except ForecastingError as error:
            left_out[rule.number] = named(str(error), shop)
    with np.errstate(invalid="ignore"):
        differs = (np.abs(edited.price - plan.price) > 1e-9) | (edited.promo != plan.promo)
    row, day = np.nonzero(differs)
    if not len(row):
        return empty, left_out
    pairs = answerer.ahead.pairs
    frame = pd.DataFrame(
        {
            "product_id": pairs["product_id"].to_numpy()[row],
            "place_id": pairs["place_id"].to_numpy()[row],
            "day": days[day],
            "price": edited.price[row, day].round(4),
            "promo": edited.promo[row, day] > 0,
            "discount": (1 - edited.price[row, day] / edited.regular[row, day]).clip(0).round(4),
        }
    )
    return (_joined(frame, pairs) if everywhere else frame), left_out


def _joined(frame: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Days that are the same in all places of a product, written once without a place."""
    keys = ["product_id", "day"]
    groups = frame.groupby(keys)
    places = pairs.groupby("product_id")["place_id"].nunique()
    alike = (groups["price"].transform("nunique") <= 1) & (
        groups["promo"].transform("nunique") == 1
    )
    whole = groups["place_id"].transform("nunique") == frame["product_id"].map(places)
    once = frame[alike & whole].drop_duplicates(keys).assign(place_id=None)
    rest = frame[~(alike & whole)]
    return pd.concat([once.astype({"place_id": object}), rest.astype({"place_id": object})])
