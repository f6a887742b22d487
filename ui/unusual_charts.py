"""The chart of one series on Unusual sales: as sold, as corrected, and what is usual."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from forecasting.arrays import BoolArray, FloatArray
from ui import format as fmt
from ui.charts import COLOURS
from ui.unusual_facts import Found

OVERRIDE = "#000004"  # plum: what somebody decided
AROUND = {"D": 60, "W": 52, "M": 30}  # periods shown on each side of the finding
_HEAD = {"D": "%a %-d %b %Y", "W": "Week of %a %-d %b %Y", "M": "%B %Y"}


def series(
    found: Found,
    number: int,
    at: int,
    *,
    flagged: BoolArray,
    corrected: FloatArray | None,
    decided: float | None,
    view: str,
    height: int = 300,
) -> go.Figure:
    """A series (its `number`) around the period `at`; `corrected` (T,) where anything was.

    `flagged` (T,) get red open circles; `decided` is what the pending decision would make of `at`.
    """
    cells = found.cells
    sold = cells.quantity[number]
    figure = go.Figure()
    alive = np.isfinite(sold)
    _add_band(figure, cells.times[alive], found.low[number][alive], found.high[number][alive])
    figure.add_scatter(
        x=cells.times, y=sold, name="Sold", mode="lines",
        line={"color": COLOURS["sold"], "width": 1.6},
        hovertemplate="Sold: %{y:,}<extra></extra>",
    )  # fmt: skip
    if corrected is not None:
        figure.add_scatter(
            x=cells.times, y=corrected, name="Corrected", mode="lines",
            line={"color": COLOURS["forecast"], "width": 2, "dash": "dash"},
            hovertemplate="Corrected: %{y:,.0f}<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=cells.times[flagged], y=sold[flagged], name="Unusual", mode="markers",
        marker={"color": COLOURS["stockout"], "size": 9, "symbol": "circle-open",
                "line": {"width": 2}},
        hovertemplate="Unusual<extra></extra>",
    )  # fmt: skip
    if decided is not None:
        figure.add_scatter(
            x=[cells.times[at]], y=[decided], name="Would become", mode="markers",
            marker={"color": OVERRIDE, "size": 11, "symbol": "diamond"},
            hovertemplate="Would become: %{y:,.0f}<extra></extra>",
        )  # fmt: skip
    _style(figure, cells.times, at, cells.freq, view, height)
    return figure


def describe(found: Found, number: int, at: int) -> str:
    """The finding in one sentence, for those who cannot see the chart."""
    sold, times = found.cells.quantity[number], found.cells.times
    low, high = found.low[number, at], found.high[number, at]
    return (
        f"Units sold around {fmt.day(times[at])}: {fmt.units(sold[at])} where "
        f"{fmt.units(low)}–{fmt.units(high)} are usual."
    )


def _add_band(
    figure: go.Figure, times: pd.DatetimeIndex, low: FloatArray, high: FloatArray
) -> None:
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return
    x, top, bottom = times[known], high[known], low[known]
    figure.add_scatter(
        x=[*x, *x[::-1]], y=[*top, *bottom[::-1]], name="Usual", mode="lines",
        line={"width": 0, "color": COLOURS["forecast"]}, fill="toself",
        fillcolor=COLOURS["forecast"] + "21", hoverinfo="skip",
    )  # fmt: skip


def _style(
    figure: go.Figure, times: pd.DatetimeIndex, at: int, freq: str, view: str, height: int
) -> None:
    first = times[max(at - AROUND[freq], 0)]
    last = times[min(at + AROUND[freq], len(times) - 1)]
    half = pd.Timedelta(days={"D": 1, "W": 4, "M": 16}[freq])
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 26, "b": 8},
        hovermode="x unified",
        dragmode="pan",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        uirevision=view,
    )
    figure.update_xaxes(
        type="date", range=[first - half, last + half], hoverformat=_HEAD[freq],
        tickformat="%-d %b %Y" if freq == "D" else "%b %Y", nticks=6, ticks="outside",
        tickangle=0, showgrid=False, title=None,
    )  # fmt: skip
    figure.update_yaxes(
        rangemode="tozero", tickformat=",", nticks=5, fixedrange=True, title=None, automargin=True
    )
