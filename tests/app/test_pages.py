"""Every page of the navigation table opens, with an empty store and with the demo shop."""

from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from ui import navigation
from ui.navigation import Entry

PAGES = navigation.entries()


def text_of(app: AppTest) -> str:
    """All words on the page."""
    parts = [*app.title, *app.markdown, *app.caption, *app.error, *app.metric]
    return "\n".join(
        str(part.value) + (str(part.label) if hasattr(part, "label") else "") for part in parts
    )


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.title)
def test_when_nothing_is_loaded_then_every_page_opens_and_says_what_to_do(
    empty_app: AppTest, entry: Entry
) -> None:
    app = empty_app.run().switch_page(entry.path).run()
    assert not app.exception
    assert not app.error
    assert text_of(app)
    assert not app.sidebar.selectbox


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.title)
def test_when_the_demo_is_loaded_then_every_page_opens(demo_app: AppTest, entry: Entry) -> None:
    app = demo_app.run().switch_page(entry.path).run()
    assert not app.exception
    assert not app.error
    assert app.title
    assert app.sidebar.selectbox[0].value is not None


def test_when_a_page_is_listed_then_its_script_lies_in_a_folder_of_pages() -> None:
    root = Path(__file__).parents[2]
    for page in PAGES:
        assert (root / page.path).is_file()
        assert len(Path(page.path).parts) == 3
    assert len({Path(page.path).stem for page in PAGES}) == len(PAGES)


def test_when_the_demo_button_is_pressed_then_home_shows_the_shop(empty_app: AppTest) -> None:
    app = empty_app.run()
    next(button for button in app.button if button.label == "Load the demo shop").click()
    app.run()
    assert not app.exception
    assert [metric.label for metric in app.metric][:2] == [
        "Revenue last week",
        "Forecast, next 4 weeks",
    ]
    assert "Demo shop" in text_of(app)
    assert app.query_params["dataset"] == "1"


def test_when_the_address_names_a_product_then_forecast_shows_it(demo_app: AppTest) -> None:
    demo_app.query_params["product"] = "3"
    app = demo_app.run().switch_page(navigation.FORECAST).run()
    assert not app.exception
    labels = [metric.label for metric in app.metric]
    assert labels[:3] == ["Last 4 weeks", "Next 4 weeks", "Next 13 weeks"]
    assert app.button(key="up-0").label == "All products"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("product", "99999", "This product does not exist"),
        ("product", "<script>", "This product does not exist"),
        ("place", "77", "This place does not exist"),
        ("category", "'; DROP TABLE sales", "There is no category"),
        ("dataset", "55", "This link leads to a dataset that does not exist"),
    ],
)
def test_when_the_address_is_foreign_then_the_page_says_so_and_offers_a_way_back(
    demo_app: AppTest, name: str, value: str, words: str
) -> None:
    app = demo_app.run().switch_page(navigation.FORECAST)
    app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.error
    assert words in text_of(app)
    app.main.button[0].click().run()
    assert app.metric


@pytest.mark.parametrize(
    ("period", "measure"), [("Day", "Units"), ("Week", "Revenue"), ("Month", "Units")]
)
def test_when_period_and_measure_change_then_the_forecast_follows(
    demo_app: AppTest, period: str, measure: str
) -> None:
    app = demo_app.run().switch_page(navigation.FORECAST).run()
    app.get_by_key("by").set_value(period)
    app.get_by_key("show").set_value(measure)
    app.run()
    assert not app.exception
    assert not app.error
    noun = {"Day": "days", "Week": "weeks", "Month": "months"}[period]
    assert app.metric[2].label.endswith(noun)
    assert ("€" in app.metric[2].value) == (measure == "Revenue")


def test_when_the_database_is_damaged_then_the_page_says_so_and_recovers(
    empty_app: AppTest, tmp_path: Path
) -> None:
    file = tmp_path / "almanac.duckdb"
    file.write_bytes(b"this is no database" * 1000)
    app = empty_app.run()
    assert not app.exception
    assert "cannot be read" in app.error[0].value
    file.unlink()
    app.button[0].click().run()
    assert not app.error
    assert "Nothing to forecast yet" in text_of(app)


def test_when_the_database_is_locked_then_the_page_says_by_whom(
    empty_app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = 'IO Error: Could not set lock on file "almanac.duckdb": Conflicting lock is held'

    def locked(*_: object, **__: object) -> None:
        raise duckdb.IOException(message)

    with monkeypatch.context() as patched:
        patched.setattr(duckdb, "connect", locked)
        app = empty_app.run()
    assert not app.exception
    assert "open in another process" in app.error[0].value
    assert not app.run().error
