"""Figures of the Segments page, returned and never drawn; bars, because bars can be clicked."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from data.segments import ABC, STAGES
from ui import format as fmt
from ui import segments_words as words
from ui.chart_style import NAMED_AXIS
from ui.charts import COLOURS, PAGE

# Streamlit's stand-ins for chartSequentialColors, little to much.
SEQUENTIAL = tuple(f"#0000{place}" for place in range(11, 21))
FADED = 0.3
# Both are needed: with one alone plotly fails at the click and nothing is told.
_SELECTION = {
    "selected": {"marker": {"opacity": 1}},
    "unselected": {"marker": {"opacity": FADED}},
}
_DARK_FROM = 5  # place of the palette from which letters change sides


def matrix(cells: pd.DataFrame, columns: str, chosen: words.Filter, what: str) -> go.Figure:
    """ABC down, classes across; darker cells have more of the amount, faded ones are left out."""
    names = words.COLUMNS[columns]
    across = chosen.xyz if columns == "xyz" else chosen.pattern
    rows = list(zip(cells["abc"], cells["column"], cells["products"], cells["share"], strict=True))
    most = max(float(cells["share"].max()), 1e-9)
    places = [min(int(share / most * 10), 9) for *_, share in rows]
    picked = [_is_picked(abc, column, chosen.abc, across) for abc, column, *_ in rows]
    figure = go.Figure(
        go.Bar(
            x=[names.index(column) for _, column, *_ in rows],
            base=[-ABC.index(abc) - 0.48 for abc, *_ in rows],
            y=[0.96] * len(rows),
            width=0.97,
            customdata=[[abc, column] for abc, column, *_ in rows],
            marker={
                "color": [SEQUENTIAL[place] for place in places],
                "opacity": [1 if each else FADED for each in picked],
                "line": {"width": 0},
            },
            text=[
                f"<b>{count:,}</b><br>{fmt.share(share)}" if count else "0"
                for *_, count, share in rows
            ],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            insidetextfont={"color": _letters(places, picked), "size": 13},
            hovertext=[
                f"{abc} {column}: {fmt.count(count, 'product')}<br>{fmt.share(share)} of {what}"
                for abc, column, count, share in rows
            ],
            hoverinfo="text",
            constraintext="none",
            **_SELECTION,
        )
    )
    figure.update_layout(
        height=270,
        margin={"l": 8, "r": 8, "t": 30, "b": 4},
        dragmode=False,
        clickmode="event+select",
    )
    figure.update_xaxes(
        tickvals=list(range(len(names))),
        ticktext=[words.MEANT.get(name, name) for name in names],
        side="top",
        range=[-0.5, len(names) - 0.5],
        tickangle=0,
        **NAMED_AXIS,
    )
    figure.update_yaxes(
        tickvals=[0, -1, -2],
        ticktext=[f"<b>{letter}</b>" for letter in ABC],
        range=[-2.5, 0.5],
        automargin=True,
        **NAMED_AXIS,
    )
    return figure


def _is_picked(abc: str, column: str, rows: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a cell is among those chosen, where none means all."""
    return (not rows or abc in rows) and (not columns or column in columns)


def _letters(places: Sequence[int], picked: Sequence[bool]) -> list[str]:
    """The colour of the letters on each cell, by its place in the palette."""
    return [
        PAGE if place >= _DARK_FROM and each else COLOURS["sold"]
        for place, each in zip(places, picked, strict=True)
    ]


def stages(
    counts: Mapping[str, int], shares: Mapping[str, float], chosen: words.Filter, what: str
) -> go.Figure:
    """Products per stage of life."""
    values = [counts.get(stage, 0) for stage in STAGES]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=list(STAGES),
            orientation="h",
            customdata=[[stage] for stage in STAGES],
            marker={
                "color": COLOURS["last_year"],
                "opacity": [
                    1 if not chosen.stage or stage in chosen.stage else FADED for stage in STAGES
                ],
                "line": {"width": 0},
            },
            text=[
                f" {count:,} · {fmt.share(shares.get(stage, 0.0))}"
                for stage, count in zip(STAGES, values, strict=True)
            ],
            textposition="outside",
            cliponaxis=False,
            hovertext=[
                f"{stage}: {fmt.count(count, 'product')}<br>"
                f"{fmt.share(shares.get(stage, 0.0))} of {what}"
                for stage, count in zip(STAGES, values, strict=True)
            ],
            hoverinfo="text",
            **_SELECTION,
        )
    )
    figure.update_layout(
        height=158,
        margin={"l": 8, "r": 8, "t": 4, "b": 4},
        bargap=0.3,
        dragmode=False,
        clickmode="event+select",
    )
    figure.update_xaxes(range=[0, max(*values, 1) * 1.45], visible=False, fixedrange=True)
    figure.update_yaxes(
        autorange="reversed", ticks="", showgrid=False, fixedrange=True, title=None, automargin=True
    )
    return figure


def scores(values: "pd.Series[float]") -> go.Figure:
    """How many products have which forecastability score, in tens."""
    known = values.dropna()
    counts = (known // 10).clip(upper=9).astype(int).value_counts()
    amounts = [int(counts.get(ten, 0)) for ten in range(10)]
    figure = go.Figure(
        go.Bar(
            x=[ten * 10 + 5 for ten in range(10)],
            y=amounts,
            width=9,
            marker={"color": COLOURS["last_year"], "line": {"width": 0}},
            hovertext=[
                f"Score {ten * 10} to {ten * 10 + 10}: {fmt.count(amount, 'product')}"
                for ten, amount in enumerate(amounts)
            ],
            hoverinfo="text",
        )
    )
    figure.update_layout(
        height=100, margin={"l": 8, "r": 8, "t": 4, "b": 4}, dragmode=False, bargap=0.1
    )
    figure.update_xaxes(
        range=[0, 100],
        tickvals=[0, 25, 50, 75, 100],
        tickangle=0,
        **NAMED_AXIS | {"ticks": "outside"},
    )
    figure.update_yaxes(visible=False, rangemode="tozero", fixedrange=True)
    return figure
