"""Cached reads of calendars and of what their events do, keyed by the version of all data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from data import calendar_store, event_columns, event_sums, events
from data.calendar_entries import Entry
from data.scope import Scope, Split
from data.store import Store
from ui import background, queries, state
from ui.background import Tell
from ui.queries import Version

if TYPE_CHECKING:
    from forecasting.diagnostics.events import Measured

TOTAL = "total"
CATEGORIES = 12  # the largest, that effects are measured for
_SUMMED = 0.5  # of the time, until the sums are there
_CONTROLS = ("promo", "price", "empty")


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What events did to a scope and to its categories."""

    measured: dict[str, Measured]  # by category, and TOTAL; without those that are too short
    series: pd.DataFrame  # timestamp (index), a column per series: amounts


def entries(dataset_id: int) -> list[Entry]:
    """The calendar of a dataset."""
    return _entries(queries.version(), dataset_id)


def occurrences(
    dataset_id: int, first: date, last: date, *, place_id: int | None = None
) -> pd.DataFrame:
    """What is on between two days; see `data.events.occurrences`."""
    return events.occurrences(entries(dataset_id), first, last, place_id=place_id)


def effects(scope: Scope) -> Effects:
    """The measured effect of every event on the scope; see `forecasting.diagnostics.events`.

    Raises `background.NotYet` while that is being measured.
    """
    by_category = scope.product_id is None and any(
        len(path) > len(scope.categories)
        for path in queries.category_paths(scope.dataset_id)
        if path[: len(scope.categories)] == scope.categories
    )
    return background.answer(
        "effects of events",
        queries.version(),
        scope,
        lambda store, tell: _effects(store, scope, by_category, tell),
        label="Measuring what events do",
        kept=32,
    )


def effects_now(store: Store, scope: Scope) -> Effects:
    """The effects on the whole scope alone, measured at once; may be called from any thread."""
    return _effects_now(queries.version(), scope, store)


def with_events(panel: pd.DataFrame, scope: Scope, split: Split) -> pd.DataFrame:
    """A panel with what its calendar knows ahead: pooled days, and a column per event."""
    from ui import covariates

    if panel.empty:
        return panel
    calendar = entries(scope.dataset_id)
    stamps = panel["timestamp"]
    first, last = stamps.min().date(), (stamps.max() + pd.Timedelta(days=31)).date()
    found = events.occurrences(calendar, first, last, place_id=scope.place_id)
    if scope.place_id is None:
        found = found[found["place_id"].isna()]
    pooled = covariates.with_events(panel, found[found["kind"] != "school"])
    columns = event_columns.event_columns(
        panel, calendar, places=_places(panel, scope, split), shares=_shares(scope.dataset_id)
    )
    return pd.concat([pooled, columns], axis=1)


def _places(panel: pd.DataFrame, scope: Scope, split: Split) -> dict[str, int | None]:
    """Where each series of a panel sells."""
    series = [str(key) for key in panel["series_id"].unique()]
    if scope.place_id is not None:
        return dict.fromkeys(series, scope.place_id)
    if split == "place":
        return {key: int(key) for key in series}
    if split == "product_place":
        return {key: int(key.rpartition(":")[2]) for key in series}
    return dict.fromkeys(series)


def _shares(dataset_id: int) -> dict[int, float]:
    """How much of all units each place sells."""
    units = queries.places(dataset_id)["quantity"].clip(lower=0)
    total = float(units.sum())
    return {
        int(str(place)): float(value) / total if total > 0 else 0.0
        for place, value in units.items()
    }


@st.cache_resource(max_entries=16, show_spinner=False)
def _entries(version: Version, dataset_id: int) -> list[Entry]:
    return calendar_store.read(state.store(), dataset_id)


@st.cache_resource(max_entries=16, show_spinner=False)
def _effects_now(version: Version, scope: Scope, _store: Store) -> Effects:
    return _effects(_store, scope, False, lambda share: None)


def _effects(store: Store, scope: Scope, by_category: bool, tell: Tell) -> Effects:
    sums = event_sums.sums(store, scope, by_category=by_category)
    if sums.empty:
        return Effects(measured={}, series=pd.DataFrame())
    tell(_SUMMED)
    first, last = sums["timestamp"].min().date(), sums["timestamp"].max().date()
    calendar = calendar_store.read(store, scope.dataset_id)
    found = events.occurrences(calendar, first, last, place_id=scope.place_id)
    amounts = _wide(sums, "amount", scope)
    return Effects(
        measured=measured(sums, found, scope, tell=tell),
        series=amounts.assign(**{TOTAL: amounts.sum(axis=1, min_count=1)}),
    )


def measured(
    sums: pd.DataFrame, found: pd.DataFrame, scope: Scope, *, tell: Tell | None = None
) -> dict[str, Measured]:
    """The effects of occurrences on each category of `data.event_sums.sums`, and on TOTAL.

    `tell` is called between categories with the share that is done.
    Events of single places are left out where all places are together; school terms always.
    """
    from forecasting.diagnostics.events import Window, measure, pool

    if scope.place_id is None:
        found = found[found["place_id"].isna()]
    windows = [Window(*each) for each in events.phases(found[found["kind"] != "school"])]
    tables = {name: _wide(sums, name, scope) for name in ("amount", *_CONTROLS)}
    amounts = tables["amount"]
    times = pd.DatetimeIndex(amounts.index)
    made: dict[str, Measured] = {}
    largest = amounts.sum().sort_values(ascending=False).index[:CATEGORIES]
    for number, name in enumerate(largest):
        if tell is not None:
            tell(_SUMMED + (1 - _SUMMED) * number / (len(largest) + 1))
        controls = np.column_stack([tables[each][name] for each in _CONTROLS])
        one = measure(times, amounts[name].to_numpy(), windows, controls=controls)
        if one is not None and str(name) not in ("", TOTAL):
            made[str(name)] = one
    weights = amounts.mean().clip(lower=0)
    controls = np.column_stack([_mean(tables[each], weights) for each in _CONTROLS])
    whole = amounts.sum(axis=1, min_count=1).to_numpy(dtype=np.float64)
    together = measure(times, whole, windows, controls=controls)
    return {**pool(made), **({TOTAL: together} if together is not None else {})}


def _mean(table: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """The mean (T,) of the columns, weighted; NaN where nothing is known."""
    known = table.notna() * weights
    total = known.sum(axis=1)
    return (table.fillna(0.0) * weights).sum(axis=1) / total.where(total > 0)


def _wide(sums: pd.DataFrame, column: str, scope: Scope) -> pd.DataFrame:
    """A row per period without gaps, a column per series; amounts of days without a row are 0."""
    table = sums.pivot_table(index="timestamp", columns="series_id", values=column, dropna=False)
    step = {"D": "D", "W": "7D", "M": "MS"}[scope.freq]
    index = pd.date_range(sums["timestamp"].min(), sums["timestamp"].max(), freq=step)
    names = sums["series_id"].unique()
    table = table.reindex(index=index, columns=names)
    return table.fillna(0.0) if column == "amount" else table


def finest(scope: Scope, dataset: queries.Dataset) -> Scope:
    """The scope at the frequency that effects are measured at: the finest that the data has."""
    return replace(scope, freq=dataset.frequency)
