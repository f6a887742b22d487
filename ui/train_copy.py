"""Taking over on the Train page what an earlier run was asked, or what a search found.

A link of Jobs or Models names the run (`?copy=`); the widgets of the page then say what it said.
"""

from typing import Any

import streamlit as st

from engine.errors import EngineError
from engine.registry import About
from engine.requests import ForecastRequest, Request, TuneRequest
from ui import format as fmt
from ui import (
    public_models,
    train_pretrained,
    training,
    tuning_earlier,
    tuning_jobs,
    tuning_view,
    tuning_words,
)
from ui import train_view as view
from ui.engine import registry
from ui.training import GOES_ON, PRESETS, Advanced

_FOUND = "train_found"  # session: model, its options, and the name of the search


def copy_if_asked() -> None:
    """Take over what an earlier run was asked, where the address names one (`?copy=`).

    With `&settings=found` it is what a search found, for a training with it.
    """
    asked, wanted = st.query_params.pop("copy", None), st.query_params.pop("settings", None)
    entry = registry().entry(asked) if asked else None
    if entry is None:
        return
    _copy_aim(entry.about)
    request = _request(entry.run_id)
    found = tuning_jobs.found(registry().run(entry.run_id)) if wanted == "found" else None
    st.session_state[view.WAY] = view.NEW
    if found is not None:
        st.session_state[_FOUND] = (entry.about.model, dict(found.options), entry.name)
        st.session_state[view.MODELS] = [entry.about.model]
        st.session_state["train_seed"] = entry.about.seed
    elif isinstance(request, TuneRequest):
        st.session_state[view.WAY] = view.SEARCH
        st.session_state[view.WINDOWS] = min(request.num_windows, 3)
        tuning_view.copy(request)
    elif isinstance(request, ForecastRequest) and request.fine_tune is not None:
        st.session_state[view.WAY] = view.EARLIER
        tuning_earlier.copy(str(request.from_run), request.fine_tune, request.options.get("steps"))
    elif entry.about.model == train_pretrained.MODEL and entry.about.preset == GOES_ON:
        st.session_state[view.WAY] = view.EARLIER
        given = entry.about.options
        tuning_earlier.copy(train_pretrained.OURS, given["tune"], given["tune_steps"])
    else:
        _copy_models(entry.about, request)


def _copy_aim(about: About) -> None:
    """Level, horizon and covariates of an earlier run."""
    scope = training.scope_of(about)
    st.session_state[view.FILLS_CHOSEN] = {
        name: about.covariates[name] for name in about.covariates
    }
    if scope is not None:
        st.session_state[f"train_horizon_{scope.freq}"] = min(
            about.horizon, view.LIMITS[scope.freq]
        )
        if (split := about.scope.get("split")) in training.splits(scope):
            st.session_state[view.SPLIT] = split


def _copy_models(about: About, request: Request | None) -> None:
    """Models and options of an earlier run."""
    state = st.session_state
    group = [each.about.model for each in registry().group(about.group) if each.about.model]
    state[view.PRESET] = about.preset if about.preset in PRESETS else "balanced"
    named = dict.fromkeys(group or [about.model])
    offered = (*training.OFFERED, *public_models.offered())
    state[view.MODELS] = [name for name in named if name in offered]
    state["train_seed"] = about.seed
    for name in ("context_length", "width", "max_steps"):
        state[f"train_{name}"] = about.options.get(name)
    state["train_dropout"] = about.options.get("dropout", Advanced.dropout)
    budget = getattr(request, "budget_seconds", None)
    state["train_budget"] = None if budget is None else round(budget)
    others = about.options.keys() - {"preset", "dropout", "context_length", "width", "max_steps"}
    if about.model in training.NETWORKS and others:  # a search found them
        state[_FOUND] = (about.model, dict(about.options), "an earlier run")


def _request(run_id: str) -> Request | None:
    try:
        return registry().run(run_id).request()
    except EngineError:  # deleted, or of another version
        return None


def found_settings(models: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """The settings that a search found, by model, where they are used; with a way to drop them."""
    model, options, name = st.session_state.get(_FOUND, ("", {}, ""))
    if model not in models:
        return {}
    with st.container(border=True):
        words, drop = st.columns([0.86, 0.14], vertical_alignment="center")
        words.markdown(
            f":material/tune: **{training.model_name(model)} uses found settings:** "
            f"{fmt.escape(tuning_words.in_words(options))} :gray[· from {fmt.escape(name)}]"
        )
        drop.button("Forget", key="forget_found", type="tertiary", on_click=_forget_found)
    return {model: options}


def _forget_found() -> None:
    st.session_state.pop(_FOUND, None)
