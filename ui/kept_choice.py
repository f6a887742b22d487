"""A choice that survives a slow browser: what a widget is worth is said with every run."""

from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def default(key: str, value: T) -> T | None:
    """The default of a widget with a key: `value` the first time, then None, since it has its own.

    Later runs say again what was chosen. A browser that is slow to draw mounts the widget of a
    later run, whose default is empty; it would show nothing as chosen, and send that back.
    """
    if key in st.session_state:
        st.session_state[key] = st.session_state[key]
        return None
    return value
