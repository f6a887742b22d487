"""Figures of Seasonality: the parts of a series, its memory, its usual week and year, its days.

Like `ui.charts`, they are returned and never drawn, and their colours are places of the theme.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from data.scope import Freq
from forecasting import diagnostics as dx
from forecasting.arrays import FloatArray
from ui import format as fmt
from ui import seasonality_facts as facts
from ui.charts import COLOURS
from ui.quality_charts import SEQUENTIAL
from ui.seasonality_facts import Patterns, Sales

SEASON = "#000003"  # green
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = tuple(f"{pd.Timestamp(2026, month, 1):%b}" for month in range(1, 13))
CALENDAR_WEEKS = 52
_HOVER_HEAD = {"D": "%a %-d %b %Y", "W": "Week of %a %-d %b %Y", "M": "%B %Y"}
_PANEL = {"seasons": 0.19, "rest": 0.19, "gap": 0.055}  # shares of the height
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


def decomposition(patterns: Patterns, unit: Unit, *, view: str, height: int = 470) -> go.Figure:
    """Sales with their trend, a panel per season, and what is left over; one hover box."""
    shown, parts = patterns.shown, patterns.parts
    figure = go.Figure()
    seasons = list(parts.seasons)[::-1] if parts else []  # the long one first, below the trend
    panels = _panels(len(seasons), parts is not None)
    _add_sales(figure, patterns, unit)
    names = ["Sales" if parts is None else "Sales and trend"]
    if parts is not None:
        for number, period in enumerate(seasons):
            _add_season(figure, shown, parts, period, f"y{number + 2}")
            names.append(f"{_season_name(period, shown.freq)}, {_percent_word(parts)}")
        _add_rest(figure, shown, parts, f"y{len(seasons) + 2}")
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
        dragmode="pan",
        showlegend=False,
        uirevision=view,
    )
    figure.update_xaxes(
        type="date",
        tickformat="%b %Y",
        nticks=8,
        hoverformat=_HOVER_HEAD[shown.freq],
        ticks="outside",
        tickangle=0,
        showgrid=False,
        zeroline=False,
        anchor="free",
        position=0,
        title=None,
    )
    return figure


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
        hovertemplate=f"{_season_name(period, shown.freq)}: %{{y:+,.0f}}{sign}<extra></extra>",
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
        hovertemplate=f"Left over: %{{y:+,.0f}}{sign}<extra></extra>",
    )
    if shown.unusual.any():
        figure.add_scatter(
            x=shown.times[shown.unusual],
            y=values[shown.unusual],
            yaxis=axis,
            mode="markers",
            marker={"color": COLOURS["stockout"], "size": 8, "symbol": "circle-open"},
            hovertemplate=f"Unusual: %{{y:+,.0f}}{sign}<extra></extra>",
        )


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
    _plain(figure, height)
    step = season if found.lags[-1] >= season else max(int(found.lags[-1]) // 6, 1)
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
    _plain(figure, height)
    figure.update_xaxes(
        type="category",
        tickvals=list(names),
        ticktext=[name[0] for name in names],
        ticks="",
    )
    figure.update_yaxes(tickformat="+.0f", ticksuffix="%", nticks=4, labelalias={"+0%": "0%"})
    return figure


def calendar(
    days: Sales, events: pd.DataFrame, unit: Unit, *, weeks: int = CALENDAR_WEEKS, height: int = 216
) -> go.Figure:
    """Every day of the last weeks as weekday by week; × is out of stock, blank nothing sold."""
    times, values, out = calendar_days(days, weeks)
    monday = times - pd.to_timedelta(times.dayofweek, unit="D")
    starts = pd.date_range(monday[0], monday[-1], freq="7D")
    column = ((monday - starts[0]).days // 7).to_numpy()
    heat = np.full((7, len(starts)), np.nan)
    texts = np.full((7, len(starts)), "", dtype=object)
    row = times.dayofweek.to_numpy()
    heat[row, column] = np.where(values == 0, np.nan, values / unit.divisor)
    texts[row, column] = [
        _day_text(time, value, unit, stock)
        for time, value, stock in zip(times, values, out, strict=True)
    ]
    figure = go.Figure(_heat(starts, WEEKDAYS, heat, texts, unit))
    figure.add_scatter(
        x=starts[column[out]],
        y=[WEEKDAYS[each] for each in row[out]],
        mode="markers",
        marker={"symbol": "x-thin-open", "color": COLOURS["stockout"], "size": 8},
        hoverinfo="skip",
        showlegend=False,
    )
    _add_event_names(figure, events, times, starts)
    _heat_axes(figure, height)
    figure.update_layout(margin={"t": 26})
    figure.update_xaxes(type="date", tickformat="%b", dtick="M1", range=_half_week(starts))
    return figure


def calendar_days(
    days: Sales, weeks: int
) -> tuple[pd.DatetimeIndex, FloatArray, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
    """Times, values and stock-outs of the last whole weeks that the calendar shows."""
    last = days.times[-1]
    first = last - pd.Timedelta(days=last.dayofweek + 7 * (weeks - 1))
    shown = np.asarray(days.times >= first)
    return days.times[shown], days.values[shown], days.stocked_out[shown]


def years(base: Sales, unit: Unit, *, height: int = 0) -> go.Figure:
    """Weeks or months as a year per row, where the data has no days."""
    if base.freq == "M":
        row, column = base.times.year.to_numpy(), base.times.month.to_numpy() - 1
        names: list[str] = list(MONTHS)
    else:
        week = base.times.isocalendar()
        row, column = week["year"].to_numpy(dtype=int), week["week"].to_numpy(dtype=int) - 1
        names = [f"W{number:02d}" for number in range(1, 54)]
    first = int(row.min())
    heat = np.full((int(row.max()) - first + 1, len(names)), np.nan)
    heat[row - first, column] = np.where(base.values == 0, np.nan, base.values / unit.divisor)
    texts = np.full(heat.shape, "", dtype=object)
    texts[row - first, column] = [
        f"{_head(time, base.freq)}: {_amount(value, unit)}"
        for time, value in zip(base.times, base.values, strict=True)
    ]
    labels = tuple(str(first + number) for number in range(len(heat)))
    figure = go.Figure(_heat(names, labels, heat, texts, unit))
    _heat_axes(figure, height or int(min(80 + 24 * len(heat), 520)))
    figure.update_xaxes(type="category", nticks=14)
    return figure


def _heat(x: object, y: tuple[str, ...], heat: FloatArray, texts: object, unit: Unit) -> go.Heatmap:
    top = float(np.nanquantile(heat, 0.99)) if np.isfinite(heat).any() else 1.0
    low = float(np.nanquantile(heat, 0.01)) if np.isfinite(heat).any() else 0.0
    return go.Heatmap(
        x=x,
        y=list(y),
        z=heat,
        text=texts,
        hoverinfo="text",
        zmin=low if low < top else 0.0,
        zmax=top if top > low else max(top, 1.0),
        colorscale=[[place / 9, colour] for place, colour in enumerate(SEQUENTIAL)],
        colorbar={
            "thickness": 8,
            "tickprefix": unit.sign,
            "ticksuffix": unit.letter,
            "tickformat": ",",
            "nticks": 4,
            "outlinewidth": 0,
            "len": 1,
        },
        xgap=1,
        ygap=1,
    )


def _add_event_names(
    figure: go.Figure, events: pd.DataFrame, times: pd.DatetimeIndex, starts: pd.DatetimeIndex
) -> None:
    """Names of festivals over the week they begin in; the later one of two neighbours gives way."""
    taken = -99
    for name, day in zip(events["name"], pd.to_datetime(events["first_day"]), strict=True):
        place = int(starts.searchsorted(day, side="right")) - 1
        if not times[0] <= day <= times[-1] or place - taken < 5:
            continue
        taken = place
        right = place > len(starts) - 5
        figure.add_annotation(
            x=starts[place], y=1, yref="paper", showarrow=False, yanchor="bottom",
            xanchor="right" if right else "left", xshift=8 if right else -8,
            text=fmt_plain(str(name)), font={"size": 11, "color": COLOURS["event"]},
        )  # fmt: skip


def fmt_plain(text: str, length: int = 18) -> str:
    """The user's own words for plotly, which reads a little HTML: short and as they are."""
    short = text if len(text) <= length else text[: length - 1] + "…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _half_week(starts: pd.DatetimeIndex) -> list[pd.Timestamp]:
    half = pd.Timedelta(days=3.6)
    return [starts[0] - half, starts[-1] + half]


def _day_text(time: pd.Timestamp, value: float, unit: Unit, out: bool) -> str:
    text = f"{_head(time, 'D')}: {_amount(value, unit)}"
    return text + " · mostly out of stock" if out else text


def _amount(value: float, unit: Unit) -> str:
    if np.isnan(value):
        return "not known"
    if value == 0:
        return "nothing sold"
    return fmt.exact(value, "revenue" if unit.sign else "quantity", unit.sign)


def _head(time: pd.Timestamp, freq: Freq) -> str:
    if freq == "M":
        return f"{time:%b %Y}"
    day = f"{time:%a} {time.day} {time:%b} {time.year}"
    return day if freq == "D" else f"Week of {day}"


def _heat_axes(figure: go.Figure, height: int) -> None:
    figure.update_layout(height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False)
    figure.update_yaxes(
        type="category", autorange="reversed", showgrid=False, ticks="", fixedrange=True,
        title=None, automargin=True,
    )  # fmt: skip
    figure.update_xaxes(
        showgrid=False, zeroline=False, ticks="", tickangle=0, fixedrange=True, title=None
    )


def _plain(figure: go.Figure, height: int) -> None:
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
