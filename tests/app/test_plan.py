"""The plan on the Forecast page: begin, change, see it at every level, take it back, conflicts."""

import re
from datetime import date

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import inventory, plan_changes, plan_log, plans, publications
from data.plan_changes import Change
from data.plans import Plan
from data.scope import Scope
from tests.stores import open_at, words
from ui import format as fmt
from ui import state

PAGE = "pages/forecast/forecast.py"
TOTAL = Scope(dataset_id=1, freq="W")


def opened(app: AppTest, **address: str) -> AppTest:
    return open_at(app, PAGE, **address)


def begun(app: AppTest, **address: str) -> AppTest:
    app.user = {"is_logged_in": True, "name": "Ada"}
    opened(app, **address)
    app.button(key="plan_begin").click().run()
    assert not app.exception
    return app


def plan() -> Plan:
    found = plans.current(state.store(), 1, "W")
    assert found is not None
    return found


def sheet(app: AppTest) -> pd.DataFrame:
    return next(each.value for each in app.dataframe if "Override" in each.value.index)


def finals(scope: Scope = TOTAL) -> list[float]:
    return plans.series(state.store(), plan(), scope)["final"].tolist()


def say(app: AppTest, *, weeks: list[str], amount: float, reason: str | None = "promotion") -> None:
    """Fill in the bar."""
    app.multiselect(key="plan_periods").set_value(weeks).run()
    number = next(each for each in app.number_input if each.key.startswith("plan_amount"))
    number.set_value(amount)
    chosen = next(each for each in app.selectbox if each.key.startswith("plan_reason"))
    chosen.set_value(reason)
    app.run()
    assert not app.exception


def test_when_there_is_no_plan_then_one_button_begins_it_with_the_numbers_of_the_page(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app)
    assert "No plan yet." in words(app)
    assert not any("Override" in each.value.index for each in app.dataframe)
    forecast = next(each.value for each in app.dataframe if "Forecast" in each.value.index)
    app.button(key="plan_begin").click().run()
    assert not app.exception
    made = sheet(app)
    assert list(made.index) == [
        "Week of", "Last year", "Published", "Forecast", "Override", "Final", "vs last year",
    ]  # fmt: skip
    assert len(made.columns) == 14
    assert made.loc["Forecast"].tolist() == made.loc["Final"].tolist()
    assert made.loc["Override"].eq("").all()
    assert made.columns.tolist() == forecast.columns.tolist()
    app.segmented_control(key="show").set_value("Units").run()
    units = plans.series(state.store(), plan(), TOTAL)["mean"].sum()
    assert sheet(app).loc["Forecast"].iloc[-1] == f"{units:,.0f}"
    assert "The chart shows" not in words(app)
    assert "Not published" in words(app)


def test_when_a_product_is_raised_then_totals_move_and_undo_brings_them_back(
    demo_app: AppTest,
) -> None:
    app = begun(demo_app, product="1")
    app.query_params["product"] = "1"
    app.run()
    before, total = finals(Scope(dataset_id=1, freq="W", product_id=1)), finals()
    weeks = list(sheet(app).columns[1:3])
    say(app, weeks=weeks, amount=20.0, reason=None)
    assert app.button(key="plan_apply").disabled
    say(app, weeks=weeks, amount=20.0)
    assert re.search(r"→ \*\*[\d,]+\*\*", words(app))
    assert "revenue at the price paid lately" in words(app)
    app.button(key="plan_apply").click().run()
    assert not app.exception
    assert not app.error
    after = finals(Scope(dataset_id=1, freq="W", product_id=1))
    assert after[1:3] == pytest.approx([each * 1.2 for each in before[1:3]])
    assert finals()[1] == pytest.approx(total[1] + 0.2 * before[1])
    assert sheet(app).loc["Override"].tolist()[1:3] == ["+20%", "+20%"]
    assert app.multiselect(key="plan_periods").value == []
    made = plan_log.history(state.store(), plan().plan_id)[0]
    assert (made.author, made.reason, made.measure) == ("Ada", "promotion", "percent")
    app.button(key=f"plan-undo-{made.edit_id}").click().run()
    assert not app.exception
    assert finals() == pytest.approx(total)
    assert ":gray-badge[Undone]" in words(app)
    app.button(key=f"plan-redo-{made.edit_id}").click().run()
    assert finals()[1] == pytest.approx(total[1] + 0.2 * before[1])


