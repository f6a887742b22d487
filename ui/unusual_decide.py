"""The panel of decisions on Unusual sales: what, by hand or by a rule, why, and what it changes."""

from datetime import date
from typing import Literal, get_args

import numpy as np
import pandas as pd
import streamlit as st

from data import corrections
from data.errors import DataError
from ui import corrected, layout, state, unusual_reads
from ui import format as fmt
from ui import scope as scopes
from ui import unusual_words as words
from ui.forecasts import NOUN
from ui.unusual import View, name
from ui.unusual_cells import MOST_ROWS, Action, Effect
from ui.unusual_facts import COLUMNS, WHOLE, period_end, rows

Rule = Literal["chosen", "open", "above", "day", "product"]
RULES: dict[Rule, str] = {
    "chosen": "Chosen",
    "open": "All open",
    "above": "All above",
    "day": "A day",
    "product": "A product",
}
ACTIONS: dict[Action, str] = {
    "keep": "Keep", "cap": "Cap", "replace": "Replace", "exclude": "Exclude",
}  # fmt: skip
REASONS = [
    "One-off order", "Data entry mistake", "Wrong unit", "Closed that day", "Returned goods",
    "It was real",
]  # fmt: skip
_LAST = "unusual_last"  # session: the batch just made, to take back at once


def panel(view: View, chosen: pd.DataFrame) -> float | None:
    """The decision about the chosen findings, or about those of a rule.

    Gives the units that the first chosen finding would get; None where nothing says so.
    """
    if not view.correctable:
        st.markdown("**Decide**")
        st.caption(
            "Corrections are made of products. Judge **Products** above to see which of them made "
            "this, and to keep, cap, replace or exclude them."
        )
        return None
    with st.container(border=True):
        rule, picked, said = _which(view, chosen)
        action = _action()
        number = _number(picked) if action == "replace" else None
        outcome = unusual_reads.outcome(view.scope, view.split, view.found, picked, action, number)
        too_many = len(outcome.rows) > MOST_ROWS
        st.markdown(
            f"More than {MOST_ROWS:,} product-days at once: narrow the scope or the rule."
            if too_many
            else words.preview(outcome, action, view.scope.freq, view.dataset.currency).replace(
                "$", "\\$"
            )
        )
        reason = st.selectbox(
            "Why",
            REASONS,
            index=None,
            accept_new_options=True,
            placeholder="Choose or write a reason",
            key="unusual_reason",
        )
        corrected.author_input()
        label = f"{ACTIONS[action]} {fmt.count(outcome.findings, 'finding')}"
        pressed = st.button(
            label,
            type="primary",
            disabled=outcome.rows.empty or too_many or not reason,
            help=None if reason else "Give a reason first; it is kept in the log.",
            key="unusual_apply",
        )
        if pressed and reason:
            _apply(view, outcome, action, str(reason), {"rule": rule, "words": said})
        _take_back()
    return _decided(view, chosen, picked, action, outcome)


def _which(view: View, chosen: pd.DataFrame) -> tuple[Rule, pd.DataFrame, str]:
    """The rule, the findings it takes, and the rule in words."""
    rule = st.segmented_control(
        "Decide about",
        list(RULES),
        default="chosen",
        required=True,
        format_func=lambda each: (
            f"{RULES[each]} ({len(chosen)})" if each == "chosen" else RULES[each]
        ),
        key="unusual_rule",
    )
    if rule == "open":
        return _all_open(view)
    if rule == "above":
        return _above(view)
    if rule == "day":
        return _day(view, chosen)
    if rule == "product":
        return _product(view)
    if len(chosen) == 1:
        _, row = rows(chosen)[0]
        return "chosen", chosen, f"{name(view, row)}, {words.when(row, view.scope.freq)}"
    return "chosen", chosen, fmt.count(len(chosen), "finding") + " chosen by hand"


def _all_open(view: View) -> tuple[Rule, pd.DataFrame, str]:
    """Every open finding of some kinds; whole days only where they are asked for."""
    counts = view.open["kind"].value_counts()
    kinds = [kind for kind in words.KINDS if kind in counts]
    ticked = st.pills(
        "Of which kind",
        kinds,
        default=[kind for kind in kinds if kind != "day"],
        selection_mode="multi",
        format_func=lambda kind: f"{words.KINDS[kind]} {counts[kind]:,}",
        key=f"unusual_kinds-{'-'.join(kinds)}",  # others are offered once one is all decided
        help="All that is open in the scope above, also what the list is too short for.",
    )
    said = ", ".join(words.KINDS[kind].lower() for kind in kinds if kind in ticked)
    return "open", view.open[view.open["kind"].isin(ticked)], f"all open ones: {said}"


def _above(view: View) -> tuple[Rule, pd.DataFrame, str]:
    limit = st.number_input(
        "Times the usual, or more",
        min_value=2.0,
        value=5.0,
        step=1.0,
        format="%.1f",
        key="unusual_times",
        help="Open findings of single products; those with an explanation are not among them.",
    )
    high = view.open[view.open["kind"] == "high"]
    picked = high[np.array([words.times(row) >= limit for _, row in rows(high)], dtype=bool)]
    return "above", picked, f"all open ones from {limit:g} times the usual"


