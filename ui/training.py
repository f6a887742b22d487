"""From what the Train page says to jobs of the engine, and back from a run to what was said.

One press makes a job per model, which fits it and forecasts, and one that compares them all with
last year's weeks and ARIMA at earlier cutoffs. The comparison has the lower priority, so that a
forecast is there before its error is known. Knows no widgets.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from data.scope import Freq, Scope, Split
from engine.errors import EngineError
from engine.registry import MOST_CHARACTERS, About
from engine.requests import BacktestRequest, ForecastRequest, PanelSpec, Request
from ui import (
    calendar_queries,
    corrected,
    covariates,
    forecast_words,
    forecasts,
    public_models,
    queries,
    train_pretrained,
)
from ui import format as fmt
from ui import scope as scopes
from ui.covariates import Covariate
from ui.engine import engine, registry, submit
from ui.queries import Dataset
from ui.train_pretrained import OURS, Unfrozen

NETWORKS = ("lstm", "gru", "transformer")
OFFERED = (*NETWORKS, "gbm", train_pretrained.MODEL, "ensemble")
GOES_ON, SEARCH = "goes_on", "search"  # in the place of a preset: what made a model
BASELINES = (forecasts.LAST_YEAR, "arima")  # in every comparison
SPLITS: dict[Split, str] = {
    "product_place": "Product × place",
    "product": "Product",
    "category": "Category",
    "place": "Place",
    "total": "One total",
}


@dataclass(frozen=True)
class Preset:
    """How thorough: what a card of the Train page offers."""

    title: str
    words: str
    models: tuple[str, ...]
    steps: int  # updates of a network, as the library's preset has it


PRESETS = {
    "fast": Preset("Fast", "Transformer, small. For a first look.", ("transformer",), 300),
    "balanced": Preset("Balanced", "LSTM and Transformer. Usual.", ("lstm", "transformer"), 800),
    "best": Preset("Best", "All models, and their average.", OFFERED, 2500),
}


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """Options that most people never touch; None leaves the choice to the preset."""

    seed: int = 0
    context_length: int | None = None
    width: int | None = None
    dropout: float = 0.1
    max_steps: int | None = None
    budget_seconds: float | None = None  # per model


@dataclass(frozen=True, kw_only=True)
class Start:
    """The kept network that a training goes on from, and how far it may move."""

    run_id: str  # or OURS, for the pretrained one that Almanac comes with
    unfrozen: Unfrozen = "all"  # which of its weights change
    steps: int | None = None  # None: the usual ones


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that the Train page says."""

    scope: Scope
    split: Split
    horizon: int  # periods ahead
    windows: int  # of the comparison; 0: none
    models: tuple[str, ...]
    preset: str
    covariates: Mapping[str, str] = field(default_factory=dict)  # name: fill
    advanced: Advanced = field(default_factory=Advanced)
    found: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by a search: per model
    start: Start | None = None  # None: new models


def splits(scope: Scope) -> list[Split]:
    """The levels at which a scope can be forecast, the finest first."""
    many_places = scope.place_id is None and len(queries.places(scope.dataset_id)) > 1
    found: list[Split] = []
    if scope.product_id is None:
        found += ["product_place"] if many_places else []
        found.append("product")
        found += ["category"] if scopes.has_deeper_categories(scope) else []
    found += ["place"] if many_places else []
    return [*found, "total"]


def panel(scope: Scope, split: Split, horizon: int) -> pd.DataFrame:
    """The sales to learn from with what is planned, prices to festivals."""
    frame = queries.panel(scope, split, horizon)
    return calendar_queries.with_events(frame, scope, split)


def known_ahead(scope: Scope, split: Split, horizon: int) -> list[Covariate]:
    """What could be known ahead, and what of it is missing."""
    one = scope.product_id is not None or split in ("product", "product_place")
    return covariates.readiness(panel(scope, split, horizon), has_price=one, freq=scope.freq)


