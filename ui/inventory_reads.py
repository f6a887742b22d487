"""What the Inventory page reads: stock, settings, the forecast, and the plan made of them.

Forecast and plan take seconds for a large shop, so they are made once and kept for all sessions,
by the version of the data, of the settings, and the run. While they are made, a bar says how far.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

import forecasting as fc
from data import inventory, inventory_settings, publications, saved_segments
from data.inventory import PAIR
from data.publications import Publication
from data.scope import Freq, Scope
from data.segments import Thresholds
from data.store import Store
from engine.registry import Entry
from forecasting.planning import Plan
from ui import inventory_facts as facts
from ui import inventory_plan as of_plan
from ui import inventory_source as sources
from ui import queries, run_queries, state, training
from ui.engine import registry
from ui.inventory_source import Source
from ui.queries import Dataset

KEPT = 6  # plans in memory; one of 30,490 lines with 500 futures takes about 100 MB
_STEP_DAYS = {"D": 1, "W": 7}


Tell = Callable[[float, str], object]  # share done, and what is being done


@dataclass(frozen=True, kw_only=True, eq=False)
class Inputs:
    """What a plan stands on, read from caches and the registry."""

    key: Any  # equal for equal plans
    dataset_id: int
    known: pd.DataFrame  # stock of the scope's lines
    day: date  # the newest stock
    entry: Entry | None  # the run to plan on
    why: str  # why there is none
    frame: pd.DataFrame | None  # of its forecast, or of that below the published plan
    plan: Publication | None  # the published version to plan on, before any run
    only_place: int | None  # of a run by product
    settings: pd.DataFrame
    classes: "pd.Series[str]"


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """The plan of a scope, before budget and decisions."""

    source: Source
    plan: Plan
    lines: pd.DataFrame  # of `facts.table`
    items: pd.DataFrame  # of `facts.items`
    coming: pd.DataFrame  # deliveries, of all lines
    stock_day: date  # the newest stock
    gone: int  # lines whose stock is too old to count
    unforecast: int  # lines with stock that the forecast leaves out
    late: int  # deliveries that were due before the stock was taken


@dataclass(eq=False)
class _Kept:
    """Plans by key, the last used at the end."""

    plans: "OrderedDict[Any, Made]" = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def has_stock(dataset_id: int) -> bool:
    """Whether any stock is known."""
    return not stock(dataset_id).empty


def stock(dataset_id: int) -> pd.DataFrame:
    """See `data.inventory.stock`."""
    return _stock(queries.version(), revision(dataset_id), dataset_id)


def revision(dataset_id: int) -> int:
    """Of the settings, deliveries and counts."""
    return inventory.revision(state.store(), dataset_id)


def settings(dataset_id: int) -> pd.DataFrame:
    """Every setting; never cached, because they change without an import."""
    return inventory_settings.settings(state.store(), dataset_id)


def classes(dataset: Dataset) -> "pd.Series[str]":
    """AX to CZ by product_id, as on Segments with its usual limits, over all places."""
    measure = "revenue" if dataset.has_revenue else "quantity"
    whole = Scope(dataset_id=dataset.dataset_id, freq="W", measure=measure)  # type: ignore[arg-type]
    found = queries.classified_products(whole, dataset.frequency, Thresholds())
    if found.empty:
        return pd.Series(dtype=object)
    return found["abc"] + found["xyz"]


def stock_day(known: pd.DataFrame, frequency: Freq) -> date:
    """The newest day of stock; of weeks, the end of its week."""
    newest: date = known["day"].max().date()
    return newest + timedelta(days=6 - newest.weekday()) if frequency == "W" else newest


def inputs(dataset: Dataset, scope: Scope) -> Inputs | None:
    """What a plan of the scope stands on; None where no stock is known in it."""
    known = _within(stock(dataset.dataset_id), scope)
    if known.empty:
        return None
    day = stock_day(stock(dataset.dataset_id), dataset.frequency)
    entry, why = _newest_run(dataset, scope, pd.Timestamp(day) + pd.Timedelta(days=1))
    plan = _published(dataset, entry, pd.Timestamp(day) + pd.Timedelta(days=1))
    below = plan.run_id if plan is not None else entry.run_id if entry is not None else ""
    asked = replace(scope, freq="W", measure="quantity", corrected=False, correction_revision=0)
    revised = revision(dataset.dataset_id)
    return Inputs(
        key=(queries.version(), revised, asked, below, plan),
        dataset_id=dataset.dataset_id,
        known=known,
        day=day,
        entry=entry,
        why=why,
        frame=registry().run(below).frame("forecast") if below else None,
        plan=plan,
        only_place=_only_place(entry, dataset) if entry else _single_place(dataset),
        settings=settings(dataset.dataset_id),
        classes=classes(dataset),
    )


def made(dataset: Dataset, scope: Scope) -> Made | None:
    """The plan of a scope; None where no stock or no sales are known in it."""
    given = inputs(dataset, scope)
    if given is None:
        return None
    bar = st.empty()
    found = planned(given, state.store(), lambda share, words: bar.progress(share, text=words))
    bar.empty()
    return found


def planned(given: Inputs, store: Store, tell: Tell) -> Made | None:
    """The same from its inputs, kept for all; may be called from any thread."""
    kept = _kept()
    with kept.lock:
        if given.key in kept.plans:
            kept.plans.move_to_end(given.key)
            return _named(kept.plans[given.key], given)
    found = _make(given, store, tell)
    if found is not None:
        with kept.lock:
            kept.plans[given.key] = found
            while len(kept.plans) > KEPT:
                kept.plans.popitem(last=False)
    return found


def _named(made: Made, given: Inputs) -> Made:
    """A kept plan with what is said of its forecast now: runs come and are given other names."""
    if made.source.plan is not None or (made.source.entry is None) != (given.entry is None):
        return made
    return replace(made, source=replace(made.source, entry=given.entry, why_quick=given.why))


def _make(given: Inputs, store: Store, tell: Tell) -> Made | None:
    dataset_id, day, known = given.dataset_id, given.day, given.known
    today = pd.Timestamp(day) + pd.Timedelta(days=1)
    fresh = known[(pd.Timestamp(day) - known["day"]).dt.days <= facts.GONE_DAYS]
    if fresh.empty:
        return None
    tell(0.0, "Reading sales")
    asked = sorted(set(fresh["product_id"].tolist()))
    weeks = inventory.weekly_sales(
        store, dataset_id, until=day, weeks=sources.WEEKS, products=asked
    )
    weeks = weeks.merge(fresh[PAIR], on=PAIR)
    source = _source(given, fresh, weeks, store, tell)
    if source is None:
        return None
    settled = inventory_settings.resolved(
        fresh,
        given.settings,
        inventory_settings.records(store, dataset_id),
        given.classes,
    )
    frame = facts.items(fresh, settled, inventory.prices(store, dataset_id))
    frame = frame[frame["series_id"].isin(source.forecast.series_ids)].reset_index(drop=True)
    coming = inventory.coming(store, dataset_id, day)

    def planning(done: int, count: int) -> None:
        tell(done / count, f"Planning {count:,} products in places")

    plan = facts.planned(source.forecast, frame, coming, on_chunk=planning)
    return Made(
        source=source,
        plan=plan,
        lines=facts.table(plan, frame, weeks, today=today),
        items=frame,
        coming=coming,
        stock_day=day,
        gone=len(known) - len(fresh),
        unforecast=len(fresh) - len(frame),
        late=inventory.late(store, dataset_id, day),
    )


def _source(
    given: Inputs, fresh: pd.DataFrame, weeks: pd.DataFrame, store: Store, tell: Tell
) -> Source | None:
    """The published plan, else the run's forecast, else last year's weeks.

    None where nothing ever sold.
    """
    today, why = pd.Timestamp(given.day) + pd.Timedelta(days=1), given.why
    if given.plan is not None:
        found = of_plan.forecast(
            publications.rows(store, given.plan.publication_id),
            given.plan,
            sources.ids(fresh),
            today,
            run=given.frame,
            quick=lambda: _quick(given, fresh, weeks, store, tell),
            only_place=given.only_place,
        )
        if found is not None:
            return Source(
                forecast=found.forecast, entry=None, plan=given.plan, simple_bands=found.simple
            )
        why = "the published plan leaves these products out"
    if given.entry is not None and given.plan is None:
        if given.frame is not None:
            wanted = sources.ids(fresh)
            forecast = sources.of_run(given.frame, wanted, today, only_place=given.only_place)
            if forecast is not None:
                return Source(forecast=forecast, entry=given.entry)
        why = "what the newest run forecast has passed"
    forecast = _quick(given, fresh, weeks, store, tell)
    return None if forecast is None else Source(forecast=forecast, entry=None, why_quick=why)


def _quick(
    given: Inputs, fresh: pd.DataFrame, weeks: pd.DataFrame, store: Store, tell: Tell
) -> fc.Forecast | None:
    """Last year's weeks; None where nothing ever sold."""
    if weeks.empty:
        return None
    forecast = sources.quick(
        weeks,
        given.day,
        zero_gaps=inventory.counts_gaps_as_zero(store, given.dataset_id),
        on_progress=lambda share: tell(share, "Last year's weeks"),
    )
    return _only(forecast, forecast.series_ids.isin(sources.ids(fresh)))


