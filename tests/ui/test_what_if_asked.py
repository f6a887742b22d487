"""Trained runs that answer scenarios: the one in use for each part, read as it learned to read."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import forecasting as fc
from data import scenarios as stored
from data.scope import Scope
from engine.errors import EngineError
from engine.registry import Entry
from engine.requests import ForecastRequest, to_json
from engine.runs import Run
from tests.stores import app_in
from ui import in_use, queries, state, training
from ui import what_if_asked as runs
from ui import what_if_results as results
from ui import what_if_words as words
from ui.engine import registry
from ui.queries import Dataset

HORIZON = 28
WHOLE = Scope(dataset_id=1, freq="D")


@pytest.fixture
def dataset(demo_var: Path, tmp_path: Path) -> Iterator[Dataset]:
    """The small demo shop in the app's store."""
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    with app_in(tmp_path):
        yield queries.datasets()[0]


def run(number: int, scope: Scope, dataset: Dataset, **plan: object) -> Entry:
    """A finished run of products in places that was given prices, as a worker leaves it."""
    given = {"covariates": {"price": "last"}, "horizon": HORIZON} | plan
    made = training.Plan(
        scope=scope, split="product_place", windows=0, models=("seasonal_naive",), preset="fast",
        **given,  # type: ignore[arg-type]
    )  # fmt: skip
    prepared = training.prepare(made, dataset)
    about, _, request = prepared.requests[0]
    run_id = f"20261118-06000{number}-0000000{number}"
    folder = state.store().folder / "runs" / run_id
    folder.parent.mkdir(exist_ok=True)
    kept = Run.create(folder, request, prepared.frame, prepared.future)
    panel = request.panel.of(prepared.frame)
    model = fc.create("seasonal_naive", horizon=made.horizon).fit(panel)
    kept.save_model(model)
    forecast = model.predict(panel, known_future=prepared.future)
    kept.write_frame("forecast", forecast.to_frame())
    registry().add(run_id, about, name=f"Run {number}")
    entry = registry().entry(run_id)
    assert entry is not None
    return entry


def a_category(dataset: Dataset) -> tuple[str, ...]:
    return tuple(queries.products(dataset.dataset_id)["categories"].iloc[0][:1])


def scenario(dataset: Dataset, *, days: int = 5) -> stored.Scenario:
    """A price cut soon."""
    assert dataset.last_day is not None
    first = pd.Timestamp(dataset.last_day) + pd.Timedelta(days=3)
    line = {
        "kind": "Price", "value": "-10%", "first": f"{first:%Y-%m-%d}",
        "last": f"{first + pd.Timedelta(days=days):%Y-%m-%d}",
    }  # fmt: skip
    made = stored.create(state.store(), 1, f"Cut {days}", author="Ada", scope={}, changes=[line])
    return next(each for each in stored.listed(state.store(), 1) if each.scenario_id == made)


def test_when_another_run_is_in_use_for_a_category_then_it_answers_there(dataset: Dataset) -> None:
    path = a_category(dataset)
    part = replace(WHOLE, categories=path)
    whole, own = run(1, WHOLE, dataset), run(2, part, dataset)
    registry().crown(whole.run_id, why="best")
    in_use.choices().choose(in_use.to_part(part), own.run_id, name="Run 2", why="knows festivals")
    chosen = scenario(dataset)
    by = results.answers(dataset, WHOLE, chosen, [chosen])
    assert by.asked is not None
    assert [each.entry.run_id for each in by.asked.askers] == [whole.run_id, own.run_id]
    assert words.shares(by.asked.shares, "Run 1") == [
        f"For {path[0]}, all places “Run 2” answers, which is in use there."
    ]
    answerer = results.answerer(dataset, WHOLE, by, results.lines_of(chosen))
    assert answerer is not None
    products = queries.products(1)
    inside = set(products.index[[each[:1] == path for each in products["categories"]]])
    of = answerer.model.members  # type: ignore[union-attr]
    assert {int(each.partition(":")[0]) for each in of[1].ids} == inside
    assert not {int(each.partition(":")[0]) for each in of[0].ids} & inside
    assert len(answerer.ahead.pairs) == sum(len(each.ids) for each in of)
    found, _ = results.compare(dataset, WHOLE, by, [chosen])
    assert found[chosen.scenario_id].result["totals"]["units"]["difference"] > 0
    alone = results.answers(dataset, part, chosen, [chosen])
    assert alone.asked is not None
    assert alone.asked.asker.entry.run_id == own.run_id
    assert alone.asked.shares == ()
    assert by.key != alone.key != results.MEASURED


