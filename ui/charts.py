"""Figures, returned and never drawn: colours are places of the theme, so light and dark both fit.

Streamlit swaps the stand-ins of `COLOURS` for the palette of config.toml in the browser. They are
Streamlit's own and may change; tests/ui/test_charts.py compares them with the installed version.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ui import chart_zoom
from ui import format as fmt
from ui.chart_style import LEGEND, dates_format, plain, tick
from ui.chart_zoom import Window

COLOURS = {
    "forecast": "#000001",  # blue: our forecast and its bands
    "rival": "#000002",  # orange: the model to compare with
    "event": "#000005",  # gold: festivals, holidays
    "stockout": "#000006",  # red: out of stock
    "further": "#000003",  # green: a second model to compare with
    "third": "#000007",  # sky: a third
    "previous": "#000010",  # pale blue: what was forecast before
    "last_year": "#000008",  # grey: the same weeks last year, and the line of today
    "sold": "#000009",  # ink: what was sold
}
PAGE = "#000038"  # the page itself
BANDS = {"q0.025": ("q0.975", "1a"), "q0.1": ("q0.9", "2e"), "q0.25": ("q0.75", "47")}  # + alpha
SHOWN_BEFORE = {"D": 91, "W": 26, "M": 24}  # periods of history beside the forecast
_DAY_MS = 86_400_000
_AXIS: dict[str, dict[str, float | str]] = {
    "D": {"dtick": 28 * _DAY_MS, "minor": 7 * _DAY_MS, "tickformat": "%-d %b"},
    "W": {"dtick": 56 * _DAY_MS, "minor": 28 * _DAY_MS, "tickformat": "%-d %b"},
    "M": {"dtick": "M6", "minor": "M1", "tickformat": "%b %Y"},
}
_HOVER_HEAD = {"D": "%a %-d %b %Y", "W": "Week of %a %-d %b %Y", "M": "%B %Y"}
_PLOT_WIDTH = 310  # pixels of the plot on a phone, where event names must not run together
_NAME_ROWS = 4
_TICKS = 4  # horizontal lines above zero, at most


@dataclass(frozen=True)
class Line:
    """A line of the chart; no two of one chart are told apart by colour alone."""

    name: str
    frame: pd.DataFrame  # timestamp, value
    role: str  # of COLOURS
    dash: str = "solid"
    marker: str = ""  # of plotly; "": none
    width: float = 1.6


@dataclass(frozen=True, kw_only=True)
class Fan:
    """What a fan chart shows; frames have `timestamp` and are in order of time."""

    history: pd.DataFrame  # value, stockout_share; one row per complete period
    future: pd.DataFrame  # mean and quantiles q0.025 … q0.975; may begin before the last sale
    freq: str  # D, W or M
    measure: str  # quantity or revenue
    currency: str
    last_year: pd.DataFrame | None = None  # value, over the shown history and the future
    lines: tuple[Line, ...] = ()
    events: pd.DataFrame | None = None  # name, first_day, last_day
    recorded: pd.DataFrame | None = None  # value, where the history is corrected
    overrides: pd.DataFrame | None = None  # value: what people made of it: room for these
    stockouts: bool = False  # shade the periods that were mostly out of stock
    window: Window | None = None  # what was dragged over; None: as `SHOWN_BEFORE` says


def fan(chart: Fan, *, height: int = 530) -> go.Figure:
    """History, then the forecast with its 50, 80 and 95% bands, beside last year."""
    figure = go.Figure()
    if chart.stockouts:
        _add_stockouts(figure, chart)
    if not chart.future.empty:  # first, because the hover box keeps this order
        _add_bands(figure, chart)
        _add_forecast(figure, chart)
        _add_cutoff(figure, chart)
    name = "Sold" if chart.recorded is None else "Sold, corrected"
    _add_line(figure, chart, Line(name, chart.history, "sold", width=2), above=1)
    if chart.recorded is not None:
        recorded = Line("As recorded", chart.recorded, "stockout", dash="dot")
        _add_line(figure, chart, recorded)
    if chart.last_year is not None and chart.last_year["value"].notna().any():
        _add_line(figure, chart, Line("Last year", chart.last_year, "last_year", dash="dot"))
    for line in chart.lines:
        _add_line(figure, chart, line)
    rows = 0
    if chart.events is not None and not chart.events.empty:
        rows = _add_events(figure, chart)
    _style(figure, chart, height, rows)
    return figure


def shown(chart: Fan) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first and last period on screen."""
    if chart.window is not None:
        return chart.window.first, chart.window.last
    first = chart.history["timestamp"].iloc[-SHOWN_BEFORE[chart.freq] :].iloc[0]
    last = (chart.future if not chart.future.empty else chart.history)["timestamp"].iloc[-1]
    return first, last


