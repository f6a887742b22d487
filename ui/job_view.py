"""The parts of the Jobs page, drawn: the table, and the selected job while it runs and after."""

from collections.abc import Callable

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.errors import EngineError
from engine.supervisor import Engine
from ui import (
    again,
    choosing,
    job_charts,
    jobs,
    layout,
    model_evidence,
    navigation,
    training,
    tuning_job_view,
    tuning_jobs,
)
from ui import format as fmt
from ui.engine import engine
from ui.jobs import STATES, View

EVERY = "1s"
_TABLE = "job_rows"
_SEEN = "jobs_over"  # session: how many were over when metrics were last taken over


def stop_without_jobs() -> None:
    """An empty state while nothing was ever submitted."""
    if not engine().jobs():
        layout.stop(
            "**No jobs yet.** Trainings run in the background and are listed here: how far they "
            "are, how well they learn, and what came out. You can close the page meanwhile.",
            link=navigation.TRAIN,
            link_label="Train a model",
        )


def live() -> None:
    """The table and the selected job; refreshed every second while anything runs."""
    running = bool(jobs.active())
    st.fragment(run_every=EVERY if running else None, key="jobs_live")(_guarded)(running)


def _guarded(was_running: bool) -> None:
    with layout.errors_in_words():
        _live(was_running)


def _live(was_running: bool) -> None:
    listed = jobs.views()
    over = sum(each.is_over for each in listed)
    if st.session_state.get(_SEEN) != over:
        jobs.refresh_metrics()
        st.session_state[_SEEN] = over
        listed = jobs.views()
    if was_running and all(each.is_over for each in listed):
        st.rerun()  # the last one is over: the page stops refreshing itself
    st.caption(_summary(engine(), listed))
    chosen = _chosen(listed)
    _table(listed, chosen)
    if chosen is not None:
        detail(chosen)


def _summary(opened: Engine, listed: list[View]) -> str:
    running = sum(each.is_active for each in listed)
    waiting = sum(not each.is_active and not each.is_over for each in listed)
    state = f"{running} running, {waiting} waiting" if running or waiting else "nothing runs"
    gpus = sum(count for name, count in opened.slots.items() if name != "cpu")
    beside = f", {fmt.count(gpus, 'network')} on the GPU" if gpus else ""
    return f"{fmt.count(opened.slots['cpu'], 'job')} at a time on the CPU{beside} · {state}"


def _chosen(listed: list[View]) -> View | None:
    """The job of the address, else the first of the table."""
    asked = st.query_params.get("job")
    if asked is None:
        return listed[0] if listed else None
    found = next((each for each in listed if each.job.run_id == asked), None) or jobs.view(asked)
    if found is None:
        st.caption("The job of this link does not exist here (any more); choose another.")
    return found


def _table(listed: list[View], chosen: View | None) -> None:
    ids = [each.job.run_id for each in listed]
    at = ids.index(chosen.job.run_id) if chosen and chosen.job.run_id in ids else None
    choosing.row(
        jobs.table(listed),
        ids,
        at,
        name="job",
        key=_TABLE,
        lines=7,
        alt="Jobs with their state, progress and result",
        column_config={
            "State": st.column_config.MultiselectColumn(
                options=[word for word, _, _ in STATES.values()],
                color=[colour for _, colour, _ in STATES.values()],
                width=84,
            ),
            "Job": st.column_config.TextColumn(width=330),
            "When": st.column_config.TextColumn(width=92),
            "Progress": st.column_config.ProgressColumn(
                format="percent", min_value=0, max_value=1, width=110
            ),
            "Time": st.column_config.TextColumn(width=100),
            "Result": st.column_config.TextColumn(width=190),
        },
    )