def test_when_somebody_names_a_run_then_it_answers_alone(dataset: Dataset) -> None:
    part = replace(WHOLE, categories=a_category(dataset))
    whole, own = run(1, WHOLE, dataset), run(2, part, dataset)
    in_use.choices().choose(in_use.to_part(part), own.run_id, name="Run 2", why="better")
    chosen = scenario(dataset)
    stored.answer_by(state.store(), 1, chosen.scenario_id, whole.run_id)
    (named,) = stored.listed(state.store(), 1)
    by = results.answers(dataset, WHOLE, named, [named])
    assert by.asked is not None
    assert by.asked.key == whole.run_id


def test_when_what_is_in_use_cannot_be_asked_then_it_is_said_who_answers(dataset: Dataset) -> None:
    part = replace(WHOLE, categories=a_category(dataset))
    run(1, WHOLE, dataset)
    blind, short = run(2, part, dataset, covariates={}), run(3, part, dataset, horizon=3)
    in_use.choices().choose(in_use.to_part(part), blind.run_id, name="Run 2", why="better")
    chosen = scenario(dataset)
    by = results.answers(dataset, WHOLE, chosen, [chosen])
    assert by.asked is not None
    assert [each.entry.name for each in by.asked.askers] == ["Run 1"]
    (said,) = words.shares(by.asked.shares, "Run 1")
    assert "“Run 2” is in use for" in said
    assert "but it reads no prices" in said
    assert said.endswith("“Run 1” answers.")
    in_use.choices().choose(in_use.to_part(part), short.run_id, name="Run 3", why="even better")
    by = results.answers(dataset, WHOLE, chosen, [chosen])
    assert by.asked is not None
    assert "does not look as far ahead" in words.shares(by.asked.shares, "Run 1")[0]


def test_when_a_run_reads_other_columns_then_its_panel_has_them_or_it_is_said(
    dataset: Dataset,
) -> None:
    entry = run(1, WHOLE, dataset)
    kept = registry().run(entry.run_id)
    frame, request = kept.frame("panel"), kept.request()
    assert frame is not None
    assert isinstance(request, ForecastRequest)
    kept.write_frame("panel", frame.assign(shelf=frame["series_id"].astype(str).str[0]))
    asker = runs.Asker(entry=entry, scope=WHOLE)
    newest = training.panel(WHOLE, "product_place", HORIZON)

    def told(**spec: object) -> fc.Panel:
        learned = replace(request.panel, **spec)  # type: ignore[arg-type]
        (kept.folder / "request.json").write_text(to_json(replace(request, panel=learned)))
        return runs.panel_of(asker, newest)[0]

    panel = told(gaps="zero", static_features=("shelf",), past_covariates=("promo",))
    assert panel.static_features["shelf"].astype(str).tolist() == [
        each[0] for each in panel.series_ids
    ]
    assert panel.past_names == ("promo",)
    assert panel.known_names == ("price",)
    with pytest.raises(EngineError, match="reads stock_left, which is not among"):
        told(past_covariates=("stock_left",))
    kept.write_frame(
        "panel", frame[frame["series_id"] != frame["series_id"].iloc[0]].assign(shelf="a")
    )
    with pytest.raises(EngineError, match="no attributes of 1 newer"):
        told(static_features=("shelf",))
