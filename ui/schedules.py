"""The parts of the Schedules page, drawn: the list, and one schedule with its drift."""

from typing import Any

import pandas as pd
import streamlit as st

from engine.schedules import Firing, Schedule
from ui import choosing, layout, model_drift, navigation, scheduled_runs, scheduling, training
from ui import format as fmt
from ui import schedule_words as words
from ui.engine import engine

REFRESH = "5s"


def live() -> None:
    """The list and the chosen schedule, refreshed by themselves."""
    st.fragment(run_every=REFRESH, key="schedules")(_all)()


def _all() -> None:
    with layout.errors_in_words():
        listed = scheduling.schedules().schedules()
        if not listed:
            st.rerun()
        last = {each.schedule_id: _last(each) for each in listed}
        now = scheduling.schedules().clock()
        chosen = _table(listed, last, now)
        _detail(chosen, last[chosen.schedule_id], now)


def _last(schedule: Schedule) -> Firing | None:
    found = scheduling.schedules().firings(schedule.schedule_id, limit=1)
    return found[0] if found else None


def _table(listed: list[Schedule], last: dict[str, Firing | None], now: float) -> Schedule:
    """One row per schedule; gives the one of the address, else the first."""
    ids = [each.schedule_id for each in listed]
    asked = st.query_params.get("schedule")
    chosen = ids.index(asked) if asked in ids else 0
    rows = []
    for each in listed:
        before = last[each.schedule_id]
        rows.append(
            {
                "Schedule": each.name,
                "State": [words.STATES[words.state_of(each, before)][0]],
                "When": words.rhythm(each.cron),
                "Next": words.next_words(each, now),
                "Last": words.moment(before.made_at, each.zone, now) if before else None,
                "Result": words.outcome(before) if before else None,
                "Drift": []
                if words.is_report(each.template)
                else [words.DRIFT[_drift_state(each)][0]],
            }
        )
    choosing.row(
        pd.DataFrame(rows),
        ids,
        chosen,
        name="schedule",
        key="schedules",
        lines=9,
        alt="Schedules with when they are due and how they ended",
        column_config={
            "Schedule": st.column_config.TextColumn(width=262),
            "State": _badges("State", [pair for pair in words.STATES.values()], 84),
            "When": st.column_config.TextColumn(width=140),
            "Next": st.column_config.TextColumn(width=78),
            "Last": st.column_config.TextColumn(width=92),
            "Result": st.column_config.TextColumn(width=248),
            "Drift": _badges("Drift", [(word, col) for word, col, _ in words.DRIFT.values()], 92),
        },
    )
    return listed[chosen]


def _badges(label: str, pairs: list[tuple[str, str]], width: int) -> Any:
    return st.column_config.MultiselectColumn(
        label, options=[word for word, _ in pairs], color=[color for _, color in pairs], width=width
    )


