"""Posted series are forecast by a kept model, as the library itself would."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from api import models, scenarios
from tests.api.service import Service
from ui import prices_facts, state
from ui.engine import registry

VALUES = [float(v) for v in np.random.default_rng(3).poisson(9, 60)]


def post(service: Service, series: list[dict[str, Any]], **more: Any) -> Any:
    path = f"/models/{service.runs['transformer']}/forecast"
    return service.ask("POST", path, key="read", json={"series": series, **more})


def test_when_a_series_is_posted_then_the_forecast_is_the_library_s(service: Service) -> None:
    answer = post(service, [{"start": "2026-09-01", "values": VALUES}], quantiles=[0.1, 0.9])
    assert answer.status_code == 200, answer.text
    (told,) = answer.json()["series"]
    model = fc.load(registry().run(service.runs["transformer"]).model)
    days = pd.date_range("2026-09-01", periods=60)
    frame = pd.DataFrame({"series_id": "series", "timestamp": days, "target": VALUES})
    made = model.predict(fc.Panel.from_frame(frame, freq="D"))
    assert told["timestamps"][0] == "2026-10-31"
    assert told["mean"] == pytest.approx(made.mean[0], abs=1e-5)
    assert told["quantiles"]["0.9"] == pytest.approx(made.quantile(0.9)[0], abs=1e-5)


def test_when_values_are_unknown_then_null_stands_for_them(service: Service) -> None:
    values: list[float | None] = [*VALUES]
    values[10] = None
    assert post(service, [{"start": "2026-09-01", "values": values}]).status_code == 200


@pytest.mark.parametrize(
    ("series", "status", "words"),
    [
        ({"start": "2026-09-01", "values": []}, 422, "values"),
        ({"start": "2026-09-01T00:00:00Z", "values": [1]}, 422, "day"),
        ({"start": "9999-12-31", "values": [1]}, 422, "years"),
        ({"start": "2026-09-01", "values": [1], "covariates": {"x": [1]}}, 409, "knows ahead"),
        ({"start": "2026-09-01", "values": [None, None]}, 409, "empty"),
    ],
)
def test_when_a_series_cannot_be_forecast_then_the_answer_says_why(
    service: Service, series: dict[str, Any], status: int, words: str
) -> None:
    answer = post(service, [series])
    assert answer.status_code == status, answer.text
    assert words in answer.text


def test_when_series_end_apart_or_are_doubled_then_they_are_refused(service: Service) -> None:
    first = {"series_id": "a", "start": "2026-09-01", "values": VALUES}
    assert "twice" in post(service, [first, first]).text
    later = {"series_id": "b", "start": "2026-09-02", "values": VALUES}
    assert "different days" in post(service, [first, later]).text
    assert "quantile" in post(service, [first], quantiles=[0.333]).text


def test_when_models_are_listed_then_those_that_were_kept_are_there(service: Service) -> None:
    found = {each["model"]: each for each in service.get("/models")["models"]}
    assert set(found) == set(service.runs)
    assert found["transformer"]["run"] == service.runs["transformer"]
    assert (found["transformer"]["frequency"], found["transformer"]["horizon"]) == ("D", 7)
    answer = service.ask("POST", "/models/none/forecast", json={"series": [
        {"start": "2026-09-01", "values": [1]}]})  # fmt: skip
    assert answer.status_code == 404


def test_when_demand_is_changed_then_the_scenario_says_what_that_is_worth(
    service: Service,
) -> None:
    path = f"/models/{service.runs['transformer']}/scenario"
    change = {"kind": "demand", "how": "percent", "value": 10, "first": "2026-11-18",
              "last": "2026-11-30"}  # fmt: skip
    product = service.get("/datasets/1/products?limit=1")["rows"][0]["code"]
    answer = service.ask("POST", path, json={"changes": [change], "product": product})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    units = told["totals"][0]
    assert (told["series"], units["measure"]) == (1, "units")
    assert units["difference"] == pytest.approx(0.1 * units["plan"], rel=0.01)
    assert units["low"] <= units["difference"] <= units["high"]
    for body in (
        {"changes": [{**change, "kind": "covariate", "column": "price"}]},
        {"changes": [{**change, "last": "2026-11-01", "first": "2026-11-01"}]},
        {"changes": [change], "product": "NOPE"},
    ):
        assert service.ask("POST", path, json=body).status_code == 409


def test_when_costs_and_elasticities_are_known_then_scenarios_of_products_stand_on_them(
    service: Service,
) -> None:
    held = models.loaded(service.runs["transformer"])
    frame = registry().run(service.runs["transformer"]).frame("panel")
    assert frame is not None
    panel = fc.Panel.from_frame(frame, freq="D")
    cost, slopes = scenarios.known_of(held, panel)
    products = state.store().frame("SELECT product_id, unit_cost FROM product").astype(float)
    told = products.set_index("product_id")["unit_cost"]
    assert cost.tolist() == told.reindex(cost.index.astype(int)).tolist()
    assert slopes is None  # nobody opened the Prices page yet
    found = prices_facts.find_once(state.store(), 1)
    assert found is not None
    _, slopes = scenarios.known_of(held, panel)
    assert slopes is not None
    assert 0 < len(slopes) <= panel.num_series
    assert (slopes["elasticity"] < 0).all()
