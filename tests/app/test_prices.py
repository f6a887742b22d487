"""Prices in the app: advice under rules, selling off, and data that say little."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.store import open_store
from tests.stores import open_at
from ui import format as fmt
from ui import state

PAGE = "pages/plan/prices.py"


def opened(app: AppTest, **address: str) -> AppTest:
    return open_at(app, PAGE, **address)


def words(app: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*app.markdown, *app.caption])


def changed(var: Path, *statements: str) -> None:
    store = open_store(var / "almanac.duckdb")
    with store.transaction() as cursor:
        for sql in statements:
            cursor.execute(sql)
    store.close()


def card(app: AppTest, label: str) -> str:
    return next(str(metric.value) for metric in app.metric if metric.label == label)


def test_when_opened_then_advice_cards_curve_and_answer_are_there(demo_app: AppTest) -> None:
    app = opened(demo_app)
    assert [metric.label for metric in app.metric] == [
        "Prices worth changing",
        "More margin a week",
        "A 1% higher price",
        "Own estimate",
    ]
    assert "% less" in card(app, "A 1% higher price")
    assert len(app.dataframe) == 1
    assert len(app.get("plotly_chart")) == 1
    assert "What to charge" in words(app)
    assert "a week" in words(app)


def test_when_the_goal_or_a_rule_changes_then_the_advice_does(demo_app: AppTest) -> None:
    app = opened(demo_app)
    app.segmented_control(key="price_list").set_value("All").run()
    margin = app.dataframe[0].value["best"].tolist()
    app.segmented_control(key="price_goal").set_value("Revenue").run()
    assert "More revenue a week" in [metric.label for metric in app.metric]
    revenue = app.dataframe[0].value["best"].tolist()
    assert sorted(revenue) != sorted(margin)
    app.segmented_control(key="price_change").set_value(0.05).run()
    table = app.dataframe[0].value
    assert ((table["best"] / table["price"] - 1).dropna().abs() <= 0.05 + 1e-6).all()
    app.toggle(key="price_tested").set_value(True).run()
    assert not app.dataframe[0].value["note"].str.contains("never charged").any()


def test_when_a_link_names_a_product_then_it_is_shown_among_its_siblings(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app, product="5")
    (row,) = state.store().rows("SELECT name FROM product WHERE product_id = 5")
    assert f"**{fmt.escape(row[0])}**" in words(app)


def test_when_there_is_no_cost_then_only_revenue_is_offered(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, "UPDATE product SET unit_cost = NULL")
    app = opened(empty_app)
    assert app.segmented_control(key="price_goal").options == ["Revenue"]
    assert "More revenue a week" in [metric.label for metric in app.metric]


def test_when_one_cost_is_missing_then_that_product_has_no_margin(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, "UPDATE product SET unit_cost = NULL WHERE product_id = 3")
    app = opened(empty_app)
    app.segmented_control(key="price_list").set_value("No estimate").run()
    assert app.dataframe[0].value["note"].str.contains("unit cost is not known").sum() == 1


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("UPDATE sales SET price = NULL, revenue = NULL", "has no prices"),
        ("UPDATE sales SET price = 5, revenue = 5 * quantity", "ever moved enough"),
        ("UPDATE sales SET price = 0, revenue = NULL", "has no prices"),
        ("UPDATE product SET unit_cost = 900", "What to charge"),
        ("UPDATE dataset SET frequency = 'M'", "What to charge"),
    ],
)
def test_when_data_are_odd_then_the_page_still_says_what_it_can(
    empty_app: AppTest, demo_var: Path, tmp_path: Path, sql: str, message: str
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, sql)
    app = opened(empty_app)
    assert message in words(app)


def test_when_there_is_no_data_then_the_page_leads_to_home(empty_app: AppTest) -> None:
    assert "No sales yet" in words(opened(empty_app))
