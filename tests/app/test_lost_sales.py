"""Lost sales in the app: accepting, using corrected sales elsewhere, undoing; without stock too."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.scope import Scope
from data.store import open_store
from tests.stores import words
from ui import corrected, navigation, queries, state, training
from ui.lost_sales_words import BY_STOCK
from ui.training import Plan

PAGE = "pages/explore/lost_sales.py"


def opened(app: AppTest) -> AppTest:
    app = app.switch_page(PAGE).run()
    assert not app.exception
    assert not app.error
    return app


def changed(var: Path, sql: str) -> None:
    """Change the shop of an app before it starts."""
    store = open_store(var / "almanac.duckdb")
    with store.transaction() as cursor:
        cursor.execute(sql)
    store.close()


def test_when_all_are_accepted_then_corrected_sales_can_be_used_and_undone(
    demo_app: AppTest,
) -> None:
    demo_app.user = {"is_logged_in": True, "name": "Ada"}
    app = opened(demo_app)
    labels = [metric.label for metric in app.metric]
    assert labels == ["Units lost", "Revenue lost", "Out of stock", "Products hit"]
    assert [each.label for each in app.text_input] == ["Reason"]  # who it is, is known
    app.button(key="lost_accept").click().run()
    assert not app.exception
    assert "Accepted" in words(app)
    assert "Ada" in words(app)
    assert "No spell is left under “To review”." in words(app)
    app = app.switch_page(navigation.FORECAST).run()
    assert "Corrected sales" not in words(app)
    app.toggle(key="use_corrected").set_value(True).run()
    assert not app.exception
    assert app.query_params["corrected"] == "1"
    assert "out of stock" in words(app)
    app = opened(app)
    assert "Corrected sales" not in words(app)  # this page shows what was recorded
    app.button(key="undo-1").click().run()
    assert "Undone by Ada" in words(app)
    app = app.switch_page(navigation.FORECAST).run()
    assert not app.exception
    assert "Corrected sales" not in words(app)
    assert "use_corrected" not in [toggle.key for toggle in app.toggle]


def test_when_a_run_is_trained_on_corrected_sales_then_it_says_so(demo_app: AppTest) -> None:
    app = opened(demo_app)
    app.button(key="lost_accept").click().run()
    revision = corrected.revision(1)
    scope = Scope(dataset_id=1, corrected=True, correction_revision=revision)
    plan = Plan(
        scope=scope, split="total", horizon=4, windows=0, models=("gbm",), preset="fast"
    )  # fmt: skip
    (dataset,) = queries.datasets()
    prepared = training.prepare(plan, dataset)
    about = prepared.requests[0][0]
    assert about.scope_words.endswith("corrected sales")
    assert training.scope_of(about) == scope
    recorded = replace(plan, scope=replace(scope, corrected=False, correction_revision=0))
    plain = training.prepare(recorded, dataset)
    assert prepared.frame["target"].sum() > plain.frame["target"].sum()


def test_when_no_reason_is_given_then_nothing_is_decided(demo_app: AppTest) -> None:
    app = opened(demo_app)
    app.text_input(key="lost_reason").input("  ").run()
    app.button(key="lost_accept").click().run()
    assert not app.exception
    assert "needs a reason" in app.error[0].value
    assert state.store().rows("SELECT count(*) FROM correction_batch") == [(0,)]


def test_when_stock_is_not_known_then_the_page_says_how_stock_outs_are_told(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, "UPDATE sales SET stock_on_hand = NULL, revenue = NULL, price = NULL")
    app = opened(empty_app)
    assert "stock on hand is not known" in words(app)
    assert [metric.label for metric in app.metric] == ["Units lost", "Out of stock", "Products hit"]
    assert BY_STOCK not in words(app)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("UPDATE dataset SET frequency = 'W'", "has its sales by week"),
        ("UPDATE sales SET stock_on_hand = 5", "No lost sales found"),
        (f"DELETE FROM sales WHERE day > DATE '{date(2026, 11, 18) - timedelta(days=559)}'",
         "No lost sales found"),
    ],
)  # fmt: skip
def test_when_nothing_can_be_lost_then_a_sentence_says_why(
    empty_app: AppTest, demo_var: Path, tmp_path: Path, sql: str, message: str
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, sql)
    assert message in words(opened(empty_app))


def test_when_a_product_never_ran_out_then_its_page_says_so(demo_app: AppTest) -> None:
    app = demo_app.run()
    rows = state.store().rows(
        "SELECT product_id FROM sales GROUP BY 1 HAVING count(*) FILTER (stock_on_hand <= 0) = 0"
    )
    app.query_params["product"] = str(rows[0][0])
    assert "No lost sales found" in words(opened(app))
