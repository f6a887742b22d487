"""Heat maps of Seasonality: every day of a year, every week or month of many, the hours of a week.

Like `ui.charts`, they are returned and never drawn, and their colours are places of the theme.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from data.scope import Freq
from forecasting.arrays import BoolArray, FloatArray
from ui import format as fmt
from ui.charts import COLOURS
from ui.quality_charts import SEQUENTIAL
from ui.seasonality_charts import MONTHS, WEEKDAYS, Unit
from ui.seasonality_facts import Sales

CALENDAR_WEEKS = 52
_NAME_ROWS = 2
_PLOT_WIDTH = 330  # pixels on a narrow screen, where names must not run together
_LETTER = 5.6  # pixels
_WEEK = pd.Timedelta(days=7)


def calendar(
    days: Sales, events: pd.DataFrame, unit: Unit, *, weeks: int = CALENDAR_WEEKS, height: int = 228
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
    rows = _add_event_names(figure, events, times, starts)
    _heat_axes(figure, height - 13 * (_NAME_ROWS - rows))
    figure.update_layout(margin={"t": 14 + 13 * rows})
    figure.update_xaxes(type="date", tickformat="%b", dtick="M1", range=_half_week(starts))
    return figure


def calendar_days(days: Sales, weeks: int) -> tuple[pd.DatetimeIndex, FloatArray, BoolArray]:
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


def hours(table: pd.DataFrame, measure: str, unit: Unit, *, height: int = 230) -> go.Figure:
    """Weekday by hour: the mean amount sold; `table` is a `data.queries.hours` frame."""
    heat = np.full((7, 24), np.nan)
    mean = (table[measure] / table["days"]).to_numpy(dtype=np.float64)
    row, column = table["weekday"].to_numpy(), table["hour"].to_numpy()
    heat[row, column] = mean / unit.divisor
    texts = np.full((7, 24), "", dtype=object)
    texts[row, column] = [
        f"{WEEKDAYS[day]}, {hour}:00–{hour + 1}:00: {_amount(value, unit)}"
        for day, hour, value in zip(row, column, mean, strict=True)
    ]
    names = [f"{hour}:00" for hour in range(24)]
    figure = go.Figure(_heat(names, WEEKDAYS, heat, texts, unit))
    _heat_axes(figure, height)
    figure.update_xaxes(type="category", tickvals=names[::3])
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
) -> int:
    """Names of festivals over the week they begin in; gives the number of rows they take.

    None where there is no room, or within a week of the one before: the days speak for both.
    """
    named = pd.Timestamp(0)
    free = [-1.0] * _NAME_ROWS  # by row: the first week that is not taken
    for name, day in zip(events["name"], pd.to_datetime(events["first_day"]), strict=True):
        place = int(starts.searchsorted(day, side="right")) - 1
        text = as_text(str(name))
        width = (_LETTER * len(text) + 6) / (_PLOT_WIDTH / len(starts))
        right = place + width > len(starts)
        first = place - width if right else float(place)
        row = next((row for row in range(_NAME_ROWS) if free[row] <= first), None)
        if not times[0] <= day <= times[-1] or row is None or day - named < _WEEK:
            continue
        named = day
        free[row] = first + width
        figure.add_annotation(
            x=starts[place], y=1, yref="paper", showarrow=False, yanchor="bottom",
            yshift=13 * row, xanchor="right" if right else "left", xshift=8 if right else -8,
            text=text, font={"size": 11, "color": COLOURS["event"]},
        )  # fmt: skip
    return sum(week > 0 for week in free)


def as_text(text: str, length: int = 18) -> str:
    """The user's own words for plotly, which reads a little HTML: short and as they are."""
    short = text if len(text) <= length else text[: length - 1] + "…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _half_week(starts: pd.DatetimeIndex) -> list[pd.Timestamp]:
    half = pd.Timedelta(days=3.6)
    return [starts[0] - half, starts[-1] + half]


def _day_text(time: pd.Timestamp, value: float, unit: Unit, out: bool | np.bool) -> str:
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
