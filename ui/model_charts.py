"""Figures of one model: against the champion window by window, and its errors since."""

import pandas as pd
import plotly.graph_objects as go

from data.scope import Freq
from ui import format as fmt
from ui.chart_style import LEGEND, dates_format, plain

COLOURS = {"own": "#000001", "rival": "#000002", "tests": "#000008"}  # places of the theme
ERRORS_HEIGHT = 190
_ROW, _FRAME = 34, 86  # pixels of a window, and of legend and axis
_TICK = {"D": "%-d %b", "W": "%-d %b", "M": "%b %Y"}


def windows(table: pd.DataFrame, own: str, rival: str) -> go.Figure:
    """The WQL of both at every cutoff of `champions.by_window`: a row each, the earliest on top."""
    rows = [f"after {fmt.span(each, each).split(' – ')[0]}" for each in table["cutoff"]]
    figure = go.Figure()
    for label, first, second in zip(rows, table["candidate"], table["champion"], strict=True):
        figure.add_scatter(
            x=[first, second],
            y=[label, label],
            mode="lines",
            line={"color": COLOURS["tests"], "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    for name, column, role, symbol in (
        (rival, "champion", "rival", "diamond"),
        (own, "candidate", "own", "circle"),
    ):
        figure.add_scatter(
            x=table[column],
            y=rows,
            name=plain(name),
            mode="markers",
            marker={"color": COLOURS[role], "symbol": symbol, "size": 11},
            text=[f"{plain(name)}: WQL {value:.3f}" for value in table[column]],
            hoverinfo="y+text",
        )
    figure.update_layout(
        height=_FRAME + _ROW * len(rows),
        margin={"l": 8, "r": 16, "t": 30, "b": 8},
        legend={**LEGEND, "traceorder": "reversed"},
        hovermode="closest",
    )
    values = [*table["candidate"].astype(float), *table["champion"].astype(float)]
    room = [0.9 * min(values), 1.1 * max(values)]  # what is alike looks alike
    figure.update_xaxes(
        range=room, tickformat=".3f", nticks=5, ticks="outside", zeroline=False, title=None
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="", title=None, automargin=True)
    return figure


def describe_windows(table: pd.DataFrame, own: str, rival: str) -> str:
    """The finding in a sentence, for those who cannot see the chart."""
    better = int((table["candidate"] < table["champion"]).sum())
    return f"{own} is better than {rival} in {better} of {fmt.count(len(table), 'test window')}."


def errors(periods: pd.DataFrame, freq: Freq) -> go.Figure:
    """How far off each period since was, beside its tests; see `drift.by_period`."""
    figure, is_tested = go.Figure(), periods["expected"].notna().any()
    if is_tested:
        figure.add_scatter(
            x=periods["timestamp"],
            y=periods["expected"],
            name="In its tests",
            mode="lines",
            line={"color": COLOURS["tests"], "width": 1.6, "dash": "dot"},
            text=[f"In its tests: {fmt.share(value)}" for value in periods["expected"]],
            hoverinfo="x+text",
        )
    figure.add_scatter(
        x=periods["timestamp"],
        y=periods["error"],
        name="Since",
        mode="lines+markers",
        line={"color": COLOURS["own"], "width": 2.5},
        text=[f"Since: {fmt.share(value)}" for value in periods["error"]],
        hoverinfo="x+text",
    )
    figure.update_layout(
        height=ERRORS_HEIGHT,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        showlegend=bool(is_tested),
        legend=LEGEND,
        hovermode="x unified",
    )
    last = periods["timestamp"].iloc[-1]
    shown = periods["timestamp"].iloc[:: max(1, len(periods) // 6)]
    figure.update_xaxes(
        tickvals=shown,
        tickformat=dates_format(_TICK[freq], last),
        tickangle=0,
        showgrid=False,
        ticks="outside",
        title=None,
    )
    figure.update_yaxes(
        rangemode="tozero", tickformat=".0%", nticks=5, zeroline=False, title=None, automargin=True
    )
    return figure


def describe_errors(periods: pd.DataFrame) -> str:
    """The finding in a sentence."""
    latest = periods.iloc[-1]
    text = f"Off by {fmt.share(latest['error'])} in the latest period"
    if pd.notna(latest["expected"]):
        text += f", {fmt.share(latest['expected'])} in its tests as far ahead"
    return text + "."
