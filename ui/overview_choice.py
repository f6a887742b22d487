"""Choosing what the Overview compares: how far back, and which day meets which a year before.

The second choice can be kept with the dataset, for everybody; an address may ask for another.
"""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from data import alignments
from data.comparison import Alignment, Comparison, compare
from data.fiscal import FiscalCalendar, Pattern
from ui import overview_words as words
from ui import state
from ui.queries import Dataset

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PATTERNS: tuple[Pattern, ...] = ("4-4-5", "4-5-4", "5-4-4")

_KEYS = ("align", "week53", "pattern", "fy_month", "fy_day", "fy_end")
_OF = "_alignment_of"  # session: the dataset that the choices were made for
_LABEL = {by: word for word, by in words.ALIGNED.items()}
_RESTATE, _NUMBER = "52 weeks before", "Same number"
_NEAREST, _LAST = "Nearest", "Last in month"


def controls(dataset: Dataset) -> tuple[Comparison, Alignment]:
    """The row of both choices; gives the spans to compare."""
    monthly = dataset.frequency == "M"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        reach = st.segmented_control(
            "Time",
            list(words.REACHES),
            format_func=lambda word: _reach_label(word, monthly),
            default="Year",
            required=True,
            key="reach",
            bind="query-params",
            label_visibility="collapsed",
        )
        alignment = Alignment() if monthly else _against(dataset)
    assert dataset.first_day is not None
    assert dataset.last_day is not None
    comparison = compare(
        data_first=dataset.first_day,
        data_last=dataset.last_day,
        reach=words.REACHES[reach or "Year"],
        alignment=alignment,
        freq=dataset.frequency,
    )
    return comparison, alignment


def _reach_label(word: str, monthly: bool) -> str:
    if word in ("Year", "Quarter", "Month"):
        return f"{word} to date"
    return words.IN_MONTHS[word] if monthly else word


def _against(dataset: Dataset) -> Alignment:
    """The popover that says how last year is aligned."""
    _leave_the_old(dataset.dataset_id)
    usual = alignments.kept(state.store(), dataset.dataset_id)
    asked = str(st.session_state.get("align") or st.query_params.get("align"))
    asked = asked if asked in words.ALIGNED else _LABEL[usual.by]
    with st.popover(f"Last year by {asked.lower().replace('iso', 'ISO')}", icon=":material/event:"):
        chosen = _alignment(usual)
        if chosen != usual:
            st.button(
                "Keep for this dataset",
                icon=":material/push_pin:",
                on_click=lambda: alignments.keep(state.store(), dataset.dataset_id, chosen),
                help="Everybody who opens the dataset will see it so, until somebody changes it.",
            )
        elif usual != Alignment():
            st.caption("Kept for this dataset.")
    return chosen


def _leave_the_old(dataset_id: int) -> None:
    """Choices made for another dataset do not hold for this one; an address that arrives does."""
    before = st.session_state.get(_OF)
    st.session_state[_OF] = dataset_id
    if before not in (None, dataset_id):
        for key in _KEYS:
            st.session_state.pop(key, None)
            st.query_params.pop(key, None)


def _alignment(usual: Alignment) -> Alignment:
    chosen = _switch(
        "Align last year by",
        list(words.ALIGNED),
        _LABEL[usual.by],
        "align",
        "Weekday: 364 days before, in calendar years. ISO week: weeks from Monday, years of "
        "whole weeks. Fiscal week: your own year of twelve periods.",
    )
    by = words.ALIGNED[chosen]
    if by == "weekday":
        return replace(usual, by=by)
    fiscal = _fiscal(usual.fiscal) if by == "fiscal" else usual.fiscal
    rule = _switch(
        "After a year of 53 weeks",
        [_RESTATE, _NUMBER],
        _RESTATE if usual.week_53 == "restate" else _NUMBER,
        "week53",
        "52 weeks before: last year is restated, week 1 meets its week 2, so that seasons "
        "meet. Same number: week 1 meets week 1, and a week 53 without a counterpart is left "
        "out. Counts for year, quarter and month to date.",
    )
    return Alignment(by=by, fiscal=fiscal, week_53="restate" if rule == _RESTATE else "number")


def _fiscal(usual: FiscalCalendar) -> FiscalCalendar:
    pattern = _switch(
        "Weeks in the periods of a quarter",
        list(PATTERNS),
        usual.pattern,
        "pattern",
        "4-5-4 is the calendar of the US National Retail Federation.",
    )
    month, weekday = st.columns(2)
    with month:
        ends_in = st.selectbox(
            "Year ends in", MONTHS, index=usual.last_month - 1, key="fy_month", bind="query-params"
        )
    with weekday:
        ends_on = st.selectbox(
            "Weeks end on",
            WEEKDAYS,
            index=usual.last_weekday,
            key="fy_day",
            bind="query-params",
        )
    ending = _switch(
        f"The year ends on the {ends_on}",
        [_NEAREST, _LAST],
        _NEAREST if usual.ending == "nearest" else _LAST,
        "fy_end",
        "Nearest to the end of the month, which may lie in the next, or the last in the month.",
    )
    return FiscalCalendar(
        pattern=next(each for each in PATTERNS if each == pattern),
        last_month=MONTHS.index(ends_in) + 1,
        last_weekday=WEEKDAYS.index(ends_on),
        ending="nearest" if ending == _NEAREST else "last",
    )


def _switch(label: str, options: Sequence[str], usual: str, key: str, help: str) -> str:
    chosen = st.segmented_control(
        label,
        options,
        default=usual,
        required=True,
        key=key,
        bind="query-params",
        help=help,
    )
    return chosen or usual
