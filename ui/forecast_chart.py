"""The fan chart of the Forecast page and its drivers, in the stretch of time dragged over."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import streamlit as st

from data.scope import Scope
from ui import (
    chart_downloads,
    chart_zoom,
    charts,
    corrected,
    driver_chart,
    driver_queries,
    forecast_overrides,
    forecast_rivals,
    forecast_words,
    forecasts,
    queries,
)
from ui import scope as scopes
from ui.chart_zoom import Window
from ui.forecast_choice import DRIVERS, EVENTS, LAST_YEAR, PREVIOUS, STOCKOUTS, Choice
from ui.forecasts import Outlook
from ui.queries import Dataset

_FAN = "fan"  # the chart, and the window kept for it
_UPPER = driver_chart.FAN[1] - driver_chart.FAN[0]


def show(made: Outlook, scope: Scope, choice: Choice, dataset: Dataset) -> None:
    """The fan chart with the lines that are switched on, and its drivers below."""
    shown = _headline(made, scope)
    place = st.container()
    found = None
    if DRIVERS in choice.lines:
        found = driver_queries.drivers(scope, made, choice.run)
    marks = forecast_overrides.of_scope(scope, made.future["timestamp"], dataset.currency)
    fan = replace(_fan(made, scope, choice, dataset, shown), overrides=marks)
    alt = charts.describe(fan) + forecast_overrides.describe(marks, scope.freq)
    if DRIVERS not in choice.lines:
        figure = charts.fan(fan)
    else:
        figure = charts.fan(fan, height=int(driver_chart.HEIGHT * _UPPER))
        ahead = None if found is None else found.only(made.future["timestamp"])
        driver_chart.below(figure, ahead, scope, dataset.currency)
        if ahead is not None:
            alt += " " + driver_chart.describe(ahead, scope, dataset.currency)
            st.caption(forecast_words.drivers(ahead, scope.measure, dataset.currency, scope.freq))
    forecast_overrides.add(figure, marks)
    key = chart_downloads.keyed(_FAN)
    place.plotly_chart(
        figure,
        key=key,
        config=chart_downloads.config(f"Forecast {scopes.name(scope)}"),
        on_select=lambda: chart_zoom.take(_FAN, key),
        selection_mode="box",
        alt=alt,
    )
    if text := forecast_words.arrived(made, scope.freq):
        st.caption(text)


def _headline(made: Outlook, scope: Scope) -> Window | None:
    """The line above the chart; gives the stretch of time that was dragged over."""
    what = "Revenue" if scope.measure == "revenue" else "Units"
    noun = forecasts.NOUN[scope.freq][0]
    times = pd.DatetimeIndex([*made.history["timestamp"], *made.future["timestamp"]])
    shown = chart_zoom.window(_FAN, times)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{what} a {noun}** :gray[· shades: 50, 80 and 95% of cases]", width="content"
        )
        if shown is None and len(made.history) > charts.SHOWN_BEFORE[scope.freq]:
            chart_zoom.widen(_FAN, chart_zoom.Window(times[0], times[-1]))
        chart_zoom.reset(_FAN, shown)
    return shown


def _fan(
    made: Outlook, scope: Scope, choice: Choice, dataset: Dataset, shown: Window | None
) -> charts.Fan:
    lines = forecast_rivals.lines(choice.beside, scope, made)
    if PREVIOUS in choice.lines and choice.previous is not None:
        before = forecast_rivals.previous_line(choice.previous, made)
        lines = (*lines, before) if before else lines
    return charts.Fan(
        history=made.history,
        future=pd.concat([made.passed, made.future], ignore_index=True),
        freq=scope.freq,
        measure=scope.measure,
        currency=dataset.currency,
        last_year=_last_year(made, scope) if LAST_YEAR in choice.lines else None,
        lines=lines,
        recorded=corrected.recorded(scope),
        events=_events(made, scope, shown) if EVENTS in choice.lines else None,
        stockouts=STOCKOUTS in choice.lines,
        window=shown,
    )


def _events(made: Outlook, scope: Scope, shown: Window | None) -> pd.DataFrame:
    """Festivals and holidays from the first period on screen to the end of the forecast."""
    first = made.history["timestamp"].iloc[-charts.SHOWN_BEFORE[scope.freq] :].iloc[0]
    first = first if shown is None else min(first, shown.first)
    last = made.future["timestamp"].iloc[-1] + timedelta(days=6)
    return queries.events(scope.dataset_id, first.date(), last.date())


def _last_year(made: Outlook, scope: Scope) -> pd.DataFrame:
    """Last year's value beside every period on screen and to come."""
    times = pd.concat([made.history["timestamp"], made.future["timestamp"]], ignore_index=True)
    return pd.DataFrame(
        {"timestamp": times, "value": forecasts.last_year(made.history, times, scope.freq)}
    )
