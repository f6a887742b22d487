"""The parts of the Train page that search for better settings, drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Scope
from engine.requests import TuneRequest
from ui import training, tuning_plan, tuning_words
from ui.training import NETWORKS, PRESETS, Advanced, Plan
from ui.tuning_plan import MINUTES, SAMPLERS, SEARCHED, TRIALS, Search
from ui.tuning_words import SETTINGS

_FILLED = "tune_filled"  # session: (number, chosen values by setting) taken over from a job
_MODEL, _TRIALS, _MINUTES = "tune_model", "tune_trials", "tune_minutes"
_PRESET, _STEPS, _SEED = "tune_preset", "tune_steps", "tune_seed"
_SAMPLER, _PRUNER = "tune_sampler", "tune_pruner"
_START: dict[str, Any] = {
    _MODEL: "lstm",
    _TRIALS: TRIALS,
    _MINUTES: MINUTES,
    _PRESET: "fast",
    _STEPS: None,
    _SEED: 0,
    _SAMPLER: "tpe",
    _PRUNER: True,
}


@dataclass(frozen=True, kw_only=True)
class Choices:
    """All that is said of the search itself; what to forecast is said elsewhere."""

    model: str
    preset: str
    max_steps: int | None
    seed: int
    trials: int
    minutes: float | None
    sampler: Literal["tpe", "random"]
    pruner: bool
    space: Mapping[str, Any]

    def search(
        self,
        scope: Scope,
        *,
        split: Any,
        horizon: int,
        windows: int,
        covariates: Mapping[str, str],
    ) -> Search:
        """The search of this scope."""
        plan = Plan(
            scope=scope,
            split=split,
            horizon=horizon,
            windows=windows,
            models=(self.model,),
            preset=self.preset,
            covariates=covariates,
            advanced=Advanced(seed=self.seed, max_steps=self.max_steps),
        )
        return Search(
            plan=plan,
            space=self.space,
            trials=self.trials,
            budget_seconds=None if self.minutes is None else 60 * self.minutes,
            sampler=self.sampler,
            pruner=self.pruner,
        )


def copy(request: TuneRequest) -> None:
    """Take over what an earlier search was asked."""
    state = st.session_state
    state[_MODEL], state[_TRIALS] = request.model, request.trials or TRIALS
    budget = request.budget_seconds
    state[_MINUTES] = None if budget is None else max(0.5, round(budget / 60, 1))
    preset = request.options.get("preset")
    state[_PRESET] = preset if preset in PRESETS else "fast"
    state[_STEPS], state[_SEED] = request.options.get("max_steps"), request.seed
    state[_SAMPLER], state[_PRUNER] = request.sampler, request.pruner
    number, _ = state.get(_FILLED, (0, {}))
    filled = {name: tuning_plan.chosen_of(each) for name, each in (request.space or {}).items()}
    state[_FILLED] = (number + 1, filled)


def choices(place: DeltaGenerator, scope: Scope, *, length: int, horizon: int) -> Choices:
    """How to search, and between which values; `length` periods of history are there."""
    for key, value in _START.items():
        st.session_state.setdefault(key, value)
    with place:
        st.markdown(
            "**Search for better settings** :gray[· trains one model many times and keeps the "
            "settings that forecast past periods best. The first trial is the usual ones.]"
        )
        with st.grid(4, min_column_width=150):
            model = _model()
            trials = st.number_input(
                "Trials",
                2,
                500,
                key=_TRIALS,
                help="How many settings are tried. A dozen finds most of what there is to gain; "
                "the search ends earlier where the time limit does.",
            )
            minutes = st.number_input(
                "Time limit, minutes",
                0.5,
                1440.0,
                step=0.5,
                format="%g",
                placeholder="none",
                key=_MINUTES,
                help="Of the whole job. Each trial may take its equal share, so that all are "
                "compared after the same training; the last 15% train the best model.",
            )
            seed = st.number_input(
                "Seed", 0, key=_SEED, help="The same seed tries the same settings again."
            )
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            preset, steps = _size(model)
            sampler, pruner = _way()
        space = _space(model, scope, length=length, horizon=horizon)
    return Choices(
        model=model,
        preset=preset,
        max_steps=steps,
        seed=int(seed or 0),
        trials=int(trials or TRIALS),
        minutes=minutes,
        sampler=sampler,
        pruner=pruner,
        space=space,
    )


def _model() -> str:
    return st.selectbox(
        "Model",
        SEARCHED,
        format_func=training.model_name,
        key=_MODEL,
        help="Models without settings worth a search, such as ARIMA, are not offered.",
    )


def _size(model: str) -> tuple[str, int | None]:
    """How long each trial trains; boosting finds its own end."""
    if model not in NETWORKS:
        return "fast", None
    preset = st.selectbox(
        "Each trial trains",
        list(PRESETS),
        format_func=lambda key: f"{PRESETS[key].title}, {PRESETS[key].steps:,} steps",
        key=_PRESET,
        width=176,
        help="What is best after a short training is not always best after a long one; the "
        "model that is kept is trained the same.",
    )
    steps = st.number_input(
        "Steps of a trial",
        1,
        20_000,
        placeholder="by size",
        key=_STEPS,
        width=140,
        help="Updates of the network at most, in place of the number beside.",
    )
    return preset, steps


def _way() -> tuple[Literal["tpe", "random"], bool]:
    """How trials are chosen, and whether bad ones end early."""
    sampler = st.segmented_control(
        "Choose the next trial",
        list(SAMPLERS),
        format_func=lambda key: SAMPLERS[key],
        required=True,
        key=_SAMPLER,
        help="Learning (TPE) tries more of what was good, from the sixth trial on. Random "
        "looks everywhere alike, and tells best which setting matters.",
    )
    pruner = st.toggle(
        "End bad trials early",
        key=_PRUNER,
        help="A trial that is worse than the median of the complete ones at the same point is "
        "pruned. That leaves time for better ones; from the fourth trial on.",
    )
    return cast(Literal["tpe", "random"], sampler or "tpe"), pruner


def _space(model: str, scope: Scope, *, length: int, horizon: int) -> dict[str, Any]:
    """What is searched, between which values."""
    number, filled = st.session_state.get(_FILLED, (0, {}))
    names = tuning_plan.settings(model)
    own = {name: values for name, values in filled.items() if name in names}
    key = f"tune-{model}-{number}"
    chosen = st.pills(
        "Settings to search",
        names,
        selection_mode="multi",
        default=[name for name in names if name in (own or tuning_plan.USUAL[model])],
        format_func=tuning_words.label,
        key=key,
        help="The others stay as they usually are. The more are searched, the more trials it "
        "takes: about five for each.",
    )
    space = {}
    with st.grid(2, min_column_width=300, gap="medium"):
        for name in names:
            if name not in chosen:
                continue
            values = tuning_plan.offered(
                model, name, freq=scope.freq, length=length, horizon=horizon
            )
            begin = own.get(name) or tuning_plan.usual(model, name, values)
            values = tuple(sorted({*values, *begin}))
            if picked := _setting(model, name, values, begin, key=f"{key}-{name}-{len(values)}"):
                space[name] = tuning_plan.dimension(model, name, picked)
    return space


def _setting(
    model: str, name: str, values: tuple[float, ...], begin: tuple[float, ...], *, key: str
) -> tuple[float, ...]:
    """One setting: a slider with two ends, or a choice of values."""
    setting = SETTINGS[name]

    if tuning_plan.is_range(model, name):
        return st.select_slider(
            setting.label,
            values,
            value=(min(begin), max(begin)),
            format_func=tuning_words.shown,
            key=key,
            help=setting.words,
        )
    picked = st.pills(
        setting.label,
        values,
        selection_mode="multi",
        default=list(begin),
        format_func=tuning_words.shown,
        key=key,
        help=setting.words,
    )
    return tuple(picked)
