"""The chart of one series on Unusual sales: as sold, as corrected, and what is usual."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from forecasting.arrays import BoolArray, FloatArray
from ui import format as fmt
from ui.charts import COLOURS, band
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
    # Only the periods around it: a far larger one elsewhere would press all others flat.
    around = slice(max(at - AROUND[found.cells.freq], 0), at + AROUND[found.cells.freq] + 1)
    times, sold = found.cells.times[around], found.cells.quantity[number, around]
    figure = go.Figure()
    alive = np.isfinite(sold)
    low, high = found.low[number, around], found.high[number, around]
    known = alive & np.isfinite(low) & np.isfinite(high)
    if known.any():
        ends = low[known].tolist(), high[known].tolist()
        figure.add_trace(band(list(times[known]), *ends, name="Usual", alpha="21"))
    figure.add_scatter(
        x=times, y=sold, name="Sold", mode="lines",
        line={"color": COLOURS["sold"], "width": 1.6},
        hovertemplate="Sold: %{y:,}<extra></extra>",
    )  # fmt: skip
    if corrected is not None and (changed := corrected[around] != sold)[alive].any():
        beside = changed.copy()  # with its neighbours, so that single days are lines too
        beside[1:] |= changed[:-1]
        beside[:-1] |= changed[1:]
        figure.add_scatter(
            x=times, y=np.where(beside, corrected[around], np.nan), name="Corrected", mode="lines",
            line={"color": COLOURS["forecast"], "width": 2, "dash": "dash"},
            hovertemplate="Corrected: %{y:,.0f}<extra></extra>",
        )  # fmt: skip
    marked = flagged[around]
    figure.add_scatter(
        x=times[marked], y=sold[marked], name="Unusual", mode="markers", cliponaxis=False,
        marker={"color": COLOURS["stockout"], "size": 9, "symbol": "circle-open",
                "line": {"width": 2}},
        hovertemplate="Unusual<extra></extra>",
    )  # fmt: skip
    if decided is not None:
        figure.add_scatter(
            x=[found.cells.times[at]], y=[decided], name="Would become", mode="markers",
            cliponaxis=False,
            marker={"color": OVERRIDE, "size": 11, "symbol": "diamond"},
            hovertemplate="Would become: %{y:,.0f}<extra></extra>",
        )  # fmt: skip
    _style(figure, times, found.cells.freq, view, height)
    return figure


def describe(found: Found, number: int, at: int) -> str:
    """The finding in one sentence, for those who cannot see the chart."""
    sold, times = found.cells.quantity[number], found.cells.times
    low, high = found.low[number, at], found.high[number, at]
    return (
        f"Units sold around {fmt.day(times[at])}: {fmt.units(sold[at])} where "
        f"{fmt.units(low)}–{fmt.units(high)} are usual."
    )


def table(found: Found, number: int, flagged: BoolArray) -> pd.DataFrame:
    """The series of a number as a file: a row per period, what was sold and what is usual."""
    return pd.DataFrame(
        {
            "period": found.cells.times,
            "sold": found.cells.quantity[number],
            "usual": found.judged.expected[number],
            "usual_from": found.low[number],
            "usual_to": found.high[number],
            "unusual": flagged,
        }
    )


def _style(figure: go.Figure, times: pd.DatetimeIndex, freq: str, view: str, height: int) -> None:
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
        type="date", range=[times[0] - half, times[-1] + half], hoverformat=_HEAD[freq],
        tickformat="%-d %b %Y" if freq == "D" else "%b %Y", nticks=6, ticks="outside",
        tickangle=0, showgrid=False, title=None,
    )  # fmt: skip
    figure.update_yaxes(
        rangemode="tozero", tickformat=",", nticks=5, fixedrange=True, title=None, automargin=True
    )
