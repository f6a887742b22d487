"""Cached reads of finished runs: which scopes they cover, and what they forecast for one.

As in `ui.queries`, every cache is bounded and keyed by the version of the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.dataset as files
import streamlit as st

from data import panels, saved_segments
from data.scope import Scope, Split
from engine import champions
from engine.registry import Entry
from ui import queries, run_forecasts, run_prices, state, training
from ui.engine import registry
from ui.queries import Version
from ui.run_forecasts import Nodes, Selects
from ui.run_prices import Prices

if TYPE_CHECKING:  # the library takes a while to import
    from ui.forecasts import Outlook


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """How the series of a run add up to a scope."""

    wanted: Selects
    prices: Prices | None  # of units that are shown in money; None: as the run forecast them

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows by series_id and timestamp that are wanted, in the measure asked."""
        ids = frame["series_id"].astype(str)
        known = {series_id: self.wanted(series_id) for series_id in ids.unique()}
        chosen = frame.assign(series_id=ids)[ids.map(known).to_numpy(dtype=bool)]
        return chosen if self.prices is None else run_prices.in_money(chosen, self.prices)


def covers(scope: Scope, run_id: str) -> bool:
    """Whether the series of a finished run add up to the scope, in its own measure."""
    folder = registry().run(run_id).folder
    return (folder / "forecast.parquet").is_file() and selecting(scope, run_id) is not None


def shows(scope: Scope, run_id: str) -> bool:
    """Whether they do so, or would if their units were priced."""
    folder = registry().run(run_id).folder
    return (folder / "forecast.parquet").is_file() and _can_show(scope, run_id)


def fitting(scope: Scope, run_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some runs that are finished and can show the scope, units priced for money."""
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


def reading(scope: Scope, run_id: str) -> Reading | None:
    """How a finished run shows the scope: as it forecast, or its units priced; None if not."""
    if (wanted := selecting(scope, run_id)) is not None:
        return Reading(wanted=wanted, prices=None)
    if not _can_show(scope, run_id):
        return None
    units = selecting(in_units(scope), run_id)
    prices = _prices(queries.version(), run_id)
    if units is None or prices is None:
        return None
    return Reading(wanted=run_prices.only_priced(units, prices), prices=prices)


def pricing(scope: Scope, run_id: str) -> str:
    """At which price the units of a run are shown as money; "" where they are not."""
    if selecting(scope, run_id) is not None or scope.measure != "revenue":
        return ""
    units, prices = selecting(in_units(scope), run_id), _prices(queries.version(), run_id)
    frame = registry().run(run_id).frame("forecast")
    if units is None or prices is None or frame is None:
        return ""
    ids = [each for each in frame["series_id"].astype(str).unique() if units(each)]
    return run_prices.words(prices, len(ids), sum(not prices.has(each) for each in ids))


def in_units(scope: Scope) -> Scope:
    """The same scope where units are shown."""
    return replace(scope, measure="quantity")


def _can_show(scope: Scope, run_id: str) -> bool:
    if selecting(scope, run_id) is not None:
        return True
    if scope.measure != "revenue":
        return False
    units = selecting(in_units(scope), run_id)
    paid = _paid_of(run_id)
    return units is not None and paid is not None and any(units(str(each)) for each in paid.index)


def _paid_of(run_id: str) -> pd.Series[float] | None:
    """What is paid lately per unit of each series of a run; None where it is gone."""
    entry = registry().entry(run_id)
    of_run = training.scope_of(entry.about) if entry else None
    split = entry.about.scope.get("split") if entry else None
    if of_run is None or split not in training.SPLITS:
        return None
    return _paid(queries.version(), of_run, split)


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
    return _can_show(scope, run_id)


@st.cache_resource(max_entries=64, show_spinner=False)
def _means(version: Version, scope: Scope, run_id: str) -> pd.DataFrame | None:
    frame, read = registry().run(run_id).frame("forecast"), reading(scope, run_id)
    return None if frame is None or read is None else run_forecasts.total_of(read.of(frame))


@st.cache_resource(max_entries=64, show_spinner=False)
def _outlook(
    version: Version, scope: Scope, run_id: str, comparison: str | None, horizon: int
) -> Outlook | None:
    entry, read = registry().entry(run_id), reading(scope, run_id)
    frame = registry().run(run_id).frame("forecast")
    if entry is None or read is None or frame is None:
        return None
    tests = registry().run(comparison).frame("backtest") if comparison else None
    return run_forecasts.outlook(
        read.of(frame),
        None if tests is None else read.of(tests),
        queries.series(scope),
        about=entry.about,
        scope=scope,
        horizon=horizon,
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def _paid(version: Version, scope: Scope, split: Split) -> pd.Series[float]:
    found = panels.paid(state.store(), scope, split).set_index("series_id")["price"]
    return found.set_axis(found.index.astype(str))


@st.cache_resource(max_entries=8, show_spinner=False)
def _prices(version: Version, run_id: str) -> Prices | None:
    """The prices of a run; those of single products are known by period where it reads them."""
    entry, paid = registry().entry(run_id), _paid_of(run_id)
    if entry is None or paid is None:
        return None
    parts: list[pd.DataFrame] = []
    by_product = entry.about.scope.get("split") in ("product", "product_place")
    if by_product and "price" in entry.about.covariates:
        parts = [_known(entry, name) for name in ("panel", "future")]
    known = pd.concat(parts, ignore_index=True).dropna() if parts else pd.DataFrame()
    return Prices(paid=paid, known=known, ahead=bool(parts) and len(parts[1]) > 0)


def _known(entry: Entry, name: str) -> pd.DataFrame:
    """series_id, timestamp, price of a frame of a run, from its first tested period on."""
    path = registry().run(entry.run_id).folder / f"{name}.parquet"
    columns = ["series_id", "timestamp", "price"]
    if not path.is_file() or "price" not in files.dataset(path).schema.names:
        return pd.DataFrame(columns=columns)
    table = files.dataset(path).to_table(columns=columns, filter=_tested(entry))
    return table.to_pandas().astype({"series_id": str})


def _tested(entry: Entry) -> files.Expression:
    """The rows since the first cut-off of a run's comparison, or since its data ended."""
    tests = champions.comparison_of(registry(), entry)
    scores = registry().run(tests.run_id).frame("scores") if tests else None
    until = pd.Timestamp(entry.about.data_until)
    since = until if scores is None else min(until, pd.Timestamp(scores["cutoff"].min()))
    return files.field("timestamp") > since
