"""Figures of further looks at a comparison: quantiles, PIT, residuals, value added."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from forecasting.diagnostics.residual_checks import ResidualChecks
from ui import format as fmt
from ui.chart_style import plain, records, short
from ui.charts import COLOURS
from ui.compare_charts import HEIGHT, OTHER, SMALL, Look, style, width_of


def levels(reliability: pd.DataFrame, looks: Mapping[str, Look]) -> go.Figure:
    """Promised against observed share below each quantile."""
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", showlegend=False,
                       line={"color": OTHER, "dash": "dot", "width": 1})  # fmt: skip
    for key, part in reliability.groupby("model", observed=True, sort=False):
        look = looks[str(key)]
        figure.add_scatter(
            x=part["level"],
            y=part["observed"],
            name=plain(short(look.label, 24)),
            mode="lines+markers",
            line={"color": look.colour, "dash": look.dash, "width": width_of(look)},
            marker={"color": look.colour, "symbol": look.mark, "size": 7},
            text=[
                f"{plain(look.label)}: {row['observed']:.1%} sold less than its "
                f"{row['level']:.1%} quantile"
                for row in records(part)
            ],
            hoverinfo="text",
        )
    style(figure, HEIGHT)
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    figure.update_yaxes(tickformat=".0%", range=[0, 1])
    return figure


def pit(frame: pd.DataFrame, look: Look) -> go.Figure:
    """The probability integral transform of one model; 1 everywhere is calibrated."""
    figure = go.Figure()
    figure.add_bar(
        x=(frame["low"] + frame["high"]) / 2,
        y=frame["density"],
        width=(frame["high"] - frame["low"]) * 0.92,
        marker_color=look.colour,
        text=[
            f"{row['density'] / len(frame):.1%} of sales between the {row['low']:.0%} and "
            f"{row['high']:.0%} quantile; {1 / len(frame):.0%} is right"
            for row in records(frame)
        ],
        textposition="none",
        hoverinfo="text",
        showlegend=False,
    )
    figure.add_hline(y=1.0, line={"color": COLOURS["sold"], "dash": "dot", "width": 1})
    style(figure, SMALL)
    figure.update_xaxes(tickformat=".0%", range=[0, 1], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(range=[0, max(2.0, float(frame["density"].max()) * 1.1)], nticks=4)
    return figure


def steps_of_ladder(ladder: pd.DataFrame, labels: Sequence[str]) -> go.Figure:
    """Error of the best model of each kind, as bars under each other."""
    figure = go.Figure()
    rows = records(ladder)
    best = min(row["WAPE"] for row in rows)
    figure.add_bar(
        x=ladder["WAPE"],
        y=list(range(len(rows))),
        orientation="h",
        marker_color=[COLOURS["forecast"] if row["WAPE"] == best else OTHER for row in rows],
        text=[f"{fmt.share(row['WAPE'])}{_added(row['against_before'])}" for row in rows],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    style(figure, 60 + 46 * len(rows))
    figure.update_layout(bargap=0.4)
    figure.update_xaxes(visible=False, range=[0, max(row["WAPE"] for row in rows) * 1.35])
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[plain(each) for each in labels],
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
    )
    return figure


def memory(checks: ResidualChecks, look: Look, *, noun: str) -> go.Figure:
    """Correlation of the errors with those some steps before, and the band of pure noise."""
    figure = go.Figure()
    figure.add_hrect(y0=-checks.band, y1=checks.band, fillcolor=OTHER + "33", line_width=0)
    outside = np.abs(checks.acf) > checks.band
    figure.add_bar(
        x=checks.lags,
        y=checks.acf,
        width=0.35,
        marker_color=[look.colour if out else OTHER for out in outside],
        text=[f"{fmt.count(int(lag), noun)} before: {value:+.2f}".replace("-", fmt.MINUS)
              for lag, value in zip(checks.lags, checks.acf, strict=True)],
        textposition="none",
        hoverinfo="text",
        showlegend=False,
    )  # fmt: skip
    style(figure, SMALL)
    figure.update_xaxes(nticks=7, tickformat="d", range=[0.3, float(checks.lags[-1]) + 0.7])
    figure.update_yaxes(range=[-1, 1], tickvals=[-1, -0.5, 0, 0.5, 1])
    return figure


def quantiles(checks: ResidualChecks, look: Look) -> go.Figure:
    """The errors against those of a normal distribution of the same mean and spread."""
    figure = go.Figure()
    ends = [float(checks.normal[0]), float(checks.normal[-1])]
    figure.add_scatter(x=ends, y=ends, mode="lines", hoverinfo="skip", showlegend=False,
                       line={"color": OTHER, "dash": "dot", "width": 1})  # fmt: skip
    figure.add_scatter(
        x=checks.normal,
        y=checks.ordered,
        mode="markers",
        marker={"color": look.colour, "size": 6},
        text=[f"Error {value:+.1%}, a normal one {expected:+.1%}".replace("-", fmt.MINUS)
              for value, expected in zip(checks.ordered, checks.normal, strict=True)],
        hoverinfo="text",
        showlegend=False,
    )  # fmt: skip
    style(figure, SMALL)
    zero = {"+0%": "0%"}
    figure.update_xaxes(tickformat="+.0%", nticks=5, labelalias=zero)
    figure.update_yaxes(tickformat="+.0%", labelalias=zero)
    return figure


def _added(change: float) -> str:
    """The value that a stage adds.

    >>> _added(-0.14), _added(0.02), _added(float("nan")), _added(0.0)
    (' · 14% better', ' · 2.0% worse', '', ' · no change')
    """
    if pd.isna(change):
        return ""
    if abs(change) < 0.0005:
        return " · no change"
    return f" · {fmt.growth(abs(change))[1:]} {'better' if change < 0 else 'worse'}"
