"""Figures of the Calendar page, returned and never drawn; colours are places of the theme."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from forecasting.diagnostics.events import Effect
from ui import calendar_facts as facts
from ui import format as fmt
from ui.chart_style import amount_ticks
from ui.charts import COLOURS
from ui.seasonality_calendar import as_text

_YEARS = (  # colour, dash, marker: the latest first
    (COLOURS["sold"], "solid", "circle"),
    ("#000001", "dash", "diamond"),
    ("#000002", "dot", "square"),
)
_KINDS = {"festival": "#000005", "own": "#000004", "school": "#000007", "holiday": "#000008"}
KIND_WORDS = {
    "festival": "Festival",
    "own": "Own event",
    "school": "School term",
    "holiday": "Public holiday",
}
_NOUN = {"D": "day", "W": "week", "M": "month"}


def years(
    table: pd.DataFrame,
    usual: "pd.Series[float]",
    freq: str,
    span: tuple[int, int],
    *,
    measure: str,
    currency: str,
) -> go.Figure:
    """The last years side by side, aligned on the event; `span` are its own periods."""
    figure = go.Figure()
    figure.add_vrect(
        x0=span[0] - 0.5, x1=span[1] + 0.5, fillcolor=COLOURS["event"] + "21", line_width=0,
        layer="below",
    )  # fmt: skip
    for year, (colour, dash, marker) in zip(sorted(table.columns)[::-1], _YEARS, strict=False):
        figure.add_scatter(
            x=table.index,
            y=table[year],
            name=str(year),
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": marker, "size": 5},
            text=[f"{year}: {fmt.exact(value, measure, currency)}" for value in table[year]],
            hoverinfo="text",
        )
    figure.add_scatter(
        x=usual.index,
        y=usual,
        name="Usual",
        mode="lines",
        line={"color": COLOURS["last_year"], "dash": "dot", "width": 1.6},
        text=[f"Usual: {fmt.exact(value, measure, currency)}" for value in usual],
        hoverinfo="text",
    )
    _frame(figure, 290)
    figure.update_layout(
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemwidth": 30},
    )
    noun = _NOUN[freq]
    step = max(1, round(len(table) / 8))
    ticks = sorted(
        {0, *range(0, int(table.index[-1]) + 1, step)}
        | set(range(0, int(table.index[0]) - 1, -step))
    )
    figure.update_xaxes(
        tickvals=ticks,
        ticktext=[f"the {noun}" if not tick else f"{tick:+d}".replace("-", "−") for tick in ticks],
        ticks="outside",
        showgrid=False,
        zeroline=False,
    )
    values = pd.concat([table, usual], axis=1).to_numpy(dtype=np.float64)
    labels = amount_ticks(float(np.nanmin(values)), float(np.nanmax(values)), measure, currency)
    figure.update_yaxes(
        rangemode="tozero", tickvals=list(labels), ticktext=list(labels.values()), zeroline=False
    )
    return figure


def ranked(effects: Mapping[str, Effect]) -> go.Figure:
    """The lift of each category with its range, largest first; hollow where it may be chance."""
    order = sorted(effects, key=lambda name: effects[name].lift)
    found = [effects[name] for name in order]
    figure = go.Figure(
        go.Scatter(
            x=[each.lift for each in found],
            y=[as_text(name, 24) for name in order],
            mode="markers+text",
            text=[f"  {facts.times(each.lift)}" for each in found],
            textposition="top center",
            textfont={"color": COLOURS["sold"], "size": 11},
            marker={
                "color": COLOURS["forecast"],
                "size": 9,
                "symbol": ["circle" if each.is_clear else "circle-open" for each in found],
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [each.high - each.lift for each in found],
                "arrayminus": [each.lift - each.low for each in found],
                "color": COLOURS["forecast"],
                "thickness": 2,
                "width": 4,
            },
            hovertext=[
                f"{as_text(name, 60)}: {facts.times(each.lift)} times<br>8 in 10: "
                f"{facts.times(each.low)}–{facts.times(each.high)}"
                + ("" if each.is_clear else "<br>may be chance")
                for name, each in zip(order, found, strict=True)
            ],
            hoverinfo="text",
        )
    )
    figure.add_vline(x=1, line={"color": COLOURS["last_year"], "width": 1.5, "dash": "dash"})
    _frame(figure, max(150, 60 + 36 * len(found)))
    figure.update_layout(showlegend=False)
    low, high = min(e.low for e in found), max(e.high for e in found)
    pad = max(0.08 * (high - low), 0.05)
    figure.update_xaxes(
        range=[min(low - pad, 0.9), max(high + pad, 1.1)], ticks="outside", showgrid=False,
        zeroline=False, nticks=6, tickformat=".2~f",
    )  # fmt: skip
    figure.update_yaxes(
        type="category", showgrid=False, automargin=True, range=[-0.6, len(found) - 0.2]
    )
    return figure


def year(found: pd.DataFrame, number: int, last_day: date) -> go.Figure:
    """A year, an event per line: its days, and paler the days before and after.

    A thin line stands where sales end, `last_day`.
    """
    first, last = pd.Timestamp(number, 1, 1), pd.Timestamp(number, 12, 31)
    day = pd.Timedelta(days=1)
    names = list(dict.fromkeys(found["name"]))
    labels = {name: as_text(name, 26) for name in names}
    figure = go.Figure()
    for row in found.to_dict("records"):
        colour = _KINDS[row["kind"]]
        name, start, end = labels[row["name"]], row["first_day"], row["last_day"]
        around = (start - row["days_before"] * day, end + row["days_after"] * day)
        for (begins, ends), alpha in ((around, "47"), ((start, end), "")):
            begins, ends = max(begins, first), min(ends, last)
            if begins <= ends:
                figure.add_bar(
                    base=[begins],
                    x=[max((ends + day - begins) / pd.Timedelta(milliseconds=1), 1.6 * 86_400_000)],
                    y=[name],
                    orientation="h",
                    width=0.62,
                    marker={"color": colour + alpha, "line": {"width": 0}},
                    hovertext=_told(row) if not alpha else f"Around {name}",
                    hoverinfo="text",
                    showlegend=False,
                )
    if last_day.year == number:
        end = pd.Timestamp(last_day) + day
        figure.add_vline(x=end, line={"color": COLOURS["sold"], "width": 1}, layer="below")
    _frame(figure, 40 + 21 * len(names))
    figure.update_layout(barmode="overlay", bargap=0.3)
    figure.update_xaxes(
        type="date", range=[first, last + day], dtick="M1", tickformat="%b", ticks="outside",
        showgrid=True, side="top", ticklabelmode="period",
    )  # fmt: skip
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, automargin=True,
        categoryorder="array", categoryarray=[labels[name] for name in names],
    )  # fmt: skip
    return figure


def _told(row: Mapping[object, object]) -> str:
    first, last = pd.Timestamp(str(row["first_day"])), pd.Timestamp(str(row["last_day"]))
    when = f"{first:%a} {first.day} {first:%b}"
    if last > first:
        when += f" – {last:%a} {last.day} {last:%b}"
    return f"{as_text(str(row['name']), 60)}: {when}<br>{KIND_WORDS[str(row['kind'])]}"


def _frame(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 30, "b": 8}, dragmode=False, title=None
    )
    figure.update_xaxes(fixedrange=True, tickangle=0, title=None)
    figure.update_yaxes(fixedrange=True, title=None, automargin=True)
