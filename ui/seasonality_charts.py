"""Figures of Seasonality: the parts of a series, its memory, its usual week and year.

Like `ui.charts`, they are returned and never drawn, and their colours are places of the theme.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from data.scope import Freq
from forecasting import diagnostics as dx
from forecasting.arrays import FloatArray
from ui import chart_zoom
from ui import format as fmt
from ui import seasonality_facts as facts
from ui.chart_style import plain as plain_text
from ui.chart_zoom import Window
from ui.charts import COLOURS
from ui.seasonality_facts import Patterns, Sales

SEASON = "#000003"  # green
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = tuple(f"{pd.Timestamp(2026, month, 1):%b}" for month in range(1, 13))
_HOVER_HEAD = {"D": "%a %-d %b %Y", "W": "Week of %a %-d %b %Y", "M": "%B %Y"}
_PANEL = {"seasons": 0.19, "rest": 0.19, "gap": 0.055}  # shares of the height
_LINES = 30  # festivals, above which their lines would hide the sales
_SMOOTH = 7  # days of the mean that makes a line of daily sales readable


@dataclass(frozen=True)
class Unit:
    """How amounts are written on an axis: divided, with a sign before and a letter behind."""

    sign: str  # currency, or ""
    divisor: float
    letter: str  # "", K or M
    word: str  # for the header: "", "thousand", "million"


def unit_of(values: FloatArray, measure: str, currency: str) -> Unit:
    """The unit in which the largest value has at most five figures.

    >>> unit_of(np.array([84_000.0]), "revenue", "€").word
    'thousand'
    """
    sign = currency if measure == "revenue" else ""
    top = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    if top >= 10_000_000:
        return Unit(sign, 1e6, "M", "million")
    return Unit(sign, 1e3, "K", "thousand") if top >= 10_000 else Unit(sign, 1.0, "", "")


def decomposition(
    patterns: Patterns, unit: Unit, *, shown: Window | None = None, height: int = 470
) -> go.Figure:
    """Sales with their trend, a panel per season, and what is left over; one hover box."""
    sales, parts = patterns.shown, patterns.parts
    figure = go.Figure()
    seasons = list(parts.seasons)[::-1] if parts else []  # the long one first, below the trend
    panels = _panels(len(seasons), parts is not None)
    _add_sales(figure, patterns, unit)
    names = ["Sales" if parts is None else "Sales and trend"]
    if parts is not None:
        for number, period in enumerate(seasons):
            _add_season(figure, sales, parts, period, f"y{number + 2}")
            names.append(f"{_season_name(period, sales.freq)}, {_percent_word(parts)}")
        _add_rest(figure, sales, parts, f"y{len(seasons) + 2}")
        names.append(f"Left over, {_percent_word(parts)}")
    for number, ((low, high), name) in enumerate(zip(panels, names, strict=True)):
        axis = "yaxis" if number == 0 else f"yaxis{number + 1}"
        figure.update_layout({axis: _value_axis(low, high, first=number == 0)})
        figure.add_annotation(
            x=0, y=high, xref="paper", yref="paper", text=name, showarrow=False, xanchor="left",
            yanchor="bottom", font={"size": 11, "color": COLOURS["last_year"]},
        )  # fmt: skip
    _add_changes(figure, patterns, panels[0])
    figure.update_layout(
        height=height + 60 * max(len(seasons) - 1, 0),
        margin={"l": 8, "r": 8, "t": 22, "b": 8},
        hovermode="x unified",
        hoversubplots="axis",
        showlegend=False,
    )
    figure.update_xaxes(
        type="date",
        range=[sales.times[0], sales.times[-1] + (sales.times[-1] - sales.times[0]) * 0.01],
        # In two lines, or eight of them run together on a phone.
        tickformat="%b<br>%Y" if len(sales.times) > 60 or sales.freq != "D" else "%-d %b",
        nticks=8,
        hoverformat=_HOVER_HEAD[sales.freq],
        ticks="outside",
        tickangle=0,
        showgrid=False,
        zeroline=False,
        anchor="free",
        position=0,
        title=None,
    )
    chart_zoom.draggable(figure, shown)
    if shown is not None:
        _fit(figure, sales, unit, shown)
    return figure


def _fit(figure: go.Figure, sales: Sales, unit: Unit, shown: Window) -> None:
    """The uppermost panel as high as what is seen of it, its dates as fine as there is room."""
    seen = np.asarray((sales.times >= shown.first) & (sales.times <= shown.last))
    values = sales.values[seen & np.isfinite(sales.values)] / unit.divisor
    if len(values) and values.any():
        room = float(max(values.max(), 0.0) - min(values.min(), 0.0)) * 0.05
        figure.update_yaxes(
            range=[min(values.min() - room, 0.0), max(values.max() + room, 0.0)],
            selector={"rangemode": "tozero"},
        )
    if shown.last - shown.first < pd.Timedelta(days=120) and sales.freq != "M":
        figure.update_xaxes(tickformat="%-d %b<br>%Y")


def mark_festivals(
    figure: go.Figure, sales: Sales, events: pd.DataFrame, shown: Window | None = None
) -> bool:
    """Name festivals in the hover box, and draw dotted lines unless they would be a thicket.

    `events` as of `data.queries`; gives whether there are lines.
    """
    days = pd.to_datetime(events["first_day"])
    places = sales.times.searchsorted(days.to_numpy(), side="right") - 1
    named: dict[int, list[str]] = {}
    for place, day, name in zip(places.tolist(), days, events["name"], strict=True):
        if sales.times[0] <= day and place >= 0:
            named.setdefault(place, []).append(plain_text(name))
    seen = [
        place for place in named if shown is None or shown.first <= sales.times[place] <= shown.last
    ]
    drawn = 0 < len(seen) <= _LINES
    for place in seen if drawn else ():
        figure.add_shape(
            type="line", x0=sales.times[place], x1=sales.times[place], y0=0, y1=1, yref="y domain",
            layer="below", line={"color": COLOURS["event"] + "8c", "width": 1, "dash": "dot"},
        )  # fmt: skip
    figure.add_scatter(
        x=sales.times[list(named)],
        y=[0] * len(named),
        mode="markers",
        marker={"opacity": 0, "color": COLOURS["event"]},
        text=[", ".join(names) for names in named.values()],
        hovertemplate="%{text}<extra></extra>",
    )
    return drawn


def _panels(seasons: int, split: bool) -> list[tuple[float, float]]:
    """From bottom to top of each panel, as shares of the height; the sales first."""
    if not split:
        return [(0.0, 1.0)]
    small, gap = _PANEL["seasons"], _PANEL["gap"]
    small *= 1.0 if seasons < 2 else 0.85
    low = (small + gap) * (seasons + 1)
    panels = [(low, 1.0)]
    for _ in range(seasons + 1):
        panels.append((low - gap - small, low - gap))
        low -= gap + small
    return [(max(a, 0.0), b) for a, b in panels]


def _value_axis(low: float, high: float, *, first: bool) -> dict[str, object]:
    return {
        "domain": [low, high],
        "rangemode": "tozero" if first else "normal",
        "fixedrange": True,
        "nticks": 5 if first else 3,
        "tickformat": ",",
        "zeroline": not first,
        "ticks": "",
        "title": None,
        "automargin": True,
    }


def _season_name(period: int, freq: Freq) -> str:
    return "Weekly pattern" if freq == "D" and period == 7 else "Yearly pattern"


def _percent_word(parts: dx.Decomposition) -> str:
    return "%" if parts.log or parts.trend.mean() > 0 else "units"


def _add_sales(figure: go.Figure, patterns: Patterns, unit: Unit) -> None:
    shown, parts = patterns.shown, patterns.parts
    amount = f"{unit.sign}%{{y:,.{1 if unit.letter else 0}f}}{unit.letter}"
    values = shown.values / unit.divisor
    daily = shown.freq == "D" and len(values) > 120
    figure.add_scatter(
        x=shown.times,
        y=values,
        name="Sold",
        mode="lines",
        line={
            "color": COLOURS["last_year"] + "73" if daily else COLOURS["sold"],
            "width": 1 if daily else 1.6,
        },
        hovertemplate=f"Sold: {amount}<extra></extra>",
    )
    if daily:
        mean = pd.Series(values).rolling(_SMOOTH, center=True, min_periods=4).mean()
        figure.add_scatter(
            x=shown.times,
            y=mean,
            mode="lines",
            line={"color": COLOURS["sold"], "width": 1.5},
            hovertemplate=f"Mean of 7 days: {amount}<extra></extra>",
        )
    if parts is not None:
        figure.add_scatter(
            x=shown.times,
            y=facts.level_of(parts) / unit.divisor,
            mode="lines",
            line={"color": COLOURS["forecast"], "width": 2.2},
            hovertemplate=f"Trend: {amount}<extra></extra>",
        )
    for flags, word, symbol in (
        (shown.unusual, "unusual, left out", "circle-open"),
        (shown.stocked_out, "mostly out of stock, left out", "x-thin-open"),
    ):
        figure.add_scatter(
            x=shown.times[flags],
            y=values[flags],
            mode="markers",
            marker={"color": COLOURS["stockout"], "size": 7, "symbol": symbol},
            hovertemplate=f"{word.capitalize()}<extra></extra>",
        )


def _add_season(
    figure: go.Figure, shown: Sales, parts: dx.Decomposition, period: int, axis: str
) -> None:
    values = facts.season_percent(parts, period)
    sign = "%"
    if values is None:
        values, sign = parts.seasons[period], ""
    if shown.freq == "D" and period > _SMOOTH:
        values = pd.Series(values).rolling(_SMOOTH, center=True, min_periods=4).mean().to_numpy()
    figure.add_scatter(
        x=shown.times,
        y=values,
        yaxis=axis,
        mode="lines",
        line={"color": SEASON, "width": 1.6 if period > _SMOOTH else 0.8},
        text=_signed(values, sign),
        hovertemplate=f"{_season_name(period, shown.freq)}: %{{text}}<extra></extra>",
    )


def _add_rest(figure: go.Figure, shown: Sales, parts: dx.Decomposition, axis: str) -> None:
    values, sign = facts.rest_percent(shown, parts), "%"
    if values is None:
        values, sign = parts.remainder, ""
    usual = ~shown.left_out
    figure.add_scatter(
        x=shown.times[usual],
        y=values[usual],
        yaxis=axis,
        mode="markers",
        marker={"color": COLOURS["last_year"], "size": 3},
        text=_signed(values[usual], sign),
        hovertemplate="Left over: %{text}<extra></extra>",
    )
    if shown.unusual.any():
        figure.add_scatter(
            x=shown.times[shown.unusual],
            y=values[shown.unusual],
            yaxis=axis,
            mode="markers",
            marker={"color": COLOURS["stockout"], "size": 8, "symbol": "circle-open"},
            text=_signed(values[shown.unusual], sign),
            hovertemplate="Unusual: %{text}<extra></extra>",
        )


def _signed(values: FloatArray, sign: str) -> list[str]:
    """Whole numbers with their sign, zero without; `sign` is % or nothing."""
    texts = [fmt.signed_percent(value, 0) for value in values.tolist()]
    return [(text if sign else text.rstrip("%")).replace("-", fmt.MINUS) for text in texts]


def _add_changes(figure: go.Figure, patterns: Patterns, panel: tuple[float, float]) -> None:
    """Thin lines where the season-free series turns into another straight line."""
    for change in patterns.changes:
        moment = patterns.base.times[change.position]
        figure.add_shape(
            type="line", x0=moment, x1=moment, y0=panel[0], y1=panel[1], yref="paper",
            layer="below", line={"color": COLOURS["last_year"], "width": 1, "dash": "dash"},
        )  # fmt: skip
        figure.add_annotation(
            x=moment, y=panel[1], yref="paper", text="change", showarrow=False, xanchor="left",
            yanchor="top", xshift=3, font={"size": 11, "color": COLOURS["last_year"]},
        )  # fmt: skip


def memory(
    found: dx.Correlogram, freq: Freq, *, partial: bool = False, height: int = 210
) -> go.Figure:
    """Bars of the correlations by lag; whole weeks or years blue; the grey strip is chance."""
    values = found.pacf if partial else found.acf
    season = facts.PERIODS[freq][0]
    noun = {"D": "day", "W": "week", "M": "month"}[freq]
    whole = found.lags % season == 0
    figure = go.Figure(
        go.Bar(
            x=found.lags,
            y=values,
            marker={
                "color": np.where(whole, COLOURS["forecast"], COLOURS["last_year"]),
                "line": {"width": 0},
            },
            hovertext=[
                f"{fmt.count(int(lag), noun)} before: {value:+.2f}".replace("-", fmt.MINUS)
                for lag, value in zip(found.lags, values, strict=True)
            ],
            hoverinfo="text",
        )
    )
    figure.add_hrect(
        y0=-found.band,
        y1=found.band,
        fillcolor=COLOURS["last_year"] + "33",
        line_width=0,
        layer="below",
    )
    plain(figure, height)
    step = {"D": 7, "W": 13, "M": 6}[freq]
    if found.lags[-1] < 2 * step:
        step = max(int(found.lags[-1]) // 6, 1)
    figure.update_xaxes(dtick=step, tick0=0)
    figure.update_yaxes(tickformat=".1f", nticks=4)
    return figure


def usual(found: dx.Profile, names: tuple[str, ...], *, height: int = 190) -> go.Figure:
    """Bars of a usual week or year, in percent above or below the mean of its places."""
    above = (found.factors - 1) * 100
    lows, highs = (found.low - 1) * 100, (found.high - 1) * 100
    texts = [
        f"{name}: {fmt.growth(value / 100)}"
        + (
            f" · {fmt.growth(low / 100)} to {fmt.growth(high / 100)} in {fmt.count(n, 'year')}"
            if n > 1
            else ""
        )
        for name, value, low, high, n in zip(
            names, above, lows, highs, found.cycles.tolist(), strict=True
        )
    ]
    figure = go.Figure(
        go.Bar(
            x=list(names),
            y=above,
            marker={
                "color": np.where(above >= 0, COLOURS["forecast"], COLOURS["last_year"]),
                "line": {"width": 0},
            },
            text=texts,
            textposition="none",
            hoverinfo="text",
        )
    )
    plain(figure, height)
    figure.update_xaxes(
        type="category",
        tickvals=list(names),
        ticktext=[name[0] for name in names],
        ticks="",
    )
    figure.update_yaxes(tickformat="+.0f", ticksuffix="%", nticks=4, labelalias={"+0%": "0%"})
    return figure


def plain(figure: go.Figure, height: int) -> None:
    """The frame of a small chart that nobody zooms."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        bargap=0.25,
        dragmode=False,
        showlegend=False,
    )
    figure.update_xaxes(showgrid=False, fixedrange=True, tickangle=0, ticks="outside", title=None)
    figure.update_yaxes(fixedrange=True, zeroline=True, title=None, automargin=True, ticks="")
