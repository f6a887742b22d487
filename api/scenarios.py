"""What would sell if prices, promotions or demand were other than planned, by a kept model."""

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from api import forecasts, models
from api.models import Loaded, RunParams
from api.problems import Problem
from api.wire import Call, Day, Wire
from data import inventory_settings
from forecasting.scenarios.changes import How, Kind
from ui import prices_facts, state
from ui.engine import registry

if TYPE_CHECKING:  # the library takes a while to import
    from forecasting import Panel

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
    totals: list[MeasureAnswer]
    notes: list[str] = Field(description="What to know before believing it.")


def work_out(call: Call[RunParams, ScenarioBody]) -> ScenarioAnswer:
    """The plan of a run and the changes, path by path; nothing is stored."""
    from forecasting.scenarios import Change, run_scenario

    held = models.loaded(call.params.run)
    panel, future = _panel(held, call.body)
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
    with held.lock:
        found = run_scenario(
            held.model,
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
        totals=[
            MeasureAnswer.model_validate({name: _known(value) for name, value in row.items()})
            for row in found.totals.to_dict("records")
        ],
        notes=list(found.notes),
    )


def _panel(held: Loaded, asked: ScenarioBody) -> tuple["Panel", pd.DataFrame | None]:
    """What the run was made from, and its plan, of the series that are asked for."""
    import forecasting as fc

    run = registry().run(held.entry.run_id)
    frame, future = run.frame("panel"), run.frame("future")
    if frame is None:
        raise Problem("conflict", f"The data of {held.entry.name} were deleted.")
    ids = frame["series_id"].astype(str)
    wanted = _wanted(held, sorted(ids.unique()), asked)
    if not 0 < len(wanted) <= MOST_SERIES:
        how = "no series of that" if not wanted else f"{len(wanted):,} series, too many at once"
        raise Problem("conflict", f"The run has {how}. Name a product or place that it forecasts.")
    spec = held.spec
    panel = fc.Panel.from_frame(
        frame[ids.isin(wanted)], spec.freq, known_covariates=spec.known_covariates, gaps=spec.gaps
    )
    if future is not None:
        future = future[future["series_id"].astype(str).isin(wanted)]
    return panel, future


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
