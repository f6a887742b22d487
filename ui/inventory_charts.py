"""The figure of one line: stock until now, and stock to come with the order and without it.

Like `ui.charts`, figures are returned and never drawn, and their colours are places of the theme.
"""

import pandas as pd
import plotly.graph_objects as go

from forecasting.planning import StockAhead
from ui import format as fmt
from ui.chart_style import LEGEND, TIME_AXIS, amount_ticks, dates_format
from ui.charts import COLOURS, band


def stock(
    before: pd.DataFrame,
    ahead: StockAhead,
    *,
    on_hand: float,
    quantity: float,
    reorder_point: float,
    view: str,
    height: int = 300,
) -> go.Figure:
    """Units by day: `before` has day and on_hand; the order of `quantity` units is made today."""
    figure = go.Figure()
    start = ahead.days[0] - pd.Timedelta(days=1)
    days = [start, *ahead.days]
    ordered = quantity > 0
    low, high = (ahead.with_low, ahead.with_high) if ordered else (
        ahead.without_low, ahead.without_high
    )  # fmt: skip
    figure.add_trace(band(days, [on_hand, *low], [on_hand, *high], name="8 in 10"))
    if len(before) > 1:
        _line(figure, list(before["day"]), list(before["on_hand"]), "Stock", "sold")
    else:
        _line(figure, [start], [on_hand], "Stock", "sold")
    if ordered:
        _line(figure, days, [on_hand, *ahead.with_order], "With this order", "forecast", width=2.5)
    name = "Without" if ordered else "Stock to come"
    role, dash = ("rival", "dash") if ordered else ("forecast", "solid")
    _line(figure, days, [on_hand, *ahead.without], name, role, dash=dash)
    _empty_days(figure, ahead, ordered)
    top = max([on_hand, reorder_point, *high, *before.get("on_hand", [])], default=1.0)
    _reorder_point(figure, reorder_point)
    if ordered:
        _arrival(figure, ahead, quantity)
    _frame(figure, days, before, float(top), view, height)
    return figure


def _line(
    figure: go.Figure,
    days: list[pd.Timestamp],
    values: list[float],
    name: str,
    role: str,
    *,
    width: float = 2.0,
    dash: str = "solid",
) -> None:
    figure.add_scatter(
        x=days,
        y=values,
        name=name,
        mode="lines",
        line={"color": COLOURS[role], "width": width, "dash": dash},
        text=[f"{name}: {fmt.units(round(value))}" for value in values],
        hoverinfo="x+text",
    )


def _empty_days(figure: go.Figure, ahead: StockAhead, ordered: bool) -> None:
    """Red ground over the days on which the middle future has nothing left until the delivery."""
    middle = ahead.with_order if ordered else ahead.without
    inside = (middle < 0.5) & (ahead.days < ahead.arrives if ordered else True)
    days = ahead.days[inside]
    if not len(days):
        return
    first, last = days[0], days[-1] + pd.Timedelta(days=1)
    figure.add_vrect(
        x0=first, x1=last, fillcolor=COLOURS["stockout"] + "21", line_width=0, layer="below"
    )
    figure.add_annotation(
        x=first,
        y=1,
        yref="paper",
        text=f"empty<br>{fmt.count(len(days), 'day')}",
        align="left",
        showarrow=False,
        xanchor="left",
        yanchor="top",
        font={"size": 11, "color": COLOURS["stockout"]},
    )


def _reorder_point(figure: go.Figure, value: float) -> None:
    figure.add_shape(
        type="line",
        x0=0,
        x1=1,
        xref="paper",
        y0=value,
        y1=value,
        layer="below",
        line={"color": COLOURS["last_year"], "width": 1, "dash": "dot"},
    )
    figure.add_annotation(
        x=0,
        xref="paper",
        y=value,
        text=f"order point {fmt.units(round(value))}",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 11},
    )


def _arrival(figure: go.Figure, ahead: StockAhead, quantity: float) -> None:
    if ahead.arrives > ahead.days[-1]:
        return
    at = int((ahead.arrives - ahead.days[0]).days)
    figure.add_annotation(
        x=ahead.arrives,
        y=float(ahead.with_order[at]),
        text=f"{fmt.units(round(quantity))} arrive",
        showarrow=False,
        xanchor="left" if at < len(ahead.days) * 0.7 else "right",
        yanchor="bottom",
        yshift=4,
        font={"size": 11},
    )


def _frame(
    figure: go.Figure,
    days: list[pd.Timestamp],
    before: pd.DataFrame,
    top: float,
    view: str,
    height: int,
) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        hovermode="x unified",
        dragmode=False,
        uirevision=view,
        legend=LEGEND,
    )
    first = before["day"].iloc[0] if len(before) else days[0]
    figure.update_xaxes(
        range=[first, days[-1]],
        tickformat=dates_format("%-d %b", days[-1]),
        hoverformat="%a %-d %b %Y",
        **TIME_AXIS,
    )
    ticks = amount_ticks(0, max(top, 1.0), "quantity", "")
    figure.update_yaxes(
        range=[0, max(top, 1.0) * 1.08],
        fixedrange=True,
        tickvals=list(ticks),
        ticktext=list(ticks.values()),
        ticks="",
        title=None,
        automargin=True,
    )
