"""The only cached reads of the database; every cache is bounded and keyed by the data's version.

The version changes with every import, undo and deletion, so that nothing here is ever stale.
Frames of `st.cache_resource` are shared by all sessions: nobody may change them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from data import calendar_store, panels, queries, saved_segments
from data import events as data_events
from data import overview as data_overview
from data import quality as data_quality
from data import segments as data_segments
from data.comparison import Comparison
from data.saved_segments import Segment
from data.scope import Freq, Level, Scope, Split
from data.segments import Thresholds
from data.store import Store
from ui import state
from ui.summaries import RHYTHMS, Recent

if TYPE_CHECKING:  # the library takes a while to import, and Home does without
    from ui.forecasts import Outlook
    from ui.seasonality_compare import Child
    from ui.seasonality_facts import Patterns

CENTURY = (date(1990, 1, 1), date(2045, 12, 31))  # every year that sales are likely to have
Version = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One dataset as the screens need it."""

    dataset_id: int
    name: str
    source: str  # upload or demo
    currency: str
    category_levels: tuple[str, ...]
    frequency: Freq  # what one row of the files stands for; nothing finer can be shown
    first_day: date | None  # None: no sales
    last_day: date | None
    products: int
    places: int
    sales_rows: int
    has_revenue: bool


def version() -> Version:
    """Of all data; the first argument of every cached read."""
    return queries.version(state.store())


def datasets() -> list[Dataset]:
    """Every dataset, newest first."""
    return _datasets(version())


def products(dataset_id: int) -> pd.DataFrame:
    """product_id (index), code, name, categories, quantity, revenue; best sellers first."""
    return _products(version(), dataset_id)


def category_paths(dataset_id: int) -> frozenset[tuple[str, ...]]:
    """The category path of every product, widest level first."""
    return _category_paths(version(), dataset_id)


def places(dataset_id: int) -> pd.DataFrame:
    """place_id (index), code, name, quantity, revenue; largest first."""
    return _places(version(), dataset_id)


def series(scope: Scope) -> pd.DataFrame:
    """The sales of the scope, one row per period; see `data.queries.series`."""
    return _series(version(), scope)


def children(scope: Scope, level: Level) -> pd.DataFrame:
    """The sales of the scope one level down; see `data.queries.children`."""
    return _children(version(), scope, level)


def panel(scope: Scope, split: Split, horizon: int) -> pd.DataFrame:
    """The sales of the scope to learn from, and what is planned; see `data.panels.panel`."""
    return _panel(version(), scope, split, horizon)


def events(dataset_id: int, first: date, last: date) -> pd.DataFrame:
    """Festivals and own events between two days, in every place."""
    return _events(version(), dataset_id, first, last)


def outlook(scope: Scope, horizon: int, model: str) -> Outlook:
    """The forecast of the scope with its backtest; see `ui.forecasts.outlook`."""
    return _outlook(version(), scope, horizon, model)


def quick_outlook(scope: Scope) -> Recent | None:
    """The next periods of the scope by theta, not tested; None before a complete one."""
    return _quick_outlook(version(), scope)


def child_outlooks(scope: Scope, level: Level, horizon: int) -> pd.DataFrame:
    """Every child forecast on its own; see `ui.forecast_children.on_their_own`."""
    return _child_outlooks(version(), scope, level, horizon)


def patterns(scope: Scope, frequency: Freq) -> Patterns | None:
    """Seasons and trend of the scope; see `ui.seasonality_facts.patterns`."""
    return _patterns(version(), scope, frequency)


