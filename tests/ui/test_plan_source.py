"""A plan begun from a trained run: its cells are the run's, the rest of the shop is filled in."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from data import demo, plans, publications
from data.scope import Scope
from engine.runs import Run
from ui import engine as ui_engine
from ui import plan_source, queries, settings, state, training
from ui.queries import Dataset

TODAY = date(2026, 11, 23)  # a Monday, so that the last week is complete
HORIZON = 4


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dataset]:
    """A small demo shop with a finished run of its first department."""
    var = tmp_path_factory.mktemp("plan")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALMANAC_VAR", str(var))
        _forget()
        demo.load(state.store(), today=TODAY, products=8, days=420)
        (var / "runs").mkdir(exist_ok=True)
        (found,) = queries.datasets()
        yield found
        ui_engine.close()
        state.store().close()
        _forget()


def _forget() -> None:
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(scope="module")
def run(dataset: Dataset) -> pd.DataFrame:
    """The forecast file of the run: every product in places but the last product."""
    plan = training.Plan(
        scope=Scope(dataset_id=dataset.dataset_id, freq="W"), split="product_place",
        horizon=HORIZON, windows=0, models=("theta",), preset="fast",
    )  # fmt: skip
    prepared = training.prepare(plan, dataset)
    about, title, request = prepared.requests[0]
    frame = prepared.frame
    ids = sorted(frame["series_id"].unique(), key=lambda each: [int(p) for p in each.split(":")])
    left_out = ids[-1].split(":")[0]
    series = [each for each in ids if each.split(":")[0] != left_out]
    after = frame["timestamp"].max()
    weeks = pd.date_range(after + pd.Timedelta(days=7), periods=HORIZON, freq="7D")
    rows = [
        {"series_id": each, "timestamp": week, "mean": 10.0 + at, "q0.1": 5.0, "q0.5": 9.0,
         "q0.9": 20.0}
        for at, each in enumerate(series) for week in weeks
    ]  # fmt: skip
    made = Run.create(Path(settings.from_environment().var) / "runs" / "20261123-000000-00000001",
                      request, frame, None)  # fmt: skip
    whole = pd.DataFrame(rows)
    made.write_frame("forecast", whole)
    ui_engine.registry().add("20261123-000000-00000001", about, name=title)
    return whole


def test_when_a_run_forecasts_products_then_the_plan_begins_with_it_and_can_be_published(
    dataset: Dataset, run: pd.DataFrame
) -> None:
    scope = Scope(dataset_id=dataset.dataset_id, freq="W")
    outlook = queries.outlook(scope, HORIZON, "seasonal_naive")
    chosen = plan_source.source(scope, outlook)
    assert chosen.entry is not None
    run_id = chosen.entry.run_id
    assert run_id == "20261123-000000-00000001"
    cells, model = plan_source.frame(chosen, dataset, outlook)
    assert model == training.model_name("theta")
    ids = cells["product_id"].astype(str) + ":" + cells["place_id"].astype(str)
    mine = cells[ids.isin(run["series_id"])]
    assert mine["mean"].sum() == pytest.approx(run["mean"].sum())
    assert mine[["q10", "q50", "q90"]].notna().all(axis=None)
    rest = cells[~ids.isin(run["series_id"])]
    assert rest["product_id"].nunique() == 1
    assert set(rest["timestamp"]) == set(run["timestamp"])
    assert np.isfinite(rest["mean"]).all()
    store = state.store()
    plan = plans.begin(
        store,
        dataset.dataset_id,
        "W",
        cells,
        model=model,
        author="Mara",
        run_id=chosen.entry.run_id,
    )
    made = publications.publish(store, plan, name="Week 48", author="Mara", based_on=plan.revision)
    assert (made.run_id, made.cells) == (run_id, len(cells))
    assert made.final == pytest.approx(cells["mean"].clip(lower=0).sum())
    told = publications.rows(store, made.publication_id)
    assert told["q90"].notna().sum() == len(mine)


def test_when_no_run_forecasts_the_frequency_then_the_plan_is_shared_out(
    dataset: Dataset, run: pd.DataFrame
) -> None:
    scope = Scope(dataset_id=dataset.dataset_id, freq="M")
    outlook = queries.outlook(scope, 3, "seasonal_naive")
    assert plan_source.source(scope, outlook).entry is None
