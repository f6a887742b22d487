"""What a schedule does when it is due: its jobs on the newest sales, and what has drifted.

The comparison of a scheduled run has its test windows on a grid that starts with the run that is
repeated: so the next run is tested at cutoffs that the one in use was tested at, and the two can
be compared. Knows no widgets.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from data.scope import Scope, Split
from engine import champions, drift
from engine.errors import EngineError
from engine.registry import About, Entry
from engine.requests import BacktestRequest, ForecastRequest, Request
from engine.schedules import Firing, Schedule
from ui import covariates, model_facts, queries, training
from ui.engine import engine, registry, submit
from ui.training import SEARCH, Advanced, Plan

LEAST_WINDOWS = 2  # one of them is shared with the run before, even when the grid moves on
TAG = "scheduled"
PRIORITY = -1  # people wait for what they started themselves
CHOSEN = "chosen"  # among the numbers of a firing: the best of its models
FOLLOW_UP = "follow_up"  # among the numbers of a firing: the forecast by what stayed in use


def template(entry: Entry, *, together: bool = False) -> dict[str, Any]:
    """What is kept of a run so that it can be done again; `together` with the models beside it.

    Raises `EngineError` where it was made by a version whose scope cannot be read.
    """
    if training.scope_of(entry.about) is None:
        raise EngineError(f"{entry.name} was trained by another version; its scope is not known.")
    windows, budget = 0, None
    for other in registry().group(entry.about.group):
        request = _request(other.run_id)
        if isinstance(request, BacktestRequest):
            windows, budget = request.num_windows, request.budget_seconds
    others = [each for each in mates(entry) if together and each.about.model != entry.about.model]
    return {
        "run_id": entry.run_id,
        "about": _pattern(entry),
        "others": [_pattern(each) for each in others],
        "windows": windows,
        "budget_seconds": budget,
    }


def mates(entry: Entry) -> list[Entry]:
    """The models that were trained together with one and are still there, it among them."""
    found = {entry.about.model: entry}
    for each in registry().group(entry.about.group):
        if each.about.model and registry().run(each.run_id).model.is_dir():
            found.setdefault(each.about.model, each)
    return list(found.values())


def patterns(pattern: Mapping[str, Any]) -> list[About]:
    """The runs of a template: the one that is repeated, then those beside it."""
    return [About.from_content(each) for each in (pattern["about"], *pattern.get("others", ()))]


@dataclass(frozen=True, kw_only=True)
class Build:
    """The jobs of one firing, ready to be submitted."""

    frame: pd.DataFrame  # all sales until now
    tested: pd.DataFrame  # the same, until the last point of the grid of tests
    future: pd.DataFrame | None
    requests: tuple[tuple[About, str, Request], ...]
    note: str  # what it goes without

    def data_for(self, request: Request) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """The panel of a request, and what is known ahead of it."""
        if isinstance(request, BacktestRequest):
            return self.tested, None
        return self.frame, self.future

    def is_done(self) -> bool:
        """Whether equal requests on equal data have finished."""
        found = []
        for _, _, request in self.requests:
            frame, future = self.data_for(request)
            found.append(engine().finished_equal(request, frame, future=future))
        return all(found)

    def submit(self) -> str:
        """Queue all; the run id of the first model."""
        first = ""
        for about, name, request in self.requests:
            frame, future = self.data_for(request)
            run_id = submit(
                request, frame, about=about, name=name, tags=[TAG], future=future,
                priority=PRIORITY, who="schedule",
            )  # fmt: skip
            first = first or run_id
        return first


def build(pattern: Mapping[str, Any]) -> Build:
    """The jobs of a template on the newest sales. Raises `EngineError` for what is gone."""
    repeated = {each.model: each for each in patterns(pattern)}
    about = next(iter(repeated.values()))
    scope = scope_now(about)
    split: Split = about.scope["split"]
    found = training.known_ahead(scope, split, about.horizon)
    used = covariates.usable(found, about.covariates)
    plan = Plan(
        scope=scope,
        split=split,
        horizon=about.horizon,
        windows=max(LEAST_WINDOWS, int(pattern["windows"])),
        models=tuple(repeated),
        preset=about.preset,
        covariates=used,
        advanced=Advanced(seed=about.seed, budget_seconds=pattern["budget_seconds"]),
        found={name: each.options for name, each in repeated.items() if each.preset == SEARCH},
    )
    dataset = next(each for each in queries.datasets() if each.dataset_id == scope.dataset_id)
    prepared = training.prepare(plan, dataset)
    labels = {each.name: each.label for each in found}
    without = [labels.get(name, name) for name in about.covariates if name not in used]
    note = f"Without {', '.join(without).lower()}: not filled in for the periods ahead."
    frame = prepared.frame
    return Build(
        frame=frame,
        tested=on_grid(frame, anchor=about.data_until, step=about.horizon),
        future=prepared.future,
        requests=tuple(_as_before(each, repeated) for each in prepared.requests),
        note=note if without else "",
    )


def on_grid(frame: pd.DataFrame, *, anchor: str, step: int) -> pd.DataFrame:
    """The rows until the last period that is a multiple of `step` periods after the anchor."""
    stamps = np.sort(frame["timestamp"].unique())
    start = int(np.searchsorted(stamps, np.datetime64(anchor), side="right")) - 1
    after = len(stamps) - 1 - start
    if not anchor or start < 0:
        return frame
    return frame[frame["timestamp"] <= stamps[start + after // step * step]].reset_index(drop=True)


def forecast_again(run_id: str) -> str:
    """Queue a forecast of the newest sales by the model of a run; "" where it has seen them all.

    The new run belongs to the tests of the old one. Raises `EngineError` for what is gone.
    """
    entry = registry().entry(run_id)
    if entry is None or not registry().run(run_id).model.is_dir():
        raise EngineError("The model in use was deleted.")
    about, scope = entry.about, scope_now(entry.about)
    panel = training.panel(scope, about.scope["split"], about.horizon)
    frame, future, spec = covariates.assemble(panel, scope.freq, about.covariates)
    until = f"{frame['timestamp'].max():%Y-%m-%d}"
    if until <= about.data_until:
        return ""
    request = ForecastRequest(panel=spec, from_run=run_id, horizon=about.horizon)
    series = int(frame["series_id"].nunique())
    made = replace(about, data_until=until, series=series, created_at=time.time())
    return submit(
        request, frame, about=made, name=entry.name, tags=[TAG], future=future,
        priority=PRIORITY, who="schedule",
    )  # fmt: skip


def watched(schedule: Schedule, earlier: Sequence[Firing], made: Build) -> list[drift.Signal]:
    """Drift of the run in use until now; no signals where that run was deleted."""
    about = made.requests[0][0]
    used = in_use(schedule)
    if used is None:
        return []
    tests = champions.tests_of(registry(), used)
    if tests is not None:
        tests = tests[tests["model"].astype(str) == used.about.model]
    rows = drift.since(drift.published(_forecasts_in_use(schedule, earlier, used)), made.frame)
    trained = registry().run(model_facts.trained_by(used.run_id)).frame("panel")
    freq = str(about.scope.get("freq", ""))
    signals = [drift.accuracy(rows, tests), drift.bias(rows, tests)]
    return signals + ([] if trained is None else drift.inputs(trained, made.frame, freq))


def in_use(schedule: Schedule) -> Entry | None:
    """The champion of what is repeated, else the run that is repeated; None where both are gone."""
    key = About.from_content(schedule.template["about"]).scope_key
    champion = champions.champion_of(registry(), key)
    return champion or registry().entry(schedule.template["run_id"])


def _forecasts_in_use(
    schedule: Schedule, earlier: Sequence[Firing], used: Entry
) -> list[tuple[pd.Timestamp, pd.DataFrame]]:
    """The forecasts that were in use, each with the last period that it learned from."""
    taken = [
        firing.numbers.get(CHOSEN, firing.run_id)
        if firing.numbers.get("promoted")
        else firing.numbers.get(FOLLOW_UP, "")
        for firing in earlier
    ]
    found = []
    for run_id in dict.fromkeys([schedule.template["run_id"], *taken, used.run_id]):
        entry = registry().entry(run_id) if run_id else None
        frame = registry().run(run_id).frame("forecast") if entry else None
        if entry is not None and frame is not None and entry.about.data_until:
            found.append((pd.Timestamp(entry.about.data_until), frame))
    return found


def _pattern(entry: Entry) -> dict[str, Any]:
    """What a run was asked, with the options that its model was really made with."""
    kept: dict[str, Any] = json.loads(entry.about.to_json())
    return {**kept, "options": dict(model_facts.options_of(entry))}


def _request(run_id: str) -> Request | None:
    try:
        return registry().run(run_id).request()
    except EngineError:  # deleted since
        return None


def scope_now(about: About) -> Scope:
    """The scope of a run on the data of today. Raises `EngineError` where a part of it is gone."""
    scope = training.scope_of(about)
    if scope is None:
        raise EngineError("What it forecasts was written by another version. Make it anew.")
    if scope.dataset_id not in {each.dataset_id for each in queries.datasets()}:
        raise EngineError("Its dataset was deleted.")
    products, places = queries.products(scope.dataset_id), queries.places(scope.dataset_id)
    if scope.product_id is not None and scope.product_id not in products.index:
        raise EngineError("Its product is not in the data any more.")
    if scope.place_id is not None and scope.place_id not in places.index:
        raise EngineError("Its place is not in the data any more.")
    return training.now(scope)


def _as_before(
    prepared: tuple[About, str, Request], repeated: Mapping[str, About]
) -> tuple[About, str, Request]:
    """A request with the very options of the runs that are repeated, whatever presets say now."""
    about, name, request = prepared
    if isinstance(request, BacktestRequest):
        given = {model: dict(each.options) for model, each in repeated.items()}
        return about, name, replace(request, options=given)
    options = dict(repeated[about.model].options)
    return replace(about, options=options), name, replace(request, options=options)  # type: ignore[type-var]
