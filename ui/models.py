"""The parts of the Models page, drawn: the registry, one model, and what can be done with it."""

import io
from datetime import datetime

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Scope
from engine import packages
from engine.errors import EngineError
from engine.registry import Entry
from ui import (
    choosing,
    layout,
    model_drift,
    model_evidence,
    model_facts,
    navigation,
    scheduled_runs,
    scheduling,
    table_files,
    training,
)
from ui import format as fmt
from ui import scope as scopes
from ui.engine import engine, registry
from ui.queries import Dataset

# Where the address has none of these, the scope is the model's own.
_NOTHING_SAID = ("category", "product", "place", "segment")
MOST_MB = 1024


def listed() -> list[Entry]:
    """Runs that kept a model: champions first, then the latest."""
    kept = [
        entry
        for entry in registry().entries()
        if entry.about.model and registry().run(entry.run_id).model.is_dir()
    ]
    return sorted(kept, key=lambda entry: not entry.is_champion)


def stop_without_models() -> None:
    """An empty state before anything was trained."""
    if not listed():
        layout.stop(
            "**No models yet.** Every training that finishes leaves its model here: to forecast "
            "with again, compare, hand on as a file, or delete.",
            link=navigation.TRAIN,
            link_label="Train a model",
        )


def upload(place: DeltaGenerator) -> None:
    """The way in for a file that the Download button of a colleague made."""
    with place.popover("Upload a model", icon=":material/upload:"):
        file = st.file_uploader(
            "A model saved as a file (.zip)",
            type=["zip"],
            key="model_file",
            max_upload_size=MOST_MB,
        )
        if file is not None and st.button("Take it in", key="take_model"):
            try:
                run_id = packages.unpack(registry(), file, file_name=file.name)
            except EngineError as error:
                st.error(fmt.escape(str(error)))
                return
            entry = registry().entry(run_id)
            layout.say_after_rerun(f"{fmt.escape(entry.name if entry else file.name)} is here.")
            st.query_params["run"] = run_id
            st.rerun()


def download(place: DeltaGenerator) -> None:
    """The registry as a file."""
    table_files.menu(
        place,
        lambda: pd.DataFrame([_row(entry) for entry in listed()]),
        fmt.count(len(listed()), "model"),
        stem="models",
        key="models_table",
    )


def table(dataset: Dataset) -> Entry | None:
    """The registry; gives the model of the address, else the first."""
    found = listed()
    engine().jobs()  # the engine runs from the first page on
    registry().collect_metrics()
    asked = st.query_params.get("run")
    ids = [entry.run_id for entry in found]
    chosen = ids.index(asked) if asked in ids else 0
    if asked is not None and asked not in ids:
        st.caption("The model of this link was deleted; choose another.")
    st.caption(
        f"{fmt.count(len(found), 'model')} · the champion of a scope is offered first on Forecast"
    )
    choosing.row(
        fmt.with_signed_percents(pd.DataFrame([_row(entry) for entry in found]), {"vs ARIMA": 0}),
        ids,
        chosen,
        name="run",
        key="models",
        lines=9,
        alt="Models with their errors and what they were trained on",
        column_config={
            "Name": st.column_config.TextColumn(width=290),
            "": st.column_config.MultiselectColumn(
                options=["Champion", "Uploaded"], color=["blue", "gray"], width=92
            ),
            "Error": st.column_config.NumberColumn(
                format="%.1f%%", width=64, help="Forecast error (WAPE) in its comparison."
            ),
            "vs ARIMA": st.column_config.NumberColumn(width=76),
            "Ahead": st.column_config.TextColumn(width=78),
            "Trained": st.column_config.TextColumn(width=98),
            "Last period": st.column_config.DateColumn(format="D MMM YYYY", width=94),
            "Tags": st.column_config.ListColumn(width=120),
        },
    )
    return found[chosen]


