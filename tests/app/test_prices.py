"""Prices in the app: advice under rules, selling off, and data that say little."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import price_rules
from data.price_rules import ShopRules
from data.prices import now as prices_now
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


def keep(var: Path, rules: ShopRules, competitors: dict[int, float] | None = None) -> None:
    """Rules as somebody left them, and competitors' prices by product."""
    store = open_store(var / "almanac.duckdb")
    price_rules.save(store, 1, rules, words="Rules of all products", author="Mia")
    if competitors:
        limits = pd.DataFrame({"competitor": competitors}, dtype=float)
        limits = limits.rename_axis("product_id").reindex(columns=list(price_rules.LIMITS))
        price_rules.save_limits(store, 1, limits, words="prices", author="Mia")
    store.close()


def best_prices(app: AppTest) -> pd.DataFrame:
    app.segmented_control(key="price_list").set_value("All").run()
    table = app.dataframe[0].value
    return table.loc[table["best"].notna(), ["product", "price", "best", "note"]]


def test_when_rules_are_kept_then_the_advice_keeps_them_and_the_page_says_which(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    steps = ShopRules(shape="steps", step=0.5, under=0.01, tested_only=True, most_change=0.25)
    keep(tmp_path, steps)
    app = opened(empty_app)
    assert "Rules: prices €0.50 apart, less €0.01 · only prices charged before" in words(app)
    assert app.segmented_control(key="price_change").value == 0.25
    table = best_prices(app)
    moved = table[table["best"] != table["price"]]
    assert len(moved) > 5
    parts = ((moved["best"] + 0.01) / 0.5) % 1
    assert np.minimum(parts, 1 - parts).max() < 1e-6
    assert not table["note"].str.contains("never charged").any()


def test_when_a_competitor_s_price_is_known_then_no_advice_is_far_above_it(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    store = open_store(tmp_path / "almanac.duckdb")
    now = prices_now(store, 1).set_index("product_id")["price"]
    store.close()
    rules = ShopRules(shape="any", over_competitor=0.05, most_change=0.4)
    keep(tmp_path, rules, (now * 0.9).to_dict())
    app = opened(empty_app)
    assert f"limits of {len(now)} products" in words(app)
    table = best_prices(app)
    assert len(table) > 20
    assert (table["best"] <= table["price"] * 0.9 * 1.05 + 0.011).all()
    assert "Rules allow" in words(app)


def test_when_the_stock_has_to_last_then_products_short_of_it_are_not_made_cheaper(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    app = opened(empty_app)
    free = best_prices(app).set_index("product")["best"]
    price_rules.save(state.store(), 1, ShopRules(stock_weeks=26.0), words="26 weeks")
    held = best_prices(app.run()).set_index("product")["best"]
    both = pd.concat([free, held], axis=1, keys=["free", "held"]).dropna()
    assert (both["held"] >= both["free"] - 1e-9).mean() > 0.95
    assert (both["held"] > both["free"]).sum() > 3


def test_when_the_rules_are_opened_then_what_is_kept_stands_in_them(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    """What their buttons do is in tests/browser: buttons of dialogs need a browser."""
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    ladder = ShopRules(shape="points", points=(4.99, 7.99), over_competitor=0.05, category_to=1.2)
    keep(tmp_path, ladder, {1: 9.5})
    app = opened(empty_app)
    assert "Rules: 2 price points · at most 5% above the competitor" in words(app)
    app.button(key="price_rules").click().run()
    assert not app.error  # an exception too would be said as one
    edit = price_rules.kept(state.store(), 1).edit_id
    assert app.text_area(key=f"price_rule_points-{edit}").value == "4.99 7.99"
    assert app.number_input(key=f"price_rule_over-{edit}").value == 5.0
    assert app.number_input(key=f"price_rule_to-{edit}").value == 120.0
    assert app.number_input(key=f"price_rule_under-{edit}").value is None
    assert "Last change: prices, by Mia" in words(app)
    steps = ShopRules(shape="steps", step=0.5, under=0.01, under_competitor=0.1)
    price_rules.save(state.store(), 1, steps, words="Steps", author="Mia")
    app.button(key="price_rules").click().run()
    assert not app.error
    assert app.number_input(key=f"price_rule_step-{edit + 1}").value == 0.5
    assert app.number_input(key=f"price_rule_less-{edit + 1}").value == 0.01
    assert app.number_input(key=f"price_rule_under-{edit + 1}").value == 10.0


def test_when_a_link_names_a_product_then_it_is_shown_among_its_siblings(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app, product="5", price_goal="Revenue")
    assert app.segmented_control(key="price_goal").value == "Revenue"
    assert not app.warning
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