def describe(chart: Fan) -> str:
    """The finding in one sentence, for those who cannot see the chart."""
    what = "Revenue" if chart.measure == "revenue" else "Units"
    sold = chart.history["value"].iloc[-1]
    text = f"{what} sold, last {_amount(sold, chart)} in {_period(chart.history, -1, chart.freq)}"
    if chart.future.empty:
        return text + "."
    ends = f"{_amount(chart.future['mean'].iloc[-1], chart)} "
    return f"{text}; the forecast ends at {ends}in {_period(chart.future, -1, chart.freq)}."


def _add_line(figure: go.Figure, chart: Fan, line: Line, *, above: int = 0) -> None:
    colour = COLOURS[line.role]
    figure.add_scatter(
        x=line.frame["timestamp"],
        y=line.frame["value"],
        name=line.name,
        mode="lines+markers" if line.marker else "lines",
        marker={"symbol": line.marker or "circle", "size": 6, "color": colour},
        line={"color": colour, "width": line.width, "dash": line.dash},
        text=[f"{line.name}: {_amount(value, chart)}" for value in line.frame["value"]],
        hoverinfo="x+text",
        zorder=above,
    )


def band(
    times: Sequence[pd.Timestamp],
    low: Sequence[float],
    high: Sequence[float],
    *,
    name: str = "80% band",
    alpha: str = BANDS["q0.1"][1],
    group: str | None = None,
    in_legend: bool = True,
) -> go.Scatter:
    """The trace of a filled shape between two lines over `times`; the mouse goes through it.

    Bands of a `group` share their place in the legend, where the first of them is `in_legend`.
    """
    return go.Scatter(
        x=[*times, *times[::-1]],
        y=[*high, *low[::-1]],
        mode="lines",
        line={"width": 0, "color": COLOURS["forecast"]},
        fill="toself",
        fillcolor=COLOURS["forecast"] + alpha,
        name=name,
        legendgroup=group,
        showlegend=in_legend,
        hoverinfo="skip",
    )


def _add_bands(figure: go.Figure, chart: Fan) -> None:
    """Filled shapes from the last sold point outwards, widest first."""
    start = _start(chart)
    times = [start["timestamp"], *chart.future["timestamp"]]
    for lower, (upper, alpha) in BANDS.items():
        low = [start["value"], *chart.future[lower]]
        high = [start["value"], *chart.future[upper]]
        figure.add_trace(band(times, low, high, alpha=alpha, in_legend=lower == "q0.1"))


def _add_forecast(figure: go.Figure, chart: Fan) -> None:
    future = chart.future
    text = [
        f"Forecast: {_amount(mean, chart)} · 8 in 10: {_amount(low, chart)}–{_amount(high, chart)}"
        for mean, low, high in zip(future["mean"], future["q0.1"], future["q0.9"], strict=True)
    ]
    start = _start(chart)
    figure.add_scatter(
        x=[start["timestamp"], *future["timestamp"]],
        y=[start["value"], *future["mean"]],
        name="Forecast",
        mode="lines",
        line={"color": COLOURS["forecast"], "width": 2.5},
        text=["", *text],
        hoverinfo=["skip"] + ["x+text"] * len(future),
        zorder=2,
    )