def _row(entry: Entry) -> dict[str, object]:
    found, about = entry.metrics, entry.about
    error, arima = found.get("WAPE"), found.get("WAPE of arima")
    marks = ["Champion"] if entry.is_champion else ["Uploaded"] if about.uploaded_from else []
    scope = training.scope_of(about)
    return {
        "Name": entry.name,
        "": marks,
        "Error": None if error is None else error * 100,
        "vs ARIMA": (error / arima - 1) * 100 if error is not None and arima else float("nan"),
        "Ahead": training.periods(about.horizon, scope.freq) if scope else str(about.horizon),
        "Trained": _moment(about.created_at),
        "Last period": pd.Timestamp(about.data_until) if about.data_until else None,
        "Tags": list(entry.tags),
    }


def detail(entry: Entry, dataset: Dataset, asked: Scope) -> None:
    """One model: its acts, its numbers, and what it was made of."""
    own = training.scope_of(entry.about)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{fmt.escape(entry.name)}**", width="content")
        st.space("stretch")
        model_evidence.compare_link(entry)
        model_evidence.change(entry)
        _download(entry)
        if st.button("Delete", icon=":material/delete:", type="tertiary"):
            _confirm(entry)
        if own is not None:
            _forecast_with(entry, own, dataset, asked)
    _numbers(entry)
    left, right = st.columns(2, gap="medium")
    with left:
        model_evidence.section(entry)
        model_evidence.exceptions(entry)
    with right:
        model_drift.section(entry)
    with left:
        _names(entry)
    with right, st.expander("What it was made of", icon=":material/info:"):
        st.table(_facts(entry), border="horizontal")


def _forecast_with(entry: Entry, own: Scope, dataset: Dataset, asked: Scope) -> None:
    """A forecast by this model on the newest sales: of its own scope, or of the one chosen."""
    is_own = not any(name in st.query_params for name in _NOTHING_SAID)
    takes_own = is_own and own.dataset_id == dataset.dataset_id
    scope = own if takes_own else asked
    words = "the newest sales" if takes_own else fmt.escape(scopes.name(scope))
    pressed = st.button(
        "Forecast with it",
        icon=":material/play_arrow:",
        type="primary",
        key="forecast_with",
        help=f"Forecasts {words} by this model as it is, in a few seconds.",
    )
    if pressed:
        try:
            run_id = training.predict_with(entry.run_id, training.now(scope), dataset)
        except EngineError as error:
            st.error(fmt.escape(str(error)))
            return
        st.switch_page(navigation.JOBS, query_params={"job": run_id})


def _download(entry: Entry) -> None:
    def content() -> bytes:
        file = io.BytesIO()
        packages.pack(registry().run(entry.run_id), entry, file)
        return file.getvalue()

    slug = "".join(sign if sign.isalnum() else "-" for sign in entry.name.lower())
    st.download_button(
        "Download",
        content,
        file_name="-".join(part for part in slug.split("-") if part)[:80] + ".zip",
        mime="application/zip",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help="The model, its forecast and how it was made. The sales stay here.",
    )


def _numbers(entry: Entry) -> None:
    found = entry.metrics
    error, arima = found.get("WAPE"), found.get("WAPE of arima")
    held, bias = found.get("coverage"), found.get("bias")
    with st.grid(4, min_column_width=165):
        st.metric(
            "Forecast error",
            fmt.share(error),
            None if error is None or not arima else fmt.delta(error / arima - 1),
            delta_color="inverse",
            delta_description="vs ARIMA" if arima else "not compared",
            border=True,
            help="How far off, as a share of what sold (WAPE), on past periods it had not seen.",
        )
        st.metric(
            "Bias",
            fmt.DASH if bias is None else fmt.signed_percent(bias * 100, 1).replace("-", fmt.MINUS),
            border=True,
            height="stretch",
        )
        st.metric(
            "80% band held",
            fmt.DASH if held is None else f"{held:.0%}",
            border=True,
            height="stretch",
        )
        size = sum(file.stat().st_size for file in registry().run(entry.run_id).model.rglob("*"))
        st.metric("Size", f"{size / 1e6:.1f} MB", border=True, height="stretch")