def _only(forecast: fc.Forecast, kept: Any) -> fc.Forecast:
    if kept.all():
        return forecast
    return replace(
        forecast,
        mean=forecast.mean[kept],
        quantiles=forecast.quantiles[kept],
        series_ids=forecast.series_ids[kept],
    )


def _published(dataset: Dataset, entry: Entry | None, today: pd.Timestamp) -> Publication | None:
    """The version published last that orders can be planned on.

    A run that has seen newer sales goes before it: the plan is out of date then.
    """
    found = [
        plan
        for plan in publications.listed(state.store(), dataset.dataset_id)
        if of_plan.reaches(plan, today)
    ][:1]
    for plan in found:
        by_place = publications.has_places(state.store(), plan.publication_id)
        known = str(plan.sales_until or "")
        if (by_place or dataset.places == 1) and (
            entry is None or known >= str(entry.about.data_until)[:10]
        ):
            return plan
    return None


def _single_place(dataset: Dataset) -> int | None:
    places = queries.places(dataset.dataset_id).index
    return int(places[0]) if len(places) == 1 else None


def _newest_run(dataset: Dataset, scope: Scope, today: pd.Timestamp) -> tuple[Entry | None, str]:
    """The newest finished run of days or weeks that covers the scope's lines, or why none does."""
    why = "no trained forecast by product and place covers this"
    for entry in registry().entries():
        of_run = training.scope_of(entry.about)
        if not entry.about.model or of_run is None or of_run.dataset_id != scope.dataset_id:
            continue
        if not (registry().run(entry.run_id).folder / "forecast.parquet").is_file():
            continue
        by_line = entry.about.scope.get("split") == "product_place" or _only_place(entry, dataset)
        if not by_line or of_run.freq not in _STEP_DAYS or of_run.measure != "quantity":
            continue
        asked = replace(scope, freq=of_run.freq, measure="quantity")
        if run_queries.selecting(asked, entry.run_id) is None:
            continue
        step = _STEP_DAYS[of_run.freq]
        until = pd.Timestamp(entry.about.data_until) + pd.Timedelta(
            days=step * (entry.about.horizon + 1)
        )
        if until < today + pd.Timedelta(days=3 * step):
            why = f"what “{entry.name}” forecast has passed"
            continue
        return entry, ""
    return None, why


def _only_place(entry: Entry, dataset: Dataset) -> int | None:
    """The place that a run by product is of, where it is of a single one."""
    if entry.about.scope.get("split") != "product":
        return None
    if (place := entry.about.scope.get("place")) is not None:
        return int(place)
    return _single_place(dataset)


def _within(known: pd.DataFrame, scope: Scope) -> pd.DataFrame:
    """The rows of the scope's products and place."""
    if scope.place_id is not None:
        known = known[known["place_id"] == scope.place_id]
    if scope.product_id is not None:
        return known[known["product_id"] == scope.product_id]
    products = queries.products(scope.dataset_id)
    depth = len(scope.categories)
    if depth:
        inside = products["categories"].map(lambda path: path[:depth] == scope.categories)
        known = known[known["product_id"].isin(products.index[inside.to_numpy(dtype=bool)])]
    if scope.segment_id is not None:
        members = saved_segments.members(state.store(), scope.segment_id)
        known = known[known["product_id"].isin(members)]
    return known


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


@st.cache_resource(max_entries=4, show_spinner=False)
def _stock(version: queries.Version, revision: int, dataset_id: int) -> pd.DataFrame:
    return inventory.stock(state.store(), dataset_id)
