"""Promotions in the app: what they came to, kinds, the check, and data without them."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data.store import Store
from tests.app.test_prices import changed, words
from tests.stores import open_at
from ui import promotions
from ui import promotions_facts as facts

PAGE = "pages/plan/promotions.py"


def opened(app: AppTest, **address: str) -> AppTest:
    return open_at(app, PAGE, **address)


def checking(app: AppTest) -> AppTest:
    """The part of the page that checks price changes and events."""
    app.segmented_control(key="promotion_part").set_value("Did it work?").run()
    assert not app.exception
    return app


def test_when_opened_then_cards_kinds_list_and_one_are_there(demo_app: AppTest) -> None:
    app = opened(demo_app)
    labels = [metric.label for metric in app.metric]
    assert labels == ["Net margin", "Promotions that earned", "More units", "Only moved"]
    assert "What works" in words(app)
    assert "What it came to" in words(app)
    assert len(app.get("plotly_chart")) == 2
    assert set(app.dataframe[0].value["verdict"].map(lambda each: each[0])) <= {
        "Earned", "Cost money", "Could be chance", "Too little sold",
    }  # fmt: skip


def test_when_it_is_checked_then_the_answer_names_placebos(demo_app: AppTest) -> None:
    app = opened(demo_app)
    app.button(key="promotion_check").click().run()
    assert not app.exception
    text = words(app)
    assert "earlier spans of that length" in text or "cannot be checked" in text


def test_when_time_kind_and_list_are_chosen_then_the_page_follows(demo_app: AppTest) -> None:
    app = opened(demo_app)
    year = len(app.dataframe[0].value)
    app.segmented_control(key="promotion_time").set_value("All time").run()
    assert len(app.dataframe[0].value) > year
    for by in app.segmented_control(key="promotion_by").options:
        app.segmented_control(key="promotion_by").set_value(by).run()
        assert not app.exception
    app.segmented_control(key="promotion_list").set_value("Cost money").run()
    assert not app.exception


def test_when_nothing_is_flagged_then_cuts_of_prices_are_judged(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(
        tmp_path,
        "UPDATE sales SET promo = NULL",
        "UPDATE product SET unit_cost = NULL",
    )
    app = opened(empty_app)
    assert "prices cut by at least 5%" in words(app)
    assert app.metric[0].label == "Net revenue"
    assert app.metric[1].label == "Price cuts that earned"


def test_when_a_large_shop_marks_none_then_it_is_said_at_once_and_cuts_wait_to_be_asked_for(
    empty_app: AppTest, demo_var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, "UPDATE sales SET promo = NULL")
    monkeypatch.setattr(promotions, "MANY_ROWS", 100)
    found: list[int] = []
    real = facts.find

    def watched(store: Store, dataset_id: int, **given: Any) -> facts.Found | None:
        found.append(dataset_id)
        return real(store, dataset_id, **given)

    monkeypatch.setattr(facts, "find", watched)
    app = opened(empty_app)
    assert "**No promotions in Demo shop.** Its sales do not say" in words(app)
    assert not found
    assert not app.metric
    app.button(key="promotion_cuts").click().run()
    assert "prices cut by at least 5%" in words(app)
    assert found
    assert app.metric


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("UPDATE sales SET price = NULL, revenue = NULL", "has no prices"),
        ("UPDATE sales SET promo = NULL, price = 5, revenue = 5 * quantity", "No promotions in"),
        ("UPDATE sales SET promo = false, price = 5, revenue = 5 * quantity", "No promotions in"),
        ("UPDATE sales SET stock_on_hand = NULL", "What it came to"),
    ],
)
def test_when_data_are_odd_then_the_page_still_says_what_it_can(
    empty_app: AppTest, demo_var: Path, tmp_path: Path, sql: str, message: str
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, sql)
    assert message in words(opened(empty_app))


def test_when_a_product_was_never_promoted_then_it_is_said(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, "UPDATE sales SET promo = false WHERE product_id = 4")
    assert "No promotion** of" in words(opened(empty_app, product="4"))


def test_when_there_is_no_data_then_the_page_leads_to_home(empty_app: AppTest) -> None:
    assert "No sales yet" in words(opened(empty_app))


def test_when_a_price_change_or_an_event_is_picked_then_its_effect_and_placebo_are_told(
    demo_app: AppTest,
) -> None:
    app = checking(opened(demo_app, product="9"))
    (box,) = [each for each in app.selectbox if each.label == "Price change"]
    assert "€15.19 → €13.79 (−9.2%), from Mon 5 Oct 2026" in str(box.options[0])
    assert "Placebo: the same was done for" in words(app)
    assert "Held against" in words(app)
    assert app.get("plotly_chart")
    app.segmented_control(key="effect_of").set_value("Events").run()
    assert not app.exception
    assert "Placebo: the same was done for" in words(app)
    assert "An event touches all products" in words(app)


def test_when_no_price_ever_changed_then_it_is_said_what_counts_as_one(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, "UPDATE sales SET price = 5, revenue = 5 * quantity")
    app = checking(opened(empty_app))
    assert "No finished price change" in words(app)
