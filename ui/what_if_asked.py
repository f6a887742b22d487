"""Trained runs that answer a scenario: which one for which products, and asking them again.

A run that is in use for a part of what is asked (an exception, or the champion of a narrower
scope) answers there; the rest is answered by one run. All of it is asked as one forecast.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

import forecasting as fc
from data.scope import Scope
from data.store import Store
from engine.errors import EngineError
from engine.registry import Entry
from forecasting.arrays import IntArray
from forecasting.future import known_future_array
from forecasting.scenarios import Member, Routed
from ui import background, covariates, elasticity_reads, in_use, model_facts, queries, run_queries
from ui import inventory_source as sources
from ui import what_if_ground as grounds
from ui import what_if_reads as reads
from ui.background import Tell
from ui.engine import registry
from ui.in_use import InUse
from ui.queries import Dataset
from ui.training import panel as sales_panel
from ui.training import scope_of
from ui.what_if_work import Answerer

PRICE = "price"


@dataclass(frozen=True, kw_only=True)
class Asker:
    """A finished run that reads prices, and can be asked again."""

    entry: Entry
    scope: Scope  # of the run


@dataclass(frozen=True, kw_only=True)
class Share:
    """Products, in a place or all, for which a certain run is in use."""

    products: frozenset[int]
    place_id: int | None
    words: str  # of the part, such as "Home, all places"
    asker: Asker | None  # None: it cannot be asked, so the one of the rest answers
    name: str  # of the run
    why: str = ""  # it cannot be asked


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The run that answers, and others for parts of the scope, the widest part first."""

    asker: Asker
    shares: tuple[Share, ...] = field(default=())

    @property
    def key(self) -> str:
        """Of the runs and parts, for what is kept."""
        parts = [
            f"{share.asker.entry.run_id if share.asker else ''}@{share.words}"
            for share in self.shares
        ]
        return "|".join([self.asker.entry.run_id, *parts])

    @property
    def askers(self) -> list[Asker]:
        """Everyone who answers, each once."""
        every = [self.asker, *(each.asker for each in self.shares if each.asker is not None)]
        return list({each.entry.run_id: each for each in every}.values())

    @property
    def names(self) -> str:
        """Of all who answer, for a sentence."""
        return " and ".join(f"“{each.entry.name}”" for each in self.askers)

    @property
    def horizon(self) -> int:
        """Steps that all of them forecast."""
        return min(each.entry.about.horizon for each in self.askers)

    def in_charge(self, pairs: pd.DataFrame) -> IntArray:
        """Who of `askers` answers for each of these products in places."""
        runs = [each.entry.run_id for each in self.askers]
        found = np.zeros(len(pairs), dtype=np.intp)
        for share in self.shares:
            rows = pairs["product_id"].isin(share.products).to_numpy()
            if share.place_id is not None:
                rows &= (pairs["place_id"] == share.place_id).to_numpy()
            found[rows] = runs.index(share.asker.entry.run_id) if share.asker else 0
        return found


def askers(dataset: Dataset, scope: Scope) -> list[Asker]:
    """Finished runs of products in places that read prices and cover a scope.

    What is in use for just this scope first, then champions, then the latest.
    """
    found = []
    for entry in registry().entries():
        asker = _able(entry, dataset)
        if asker is None:
            continue
        if run_queries.selecting(_as_run(scope, asker.scope), entry.run_id) is not None:
            found.append(asker)
    used = {
        of.run.run_id
        for freq in {each.scope.freq for each in found}
        if (of := in_use.of(replace(scope, freq=freq, measure="quantity"))) is not None
    }
    return sorted(
        found,
        key=lambda each: (
            each.entry.run_id not in used, not each.entry.is_champion, -each.entry.number
        ),
    )  # fmt: skip


def _as_run(scope: Scope, of_run: Scope) -> Scope:
    return replace(
        scope, freq=of_run.freq, measure="quantity", corrected=of_run.corrected,
        correction_revision=of_run.correction_revision,
    )  # fmt: skip