def _day(view: View, chosen: pd.DataFrame) -> tuple[Rule, pd.DataFrame, str]:
    """Every product of the scope in a period, whether flagged or not: a closed day, a test."""
    times = view.found.cells.times
    last = period_end(times[-1], view.scope.freq).date()
    start = chosen["first"].iloc[0].date() if len(chosen) else times[-1].date()
    given = st.date_input(
        "Day" if view.scope.freq == "D" else f"A day of the {NOUN[view.scope.freq][0]}",
        value=min(max(start, times[0].date()), last),
        min_value=times[0].date(),
        max_value=last,
        help="Everything of the scope, also what was not found unusual.",
    )
    day = given if isinstance(given, date) else last
    at = int(times.searchsorted(pd.Timestamp(day), side="right")) - 1
    row = dict.fromkeys(COLUMNS) | {
        "kind": "day", "series": WHOLE, "at": at, "until": at,
        "first": times[at], "last": period_end(times[at], view.scope.freq),
    }  # fmt: skip
    picked = pd.DataFrame([row])
    where = f"{scopes.name(view.scope)}, {scopes.place(view.scope)}"
    return "day", picked, f"everything in {where}, {words.when(row, view.scope.freq)}"


def _product(view: View) -> tuple[Rule, pd.DataFrame, str]:
    listed = view.open[view.open["product_id"].notna()]
    names = view.products
    keys = list(dict.fromkeys(int(key) for key in listed["product_id"]))
    key = st.selectbox(
        "Product",
        keys,
        format_func=lambda each: str(names[each])[:80],
        help="All its open findings.",
        placeholder="No product has open findings",
    )
    if key is None:
        return "product", listed.head(0), ""
    return "product", listed[listed["product_id"] == key], f"all open ones of {names[key]}"


def _action() -> Action:
    picked = st.segmented_control(
        "What to do",
        list(ACTIONS),
        default="cap",
        required=True,
        format_func=lambda each: ACTIONS[each],
        key="unusual_action",
        help="**Keep**: it is right, do not list it again. **Cap**: to the edge of what is usual. "
        "**Replace**: by the usual, or by your number. **Exclude**: as if not known.",
    )
    return next((each for each in get_args(Action) if each == picked), "cap")


def _number(picked: pd.DataFrame) -> float | None:
    """The user's own number, for one finding of one series; None: the usual."""
    if len(picked) != 1 or picked["series"].iloc[0] == WHOLE:
        st.caption("Each gets what is usual for it then.")
        return None
    usual = picked["expected"].iloc[0]
    return st.number_input(
        "By your number",
        min_value=0.0,
        max_value=1e9,
        value=None,
        step=1.0,
        placeholder=f"the usual: {fmt.units(usual)}",
        key=f"unusual_number-{picked.index[0]}",
    )


def _apply(view: View, outcome: Effect, action: Action, reason: str, rule: dict[str, str]) -> None:
    try:
        number = corrections.correct(
            state.store(),
            view.dataset.dataset_id,
            "outlier",
            outcome.rows,
            action=action,
            reason=reason,
            author=corrected.author(),
            rule=rule | {"findings": outcome.findings, "split": view.split},
        )
    except DataError as error:
        st.error(fmt.escape(str(error)))
        return
    done = f"{words.DONE[action]} {fmt.count(outcome.findings, 'finding')}."
    st.session_state[_LAST] = (number, done)
    layout.say_after_rerun(f"{done} What was recorded stays as it is.")
    st.rerun()


def _take_back() -> None:
    """What was done last in this session, with its undo."""
    if not (last := st.session_state.get(_LAST)):
        return
    number, done = last
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(done)
        if st.button("Undo", type="tertiary", icon=":material/undo:", key="unusual_undo_last"):
            del st.session_state[_LAST]
            take_back(number)


def take_back(number: int) -> None:
    """Undo a batch and draw the page again; in words where somebody else did it before."""
    try:
        corrections.undo(state.store(), number, corrected.author())
    except DataError as error:
        st.error(fmt.escape(str(error)))
        return
    if (st.session_state.get(_LAST) or (None,))[0] == number:
        del st.session_state[_LAST]
    layout.say_after_rerun("Undone: sales count as recorded again.", icon=":material/undo:")
    st.rerun()


def _decided(
    view: View, chosen: pd.DataFrame, picked: pd.DataFrame, action: Action, outcome: Effect
) -> float | None:
    """Units of the first chosen finding after the decision, where that says a number."""
    if chosen.empty or outcome.rows.empty or action not in ("cap", "replace"):
        return None
    first = chosen.iloc[0]
    if first["series"] == WHOLE or chosen.index[0] not in picked.index:
        return None
    mine = outcome.rows[
        (outcome.rows["product_id"] == first["product_id"])
        & outcome.rows["day"].between(first["first"], first["last"])
    ]
    if pd.notna(first["place_id"]):
        mine = mine[mine["place_id"] == first["place_id"]]
    if mine.empty or first["at"] != first["until"]:
        return None
    change = float((mine["quantity"] - mine["original"]).sum())
    return float(view.found.cells.quantity[int(first["series"]), int(first["at"])]) + change
