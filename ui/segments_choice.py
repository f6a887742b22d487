"""Choosing classes and thresholds of the Segments page; all of it stands in the address."""

import streamlit as st

from data.segments import Thresholds
from ui import segments_words as words

_USUAL = Thresholds()
_LABELS = {"abc": "ABC", "xyz": "XYZ", "pattern": "Pattern", "stage": "Life"}


def thresholds() -> Thresholds:
    """The popover in which every limit can be changed."""
    with st.popover("Thresholds", icon=":material/tune:"):
        a, b = st.columns(2)
        with a:
            a_share = _number("A until, %", _USUAL.a_share * 100, "th_a", 1, 99, 5)
            x_cv = _number("X until CV", _USUAL.x_cv, "th_x", 0.05, 5, 0.1)
            adi = _number("Intermittent from ADI", _USUAL.adi, "th_adi", 1, 10, 0.1)
            new = _number("New, first sale in the last", _USUAL.new_periods, "th_new", 1, 52, 1)
        with b:
            b_share = _number("B until, %", _USUAL.b_share * 100, "th_b", 1, 100, 5)
            y_cv = _number("Y until CV", _USUAL.y_cv, "th_y", 0.05, 10, 0.1)
            cv2 = _number("Erratic from CV²", _USUAL.cv2, "th_cv2", 0.01, 10, 0.1)
            ended = _number("Ended, no sale in the last", _USUAL.ended_periods, "th_end", 1, 52, 1)
        trend = _number("Growing or declining from, %", _USUAL.trend * 100, "th_trend", 1, 200, 5)
        st.caption("New and Ended count in weeks, or in months where the data are monthly.")
        st.button("Back to the usual", type="tertiary", on_click=_reset)
    return Thresholds(
        a_share=a_share / 100,
        b_share=max(b_share, a_share) / 100,
        x_cv=x_cv,
        y_cv=max(y_cv, x_cv),
        adi=adi,
        cv2=cv2,
        new_periods=int(new),
        ended_periods=int(ended),
        trend=trend / 100,
    )


_KEYS = ("th_a", "th_b", "th_x", "th_y", "th_adi", "th_cv2", "th_new", "th_end", "th_trend")


def _reset() -> None:
    for key, value in zip(
        _KEYS,
        (
            _USUAL.a_share * 100,
            _USUAL.b_share * 100,
            _USUAL.x_cv,
            _USUAL.y_cv,
            _USUAL.adi,
            _USUAL.cv2,
            float(_USUAL.new_periods),
            float(_USUAL.ended_periods),
            _USUAL.trend * 100,
        ),
        strict=True,
    ):
        st.session_state[key] = value


def _number(label: str, usual: float, key: str, low: float, high: float, step: float) -> float:
    return st.number_input(
        label,
        min_value=float(low),
        max_value=float(high),
        value=float(usual),
        step=float(step),
        format="%g",
        key=key,
        bind="query-params",
    )


def classes(limits: Thresholds, period: str, measure: str) -> words.Filter:
    """A row of pills per kind of class; none chosen is all."""
    chosen: dict[str, tuple[str, ...]] = {}
    with st.container(horizontal=True, gap="medium"):
        for kind, options in words.CLASSES.items():
            picked = st.pills(
                _LABELS[kind],
                options,
                selection_mode="multi",
                key=_key(kind),
                bind="query-params",
                help=words.definition(kind, limits, period, measure),
                width="content",
            )
            chosen[kind] = tuple(each for each in options if each in picked)
    return words.Filter(**chosen)


def toggle(kind: str, *picked: str) -> None:
    """From a callback: choose these classes of a kind, or none if they were chosen alone."""
    now = list(st.session_state.get(_key(kind)) or [])
    st.session_state[_key(kind)] = [] if now == list(picked) else list(picked)


def choose_cell(abc: str, columns: str, column: str) -> None:
    """From a callback: one cell of the matrix, or all of it if it was chosen alone."""
    across = _key(columns)
    now = (st.session_state.get(_key("abc")) or [], st.session_state.get(across) or [])
    same = now == ([abc], [column])
    st.session_state[_key("abc")] = [] if same else [abc]
    st.session_state[across] = [] if same else [column]


def clear() -> None:
    """From a callback: all classes."""
    for kind in words.CLASSES:
        st.session_state[_key(kind)] = []


def _key(kind: str) -> str:
    return f"class_{kind}"