def _able(entry: Entry, dataset: Dataset) -> Asker | None:
    """The run as one that can be asked; None where it cannot."""
    of_run = scope_of(entry.about)
    if of_run is None or of_run.dataset_id != dataset.dataset_id or not entry.about.model:
        return None
    if PRICE not in entry.about.covariates or of_run.measure != "quantity":
        return None
    fine = entry.about.scope.get("split") == "product_place" or only_place(entry, dataset)
    if not fine or of_run.freq == "M" or not registry().run(entry.run_id).model.is_dir():
        return None
    return Asker(entry=entry, scope=of_run)


def only_place(entry: Entry, dataset: Dataset) -> int | None:
    """The place of a run by product, where it is of a single one."""
    if entry.about.scope.get("split") != "product":
        return None
    if (place := entry.about.scope.get("place")) is not None:
        return int(place)
    places = queries.places(dataset.dataset_id).index
    return int(places[0]) if len(places) == 1 else None


def with_parts(
    dataset: Dataset,
    scope: Scope,
    asker: Asker,
    last: pd.Timestamp,
    *,
    able: Callable[[Entry, Dataset], Asker | None] | None = None,
) -> Asked:
    """The run, and those in use for parts of the scope; `last` is the last day that changes.

    `able` says which runs can be asked; those that read prices, if it is not given.
    """
    products, place = frozenset(reads.products_in(dataset, scope)), scope.place_id
    shares: list[Share] = []
    rest = [
        each
        for each in in_use.everything(dataset.dataset_id)
        if (each.part.freq, each.part.measure) == (asker.scope.freq, "quantity")
        and (place is None or each.part.place_id in (None, place))
    ]
    while rest:
        best = in_use.nearest(rest)
        assert best is not None
        rest.remove(best)
        inside = _inside(best, products, scope)
        if inside:
            shares.insert(0, _share(best, inside, (able or _able)(best.run, dataset), last))
    return Asked(asker=asker, shares=_that_matter(shares, asker))


def _inside(used: InUse, products: frozenset[int], scope: Scope) -> frozenset[int]:
    """The products of the scope for which a run is in use."""
    part = used.part
    nodes = run_queries.nodes(scope, part)
    one = replace(_as_run(scope, part), categories=(), segment_id=None, segment_revision=0)
    return frozenset(
        each
        for each in products
        if in_use.contains(part, replace(one, product_id=each, place_id=part.place_id), nodes)
    )


def _share(used: InUse, products: frozenset[int], able: Asker | None, last: pd.Timestamp) -> Share:
    why = ""
    if able is None:
        why = "it reads no prices, or is not of products in places"
    elif last >= end_of(able):
        able, why = None, "it does not look as far ahead as these changes"
    return Share(
        products=products,
        place_id=used.part.place_id,
        words=in_use.words(used.part),
        asker=able,
        name=used.run.name,
        why=why,
    )


def _that_matter(shares: list[Share], asker: Asker) -> tuple[Share, ...]:
    """Without those that narrower ones hide, and those of the same run before any other."""
    seen: list[Share] = []
    for share in reversed(shares):
        hiding = [each.products for each in seen if each.place_id in (None, share.place_id)]
        if not share.products <= frozenset().union(*hiding):
            seen.insert(0, share)
    while seen and seen[0].asker and seen[0].asker.entry.run_id == asker.entry.run_id:
        seen.pop(0)
    return tuple(seen)


def end_of(asker: Asker) -> pd.Timestamp:
    """The first day after what a run forecasts from the sales that it knew."""
    about = asker.entry.about
    step = 7 if asker.scope.freq == "W" else 1
    return pd.Timestamp(about.data_until) + timedelta(days=step * (about.horizon + 1))


