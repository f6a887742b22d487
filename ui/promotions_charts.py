"""Figures of promotions: one in time, kinds of them, and placebos. Returned, never drawn.

Colours are places of the theme, as in `ui.charts`.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ui import format as fmt
from ui.chart_style import LEGEND, amount_ticks, plain
from ui.charts import COLOURS, band

BLUE, GREY, INK = COLOURS["forecast"], COLOURS["last_year"], COLOURS["sold"]
PROMOTION, RED, GOLD = "#000003", COLOURS["stockout"], COLOURS["event"]
SHADE = "8 in 10 cases"
_HOVER = {"D": "%a %-d %b %Y", "W": "Week of %a %-d %b %Y", "M": "%B %Y"}


def timeline(
    time: pd.DataFrame, *, grain: str, height: int = 340, during: str = "promotion"
) -> go.Figure:
    """Sold and what would have sold, with the promotion and the days around it shaded.

    `during` is what the shaded days are called.
    """
    figure = go.Figure()
    _zones(figure, time, grain, during)
    known = time[time["without"].notna()]
    figure.add_trace(
        band(list(known["timestamp"]), list(known["low"]), list(known["high"]), name=SHADE)
    )
    figure.add_scatter(
        x=time["timestamp"],
        y=time["without"],
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        name="Without it",
        text=[
            f"Without it: {fmt.units(value)} · 8 in 10: {fmt.units(low)} to {fmt.units(high)}"
            for value, low, high in zip(time["without"], time["low"], time["high"], strict=True)
        ],
        hoverinfo="x+text",
    )
    figure.add_scatter(
        x=time["timestamp"],
        y=time["sold"],
        mode="lines",
        line={"color": INK, "width": 2},
        name="Sold",
        text=[f"Sold: {fmt.units(value)}" for value in time["sold"]],
        hoverinfo="x+text",
    )
    top = float(np.nanmax([*time["sold"], *time["high"], 1.0]))
    ticks = amount_ticks(0.0, top, "quantity", "")
    _frame(figure, height)
    figure.update_layout(hovermode="x unified", margin={"l": 8, "r": 8, "t": 34, "b": 8})
    figure.update_xaxes(hoverformat=_HOVER[grain], tickformat="%-d %b", nticks=9)
    figure.update_yaxes(
        range=[0, max(max(ticks), top * 1.04)], tickvals=list(ticks), ticktext=list(ticks.values())
    )
    return figure


def _zones(figure: go.Figure, time: pd.DataFrame, grain: str, during: str) -> None:
    """Green over the promotion, gold over the days around it, named."""
    half = pd.Timedelta(days={"D": 1, "W": 7, "M": 30}[grain]) / 2
    for zone, colour, name in (
        ("before", GOLD, "before"), ("during", PROMOTION, during), ("after", GOLD, "after")
    ):  # fmt: skip
        inside = time.loc[time["zone"] == zone, "timestamp"]
        if inside.empty:
            continue
        figure.add_vrect(
            x0=inside.iloc[0] - half,
            x1=inside.iloc[-1] + half,
            fillcolor=colour + "26",
            line_width=0,
            layer="below",
        )
        if zone == "during":
            figure.add_annotation(
                x=inside.iloc[0] - half,
                y=1,
                yref="paper",
                text=name,
                showarrow=False,
                xanchor="left",
                yanchor="top",
                xshift=3,
                font={"size": 11, "color": PROMOTION},
            )


def ranked(summed: pd.DataFrame, currency: str, *, height: int = 300) -> go.Figure:
    """Net money a week of promotion by kind, best at the top; the tail is 8 in 10 cases."""
    weeks = summed["net"] / summed["per_week"].where(summed["per_week"] != 0)
    low, high = summed["net_low"] / weeks, summed["net_high"] / weeks
    figure = go.Figure(
        go.Bar(
            y=list(range(len(summed))),
            x=summed["per_week"],
            orientation="h",
            marker={"color": [PROMOTION if each >= 0 else RED for each in summed["per_week"]]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": high - summed["per_week"],
                "arrayminus": summed["per_week"] - low,
                "color": GREY,
                "thickness": 1.5,
                "width": 3,
            },
            hovertext=[
                f"{plain(kind)}: {fmt.money(value, currency)} a week, 8 in 10: "
                f"{fmt.money(a, currency)} to {fmt.money(b, currency)} · "
                f"{fmt.count(int(count), 'promotion')}"
                for kind, value, a, b, count in zip(
                    summed.index, summed["per_week"], low, high, summed["promotions"], strict=True
                )
            ],
            hoverinfo="text",
        )
    )
    _frame(figure, height)
    least, most = float(np.nanmin([*low, 0.0])), float(np.nanmax([*high, 0.0]))
    ticks = amount_ticks(least, most, "revenue", currency)
    figure.update_layout(hovermode="closest", bargap=0.35, showlegend=False)
    figure.update_xaxes(
        tickvals=list(ticks), ticktext=list(ticks.values()), showgrid=True, zeroline=True
    )
    labels = [
        f"{plain(str(kind)[:24])} ({count:,})"
        for kind, count in zip(summed.index, summed["promotions"], strict=True)
    ]
    figure.update_yaxes(
        tickvals=list(range(len(summed))), ticktext=labels, autorange="reversed", showgrid=False
    )
    return figure


def placebos(
    own: float, controls: "pd.Series[float]", names: list[str], *, height: int = 150
) -> go.Figure:
    """The effect beside those of untouched products, in times the usual error of each."""
    rng = np.random.default_rng(0)
    figure = go.Figure()
    figure.add_scatter(
        x=controls,
        y=rng.uniform(-0.5, 0.5, len(controls)),
        mode="markers",
        marker={"color": GREY, "size": 8, "opacity": 0.8},
        name="Untouched products",
        text=[plain(name) for name in names],
        hovertemplate="%{text}: %{x:.1f} times its usual error<extra></extra>",
    )
    figure.add_scatter(
        x=[own],
        y=[0],
        mode="markers",
        marker={"color": PROMOTION, "size": 13, "symbol": "diamond"},
        name="The promotion",
        hovertemplate="The promotion: %{x:.1f} times its usual error<extra></extra>",
    )
    _frame(figure, height)
    figure.update_layout(hovermode="closest", margin={"l": 8, "r": 8, "t": 34, "b": 8})
    figure.update_xaxes(zeroline=True, nticks=7)
    figure.update_yaxes(visible=False, range=[-1, 1])
    return figure


def _frame(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False, legend=LEGEND
    )
    figure.update_xaxes(showgrid=False, zeroline=False, title=None, tickangle=0, fixedrange=True)
    figure.update_yaxes(zeroline=False, title=None, automargin=True, fixedrange=True)
