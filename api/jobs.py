"""Jobs: what the Train page starts, started from outside; their state, and stopping them."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pandas as pd
from pydantic import Field

from api import datasets
from api.datasets import DatasetParams
from api.problems import Problem
from api.wire import Call, Moment, Wire, moment
from data.scope import Freq, Measure, Scope, Split
from engine.queue import OVER, Job, State
from engine.registry import Entry
from ui import covariates, forecasts, queries, scheduled_runs, training
from ui.engine import engine, registry
from ui.queries import Dataset
from ui.training import Advanced, Plan

Kind = Literal["train", "fit", "backtest", "forecast"]
MOST_LISTED = 500


class JobBody(Wire):
    """What is to be done. Unset fields take what the Train page offers first."""

    kind: Kind = Field(
        default="train",
        description="`train`: fit, forecast and compare. `fit`: fit and forecast. `backtest`: "
        "compare only. `forecast`: by a model that was kept, on the newest sales.",
    )
    models: list[str] = Field(
        default=[], max_length=20, description="Names; those of the preset if none."
    )
    preset: Literal["fast", "balanced", "best"] = "balanced"
    level: Split | None = Field(
        default=None, description="What a series is of; the finest if not given."
    )
    frequency: Freq = "W"
    measure: Measure = "quantity"
    categories: list[str] = Field(
        default=[], max_length=20, description="Path from the root of the tree."
    )
    product: str = Field(default="", max_length=300, description="Code; all if not given.")
    place: str = Field(default="", max_length=300, description="Code; all together if not given.")
    horizon: int | None = Field(default=None, ge=1, le=400, description="Periods ahead.")
    windows: int = Field(default=3, ge=1, le=12, description="Of the comparison.")
    covariates: dict[str, Literal["planned", "last", "zero"]] | None = Field(
        default=None,
        description="Known ahead, and how gaps are filled; if not given, all without gaps.",
    )
    seed: int = Field(default=0, ge=0, le=2**31)
    budget_seconds: float | None = Field(default=None, gt=0, le=604_800, description="Per model.")
    run: str = Field(
        default="", max_length=64, description="Of `forecast`: the run that kept the model."
    )


class JobParams(Wire):
    job: str = Field(min_length=1, max_length=64, description="Id of a job, which is its run's.")


class ListParams(Wire):
    state: State | None = Field(default=None, description="Only jobs in this state.")
    limit: int = Field(default=100, ge=1, le=MOST_LISTED, description="The latest.")


class JobAnswer(Wire):
    """A job and how far it is."""

    job: str
    kind: str
    name: str
    state: State
    is_over: bool
    why: str = Field(description="How it came to this state.")
    who: str = Field(description="Changed the state last.")
    progress: float = Field(description="Share of the whole, 0 to 1.")
    stage: str
    eta_seconds: float | None
    submitted_at: Moment
    changed_at: Moment
    metrics: dict[str, float] = Field(description="Of a comparison that is over, by model.")


class JobsAnswer(Wire):
    jobs: list[JobAnswer]


def submit(call: Call[DatasetParams, JobBody]) -> JobsAnswer:
    """Queue jobs; one per model, and one that compares them."""
    dataset, asked = datasets.found(call.params.dataset), call.body
    if asked.kind == "forecast":
        return JobsAnswer(jobs=[_again(dataset, asked)])
    prepared = training.prepare(plan_of(dataset, asked), dataset)
    if asked.kind == "backtest":
        compared = tuple(each for each in prepared.requests if not each[0].model)
        if not compared:
            raise Problem(
                "conflict", "There is too little history to test on. Use a shorter horizon."
            )
        prepared = replace(prepared, requests=compared)
    prepared.submit()
    group = registry().group(prepared.group)
    return JobsAnswer(jobs=[answer_of(engine().job(each.run_id)) for each in group])


def plan_of(dataset: Dataset, asked: JobBody) -> Plan:
    """What the Train page would say. Raises `Problem` (409) for what the dataset does not have."""
    from forecasting.models import MODELS

    scope = scope_of(
        dataset,
        frequency=asked.frequency,
        categories=asked.categories,
        product=asked.product,
        place=asked.place,
        measure=asked.measure,
    )
    if unknown := [name for name in asked.models if name not in MODELS]:
        raise Problem(
            "conflict", f"There is no model {unknown[0]!r}. Models: {', '.join(sorted(MODELS))}."
        )
    offered = training.splits(scope)
    level = asked.level or offered[0]
    if level not in offered:
        raise Problem(
            "conflict", f"level={level} does not split this scope. Use {', '.join(offered)}."
        )
    horizon = asked.horizon or forecasts.DEFAULT_HORIZON[scope.freq]
    found = training.known_ahead(scope, level, horizon)
    wanted = asked.covariates
    if wanted is None:
        wanted = {each.name: "planned" for each in found if each.is_ready and each.by_default}
    used = covariates.usable(found, wanted)
    if unusable := [name for name in wanted if name not in used]:
        have = ", ".join(each.name for each in found) or "none"
        raise Problem(
            "conflict",
            f"{unusable[0]!r} is not known for all periods ahead, or not at all. Fill it with "
            f"`last` or `zero`. Known to the dataset: {have}.",
        )
    return Plan(
        scope=scope,
        split=level,
        horizon=horizon,
        windows=0 if asked.kind == "fit" else asked.windows,
        models=tuple(dict.fromkeys(asked.models)) or training.PRESETS[asked.preset].models,
        preset=asked.preset,
        covariates=used,
        advanced=Advanced(seed=asked.seed, budget_seconds=asked.budget_seconds),
    )


def scope_of(
    dataset: Dataset,
    *,
    frequency: Freq,
    categories: Sequence[str] = (),
    product: str = "",
    place: str = "",
    measure: Measure = "quantity",
) -> Scope:
    """The part of the shop that a request names by codes. Raises `Problem` (404)."""
    key, path = dataset.dataset_id, tuple(categories)
    if path and not any(known[: len(path)] == path for known in queries.category_paths(key)):
        raise Problem("not-found", f"There is no category {' > '.join(path)[:120]!r}.")
    if _is_finer(frequency, dataset.frequency):
        raise Problem(
            "conflict",
            f"frequency={frequency} is finer than the data, whose rows are "
            f"{dataset.frequency}. Use that or a coarser one.",
        )
    return Scope(
        dataset_id=key,
        categories=path,
        product_id=_key("product", queries.products(key)["code"], product),
        place_id=_key("place", queries.places(key)["code"], place),
        freq=frequency,
        measure=measure,
    )


def _is_finer(asked: Freq, of_data: Freq) -> bool:
    """Whether a frequency is finer than another.

    >>> _is_finer("D", "W"), _is_finer("W", "W")
    (True, False)
    """
    return "DWM".index(asked) < "DWM".index(of_data)


def _key(what: str, codes: pd.Series, code: str) -> int | None:
    if not code:
        return None
    if (codes == code).any():
        return int(codes.index[codes == code][0])
    raise Problem("not-found", f"There is no {what} {code[:60]!r} in this dataset.")


def _again(dataset: Dataset, asked: JobBody) -> JobAnswer:
    """A forecast of the newest sales by a model that was kept: of a run, or the one in use."""
    entry = registry().entry(asked.run) if asked.run else _in_use(dataset)
    if entry is None or entry.about.scope.get("dataset") != dataset.dataset_id:
        which = f"run {asked.run[:40]!r}" if asked.run else "model in use or trained before"
        raise Problem("not-found", f"There is no {which} of this dataset. See /api/v1/models.")
    run_id = training.predict_with(entry.run_id, scheduled_runs.scope_now(entry.about), dataset)
    return answer_of(engine().job(run_id))


def _in_use(dataset: Dataset) -> Entry | None:
    """The latest champion of a dataset, else its latest model."""
    found = [
        each
        for each in registry().entries()
        if each.about.model
        and each.about.scope.get("dataset") == dataset.dataset_id
        and registry().run(each.run_id).model.is_dir()
    ]
    return next(iter(sorted(found, key=lambda each: (not each.is_champion, -each.number))), None)


def every(call: Call[ListParams, None]) -> JobsAnswer:
    """Jobs, the latest first."""
    wanted = call.params.state
    found = [job for job in reversed(engine().jobs()) if wanted in (None, job.state)]
    return JobsAnswer(jobs=[answer_of(job) for job in found[: call.params.limit]])


def one(call: Call[JobParams, None]) -> JobAnswer:
    return answer_of(engine().job(call.params.job))


def cancel(call: Call[JobParams, None]) -> JobAnswer:
    """Stop a job and keep its best; asked again, end it at once. What is over stays as it is."""
    return answer_of(engine().cancel(call.params.job, who=call.who))


def answer_of(job: Job) -> JobAnswer:
    status = engine().status(job.run_id)
    entry = registry().entry(job.run_id)
    done = job.state == "succeeded"
    eta = None if status is None or job.state in OVER else status.eta_seconds
    return JobAnswer(
        job=job.run_id,
        kind=job.kind,
        name=entry.name if entry else "",
        state=job.state,
        is_over=job.state in OVER,
        why=job.why,
        who=job.who,
        progress=1.0 if done else 0.0 if status is None else status.progress,
        stage="" if status is None or job.state in OVER else status.stage,
        eta_seconds=eta if eta is not None and math.isfinite(eta) else None,
        submitted_at=moment(job.submitted_at),
        changed_at=moment(job.changed_at),
        metrics=_metrics(job.run_id) if done and job.kind == "backtest" else {},
    )


def _metrics(run_id: str) -> dict[str, float]:
    """WAPE of every model of a comparison."""
    board = registry().run(run_id).frame("leaderboard")
    if board is None:
        return {}
    named = board.set_index("model") if "model" in board else board
    return {
        str(name): float(value) for name, value in named["WAPE"].items() if math.isfinite(value)
    }
