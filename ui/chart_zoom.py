"""A closer look at a time: dragging across a chart keeps its window while everything else changes.

Streamlit makes a chart anew whenever its figure changes, and with it plotly forgets its zoom,
whatever `uirevision` says. So the window is a selection that the server remembers.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ui import format as fmt


@dataclass(frozen=True)
class Window:
    """A stretch of time on the x axis."""

    first: pd.Timestamp
    last: pd.Timestamp


def window(name: str, times: pd.DatetimeIndex) -> Window | None:
    """What was dragged over; None: all, or nothing of it lies in `times`."""
    kept: Window | None = st.session_state.get(_key(name))
    if kept is None or not len(times) or not ((times >= kept.first) & (times <= kept.last)).any():
        return None
    return kept


def reset(name: str, shown: Window | None) -> None:
    """The button that shows all again, labelled with the window; nothing where all is shown."""
    if shown is not None:
        st.button(
            fmt.span(shown.first, shown.last),
            key=f"all-{name}",
            type="tertiary",
            icon=":material/zoom_out_map:",
            help="Show the whole time again.",
            on_click=_forget,
            args=(name,),
        )


def widen(name: str, whole: Window) -> None:
    """The button that shows all there is, for a chart that begins with a part of it."""
    st.button(
        f"All since {whole.first:%b} {whole.first.year}",
        key=f"whole-{name}",
        type="tertiary",
        icon=":material/zoom_out_map:",
        help="Show the whole time. Drag across the chart to look closer at a part.",
        on_click=_keep,
        args=(name, whole),
    )


def take(name: str, chart: str) -> None:
    """From the callback of the chart with the key `chart`: keep the window that was dragged."""
    for box in st.session_state[chart].selection.box:
        found = between(box)
        if found is not None:
            _keep(name, found)


def between(box: dict[str, Any]) -> Window | None:
    """The window of a box that plotly reports; None for one without width.

    >>> between({"x": ["2026-03-02 12:00", "2026-01-01"], "y": [0, 1]})
    Window(first=Timestamp('2026-01-01 00:00:00'), last=Timestamp('2026-03-02 12:00:00'))
    """
    ends = sorted(pd.Timestamp(each) for each in box["x"])
    return Window(ends[0], ends[-1]) if len(ends) == 2 and ends[0] < ends[1] else None


def draggable(figure: go.Figure, shown: Window | None) -> None:
    """Make dragging choose a stretch of time, and show the window where there is one."""
    figure.update_layout(dragmode="select", selectdirection="h", clickmode="event")
    if shown is not None:
        figure.update_xaxes(range=[shown.first, shown.last])


def _keep(name: str, found: Window) -> None:
    st.session_state[_key(name)] = found


def _forget(name: str) -> None:
    st.session_state.pop(_key(name), None)


def _key(name: str) -> str:
    return f"window_{name}"
