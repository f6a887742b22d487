"""The change bar of the plan: which periods, by how much, why, and what that does.

What somebody changes is compared with what they saw when they marked the periods: the revision of
then goes with the change, so that what a colleague did meanwhile is shown and never overwritten.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import streamlit as st

from data import plan_accuracy, plan_changes
from data.errors import Conflict, PlanError
from data.plan_changes import Change, Effect
from data.plan_changes import Measure as By
from ui import corrected, kept_choice, layout, plan_cover, plan_reads, plan_words, state
from ui import format as fmt
from ui import scope as scopes
from ui.forecasts import NOUN
from ui.plan_reads import Sheet
from ui.plan_source import same_scope

_WEEKS, _HOW, _AMOUNT, _WHY, _COMMENT = (
    "plan_periods", "plan_measure", "plan_amount", "plan_reason", "plan_comment",
)  # fmt: skip
_WHOLE, _ENDS = "plan_whole", "plan_ends"
_SEEN = "plan_seen"  # session: what was on screen when the periods were marked
_TURN = "plan_turn"  # session: counts the changes made
_CLASH = "plan_clash"  # session: a change that met a colleague's


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What somebody looks at while they make a change."""

    plan_id: int
    scope: Any
    revision: int
    finals: dict[str, float]  # units by column


@dataclass(frozen=True, kw_only=True)
class Clash:
    """A change that was not made, because somebody came before it."""

    change: Change
    error: Conflict
    seen: float  # units of the periods that were on screen


def mark(sheet: Sheet, headers: list[str]) -> None:
    """The periods whose cells were marked in the table."""
    _pin(sheet)
    chosen = set(headers)
    st.session_state[_WEEKS] = [each for each in sheet.headers if each in chosen]


def show(sheet: Sheet) -> None:
    """The bar; nothing is changed before Apply is pressed."""
    _forget_other(sheet)
    with st.container(border=True):
        _clash(sheet)
        change = _asked(sheet)
        if change is None:
            nouns = NOUN[sheet.plan.freq][1]
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(
                    f"Mark {nouns} in the table, or choose them here; then say by how much and "
                    "why.",
                    width="stretch",
                )
                _options()
            return
        _outcome(sheet, change)


def _asked(sheet: Sheet) -> Change | None:
    """What the controls say; None while no period is marked or no amount given."""
    offered = sheet.headers
    chosen = [each for each in st.session_state.get(_WEEKS, []) if each in offered]
    st.session_state[_WEEKS] = chosen
    if not chosen:
        st.session_state.pop(_SEEN, None)
    noun = NOUN[sheet.plan.freq][1]
    with st.container(horizontal=True, vertical_alignment="top"):
        st.multiselect(
            noun.capitalize(),
            offered,
            key=_WEEKS,
            placeholder="None marked",
            select_all=True,
            on_change=_pin,
            args=(sheet,),
            width=190,
        )
        measures: list[By] = list(plan_words.MEASURES)
        measure = st.segmented_control(
            "Change by",
            measures,
            default=kept_choice.default(_HOW, measures[0]),
            format_func=lambda each: plan_words.MEASURES[each],
            required=True,
            key=_HOW,
            help="%: each period and product by as much. Units: so many more or fewer, in all "
            "marked periods together. To: what all marked periods together become.",
        )
        amount = st.number_input(
            "Amount", key=_fresh(_AMOUNT), value=None, step=1.0, format="%g", width=120
        )
        reason = st.selectbox(
            "Reason",
            list(plan_words.REASONS),
            index=None,
            format_func=lambda each: plan_words.REASONS[each],
            placeholder="Choose",
            key=_fresh(_WHY),
            width=170,
        )
        comment = st.text_input(
            "What do you know that the model does not?",
            key=_fresh(_COMMENT),
            max_chars=500,
            placeholder="Display at the entrance, agreed on 12 Nov",
            width=290,
        )
    if not chosen or amount is None:
        return None
    node = f"{scopes.name(sheet.scope)}, {scopes.place(sheet.scope)}"
    return Change(
        scope=same_scope(sheet.scope),
        periods=sheet.periods(chosen),
        measure=measure or "percent",
        amount=float(amount),
        reason=reason or "",
        node=node.removesuffix(", all places"),
        comment=comment,
        whole_units=bool(st.session_state.get(_WHOLE)),
        expires_on=st.session_state.get(_fresh(_ENDS)),
    )


def _options() -> None:
    with st.popover("Options", icon=":material/tune:"):
        st.toggle(
            "Whole units",
            key=_WHOLE,
            persist_state="session",
            help="Every product in every place gets a whole number; the sum stays as asked.",
        )
        st.date_input(
            "Ends on",
            value=None,
            min_value=date.today(),
            key=_fresh(_ENDS),
            help="From this day on the change counts no more. Empty: for good.",
        )
        corrected.author_input()


