"""Inventory in the app: planning without a trained model, deciding, settings, and no stock."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import inventory, inventory_files, inventory_settings
from data.inventory_settings import Setting
from data.store import open_store
from engine.registry import About
from tests.stores import open_at, words
from ui import state
from ui.engine import registry

PAGE = "pages/plan/inventory.py"


def opened(app: AppTest, **address: str) -> AppTest:
    return open_at(app, PAGE, **address)


def changed(var: Path, *statements: str) -> None:
    """Change the shop of an app before it starts."""
    store = open_store(var / "almanac.duckdb")
    with store.transaction() as cursor:
        for sql in statements:
            cursor.execute(sql)
    store.close()


def card(app: AppTest, label: str) -> str:
    return next(str(metric.value) for metric in app.metric if metric.label == label)


def decisions() -> pd.DataFrame:
    day = inventory.stock(state.store(), 1)["day"].max().date()
    return inventory.decisions(state.store(), 1, day)


def test_when_nothing_is_trained_then_orders_are_planned_and_one_can_be_approved_and_taken_back(
    demo_app: AppTest,
) -> None:
    demo_app.user = {"is_logged_in": True, "name": "Ada"}
    app = opened(demo_app)
    labels = [metric.label for metric in app.metric]
    assert labels == ["To order now", "Sells out before delivery", "Excess stock", "Service"]
    assert card(app, "To order now").startswith("€")
    assert "last year's weeks" in words(app)
    assert "No deliveries known" in words(app)
    assert "**Why " in words(app)
    app.button(key="inventory_approve").click().run()
    assert not app.exception
    made = decisions()
    assert made["author"].tolist() == ["Ada"]
    assert made["approved"].tolist() == [True]
    assert "1 of " in words(app)
    app.button(key="inventory_back").click().run()
    assert decisions()["approved"].tolist() == [False]


def test_when_a_quantity_is_changed_then_it_needs_a_reason_and_changes_the_cards(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app)
    before = card(app, "To order now")
    quantity = next(each for each in app.number_input if each.key.startswith("inventory_quantity"))
    quantity.set_value(9000.0)
    press = next(each for each in app.button if each.label == "Approve this quantity")
    press.click().run()
    assert "needs a reason" in app.error[0].value
    assert decisions().empty
    quantity = next(each for each in app.number_input if each.key.startswith("inventory_quantity"))
    quantity.set_value(9000.0)
    next(each for each in app.text_input if each.key.startswith("inventory_why")).set_value("Fair")
    next(each for each in app.button if each.label == "Approve this quantity").click().run()
    assert not app.exception
    assert not app.error
    assert decisions()[["quantity", "reason"]].to_numpy().tolist() == [[9000.0, "Fair"]]
    assert card(app, "To order now") != before
    assert "Changed to **9,000**" in words(app)


def test_when_all_are_approved_then_none_is_left_to_approve(demo_app: AppTest) -> None:
    app = opened(demo_app)
    app.button(key="inventory_all").click().run()
    assert not app.exception
    assert "inventory_all" not in [button.key for button in app.button]
    assert len(decisions()) > 3


def test_when_a_budget_is_given_then_orders_fit_it_or_a_sentence_says_why_not(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app)
    app.number_input(key="inventory_budget").set_value(500.0).run()
    assert not app.exception
    assert float(card(app, "To order now").strip("€")) <= 500
    app.number_input(key="inventory_budget").set_value(0.01).run()
    assert not app.exception
    assert "buys nothing" in words(app)


def test_when_another_list_is_chosen_then_it_opens(demo_app: AppTest) -> None:
    app = opened(demo_app)
    for pill in ("Too much", "Move between places", "All"):
        app.segmented_control(key="inventory_pill").set_value(pill).run()
        assert not app.exception
        assert not app.error


def test_when_settings_and_deliveries_change_then_orders_do(demo_app: AppTest) -> None:
    app = opened(demo_app)
    before = card(app, "To order now")
    store = state.store()
    inventory_settings.save(store, 1, [Setting(class_="A", service_level=0.6)])
    app.run()
    assert "service levels 60% to 95%" in words(app)
    lower = card(app, "To order now")
    assert lower != before
    known = inventory_files.codes(store, 1)
    day = inventory.stock(store, 1)["day"].max() + pd.Timedelta(days=1)
    rows = [f"{p},{s},{day:%Y-%m-%d},5000" for p in known.products for s in known.places]
    text = "product,place,day,quantity\n" + "\n".join(rows)
    inventory_files.keep(store, 1, inventory_files.read(text.encode(), "deliveries", known))
    app.run()
    assert not app.exception
    assert card(app, "To order now") == "€0"
    assert "No deliveries known" not in words(app)
    assert "Nothing has to be ordered" in words(app)


def test_when_there_is_no_stock_then_a_sentence_says_what_to_upload(
    empty_app: AppTest, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, "UPDATE sales SET stock_on_hand = NULL")
    app = opened(empty_app)
    assert "has no stock on hand" in words(app)
    assert not app.metric
    content = b"product,place,day,quantity\nnone,none,2026-11-18,4\n"
    app.file_uploader[0].upload("stock.csv", content).run()
    assert "1 line cannot be read" in app.error[0].value
    store = state.store()
    known = inventory_files.codes(store, 1)
    rows = [f"{p},{s},2026-11-17,30" for p in known.products for s in known.places]
    content = ("product,place,day,quantity\n" + "\n".join(rows)).encode()
    app.file_uploader[0].upload("stock.csv", content).run()
    app.button(key="inventory_import_stock").click().run()
    assert not app.exception
    assert len(app.metric) == 4


def trained(freq: str, first: pd.Timestamp, steps: int, mean: float, name: str) -> None:
    """A finished run of all lines by product and place, which sell `mean` units a step."""
    days = pd.date_range(first, periods=steps, freq="D" if freq == "D" else "7D")
    store = state.store()
    ids = [f"{p}:{s}" for p, s in store.rows("SELECT DISTINCT product_id, place_id FROM sales")]
    frame = pd.DataFrame(
        {"series_id": [each for each in ids for _ in days], "timestamp": [*days] * len(ids)}
    ).assign(mean=mean)
    for level, times in (("0.1", 0.8), ("0.5", 1.0), ("0.9", 1.2)):
        frame[f"q{level}"] = mean * times
    run_id = f"run-{name}"
    folder = registry().run(run_id).folder
    folder.mkdir(parents=True)
    frame.to_parquet(folder / "forecast.parquet")
    scope = {"dataset": 1, "categories": [], "product": None, "place": None, "freq": freq,
             "measure": "quantity", "split": "product_place"}  # fmt: skip
    step = pd.Timedelta(days=1 if freq == "D" else 7)
    about = About(
        model="lstm", scope=scope, horizon=steps, data_until=f"{first - step:%Y-%m-%d}"
    )  # fmt: skip
    registry().add(run_id, about, name=name)


def test_when_a_run_by_product_and_place_exists_then_the_newest_is_planned_on(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app)
    today = inventory.stock(state.store(), 1)["day"].max() + pd.Timedelta(days=1)
    monday = today - pd.Timedelta(days=today.weekday())
    trained("W", monday - pd.Timedelta(days=700), 13, 500.0, "Old")
    app.run()
    assert "“Old” forecast has passed" in words(app)
    trained("W", monday, 8, 500.0, "Weeks")
    app.run()
    assert not app.exception
    assert "forecast “Weeks”" in words(app)
    much = card(app, "To order now")
    trained("D", today, 28, 0.001, "Days")
    app.run()
    assert "forecast “Days”" in words(app)
    assert card(app, "To order now") != much


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("UPDATE dataset SET frequency = 'M'", "too coarse"),
        ("UPDATE product SET unit_cost = NULL", "without a unit cost"),
        ("UPDATE sales SET stock_on_hand = -5", "stock to come"),
        ("UPDATE product SET lead_time_days = 400", "reach beyond the 91 days"),
        ("UPDATE sales SET revenue = NULL, price = NULL", "To order now"),
    ],
)
def test_when_data_are_odd_then_the_page_still_says_what_it_can(
    empty_app: AppTest, demo_var: Path, tmp_path: Path, sql: str, message: str
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    changed(tmp_path, sql)
    app = opened(empty_app)
    labels = "\n".join(metric.label for metric in app.metric)
    assert message in words(app) + labels
