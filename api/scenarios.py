"""What would sell if prices, promotions or demand were other than planned, by a kept model."""

import math
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from api import forecasts, models
from api.models import Loaded, RunParams
from api.problems import Problem
from api.wire import Call, Day, Wire
from data import inventory_settings
from engine.registry import Entry
from forecasting.scenarios.changes import How, Kind
from ui import prices_facts, queries, state, training
from ui import what_if_asked as runs
from ui.engine import registry

if TYPE_CHECKING:  # the library takes a while to import
    from forecasting import Panel
    from forecasting.future import KnownFuture
    from forecasting.scenarios import Answering

MOST_SERIES = 500  # of one request; every one is drawn hundreds of times
PRICE = "price"


class ChangeBody(Wire):
    """One thing that differs from the plan."""

    kind: Kind = Field(
        default="covariate",
        description="`covariate`: a column that the model knows ahead. `demand`: what would sell. "
        "`stock_out`: nothing sells. `cost`: of a unit.",
    )
    column: str = Field(default="", max_length=100, description="Of a covariate, such as `price`.")
    how: How = Field(default="to", description="`to` the value, or by this `percent` or `amount`.")
    value: float = Field(default=0.0, ge=-1e9, le=1e9)
    first: Day
    last: Day = Field(description="Inclusive.")


class ScenarioBody(Wire):
    changes: list[ChangeBody] = Field(min_length=1, max_length=20)
    product: str = Field(default="", max_length=300, description="Code; all if not given.")
    place: str = Field(default="", max_length=300, description="Code; all if not given.")
    alone: bool = Field(
        default=False,
        description="Ask this run for everything, also where another one is in use for a part. "
        "A run that is no champion is always asked alone.",
    )


class PartAnswer(Wire):
    """Which run answered for how many series."""

    run: str
    name: str
    series: int


class MeasureAnswer(Wire):
    """A sum over the horizon; money is null where prices or costs are not known."""

    measure: Literal["units", "revenue", "margin"]
    plan: float | None
    scenario: float | None
    difference: float | None
    low: float | None = Field(description="Of the difference: 80 % of the futures lie between.")
    high: float | None
    better: float | None = Field(description="Share of futures in which it is higher.")


class ScenarioAnswer(Wire):
    run: str
    series: int
    answered_by: list[PartAnswer] = Field(description="More than one where exceptions are in use.")
    totals: list[MeasureAnswer]
    notes: list[str] = Field(description="What to know before believing it.")