def test_when_a_change_is_typed_then_it_says_how_long_the_stock_lasts_before_and_after(
    demo_app: AppTest,
) -> None:
    app = begun(demo_app, product="1", place="1")
    here = Scope(dataset_id=1, freq="W", product_id=1, place_id=1)
    with state.store().transaction() as cursor:  # counted on the last day of sales
        cursor.execute(
            "INSERT INTO stock_count SELECT 1, 1, 1, max(day), $1 FROM sales "
            "WHERE product_id = 1 AND place_id = 1",
            [sum(finals(here)[:3])],
        )
        inventory.touch(cursor, 1)
    say(app, weeks=list(sheet(app).columns[:3]), amount=50.0)
    after = [1.5 * each for each in finals(here)[:3]]
    left, weeks = sum(finals(here)[:3]), 0.0
    for week in after:
        weeks += min(left / week, 1.0)
        left -= min(left, week)
    assert f"stock lasts **3.0 → {weeks:.1f} weeks**" in words(app)
    app.query_params["place"] = ""
    assert "nothing in stock" not in words(app)


def test_when_no_stock_is_known_then_a_change_says_nothing_of_it(demo_app: AppTest) -> None:
    app = begun(demo_app, product="1")
    state.store().rows("SELECT 1")
    with state.store().transaction() as cursor:
        cursor.execute("UPDATE sales SET stock_on_hand = NULL")
        inventory.touch(cursor, 1)
    say(app, weeks=list(sheet(app).columns[:2]), amount=50.0)
    assert "revenue at the price paid lately" in words(app)
    assert "stock" not in words(app).partition("revenue at the price paid lately")[2]


def test_when_a_colleague_changed_the_week_meanwhile_then_both_values_are_shown(
    demo_app: AppTest,
) -> None:
    app = begun(demo_app)
    week = sheet(app).columns[1]
    before = finals()[1]
    say(app, weeks=[week], amount=10.0)
    when = plans.series(state.store(), plan(), TOTAL)["timestamp"][1].date()
    theirs = Change(scope=TOTAL, periods=(when,), measure="percent", amount=40.0, reason="event",
                    node="All products")  # fmt: skip
    plan_changes.apply(state.store(), plan(), theirs, author="Bea", based_on=plan().revision)
    app.button(key="plan_apply").click().run()
    assert not app.exception
    said = words(app)
    assert "Bea changed the same cells" in said
    assert f"You saw {fmt.units(before)};" in said
    assert f"now it is **{fmt.units(before * 1.4)}**" in said
    assert finals()[1] == pytest.approx(before * 1.4)
    app.button(key="plan_on_top").click().run()
    assert finals()[1] == pytest.approx(before * 1.4 * 1.1)
    assert "Changed meanwhile" not in words(app)


@pytest.mark.parametrize(
    ("measure", "amount", "message"),
    [
        ("percent", -150.0, "would leave less than nothing"),
        ("value", -3.0, "it cannot become"),
        ("percent", 5.0, "Small raise"),
    ],
)
def test_when_a_change_is_odd_then_the_bar_says_so(
    demo_app: AppTest, measure: str, amount: float, message: str
) -> None:
    app = begun(demo_app)
    app.segmented_control(key="plan_measure").set_value(measure)
    say(app, weeks=[sheet(app).columns[0]], amount=amount)
    assert message in words(app).replace("\\", "")
    applies = "plan_apply" in [each.key for each in app.button]
    assert applies == (message == "Small raise")


