"""The forecast in force: by product, place, day and quantile, page by page, in three formats."""

import io
from collections.abc import Iterator

import pandas as pd
import pytest

from api import forecasts
from data import plan_changes, plans, publications
from data.plan_changes import Change
from data.publications import Publication
from data.scope import Scope
from tests.api.service import Service
from ui import state
from ui.engine import registry

PATH = "/datasets/1/forecasts"


def truth(service: Service, model: str) -> pd.DataFrame:
    frame = registry().run(service.runs[model]).frame("forecast")
    assert frame is not None
    return frame


def test_when_a_product_and_place_are_asked_then_their_series_comes(service: Service) -> None:
    product = service.get("/datasets/1/products?limit=1")["rows"][0]["code"]
    told = service.get(f"{PATH}?product={product}&place=berlin")
    assert told["run"] == service.runs["seasonal_naive"]
    assert (told["level"], told["frequency"], told["next"]) == ("product_place", "D", None)
    assert len(told["rows"]) == 7
    assert {(row["product"], row["place"]) for row in told["rows"]} == {(product, "berlin")}
    assert told["rows"][0]["timestamp"] == "2026-11-18"
    whole = truth(service, "seasonal_naive")
    first = whole.iloc[0]
    assert first["mean"] in [row["mean"] for row in service.get(f"{PATH}?limit=10000")["rows"]]


def test_when_pages_are_followed_then_every_row_comes_once(service: Service) -> None:
    got, cursor = [], ""
    while cursor is not None:
        told = service.get(PATH, params={"limit": 50, "cursor": cursor})
        got += told["rows"]
        cursor = told["next"]
    assert len(got) == len(truth(service, "seasonal_naive"))
    keys = {(row["product"], row["place"], row["timestamp"]) for row in got}
    assert len(keys) == len(got)


def test_when_a_newer_run_arrives_between_pages_then_they_stay_of_one_run(
    service: Service,
) -> None:
    first = service.get(PATH, params={"limit": 50})
    other = service.runs["transformer"]
    registry().crown(other, why="for a test")
    forecasts.forget()
    try:
        assert service.get(PATH)["run"] == other
        second = service.get(PATH, params={"limit": 50, "cursor": first["next"]})
        assert second["run"] == first["run"]
    finally:
        registry().uncrown(other)
        forecasts.forget()


def test_when_days_and_quantiles_are_asked_then_only_those_come(service: Service) -> None:
    told = service.get(
        PATH,
        params={"first": "2026-11-19", "last": "2026-11-20", "quantile": [0.1, 0.9]},
    )
    assert {row["timestamp"] for row in told["rows"]} == {"2026-11-19", "2026-11-20"}
    assert set(told["rows"][0]) == {
        "product", "place", "category", "timestamp", "mean", "q0.1", "q0.9"
    }  # fmt: skip


def test_when_csv_or_parquet_is_asked_then_the_same_rows_come(service: Service) -> None:
    rows = pd.DataFrame(service.get(f"{PATH}?limit=60")["rows"])
    csv = service.ask("GET", f"{PATH}?limit=60", headers={"Accept": "text/csv;q=0.9, image/png"})
    parquet = service.ask(
        "GET", f"{PATH}?limit=60", headers={"Accept": "application/vnd.apache.parquet"}
    )
    assert csv.headers["almanac-next"] == parquet.headers["almanac-next"]
    for frame in (
        pd.read_csv(io.StringIO(csv.text)),
        pd.read_parquet(io.BytesIO(parquet.content)),
    ):
        assert frame["product"].tolist() == rows["product"].tolist()
        assert frame["mean"].to_numpy() == pytest.approx(rows["mean"].to_numpy(), abs=1e-6)


def test_when_a_level_or_a_run_is_asked_then_it_is_answered_by_it(service: Service) -> None:
    told = service.get(f"{PATH}?level=product")
    assert told["run"] == service.runs["transformer"]
    assert told["rows"][0]["place"] is None
    assert service.get(f"{PATH}?run={told['run']}")["model"] == "transformer"


@pytest.mark.parametrize(
    "query",
    ["product=NOPE", "run=none", "frequency=M", "level=total", "quantile=0.33", "category=x"],
)
def test_when_there_is_no_such_forecast_then_404_says_what_there_is(
    service: Service, query: str
) -> None:
    answer = service.ask("GET", f"{PATH}?{query}")
    assert answer.status_code == 404
    assert len(answer.json()["detail"]) > 20


def test_when_a_cursor_is_not_ours_then_it_is_refused(service: Service) -> None:
    assert service.ask("GET", f"{PATH}?cursor=%C3%A9").status_code == 409
    assert service.ask("GET", f"{PATH}?cursor=abc").status_code == 409


