"""The keys of the REST interface on screen: made, shown once, listed, revoked."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import api_keys
from data.api_keys import Key, Scope
from data.errors import KeyConflict
from ui import format as fmt
from ui import layout, state

SCOPES: dict[Scope, str] = {
    "read": "Read forecasts and sales",
    "write": "Send sales",
    "jobs": "Start and stop work",
}
_SHORT: dict[Scope, str] = {"read": "read", "write": "send", "jobs": "work"}
_COLORS = {"read": "blue", "send": "orange", "work": "violet"}
TERMS: dict[str, int | None] = {"30 days": 30, "90 days": 90, "A year": 365, "No end": None}
_STATES = {"Works": "green", "Ended": "gray", "Revoked": "gray"}


def new(place: DeltaGenerator) -> None:
    """The way to a new key."""
    if place.button("New key", icon=":material/add:", type="primary", key="new_key"):
        _dialog()


def stop_without_keys() -> None:
    """What keys are for, where there is none yet."""
    if api_keys.keys(state.store()):
        return
    with st.container(border=True, width=680):
        st.markdown(
            "**No keys yet.** With a key another program talks to Almanac without a person: your "
            "ERP reads the forecast of tomorrow, the till sends the sales of today, a night job "
            "starts a training.\n\n"
            "1. Make a key, named after the program that will use it.\n"
            "2. Copy it into that program. It is shown once; only its last letters are kept.\n"
            "3. Try the examples that this page then shows, made for your dataset."
        )
    st.stop()


@st.dialog("New key", on_dismiss="rerun")
def _dialog() -> None:
    place = st.empty()
    with place.form("key_form", border=False):
        name = st.text_input(
            "Name",
            max_chars=api_keys.MOST_CHARACTERS,
            placeholder="erp",
            help="The program that will use it, so that you know what stops when you revoke it.",
        )
        scopes = st.pills(
            "It may",
            list(SCOPES),
            default=["read"],
            selection_mode="multi",
            format_func=lambda scope: SCOPES[scope],
            help="As little as the program needs.",
        )
        term = st.segmented_control(
            "It works for", list(TERMS), default="A year", required=True, width="stretch"
        )
        is_asked = st.form_submit_button("Make the key", type="primary")
    if not is_asked:
        return
    try:
        made = api_keys.create(state.store(), name=name, scopes=scopes, days=TERMS[term])
    except KeyConflict as error:
        st.error(fmt.escape(str(error)))
        return
    place.empty()
    _show_once(*made)


def _show_once(key: Key, secret: str) -> None:
    """A new key; it is kept nowhere, the session included."""
    until = "" if key.expires_at is None else f" It works until {_local(key.expires_at):%-d %b %Y}."
    once = "Copy it now: once closed, it is not shown again."
    st.success(f"**{fmt.escape(key.name)}** is made.{until} {once}")
    st.code(secret, language=None, wrap_lines=True)


def listed() -> None:
    """All keys, those that work first, and the way to revoke one."""
    now = datetime.now(UTC)
    found = sorted(api_keys.keys(state.store()), key=lambda key: status(key, now) != "Works")
    shown = pd.DataFrame(
        {
            "Name": [key.name for key in found],
            "Ends with": [f"…{key.hint}" for key in found],
            "May": [[_SHORT[scope] for scope in key.scopes] for key in found],
            "State": [[status(key, now)] for key in found],
            "Last used": [_local(key.last_used_at) for key in found],
            "Works until": [_local(key.expires_at) for key in found],
            "Made": [_local(key.created_at) for key in found],
        }
    )
    moments = ["Last used", "Works until", "Made"]
    shown[moments] = shown[moments].astype("datetime64[ns]")
    picked = st.dataframe(
        shown,
        hide_index=True,
        placeholder=fmt.DASH,
        on_select="rerun",
        selection_mode="single-row",
        key=f"keys-{len(found)}-{sum(status(key, now) == 'Works' for key in found)}",
        alt=f"{fmt.count(len(found), 'key')} of the REST interface",
        column_config={
            "Name": st.column_config.TextColumn(width="medium"),
            "May": st.column_config.MultiselectColumn(
                options=list(_COLORS), color=list(_COLORS.values())
            ),
            "State": st.column_config.MultiselectColumn(
                options=list(_STATES), color=list(_STATES.values())
            ),
            "Last used": st.column_config.DatetimeColumn(
                format="D MMM, HH:mm", help="Written down once an hour; – is never."
            ),
            "Works until": st.column_config.DatetimeColumn(format="D MMM YYYY"),
            "Made": st.column_config.DatetimeColumn(format="D MMM YYYY"),
        },
    )
    rows = picked.selection.rows
    chosen = found[rows[0]] if rows and rows[0] < len(found) else None
    _actions(chosen, now)


def _actions(chosen: Key | None, now: datetime) -> None:
    """What can be done with the chosen key."""
    if chosen is None:
        st.caption("Tick a key to revoke it.")
    elif status(chosen, now) != "Works":
        st.caption(f"{fmt.escape(chosen.name)} does not work any more. It stays in the list.")
    elif st.button(f"Revoke {fmt.escape(chosen.name)}", icon=":material/block:"):
        _confirm(chosen)


@st.dialog("Revoke this key?")
def _confirm(key: Key) -> None:
    used = "It was never used." if key.last_used_at is None else (
        f"It was last used on {_local(key.last_used_at):%-d %b at %H:%M}."
    )  # fmt: skip
    st.markdown(
        f"What uses **{fmt.escape(key.name)}** (…{fmt.escape(key.hint)}) is refused from now on. "
        f"{used} This cannot be undone; the program would need a new key."
    )
    if st.button("Revoke it", type="primary"):
        api_keys.revoke(state.store(), key.key_id)
        layout.say_after_rerun(f"{fmt.escape(key.name)} does not work any more.")
        st.rerun()


def status(key: Key, now: datetime) -> str:
    """Whether a key works."""
    if key.revoked_at is not None:
        return "Revoked"
    return "Ended" if key.has_ended(now) else "Works"


def _local(moment: datetime | None) -> datetime | None:
    """A moment on the clock of who looks."""
    if moment is None:
        return None
    try:
        zone: ZoneInfo | None = ZoneInfo(st.context.timezone or "UTC")
    except ZoneInfoNotFoundError:  # a browser may know newer names than this machine
        zone = ZoneInfo("UTC")
    return moment.astimezone(zone).replace(tzinfo=None)