def model(dataset: Dataset, scope: Scope, asked: Asked) -> Answerer:
    """The models of the runs on the newest sales, for the series of a scope."""
    measured = elasticity_reads.found(dataset)
    frames = [
        sales_panel(each.scope, each.entry.about.scope["split"], each.entry.about.horizon)
        for each in asked.askers
    ]
    products = set(reads.products_in(dataset, scope))

    def body(store: Store, tell: Tell) -> Answerer:
        tell(0.0)
        members = []
        for number, (asker, frame) in enumerate(zip(asked.askers, frames, strict=True)):
            member = _member(asker, frame, only_place(asker.entry, dataset))
            pairs = sources.pairs(member.ids)
            wanted = pairs["product_id"].isin(products).to_numpy()
            wanted &= asked.in_charge(pairs) == number
            if scope.place_id is not None:
                wanted &= (pairs["place_id"] == scope.place_id).to_numpy()
            if wanted.any():
                members.append(_only(member, wanted))
            tell(0.3 * (number + 1) / len(frames))
        one, panel, planned = _as_one(members)
        forecast = one.predict(panel, known_future=planned)
        tell(0.8)
        until = (panel.cutoff + (forecast.timestamps[0] - panel.cutoff)).date() - timedelta(days=1)
        pairs = sources.pairs(members[0].ids if len(members) == 1 else panel.series_ids)
        found = grounds.ahead(
            store,
            dataset.dataset_id,
            pairs,
            until=until,
            days=len(grounds.days_of(forecast, 0, len(forecast.timestamps))),
            by_week=dataset.frequency == "W",
        )
        return Answerer(
            ahead=found,
            forecast=replace(forecast, series_ids=found.ids),
            response=grounds.responses(measured, found.pairs),
            name=asked.asker.entry.name,
            model=one,
            panel=panel,
            future=planned,
        )

    version = (*queries.version(), reads.stock_revision(dataset.dataset_id))
    key = (asked.key, scope.categories, scope.product_id, scope.place_id, scope.segment_id)
    label = f"Asking {asked.asker.entry.name}"
    return background.result("scenario model", version, key, body, label=label, kept=2)


def _member(asker: Asker, frame: pd.DataFrame, place: int | None) -> Member:
    """The model of a run with the newest sales, read as it learned to read them."""
    panel, future = panel_of(asker, frame)
    folder = registry().run(asker.entry.run_id).model
    planned = known_future_array(panel, future, asker.entry.about.horizon)
    ids = panel.series_ids.astype(str)
    return Member(
        model=fc.load(folder),
        panel=panel,
        ids=ids if place is None else pd.Index(ids + f":{place}"),
        future=planned,
    )


def panel_of(asker: Asker, frame: pd.DataFrame) -> tuple[fc.Panel, pd.DataFrame | None]:
    """The newest sales as the run learned to read them, and what is planned.

    Attributes of series are those that the run knew. Raises `EngineError` for columns that the
    sales of today do not have.
    """
    entry = asker.entry
    past, future, spec = covariates.assemble(frame, asker.scope.freq, entry.about.covariates)
    trained = model_facts.trained_by(entry.run_id)
    request = model_facts.request_of(trained)
    if request is None:
        return spec.of(past), future
    learned = request.panel
    ahead = frame["ahead"].to_numpy(dtype=bool)
    for name in learned.past_covariates:
        if name not in frame:
            raise EngineError(f"it reads {name}, which is not among the sales")
        past[name] = frame.loc[~ahead, name].to_numpy()
    if learned.static_features:
        past = _with_attributes(past, trained, learned.static_features)
    if missing := [name for name in learned.known_covariates if name not in past]:
        raise EngineError(f"it reads {missing[0]}, which is not known of these sales any more")
    return learned.of(past), future


def _with_attributes(past: pd.DataFrame, run_id: str, names: Sequence[str]) -> pd.DataFrame:
    """The frame with the attributes that the run knew of each series."""
    known = registry().run(run_id).frame("panel")
    if known is None:
        raise EngineError("the attributes that it learned from were deleted with its data")
    first = known.drop_duplicates("series_id").set_index("series_id")[list(names)]
    strangers = set(past["series_id"].astype(str)) - set(first.index.astype(str))
    if strangers:
        raise EngineError(f"it knows no attributes of {len(strangers):,} newer products")
    first.index = first.index.astype(str)
    ids = past["series_id"].astype(str)
    return past.assign(**{name: ids.map(first[name]) for name in names})


def _only(member: Member, rows: Any) -> Member:
    return replace(
        member,
        panel=member.panel.subset(member.panel.series_ids[rows]),
        ids=member.ids[rows],
        future=member.future[rows],
    )


def _as_one(members: Sequence[Member]) -> tuple[Any, fc.Panel, Any]:
    """One model is asked as it is; several as one."""
    if not members:
        raise EngineError("it has no series of these")
    if len(members) == 1:
        return members[0].model, members[0].panel, members[0].future
    return Routed.of(members)
