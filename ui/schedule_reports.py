"""Scheduled reports, drawn: the form on the Reports page, and what the Schedules page says."""

from zoneinfo import available_timezones

import streamlit as st

import reports
from engine.errors import EngineError
from engine.schedules import MOST_CHARACTERS, Firing, Schedule
from reports import ReportError
from ui import deliveries, layout, navigation, schedule_form, scheduling
from ui import format as fmt
from ui import schedule_words as words
from ui import scope as scopes
from ui.deliveries import Order
from ui.report_requests import CARD, NEWEST, Asked
from ui.reports import Built

_FORMS = {"pdf": "PDF", "xlsx": "Excel", "html": "HTML"}


def offer(built: Built) -> None:
    """The way to have this report again and again; a card of one model is not repeated."""
    if built.asked.template == CARD:
        return
    if st.button("Schedule", icon=":material/event_repeat:", type="tertiary", key="plan_report"):
        _dialog(built)


@st.dialog("Deliver this report again and again")
def _dialog(built: Built) -> None:
    asked = built.asked
    st.markdown(fmt.escape(f"{asked.template}: {built.review.title}"))
    if asked.run_id:
        st.caption("Each time by the forecast in use then, or by the newest one that covers it.")
    rhythm = st.segmented_control(
        "When",
        list(words.RHYTHMS),
        format_func=lambda key: words.RHYTHMS[key],
        default="week",
        required=True,
        key="report_rhythm",
    )
    zone = st.context.timezone
    zone = zone if zone in available_timezones() else "UTC"
    cron = ""
    if rhythm != "data":
        cron, zone = schedule_form.when(str(rhythm), zone)
    endings = st.pills(
        "Files",
        list(_FORMS),
        format_func=lambda key: _FORMS[key],
        selection_mode="multi",
        default=["pdf"],
        key="report_endings",
    )
    in_folder = st.checkbox(
        "Into the server's folder",
        value=True,
        key="report_folder",
        help="A folder for each schedule, below ALMANAC_REPORTS_FOLDER.",
    )
    to = _addresses()
    label = f"Deliver {words.rhythm(cron)[:1].lower()}{words.rhythm(cron)[1:]}"
    if st.button(label, type="primary", icon=":material/event_repeat:", key="add_report"):
        _add(built, cron, zone, endings, to, in_folder=in_folder)


def _addresses() -> list[str]:
    """Where mail goes; nobody where no server is named."""
    try:
        is_named, why = deliveries.can_mail(), "Set ALMANAC_SMTP_HOST and _FROM to send mail."
    except EngineError as error:
        is_named, why = False, str(error)
    given = st.text_input(
        "By mail to",
        placeholder="name@shop.example, other@shop.example" if is_named else why,
        disabled=not is_named,
        key="report_to",
        max_chars=2_000,
    )
    return [each for each in given.replace(";", ",").split(",") if each.strip()]


def _add(
    built: Built, cron: str, zone: str, endings: list[str], to: list[str], *, in_folder: bool
) -> None:
    asked = built.asked
    if asked.run_id:
        asked = Asked(**{**vars(asked), "run_id": NEWEST})
    source = scheduling.source(asked.scope.dataset_id)
    name = f"{asked.template} · {built.review.title}"
    try:
        order = Order(
            asked=asked,
            endings=tuple(endings),
            to=tuple(each.strip() for each in to),
            in_folder=in_folder,
        )
        made = scheduling.schedules().add(
            name=name if len(name) <= MOST_CHARACTERS else name[: MOST_CHARACTERS - 1] + "…",
            template=order.to_template(),
            cron=cron,
            zone=zone,
            source=source,
            mark=scheduling.marks().get(source, ""),
        )
    except EngineError as error:
        st.error(fmt.escape(str(error)))
        return
    layout.say_after_rerun(f"{words.rhythm(cron)}: {fmt.escape(name)}")
    st.switch_page(navigation.SCHEDULES, query_params={"schedule": made.schedule_id})


def facts(schedule: Schedule) -> str:
    """What a schedule delivers, in which files, where to."""
    try:
        order = deliveries.order_of(schedule.template)
    except (EngineError, ReportError) as error:
        return fmt.escape(str(error))
    asked = order.asked
    language = reports.LANGUAGES[asked.language]
    parts = [
        f"{scopes.name(asked.scope)}, {scopes.place(asked.scope)}",
        f"{', '.join(_FORMS[each] for each in order.endings)} in {language}",
    ]
    if schedule.cron:
        parts.append(f"times of {schedule.zone}")
    if order.in_folder:
        parts.append(f"into {deliveries.folder_of(schedule)}")
    if order.to:
        parts.append(f"to {', '.join(order.to)}")
    return fmt.escape(" · ".join(parts))


def outcome(last: Firing, now: float) -> None:
    """The state of the last delivery: its badge, and when it is tried again."""
    label, color = {
        "due": ("About to start", "gray"),
        "running": ("Being delivered", "blue"),
        "failed": ("Not delivered", "red"),
        "done": ("Delivered", "green"),
    }[last.state]
    again = words.tries(last, now)
    if again:
        label, color = "Tried again", "orange"
    st.badge(label, color=color)  # type: ignore[arg-type]
    st.markdown(fmt.escape(again or last.words or "It is built on the newest sales, then sent."))