def _start(chart: Fan) -> "pd.Series[float]":
    """The last period that the forecast knew, which it begins at."""
    earlier = chart.history[chart.history["timestamp"] < chart.future["timestamp"].iloc[0]]
    return (earlier if len(earlier) else chart.history).iloc[-1]


def _add_cutoff(figure: go.Figure, chart: Fan) -> None:
    """A thin line where the data of the forecast end and it begins."""
    at = _start(chart)["timestamp"]
    figure.add_shape(
        type="line",
        x0=at,
        x1=at,
        y0=0,
        y1=1,
        yref="paper",
        layer="below",
        line={"color": COLOURS["last_year"], "width": 1},
    )


def _add_stockouts(figure: go.Figure, chart: Fan) -> None:
    """Red ground over neighbouring periods in which most product-days were out of stock."""
    history = chart.history
    if "stockout_share" not in history or not (out := history["stockout_share"] >= 0.5).any():
        return
    step = _step(chart.freq) / 2
    for _, run in history[out].groupby((~out).cumsum()[out]):
        first, last = run["timestamp"].iloc[0] - step, run["timestamp"].iloc[-1] + step
        figure.add_vrect(
            x0=first, x1=last, fillcolor=COLOURS["stockout"] + "21", line_width=0, layer="below"
        )
        figure.add_annotation(
            x=first,
            y=1,
            yref="paper",
            text="out of stock",
            showarrow=False,
            xanchor="left",
            yanchor="top",
            yshift=-30,
            font={"size": 11, "color": COLOURS["stockout"]},
        )


def _add_events(figure: go.Figure, chart: Fan) -> int:
    """Dotted lines with names at the top; gives the number of rows that the names take.

    A name without room, or within a period of the one before, is left to the hover box.
    """
    assert chart.events is not None
    first, last = shown(chart)
    rows: list[list[tuple[float, float]]] = [[] for _ in range(_NAME_ROWS)]  # taken, in pixels
    previous = first - pd.Timedelta(days=366)
    for name, day in zip(chart.events["name"], chart.events["first_day"], strict=True):
        moment = pd.Timestamp(day)
        if not first <= moment <= last:
            continue
        figure.add_shape(
            type="line",
            x0=moment,
            x1=moment,
            y0=0,
            y1=1,
            yref="paper",
            layer="below",
            line={"color": COLOURS["event"], "width": 1.5, "dash": "dot"},
        )
        at = (moment - first) / (last - first) * _PLOT_WIDTH
        width = 6.2 * len(str(name)) + 8
        flip = at + width > _PLOT_WIDTH
        room = (at - width, at) if flip else (at, at + width)
        row = next((row for row in range(_NAME_ROWS) if _is_free(rows[row], room)), None)
        if row is None or moment - previous < _step(chart.freq):
            continue
        previous = moment
        rows[row].append(room)
        figure.add_annotation(
            x=moment,
            y=1,
            yref="paper",
            text=plain(str(name)),
            showarrow=False,
            xanchor="right" if flip else "left",
            yanchor="top",
            xshift=-3 if flip else 3,
            yshift=-15 * row,
            font={"size": 11, "color": COLOURS["event"]},
            bgcolor=PAGE + "cc",  # lines of other events do not cross it out
        )
    _add_event_hover(figure, chart)
    return sum(bool(row) for row in rows)


def _is_free(taken: list[tuple[float, float]], room: tuple[float, float]) -> bool:
    return all(room[1] <= start or room[0] >= end for start, end in taken)