def options(plan: Plan, model: str) -> dict[str, Any]:
    """What the library gets for a model; settings that a search found are taken whole."""
    if model in plan.found:
        return dict(plan.found[model])
    if model == "ensemble":
        members = [name for name in plan.models if name != "ensemble"]
        given: dict[str, Any] = {name: options(plan, name) for name in members}
        chosen = (*BASELINES[:1], "theta", *members) if members else None
        named = {"members": list(dict.fromkeys(chosen)), "member_options": given} if chosen else {}
        return {**named, "num_windows": 1}
    if model == train_pretrained.MODEL:
        usual = Start(run_id=OURS, unfrozen=train_pretrained.USUAL, steps=plan.advanced.max_steps)
        start = plan.start or usual
        return train_pretrained.options(plan.preset, unfrozen=start.unfrozen, steps=start.steps)
    if model not in NETWORKS:
        return public_models.options(model)
    said = {
        name: value
        for name, value in asdict(plan.advanced).items()
        if name in ("context_length", "width", "max_steps") and value is not None
    }
    return {"preset": plan.preset, "dropout": plan.advanced.dropout, **said}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Jobs that are ready to be submitted, on one snapshot of the data."""

    frame: pd.DataFrame
    future: pd.DataFrame | None
    requests: tuple[tuple[About, str, Request], ...]  # with the name of each
    group: str

    def finished(self) -> dict[str, str]:
        """Run ids by model where equal requests on equal data have finished."""
        found = {}
        for about, _, request in self.requests:
            run_id = engine().finished_equal(request, self.frame, future=self.future)
            if run_id is not None and about.model:
                found[about.model] = run_id
        return found

    def submit(self) -> str:
        """Queue all; the run id of the first model."""
        first = ""
        for about, name, request in self.requests:
            priority = 1 if about.model else 0
            run_id = submit(
                request, self.frame, about=about, name=name, future=self.future, priority=priority
            )
            first = first or run_id
        return first


def prepare(plan: Plan, dataset: Dataset) -> Prepared:
    """The jobs of a plan. Raises `EngineError` for options that cannot work."""
    frame, future, spec = covariates.assemble(
        panel(plan.scope, plan.split, plan.horizon), plan.scope.freq, plan.covariates
    )
    if frame.empty:
        raise EngineError("There is no complete period of sales in this scope yet.")
    if not plan.models:
        raise EngineError("No model is chosen. Choose at least one.")
    about = about_of(plan, dataset, frame)
    found = [_fitted(plan, model, spec, about) for model in plan.models]
    windows = 0 if plan.start else min(plan.windows, windows_possible(frame, plan.horizon))
    if windows:
        comparison = BacktestRequest(
            panel=spec,
            models=tuple(dict.fromkeys((*plan.models, *BASELINES))),
            horizon=plan.horizon,
            num_windows=windows,
            seed=plan.advanced.seed,
            options={name: options(plan, name) for name in plan.models},
            budget_seconds=plan.advanced.budget_seconds,
        )
        own = About(**{**about, "model": ""})
        found.append((own, f"Comparison · {own.scope_words}", comparison))
    return Prepared(frame=frame, future=future, requests=tuple(found), group=about["group"])


def _fitted(
    plan: Plan, model: str, spec: PanelSpec, about: Mapping[str, Any]
) -> tuple[About, str, Request]:
    """The job of one model, with what the registry and the table of jobs call it."""
    given, start = options(plan, model), plan.start
    own = About(**{**about, "model": model, "options": given})
    request = ForecastRequest(
        panel=spec,
        model=model,
        horizon=plan.horizon,
        seed=plan.advanced.seed,
        options=given,
        budget_seconds=plan.advanced.budget_seconds,
    )
    how = ", with found settings" if model in plan.found else ""
    if start is not None and start.run_id == OURS:
        own, how = replace(own, preset=GOES_ON), ", trained further"
    elif start is not None:
        if start.unfrozen == "low-rank":
            raise EngineError("Only our pretrained forecaster learns by small additions to it.")
        request = replace(
            request,
            model=None,
            from_run=start.run_id,
            fine_tune=start.unfrozen,
            options={} if start.steps is None else {"steps": start.steps},
        )
        base = registry().entry(start.run_id)
        own = replace(own, preset=GOES_ON, options=base.about.options if base else {})
        how = ", trained further"
    return own, shortened(f"{model_name(model)}{how} · {own.scope_words}"), request


def shortened(name: str) -> str:
    """A name that the registry takes."""
    return name if len(name) <= MOST_CHARACTERS else name[: MOST_CHARACTERS - 1] + "…"


def windows_possible(frame: pd.DataFrame, horizon: int) -> int:
    """How often the past can be forecast with half of the history left to learn from."""
    periods = frame["timestamp"].nunique()
    return max(0, min(3, periods // (2 * horizon)))


def predict_with(run_id: str, scope: Scope, dataset: Dataset) -> str:
    """Queue a forecast by the model that a run kept, on the newest data; its run id.

    Raises `EngineError` where the run is gone.
    """
    entry = registry().entry(run_id)
    if entry is None:
        raise EngineError("This model was deleted. Choose another.")
    about, own = entry.about, scope_of(entry.about)
    if own is None:
        raise EngineError(f"{entry.name} was trained by another version; its scope is not known.")
    scope = replace(
        scope,
        freq=own.freq,
        measure=own.measure,
        corrected=own.corrected,
        correction_revision=own.correction_revision,
    )
    split: Split = about.scope["split"] if about.scope["split"] in splits(scope) else "total"
    frame, future, spec = covariates.assemble(
        panel(scope, split, about.horizon), scope.freq, about.covariates
    )
    request = ForecastRequest(panel=spec, from_run=run_id, horizon=about.horizon)
    plan = Plan(
        scope=scope,
        split=split,
        horizon=about.horizon,
        windows=0,
        models=(about.model,),
        preset=about.preset,
        covariates=about.covariates,
        advanced=Advanced(seed=about.seed),
    )
    made = About(**{**about_of(plan, dataset, frame), "model": about.model})
    name = f"{model_name(about.model)} again · {made.scope_words}"
    return submit(request, frame, about=made, name=name, future=future, priority=2)


def model_name(model: str) -> str:
    """What the screens call a model; a comparison has none.

    >>> model_name("lstm"), model_name("gbm"), model_name("theta")
    ('LSTM', 'Boosting', 'Theta')
    """
    named = {"": "Comparison", forecasts.LAST_YEAR: "Last year"}
    return named.get(model) or forecast_words.model_name(model, "W")


def scope_of(about: About) -> Scope | None:
    """The scope that a run is of, its segment as it was then; None for that of another version."""
    given = about.scope
    try:
        dataset_id = int(given["dataset"])
        return Scope(
            dataset_id=dataset_id,
            categories=tuple(given["categories"]),
            product_id=given["product"],
            place_id=given["place"],
            segment_id=given.get("segment"),
            segment_revision=int(given.get("segment_revision", 0)),
            freq=given["freq"],
            measure=given["measure"],
            corrected=bool(given.get("corrected")),
            correction_revision=corrected.revision(dataset_id) if given.get("corrected") else 0,
        )
    except (KeyError, TypeError, ValueError):
        return None


def now(scope: Scope) -> Scope:
    """The scope of a run on the data of today: its segment with the members it has now.

    Raises `EngineError` where the segment was deleted.
    """
    if scope.segment_id is None:
        return scope
    for segment in queries.segments(scope.dataset_id):
        if segment.segment_id == scope.segment_id:
            return replace(scope, segment_revision=segment.revision)
    raise EngineError("Its segment was deleted. Train on what it should forecast now.")


def about_of(plan: Plan, dataset: Dataset, frame: pd.DataFrame) -> dict[str, Any]:
    """The fields of `About` that all jobs of a plan share."""
    scope = plan.scope
    noun = forecasts.NOUN[scope.freq][0]
    sales = ", corrected sales" if scope.corrected else ""
    level = "" if plan.split == "total" else f" by {SPLITS[plan.split].lower()}"
    segment = {"segment": scope.segment_id, "segment_revision": scope.segment_revision}
    if scope.segment_id is None:  # so that it equals what was written before there were any
        segment = {}
    return {
        "preset": plan.preset,
        "scope": {
            "dataset": scope.dataset_id,
            "categories": list(scope.categories),
            "product": scope.product_id,
            "place": scope.place_id,
            "freq": scope.freq,
            "measure": scope.measure,
            "split": plan.split,
            "corrected": scope.corrected,
            **segment,
        },
        "scope_words": f"{scopes.name(scope)}, {scopes.place(scope)}{level}, {noun}{sales}"[:90],
        "covariates": dict(plan.covariates),
        "series": int(frame["series_id"].nunique()),
        "horizon": plan.horizon,
        "seed": plan.advanced.seed,
        "snapshot": _fingerprint(frame),
        "data_until": f"{frame['timestamp'].max():%Y-%m-%d}",
        "group": secrets.token_hex(6),
        "code_version": code_version(),
    }


def _fingerprint(frame: pd.DataFrame) -> str:
    """Equal for equal data."""
    rows = pd.util.hash_pandas_object(frame, index=False)
    return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()[:12]


@cache
def code_version() -> str:
    """The commit of this installation, "" where it is not known."""
    head = Path(__file__).parent.parent / ".git"
    if head.is_file():  # a worktree
        head = Path(head.read_text(encoding="utf-8").removeprefix("gitdir:").strip())
    try:
        text = (head / "HEAD").read_text(encoding="utf-8").strip()
        if not text.startswith("ref: "):
            return text[:12]
        common = head / "commondir"
        root = head / common.read_text(encoding="utf-8").strip() if common.is_file() else head
        return (root / text[5:]).read_text(encoding="utf-8").strip()[:12]
    except OSError:  # installed without git, or packed references
        return ""


def periods(number: int, freq: Freq) -> str:
    """A number of periods in words."""
    return fmt.count(number, *forecasts.NOUN[freq])
