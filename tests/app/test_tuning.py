"""Searching for settings and going on from an earlier model, with real jobs in real workers."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.requests import ForecastRequest, TuneRequest
from tests.app.test_pages import text_of
from tests.app.test_training import PRODUCT, button, labels, opened, plan
from tests.stores import app_in
from ui import (
    again,
    model_lineage,
    navigation,
    queries,
    train_pretrained,
    tuning_jobs,
    tuning_plan,
)
from ui import engine as engines
from ui.tuning_plan import Search

SPACE = {
    "width": [8, 16],
    "learning_rate": {"low": 0.001, "high": 0.01, "log": True, "whole": False},
}


@pytest.fixture(scope="session")
def tuned_var(demo_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a search of three trials of one product, done once for all tests."""
    folder = tmp_path_factory.mktemp("tuned")
    shutil.copy(demo_var / "almanac.duckdb", folder / "almanac.duckdb")
    with app_in(folder):
        search = Search(
            plan=plan("lstm", steps=4), space=SPACE, trials=3, budget_seconds=None, pruner=False
        )
        run_id = tuning_plan.prepare(search, queries.datasets()[0]).submit()
        assert engines.engine().wait(run_id, timeout=240).state == "succeeded"
    return folder


@pytest.fixture
def tuned_app(empty_app: AppTest, tuned_var: Path, tmp_path: Path) -> AppTest:
    """The app on a copy of that folder."""
    shutil.copytree(tuned_var, tmp_path, dirs_exist_ok=True)
    return empty_app


def only_run() -> str:
    return engines.registry().entries()[0].run_id


def links(app: AppTest) -> list[str]:
    return [each.proto.label for each in app.get("page_link")]


def way(app: AppTest, name: str) -> AppTest:
    app.segmented_control(key="train_way").set_value(name)
    return app.run()


def test_when_a_search_is_started_then_the_job_is_asked_what_the_page_says(
    demo_app: AppTest,
) -> None:
    app = way(opened(demo_app, navigation.TRAIN, product=str(PRODUCT)), "search")
    assert not app.exception
    app.number_input(key="tune_trials").set_value(7)
    app.number_input(key="tune_minutes").set_value(2.0)
    app.number_input(key="tune_steps").set_value(2)
    app.segmented_control(key="tune_sampler").set_value("random")
    app.toggle(key="tune_pruner").set_value(False)
    app.select_slider(key=next(each.key for each in app.select_slider
                               if "dropout" in str(each.key))).set_value((0.1, 0.3))  # fmt: skip
    app.run()
    assert "about" in app.metric[0].value
    assert "Time limit" in str(app.table[0].value)
    button(app, "Start search")
    assert not app.exception
    (entry,) = engines.registry().entries()
    request = engines.engine().run(entry.run_id).request()
    engines.engine().cancel(entry.run_id)
    engines.engine().cancel(entry.run_id)
    assert isinstance(request, TuneRequest)
    assert (request.trials, request.budget_seconds, request.sampler) == (7, 120.0, "random")
    assert (request.pruner, request.forecast) == (False, True)
    assert request.options == {"preset": "fast", "max_steps": 2}
    assert request.space
    assert request.space["dropout"] == {"low": 0.1, "high": 0.3, "log": False, "whole": False}
    assert set(request.space) == set(tuning_plan.USUAL["lstm"])
    assert entry.name.startswith("LSTM, tuned in 7 trials")


def test_when_nothing_is_to_be_searched_then_the_button_waits_and_says_why(
    demo_app: AppTest,
) -> None:
    app = way(opened(demo_app, navigation.TRAIN, product=str(PRODUCT)), "search")
    pills = next(each for each in app.pills if each.label == "Settings to search")
    pills.set_value([])
    app.run()
    assert not app.exception
    assert app.button(key="start_training").disabled
    assert "Choose at least one setting" in text_of(app)


def test_when_a_search_is_done_then_jobs_shows_its_trials_and_the_ways_on(
    tuned_app: AppTest,
) -> None:
    app = opened(tuned_app, navigation.JOBS)
    assert not app.exception
    found = {metric.label: metric.value for metric in app.metric}
    assert found["Trials"] == "3 of 3"
    assert float(found["Best WQL"]) > 0
    table = app.dataframe[-1].value
    assert table["WQL"].is_monotonic_increasing
    assert sorted(table["Trial"]) == [1, 2, 3]
    assert ["Best", "Complete"] in [list(each) for each in table["State"]]
    assert {"Width", "Learning rate"} <= set(table.columns)
    assert {"Train with these settings", "Clone with changes", "**Show forecast**"} <= set(
        links(app)
    )
    assert "cannot tell; 8 are needed" in text_of(app)
    assert "tensorboard --logdir" in "".join(each.value for each in app.code)