def _names(entry: Entry) -> None:
    """Name and tags, changed in place."""
    name_key, tags_key = f"name-{entry.run_id}", f"tags-{entry.run_id}"
    st.text_input(
        "Name",
        value=entry.name,
        key=name_key,
        on_change=_rename,
        args=(entry.run_id, name_key),
    )
    known = sorted({tag for each in registry().entries() for tag in each.tags})
    st.multiselect(
        "Tags",
        known,
        default=list(entry.tags),
        key=tags_key,
        accept_new_options=True,
        placeholder="Add a tag",
        on_change=_tag,
        args=(entry.run_id, tags_key),
    )


def _rename(run_id: str, key: str) -> None:
    try:
        registry().rename(run_id, st.session_state[key])
    except EngineError as error:
        st.toast(fmt.escape(str(error)), icon=":material/error:")


def _tag(run_id: str, key: str) -> None:
    try:
        registry().tag(run_id, st.session_state[key])
    except EngineError as error:
        st.toast(fmt.escape(str(error)), icon=":material/error:")


def _facts(entry: Entry) -> dict[str, str]:
    about = entry.about
    covariates = ", ".join(about.covariates) or "none"
    return {
        "Model": training.model_name(about.model),
        "Of": fmt.escape(about.scope_words),
        "Series": f"{about.series:,}",
        "Known ahead": fmt.escape(covariates),
        "Options": fmt.escape(model_facts.options_in_words(entry)[:240]),
        "Seed": str(about.seed),
        "Data": fmt.escape(f"{about.snapshot}, until {about.data_until}"),
        "Code": fmt.escape(about.code_version or "unknown"),
        "From": fmt.escape(about.uploaded_from or "trained here"),
        "Run": fmt.escape(entry.run_id),
    }


def dependents_in_words(entry: Entry) -> list[str]:
    """What depends on a model, by name, and what becomes of it."""
    found = []
    if entry.is_champion:
        found.append("It is the champion of its scope; there will be none.")
    if parts := model_evidence.parts_of(entry):
        found.append(f"It is in use for {_listed(parts)} besides; the champion takes over there.")
    if depending := registry().dependents(entry.run_id):
        found.append(
            f"{fmt.count(len(depending), 'forecast')} made with it: "
            f"{_listed([each.name for each in depending])}. They stay, but cannot be made again."
        )
    using = [
        each.name
        for each in scheduling.schedules().schedules()
        if (used := scheduled_runs.in_use(each)) is not None and used.run_id == entry.run_id
    ]
    if using:
        found.append(
            f"{fmt.count(len(using), 'schedule')} compared with it: {_listed(using)}. New "
            "trainings will be compared with last year instead, until one is put in use."
        )
    return found


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(fmt.escape(name) for name in names[:3]) + more


@st.dialog("Delete this model?")
def _confirm(entry: Entry) -> None:
    """Names what depends on it before it goes."""
    st.markdown(f"**{fmt.escape(entry.name)}** goes with its forecast and its log.")
    for line in dependents_in_words(entry):
        st.markdown(line)
    active = [job.run_id for job in engine().jobs() if job.state in ("running", "cancelling")]
    if entry.run_id in active:
        st.markdown("It is still being trained. Stop its job first.")
        return
    if st.button("Delete 1 model", type="primary", icon=":material/delete:"):
        try:
            registry().delete(entry.run_id)
        except (EngineError, OSError) as error:
            st.error(fmt.escape(str(error)))
            return
        st.query_params.pop("run", None)
        layout.say_after_rerun("The model is deleted.")
        st.rerun()


def _moment(at: float) -> str:
    then = datetime.fromtimestamp(at)
    return f"{then.day} {then:%b, %H:%M}"
