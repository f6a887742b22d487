"""Figures of the folded part of Seasonality: year by year, subseries, spectrum, small multiples.

Like `ui.charts`, they are returned and never drawn, and their colours are places of the theme.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from data.scope import Freq
from forecasting import diagnostics as dx
from forecasting.arrays import FloatArray
from ui import format as fmt
from ui.charts import COLOURS
from ui.seasonality_calendar import as_text
from ui.seasonality_charts import MONTHS, Unit, plain
from ui.seasonality_facts import Sales
from ui.seasonality_words import period_name

_YEARS = 6  # lines that can still be told apart
_ACROSS = 4  # small multiples in a row
_ROW = 150  # pixels of a row of small multiples
_PALETTE = ("#000001", "#000002", "#000003", "#000007", "#000004", "#000008")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def year_by_year(base: Sales, unit: Unit, *, height: int = 280) -> go.Figure:
    """A line per year over the same weeks or months, the latest in ink."""
    week = base.times.isocalendar()
    by_month = base.freq == "M"
    year = base.times.year.to_numpy() if by_month else week["year"].to_numpy(dtype=int)
    place = base.times.month.to_numpy() if by_month else week["week"].to_numpy(dtype=int)
    figure = go.Figure()
    for age, number in enumerate(sorted(set(year.tolist()), reverse=True)[:_YEARS]):
        mine = year == number
        figure.add_scatter(
            x=place[mine],
            y=base.values[mine] / unit.divisor,
            name=str(number),
            mode="lines",
            line={
                "color": COLOURS["sold"] if age == 0 else _PALETTE[age - 1],
                "width": 2.2 if age == 0 else 1.5,
                "dash": _DASHES[age],
            },
            hovertemplate=f"{number}: {unit.sign}%{{y:,.{1 if unit.letter else 0}f}}{unit.letter}"
            "<extra></extra>",
            zorder=_YEARS - age,
        )
    plain(figure, height)
    figure.update_layout(
        hovermode="x unified",
        showlegend=True,
        margin={"t": 30},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemwidth": 30},
    )
    ticks = list(range(1, 13)) if by_month else list(range(1, 54, 8))
    labels = list(MONTHS) if by_month else [f"W{number:02d}" for number in ticks]
    figure.update_xaxes(tickvals=ticks, ticktext=labels)
    figure.update_yaxes(rangemode="tozero", tickformat=",", nticks=5)
    return figure


def subseries(
    sales: Sales, names: tuple[str, ...], phase: FloatArray, unit: Unit, *, height: int = 250
) -> go.Figure:
    """For every weekday or month its own little series over the years, with its mean.

    W. S. Cleveland and I. J. Terpenning, "Graphical methods for seasonal adjustment" (1982).
    """
    figure = go.Figure()
    frame = pd.DataFrame(
        {"phase": phase, "when": sales.times, "value": sales.clean / unit.divisor}
    ).dropna()
    # Points of one phase and month are one point: a line of a thousand days shows nothing.
    frame["when"] = frame["when"].dt.to_period("Y" if len(names) == 12 else "Q").dt.start_time
    frame = frame.groupby(["phase", "when"])["value"].mean().reset_index()
    first, last = frame["when"].min(), frame["when"].max()
    width = max((last - first) / pd.Timedelta(days=1), 1.0)
    for number, name in enumerate(names):
        mine = frame[frame["phase"] == number]
        if mine.empty:
            continue
        x = number + ((mine["when"] - first) / pd.Timedelta(days=1) / width - 0.5) * 0.7
        mean = float(mine["value"].mean())
        figure.add_scatter(
            x=x,
            y=mine["value"],
            mode="lines+markers",
            line={"color": COLOURS["sold"], "width": 1.3},
            marker={"size": 4},
            text=[
                f"{name} {when.year}" if len(names) == 12 else f"{name}, {when:%b %Y} on"
                for when in mine["when"]
            ],
            hovertemplate=f"%{{text}}: {unit.sign}%{{y:,.1f}}{unit.letter}<extra></extra>",
        )
        figure.add_scatter(
            x=[number - 0.4, number + 0.4],
            y=[mean, mean],
            mode="lines",
            line={"color": COLOURS["forecast"], "width": 2},
            hovertemplate=f"{name}, mean: {unit.sign}{mean:,.1f}{unit.letter}<extra></extra>",
        )
    plain(figure, height)
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=list(names), ticks="")
    figure.update_yaxes(tickformat=",", nticks=5)
    return figure


def power(found: dx.Spectrum, freq: Freq, *, height: int = 240) -> go.Figure:
    """The periodogram over the period in days, weeks or months; detected ones are marked."""
    noun = {"D": "day", "W": "week", "M": "month"}[freq]
    shares = found.power * 100
    figure = go.Figure(
        go.Scatter(
            x=found.periods,
            y=shares,
            mode="lines",
            line={"color": COLOURS["last_year"], "width": 1.3},
            hovertemplate=f"%{{x:,.1f}} {noun}s: %{{y:.1f}}% of what varies<extra></extra>",
        )
    )
    for cycle in found.cycles:
        nearest = int(np.argmin(np.abs(np.log(found.periods / cycle.period))))
        figure.add_annotation(
            x=float(np.log10(cycle.period)),
            y=float(shares[max(nearest - 1, 0) : nearest + 2].max()),
            text=period_name(cycle.period, freq),
            showarrow=False,
            yanchor="bottom",
            font={"size": 11, "color": COLOURS["forecast"]},
        )
    plain(figure, height)
    figure.update_layout(margin={"t": 26})
    figure.update_xaxes(
        type="log",
        tickvals=[2, 3.5, 7, 14, 30, 91, 182, 365] if freq == "D" else [2, 4, 6, 12, 26, 52, 104],
    )
    figure.update_yaxes(ticksuffix="%", rangemode="tozero", nticks=4)
    return figure


def multiples(
    profiles: dict[str, tuple[str, list[str], FloatArray]], *, percent: bool = True
) -> go.Figure:
    """Small charts side by side on one scale: title, x names and values by key."""
    count = len(profiles)
    across = min(_ACROSS, count)
    rows = -(-count // across)
    figure = go.Figure()
    values = np.concatenate([each[2] for each in profiles.values()])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = max(high - low, 1e-9) * 0.06
    for number, (title, names, series) in enumerate(profiles.values()):
        row, column = divmod(number, across)
        suffix = "" if number == 0 else str(number + 1)
        left, right = column / across + (0.012 if column else 0), (column + 1) / across - 0.012
        top = 1 - row / rows - 0.14 / rows
        figure.add_scatter(
            x=names,
            y=series,
            xaxis=f"x{suffix}",
            yaxis=f"y{suffix}",
            mode="lines",
            line={"color": COLOURS["forecast"], "width": 1.8},
            fill="tozeroy" if percent else "none",
            fillcolor=COLOURS["forecast"] + "2e",
            text=[
                fmt.signed_percent(value, 0).replace("-", fmt.MINUS) if percent else f"{value:,.0f}"
                for value in series.tolist()
            ],
            hovertemplate="%{x}: %{text}<extra></extra>",
        )
        across_axis = {
            "domain": [left, right],
            "anchor": f"y{suffix}",
            "showticklabels": row == rows - 1 or number + across >= count,
        }
        up_axis = {
            "domain": [1 - (row + 1) / rows + 0.1 / rows, top],
            "anchor": f"x{suffix}",
            "range": [low - room, high + room],
            "showticklabels": column == 0,
        }
        figure.update_layout({f"xaxis{suffix}": across_axis, f"yaxis{suffix}": up_axis})
        figure.add_annotation(
            x=left, y=top, xref="paper", yref="paper", xanchor="left", yanchor="bottom",
            showarrow=False, text=as_text(title, 26), font={"size": 12, "color": COLOURS["sold"]},
        )  # fmt: skip
    figure.update_layout(
        height=max(rows * _ROW, 190),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        showlegend=False,
        dragmode=False,
    )
    figure.update_xaxes(nticks=4, tickangle=0, showgrid=False, fixedrange=True, title=None)
    figure.update_yaxes(ticksuffix="%" if percent else "", nticks=3, fixedrange=True, title=None)
    return figure


def describe_multiples(profiles: dict[str, tuple[str, list[str], FloatArray]]) -> str:
    """Each small chart's highest place in one sentence."""
    tops = [
        f"{fmt.escape(title)} in {names[int(np.nanargmax(values))]}"
        for title, names, values in profiles.values()
    ]
    return "Highest: " + ", ".join(tops) + "."
