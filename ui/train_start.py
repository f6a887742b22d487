"""The right side of the Train page: the estimate, the start, and what is in the way."""

import streamlit as st

from data.scope import Scope
from engine.errors import EngineError
from ui import estimates, navigation, training
from ui import format as fmt
from ui.covariates import FILLS
from ui.engine import engine
from ui.queries import Dataset
from ui.train_view import FILLS_CHOSEN, Target, rough
from ui.training import Plan

_EQUAL = "train_equal"  # session: run ids by model that finished with the same request


def start(plan: Plan, dataset: Dataset) -> None:
    """The estimate, and the one button that begins; then the way to the jobs."""
    panel = training.panel(plan.scope, plan.split, plan.horizon)
    past = panel[~panel["ahead"]]
    series, length = past["series_id"].nunique(), past["timestamp"].nunique()
    windows = min(plan.windows, training.windows_possible(past, plan.horizon))
    with st.container(border=True):
        st.markdown("**Estimate**")
        if plan.models and series:
            made = estimates.estimate(plan, series=series, length=length, windows=windows)
            basis = (
                f"from {fmt.count(made.runs, 'run')} like this" if made.runs else "rule of thumb"
            )
            st.metric(
                "Until the forecasts are there",
                f"about {rough(made.seconds)}",
                f"{rough(made.low)} – {rough(made.high)}",
                delta_color="off",
                delta_arrow="off",
                delta_description=basis,
            )
            st.table(
                _facts(made, plan, series=series, length=length, windows=windows),
                border="horizontal",
            )
        pressed = st.button(
            "Start training",
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            disabled=not plan.models or not series,
            key="start_training",
        )
        st.caption(
            "You can close this page. The jobs go on and show up in Jobs."
            if plan.models
            else "Choose at least one model."
        )
    if pressed:
        _begin(plan, dataset)
    _offer_equal(plan, dataset)


def gaps(scope: Scope, aim: Target) -> None:
    """What keeps a column from being used, with the one press that helps."""
    fills: dict[str, str] = st.session_state.get(FILLS_CHOSEN, {})
    for each in training.known_ahead(scope, aim.split, aim.horizon):
        if each.is_ready or each.name in fills:
            continue
        first = "" if each.first_missing is None else fmt.period(each.first_missing, scope.freq)
        who = (
            "The series has" if each.series_missing == 1 else f"{each.series_missing:,} series have"
        )
        remedy = "last" if each.name == "price" else "zero"
        with st.container(border=True):
            st.markdown(
                f":orange[:material/warning:] **{each.label} has gaps from {first}**  \n"
                f"{who} no {each.label.lower()} for {fmt.count(each.missing, 'row')} ahead. "
                "Fill them, or the models will not use it for any."
            )
            st.button(
                f"{FILLS[remedy]} {each.label.lower()}"
                if remedy == "last"
                else "Take none as planned",
                key=f"fill_{each.name}",
                width="stretch",
                on_click=_fill,
                args=(each.name, remedy),
            )


def _begin(plan: Plan, dataset: Dataset) -> None:
    try:
        prepared = training.prepare(plan, dataset)
        finished = prepared.finished()
        if set(plan.models) <= finished.keys():
            st.session_state[_EQUAL] = (plan, finished)
            return
        first = prepared.submit()
    except EngineError as error:
        st.error(fmt.escape(str(error)))
        return
    st.session_state.pop(_EQUAL, None)
    st.switch_page(navigation.JOBS, query_params={"job": first})


def _offer_equal(plan: Plan, dataset: Dataset) -> None:
    """The result of an equal request, instead of the same work once more."""
    asked, finished = st.session_state.get(_EQUAL, (None, {}))
    if asked != plan:
        return
    first = next(iter(finished.values()))
    with st.container(border=True):
        st.markdown("**Trained already.** The same request on the same data has finished.")
        if st.button("Show its forecast", icon=":material/show_chart:", width="stretch"):
            st.switch_page(
                navigation.FORECAST,
                query_params={"run": first},
            )
        if st.button("Train again", width="stretch", type="tertiary"):
            st.session_state.pop(_EQUAL)
            run_id = training.prepare(plan, dataset).submit()
            st.switch_page(navigation.JOBS, query_params={"job": run_id})


def _facts(
    made: estimates.Estimate, plan: Plan, *, series: int, length: int, windows: int
) -> dict[str, str]:
    noun = training.periods(length, plan.scope.freq)
    active = [job for job in engine().jobs() if job.state in ("queued", "running", "cancelling")]
    machine = estimates.memory_of_machine_mb() / 1024
    slots = engine().slots["cpu"]
    compared = f"{rough(made.comparing)} more" if windows else "left out"
    return {
        "Series": f"{series:,} · {noun}",
        "Comparison": f"about {compared}" if windows else compared,
        "Runs on": f"CPU, {fmt.count(slots, 'job')} at once",
        "Memory": f"about {made.memory_mb / 1024:.1f} of {machine:.0f} GB a job",
        "Queue": f"{fmt.count(len(active), 'job')} before this" if active else "empty",
    }


def _fill(name: str, fill: str) -> None:
    st.session_state[FILLS_CHOSEN] = {**st.session_state.get(FILLS_CHOSEN, {}), name: fill}
