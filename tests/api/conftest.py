"""The REST interface on a real socket, beside a small demo shop with two finished runs."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

import forecasting as fc
from api import answers, keys, server_file, serving
from data import api_keys, demo
from data.store import open_store
from tests.api.service import Service, served
from ui import engine as ui_engine
from ui import scheduling, settings, state, training

TODAY = date(2026, 11, 18)  # a Wednesday, so that the last week is not complete


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small demo shop; copied by every module."""
    folder = tmp_path_factory.mktemp("shop")
    store = open_store(folder / "almanac.duckdb")
    demo.load(store, today=TODAY, products=8, days=420)
    store.close()
    return folder


@pytest.fixture(scope="module")
def service(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The interface in a thread of this process."""
    var = tmp_path_factory.mktemp("service")
    shutil.copy(shop / "almanac.duckdb", var / "almanac.duckdb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALMANAC_VAR", str(var))
        patch.setenv("ALMANAC_JOBS", "1")
        patch.setattr(answers, "LATE", 0.0)  # tests wait for nothing
        patch.setenv("ALMANAC_API_RATE", "8000")  # tests are in more of a hurry than clients
        _forget()
        (var / "runs").mkdir()
        runs = {name: _finished(name, options) for name, options in MODELS.items()}
        made = {scope: [scope] for scope in api_keys.SCOPES} | {"all": list(api_keys.SCOPES)}
        secrets = {
            name: api_keys.create(state.store(), name=name, scopes=scopes)[1]
            for name, scopes in made.items()
        }
        with served(serving.build(_operations(), settings.from_environment())) as url:
            secrets["local"] = server_file.announce(var, url)
            keys.trust(secrets["local"])
            yield Service(url=f"{url}/api/v1", var=var, secrets=secrets, runs=runs)
        keys.trust("")
        scheduling.close()
        ui_engine.close()
        state.store().close()
        _forget()


MODELS: dict[str, dict[str, Any]] = {
    "seasonal_naive": {},
    "transformer": {"max_steps": 2, "width": 8, "context_length": 28},
}


def _finished(name: str, options: dict[str, Any]) -> str:
    """A run as a worker leaves it, without the worker."""
    from data.scope import Scope
    from engine.runs import Run
    from ui import queries

    (dataset,) = queries.datasets()
    scope = Scope(dataset_id=dataset.dataset_id, freq="D")
    split = "product_place" if name == "seasonal_naive" else "product"
    plan = training.Plan(
        scope=scope, split=split, horizon=7, windows=0, models=(name,), preset="fast"
    )
    prepared = training.prepare(plan, dataset)
    about, title, request = prepared.requests[0]
    run_id = f"20261118-060000-0000000{len(name) % 10}"
    run = Run.create(state.store().folder / "runs" / run_id, request, prepared.frame, None)
    panel = fc.Panel.from_frame(prepared.frame, freq=request.panel.freq)
    model = fc.create(name, horizon=7, **options).fit(panel)
    run.save_model(model)
    run.write_frame("forecast", model.predict(panel).to_frame())
    ui_engine.registry().add(run_id, about, name=title)
    return run_id


def _operations() -> Any:
    from api.table import OPERATIONS

    return OPERATIONS


def _forget() -> None:
    from api import forecasts, models

    st.cache_resource.clear()
    st.cache_data.clear()
    keys.forget()
    forecasts.forget()
    models.forget()
