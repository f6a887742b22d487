"""A search for better settings: what the Train page says, its defaults, and the job it becomes.

Which settings a model has, and between which values they are usually searched, the library knows.
Knows no widgets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from data.scope import Freq
from engine.errors import EngineError
from engine.registry import About
from engine.requests import TuneRequest
from ui import covariates, forecasts, training
from ui.queries import Dataset
from ui.training import NETWORKS, SEARCH, Plan, Prepared
from ui.tuning_words import SETTINGS

SEARCHED = (*NETWORKS, "gbm")  # models that have settings worth a search
TRIALS, MINUTES = 12, 5.0  # as the page opens
SAMPLERS = {"tpe": "Learning", "random": "Random"}
USUAL = {  # searched unless unticked; few trials find little in many settings
    "gbm": ("num_leaves", "learning_rate", "volume_weight", "max_origins"),
    **{name: ("learning_rate", "dropout", "width", "context_length") for name in NETWORKS},
}


@dataclass(frozen=True, kw_only=True)
class Search:
    """All that the page says of a search. `plan` has its one model, and its windows."""

    plan: Plan
    space: Mapping[str, Any]  # as `forecasting.spaces.read_space` reads it
    trials: int
    budget_seconds: float | None  # of the whole job
    sampler: Literal["tpe", "random"] = "tpe"
    pruner: bool = True

    @property
    def model(self) -> str:
        return self.plan.models[0]


def settings(model: str) -> tuple[str, ...]:
    """The settings of a model that can be searched, those first that usually are."""
    return tuple(dict.fromkeys([*USUAL[model], *_usual_space(model)]))


def is_range(model: str, name: str) -> bool:
    """Whether a setting is searched between two ends; else among some values."""
    return isinstance(_usual_space(model).get(name), Mapping)


def offered(model: str, name: str, *, freq: Freq, length: int, horizon: int) -> tuple[float, ...]:
    """The values to choose from; `length` is of the history in periods."""
    if name == "context_length":
        return _histories(freq, length, horizon)
    usual, values = _usual_space(model)[name], set(SETTINGS[name].values)
    if isinstance(usual, Mapping):
        values |= {usual["low"], usual["high"]}
        least = 1e-3 if model == "gbm" and name == "learning_rate" else 0.0
        return tuple(sorted(value for value in values if value >= least))
    return tuple(sorted(values | set(usual)))


def usual(model: str, name: str, values: tuple[float, ...]) -> tuple[float, ...]:
    """Of the offered values those that are chosen as the page opens: two ends, or some."""
    if name == "context_length":
        return values
    found = _usual_space(model)[name]
    return (found["low"], found["high"]) if isinstance(found, Mapping) else tuple(found)


def dimension(model: str, name: str, chosen: tuple[float, ...]) -> Any:
    """What a request says of one setting.

    >>> dimension("lstm", "width", (64, 32)), dimension("lstm", "dropout", (0.1, 0.1))
    ([32, 64], [0.1])
    >>> dimension("gbm", "num_leaves", (7, 31))
    {'low': 7, 'high': 31, 'log': True, 'whole': True}
    """
    found = _usual_space(model).get(name)
    if not isinstance(found, Mapping) or min(chosen) == max(chosen):
        return sorted(set(chosen))
    return {**found, "low": min(chosen), "high": max(chosen)}


def chosen_of(given: Any) -> tuple[float, ...]:
    """The two ends or the values of one setting in a request: `dimension` the other way round."""
    if isinstance(given, Mapping):
        return (given["low"], given["high"])
    return tuple(given)


def fixed(search: Search) -> dict[str, Any]:
    """The options that are the same in all trials."""
    if search.model not in NETWORKS:
        return {}
    steps = search.plan.advanced.max_steps
    given = {"preset": search.plan.preset} | ({} if steps is None else {"max_steps": steps})
    return {name: value for name, value in given.items() if name not in search.space}


def request_of(search: Search, spec: Any, windows: int) -> TuneRequest:
    """What the engine is asked. Raises `RequestError` for what cannot work."""
    plan = search.plan
    return TuneRequest(
        panel=spec,
        model=search.model,
        horizon=plan.horizon,
        num_windows=windows,
        seed=plan.advanced.seed,
        options=fixed(search),
        space=search.space,
        trials=search.trials,
        sampler=search.sampler,
        pruner=search.pruner,
        budget_seconds=search.budget_seconds,
        forecast=True,
    )


def prepare(search: Search, dataset: Dataset) -> Prepared:
    """The job of a search. Raises `EngineError` for one that cannot work."""
    plan = search.plan
    frame, future, spec = covariates.assemble(
        training.panel(plan.scope, plan.split, plan.horizon), plan.scope.freq, plan.covariates
    )
    possible = 0 if frame.empty else training.windows_possible(frame, plan.horizon)
    if not possible:
        raise EngineError(
            "There is too little history to judge trials by. Choose fewer periods ahead, or a "
            "shorter period."
        )
    if not search.space:
        raise EngineError("No setting is chosen to search. Choose at least one.")
    request = request_of(search, spec, min(max(plan.windows, 1), possible))
    shared = training.about_of(plan, dataset, frame)
    about = About(
        **{**shared, "model": search.model, "preset": SEARCH, "options": dict(request.options)}
    )
    name = f"{training.model_name(search.model)}, tuned in {search.trials} trials"
    named = training.shortened(f"{name} · {about.scope_words}")
    return Prepared(
        frame=frame, future=future, requests=((about, named, request),), group=about.group
    )


def _usual_space(model: str) -> dict[str, Any]:
    from forecasting.spaces import default_space, space_as_json  # late: the library takes a while

    found = space_as_json(default_space(model))
    return {**found, "context_length": []} if model in NETWORKS else found


def _histories(freq: Freq, length: int, horizon: int) -> tuple[float, ...]:
    """Half, once and twice the history that networks read by default, as far as there is some."""
    from forecasting.networks.layout import READING

    context, patch, _, _ = READING[forecasts.PANDAS_FREQ[freq].split("-")[0][0]]
    room = max(patch, (length - horizon) * 2 // 3)
    found = {min(max(patch, each // patch * patch), room // patch * patch or patch)
             for each in (context // 2, context, 2 * context)}  # fmt: skip
    return tuple(sorted(found))
