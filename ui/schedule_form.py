"""A new schedule: which run is repeated, when, and how much worse it may be. And the empty page."""

from datetime import time
from zoneinfo import available_timezones

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.errors import EngineError
from engine.registry import Entry
from ui import format as fmt
from ui import layout, navigation, scheduled_runs, scheduling, training
from ui import schedule_words as words
from ui.engine import registry

MARGIN = 5  # percent that a run may be worse and still be put in use
_OFFERED = 50  # runs in the list


def runs() -> list[Entry]:
    """Finished runs that can be repeated: champions first, then the latest."""
    found = [
        entry
        for entry in registry().entries()
        if entry.about.model
        and training.scope_of(entry.about) is not None
        and (registry().run(entry.run_id).folder / "forecast.parquet").is_file()
    ]
    return sorted(found, key=lambda entry: not entry.is_champion)[:_OFFERED]


def stop_without_schedules() -> None:
    """What schedules are for, and the one step to get there."""
    if scheduling.schedules().schedules():
        return
    if not runs():
        layout.stop(
            "**No schedules yet.** A schedule repeats a training on the newest sales: every "
            "Monday at 06:00, or when new data arrives. The new forecast replaces the old one "
            "only if it is not worse. Train a model once; then it can be repeated. Reports are "
            "scheduled on the Reports page.",
            link=navigation.TRAIN,
            link_label="Train a model",
        )
    with st.container(border=True, width=680):
        st.markdown(
            "**Keep a forecast fresh.** Choose a finished run and when to repeat it. Each time it "
            "is trained on the newest sales and compared with what is in use; a worse one does "
            "not replace it. You see here what happened, and whether sales have drifted away."
        )
        _form()
    st.stop()


def new(place: DeltaGenerator) -> None:
    """The way to a further schedule."""
    if place.button("New schedule", icon=":material/add:", type="primary", key="new_schedule"):
        _dialog()


@st.dialog("Repeat a training")
def _dialog() -> None:
    _form()


def _form() -> None:
    """Which run, when, and how much worse it may be."""
    offered = {entry.run_id: entry for entry in runs()}
    if not offered:
        st.markdown("No finished training can be repeated yet. Train a model first.")
        return
    ids, asked = list(offered), st.query_params.get("run")
    run_id = st.selectbox(
        "Repeat",
        ids,
        index=ids.index(asked) if asked in ids else 0,
        format_func=lambda key: _run_label(offered[key]),
        key="schedule_run",
        help="The same model, scope, horizon and options, on the newest sales.",
    )
    together = _choose_models(offered[run_id])
    rhythm = st.segmented_control(
        "When",
        list(words.RHYTHMS),
        format_func=lambda key: words.RHYTHMS[key],
        default="week",
        required=True,
        key="schedule_rhythm",
    )
    cron, zone = "", _own_zone()
    if rhythm != "data":
        cron, zone = when(str(rhythm), zone)
    margin = st.number_input(
        "Replace what is in use unless it is worse by more than (%)",
        min_value=0,
        max_value=50,
        value=MARGIN,
        key="schedule_margin",
        help="Measured as WQL, on the test windows and series that both were tested on.",
    )
    label = f"Repeat this {_lowered(words.rhythm(cron))}"
    if st.button(label, type="primary", icon=":material/event_repeat:", key="add_schedule"):
        _add(offered[run_id], cron, zone, margin / 100, together=together)


def when(rhythm: str, zone: str) -> tuple[str, str]:
    """Time of day, with the weekday or the day of the month, and the zone they are in."""
    weekday, day = 0, 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if rhythm == "week":
            weekday = st.selectbox(
                "On",
                range(7),
                format_func=lambda number: words.WEEKDAYS[number],
                key="schedule_weekday",
                width=150,
            )
        if rhythm == "month":
            day = int(st.number_input("On day", 1, 28, 1, key="schedule_day", width=110))
        at = st.time_input("At", time(6), step=900, key="schedule_time", width=110)
        zones = sorted(available_timezones())
        zone = st.selectbox(
            "Time of", zones, index=zones.index(zone), key="schedule_zone", width=200
        )
    return words.cron_of(rhythm, at, weekday=weekday, day=day), zone


def _choose_models(entry: Entry) -> bool:
    """Whether all models that were trained together are repeated; asked where there are several."""
    names = [training.model_name(each.about.model) for each in scheduled_runs.mates(entry)]
    if len(names) < 2:
        return False
    one, every = f"{names[0]} alone", f"All {len(names)}, keep the best"
    chosen = st.segmented_control(
        "Models",
        [one, every],
        default=one,
        required=True,
        key=f"schedule_models_{entry.run_id}",
        help=f"{', '.join(names)} were trained together. All are trained again each time; the one "
        "of the least error is compared with what is in use.",
    )
    return chosen == every


def _add(entry: Entry, cron: str, zone: str, margin: float, *, together: bool) -> None:
    try:
        pattern = scheduled_runs.template(entry, together=together)
        of_all = f"Best of {1 + len(pattern['others'])} · {entry.about.scope_words}"
        name = of_all if together else entry.name
        source = scheduling.source(int(entry.about.scope["dataset"]))
        made = scheduling.schedules().add(
            name=training.shortened(name),
            template=pattern,
            cron=cron,
            zone=zone,
            source=source,
            mark=scheduling.marks().get(source, ""),
            margin=margin,
        )
    except EngineError as error:
        st.error(fmt.escape(str(error)))
        return
    st.query_params.pop("run", None)
    st.query_params["schedule"] = made.schedule_id
    layout.say_after_rerun(f"{words.rhythm(cron)}: {fmt.escape(name)}")
    st.rerun()


def _own_zone() -> str:
    """The zone of the reader's browser, where it says one that is known here."""
    zone = st.context.timezone
    return zone if zone in available_timezones() else "UTC"


def _run_label(entry: Entry) -> str:
    mark = " · in use" if entry.is_champion else ""
    return f"{entry.name}{mark}"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
