"""Cached reads of finished runs: which scopes they cover, and what they forecast for one.

As in `ui.queries`, every cache is bounded and keyed by the version of the data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from data import saved_segments
from data.scope import Scope
from engine import champions
from ui import queries, run_forecasts, state, training
from ui.engine import registry
from ui.queries import Version
from ui.run_forecasts import Nodes, Selects

if TYPE_CHECKING:  # the library takes a while to import
    from ui.forecasts import Outlook


def covers(scope: Scope, run_id: str) -> bool:
    """Whether the series of a finished run add up to the scope."""
    folder = registry().run(run_id).folder
    return (folder / "forecast.parquet").is_file() and selecting(scope, run_id) is not None


def fitting(scope: Scope, run_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some runs that are finished and cover the scope."""
    revisions = tuple(
        (each.segment_id, each.revision) for each in queries.segments(scope.dataset_id)
    )
    return tuple(
        run_id
        for run_id in run_ids
        if (registry().run(run_id).folder / "forecast.parquet").is_file()
        and _adds_up(queries.version(), revisions, scope, run_id)
    )


def outlook(scope: Scope, run_id: str, horizon: int) -> Outlook | None:
    """The forecast of a run for a scope; see `ui.run_forecasts.outlook`."""
    entry = registry().entry(run_id)
    tests = champions.comparison_of(registry(), entry) if entry else None
    return _outlook(queries.version(), scope, run_id, tests.run_id if tests else None, horizon)


def means(scope: Scope, run_id: str) -> pd.DataFrame | None:
    """timestamp and mean of a run for a scope, passed periods too; None where it is gone."""
    return _means(queries.version(), scope, run_id)


def selecting(scope: Scope, run_id: str) -> Selects | None:
    """Which series of a finished run add up to the scope; None where none do."""
    entry = registry().entry(run_id)
    of_run = training.scope_of(entry.about) if entry else None
    if entry is None or of_run is None or of_run.dataset_id != scope.dataset_id:
        return None
    return run_forecasts.selects(entry.about, of_run, scope, nodes(scope, of_run))


def nodes(asked: Scope, of_run: Scope) -> Nodes:
    """What is needed to know the products of both."""
    ids = {each.segment_id for each in (asked, of_run)} - {None}
    saved = queries.segments(asked.dataset_id) if ids else []
    revisions = {each.segment_id: each.revision for each in saved if each.segment_id in ids}
    return Nodes(
        categories=_categories(queries.version(), asked.dataset_id),
        segments={pair: _members(queries.version(), *pair) for pair in revisions.items()},
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _categories(version: Version, dataset_id: int) -> dict[int, tuple[str, ...]]:
    paths = queries.products(dataset_id)["categories"]
    return {int(str(key)): path for key, path in paths.items()}


@st.cache_resource(max_entries=32, show_spinner=False)
def _members(version: Version, segment_id: int, revision: int) -> frozenset[int]:
    return frozenset(saved_segments.members(state.store(), segment_id))


@st.cache_data(max_entries=4096, show_spinner=False)
def _adds_up(
    version: Version, revisions: tuple[tuple[int, int], ...], scope: Scope, run_id: str
) -> bool:
    return selecting(scope, run_id) is not None


@st.cache_resource(max_entries=64, show_spinner=False)
def _means(version: Version, scope: Scope, run_id: str) -> pd.DataFrame | None:
    frame, wanted = registry().run(run_id).frame("forecast"), selecting(scope, run_id)
    return None if frame is None or wanted is None else run_forecasts.total_of(frame, wanted)


@st.cache_resource(max_entries=64, show_spinner=False)
def _outlook(
    version: Version, scope: Scope, run_id: str, comparison: str | None, horizon: int
) -> Outlook | None:
    entry, wanted = registry().entry(run_id), selecting(scope, run_id)
    frame = registry().run(run_id).frame("forecast")
    if entry is None or wanted is None or frame is None:
        return None
    return run_forecasts.outlook(
        frame,
        registry().run(comparison).frame("backtest") if comparison else None,
        queries.series(scope),
        about=entry.about,
        scope=scope,
        wanted=wanted,
        horizon=horizon,
    )