def _add_event_hover(figure: go.Figure, chart: Fan) -> None:
    """An unseen point in every period with an event, so that the hover box names it."""
    assert chart.events is not None
    times = pd.concat([chart.history["timestamp"], chart.future.get("timestamp")])
    times = times.drop_duplicates()  # a forecast may begin before the last sale
    days = pd.to_datetime(chart.events["first_day"])
    places = np.searchsorted(times.to_numpy(), days.to_numpy(), side="right") - 1
    named: dict[pd.Timestamp, list[str]] = {}
    for place, day, name in zip(places, days, chart.events["name"], strict=True):
        if place >= 0 and day < times.iloc[place] + _step(chart.freq):
            named.setdefault(times.iloc[place], []).append(plain(str(name)))
    figure.add_scatter(
        x=list(named),
        y=[0] * len(named),
        mode="markers",
        marker={"opacity": 0, "color": COLOURS["event"]},
        text=["Event: " + ", ".join(names) for names in named.values()],
        hoverinfo="x+text",
        showlegend=False,
    )


def _style(figure: go.Figure, chart: Fan, height: int, name_rows: int) -> None:
    first, last = shown(chart)
    pad = _step(chart.freq) / 2
    axis = _AXIS[chart.freq]
    low, high = _value_range(chart)
    ticks = _ticks(low, high)
    headroom = 1 + 15 * (name_rows + 1) / height  # so that names stand above the lines
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        hovermode="x unified",
        legend=LEGEND,
    )
    if chart.window is None:
        figure.update_xaxes(
            tick0=chart.history["timestamp"].iloc[-1],
            dtick=axis["dtick"],
            minor={"dtick": axis["minor"], "ticks": "outside", "ticklen": 3, "showgrid": False},
        )
    else:
        figure.update_xaxes(nticks=7)  # any length of time
    figure.update_xaxes(
        range=[first - pad, last + pad],
        tickformat=dates_format(
            str(_AXIS[chart.freq]["tickformat"]), chart.history["timestamp"].iloc[-1]
        ),
        hoverformat=_HOVER_HEAD[chart.freq],
        tickangle=0,
        ticks="outside",
        showgrid=False,
        zeroline=False,
        title=None,
    )
    chart_zoom.draggable(figure, None)  # the range is set above
    figure.update_yaxes(
        range=[low, high * headroom],
        fixedrange=True,  # from zero, always; dragging goes through time
        tickvals=ticks,
        ticktext=[tick(value, chart.measure, chart.currency) for value in ticks],
        ticks="",
        zeroline=low < 0,
        title=None,
        automargin=True,
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round values for at most five horizontal lines.

    >>> _ticks(0, 1100), _ticks(0, 7), _ticks(-40, 100)
    ([0.0, 300.0, 600.0, 900.0], [0.0, 2.0, 4.0, 6.0], [-40.0, 0.0, 40.0, 80.0])
    """
    rough = (high - min(low, 0)) / _TICKS
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 3, 4, 5, 10) if factor * power >= rough)
    return [float(step * i) for i in range(int(np.floor(low / step)), int(high // step) + 1)]


def _value_range(chart: Fan) -> tuple[float, float]:
    """From zero (or the lowest return) to a little above all that is on screen."""
    lines = [(chart.history, "value"), (chart.last_year, "value"), (chart.overrides, "value")]
    lines += [*((line.frame, "value") for line in chart.lines), (chart.future, "q0.975")]
    first, last = shown(chart)
    parts = [
        frame.loc[frame["timestamp"].between(first, last), column]
        for frame, column in lines
        if frame is not None and not frame.empty
    ]
    values = pd.concat(parts).dropna()
    high = float(values.max()) if len(values) else 1.0
    low = float(min(values.min(), 0)) if len(values) else 0.0
    return low * 1.05, (high if high > 0 else 1.0) * 1.04


def _step(freq: str) -> pd.Timedelta:
    return pd.Timedelta(days={"D": 1, "W": 7, "M": 30}[freq])


def _amount(value: float | None, chart: Fan) -> str:
    return fmt.exact(value, chart.measure, chart.currency)


def _period(frame: pd.DataFrame, row: int, freq: str) -> str:
    return fmt.period(frame["timestamp"].iloc[row], freq)