def test_when_sales_are_read_then_they_are_those_of_the_dataset(service: Service) -> None:
    told = service.get("/datasets/1/sales?frequency=M&place=berlin")
    assert told["rows"][-1] | {"quantity": 0, "revenue": 0, "price": 0} == {
        "timestamp": "2026-11-01", "quantity": 0, "revenue": 0, "price": 0, "complete": False
    }  # fmt: skip
    assert service.ask("GET", "/datasets/1/sales?product=NOPE").status_code == 404


@pytest.fixture
def plan_of_week(service: Service) -> Iterator[Publication]:
    """A published version that stands on the run by product and place, all of it doubled."""
    store, run = state.store(), truth(service, "seasonal_naive")
    parts = run["series_id"].str.partition(":").astype({0: int, 2: int})
    cells = run.assign(product_id=parts[0], place_id=parts[2], q10=run["q0.1"], q90=run["q0.9"])
    plan = plans.begin(store, 1, "D", cells, model="seasonal_naive", author="Mara")
    whole = Scope(dataset_id=1, freq="D")
    periods = tuple(each.date() for each in sorted(run["timestamp"].unique()))
    change = Change(
        scope=whole, periods=periods, measure="percent", amount=100.0, reason="promotion"
    )
    now = plan_changes.apply(store, plan, change, author="Mara", based_on=plan.revision)
    made = publications.publish(store, plan, name="Week 47", author="Mara", based_on=now)
    forecasts.forget()
    yield made
    with store.transaction() as cursor:
        for table in ("publication_cell", "publication"):
            cursor.execute(f"DELETE FROM {table}")
    forecasts.forget()


def test_when_a_plan_is_published_then_it_answers_and_the_model_on_request(
    service: Service, plan_of_week: Publication
) -> None:
    told = service.get(f"{PATH}?limit=10000")
    assert (told["source"], told["name"], told["author"]) == ("published", "Week 47", "Mara")
    model = service.get(f"{PATH}?limit=10000&source=model")
    assert (model["source"], model["run"]) == ("model", service.runs["seasonal_naive"])
    assert len(told["rows"]) == len(model["rows"])
    for mine, theirs in zip(told["rows"], model["rows"], strict=True):
        assert (mine["product"], mine["place"]) == (theirs["product"], theirs["place"])
        assert mine["mean"] == pytest.approx(2 * max(theirs["mean"], 0.0), abs=1e-4)
        if theirs["mean"] > 0:
            assert mine["q0.9"] == pytest.approx(2 * theirs["q0.9"], abs=1e-3)
    assert service.get(f"{PATH}?run=publication-{plan_of_week.publication_id}") == service.get(PATH)


def test_when_a_published_plan_is_asked_by_a_wider_level_then_its_cells_are_summed(
    service: Service, plan_of_week: Publication
) -> None:
    total = service.get(f"{PATH}?level=total")["rows"]
    assert len(total) == 7
    assert set(total[0]) == {"product", "place", "category", "timestamp", "mean"}
    assert sum(row["mean"] for row in total) == pytest.approx(plan_of_week.final, rel=1e-6)
    by_place = service.get(f"{PATH}?level=place&place=berlin")
    assert by_place["source"] == "published"
    fine = service.get(f"{PATH}?place=berlin&limit=10000")["rows"]
    assert sum(row["mean"] for row in by_place["rows"]) == pytest.approx(
        sum(row["mean"] for row in fine)
    )
    refused = service.ask("GET", f"{PATH}?frequency=W&source=published")
    assert refused.status_code == 404
    assert "source=model" in refused.json()["detail"]
    assert service.ask("GET", f"{PATH}?run=publication-999").status_code == 404


def test_when_a_version_is_published_between_pages_then_they_stay_of_the_run(
    service: Service, request: pytest.FixtureRequest
) -> None:
    first = service.get(PATH, params={"limit": 50})
    request.getfixturevalue("plan_of_week")
    assert service.get(PATH)["source"] == "published"
    second = service.get(PATH, params={"limit": 50, "cursor": first["next"]})
    assert second["run"] == first["run"]


def test_when_there_is_no_forecast_yet_then_404_says_how_to_get_one(service: Service) -> None:
    service.ask(
        "POST", "/datasets?name=Empty", data=b"day,sku,units\n2026-05-01,A,3\n",
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    answer = service.ask("GET", "/datasets/Empty/forecasts")
    assert answer.status_code == 404
    assert "POST /api/v1/datasets/" in answer.json()["detail"]