def comparison(
    scope: Scope, level: Level, frequency: Freq, keys: tuple[str, ...] = ()
) -> list[Child]:
    """Seasons of the largest or the chosen children; see `ui.seasonality_compare.children`.

    Raises `background.NotYet` while that is being worked out, after drawing how far it is.
    """
    from ui import background  # late: it draws, which this module does not

    asked, calendar = replace(scope, freq=frequency), events(scope.dataset_id, *CENTURY)

    def compared(store: Store, tell: background.Tell) -> list[Child]:
        from ui import seasonality_compare as compare

        limit = len(keys) or compare.MOST
        frame = queries.parts(store, asked, level, keys=keys, limit=limit)
        tell(0.4)
        return compare.children(frame, frequency=asked.freq, measure=asked.measure, events=calendar)

    return background.answer(
        "compared seasons", version(), (asked, level, keys), compared,
        label="Comparing their seasons",
    )  # fmt: skip


def hours(scope: Scope) -> pd.DataFrame:
    """When in the week the scope sells; see `data.queries.hours`."""
    return _hours(version(), scope)


def imports() -> pd.DataFrame:
    """Every import, latest first; see `data.queries.imports`."""
    return _imports(version())


def findings(import_id: int) -> pd.DataFrame:
    """What an import found and what was done about it."""
    return _findings(version(), import_id)


def quality(dataset_id: int, place_id: int | None) -> data_quality.Quality | None:
    """How far the sales can be trusted; see `data.quality.examine`."""
    return _quality(version(), dataset_id, place_id)


def overview(scope: Scope, comparison: Comparison) -> data_overview.Overview | None:
    """Sales against a year before; see `data.overview.overview`."""
    return _overview(version(), scope, comparison)


def classified_products(scope: Scope, frequency: Freq, limits: Thresholds) -> pd.DataFrame:
    """Every product with its measures and classes; see `data.segments`. Empty: none ever sold."""
    return _classified_products(version(), scope, frequency, limits)


def segments(dataset_id: int) -> list[Segment]:
    """The saved segments by name; never cached, since they change without an import."""
    return saved_segments.segments(state.store(), dataset_id)


@st.cache_resource(max_entries=4, show_spinner=False)
def _datasets(version: Version) -> list[Dataset]:
    frame = queries.datasets(state.store())
    return [
        Dataset(
            dataset_id=int(row["dataset_id"]),
            name=row["name"],
            source=row["source"],
            currency=row["currency"],
            category_levels=tuple(row["category_levels"]),
            frequency=row["frequency"],
            first_day=_day(row["first_day"]),
            last_day=_day(row["last_day"]),
            products=int(row["products"]),
            places=int(row["places"]),
            sales_rows=int(row["sales_rows"]),
            has_revenue=bool(row["has_revenue"]),
        )
        for row in frame.to_dict("records")
    ]


@st.cache_resource(max_entries=8, show_spinner=False)
def _products(version: Version, dataset_id: int) -> pd.DataFrame:
    frame = queries.products(state.store(), dataset_id)
    frame["categories"] = [tuple(path) for path in frame["categories"]]
    return frame.set_index("product_id")


@st.cache_resource(max_entries=8, show_spinner=False)
def _category_paths(version: Version, dataset_id: int) -> frozenset[tuple[str, ...]]:
    return frozenset(_products(version, dataset_id)["categories"])


@st.cache_resource(max_entries=8, show_spinner=False)
def _places(version: Version, dataset_id: int) -> pd.DataFrame:
    return queries.places(state.store(), dataset_id).set_index("place_id")


@st.cache_data(max_entries=512, show_spinner=False)
def _series(version: Version, scope: Scope) -> pd.DataFrame:
    return queries.series(state.store(), scope)


@st.cache_data(max_entries=128, show_spinner=False)
def _children(version: Version, scope: Scope, level: Level) -> pd.DataFrame:
    return queries.children(state.store(), scope, level)


@st.cache_resource(max_entries=4, show_spinner=False)
def _panel(version: Version, scope: Scope, split: Split, horizon: int) -> pd.DataFrame:
    return panels.panel(state.store(), scope, split, horizon=horizon)


