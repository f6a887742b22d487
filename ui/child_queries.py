"""Cached reads of a scope one level down: of a run where it goes so far, else by simple forecasts.

As in `ui.queries`, every cache is bounded and keyed by the version of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from data.scope import Level, Scope
from engine.registry import Entry
from ui import queries, run_queries, training
from ui.engine import registry
from ui.queries import Version

if TYPE_CHECKING:  # the library takes a while to import
    from ui.forecast_children import Apart
    from ui.forecasts import Outlook


@dataclass(frozen=True, kw_only=True)
class Children:
    """What is inside a scope, adding up to its forecast."""

    table: pd.DataFrame  # child_id, label, forecast, before, growth
    is_of_run: bool  # sums of the series of a run; else shares of the forecast of the scope


def children(scope: Scope, level: Level, made: Outlook, run: Entry | None) -> Children:
    """The periods ahead of every child of the scope."""
    from ui import forecast_children

    ahead = made.future["timestamp"]
    found = _of_run(queries.version(), scope, level, run.run_id, tuple(ahead)) if run else None
    if found is not None:
        return Children(table=found, is_of_run=True)
    simple = apart(queries.version(), scope, level, len(ahead))
    total = made.future["mean"].to_numpy(dtype=float)
    if simple is None:
        return Children(table=forecast_children.on_their_own(None), is_of_run=False)
    return Children(table=forecast_children.added_up(simple, total), is_of_run=False)


@st.cache_resource(max_entries=128, show_spinner=False)
def apart(version: Version, scope: Scope, level: Level, horizon: int) -> Apart | None:
    """Every child forecast on its own; see `ui.forecast_children.apart`."""
    from ui import forecast_children, forecasts

    return forecast_children.apart(
        queries.children(scope, level),
        forecasts.history_of(queries.series(scope), scope.measure),
        freq=scope.freq,
        measure=scope.measure,
        horizon=horizon,
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _of_run(
    version: Version, scope: Scope, level: Level, run_id: str, ahead: tuple[pd.Timestamp, ...]
) -> pd.DataFrame | None:
    from ui import forecast_children, forecasts

    entry, read = registry().entry(run_id), run_queries.reading(scope, run_id)
    of_run = training.scope_of(entry.about) if entry else None
    forecast = registry().run(run_id).frame("forecast")
    if entry is None or of_run is None or read is None or forecast is None:
        return None
    nodes = run_queries.nodes(scope, of_run)
    child = forecast_children.child_of(entry.about, of_run, scope, level, nodes)
    if child is None:
        return None
    times = pd.Series(ahead)
    sums = forecast_children.listed(forecast_children.of_run(read.of(forecast), child, times))
    history = forecasts.history_of(queries.series(scope), scope.measure)
    long = queries.children(scope, level)
    recent = history["timestamp"].iloc[-forecasts.TRAINED_ON[scope.freq] :]
    sold = forecast_children.dense(long, recent, scope.measure)
    before = forecast_children.last_year(sold, times, scope.freq)
    return forecast_children.table(sums, before, _labels(scope, level, list(sums.index)))


def _labels(scope: Scope, level: Level, ids: list[str]) -> dict[str, str]:
    """The names of children; categories are their own."""
    from ui.forecast_children import OTHERS

    if level == "category":
        named = {child: child for child in ids}
    else:
        known = {"product": queries.products, "place": queries.places}[level](scope.dataset_id)
        names = known["name"].to_dict()
        named = {child: str(names.get(int(child), child)) for child in ids if child != OTHERS}
    return {**named, OTHERS: "All others"}
