"""Scenarios over the network: panels as runs learned them, and the run in use for each part."""

from dataclasses import replace
from typing import Any

import forecasting as fc
from api import models
from data.scope import Scope
from engine.requests import ForecastRequest, to_json
from engine.runs import Run
from tests.api.service import Service
from ui import in_use, queries, state, training
from ui.engine import registry

CHANGE = {
    "kind": "demand", "how": "percent", "value": 10, "first": "2026-11-18", "last": "2026-11-30"
}  # fmt: skip


def scenario(service: Service, run: str, **body: Any) -> dict[str, Any]:
    answer = service.ask("POST", f"/models/{run}/scenario", json={"changes": [CHANGE], **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_when_a_run_reads_gaps_as_zero_and_attributes_then_its_panel_does_too(
    service: Service,
) -> None:
    run = registry().run(service.runs["transformer"])
    frame, request = run.frame("panel"), run.request()
    assert frame is not None
    assert isinstance(request, ForecastRequest)
    panel = replace(request.panel, gaps="zero", static_features=("shelf",))
    (run.folder / "request.json").write_text(to_json(replace(request, panel=panel)))
    run.write_frame("panel", frame.assign(shelf="low"))
    models.forget()
    try:
        held = models.loaded(service.runs["transformer"])
        assert held.spec.gaps == "zero"
        found = scenario(service, service.runs["transformer"])
        assert found["series"] == frame["series_id"].nunique()
        path = f"/models/{service.runs['transformer']}/forecast"
        posted = {"series": [{"start": "2026-09-01", "values": [1.0, 2.0]}]}
        refused = service.ask("POST", path, json=posted)
        assert refused.status_code == 409
        assert "more than posted series hold" in refused.text
    finally:
        (run.folder / "request.json").write_text(to_json(request))
        run.write_frame("panel", frame)
        models.forget()


def test_when_an_exception_is_in_use_for_a_category_then_it_answers_there(
    service: Service,
) -> None:
    whole = service.runs["seasonal_naive"]
    (dataset,) = queries.datasets()
    path = queries.products(dataset.dataset_id)["categories"].iloc[0][:1]
    part = Scope(dataset_id=dataset.dataset_id, freq="D", categories=tuple(path))
    own = _run(part)
    alone = scenario(service, whole)
    assert [each["run"] for each in alone["answered_by"]] == [whole]
    registry().crown(whole, why="best")
    in_use.choices().choose(in_use.to_part(part), own, name="Own", why="knows festivals")
    found = scenario(service, whole)
    assert [each["run"] for each in found["answered_by"]] == [whole, own]
    assert sum(each["series"] for each in found["answered_by"]) == alone["series"]
    units, before = found["totals"][0], alone["totals"][0]
    assert abs(units["plan"] / before["plan"] - 1) < 1e-6  # the same method in both
    one = scenario(service, whole, alone=True)
    assert [each["run"] for each in one["answered_by"]] == [whole]
    product = queries.products(dataset.dataset_id)
    code = product.loc[[each[:1] == path for each in product["categories"]], "code"].iloc[0]
    inside = scenario(service, whole, product=str(code))
    assert [each["run"] for each in inside["answered_by"]] == [own]


def _run(scope: Scope) -> str:
    """A run of a category as a worker leaves it."""
    plan = training.Plan(
        scope=scope, split="product_place", horizon=7, windows=0, models=("seasonal_naive",),
        preset="fast",
    )  # fmt: skip
    prepared = training.prepare(plan, queries.datasets()[0])
    about, title, request = prepared.requests[0]
    run_id = "20261118-070000-00000001"
    run = Run.create(state.store().folder / "runs" / run_id, request, prepared.frame, None)
    panel = request.panel.of(prepared.frame)
    model = fc.create("seasonal_naive", horizon=7).fit(panel)
    run.save_model(model)
    run.write_frame("forecast", model.predict(panel).to_frame())
    registry().add(run_id, about, name=title)
    return run_id
