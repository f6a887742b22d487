"""Figures of lost sales: by period, by category or product, and one product's stock-out in time.

Like `ui.charts`, they are returned and never drawn, and their colours are places of the theme.
"""

import math
from datetime import date

import pandas as pd
import plotly.graph_objects as go

from ui import format as fmt
from ui.chart_style import LEGEND
from ui.charts import COLOURS, band

RED, BLUE, INK = COLOURS["stockout"], COLOURS["forecast"], COLOURS["sold"]
_HOVER = {"D": "%a %-d %b %Y", "W": "Week of %a %-d %b %Y", "M": "%B %Y"}


def over_time(
    periods: pd.DataFrame,
    span: tuple[date, date],
    freq: str,
    measure: str,
    currency: str,
    *,
    height: int = 250,
) -> go.Figure:
    """Bars of what was lost in a span of days; periods without any have none."""
    figure = go.Figure(
        go.Bar(
            x=periods["start"],
            y=periods["value"],
            marker={"color": RED},
            text=[f"Lost: {fmt.exact(value, measure, currency)}" for value in periods["value"]],
            textposition="none",
            hoverinfo="x+text",
        )
    )
    _frame(figure, height)
    half = pd.Timedelta(days={"D": 1, "W": 7, "M": 31}[freq]) / 2
    long = (span[1] - span[0]).days > 120
    figure.update_xaxes(
        hoverformat=_HOVER[freq],
        range=[pd.Timestamp(span[0]) - half, pd.Timestamp(span[1]) + half],
        tickformat="%b %Y" if long else "%-d %b",
        nticks=7,
    )
    ticks = round_steps(float(periods["value"].max()) if len(periods) else 0.0)
    labels = ["0", *(fmt.amount(value, measure, currency) for value in ticks[1:])]
    figure.update_yaxes(
        rangemode="tozero", tickvals=ticks, ticktext=[each.replace(".0K", "K") for each in labels]
    )
    return figure


def round_steps(high: float) -> list[float]:
    """Zero and up to four round values below a maximum.

    >>> round_steps(34_000), round_steps(7), round_steps(0)
    ([0.0, 10000.0, 20000.0, 30000.0], [0.0, 2.0, 4.0, 6.0], [0.0])
    """
    if high <= 0:
        return [0.0]
    power = 10.0 ** math.floor(math.log10(high / 4))
    step = next(n * power for n in (1, 2, 2.5, 5, 10) if n * power >= high / 4)
    return [step * count for count in range(math.floor(high / step) + 1)]


def ranked(
    labels: list[str],
    values: list[float],
    keys: list[str],
    measure: str,
    currency: str,
    *,
    height: int = 250,
) -> go.Figure:
    """Horizontal bars, largest at the top, with their amount; a click gives the key."""
    names = [_plain(label if len(label) <= 26 else label[:25].rstrip() + "…") for label in labels]
    figure = go.Figure(
        go.Bar(
            y=list(range(len(values))),
            x=values,
            orientation="h",
            marker={"color": RED},
            text=[f"{fmt.amount(value, measure, currency)}" for value in values],
            textposition="outside",
            cliponaxis=False,
            customdata=[[key] for key in keys],
            hovertext=[
                f"{_plain(label)}: {fmt.exact(value, measure, currency)} lost"
                for label, value in zip(labels, values, strict=True)
            ],
            hoverinfo="text",
        )
    )
    _frame(figure, height)
    figure.update_layout(hovermode="closest", bargap=0.3, margin={"l": 8, "r": 56, "t": 8, "b": 8})
    figure.update_xaxes(visible=False, rangemode="tozero")
    figure.update_yaxes(
        tickvals=list(range(len(values))),
        ticktext=names,
        autorange="reversed",
        showgrid=False,
        ticks="",
    )
    return figure


def spell(
    series: pd.DataFrame, out: pd.DataFrame, *, view: str, accepted: bool, height: int = 300
) -> go.Figure:
    """Units sold a day (`timestamp`, `quantity`), and what would have sold on the days of `out`.

    `out` has day, spell, expected, low and high; its days stand on red ground.
    """
    figure = go.Figure()
    _ground(figure, out)
    name = "Corrected" if accepted else "Would have sold"
    for number, (_, run) in enumerate(out.groupby("spell", sort=True)):
        _without_stock_out(figure, run, name, in_legend=number == 0)
    figure.add_scatter(
        x=series["timestamp"],
        y=series["quantity"],
        mode="lines",
        line={"color": INK, "width": 2},
        name="Sold",
        text=[f"Sold: {fmt.units(value)}" for value in series["quantity"]],
        hoverinfo="x+text",
        zorder=1,
    )
    _frame(figure, height)
    figure.update_layout(
        hovermode="x unified",
        uirevision=view,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        legend=LEGEND,
    )
    figure.update_xaxes(hoverformat=_HOVER["D"], tickformat="%-d %b", nticks=9)
    figure.update_yaxes(nticks=5, tickformat=",d")
    return figure


def _without_stock_out(figure: go.Figure, run: pd.DataFrame, name: str, *, in_legend: bool) -> None:
    """What would have sold on the days of one spell, with its band."""
    first, last = run["day"].iloc[0], run["day"].iloc[-1]
    half = pd.Timedelta(hours=10) if first == last else pd.Timedelta(0)
    times = [first - half, *run["day"].iloc[1:-1], last + half]
    low, high, mean = (_ends(run[column], len(times)) for column in ("low", "high", "expected"))
    figure.add_trace(band(times, low, high, name="80%", group="band", in_legend=in_legend))
    figure.add_scatter(
        x=times,
        y=mean,
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        name=name,
        legendgroup="mean",
        showlegend=in_legend,
        text=[
            f"{name}: {fmt.units(m)} · 8 in 10: {fmt.units(a)}–{fmt.units(b)}"
            for m, a, b in zip(mean, low, high, strict=True)
        ],
        hoverinfo="x+text",
        zorder=2,
    )


def _ground(figure: go.Figure, out: pd.DataFrame) -> None:
    """Red over the days without stock; the words on the first of them."""
    half = pd.Timedelta(hours=12)
    for number, (_, run) in enumerate(out.groupby("spell", sort=True)):
        first = run["day"].iloc[0] - half
        figure.add_vrect(
            x0=first,
            x1=run["day"].iloc[-1] + half,
            fillcolor=RED + "21",
            line_width=0,
            layer="below",
        )
        if number == 0:
            figure.add_annotation(
                x=first,
                y=1,
                yref="paper",
                text="out of stock",
                showarrow=False,
                xanchor="left",
                yanchor="top",
                font={"size": 11, "color": RED},
            )


def _ends(values: "pd.Series[float]", count: int) -> list[float]:
    """As many values as there are times; a single day is drawn as a short line."""
    listed = [float(value) for value in values]
    return listed if len(listed) == count else listed * count


def _frame(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        hovermode="x",
        dragmode=False,
        showlegend=len(figure.data) > 1,
    )
    figure.update_xaxes(showgrid=False, zeroline=False, title=None, tickangle=0, fixedrange=True)
    figure.update_yaxes(zeroline=False, title=None, automargin=True, fixedrange=True)


def _plain(text: str) -> str:
    """Plotly reads a little HTML in its texts; the user's own text must stay text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
