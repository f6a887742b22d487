"""The controls of the Forecast page: which lines, which model, beside what, how far ahead."""

from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from data.scope import Scope
from engine.registry import Entry
from ui import forecast_rivals, forecast_words, forecasts, queries, run_choice
from ui.forecast_rivals import Previous
from ui.queries import Dataset

LAST_YEAR, PREVIOUS, DRIVERS = "Last year", "Previous forecast", "Drivers"
EVENTS, STOCKOUTS = "Events", "Stock-outs"  # lines that not every dataset has
_SHOWN_AT_FIRST = (LAST_YEAR, PREVIOUS, DRIVERS, EVENTS)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the controls of the page say."""

    model: str
    run: Entry | None  # a trained run instead of the model
    horizon: int  # periods
    lines: frozenset[str]  # what to draw beside the forecast
    beside: tuple[str, ...]  # simple models and runs to compare it with
    previous: Previous | None  # what was forecast before


def controls(scope: Scope, dataset: Dataset) -> Choice:
    """Which lines to show, which model, how far ahead."""
    freq, key = scope.freq, f"lines_{scope.freq.lower()}"
    model, run = run_choice.asked(scope)
    if run_choice.arrived(scope):  # its forecast is shown beside ARIMA
        forecast_rivals.begin_with("arima")
    before = forecast_rivals.previous(scope, run)
    offered = _lines(scope, dataset, before)
    if key in st.session_state:  # another scope may not have all that was chosen
        st.session_state[key] = [line for line in st.session_state[key] if line in offered]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        lines = st.pills(
            "Lines",
            offered,
            selection_mode="multi",
            default=None
            if key in st.session_state
            else [line for line in _SHOWN_AT_FIRST if line in offered],
            label_visibility="collapsed",
            key=key,
            bind="query-params",
        )
        beside = forecast_rivals.control(scope, run.run_id if run else model)
        st.space("stretch")
        run_choice.control(scope)
        ahead = st.segmented_control(
            "Ahead",
            forecasts.HORIZONS[freq],
            default=forecasts.DEFAULT_HORIZON[freq],
            format_func=lambda number: forecast_words.periods(number, freq),
            required=True,
            label_visibility="collapsed",
            key=f"ahead_{freq.lower()}",
            bind="query-params",
        )
    return Choice(
        model=model,
        run=run,
        horizon=ahead or forecasts.DEFAULT_HORIZON[freq],
        lines=frozenset(lines),
        beside=beside,
        previous=before,
    )


def _lines(scope: Scope, dataset: Dataset, before: Previous | None) -> list[str]:
    """The lines that this scope has data for; months are too coarse for festivals."""
    offered = [LAST_YEAR, DRIVERS]
    if before is not None:
        offered.insert(1, PREVIOUS)
    if queries.series(scope)["stockout_share"].notna().any():
        offered.append(STOCKOUTS)
    if scope.freq != "M" and dataset.first_day and dataset.last_day:
        year_on = dataset.last_day + timedelta(days=365)
        if not queries.events(scope.dataset_id, dataset.first_day, year_on).empty:
            offered.append(EVENTS)
    return offered
