"""Schedules at work: a thread of the app builds what is due on the newest sales, and judges it.

The engine never opens the database, so the app makes the snapshot. The comparison of a scheduled
run has its test windows on a grid that starts with the run that is repeated: so the next run is
tested at cutoffs that the one in use was tested at, and the two can be compared. Knows no widgets.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from data.errors import DataError
from data.scope import Scope, Split
from engine import champions, drift
from engine.errors import EngineError, QueueError
from engine.queue import OVER, Job
from engine.registry import About, Entry
from engine.requests import BacktestRequest, Request
from engine.schedules import Firing, Schedule, Schedules
from ui import covariates, queries, settings, training
from ui.engine import engine, registry
from ui.training import Advanced, Plan

log = logging.getLogger("almanac")

TICK_SECONDS = 5.0
LEAST_WINDOWS = 2  # one of them is shared with the run before, even when the grid moves on
TAG = "scheduled"
PRIORITY = -1  # people wait for what they started themselves


@st.cache_resource(show_spinner=False, on_release=lambda opened: opened.close())
def schedules() -> Schedules:
    """The open schedules of this process."""
    return Schedules(settings.from_environment().var)


@st.cache_resource(show_spinner=False, on_release=lambda running: running.stop())
def scheduler() -> "Scheduler":
    """The one scheduler of this process; the server starts it."""
    return Scheduler()


def close() -> None:
    """End the thread before what it uses is closed."""
    scheduler.clear()
    schedules.clear()


class Scheduler:
    """Looks every few seconds at what is due and at what has ended."""

    def __init__(self) -> None:
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._working = threading.Lock()
        self._thread: threading.Thread | None = None
        self._trouble = ""  # what kept the last round from its end

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="schedules", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; what is due stays due."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def round(self) -> None:
        """Begin what is due, and end what is done."""
        with self._working:
            for firing in schedules().due(marks()):
                _kept_from_failing(firing, begin)
            for firing in schedules().running():
                _kept_from_failing(firing, conclude)

    def _look(self) -> None:
        while not self._stopping.is_set():
            try:
                self.round()
                self._trouble = ""
            except Exception as error:  # such as a full disk, or a second Almanac on the folder
                if str(error) != self._trouble:
                    log.exception("The schedules could not be looked at; trying again.")
                self._trouble = str(error)
            self._wake.wait(TICK_SECONDS)
            self._wake.clear()


def marks() -> dict[str, str]:
    """For each dataset, what changes with every import and undo."""
    imports = queries.imports()
    standing = imports[imports["undone_at"].isna()]
    latest = standing.groupby("dataset_id")["import_id"].max()
    return {source(int(str(key))): str(value) for key, value in latest.items()}


def source(dataset_id: int) -> str:
    """What schedules call a dataset."""
    return f"dataset {dataset_id}"


def template(entry: Entry) -> dict[str, Any]:
    """What is kept of a run so that it can be done again.

    Raises `EngineError` where it was made by a version whose scope cannot be read.
    """
    if training.scope_of(entry.about) is None:
        raise EngineError(f"{entry.name} was trained by another version; its scope is not known.")
    windows, budget = 0, None
    for other in registry().group(entry.about.group):
        try:
            request: Request = registry().run(other.run_id).request()
        except EngineError:  # deleted since
            continue
        if isinstance(request, BacktestRequest):
            windows, budget = request.num_windows, request.budget_seconds
    return {
        "run_id": entry.run_id,
        "about": json.loads(entry.about.to_json()),
        "windows": windows,
        "budget_seconds": budget,
    }


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
        """Queue all; the run id of the model."""
        first = ""
        for about, name, request in self.requests:
            frame, future = self.data_for(request)
            run_id = engine().submit(
                request, frame, future=future, priority=PRIORITY, who="schedule"
            )
            registry().add(run_id, about, name=name)
            registry().tag(run_id, [TAG])
            first = first or run_id
        return first


def build(pattern: Mapping[str, Any]) -> Build:
    """The jobs of a template on the newest sales. Raises `EngineError` for what is gone."""
    about = About.from_content(pattern["about"])
    scope = _scope(about)
    split: Split = about.scope["split"]
    found = training.known_ahead(scope, split, about.horizon)
    used = covariates.usable(found, about.covariates)
    plan = Plan(
        scope=scope,
        split=split,
        horizon=about.horizon,
        windows=max(LEAST_WINDOWS, int(pattern["windows"])),
        models=(about.model,),
        preset=about.preset,
        covariates=used,
        advanced=Advanced(seed=about.seed, budget_seconds=pattern["budget_seconds"]),
    )
    dataset = next(each for each in queries.datasets() if each.dataset_id == scope.dataset_id)
    prepared = training.prepare(plan, dataset)
    labels = {each.name: each.label for each in found}
    without = [labels.get(name, name) for name in about.covariates if name not in used]
    note = f"Without {', '.join(without).lower()}: not filled in for the periods ahead."
    return Build(
        frame=prepared.frame,
        tested=on_grid(prepared.frame, anchor=about.data_until, step=about.horizon),
        future=prepared.future,
        requests=tuple(_as_before(each, about) for each in prepared.requests),
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


def begin(firing: Firing) -> None:
    """Start the runs of what is due; where nothing has changed since, end it at once."""
    schedule = schedules().schedule(firing.schedule_id)
    mark = marks().get(schedule.source)
    made = build(schedule.template)
    signals = [asdict(each) for each in watched(schedule, made)]
    if made.is_done():
        until = f"{made.frame['timestamp'].max():%-d %b %Y}"
        words = f"No new sales since {until}: the forecast stands as it is."
        schedules().end(firing.number, "done", words, drift=signals)
        return
    run_id = made.submit()
    schedules().begin(firing.number, run_id, mark=mark, note=made.note, drift=signals)


def conclude(firing: Firing) -> None:
    """Where the runs of a firing are over: judge the new model, and put it in use or not."""
    try:
        job = engine().job(firing.run_id)
        comparison = _comparison(firing.run_id)
    except QueueError as error:
        schedules().end(firing.number, "failed", str(error))
        return
    if job.state in ("failed", "cancelled"):
        if comparison is not None:
            engine().cancel(comparison.run_id, who="schedule")
        said = job.why if job.state == "failed" else "It was stopped."
        words = f"{said} What was in use before still is."
        schedules().end(firing.number, "failed", words)
        return
    if job.state not in OVER or (comparison is not None and comparison.state not in OVER):
        return
    registry().collect_metrics()
    schedule = schedules().schedule(firing.schedule_id)
    verdict = champions.decide(
        registry(),
        firing.run_id,
        margin=schedule.margin,
        otherwise=schedule.template["run_id"],
        at=schedules().clock(),
    )
    schedules().end(firing.number, "done", verdict.reason, numbers=asdict(verdict))


def watched(schedule: Schedule, made: Build) -> list[drift.Signal]:
    """Drift of the run in use until now; no signals where that run was deleted."""
    about = made.requests[0][0]
    used = in_use(schedule)
    if used is None:
        return []
    tests = champions.tests_of(registry(), used)
    if tests is not None:
        tests = tests[tests["model"].astype(str) == used.about.model]
    rows = drift.since(drift.published(_forecasts_in_use(schedule, used)), made.frame)
    trained = registry().run(used.run_id).frame("panel")
    freq = str(about.scope.get("freq", ""))
    signals = [drift.accuracy(rows, tests), drift.bias(rows, tests)]
    return signals + ([] if trained is None else drift.inputs(trained, made.frame, freq))


def in_use(schedule: Schedule) -> Entry | None:
    """The champion of what is repeated, else the run that is repeated; None where both are gone."""
    key = About.from_content(schedule.template["about"]).scope_key
    champion = champions.champion_of(registry(), key)
    return champion or registry().entry(schedule.template["run_id"])


def _forecasts_in_use(schedule: Schedule, used: Entry) -> list[tuple[pd.Timestamp, pd.DataFrame]]:
    """The forecasts that were in use, each with the last period that it learned from."""
    earlier = [
        firing.run_id
        for firing in schedules().firings(schedule.schedule_id)
        if firing.numbers.get("promoted")
    ]
    found = []
    for run_id in dict.fromkeys([schedule.template["run_id"], *earlier, used.run_id]):
        entry, frame = registry().entry(run_id), registry().run(run_id).frame("forecast")
        if entry is not None and frame is not None and entry.about.data_until:
            found.append((pd.Timestamp(entry.about.data_until), frame))
    return found


def _scope(about: About) -> Scope:
    """The scope of a template. Raises `EngineError` where a part of it is gone."""
    scope = training.scope_of(about)
    if scope is None:
        raise EngineError("What it forecasts was written by another version. Make it anew.")
    if scope.dataset_id not in {each.dataset_id for each in queries.datasets()}:
        raise EngineError("Its dataset was deleted. Delete the schedule too.")
    products, places = queries.products(scope.dataset_id), queries.places(scope.dataset_id)
    if scope.product_id is not None and scope.product_id not in products.index:
        raise EngineError("Its product is not in the data any more. Delete the schedule too.")
    if scope.place_id is not None and scope.place_id not in places.index:
        raise EngineError("Its place is not in the data any more. Delete the schedule too.")
    return scope


def _as_before(prepared: tuple[About, str, Request], pattern: About) -> tuple[About, str, Request]:
    """A request with the very options of the run that is repeated, whatever presets say now."""
    about, name, request = prepared
    options = dict(pattern.options)
    if isinstance(request, BacktestRequest):
        return about, name, replace(request, options={pattern.model: options})
    return replace(about, options=options), name, replace(request, options=options)  # type: ignore[type-var]


def _comparison(run_id: str) -> Job | None:
    """The job that compares what was submitted with a run. Raises `QueueError` for a gone run."""
    entry = registry().entry(run_id)
    if entry is None:
        raise QueueError("Its run was deleted before it was compared.")
    for other in registry().group(entry.about.group):
        if not other.about.model:
            return engine().job(other.run_id)
    return None


def _kept_from_failing(firing: Firing, act: Callable[[Firing], None]) -> None:
    """One schedule that cannot be done must not keep the others from it."""
    try:
        act(firing)
    except (EngineError, DataError) as error:
        schedules().end(firing.number, "failed", str(error))
    except Exception as error:
        from forecasting.errors import ForecastingError  # late: the library is heavy to import

        words = "Something went wrong; the details are in Almanac's log."
        if isinstance(error, ForecastingError):
            words = str(error)
        else:
            log.exception("Schedule %s could not be done", firing.schedule_id)
        schedules().end(firing.number, "failed", words)
