"""Results that stand on sales, plans, stock or models of yesterday, and the way to today's."""

from collections.abc import Mapping

import streamlit as st

from data import scenarios as stored
from ui import format as fmt
from ui import state
from ui.what_if_results import By, Found

_ANEW = "what_if_anew"


def is_asked() -> bool:
    """Whether stale results are to be worked out again."""
    return bool(st.session_state.get(_ANEW))


def done() -> None:
    """They are."""
    st.session_state.pop(_ANEW, None)


def notes(dataset_id: int, scenario_id: int, found: Mapping[int, Found], by: By) -> None:
    """A line for results that are stale, and one where the run that answers was trained again."""
    if any(each.is_stale for each in found.values()):
        with st.container(horizontal=True, vertical_alignment="center"):
            _note("Stale", "Sales, plan, stock or model changed since this was worked out.")
            st.button("Run again", icon=":material/refresh:", key="what_if_again", on_click=_again)
    if by.newer is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            _note("Trained again", f"“{fmt.escape(by.newer.name)}” is newer than what answers.")
            st.button(
                "Ask the newer run",
                icon=":material/refresh:",
                key="what_if_newer",
                on_click=stored.answer_by,
                args=(state.store(), dataset_id, scenario_id, by.newer.run_id),
            )


def _note(badge: str, words: str) -> None:
    st.markdown(f":orange-badge[{badge}] {words}", width="content")


def _again() -> None:
    st.session_state[_ANEW] = True
