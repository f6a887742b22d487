"""How long a training will take and what it needs: from runs like it, else from a rule of thumb."""

import os
from dataclasses import dataclass
from statistics import median

from engine.errors import EngineError, QueueError
from engine.registry import Entry
from ui import public_models, train_pretrained, training
from ui.engine import engine, registry, slots_for
from ui.training import GOES_ON, NETWORKS, PRESETS, SEARCH, Plan
from ui.tuning_plan import Search, fixed

START_SECONDS = 5.0  # a worker, its libraries, its data
SECONDS_PER_STEP = {"fast": 0.03, "balanced": 0.06, "best": 0.09}  # of a network, on one core
ARIMA_SECONDS = 0.5  # per series and window
BASE_MB, MB_PER_MILLION_CELLS = 380.0, 60.0
FINISH = 1.15  # steps, with those that also see the periods kept aside
LIKE = 2.5  # runs of up to so many times more or fewer series count as alike
_LOOKED_AT = 40  # runs


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a press of Start costs, about."""

    seconds: float  # until the forecasts are there
    low: float
    high: float
    comparing: float  # seconds more until their errors are known
    runs: int  # that this is taken from; 0: a rule of thumb
    memory_mb: float  # of the largest job


def estimate(plan: Plan, *, series: int, length: int, windows: int) -> Estimate:
    """Times of `series` series of `length` periods each, compared in `windows` windows."""
    recent = registry().entries()[:_LOOKED_AT]
    alike = [entry for entry in recent if _is_alike(entry, plan, series)]
    pace = _pace(recent)
    known = {model: _seconds(alike, model) for model in plan.models}
    fits = {
        model: median(known[model]) if known[model] else pace * _rule(plan, model, series)
        for model in plan.models
    }
    slots = min(slots_for(plan.models)[1], max(len(plan.models), 1))
    total = max(max(fits.values(), default=0.0), sum(fits.values()) / slots)
    runs = sum(len(values) for values in known.values())
    spread = 1.3 if all(known.values()) else 2.0
    cells = series * length / 1e6
    used = [status.memory_mb or 0 for e in alike if (status := engine().status(e.run_id))]
    return Estimate(
        seconds=total,
        low=total / spread,
        high=total * spread,
        comparing=windows * (sum(fits.values()) + ARIMA_SECONDS * series) if windows else 0.0,
        runs=runs,
        memory_mb=max(used, default=BASE_MB + MB_PER_MILLION_CELLS * cells),
    )


def search(asked: Search, *, series: int, length: int, windows: int) -> Estimate:
    """The time of a search: its trials at the pace of earlier ones, cut where its budget ends.

    `comparing` is the part that fits the model with the best settings at the end.
    """
    plan, recent = asked.plan, registry().entries()[:_LOOKED_AT]
    pace, known = _pace(recent), _seconds_per_trial(recent, asked, series)
    fit = (_rule(plan, asked.model, series) - START_SECONDS) * pace
    trial = median(known) if known else fit * windows
    total = START_SECONDS + asked.trials * trial + trial / windows
    budget = asked.budget_seconds
    spread = 1.5 if known else 2.5
    most = float("inf") if budget is None else budget + START_SECONDS
    return Estimate(
        seconds=min(total, most),
        low=min(total / spread, most),
        high=min(total * spread, most),
        comparing=trial / windows,
        runs=len(known),
        memory_mb=BASE_MB + MB_PER_MILLION_CELLS * series * length / 1e6,
    )


def _seconds_per_trial(recent: list[Entry], asked: Search, series: int) -> list[float]:
    """The usual seconds of a trial in each earlier search like this one."""
    found = []
    for entry in recent:
        about = entry.about
        near = 1 / LIKE <= max(about.series, 1) / max(series, 1) <= LIKE
        if about.preset != SEARCH or about.model != asked.model or not near:
            continue
        try:
            run = engine().run(entry.run_id)
            request, trials = run.request(), run.frame("trials")
        except EngineError:  # deleted meanwhile
            continue
        if trials is None or dict(getattr(request, "options", {})) != fixed(asked):
            continue
        took = trials.loc[trials["state"] == "complete", "seconds"].dropna()
        found += [float(took.median())] if len(took) else []
    return found


def memory_of_machine_mb() -> float:
    """The memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**2


def better_than_arima(preset: str, dataset_id: int) -> float | None:
    """The usual gain of the best run of a preset over ARIMA in a dataset; None before one."""
    groups: dict[str, float] = {}
    for entry in registry().entries()[: 5 * _LOOKED_AT]:
        about, found = entry.about, entry.metrics
        if about.preset != preset or about.scope.get("dataset") != dataset_id:
            continue
        if about.group and "WAPE" in found and found.get("WAPE of arima"):
            gain = 1 - found["WAPE"] / found["WAPE of arima"]
            groups[about.group] = max(groups.get(about.group, gain), gain)
    return median(groups.values()) if groups else None


def _is_alike(entry: Entry, plan: Plan, series: int) -> bool:
    about = entry.about
    if about.model not in plan.models or about.uploaded_from or about.preset in (SEARCH, GOES_ON):
        return False
    near = 1 / LIKE <= max(about.series, 1) / max(series, 1) <= LIKE
    return near and dict(about.options) == training.options(plan, about.model)


def _seconds(alike: list[Entry], model: str) -> list[float]:
    """How long runs of the model took, from start to end."""
    found = []
    for entry in alike:
        if entry.about.model != model:
            continue
        try:
            history = engine().history(entry.run_id)
        except QueueError:  # the queue was moved away
            continue
        if history and history[-1].state == "succeeded":
            began = [event.at for event in history if event.state == "running"]
            found.append(history[-1].at - began[-1] if began else 0.0)
    return [seconds for seconds in found if seconds > 0]


def _pace(recent: list[Entry]) -> float:
    """How slow this machine is against the rule of thumb, by the networks it has trained."""
    found = []
    for entry in recent:
        about = entry.about
        if about.model in NETWORKS and about.preset in PRESETS and not about.uploaded_from:
            steps = about.options.get("max_steps") or PRESETS[about.preset].steps
            rule = START_SECONDS + FINISH * steps * SECONDS_PER_STEP[about.preset]
            found += [seconds / rule for seconds in _seconds([entry], about.model)]
    return median(found) if found else 1.0


def _rule(plan: Plan, model: str, series: int) -> float:
    if model in NETWORKS:
        said = plan.found.get(model, {}).get("max_steps") or plan.advanced.max_steps
        steps = said or PRESETS[plan.preset].steps
        if plan.start is not None:
            steps = plan.start.steps or steps // 4
        seconds = FINISH * steps * SECONDS_PER_STEP[plan.preset]
    elif model == train_pretrained.MODEL:
        steps = training.options(plan, model)["tune_steps"]
        seconds = 2 + steps * train_pretrained.SECONDS_PER_STEP
    elif model in public_models.MODELS:  # they learn nothing, and read much
        seconds = 10 + 0.1 * series
    elif model == "gbm":
        seconds = 3 + 0.02 * series
    else:
        members = [each for each in plan.models if each != model]
        seconds = 2 * sum(_rule(plan, each, series) for each in members) + 0.2 * series
    budget = plan.advanced.budget_seconds
    return START_SECONDS + (min(seconds, budget) if budget else seconds)
