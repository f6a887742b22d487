"""Figures of prices: what each price would sell or earn, and what was tried. Returned, never drawn.

Colours are places of the theme, as in `ui.charts`.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ui import format as fmt
from ui.chart_style import LEGEND, amount_ticks
from ui.charts import COLOURS, PAGE

BLUE, GREY, INK, PRICE = COLOURS["forecast"], COLOURS["last_year"], COLOURS["sold"], "#000004"
Amount = Callable[[float], str]
WORDS = {"units": "Units", "revenue": "Revenue", "margin": "Margin"}


def curve(
    points: pd.DataFrame,
    tried: pd.DataFrame,
    *,
    outcome: str,
    now: float,
    best: float,
    tested: tuple[float, float],
    currency: str,
    height: int = 380,
) -> go.Figure:
    """An outcome a week by price with its band; `tried` has price, value and days."""
    figure = go.Figure()
    measure = "quantity" if outcome == "units" else "revenue"

    def amount(value: float) -> str:
        return fmt.exact(value, measure, currency)

    _outcome(figure, points, outcome, amount, currency)
    if not tried.empty:
        _tried(figure, tried, amount, currency)
    _marks(figure, points, outcome, now, best, currency)
    prices = points["price"]
    left, right = float(prices.min()), float(prices.max())
    _tested(figure, tested, (left, right))
    values = [*points[f"{outcome}_low"], *points[f"{outcome}_high"], *tried["value"]]
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        hovermode="closest",
        legend=LEGEND,
        dragmode=False,
    )
    _axes(figure, (left, right), values, measure, currency)
    return figure


def _outcome(
    figure: go.Figure, points: pd.DataFrame, outcome: str, amount: Amount, currency: str
) -> None:
    """The expected outcome by price, and its band."""
    prices, low, high = points["price"], points[f"{outcome}_low"], points[f"{outcome}_high"]
    figure.add_scatter(
        x=[*prices, *prices[::-1]],
        y=[*high, *low[::-1]],
        mode="lines",
        line={"width": 0, "color": BLUE},
        fill="toself",
        fillcolor=BLUE + "2e",
        name="8 in 10 cases",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=prices,
        y=points[outcome],
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        name=f"{WORDS[outcome]} a week",
        text=[
            f"{fmt.price(price, currency)}: {amount(value)} a week · 8 in 10: {amount(a)} to "
            f"{amount(b)}{'' if seen else ' · never charged, a guess'}"
            for price, value, a, b, seen in zip(
                prices, points[outcome], low, high, points["tested"], strict=True
            )
        ],
        hoverinfo="text",
    )


def _axes(
    figure: go.Figure,
    shown: tuple[float, float],
    values: list[float],
    measure: str,
    currency: str,
) -> None:
    """Prices across, amounts upwards."""
    left, right = shown
    pad = 0.02 * (right - left)
    figure.update_xaxes(
        range=[left - pad, right + pad],
        tickprefix=currency.replace("$", "&#36;"),
        tickformat=",.2f" if right < 100 else ",.0f",
        nticks=7,
        tickangle=0,
        ticks="outside",
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        title=None,
    )
    highest = float(np.nanmax(values))
    ticks = amount_ticks(float(np.nanmin(values)), highest, measure, currency)
    figure.update_yaxes(
        range=[min(ticks), max(max(ticks), highest * 1.03)],
        tickvals=list(ticks),
        ticktext=list(ticks.values()),
        zeroline=min(ticks) < 0,
        fixedrange=True,
        title=None,
        automargin=True,
    )


def _tried(figure: go.Figure, tried: pd.DataFrame, amount: Amount, currency: str) -> None:
    """Past prices, larger where they were charged for longer."""
    share = np.sqrt(tried["days"] / tried["days"].max())
    figure.add_scatter(
        x=tried["price"],
        y=tried["value"],
        mode="markers",
        marker={
            "color": INK,
            "size": 5 + 9 * share,
            "opacity": 0.75,
            "line": {"width": 1, "color": PAGE},
        },
        name="Past prices",
        text=[
            f"{fmt.price(price, currency)} for {fmt.count(round(days), 'day')}: "
            f"{amount(value)} a week at today's level"
            for price, value, days in zip(
                tried["price"], tried["value"], tried["days"], strict=True
            )
        ],
        hoverinfo="text",
    )


def _marks(
    figure: go.Figure, points: pd.DataFrame, outcome: str, now: float, best: float, currency: str
) -> None:
    """The price now as a grey ring, the best as a plum diamond."""
    marks = [("Now", now, "circle-open", GREY)]
    if np.isfinite(best) and best != now:
        marks.append(("Best", best, "diamond", PRICE))
    for name, price, symbol, colour in marks:
        value = float(np.interp(price, points["price"], points[outcome]))
        figure.add_scatter(
            x=[price],
            y=[value],
            mode="markers",
            marker={"symbol": symbol, "size": 12, "color": colour, "line": {"width": 2}},
            name=f"{name} {fmt.price(price, currency)}".replace("$", "&#36;"),
            hoverinfo="skip",
        )


def _tested(figure: go.Figure, tested: tuple[float, float], shown: tuple[float, float]) -> None:
    """Grey ground over the prices that were charged, with its name."""
    low, high = max(tested[0], shown[0]), min(tested[1], shown[1])
    if high <= low:
        return
    figure.add_vrect(x0=low, x1=high, fillcolor=GREY + "1f", line_width=0, layer="below")
    figure.add_annotation(
        x=low,
        y=0,
        yref="paper",
        text="charged before",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        xshift=3,
        font={"size": 11},
    )