def test_when_its_link_is_followed_then_train_uses_the_found_settings(tuned_app: AppTest) -> None:
    run_id = _first_run(tuned_app)
    app = opened(tuned_app, navigation.TRAIN, copy=run_id, settings="found")
    assert not app.exception
    assert "LSTM uses found settings" in text_of(app)
    app.number_input(key="train_windows").set_value(0)
    app.run()
    button(app, "Start training")
    entry = engines.registry().entries()[0]
    engines.engine().cancel(entry.run_id)
    request = engines.engine().run(entry.run_id).request()
    assert isinstance(request, ForecastRequest)
    found = tuning_jobs.found(engines.engine().run(run_id))
    assert found is not None
    assert found.options  # the usual settings, where they were the best
    assert dict(found.options).items() <= dict(request.options).items()
    assert "with found settings" in entry.name


def test_when_a_search_is_cloned_then_the_page_says_what_it_was_asked(tuned_app: AppTest) -> None:
    app = opened(tuned_app, navigation.TRAIN, copy=_first_run(tuned_app))
    assert not app.exception
    assert app.segmented_control(key="train_way").value == "search"
    assert app.number_input(key="tune_trials").value == 3
    assert app.number_input(key="tune_steps").value == 4
    assert app.number_input(key="tune_minutes").value is None
    assert app.number_input(key="train_horizon_W").value == 4
    slider = next(each for each in app.select_slider if "learning_rate" in str(each.key))
    assert slider.value == (0.001, 0.01)
    button(app, "Start search")
    assert "Searched already" in text_of(app)


def _first_run(app: AppTest) -> str:
    app.run()
    return only_run()


def test_when_a_kept_network_fits_then_it_is_trained_further(tuned_app: AppTest) -> None:
    app = opened(tuned_app, navigation.TRAIN, product=str(PRODUCT), copy=_first_run(tuned_app))
    way(app, "earlier")
    assert not app.exception
    assert app.selectbox(key="earlier_run").value == only_run()
    app.segmented_control(key="earlier_unfrozen").set_value("head")
    app.number_input(key="earlier_steps").set_value(2)
    app.run()
    button(app, "Start training")
    assert not app.exception
    entry = engines.registry().entries()[0]
    assert engines.engine().wait(entry.run_id, timeout=240).state == "succeeded"
    request = engines.engine().run(entry.run_id).request()
    assert isinstance(request, ForecastRequest)
    assert (request.fine_tune, request.options) == ("head", {"steps": 2})
    assert (engines.engine().run(entry.run_id).folder / "forecast.parquet").is_file()
    app = opened(app, navigation.JOBS, job=entry.run_id)
    assert not app.exception
    assert "LSTM, trained further" in text_of(app)
    app = opened(app, navigation.TRAIN, copy=entry.run_id)
    assert app.segmented_control(key="earlier_unfrozen").value == "head"


def test_when_no_kept_network_fits_then_each_says_why_and_ours_is_the_start(
    tuned_app: AppTest,
) -> None:
    app = way(opened(tuned_app, navigation.TRAIN, product=str(PRODUCT)), "earlier")
    assert not app.exception
    unfit = next(each.value for each in app.dataframe if "Model" in each.value)
    assert "looks 4 ahead, not 13" in unfit.iloc[0, 1]
    assert app.selectbox(key="earlier_run").value == train_pretrained.OURS
    app.segmented_control(key="earlier_unfrozen").set_value("low-rank")
    app.number_input(key="earlier_steps").set_value(2)
    app.run()
    button(app, "Start training")
    assert not app.exception
    entry = engines.registry().entries()[0]
    assert engines.engine().wait(entry.run_id, timeout=240).state == "succeeded"
    request = engines.engine().run(entry.run_id).request()
    assert isinstance(request, ForecastRequest)
    assert request.options == {"tune": "low-rank", "tune_steps": 2}
    words = model_lineage.in_words(entry)
    assert words.startswith("Our pretrained forecaster (small")
    assert "0 real ones" in words
    app = opened(app, navigation.TRAIN, copy=entry.run_id)
    assert app.segmented_control(key="earlier_unfrozen").value == "low-rank"
    assert app.number_input(key="earlier_steps").value == 2


def test_when_a_search_was_stopped_then_it_can_be_resumed(tuned_app: AppTest) -> None:
    run_id = _first_run(tuned_app)
    retried = again.retry(run_id)
    engines.engine().cancel(retried)
    engines.engine().cancel(retried)
    assert engines.engine().wait(retried, timeout=60).state == "cancelled"
    app = opened(tuned_app, navigation.JOBS, job=retried)
    assert "Retry" in labels(app)
    search = engines.engine().run(run_id).folder / "search"
    target = engines.engine().run(retried).folder / "search"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(search, target)
    app.run()
    button(app, "Resume")
    assert not app.exception
    newest = engines.engine().jobs()[-1].run_id
    assert engines.engine().wait(newest, timeout=240).state == "succeeded"
    request = engines.engine().run(newest).request()
    assert isinstance(request, TuneRequest)
    assert request.continues == retried
    app.run()
    assert "goes on where an earlier job ended" in text_of(app)
