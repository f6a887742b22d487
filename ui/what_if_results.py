"""The results of compared scenarios: kept ones at once, others worked out; which ones are stale."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pandas as pd

from data import scenarios as stored
from data.scenarios import Kept, Scenario
from data.scope import Scope
from engine.errors import EngineError
from engine.registry import Entry
from forecasting.errors import ForecastingError
from ui import background, queries, state
from ui import what_if_asked as runs
from ui import what_if_kinds as kinds
from ui import what_if_reads as reads
from ui import what_if_work as work
from ui.engine import registry
from ui.queries import Dataset
from ui.what_if_asked import Asked
from ui.what_if_kinds import Line
from ui.what_if_work import Answerer, Result, Weeks

MEASURED = "measured"  # `Scenario.base`: no trained run
VERSION = 3  # of what a result holds


@dataclass(frozen=True, kw_only=True)
class Found:
    """A result, and whether sales, plan or model are others by now."""

    result: Result
    is_stale: bool = False


@dataclass(frozen=True, kw_only=True)
class By:
    """What answers all compared scenarios."""

    asked: Asked | None = None  # None: measured elasticities
    why: str = ""  # why no run does, where one was wanted
    newer: Entry | None = None  # the same training done again, where the scenario names the old one
    siblings: bool = True  # what cheaper products take from the rest of their category counts

    @property
    def key(self) -> str:
        return (self.asked.key if self.asked else MEASURED) + ("" if self.siblings else "|alone")


def lines_of(scenario: Scenario) -> list[Line]:
    """The lines of a scenario."""
    return [Line.of(each) for each in scenario.changes]


def answers(dataset: Dataset, scope: Scope, chosen: Scenario, compared: Sequence[Scenario]) -> By:
    """The run that a scenario names, else the newest that can; it must reach all changed days."""
    if chosen.base == MEASURED:
        return By()
    found = runs.askers(dataset, scope)
    wanted = [each for each in found if each.entry.run_id == chosen.base] if chosen.base else found
    if not wanted:
        return By(why="the run that was asked is gone" if chosen.base else "")
    last = max(
        (
            pd.Timestamp(day)
            for scenario in compared
            for line in lines_of(scenario)
            for text in (line.first, line.last)
            if line.on and (day := kinds.day_of(text)) is not None
        ),
        default=pd.Timestamp(0),
    )
    for asker in wanted:
        if last >= runs.end_of(asker):
            continue
        if not chosen.base:
            return By(asked=runs.with_parts(dataset, scope, asker, last))
        again = [each for each in found if _is_again(each.entry, asker.entry)]
        return By(asked=Asked(asker=asker), newer=again[0].entry if again else None)
    return By(why=f"“{wanted[0].entry.name}” does not look as far ahead as these changes")


def _is_again(entry: Entry, than: Entry) -> bool:
    """Whether a run is the training of another one, done again."""
    same = [(each.about.scope_key, each.about.model, each.about.horizon) for each in (entry, than)]
    return same[0] == same[1] and entry.number > than.number


def compare(
    dataset: Dataset, scope: Scope, by: By, compared: Sequence[Scenario], *, anew: bool = False
) -> tuple[dict[int, Found], By]:
    """The result of every scenario; the page shows how far it is where one is worked out.

    `anew` works out again what is stale. Stale or planned ones are shown as they were kept.
    """
    weeks = weeks_of(dataset, scope, by, compared)
    place, store = place_of(scope, by, weeks), state.store()
    data = f"{reads.stand(dataset.dataset_id)}|{VERSION}"
    found: dict[int, Found] = {}
    for scenario in compared:
        lines = _digest(scenario)
        kept = stored.kept(store, scenario.scenario_id, place)
        before = None if kept or anew else _before(scenario, scope, by, weeks)
        if before is not None and before.stand.startswith(lines):
            found[scenario.scenario_id] = Found(result=dict(before.result), is_stale=True)
            continue
        if kept is None and scenario.status == "plan":
            kept = stored.last_kept(store, scenario.scenario_id)
        if kept is not None and scenario.status == "plan":
            found[scenario.scenario_id] = Found(result=dict(kept.result))
            continue
        if kept is not None and kept.stand.startswith(lines):
            is_stale = kept.stand != f"{lines}|{data}"
            if not is_stale or not anew:
                found[scenario.scenario_id] = Found(result=dict(kept.result), is_stale=is_stale)
                continue
        try:
            result = _made(dataset, scope, by, weeks, scenario, f"{lines}|{data}")
        except (ForecastingError, EngineError, OSError) as error:
            if by.asked is None:
                raise
            why = f"{by.asked.names} cannot be asked ({error})"
            return compare(dataset, scope, replace(by, asked=None, why=why), compared, anew=anew)
        if result is None:
            return {}, by
        stored.keep(
            store, dataset.dataset_id, scenario.scenario_id, place, f"{lines}|{data}", result
        )
        found[scenario.scenario_id] = Found(result=result)
    return found, by


def _before(scenario: Scenario, scope: Scope, by: By, weeks: Weeks) -> Kept | None:
    """The result by an earlier run of the training that answers now; None where there is none."""
    if by.asked is None:
        return None
    asker = by.asked.asker
    for entry in registry().entries():
        if _is_again(asker.entry, entry):
            earlier = replace(by.asked, asker=replace(asker, entry=entry))
            place = place_of(scope, replace(by, asked=earlier), weeks)
            if (kept := stored.kept(state.store(), scenario.scenario_id, place)) is not None:
                return kept
    return None


def weeks_of(dataset: Dataset, scope: Scope, by: By, compared: Sequence[Scenario]) -> Weeks:
    """The steps that all of them are compared over."""
    if by.asked is not None:
        return Weeks(last=by.asked.horizon)
    lines = [line for each in compared for line in lines_of(each)]
    first = reads.last_day(dataset) + timedelta(days=1)
    return work.weeks_of(lines, first, horizon_of(dataset, scope, lines))


def horizon_of(dataset: Dataset, scope: Scope, lines: list[Line]) -> int:
    """How many weeks are forecast for these lines."""
    places = 1 if scope.place_id is not None else max(dataset.places, 1)
    return reads.horizon_of(dataset, len(reads.products_in(dataset, scope)) * places, lines)


def place_of(scope: Scope, by: By, weeks: Weeks) -> str:
    """What a result is kept under besides its scenario."""
    node = (scope.categories, scope.product_id, scope.place_id, scope.segment_id)
    return json.dumps([*node, scope.segment_revision, by.key, weeks.key])


def answerer(dataset: Dataset, scope: Scope, by: By, lines: list[Line]) -> Answerer | None:
    """What answers, read where it is not yet; None where nothing sold in the scope."""
    if by.asked is not None:
        found = runs.model(dataset, scope, by.asked)
    else:
        ground = reads.ground(dataset, scope, horizon_of(dataset, scope, lines))
        if ground is None:
            return None
        found = Answerer(ahead=ground.ahead, forecast=ground.forecast, response=ground.response)
    if not by.siblings:
        return replace(found, beside="off")
    known = reads.siblings(dataset)
    cross = known.cross(found.ahead.pairs) if known is not None else None
    return found if cross is None else replace(found, cross=cross, beside="told")


def _made(
    dataset: Dataset, scope: Scope, by: By, weeks: Weeks, scenario: Scenario, stand: str
) -> Result | None:
    lines = lines_of(scenario)
    asked = answerer(dataset, scope, by, lines)
    if asked is None:
        return None
    shop = reads.shop(dataset, asked)
    dated = None
    if any(line.on and line.kind in kinds.EVENTS for line in lines):
        dated = reads.events(dataset).dated
    if by.asked is not None:
        weeks = Weeks(last=len(asked.forecast.timestamps))

    def body(store: Any, tell: background.Tell) -> Result:
        tell(0.0)
        return work.run(asked, lines, shop, weeks, dated)

    return background.result(
        "scenario",
        queries.version(),
        (place_of(scope, by, weeks), stand),
        body,
        label=f"Working out “{scenario.name}”",
        kept=2,  # the result is kept in the database
    )


def _digest(scenario: Scenario) -> str:
    text = json.dumps([dict(each) for each in scenario.changes], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def locked(scenario: Scenario) -> bool:
    """Whether it is the plan: what it changes is no longer a change."""
    return scenario.status == "plan"
