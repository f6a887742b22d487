"""The way out of every chart: a picture by its camera, its numbers in the Download menu.

The camera is plotly's own button, so pictures are made in the browser, without a network. A page
calls `begin`, draws its charts by `draw`, and ends with `menu`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import format as fmt

Mode = Literal["points", "box", "lasso"]

SHARPNESS = 2  # pixels of a PNG per pixel of the screen
FORMATS = ("PNG", "SVG")
_FORMAT = "picture_format"
# Zooming is by dragging across the chart; these would lead to views that nothing remembers.
_LEFT_OUT = [
    *("zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "resetScale2d"),
    *("hoverClosestCartesian", "hoverCompareCartesian", "toggleSpikelines"),
]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What the Download menu needs to know of a chart on the page."""

    title: str
    data: Callable[[], pd.DataFrame]  # made when it is asked for


_drawn: ContextVar[list[Chart] | None] = ContextVar("charts of this run", default=None)


def begin(actions: DeltaGenerator) -> DeltaGenerator:
    """Start the list of charts of this run; gives the place of the menu in the title row."""
    _drawn.set([])
    return actions.container(horizontal=True, width="content")


def draw(
    figure: go.Figure,
    *,
    title: str,
    key: str,
    alt: str,
    data: Callable[[], pd.DataFrame],
    on_select: Callable[[], None] | Literal["rerun"] | None = None,
    select: tuple[Mode, ...] = ("points",),
) -> None:
    """The figure with its camera and a place in the Download menu.

    `title` names the files, `data` gives the numbers behind the chart, `select` says how a visitor
    may choose in it; what was chosen lies under `key`, for `on_select` or `chosen` to read.
    """
    charts = _drawn.get()
    if charts is not None:
        charts.append(Chart(title=title, data=data))
    st.plotly_chart(
        figure,
        key=key,
        config=config(title),
        on_select=on_select or "ignore",
        selection_mode=select,
        alt=alt,
    )


def chosen(key: str) -> list[Any]:
    """The `customdata` of the points that are selected in the chart with this key."""
    state = st.session_state.get(key)
    return [] if state is None else [
        point["customdata"] for point in state.selection.points if "customdata" in point
    ]  # fmt: skip


def keyed(name: str) -> str:
    """The key of a chart: another in dark mode, because a drawn chart keeps its old colours."""
    return f"{name}-{st.context.theme.type}"


def config(title: str) -> dict[str, Any]:
    """What plotly's buttons do: a camera that saves in the chosen format, and full screen."""
    chosen = str(st.session_state.get(_FORMAT) or FORMATS[0])
    return {
        "displaylogo": False,
        "modeBarButtonsToRemove": _LEFT_OUT,
        "toImageButtonOptions": {
            "format": chosen.lower(),
            "filename": slug(title),
            "scale": SHARPNESS if chosen == "PNG" else 1,
        },
    }


@contextmanager
def menu(place: DeltaGenerator) -> Iterator[None]:
    """The Download menu: what the page adds inside, then the charts drawn before."""
    with place, st.popover("Download", icon=":material/download:"):
        yield
        charts = _drawn.get() or []
        if not charts:
            return
        st.markdown("**Charts** :gray[· their numbers]")
        for number, chart in enumerate(charts):
            st.download_button(
                f"{fmt.escape(chart.title)} (CSV)",
                lambda data=chart.data: csv(data()).encode("utf-8-sig"),  # type: ignore[misc]
                file_name=f"{slug(chart.title)}.csv",
                mime="text/csv",
                on_click="ignore",
                type="tertiary",
                key=f"chart_csv_{number}",
            )
        st.segmented_control(
            "Pictures as",
            FORMATS,
            default=FORMATS[0] if _FORMAT not in st.session_state else None,
            required=True,
            key=_FORMAT,
            persist_state="session",
            help="SVG stays sharp at any size; PNG goes everywhere.",
        )
        st.markdown(":gray[Point at a chart, or tap it: the camera at its top right saves it.]")


def csv(frame: pd.DataFrame) -> str:
    """A frame as a file that a spreadsheet opens: days as ISO, no cell a formula.

    >>> csv(pd.DataFrame({"name": ["=cmd()"], "day": [pd.Timestamp("2026-11-20")], "value": [0.1]}))
    "name,day,value\\n'=cmd(),2026-11-20,0.1\\n"
    """
    out = frame.copy()
    for name in out.columns:
        if out[name].dtype == object:
            out[name] = [fmt.cell(each) if isinstance(each, str) else each for each in out[name]]
        elif pd.api.types.is_float_dtype(out[name]):
            out[name] = out[name].round(4)
    return out.to_csv(index=False, date_format="%Y-%m-%d")


def slug(text: str) -> str:
    """A file name of letters and digits.

    >>> slug("Revenue a week · “Coffee”")
    'revenue-a-week-coffee'
    >>> slug("猫 & Co"), slug("…")
    ('猫-co', 'chart')
    """
    parts = "".join(sign if sign.isalnum() else " " for sign in text.lower()).split()
    return "-".join(parts)[:60].strip("-") or "chart"
