"""The part of the view that names data: dataset, category, product, place, segment, and whether
sales are the corrected ones; kept in the URL.

A link shows a colleague the same screen, and the choice follows from page to page: navigation
clears the address, so what was looked at is remembered for the session and written back.
Choices that name no data (period, horizon, model) are bound widgets and need nothing from here.
"""

from collections.abc import Mapping

import streamlit as st

NAMES = ("dataset", "category", "product", "place", "segment", "corrected")

_MEMORY = "_address"  # session: the last values
_PAGE = "_address_page"  # session: the page they were last used on


def arrive(page: str) -> None:
    """Called once per run, before anything reads the address, with the page's own name."""
    arrived = st.session_state.get(_PAGE) != page
    st.session_state[_PAGE] = page
    memory = st.session_state.get(_MEMORY, {})
    if arrived and not any(name in st.query_params for name in NAMES) and memory:
        st.query_params.update(memory)
    st.session_state[_MEMORY] = read()


def read() -> dict[str, str | list[str]]:
    """What the address says now; categories are a path and may repeat."""
    found: dict[str, str | list[str]] = {}
    for name in NAMES:
        if name in st.query_params:
            found[name] = (
                st.query_params.get_all(name) if name == "category" else st.query_params[name]
            )
    return found


def number(name: str) -> int | None:
    """The id under `name`; None where it is absent. Text that is no number counts as id 0."""
    text = st.query_params.get(name)
    if not text:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def path() -> tuple[str, ...]:
    """The categories from the root of the tree down."""
    return tuple(part for part in st.query_params.get_all("category") if part)


def go(changes: Mapping[str, str | int | tuple[str, ...] | None]) -> None:
    """Change the address; None and an empty path remove a name."""
    values: dict[str, str | list[str]] = {}
    for name, value in changes.items():
        if value is None or value == ():
            if name in st.query_params:
                del st.query_params[name]
        else:
            values[name] = list(value) if isinstance(value, tuple) else str(value)
    if values:
        st.query_params.update(values)
    st.session_state[_MEMORY] = read()