def detail(each: View) -> None:
    """One job: what can be done with it, how far it is, how it learns, and what came out."""
    word, colour, icon = STATES[each.job.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{fmt.escape(each.name)}**", width="content")
        st.badge(word, icon=f":material/{icon}:", color=colour)  # type: ignore[arg-type]
        st.space("stretch")
        _buttons(each)
    st.progress(each.progress, text=fmt.escape(jobs.headline(each)))
    if each.job.state == "failed":
        _failure(each)
    if words := jobs.went_on(each):
        st.caption(f":orange-badge[Went on] {fmt.escape(words)}")
    if each.is_search:
        run = engine().run(each.job.run_id)
        tuning_job_view.detail(run, each.status, is_over=each.is_over)
    else:
        _training(each)
    _folded(each)


def _training(each: View) -> None:
    """A training or a comparison: its numbers, curves and errors."""
    curves = jobs.curves(each)
    if each.model:
        _metrics(each, curves)
    else:
        _verdict(each)
    if curves or any(other.model in training.NETWORKS for other in jobs.group_of(each)):
        _charts(each, curves)
    _board(each)


def _folded(each: View) -> None:
    """What few look at: TensorBoard, the log, the request."""
    if command := jobs.events_command(each):
        with st.expander("Loss curves in TensorBoard", icon=":material/monitoring:"):
            st.caption("Run this on the machine of Almanac, then open the address that it prints.")
            st.code(command, language="bash", wrap_lines=True)
    with st.expander("Log", icon=":material/terminal:"):
        st.code(jobs.log_lines(each) or "Nothing yet.", language=None, height=220)
    with st.expander("What was asked", icon=":material/data_object:"):
        st.code(jobs.asked(each), language="json", height=220)


def _buttons(each: View) -> None:
    """What can be done: stop, then stop now; again; with changes; and on to the forecast."""
    job, run_id = each.job, each.job.run_id
    if not each.is_over:
        labels = {"running": "Stop and keep best", "cancelling": "Stop now"}
        st.button(
            labels.get(job.state, "Take out of the queue"),
            icon=":material/stop_circle:",
            key=f"stop-{run_id}-{job.state}",
            on_click=_cancel,
            args=(run_id,),
        )
        return
    _ways_on(each)
    if each.can_resume:
        st.button(
            "Resume",
            icon=":material/resume:",
            key=f"resume-{run_id}",
            on_click=_again,
            args=(again.resume, run_id),
            help="A new job goes on where this one ended: its finished trials count."
            if each.is_search
            else "A new job goes on where this one ended, from its checkpoint.",
        )
    if job.state in ("failed", "cancelled"):
        st.button(
            "Retry",
            icon=":material/refresh:",
            key=f"retry-{run_id}",
            on_click=_again,
            args=(again.retry, run_id),
            help="The same once more, from the beginning.",
        )


def _ways_on(each: View) -> None:
    """Links to other pages, which no refresh can overtake."""
    run_id = each.job.run_id
    if each.entry is not None:
        model_evidence.compare_link(each.entry)
    if each.entry is None or not each.model:
        return
    st.page_link(
        navigation.TRAIN,
        label="Clone with changes",
        icon=":material/content_copy:",
        query_params={"copy": run_id},
    )
    if each.is_search and tuning_jobs.found(engine().run(run_id)):
        st.page_link(
            navigation.TRAIN,
            label="Train with these settings",
            icon=":material/tune:",
            query_params={"copy": run_id, "settings": "found"},
            help="Opens Train with the best settings, and compares the model with the others.",
        )
    if each.has_forecast:
        st.page_link(
            navigation.FORECAST,
            label="**Show forecast**",
            icon=":material/show_chart:",
            query_params={"run": run_id},
        )


def _cancel(run_id: str) -> None:
    try:
        engine().cancel(run_id, who="you")
    except EngineError as error:
        st.toast(fmt.escape(str(error)), icon=":material/error:")


def _again(make: Callable[[str], str], run_id: str) -> None:
    try:
        st.query_params["job"] = make(run_id)
    except EngineError as error:
        st.toast(fmt.escape(str(error)), icon=":material/error:")


def _failure(each: View) -> None:
    failure = engine().run(each.job.run_id).failure()
    remedy = f"  \n{failure.remedy}" if failure and failure.remedy else ""
    st.error(fmt.escape(failure.what if failure else each.job.why) + fmt.escape(remedy))


def _metrics(each: View, curves: dict[str, pd.DataFrame]) -> None:
    """Four cards; what is not known yet is a dash, so that nothing moves."""
    points = curves.get(each.model)
    best = None if points is None or points["metric"].dropna().empty else points["metric"].min()
    steps = jobs.speed(each, points)
    found = each.entry.metrics if each.entry else {}
    error, arima = found.get("WAPE"), found.get("WAPE of arima")
    with st.grid(4, min_column_width=165):
        st.metric(
            "Best WQL so far" if not each.is_over else "Best WQL in training",
            fmt.DASH if best is None else f"{best:.3f}",
            border=True,
            height=92,
            help="Quantile error on the last periods, which are kept aside in training.",
        )
        st.metric(
            "Forecast error",
            fmt.share(error),
            _against(error, arima),
            delta_color="inverse",
            delta_description="vs ARIMA" if arima else None,
            border=True,
            height=92,
            help="How far off, as a share of what sold (WAPE), measured by the comparison.",
        )
        st.metric(
            "Speed", fmt.DASH if steps is None else f"{steps:.1f} steps/s", border=True, height=92
        )
        _memory(each)


def _memory(each: View) -> None:
    memory = each.status.memory_mb if each.status else None
    st.metric(
        "Memory",
        fmt.DASH if memory is None else f"{memory / 1024:.1f} GB",
        border=True,
        height=92,
    )


def _verdict(each: View) -> None:
    """Four cards of a comparison: which model was best, and by how much; dashes until it is done.

    The band is judged with ties by their share, which is the same for sales that are no counts.
    """
    board = jobs.board_of(each)
    best = None if board is None or board.empty else board.set_index("model").iloc[0]
    arima = None if board is None else board.set_index("model")["WAPE"].get("arima")
    with st.grid(4, min_column_width=165):
        st.metric(
            "Best model",
            fmt.DASH if best is None else training.model_name(str(best.name)),
            border=True,
            height=92,
            help="Of least quantile error (WQL) on past periods that no model had seen.",
        )
        st.metric(
            "Its error",
            fmt.DASH if best is None else fmt.share(best["WAPE"]),
            None if best is None else _against(best["WAPE"], arima),
            delta_color="inverse",
            delta_description="vs ARIMA" if best is not None and arima else None,
            border=True,
            height=92,
            help="How far off, as a share of what sold (WAPE).",
        )
        st.metric(
            "80% band held",
            fmt.DASH if best is None else f"{best['coverage_shared']:.0%}",
            border=True,
            height=92,
            help="Share of what sold that lay in its 80% band; 80% is right.",
        )
        _memory(each)


def _against(error: float | None, arima: float | None) -> str | int | None:
    if error is None or not arima:
        return None
    return fmt.delta(error / arima - 1)


def _charts(each: View, curves: dict[str, pd.DataFrame]) -> None:
    names = {model: training.model_name(model) for model in curves}
    left, right = st.columns(2)
    theme = st.context.theme.type
    group = each.entry.about.group if each.entry else each.job.run_id
    for place, title, words, draw in (
        (
            left,
            "Error on the periods kept aside",
            "WQL, smaller is better; star: kept",
            job_charts.error,
        ),
        (right, "Loss in training", "smaller is better", job_charts.loss),
    ):
        with place:
            st.markdown(f"**{title}** :gray[· {words}]")
            st.plotly_chart(
                draw(curves, names, view=group),
                key=f"{draw.__name__}-{group}-{theme}",
                config={"displayModeBar": False},
                height=job_charts.HEIGHT,
                alt=f"{title}: {job_charts.describe(curves, names)}",
            )


def _board(each: View) -> None:
    """The comparison of the group, once there is one."""
    board = jobs.board_of(each)
    if board is None:
        comparison = jobs.comparison_of(each)
        if comparison is not None and not comparison.is_over and comparison is not each:
            st.caption("The errors are measured next, in a job of their own: Comparison.")
        return
    naive = float(board.set_index("model")["WAPE"].get("seasonal_naive", float("nan")))
    st.markdown("**Comparison** :gray[· on past periods that no model had seen, best first]")
    shown = board.assign(
        name=[training.model_name(model) for model in board["model"]],
        wape=board["WAPE"] * 100,
        against=((board["WAPE"] / naive - 1) * 100).where(board["model"] != "seasonal_naive"),
        bias_shown=board["bias"] * 100,
        held=board["coverage_shared"] * 100,
        seconds=(board["fit_seconds"] + board["predict_seconds"]).round(1),
    )[["name", "wape", "against", "WQL", "bias_shown", "held", "seconds"]]
    st.dataframe(
        fmt.with_signed_percents(shown, {"against": 0, "bias_shown": 1}),
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Models by their error on past periods",
        column_config={
            "name": st.column_config.TextColumn("Model"),
            "wape": st.column_config.NumberColumn("WAPE", format="%.1f%%"),
            "against": st.column_config.NumberColumn("vs last year"),
            "WQL": st.column_config.NumberColumn(format="%.3f"),
            "bias_shown": st.column_config.NumberColumn("Bias"),
            "held": st.column_config.NumberColumn("80% band held", format="%.0f%%"),
            "seconds": st.column_config.NumberColumn("Seconds", format="%.1f"),
        },
    )


def actions(place: DeltaGenerator) -> None:
    """The link of the title row."""
    with place:
        st.page_link(navigation.TRAIN, label="Train a model", icon=":material/add:")
