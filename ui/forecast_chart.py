"""The fan chart of the Forecast page, with the stretch of time that was dragged over in it."""

from datetime import timedelta

import pandas as pd
import streamlit as st

from data.scope import Scope
from ui import (
    chart_downloads,
    chart_zoom,
    charts,
    corrected,
    forecast_words,
    forecasts,
    queries,
)
from ui import scope as scopes
from ui.chart_zoom import Window
from ui.forecasts import Outlook
from ui.queries import Dataset

EVENTS, STOCKOUTS = "Events", "Stock-outs"  # lines that not every dataset has
_FAN = "fan"  # the chart, and the window kept for it


def show(made: Outlook, scope: Scope, lines: frozenset[str], dataset: Dataset) -> None:
    """The fan chart with the lines that are switched on."""
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
    fan = charts.Fan(
        history=made.history,
        future=made.future,
        freq=scope.freq,
        measure=scope.measure,
        currency=dataset.currency,
        last_year=_last_year(made, scope) if "Last year" in lines else None,
        rival=made.future.assign(mean=made.future["baseline"]) if "Baseline" in lines else None,
        rival_name=forecast_words.model_name(made.baseline, scope.freq),
        recorded=corrected.recorded(scope),
        events=_events(made, scope, shown) if EVENTS in lines else None,
        stockouts=STOCKOUTS in lines,
        window=shown,
    )
    key = chart_downloads.keyed(_FAN)
    st.plotly_chart(
        charts.fan(fan),
        key=key,
        config=chart_downloads.config(f"Forecast {scopes.name(scope)}"),
        on_select=lambda: chart_zoom.take(_FAN, key),
        selection_mode="box",
        alt=charts.describe(fan),
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
