"""Figures of training: loss and validation error by step, one colour per model."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

HEIGHT = 280
COLOURS = {  # places of the theme, as in ui.charts: the same model has the same colour everywhere
    "transformer": "#000001",
    "lstm": "#000003",
    "gru": "#000007",
    "gbm": "#000004",
    "ensemble": "#000009",
    "pretrained": "#000006",
}
DASHES = {"transformer": "solid", "lstm": "dash", "gru": "dot", "pretrained": "dashdot"}
_OTHER = "#000008"


def loss(curves: Mapping[str, pd.DataFrame], names: Mapping[str, str], *, view: str) -> go.Figure:
    """The training loss by step."""
    figure = go.Figure()
    for model, points in curves.items():
        known = points.dropna(subset="loss")
        figure.add_scatter(
            x=known["step"],
            y=known["loss"],
            name=names[model],
            mode="lines",
            line=_line(model, 1.6),
            text=[f"{names[model]}: {value:.3f}" for value in known["loss"]],
            hoverinfo="x+text",
        )
    return _styled(figure, curves, view)


def error(curves: Mapping[str, pd.DataFrame], names: Mapping[str, str], *, view: str) -> go.Figure:
    """The error on the periods kept aside, by step, with a star where the best was kept."""
    figure = go.Figure()
    for model, points in curves.items():
        known = points.dropna(subset="metric")
        if known.empty:
            continue
        figure.add_scatter(
            x=known["step"],
            y=known["metric"],
            name=names[model],
            mode="lines",
            line=_line(model, 2.5),
            text=[f"{names[model]}: {value:.3f}" for value in known["metric"]],
            hoverinfo="x+text",
        )
        best = known.loc[known["metric"].idxmin()]
        figure.add_scatter(
            x=[best["step"]],
            y=[best["metric"]],
            name="Best, kept",
            mode="markers",
            marker={"symbol": "star", "size": 12, "color": COLOURS.get(model, _OTHER)},
            showlegend=False,
            text=[f"{names[model]}, best so far: {best['metric']:.3f} at step {best['step']:,}"],
            hoverinfo="text",
        )
    return _styled(figure, curves, view)


def describe(curves: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> str:
    """The finding in a sentence, for those who cannot see the chart."""
    parts = []
    for model, points in curves.items():
        known = points["metric"].dropna()
        if len(known):
            parts.append(f"{names[model]} from {known.iloc[0]:.3f} to {known.min():.3f} at best")
    return "; ".join(parts) or "Nothing is measured yet"


def _line(model: str, width: float) -> dict[str, object]:
    dash = DASHES.get(model, "solid")
    return {"color": COLOURS.get(model, _OTHER), "width": width, "dash": dash}


def _styled(figure: go.Figure, curves: Mapping[str, pd.DataFrame], view: str) -> go.Figure:
    """One frame for both: the x axis spans all steps at once, so that nothing jumps."""
    totals = [int(points["total"].iloc[-1]) for points in curves.values() if len(points)]
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        hovermode="x unified",
        uirevision=view,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemwidth": 30},
    )
    figure.update_xaxes(
        range=[0, max(totals, default=1) * 1.02],
        nticks=6,
        tickformat=",d",
        hoverformat=",d",
        ticks="outside",
        showgrid=False,
        zeroline=False,
        title={"text": "step", "font": {"size": 11}},
    )
    figure.update_layout(xaxis_visible=bool(totals), yaxis_visible=bool(totals))
    figure.update_yaxes(
        nticks=5, tickformat=".3~f", ticks="", zeroline=False, title=None, automargin=True
    )
    return figure
