"""What-if in the app: examples, comparing, the dialog to plan, undo, wrong lines, no data."""

import re

import pandas as pd
import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

import reports
from data import plan_edits, scenarios
from engine.registry import About
from tests.stores import open_at, words
from ui import state, what_if_report
from ui.engine import registry
from ui.what_if import View

PAGE = "pages/plan/what_if.py"


def opened(app: AppTest, **address: str) -> AppTest:
    return open_at(app, PAGE, **address)


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    assert not app.error, [each.value for each in app.error]
    return app


def plan_of(dataset_id: int = 1) -> int:
    return int(state.store().rows("SELECT hash(list(p ORDER BY p)) FROM plan p")[0][0])


def test_when_scenarios_are_compared_then_they_leave_as_a_report(
    demo_app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    views: list[View] = []
    real = what_if_report.offer

    def watched(place: DeltaGenerator, view: View) -> None:
        views.append(view)
        real(place, view)

    monkeypatch.setattr(what_if_report, "offer", watched)
    app = opened(demo_app)
    for number in range(2):
        click(app, f"what_if_example_{number}")
    files = {button.proto.label for button in app.get("download_button")}
    assert {"PDF", "Excel", "HTML"} <= files
    for language in ("en", "zh"):
        made = what_if_report.review(views[-1], language)  # type: ignore[arg-type]
        assert len(made.sections) == 5
        assert made.sections[2].title.startswith("A · Price −10%")
        assert reports.pdf(made).startswith(b"%PDF")
        assert reports.excel(made)
        assert reports.html(made)


def test_when_examples_are_taken_then_they_are_compared_and_one_becomes_the_plan_and_back(
    demo_app: AppTest,
) -> None:
    demo_app.user = {"is_logged_in": True, "name": "Ada"}
    app = opened(demo_app)
    assert "prices, promotions, events or stock were other than planned" in words(app)
    assert re.match(
        r"Price −10% on .* in the week of 11", app.button(key="what_if_example_0").label
    )
    for number in range(3):
        click(app, f"what_if_example_{number}")
    store = state.store()
    assert [each.author for each in scenarios.listed(store, 1)] == ["Ada"] * 3
    text = words(app)
    assert "Built on last year's weeks and measured price effects" in text
    assert "**Changes in C**" in text
    assert "**A Price −10%" in text
    assert len(app.table) == 4  # the plan and three scenarios
    assert len(app.get("plotly_chart")) == 3
    assert "Sells out" in str(app.table[0].value)

    app.query_params["scenario"] = "2"
    app.run()
    assert "**Changes in B**" in words(app)
    before = plan_of()
    click(app, "what_if_make")
    assert "**Overwrites" in words(app)
    assert "days of products** that the plan has already" in words(app)
    rows = store.frame("SELECT * FROM plan WHERE promo ORDER BY day LIMIT 5").assign(price=0.99)
    plan_edits.promote(store, 1, 2, rows, words="Scenario “B”", author="Ada")  # as the dialog does
    app.run()
    assert plan_of() != before
    assert scenarios.listed(store, 1)[1].status == "plan"
    assert ":orange-badge[Stale]" in words(app)
    click(app, "what_if_again")
    assert ":orange-badge[Stale]" not in words(app)
    click(app, "what_if_unplan")
    assert plan_of() == before
    assert [each.is_undone for each in plan_edits.edits(store, 1)] == [True]


def test_when_lines_are_wrong_then_each_says_why_and_a_deleted_scenario_comes_back(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app)
    click(app, "what_if_empty")
    assert "No change yet" in words(app)
    bad = [
        {"kind": "Price", "first": "2026-12-01", "last": "2026-12-07", "value": "0"},
        {"kind": "Price", "first": "2026-12-01", "last": "2026-12-07", "value": "-10%"},
        {"kind": "Event off", "first": "2026-11-23", "last": "2026-11-30", "value": "Black Friday"},
        {"kind": "Event off", "first": "2026-11-23", "last": "2026-11-30", "value": "Eurovision"},
    ]
    scenarios.change(state.store(), 1, 1, bad)
    app.run()
    text = words(app)
    assert ":red-badge[Line 1] A price of 0 cannot be" in text
    assert ":red-badge[Line 4] “Eurovision” is not in the calendar" in text
    assert "Black Friday sold" in text
    click(app, "what_if_delete")
    assert scenarios.listed(state.store(), 1) == []
    click(app, "what_if_restore_1")
    assert "**Changes in A**" in words(app)
    click(app, "what_if_duplicate")
    assert len(scenarios.listed(state.store(), 1)) == 2


def test_when_a_run_lacks_its_model_then_measured_effects_answer(demo_app: AppTest) -> None:
    """A run that is listed but whose folder is gone is never offered."""
    app = opened(demo_app)
    about = About(
        model="lstm",
        scope={
            "dataset": 1, "categories": [], "product": None, "place": None, "freq": "D",
            "measure": "quantity", "split": "product_place", "corrected": False,
        },
        covariates={"price": "last"},
        horizon=28,
        data_until="2026-11-17",
    )  # fmt: skip
    registry().add("run-1", about, name="LSTM of old")
    click(app, "what_if_example_2")
    assert "Built on last year's weeks" in words(app)


def test_when_there_is_no_data_then_the_page_leads_to_the_start(empty_app: AppTest) -> None:
    app = opened(empty_app)
    assert "No sales yet" in words(app)


def test_when_a_link_asks_for_a_price_then_its_scenario_is_made_once(demo_app: AppTest) -> None:
    product = 1
    app = opened(demo_app, product=str(product), price="2.49")
    store = state.store()
    (made,) = scenarios.listed(store, 1)
    (line,) = made.changes
    assert (line["kind"], line["value"]) == ("Price", "2.49")
    assert (pd.Timestamp(line["last"]) - pd.Timestamp(line["first"])).days == 27
    name = store.rows("SELECT name FROM product WHERE product_id = 1")[0][0]
    assert line["products"].startswith(name)
    assert made.name.endswith("at €2.49")
    assert app.query_params["scenario"] == str(made.scenario_id)
    assert "price" not in app.query_params
    assert "**Changes in A**" in words(app)
    opened(app, product=str(product), price="2.49")
    assert len(scenarios.listed(store, 1)) == 1  # the same again
    asked = {"price": "-5%", "from": "2026-12-07", "to": "2026-12-13", "place": "1"}
    app = opened(app, product=str(product), **asked)
    other = scenarios.listed(store, 1)[-1]
    assert (other.changes[0]["first"], other.changes[0]["last"]) == ("2026-12-07", "2026-12-13")
    assert other.changes[0]["places"] != "All places"
    for wrong in ({"price": "0"}, {"price": "cheap"}, {"price": "3", "from": "soon"}):
        app = opened(app, **wrong)
        assert ":orange-badge[Price of the link]" in words(app)
    assert len(scenarios.listed(store, 1)) == 2
