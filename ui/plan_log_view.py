"""The history of the plan: what was changed, by whom and why, with undo; locks and freezing."""

import streamlit as st

from data import plan_changes
from data.errors import PlanError
from data.plan_log import Edit
from ui import corrected, layout, plan_file_view, plan_reads, plan_words, state
from ui import format as fmt
from ui import scope as scopes
from ui.forecasts import NOUN
from ui.plan_reads import Sheet
from ui.plan_source import same_scope

SHOWN = 5
_FREEZE, _LOCK = "plan_freeze", "plan_lock_reason"


def show(sheet: Sheet) -> None:
    """The latest edits of the plan, and what keeps it from being edited."""
    edits = plan_reads.history(sheet.plan)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**History** :gray[· of the whole plan, latest first]", width="content")
        st.space("stretch")
        plan_file_view.menu(sheet)
        _keep_menu(sheet)
    whole = len(edits) <= SHOWN or st.session_state.get("plan_log_all", False)
    with st.container(border=True):
        for each in edits if whole else edits[:SHOWN]:
            _line(sheet, each)
    if len(edits) > SHOWN:
        st.toggle(f"All {len(edits):,}", key="plan_log_all")


def _line(sheet: Sheet, made: Edit) -> None:
    badge = " :gray-badge[Undone]" if made.undone_at is not None else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{plan_words.title(made, sheet.plan.freq)}{badge}  \n:gray[{plan_words.notes(made)}]",
            width="stretch",
        )
        if made.undone_at is not None and made.kind != "lock":
            st.button(
                "Apply again",
                icon=":material/redo:",
                type="tertiary",
                key=f"plan-redo-{made.edit_id}",
                on_click=_redo,
                args=(sheet, made),
            )
        elif made.undone_at is None and made.kind in ("change", "import", "lock"):
            st.button(
                "Unlock" if made.kind == "lock" else "Undo",
                icon=":material/lock_open:" if made.kind == "lock" else ":material/undo:",
                type="tertiary",
                key=f"plan-undo-{made.edit_id}",
                on_click=_undo,
                args=(sheet, made),
            )


def _keep_menu(sheet: Sheet) -> None:
    """Freezing the first periods, and locking what is looked at."""
    nouns, node = NOUN[sheet.plan.freq][1], scopes.name(sheet.scope)
    with st.popover("Freeze or lock", icon=":material/lock:", type="tertiary"):
        st.number_input(
            f"Frozen {nouns}",
            min_value=0,
            max_value=min(26, len(sheet.series)),
            value=sheet.plan.frozen_periods,
            step=1,
            key=f"{_FREEZE}-{sheet.plan.revision}",
            help=f"Nobody changes the first {nouns} of the plan, and a new forecast leaves them.",
        )
        st.button("Freeze", key="plan_freeze_go", on_click=_freeze, args=(sheet,))
        st.text_input(
            f"Why lock {fmt.escape(node)}", key=_LOCK, max_chars=200, placeholder="Contract volume"
        )
        st.button(
            "Lock",
            icon=":material/lock:",
            key="plan_lock_go",
            on_click=_lock,
            args=(sheet, node),
            help="Its numbers stay as they are until it is unlocked in the history.",
        )


def _undo(sheet: Sheet, made: Edit) -> None:
    try:
        plan_changes.undo(state.store(), sheet.plan, made.edit_id, author=corrected.author())
    except PlanError as error:
        layout.say_after_rerun(fmt.escape(str(error)))
    else:
        layout.say_after_rerun("Unlocked." if made.kind == "lock" else "Taken back.")


def _redo(sheet: Sheet, made: Edit) -> None:
    try:
        plan_changes.redo(state.store(), sheet.plan, made.edit_id, author=corrected.author())
    except PlanError as error:
        layout.say_after_rerun(fmt.escape(str(error)))
    else:
        layout.say_after_rerun("Applied again, on top of what there is now.")


def _freeze(sheet: Sheet) -> None:
    periods = int(st.session_state[f"{_FREEZE}-{sheet.plan.revision}"])
    plan_changes.freeze(state.store(), sheet.plan, periods, author=corrected.author())


def _lock(sheet: Sheet, node: str) -> None:
    try:
        plan_changes.lock(
            state.store(),
            sheet.plan,
            same_scope(sheet.scope),
            node=node,
            author=corrected.author(),
            reason=st.session_state[_LOCK],
        )
    except PlanError as error:
        layout.say_after_rerun(fmt.escape(str(error)))
    else:
        st.session_state[_LOCK] = ""