def work_out(call: Call[RunParams, ScenarioBody]) -> ScenarioAnswer:
    """The plan of a run and the changes, path by path; nothing is stored."""
    from forecasting.scenarios import Change, run_scenario

    held = models.loaded(call.params.run)
    members = _members(held, call.body)
    model, panel, future = _as_one(members)
    changes = [
        Change(
            kind=each.kind,
            column=each.column,
            how=each.how,
            value=each.value,
            first=pd.Timestamp(each.first),
            last=pd.Timestamp(each.last),
        )
        for each in call.body.changes
    ]
    for number, each in enumerate(call.body.changes):
        if each.kind == "covariate" and each.column not in panel.known_names:
            known = ", ".join(panel.known_names) or "none"
            raise Problem(
                "conflict",
                f"body.changes.{number}.column={each.column!r} is not known ahead to this model. "
                f"It knows {known}.",
            )
    cost, elasticity = known_of(held, panel)
    with ExitStack() as locks:
        for member in sorted(members, key=lambda each: each.held.entry.run_id):
            locks.enter_context(member.held.lock)
        found = run_scenario(
            model,
            panel,
            changes,
            known_future=future,
            price=PRICE,
            unit_cost=cost,
            elasticity=elasticity,
        )
    return ScenarioAnswer(
        run=call.params.run,
        series=panel.num_series,
        answered_by=[
            PartAnswer(
                run=each.held.entry.run_id,
                name=each.held.entry.name,
                series=each.panel.num_series,
            )
            for each in members
        ],
        totals=[
            MeasureAnswer.model_validate({name: _known(value) for name, value in row.items()})
            for row in found.totals.to_dict("records")
        ],
        notes=list(found.notes),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """A run with the series that it answers for, and its plan."""

    held: Loaded
    panel: "Panel"
    future: pd.DataFrame | None


def _members(held: Loaded, asked: ScenarioBody) -> list[_Part]:
    """The runs that answer: the one that was asked for, and those in use for parts of it."""
    from ui.inventory_source import pairs

    frame = _frame(held)
    wanted = _wanted(held, sorted(frame["series_id"].astype(str).unique()), asked)
    if not 0 < len(wanted) <= MOST_SERIES:
        how = "no series of that" if not wanted else f"{len(wanted):,} series, too many at once"
        raise Problem("conflict", f"The run has {how}. Name a product or place that it forecasts.")
    who = None if asked.alone else _in_use(held, asked)
    if who is None:
        return [_part(held, frame, wanted)]
    ids = pd.Index(sorted(wanted))
    place = int(held.entry.about.scope.get("place") or 0)
    named = ids if held.entry.about.scope["split"] == "product_place" else ids + f":{place}"
    charge = who.in_charge(pairs(named))
    found = []
    for number, asker in enumerate(who.askers):
        own = set(ids[charge == number])
        one = held if not number else models.loaded(asker.entry.run_id)
        if own:
            found.append(_part(one, _frame(one), own))
    return found


def _in_use(held: Loaded, asked: ScenarioBody) -> "runs.Asked | None":
    """What is in use for parts of what a champion forecasts; None where it answers alone."""
    now = registry().entry(held.entry.run_id)  # it may have been crowned since it was loaded
    about, scope = held.entry.about, training.scope_of(held.entry.about)
    if scope is None or now is None or not now.is_champion:
        return None
    if about.scope.get("split") not in ("product", "product_place"):
        return None
    dataset = next(
        (each for each in queries.datasets() if each.dataset_id == scope.dataset_id), None
    )
    if dataset is None:
        return None

    def able(entry: Entry, _: "queries.Dataset") -> "runs.Asker | None":
        own, split = training.scope_of(entry.about), entry.about.scope.get("split")
        same = split == about.scope["split"] and entry.about.data_until == about.data_until
        if own is None or not same or (split == "product" and own.place_id != scope.place_id):
            return None
        kept = registry().run(entry.run_id)
        fits = kept.model.is_dir() and kept.frame("panel") is not None
        return runs.Asker(entry=entry, scope=own) if fits else None

    asker = runs.Asker(entry=held.entry, scope=scope)
    last = max(pd.Timestamp(each.last) for each in asked.changes)
    last = min(last, runs.end_of(asker) - pd.Timedelta(days=1))
    found = runs.with_parts(dataset, scope, asker, last, able=able)
    return found if len(found.askers) > 1 else None


def _frame(held: Loaded) -> pd.DataFrame:
    frame = registry().run(held.entry.run_id).frame("panel")
    if frame is None:
        raise Problem("conflict", f"The data of {held.entry.name} were deleted.")
    return frame


def _part(held: Loaded, frame: pd.DataFrame, wanted: set[str]) -> _Part:
    """What the run was made from, and its plan, of these series."""
    part = frame[frame["series_id"].astype(str).isin(wanted)]
    future = registry().run(held.entry.run_id).frame("future")
    if future is not None:
        future = future[future["series_id"].astype(str).isin(wanted)]
    return _Part(held=held, panel=held.spec.of(part), future=future)


def _as_one(parts: list[_Part]) -> "tuple[Answering, Panel, KnownFuture | None]":
    """What is asked: a model, or several as one."""
    from forecasting.future import fill_future, known_future_array
    from forecasting.scenarios import Member, Routed

    if len(parts) == 1:
        (one,) = parts
        return one.held.model, one.panel, one.future
    members = []
    for each in parts:
        horizon = each.held.model.config.horizon
        future = fill_future(each.panel, horizon) if each.future is None else each.future
        members.append(
            Member(
                model=each.held.model,
                panel=each.panel,
                ids=each.panel.series_ids.astype(str),
                future=known_future_array(each.panel, future, horizon),
            )
        )
    return Routed.of(members)


def known_of(held: Loaded, panel: "Panel") -> tuple["pd.Series[float]", pd.DataFrame | None]:
    """Unit costs by series, from the settings and products; elasticities where they were kept.

    Series that are not of a product have neither. Elasticities are never looked for here: that
    takes longer than a request may, and the Prices page does it.
    """
    ids = pd.Index(panel.series_ids.astype(str))
    scope = held.entry.about.scope
    dataset_id = int(scope["dataset"])
    if scope.get("split") not in ("product", "product_place"):
        return pd.Series(np.nan, index=ids), None
    parts = ids.str.partition(":").to_frame(index=False)
    place = pd.to_numeric(parts[2], errors="coerce").fillna(scope.get("place") or 0)
    pairs = pd.DataFrame({"product_id": parts[0].astype(int), "place_id": place.astype(int)})
    store = state.store()
    settled = inventory_settings.resolved(
        pairs,
        inventory_settings.settings(store, dataset_id),
        inventory_settings.records(store, dataset_id),
        pd.Series(dtype=object),
    )
    cost = pd.Series(settled["unit_cost"].to_numpy(float), index=ids)
    kept = prices_facts.known_already(store, dataset_id)
    if kept is None:
        return cost, None
    found = kept.trusted.set_index("product").reindex(pairs["product_id"])
    slopes = found[["elasticity", "error"]].assign(series_id=ids).dropna()
    return cost, slopes.reset_index(drop=True)


def _wanted(held: Loaded, ids: list[str], asked: ScenarioBody) -> set[str]:
    """The series of a product or place."""
    named = [forecasts.named(each, held.entry) for each in ids]
    return {
        series_id
        for series_id, (product, place, _) in zip(ids, named, strict=True)
        if asked.product in ("", product) and asked.place in ("", place)
    }


def _known(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
