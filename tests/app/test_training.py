"""Train, Jobs, Models and a run on Forecast, with real jobs in real worker processes."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from streamlit.testing.v1 import AppTest

from data.scope import Scope
from engine import packages
from forecasting.public import families
from tests.app.test_pages import text_of
from tests.stores import app_in
from ui import engine as engines
from ui import navigation, queries, run_queries, training
from ui.training import Advanced, Plan

PRODUCT = 3


def plan(*models: str, windows: int = 1, steps: int = 6) -> Plan:
    scope = Scope(dataset_id=1, product_id=PRODUCT, measure="revenue")
    found = training.known_ahead(scope, "total", 4)
    return Plan(
        scope=scope,
        split="total",
        horizon=4,
        windows=windows,
        models=models,
        preset="fast",
        covariates={each.name: "planned" for each in found if each.is_ready},
        advanced=Advanced(max_steps=steps),
    )


@pytest.fixture(scope="session")
def trained_var(demo_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an LSTM of one product and its comparison, trained once for all tests."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copy(demo_var / "almanac.duckdb", folder / "almanac.duckdb")
    with app_in(folder):
        training.prepare(plan("lstm"), queries.datasets()[0]).submit()
        for entry in engines.registry().entries():
            assert engines.engine().wait(entry.run_id, timeout=240).state == "succeeded"
    return folder


@pytest.fixture
def trained_app(empty_app: AppTest, trained_var: Path, tmp_path: Path) -> AppTest:
    """The app on a copy of that folder."""
    shutil.copytree(trained_var, tmp_path, dirs_exist_ok=True)
    return empty_app


def opened(app: AppTest, page: str, **address: str) -> AppTest:
    app.run().switch_page(page)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def button(app: AppTest, label: str) -> AppTest:
    next(each for each in app.button if label in each.label).click()
    return app.run()


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.button]


def lstm() -> str:
    """The id of the trained run."""
    return next(e.run_id for e in engines.registry().entries() if e.about.model == "lstm")


def test_when_start_is_pressed_then_jobs_are_queued_and_the_page_of_jobs_opens(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app, navigation.TRAIN, product=str(PRODUCT))
    assert not app.exception
    assert app.metric[0].value.startswith("about ")
    app.number_input(key="train_max_steps").set_value(2)
    app.number_input(key="train_windows").set_value(0)
    app.run()
    button(app, "Start training")
    assert not app.exception
    (entry,) = engines.registry().entries()
    assert entry.about.model == "transformer"
    assert entry.about.options["max_steps"] == 2
    assert set(entry.about.covariates) == {"price", "promo", "festivals", "holidays"}
    request = engines.engine().run(entry.run_id).request()
    assert request.panel.known_covariates[:2] == ("price", "promo")
    engines.engine().cancel(entry.run_id)
    engines.engine().cancel(entry.run_id)


def test_when_prices_ahead_are_missing_then_they_are_named_and_one_press_fills_them(
    demo_app: AppTest,
) -> None:
    state_of = opened(demo_app, navigation.TRAIN)
    assert "Price has gaps" in text_of(state_of)
    button(state_of, "Carry the last price")
    assert not state_of.exception
    assert "Price has gaps" not in text_of(state_of)
    assert "Promotion has gaps" in text_of(state_of)


def test_when_a_preset_is_chosen_then_its_models_are(demo_app: AppTest) -> None:
    app = opened(demo_app, navigation.TRAIN)
    app.button(key="choose_balanced").click()
    app.run()
    assert not app.exception
    assert app.session_state["train_models"] == ["lstm", "transformer"]


def test_when_a_job_is_done_then_it_shows_curves_errors_and_the_way_on(
    trained_app: AppTest,
) -> None:
    app = opened(trained_app, navigation.JOBS)
    app.query_params["job"] = lstm()
    app.run()
    assert not app.exception
    assert not app.error
    found = {metric.label: metric.value for metric in app.metric}
    assert found["Forecast error"].endswith("%")
    assert len(app.get("plotly_chart")) == 2
    links = [each.proto.label for each in app.get("page_link")]
    assert {"**Show forecast**", "Clone with changes"} <= set(links)
    assert "Comparison" in text_of(app)


def test_when_a_run_is_in_the_address_then_forecast_shows_it_beside_arima(
    trained_app: AppTest,
) -> None:
    app = opened(trained_app, navigation.FORECAST)
    app.query_params["run"] = lstm()
    app.query_params.pop("dataset", None)
    app.run()
    assert not app.exception
    assert app.query_params["product"] == str(PRODUCT)  # the run is of it, and the link named none
    assert "LSTM, trained" in text_of(app)
    assert "off in the comparison" in text_of(app)
    assert app.metric[1].label == "Next 4 weeks"
    frame = engines.registry().run(lstm()).frame("forecast")
    assert frame is not None
    made = run_queries.outlook(
        Scope(dataset_id=1, product_id=PRODUCT, measure="revenue"), lstm(), 13
    )
    assert made is not None
    assert made.future["mean"].tolist() == pytest.approx(frame["mean"].tolist())


def test_when_the_run_of_a_link_is_of_something_else_or_gone_then_the_page_says_so(
    trained_app: AppTest,
) -> None:
    app = opened(trained_app, navigation.FORECAST, product="5")
    app.query_params["run"] = lstm()
    app.run()
    assert not app.exception
    assert "Another scope" in text_of(app)
    app.query_params["run"] = "20200101-000000-aaaaaaaa"
    app.run()
    assert "Run not found" in text_of(app)
    assert app.metric


def test_when_an_equal_training_has_finished_then_its_result_is_offered_instead(
    trained_app: AppTest,
) -> None:
    app = opened(trained_app, navigation.TRAIN, product=str(PRODUCT), copy=lstm())
    assert app.number_input(key="train_horizon_W").value == 4
    assert app.session_state["train_models"] == ["lstm"]
    before = len(engines.engine().jobs())
    button(app, "Start training")
    assert not app.exception
    assert "Trained already" in text_of(app)
    assert len(engines.engine().jobs()) == before
    app.number_input(key="train_seed").set_value(7)
    app.run()
    assert "Trained already" not in text_of(app)


def test_when_a_model_is_packed_deleted_and_uploaded_then_it_forecasts_the_same(
    trained_app: AppTest,
) -> None:
    app = opened(trained_app, navigation.MODELS)
    assert "Forecast with it" in labels(app)
    registry = engines.registry()
    run_id = lstm()
    before, entry = registry.run(run_id).frame("forecast"), registry.entry(run_id)
    assert before is not None
    assert entry
    file = io.BytesIO()
    packages.pack(registry.run(run_id), entry, file)
    registry.delete(run_id)
    app.run()
    assert "No models yet" in text_of(app)
    app.file_uploader[0].upload("lstm.zip", file.getvalue())
    app.run()
    button(app, "Take it in")
    assert not app.exception
    (entry,) = [each for each in registry.entries() if each.about.model]
    assert entry.about.uploaded_from == "lstm.zip"
    button(app, "Forecast with it")
    assert not app.exception
    again = registry.entries()[0]
    assert engines.engine().wait(again.run_id, timeout=240).state == "succeeded"
    after = registry.run(again.run_id).frame("forecast")
    assert after is not None
    assert after["mean"].tolist() == before["mean"].tolist()
    assert after["q0.9"].tolist() == before["q0.9"].tolist()
    assert [each.run_id for each in registry.dependents(entry.run_id)] == [again.run_id]


def test_when_a_foreign_file_is_uploaded_then_the_page_says_why(trained_app: AppTest) -> None:
    app = opened(trained_app, navigation.MODELS)
    app.file_uploader[0].upload("holiday.zip", b"no zip at all")
    app.run()
    button(app, "Take it in")
    assert not app.exception
    assert "is no readable zip file" in app.error[0].value.replace("\\", "")


def test_when_a_model_is_named_tagged_and_crowned_then_the_registry_knows(
    trained_app: AppTest,
) -> None:
    app = opened(trained_app, navigation.MODELS)
    app.text_input(key=f"name-{lstm()}").set_value("Spring")
    app.run()
    button(app, "Make champion")
    assert "Say in a few words why" in app.error[0].value
    app.text_input(key=f"champion-why-{lstm()}-False").set_value("Best in *stores*")
    button(app, "Make champion")
    assert not app.exception
    entry = engines.registry().entry(lstm())
    assert entry
    assert (entry.name, entry.is_champion) == ("Spring", True)
    (change,) = engines.registry().crownings(entry.about.scope_key)
    assert (change.why, change.who, change.name) == (
        "Best in *stores*",
        "test@example.com",
        "Spring",
    )
    assert "Best in \\*stores\\*" in text_of(app)
    app.text_input(key=f"name-{lstm()}").set_value("   ")
    app.run()
    assert not app.exception
    entry = engines.registry().entry(lstm())
    assert entry
    assert entry.name == "Spring"


def test_when_the_job_of_a_link_is_unknown_then_the_page_says_so(trained_app: AppTest) -> None:
    app = opened(trained_app, navigation.JOBS, job="20200101-000000-aaaaaaaa")
    assert not app.exception
    assert "does not exist here" in text_of(app)


def test_when_another_almanac_has_the_folder_then_the_page_says_so(
    demo_app: AppTest, tmp_path: Path
) -> None:
    from engine.supervisor import Engine

    with Engine(tmp_path):
        app = demo_app.run()
        assert not app.exception
        assert "is in use by process" in app.error[0].value


def test_when_public_models_were_brought_then_train_offers_the_usable_and_explains_the_rest(
    demo_app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "brought" / "chronos-bolt-tiny"
    folder.mkdir(parents=True)
    save_file({"w": np.zeros(2, dtype=np.float32)}, folder / "model.safetensors")
    config = {"architectures": ["ChronosBoltModelForForecasting"]}
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("ALMANAC_PUBLIC_MODELS", str(folder.parent))
    monkeypatch.setattr(families, "find_spec", lambda name: None)
    app = opened(demo_app, navigation.TRAIN, product=str(PRODUCT))
    assert not app.exception
    assert "pip install -r requirements-adapters.txt" in text_of(app)
    assert "Chronos-Bolt" not in offered_models(app)
    monkeypatch.setattr(families, "find_spec", lambda name: object())
    app.run()
    assert not app.exception
    assert "Chronos-Bolt" in offered_models(app)


def offered_models(app: AppTest) -> list[str]:
    pills = next(each for each in app.button_group if each.label == "Models")
    return [str(each.content) for each in pills.proto.options]