@st.cache_data(max_entries=64, show_spinner=False)
def _events(version: Version, dataset_id: int, first: date, last: date) -> pd.DataFrame:
    entries = calendar_store.read(state.store(), dataset_id)
    named = [each for each in entries if each.kind in ("festival", "own")]
    return data_events.occurrences(named, first, last)


@st.cache_resource(max_entries=128, show_spinner=False)
def _patterns(version: Version, scope: Scope, frequency: Freq) -> Patterns | None:
    from ui import seasonality_facts as facts

    judged: dict[Freq, tuple[Freq, ...]] = {"D": ("D", "W"), "W": ("W",), "M": ("M",)}
    frames = {
        freq: _series(version, replace(scope, freq=freq))
        for freq in (*judged[frequency], scope.freq)
    }
    return facts.patterns(
        frames,
        freq=scope.freq,
        measure=scope.measure,
        events=_events(version, scope.dataset_id, *CENTURY),
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _hours(version: Version, scope: Scope) -> pd.DataFrame:
    return queries.hours(state.store(), scope)


@st.cache_data(max_entries=4, show_spinner=False)
def _imports(version: Version) -> pd.DataFrame:
    return queries.imports(state.store())


@st.cache_data(max_entries=32, show_spinner=False)
def _findings(version: Version, import_id: int) -> pd.DataFrame:
    return queries.findings(state.store(), import_id)


@st.cache_resource(max_entries=32, show_spinner=False)
def _quality(
    version: Version, dataset_id: int, place_id: int | None
) -> data_quality.Quality | None:
    return data_quality.examine(state.store(), dataset_id, place_id)


@st.cache_resource(max_entries=16, show_spinner=False)
def _classified_products(
    version: Version, scope: Scope, frequency: Freq, limits: Thresholds
) -> pd.DataFrame:
    measured = _measured_products(version, scope, frequency)
    return measured if measured.empty else data_segments.classes(measured, limits)


@st.cache_resource(max_entries=16, show_spinner=False)
def _measured_products(version: Version, scope: Scope, frequency: Freq) -> pd.DataFrame:
    return data_segments.measures(state.store(), scope, frequency)


@st.cache_resource(max_entries=64, show_spinner=False)
def _overview(
    version: Version, scope: Scope, comparison: Comparison
) -> data_overview.Overview | None:
    return data_overview.overview(state.store(), scope, comparison)


@st.cache_resource(max_entries=256, show_spinner=False)
def _outlook(version: Version, scope: Scope, horizon: int, model: str) -> Outlook:
    from ui import forecasts

    return forecasts.outlook(
        _series(version, scope),
        freq=scope.freq,
        measure=scope.measure,
        horizon=horizon,
        model=model,
        scores=_scores(version, scope, horizon),
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _quick_outlook(version: Version, scope: Scope) -> Recent | None:
    from ui import forecasts

    series = _series(version, scope)
    if forecasts.history_of(series, scope.measure).empty:
        return None
    rhythm = RHYTHMS[scope.freq]
    made = forecasts.outlook(
        series,
        freq=scope.freq,
        measure=scope.measure,
        horizon=rhythm.horizon,
        model="theta",
        scores=None,
    )
    return forecasts.next_periods(made, rhythm)


@st.cache_data(max_entries=512, show_spinner=False)
def _scores(version: Version, scope: Scope, horizon: int) -> pd.DataFrame | None:
    from ui import forecasts

    history = forecasts.history_of(_series(version, scope), scope.measure)
    return forecasts.backtest(history, scope.freq, horizon)


@st.cache_data(max_entries=256, show_spinner=False)
def _child_outlooks(version: Version, scope: Scope, level: Level, horizon: int) -> pd.DataFrame:
    from ui import child_queries, forecast_children

    return forecast_children.on_their_own(child_queries.apart(version, scope, level, horizon))


def _day(value: pd.Timestamp) -> date | None:
    return None if pd.isna(value) else value.date()