def test_when_weeks_are_frozen_and_products_locked_then_they_stay(demo_app: AppTest) -> None:
    app = begun(demo_app)
    number = next(each for each in app.number_input if each.key.startswith("plan_freeze"))
    number.set_value(1)
    app.button(key="plan_freeze_go").click().run()
    assert "Froze the first 1 week" in words(app)
    say(app, weeks=[sheet(app).columns[0]], amount=10.0)
    assert "is frozen" in words(app)
    app.text_input(key="plan_lock_reason").set_value("contract")
    app.button(key="plan_lock_go").click().run()
    say(app, weeks=[sheet(app).columns[2]], amount=10.0)
    assert "is locked" in words(app)
    lock = plan_log.history(state.store(), plan().plan_id)[0]
    app.button(key=f"plan-undo-{lock.edit_id}").click().run()
    assert "is locked" not in words(app)


def test_when_a_file_is_imported_then_wrong_lines_are_named_and_the_rest_kept(
    demo_app: AppTest,
) -> None:
    app = begun(demo_app)
    code = state.store().rows("SELECT code FROM product JOIN demand_cell USING (product_id)")[0][0]
    when = plan().last_period
    text = (
        f"product,place,period,kind,amount,reason\n{code},,{when},to,500,event\nX,,{when},to,5,\n"
    )
    app.file_uploader[0].upload("changes.csv", text.encode()).run()
    assert not app.exception
    assert "Line 3" in words(app)
    app.button(key="plan_import").click().run()
    assert not app.exception
    assert plan_log.history(state.store(), plan().plan_id)[0].kind == "import"
    app.file_uploader[0].upload("changes.csv", b"nothing").run()
    assert "no lines below" in app.error[0].value


def test_when_the_plan_is_looked_at_by_day_or_in_a_place_then_it_says_what_there_is(
    demo_app: AppTest,
) -> None:
    app = begun(demo_app)
    app.query_params["place"] = "1"
    app.run()
    assert not app.exception
    assert "Override" in sheet(app).index
    state.store().frame("SELECT 1")
    with state.store().transaction() as cursor:
        cursor.execute("DELETE FROM demand_cell WHERE place_id = 1")
    plan_changes.freeze(state.store(), plan(), 0, author="Bea")
    app.run()
    assert "Nothing is planned here." in words(app)
    assert plan().first_period > date(2026, 1, 1)


def test_when_versions_are_published_then_the_sheet_shows_the_last_and_compares_two(
    demo_app: AppTest,
) -> None:
    app = begun(demo_app)
    first = publications.publish(
        state.store(), plan(), name="First", author="Bea", based_on=plan().revision
    )
    app.run()
    assert "Not published" not in words(app)
    row = f"Published, {first.created_at.day} {first.created_at:%b}"
    made = sheet(app)
    assert made.loc[row].tolist()[:-1] == made.loc["Final"].tolist()[:-1]
    when = plan().last_period
    raised = Change(scope=TOTAL, periods=(when,), measure="percent", amount=50.0, reason="event")
    plan_changes.apply(state.store(), plan(), raised, author="Bea", based_on=plan().revision)
    app.run()
    assert "Changed since published" in words(app)
    publications.publish(
        state.store(), plan(), name="Second", author="Bea", based_on=plan().revision
    )
    app.session_state["plan_versions"] = True
    app.run()
    assert not app.exception
    assert "shows once a week of them is over" in words(app)
    assert "this scope went from" in words(app)


def test_when_a_version_is_published_then_the_forecast_says_how_far_it_has_moved_since(
    demo_app: AppTest,
) -> None:
    app = begun(demo_app)
    assert not any(card.label.startswith("Since") for card in app.metric)
    change = Change(scope=TOTAL, periods=(plan().first_period,), measure="percent", amount=50.0,
                    reason="promotion")  # fmt: skip
    plan_changes.apply(state.store(), plan(), change, author="Bo", based_on=plan().revision)
    publications.publish(
        state.store(), plan(), name="Week 47", author="Ada", based_on=plan().revision
    )
    app.run()
    assert not app.exception
    (since,) = (card for card in app.metric if card.label.startswith("Since"))
    assert "Week 47" in since.label
    assert since.value.startswith("−")  # what was published had half as much again in a week
