"""Figures of data quality: how many series sold in each month, and a calendar of the days.

Like `ui.charts`, they are returned and never drawn, and their colours are places of the theme.
"""

import pandas as pd
import plotly.graph_objects as go

from data.scope import Freq
from ui import format as fmt
from ui.charts import COLOURS

# Streamlit's stand-ins for chartSequentialColors, few to many.
SEQUENTIAL = tuple(f"#0000{place}" for place in range(11, 21))
CALENDAR_WEEKS = 157  # three years; more columns would be thinner than a line
NARROW = 60  # columns from which the lines between them are thinner
NAMED_HOLES = 6  # empty months that get a word
_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = [f"{pd.Timestamp(2026, month, 1):%b}" for month in range(1, 13)]


def selling(bins: pd.DataFrame, bin: str, *, height: int = 170) -> go.Figure:
    """A bar per month (or week) with the number of series that sold; a hole is named."""
    when = [fmt.period(start, bin[0].upper()) for start in bins["start"]]
    figure = go.Figure(
        go.Bar(
            x=bins["start"],
            y=bins["series"],
            marker={"color": COLOURS["last_year"], "line": {"width": 0}},
            text=[
                f"{moment[0].upper()}{moment[1:]}: {count:,} series sold"
                for moment, count in zip(when, bins["series"], strict=True)
            ],
            textposition="none",
            hoverinfo="text",
        )
    )
    holes = bins.loc[bins["series"] == 0, "start"]
    for start in holes if len(holes) <= NAMED_HOLES else []:
        figure.add_annotation(
            x=start,
            y=0,
            text="none",
            textangle=-90,
            showarrow=False,
            yanchor="bottom",
            font={"size": 11, "color": COLOURS["stockout"]},
        )
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.15, dragmode=False
    )
    figure.update_xaxes(
        type="date",
        tickformat="%b %Y" if bin == "month" else "%-d %b",
        nticks=8,
        ticks="outside",
        tickangle=0,
        showgrid=False,
        fixedrange=True,
        title=None,
    )
    figure.update_yaxes(
        rangemode="tozero",
        nticks=4,
        tickformat=",d",
        zeroline=False,
        fixedrange=True,
        title=None,
        automargin=True,
    )
    return figure


def calendar(days: pd.DataFrame, freq: Freq, *, height: int = 200) -> go.Figure:
    """Darker squares have more series with a row; nothing is drawn where nothing sold.

    Days stand as weekday by week; weeks and months as year by week or month.
    """
    shown = calendar_days(days, freq)
    row, column = _places(shown["day"], freq)
    frame = shown.assign(
        row=row,
        column=column,
        value=shown["rows"].where(shown["sells"]).astype(float),
        text=[
            _hover(day, rows, sells, share, freq)
            for day, rows, sells, share in zip(
                shown["day"], shown["rows"], shown["sells"], shown["share"], strict=True
            )
        ],
    )
    values = frame.pivot(index="row", columns="column", values="value")
    texts = frame.pivot(index="row", columns="column", values="text").fillna("")
    figure = go.Figure(
        go.Heatmap(
            x=values.columns,
            y=[_label(each, freq) for each in values.index],
            z=values.to_numpy(),
            text=texts.to_numpy(),
            hoverinfo="text",
            hoverongaps=True,
            zmin=0,
            zmax=max(float(frame["value"].quantile(0.98)), 1.0) if len(frame) else 1.0,
            colorscale=[[i / 9, colour] for i, colour in enumerate(SEQUENTIAL)],
            colorbar={"thickness": 8, "tickformat": ",d", "nticks": 4, "outlinewidth": 0, "len": 1},
            xgap=1 if values.shape[1] <= NARROW else 0.4,
            ygap=1,
        )
    )
    figure.update_layout(height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False)
    figure.update_yaxes(
        type="category",
        autorange="reversed",
        showgrid=False,
        ticks="",
        fixedrange=True,
        title=None,
        automargin=True,
    )
    figure.update_xaxes(
        showgrid=False, zeroline=False, ticks="outside", tickangle=0, fixedrange=True, title=None
    )
    if freq == "D":
        dates = "%b %Y" if values.shape[1] > NARROW else "%-d %b"
        figure.update_xaxes(type="date", tickformat=dates, nticks=8)
    elif freq == "M":
        figure.update_xaxes(tickvals=list(range(1, 13)), ticktext=_MONTHS)
    else:
        weeks = list(range(1, 54, 8))
        figure.update_xaxes(tickvals=weeks, ticktext=[f"W{week:02d}" for week in weeks])
    return figure


def calendar_days(days: pd.DataFrame, freq: Freq) -> pd.DataFrame:
    """The days that the calendar has room for: all, or the last three years."""
    if freq != "D":
        return days
    last = days["day"].iloc[-1]
    return days[days["day"] > last - pd.Timedelta(days=7 * CALENDAR_WEEKS)]


def describe_calendar(days: pd.DataFrame, freq: Freq) -> str:
    """The finding of the calendar in one sentence."""
    noun = {"D": "day", "W": "week", "M": "month"}[freq]
    empty = ~days["sells"]
    if not empty.any():
        return f"Something sold in every {noun} of {len(days):,}."
    runs = (~empty).cumsum()[empty]
    size = runs.value_counts(sort=False)
    hole = days.loc[runs.index[runs == size.idxmax()], "day"]
    return (
        f"Nothing sold on {len(runs):,} of {fmt.count(len(days), noun)}; the longest hole has "
        f"{fmt.count(len(hole), noun)}, {fmt.span(hole.iloc[0], hole.iloc[-1])}."
    )


def describe_selling(bins: pd.DataFrame, bin: str) -> str:
    """The finding of the bars in one sentence."""
    low, high = int(bins["series"].min()), int(bins["series"].max())
    return f"Between {low:,} and {high:,} series sold in each {bin} of {len(bins):,}."


def _places(day: "pd.Series[pd.Timestamp]", freq: Freq) -> tuple[pd.Series, pd.Series]:
    """Row and column of each period in the calendar."""
    if freq == "D":
        return day.dt.dayofweek, day - pd.to_timedelta(day.dt.dayofweek, unit="D")
    if freq == "M":
        return day.dt.year, day.dt.month
    week = day.dt.isocalendar()
    return week["year"].astype(int), week["week"].astype(int)


def _label(row: int, freq: Freq) -> str:
    return _WEEKDAYS[row] if freq == "D" else str(row)


def _hover(day: pd.Timestamp, rows: int, sells: bool, share: float, freq: Freq) -> str:
    when = fmt.period(day, freq) + (f" {day.year}" if freq != "M" else "")
    when = when[0].upper() + when[1:]
    if not rows:
        return f"{when}: no row"
    if not sells:
        return f"{when}: {fmt.count(rows, 'row')}, nothing sold"
    return f"{when}: {rows:,} series with a row, {fmt.share(share)} of those alive"