def _detail(schedule: Schedule, last: Firing | None, now: float) -> None:
    """One schedule: its acts, how it went, what drifts, and what happened before."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{fmt.escape(schedule.name)}**", width="content")
        st.space("stretch")
        _acts(schedule, last)
    st.markdown(fmt.escape(words.sentence(schedule, last, now)))
    if words.is_report(schedule.template):
        from ui import schedule_reports  # late: what reports are made with is heavy to import

        st.caption(schedule_reports.facts(schedule))
        _outcome(schedule, last, now)
        _history(schedule, now)
        return
    st.caption(_facts(schedule))
    left, right = st.columns([0.5, 0.5], gap="medium")
    with left:
        _outcome(schedule, last, now)
    with right:
        _drift(schedule, now)
    _history(schedule, now)


def _acts(schedule: Schedule, last: Firing | None) -> None:
    is_open = last is not None and last.state in ("due", "running")
    st.button(
        "Run now",
        icon=":material/play_arrow:",
        key="run_schedule",
        disabled=is_open,
        on_click=_ask,
        args=(schedule.schedule_id,),
        help="On the newest sales, at once. Its usual times stay.",
    )
    st.button(
        "Pause" if schedule.is_on else "Resume",
        icon=":material/pause:" if schedule.is_on else ":material/play_circle:",
        type="tertiary",
        key="pause_schedule",
        on_click=_pause if schedule.is_on else _resume,
        args=(schedule,),
        help="What was missed while it is paused stays missed.",
    )
    if st.button("Delete", icon=":material/delete:", type="tertiary", key="delete_schedule"):
        _confirm(schedule)


def _ask(schedule_id: str) -> None:
    if scheduling.schedules().ask(schedule_id):
        scheduling.scheduler().wake()
    else:
        st.toast("It is running already.")


def _pause(schedule: Schedule) -> None:
    scheduling.schedules().pause(schedule.schedule_id)


def _resume(schedule: Schedule) -> None:
    mark = scheduling.marks().get(schedule.source)
    scheduling.schedules().resume(schedule.schedule_id, mark=mark)


@st.dialog("Delete this schedule?")
def _confirm(schedule: Schedule) -> None:
    st.markdown(
        f"**{fmt.escape(schedule.name)}** is not repeated any more, and its history goes. Its "
        "models and what is in use stay."
    )
    if st.button("Delete 1 schedule", type="primary", icon=":material/delete:"):
        scheduling.schedules().delete(schedule.schedule_id)
        st.query_params.pop("schedule", None)
        layout.say_after_rerun("The schedule is deleted.")
        st.rerun()


def _facts(schedule: Schedule) -> str:
    used, parts = scheduled_runs.in_use(schedule), []
    repeated = [each.model for each in scheduled_runs.patterns(schedule.template)]
    if len(repeated) > 1:
        parts.append(f"repeats {', '.join(map(training.model_name, repeated))}")
    if schedule.cron:
        parts.append(f"times of {schedule.zone}")
    parts.append(f"replaces what is in use unless it is over {schedule.margin:.0%} worse")
    if used is not None:
        learned = ""
        if used.about.data_until:
            freq = str(used.about.scope.get("freq", "D"))
            until = fmt.period(pd.Timestamp(used.about.data_until), freq)
            learned = f", learned from sales until {until}"
        parts.append(f"in use now: {used.name}{learned}")
    text = " · ".join(parts)
    return fmt.escape(text[:1].upper() + text[1:])


def _outcome(schedule: Schedule, last: Firing | None, now: float) -> None:
    """How the last time ended, with its numbers and the way to its job."""
    st.markdown("**Last time**")
    if last is None:
        st.markdown("It has not run yet. Press **Run now** to see what it does.")
        return
    began = words.moment(last.made_at, schedule.zone, now)
    why = words.why(last, schedule.zone, now)
    if words.is_report(schedule.template):
        from ui import schedule_reports

        st.caption(fmt.escape(f"{began}, {why}"))
        schedule_reports.outcome(last, now)
        _way_to_job(last, "See the run that it came from")
        return
    label, color = {
        "due": ("About to start", "gray"),
        "running": ("Running", "blue"),
        "failed": ("Failed", "red"),
        "done": ("Done", "gray"),
    }[last.state]
    if last.state == "done" and "promoted" in last.numbers:
        label, color = (
            ("In use", "green") if last.numbers["promoted"] else ("Not put in use", "orange")
        )
    st.markdown(f":{color}-badge[{label}] :gray[{fmt.escape(f'{began}, {why}')}]")
    said = last.words or "It is trained on the newest sales, then compared with what is in use."
    st.markdown(fmt.escape(said))
    if last.note:
        st.caption(fmt.escape(last.note))
    _way_to_job(last, "See its job")


def _way_to_job(last: Firing, label: str) -> None:
    if last.run_id and _is_known(last.run_id):
        st.page_link(
            navigation.JOBS,
            label=label,
            icon=":material/arrow_forward:",
            query_params={"job": last.run_id},
        )


def _is_known(run_id: str) -> bool:
    """Whether the queue knows the run."""
    return any(job.run_id == run_id for job in engine().jobs())


def _drift(schedule: Schedule, now: float) -> None:
    """What is watched, each in a sentence, as it was when it was last looked at."""
    seen = _watched(schedule)
    st.markdown("**Has anything drifted?**")
    if seen is None:
        st.markdown("Accuracy, bias and the sales themselves are looked at with every run.")
        return
    model_drift.lines(seen.drift)
    at = fmt.escape(words.moment(seen.made_at, schedule.zone, now))
    st.caption(f"Looked at {at}, of the forecast that was in use then.")


def _watched(schedule: Schedule) -> Firing | None:
    """The latest time at which drift was looked at."""
    found = scheduling.schedules().firings(schedule.schedule_id)
    return next((firing for firing in found if firing.drift), None)


def _drift_state(schedule: Schedule) -> str:
    seen = _watched(schedule)
    return words.drift_of(seen) if seen else "unknown"


def _history(schedule: Schedule, now: float) -> None:
    """Earlier times, folded away until there are some."""
    found = scheduling.schedules().firings(schedule.schedule_id)
    if len(found) < 2:
        return
    with st.expander(f"{fmt.count(len(found), 'time')} so far", icon=":material/history:"):
        times = _times(found, schedule, now)
        if words.is_report(schedule.template):
            times = times.drop(columns=["WQL", "vs in use", "Drift"])
        st.dataframe(
            fmt.with_signed_percents(times, {"vs in use": 1} if "vs in use" in times else {}),
            hide_index=True,
            placeholder=fmt.DASH,
            alt="Earlier times of this schedule",
            column_config={
                "WQL": st.column_config.NumberColumn(format="%.3f", width=70),
                "vs in use": st.column_config.NumberColumn(width=80),
                "Said": st.column_config.TextColumn(width=420),
            },
        )


def _times(found: list[Firing], schedule: Schedule, now: float) -> pd.DataFrame:
    """A row per time; changes in percent."""
    changes = [words.change_of(each) for each in found]
    return pd.DataFrame(
        {
            "When": [words.moment(each.made_at, schedule.zone, now) for each in found],
            "Why": [words.why(each, schedule.zone, now) for each in found],
            "Result": [words.outcome(each) for each in found],
            "WQL": [each.numbers.get("candidate") for each in found],
            "vs in use": [float("nan") if each is None else each * 100 for each in changes],
            "Drift": [words.DRIFT[words.drift_of(each)][0] for each in found],
            "Said": [each.words for each in found],
        }
    )