def _outcome(sheet: Sheet, change: Change) -> None:
    """What the change does, what such changes did before, and the button that makes it."""
    try:
        made = plan_changes.effect(state.store(), sheet.plan, change)
    except PlanError as error:
        with st.container(horizontal=True, vertical_alignment="center"):
            said = fmt.escape(str(error))
            st.markdown(f":red-badge[Not possible] {said}", width="stretch")
            _options()
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_words(sheet, change, made), width="stretch")
        _options()
        pressed = st.button(
            "Apply",
            type="primary",
            icon=":material/check:",
            disabled=not change.reason,
            help=None if change.reason else "Choose a reason first; it is kept in the history.",
            key="plan_apply",
        )
    if pressed:
        _make(sheet, change, based_on=_seen(sheet).revision)


def _words(sheet: Sheet, change: Change, made: Effect) -> str:
    text = plan_words.effect(
        made,
        change,
        by_place=sheet.plan.by_place,
        currency=sheet.dataset.currency,
        cover=plan_cover.words(sheet, made),
    )
    percent = plan_words.percent_of(made)
    past = plan_reads.past_changes(sheet.dataset.dataset_id, sheet.plan.freq)
    found = plan_accuracy.value_added(past, percent=percent, reason=change.reason)
    lines = [
        text,
        plan_words.value_added(found, percent, change.reason) if found else "",
        plan_words.nudge(percent),
    ]
    return "  \n".join(line for line in lines if line)


def _make(sheet: Sheet, change: Change, *, based_on: int) -> None:
    """Make the change and run again; a colleague's in between is shown instead."""
    seen = _seen(sheet)
    try:
        plan_changes.apply(
            state.store(), sheet.plan, change, author=corrected.author(), based_on=based_on
        )
    except Conflict as error:
        asked = set(change.periods)
        headers = [
            header
            for header, when in zip(sheet.headers, sheet.series["timestamp"], strict=True)
            if when.date() in asked
        ]
        total = sum(seen.finals.get(header, 0.0) for header in headers)
        st.session_state[_CLASH] = Clash(change=change, error=error, seen=total)
    except PlanError as error:
        st.error(fmt.escape(str(error)))
        return
    else:
        _clear()
        layout.say_after_rerun("Changed. Undo is in the history below.")
    st.rerun()


def _clash(sheet: Sheet) -> None:
    """What a colleague did to the same cells, beside what was asked."""
    clash: Clash | None = st.session_state.get(_CLASH)
    if clash is None:
        return
    asked = set(clash.change.periods)
    now = sum(
        final
        for final, when in zip(sheet.series["final"], sheet.series["timestamp"], strict=True)
        if when.date() in asked
    )
    mine = plan_words.change(clash.change.measure, clash.change.amount)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            ":orange-badge[:material/group: Changed meanwhile] "
            + plan_words.conflict(clash.error, clash.seen, float(now), mine),
            width="stretch",
        )
        if st.button("Apply on top", key="plan_on_top", icon=":material/layers:"):
            st.session_state.pop(_CLASH)
            _make(sheet, clash.change, based_on=clash.error.now)
        if st.button("Leave theirs", key="plan_leave"):
            _clear()
            st.rerun()


def _pin(sheet: Sheet) -> None:
    """Remember what is on screen when the first period is marked; called before the page runs."""
    if _SEEN not in st.session_state:
        st.session_state[_SEEN] = _on_screen(sheet)


def _seen(sheet: Sheet) -> Seen:
    kept: Seen = st.session_state.setdefault(_SEEN, _on_screen(sheet))
    return kept


def _on_screen(sheet: Sheet) -> Seen:
    return Seen(
        plan_id=sheet.plan.plan_id,
        scope=replace(same_scope(sheet.scope), segment_revision=0),
        revision=sheet.plan.revision,
        finals=dict(zip(sheet.headers, sheet.series["final"].tolist(), strict=True)),
    )


def _forget_other(sheet: Sheet) -> None:
    """What was marked in another scope or plan is of no use here."""
    kept: Seen | None = st.session_state.get(_SEEN)
    here = _on_screen(sheet)
    if kept is not None and (kept.plan_id, kept.scope) != (here.plan_id, here.scope):
        _clear()


def _clear() -> None:
    """Nothing is marked or typed any more."""
    for name in (_WEEKS, _SEEN, _CLASH):
        st.session_state.pop(name, None)
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _fresh(name: str) -> str:
    """The key of a widget that is empty again after every change made."""
    return f"{name}-{st.session_state.get(_TURN, 0)}"
