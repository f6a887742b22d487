"""Compare, on a small comparison that a real worker made."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.scope import Scope
from tests.app.test_pages import text_of
from tests.stores import app_in
from ui import engine as engines
from ui import navigation, queries, training
from ui.training import Plan


@pytest.fixture(scope="session")
def compared_var(demo_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with theta for every product by month, and its comparison."""
    folder = tmp_path_factory.mktemp("compared")
    shutil.copy(demo_var / "almanac.duckdb", folder / "almanac.duckdb")
    plan = Plan(
        scope=Scope(dataset_id=1, freq="M", measure="quantity"),
        split="product",
        horizon=2,
        windows=2,
        models=("theta",),
        preset="fast",
    )
    with app_in(folder):
        training.prepare(plan, queries.datasets()[0]).submit()
        for entry in engines.registry().entries():
            assert engines.engine().wait(entry.run_id, timeout=240).state == "succeeded"
    return folder


@pytest.fixture
def app(empty_app: AppTest, compared_var: Path, tmp_path: Path) -> AppTest:
    """The app on a copy of that folder."""
    shutil.copytree(compared_var, tmp_path, dirs_exist_ok=True)
    return empty_app


def opened(app: AppTest, **address: str) -> AppTest:
    app.switch_page(navigation.COMPARE)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.error, [each.value for each in app.error]
    return app


def run_id(model: str) -> str:
    return next(e.run_id for e in engines.registry().entries() if e.about.model == model)


def test_when_nothing_was_compared_then_the_page_says_what_it_shows_and_how(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app)
    assert "Nothing compared in Demo shop yet." in text_of(app)
    assert [each.proto.label for each in app.get("page_link")] == ["Train models"]


def test_when_a_comparison_is_done_then_the_page_shows_verdict_board_and_charts(
    app: AppTest,
) -> None:
    app = opened(app)
    text = text_of(app)
    assert "**Use " in text
    assert "24 series compared, in units. Same windows for every model: cut-offs" in text
    board = app.dataframe[0].value
    assert set(board["Model"]) == {"Theta", "ARIMA", "Last year"}
    assert board["WQL"].is_monotonic_increasing
    assert board["Verdict"].iloc[0] == ["Best"]
    assert len(app.get("plotly_chart")) == 3


@pytest.mark.parametrize(
    "by", ["Level", "Category", "Segment", "Window", "Steps", "Products", "Bands", "Residuals",
           "Value added"],
)  # fmt: skip
def test_when_errors_are_broken_down_then_every_way_has_something_to_show(
    app: AppTest, by: str
) -> None:
    app = opened(app, compare_by=by)
    app.segmented_control(key="compare_by").set_value(by)
    app.run()
    assert not app.exception
    assert not app.error
    tables, charts = len(app.dataframe), len(app.get("plotly_chart"))
    assert tables + charts > 1 or "Fewer than eight errors" in text_of(app)


def test_when_the_method_is_opened_then_both_tests_stand_in_it(app: AppTest) -> None:
    app = opened(app)
    app.session_state["compare_method"] = True
    app.run()
    assert not app.exception
    columns = [list(each.value.columns) for each in app.dataframe]
    assert any("Diebold-Mariano" in each for each in columns)
    assert any("RMSSE" in each for each in columns)


def test_when_the_link_names_what_is_gone_then_the_rest_is_shown_and_it_says_so(
    app: AppTest,
) -> None:
    app = opened(app)
    app = opened(app, runs=f"gone,{run_id('theta')},{run_id('')}")
    text = text_of(app)
    assert "was deleted, or never was here" in text
    assert "is one model. Its comparison with others is a run of its own." in text
    assert "**Use " in text


def test_when_the_model_is_used_then_it_is_the_champion_with_the_reason(app: AppTest) -> None:
    app = opened(app)
    app.session_state["compare_use"] = True
    app.run()
    assert not app.exception
    board = next(each.value for each in app.dataframe if "Score" in each.value.columns)
    assert board["Score"].is_monotonic_increasing
    kept = board[board[" "] == ""]["Model"].tolist()
    assert kept == ["Theta"]  # the references keep no model to use
    why = next(each for each in app.text_area if each.label == "Why")
    why.set_value("")
    app.button(key="champion_use").click()
    app.run()
    assert "Say in a few words why" in app.error[0].value
    why = next(each for each in app.text_area if each.label == "Why")
    why.set_value("Good enough, and quick")
    app.button(key="champion_use").click()
    app.run()
    assert not app.exception
    entry = next(e for e in engines.registry().entries() if e.is_champion)
    assert entry.about.model == "theta"
    (change,) = engines.registry().crownings(entry.about.scope_key)
    assert change.why == "Good enough, and quick"
    models = next(each.value for each in app.dataframe if "Verdict" in each.value.columns)
    assert "In use" in models[" "].tolist()


def test_when_a_category_gets_an_exception_then_forecast_opens_with_it_and_says_why(
    app: AppTest,
) -> None:
    app = opened(app)
    app.session_state["compare_use"] = True
    app.run()
    part = app.selectbox(key="champion_part")
    category = next(each for each in part.options if each.startswith("Category: "))
    part.set_value(category)
    app.run()
    why = next(each for each in app.text_area if each.label == "Why")
    why.set_value("Theta knows these")
    app.button(key="champion_use").click()
    app.run()
    assert not app.exception
    assert not any(entry.is_champion for entry in engines.registry().entries())
    name = category.removeprefix("Category: ")
    app.switch_page(navigation.FORECAST)
    app.session_state["by"], app.session_state["show"] = "Month", "Units"
    app.query_params["category"] = name
    app.run()
    assert not app.exception
    text = text_of(app)
    assert "In use since" in text
    assert "Theta knows these" in text
    assert "Theta, trained" in text
    app.query_params["model"] = "seasonal_naive"
    app.run()
    assert "Theta knows these" not in text_of(app)
    app.query_params.pop("model")
    app.query_params.pop("category")
    app.run()
    assert "Theta knows these" not in text_of(app)  # nothing is in use for all products


def test_when_the_comparison_is_deleted_then_the_page_is_as_before_the_first(app: AppTest) -> None:
    app = opened(app)
    engines.registry().delete(run_id(""))
    assert "Nothing compared in Demo shop yet." in text_of(opened(app))
