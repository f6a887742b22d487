"""The Train page put together: what each way asks for, the estimate, and the start."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Scope
from engine.errors import EngineError
from ui import (
    estimates,
    navigation,
    train_copy,
    train_pretrained,
    training,
    tuning_earlier,
    tuning_plan,
    tuning_view,
)
from ui import format as fmt
from ui import train_view as view
from ui.covariates import FILLS
from ui.engine import engine, registry, slots_for
from ui.queries import Dataset
from ui.train_view import FILLS_CHOSEN, Target, Way, rough
from ui.training import PRESETS, Plan, Prepared
from ui.tuning_plan import Search

_EQUAL = "train_equal"  # session: run ids by model that finished with the same request


def choices(way: Way, above: DeltaGenerator, scope: Scope, aim: Target) -> Plan | Search:
    """The rest of what the page says."""
    if way == view.SEARCH:
        return _search(above, scope, aim)
    plan = Plan(
        scope=scope,
        split=aim.split,
        horizon=aim.horizon,
        windows=aim.windows,
        models=(),
        preset=view.preset(),
    )
    if way == view.EARLIER:
        return _further(plan, above, aim)
    models = view.models()
    found = train_copy.found_settings(models)
    view.presets(above, scope, aim)
    plan = replace(plan, models=models, found=found, covariates=view.known_ahead(scope, aim))
    return replace(plan, preset=view.preset(), advanced=view.advanced())


def _search(above: DeltaGenerator, scope: Scope, aim: Target) -> Search:
    panel = training.panel(scope, aim.split, aim.horizon)
    length = panel.loc[~panel["ahead"], "timestamp"].nunique()
    said = tuning_view.choices(above, scope, length=length, horizon=aim.horizon)
    return said.search(
        scope,
        split=aim.split,
        horizon=aim.horizon,
        windows=aim.windows,
        covariates=view.known_ahead(scope, aim),
    )


def _further(plan: Plan, above: DeltaGenerator, aim: Target) -> Plan:
    used = view.known_ahead(plan.scope, aim)
    panel = training.panel(plan.scope, plan.split, plan.horizon)
    asked = tuning_earlier.wanted(plan.scope, panel, plan.horizon, used)
    start = tuning_earlier.choose(above, asked)
    entry = registry().entry(start.run_id)
    if entry is None:  # ours
        models, preset = (train_pretrained.MODEL,), "balanced"
    else:
        models = (entry.about.model,)
        preset = entry.about.preset if entry.about.preset in PRESETS else "balanced"
    return replace(plan, models=models, covariates=used, start=start, preset=preset)


def start(said: Plan | Search, dataset: Dataset) -> None:
    """The estimate, and the one button that begins; then the way to the jobs."""
    plan = said.plan if isinstance(said, Search) else said
    panel = training.panel(plan.scope, plan.split, plan.horizon)
    past = panel[~panel["ahead"]]
    series, length = past["series_id"].nunique(), past["timestamp"].nunique()
    possible = training.windows_possible(past, plan.horizon)
    size = {"series": series, "length": length, "windows": min(plan.windows, possible)}
    hindrance = _hindrance(said, series, possible)
    with st.container(border=True):
        st.markdown("**Estimate**")
        if not hindrance:
            _estimate(said, **size)
        pressed = st.button(
            "Start search" if isinstance(said, Search) else "Start training",
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            disabled=bool(hindrance),
            key="start_training",
        )
        st.caption(hindrance or "You can close this page. The jobs go on and show up in Jobs.")
    if pressed:
        _begin(said, dataset)
    _offer_equal(said, dataset)


def _hindrance(said: Plan | Search, series: int, possible: int) -> str:
    """What is missing before it can begin; "" where nothing is."""
    if not series:
        return "There are no sales to learn from."
    if isinstance(said, Search):
        if not possible:
            return "There is too little history to judge trials by. Choose fewer periods ahead."
        return "" if said.space else "Choose at least one setting to search."
    return "" if said.models else "Choose at least one model."


def _estimate(said: Plan | Search, *, series: int, length: int, windows: int) -> None:
    """How long it takes, from which runs that is known, and what it needs."""
    if isinstance(said, Search):
        made = estimates.search(said, series=series, length=length, windows=windows)
        title, noun = "Until the best model is there", ("search", "searches")
    else:
        made = estimates.estimate(said, series=series, length=length, windows=windows)
        title, noun = "Until the forecasts are there", ("run", "runs")
    basis = f"from {fmt.count(made.runs, *noun)} like this" if made.runs else "rule of thumb"
    low, high = rough(made.low), rough(made.high)
    st.metric(
        title,
        f"about {rough(made.seconds)}",
        low if low == high else f"{low} – {high}",
        delta_color="off",
        delta_arrow="off",
        delta_description=basis,
    )
    st.table(_facts(made, said, series=series, length=length, windows=windows), border="horizontal")


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


def _prepared(said: Plan | Search, dataset: Dataset) -> Prepared:
    if isinstance(said, Search):
        return tuning_plan.prepare(said, dataset)
    return training.prepare(said, dataset)


def _begin(said: Plan | Search, dataset: Dataset) -> None:
    plan = said.plan if isinstance(said, Search) else said
    try:
        prepared = _prepared(said, dataset)
        finished = prepared.finished()
        if set(plan.models) <= finished.keys():
            st.session_state[_EQUAL] = (said, finished)
            return
        first = prepared.submit()
    except EngineError as error:
        st.error(fmt.escape(str(error)))
        return
    st.session_state.pop(_EQUAL, None)
    st.switch_page(navigation.JOBS, query_params={"job": first})


def _offer_equal(said: Plan | Search, dataset: Dataset) -> None:
    """The result of an equal request, instead of the same work once more."""
    asked, finished = st.session_state.get(_EQUAL, (None, {}))
    if asked != said:
        return
    first = next(iter(finished.values()))
    with st.container(border=True):
        done = "Searched" if isinstance(said, Search) else "Trained"
        st.markdown(f"**{done} already.** The same request on the same data has finished.")
        if isinstance(said, Search):
            st.page_link(
                navigation.JOBS,
                label="Show its trials",
                icon=":material/table_rows:",
                query_params={"job": first},
            )
        if st.button("Show its forecast", icon=":material/show_chart:", width="stretch"):
            st.switch_page(
                navigation.FORECAST,
                query_params={"run": first},
            )
        if st.button("Do it again", width="stretch", type="tertiary"):
            st.session_state.pop(_EQUAL)
            run_id = _prepared(said, dataset).submit()
            st.switch_page(navigation.JOBS, query_params={"job": run_id})


def _facts(
    made: estimates.Estimate, said: Plan | Search, *, series: int, length: int, windows: int
) -> dict[str, str]:
    plan = said.plan if isinstance(said, Search) else said
    noun = training.periods(length, plan.scope.freq)
    active = [job for job in engine().jobs() if job.state in ("queued", "running", "cancelling")]
    machine = estimates.memory_of_machine_mb() / 1024
    device, slots = slots_for([said.model] if isinstance(said, Search) else plan.models)
    return {
        "Series": f"{series:,} · {noun}",
        **_effort(made, said, windows),
        "Runs on": f"{device}, {fmt.count(slots, 'job')} at once",
        "Memory": f"about {made.memory_mb / 1024:.1f} of {machine:.0f} GB a job",
        "Queue": f"{fmt.count(len(active), 'job')} before this" if active else "empty",
    }


def _effort(made: estimates.Estimate, said: Plan | Search, windows: int) -> dict[str, str]:
    """What is done besides the fits: trials, or the comparison."""
    if isinstance(said, Search):
        limit = said.budget_seconds
        trials = f"{said.trials} × {fmt.count(windows, 'window')}"
        return {"Trials": trials, "Time limit": fmt.duration(limit) if limit else "none"}
    if said.start is not None:
        return {"Comparison": "left out"}
    return {"Comparison": f"about {rough(made.comparing)} more" if windows else "left out"}


def _fill(name: str, fill: str) -> None:
    st.session_state[FILLS_CHOSEN] = {**st.session_state.get(FILLS_CHOSEN, {}), name: fill}
