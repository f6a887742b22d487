"""The figure of a replay: share served, or stock, by week and way of ordering.

Like `ui.charts`, figures are returned and never drawn, and their colours are places of the theme.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ui import format as fmt
from ui.chart_style import LEGEND, TIME_AXIS, amount_ticks, dates_format
from ui.charts import COLOURS
from ui.inventory_replay_results import BOOK, OURS, RECORDED, WAYS, Found

SERVED, STOCK = MEASURES = ("Served", "Stock")
_LOOK = {OURS: ("forecast", "solid"), BOOK: ("rival", "dash"), RECORDED: ("sold", "dot")}


def by_week(found: Found, measure: str, *, height: int = 280) -> go.Figure:
    """A line per way that knows the measure, one of `MEASURES`."""
    figure = go.Figure()
    table = weekly(found, measure)
    weeks = list(table.index)
    shown = [name for name in WAYS if table[name].notna().any()]
    for name in shown:
        colour, dash = _LOOK[name]
        said = fmt.share if measure == SERVED else fmt.units
        figure.add_scatter(
            x=weeks,
            y=table[name],
            name=name,
            mode="lines",
            line={"color": COLOURS[colour], "width": 2.5 if name == OURS else 2, "dash": dash},
            text=[f"{name}: {said(_whole(value, measure))}" for value in table[name]],
            hoverinfo="x+text",
        )
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        hovermode="x unified",
        dragmode=False,
        uirevision=measure,
        legend=LEGEND,
    )
    figure.update_xaxes(
        range=[weeks[0], weeks[-1]],
        tickformat=dates_format("%-d %b", weeks[-1]),
        hoverformat="Week of %a %-d %b %Y",
        **TIME_AXIS,
    )
    values = table[shown].to_numpy(dtype=np.float64)
    low, high, ticks = _served_axis(values) if measure == SERVED else _stock_axis(values)
    figure.update_yaxes(
        range=[low, high],
        fixedrange=True,
        tickvals=list(ticks),
        ticktext=list(ticks.values()),
        ticks="",
        title=None,
        automargin=True,
    )
    return figure


def weekly(found: Found, measure: str) -> pd.DataFrame:
    """A column per way, a row per week by its first day; NaN: not known."""
    first = found.span.first
    weeks = pd.date_range(first, periods=found.span.weeks, freq="7D", name="week")
    columns = {}
    for name in WAYS:
        each = found.ways[name].weekly
        asked = each["demand"].where(each["demand"] > 0)
        columns[name] = (
            1 - each["lost"] / asked if measure == SERVED else each["stock"]
        ).to_numpy()
    return pd.DataFrame(columns, index=weeks)


def _whole(value: float, measure: str) -> float:
    return value if measure == SERVED or np.isnan(value) else float(round(value))


def _served_axis(values: np.ndarray) -> tuple[float, float, dict[float, str]]:
    """From under the worst week to all."""
    worst = float(np.nanmin(values))
    step = 0.02 if worst > 0.9 else 0.05 if worst > 0.75 else 0.25
    low = max(np.floor((worst - 1e-9) / step) * step, 0.0)
    ticks = np.arange(round(low / step), round(1 / step) + 1) * step
    return low, 1 + step * 0.1, {float(tick): f"{tick:.0%}" for tick in ticks}


def _stock_axis(values: np.ndarray) -> tuple[float, float, dict[float, str]]:
    top = max(float(np.nanmax(values)), 1.0)
    return 0.0, top * 1.08, amount_ticks(0, top, "quantity", "")
