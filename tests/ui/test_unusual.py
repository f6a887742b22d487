"""Unusual sales: reasons in words, decisions as product-days, and the page on odd little shops."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import corrections, unusual
from data.queries import series
from data.scope import Freq, Scope
from tests.data.shop import Row, fill
from ui import navigation, state, unusual_cells, unusual_charts, unusual_facts
from ui import unusual_words as words

PAGE = "pages/explore/unusual.py"
MONDAY = date(2025, 1, 6)
NO_EVENTS = pd.DataFrame(
    {"name": [], "kind": [], "first_day": [], "last_day": [], "days_before": [], "days_after": []}
)
ME = "test@example.com"  # who is signed in to an app under test
LONG = "名" * 80 + " " + "ب" * 80 + " 🧵" * 20


def daily(product: int, days: int = 200, *, units: float = 40, place: int = 1) -> list[Row]:
    """Sales that vary by chance around `units`."""
    rng = np.random.default_rng(product * 10 + place)
    return [
        (product, place, MONDAY + timedelta(days=i), float(count), 2.5)
        for i, count in enumerate(rng.poisson(units, days))
    ]


def wrong(rows: list[Row], day: int, units: float, price: float | None = 2.5) -> list[Row]:
    """The rows with another number on a day."""
    product, place, when, _, _ = rows[day]
    return [*rows[:day], (product, place, when, units, price), *rows[day + 1 :]]


def found(freq: Freq = "D", events: pd.DataFrame = NO_EVENTS) -> unusual_facts.Found:
    cells = unusual.cells(state.store(), Scope(dataset_id=1, freq=freq), "product")
    assert cells is not None
    return unusual_facts.find(cells, events)


def reasons(made: unusual_facts.Found) -> list[tuple[str, str]]:
    rows = unusual_facts.rows(made.table)
    return [(row["kind"], words.why(row, None, made.cells.freq)) for _, row in rows]


# --- Findings and their words ---


def test_when_days_are_wrong_then_each_has_its_reason_and_the_dearest_is_first(
    empty_store: None,
) -> None:
    rows = wrong(daily(1), 100, 4000)
    rows = wrong(rows, 60, 0)
    rows = wrong(rows, 150, -300)
    rows = wrong(rows, 30, 41, 0.0)
    fill(state.store(), rows)
    made = found()
    told = reasons(made)
    assert [kind for kind, _ in told] == ["high", "negative", "price", "low"]
    assert told[0][1].endswith(" times the usual: unit mistake?")
    assert [why for _, why in told[1:]] == [
        "More came back than was sold", "Price 0", "Nothing sold",
    ]  # fmt: skip
    _, row = unusual_facts.rows(made.table)[0]
    text = words.sentence(row, None, "D", "€")
    assert text.startswith("Sold 4,000 (Wed 16 Apr 2025); a usual Wednesday then: ")
    assert text.endswith("a unit mistake? No promotion, no event.")
    assert row["stake"] == pytest.approx((4000 - row["expected"]) * 2.5, rel=0.01)


def test_when_an_order_or_a_return_made_the_day_then_it_is_named(empty_store: None) -> None:
    fill(state.store(), wrong(wrong(daily(1), 100, 420), 150, -300))
    rows = {row["kind"]: row for _, row in unusual_facts.rows(found().table)}
    high = {"lines": 9, "bought": 380.0, "returned": 0.0, "quantity": 380.0, "customer": "13085"}
    back = high | {"returned": -330.0, "quantity": -330.0, "customer": "=9"}
    assert words.why(rows["high"], high, "D") == "One order of 380"
    assert "One order of 380 units by customer 13085." in words.sentence(
        rows["high"], high, "D", "€"
    )
    assert words.why(rows["negative"], back, "D") == "A return of 330"
    small = high | {"bought": 20.0}
    assert words.why(rows["high"], small, "D").endswith("times the usual")


def test_when_one_value_never_varies_then_the_run_is_one_finding(empty_store: None) -> None:
    rows = daily(1)
    for day in range(80, 96):
        rows = wrong(rows, day, 33)
    fill(state.store(), rows)
    assert ("repeat", "Same value 16 days in a row") in reasons(found())


def test_when_an_event_is_known_then_the_sentence_names_it_and_its_peak_is_none(
    empty_store: None,
) -> None:
    fill(state.store(), wrong(daily(1), 100, 160))
    day = pd.Timestamp(MONDAY + timedelta(days=100))
    event = pd.DataFrame(
        {"name": ["Tea Day"], "first_day": [day], "last_day": [day], "days_before": [1],
         "days_after": [0]}
    )  # fmt: skip
    assert [kind for kind, _ in reasons(found())] == ["high"]
    assert reasons(found(events=event)) == []
    with state.store().transaction() as cursor:
        cursor.execute("UPDATE sales SET quantity = 9000 WHERE day = ?", [day])
    _, row = unusual_facts.rows(found(events=event).table)[0]
    assert "around Tea Day" in words.sentence(row, None, "D", "€")


# --- Decisions ---


def test_when_a_finding_is_capped_then_only_the_place_that_stands_out_changes(
    empty_store: None,
) -> None:
    fill(state.store(), wrong(daily(1), 100, 500) + daily(1, place=2, units=20))
    made, scope = found(), Scope(dataset_id=1, freq="D")
    effect = unusual_cells.effect(state.store(), scope, made, made.table, "cap")
    assert effect.findings == 1
    changed = effect.rows.set_index("place_id")
    high = float(made.table["high"].iloc[0])
    sold = float(made.table["sold"].iloc[0])
    assert sold + (changed["quantity"] - changed["original"]).sum() == pytest.approx(high)
    assert changed.at[1, "quantity"] < 100
    assert 2 not in changed.index or changed.at[2, "original"] - changed.at[2, "quantity"] < 10
    assert effect.money == pytest.approx((high - sold) * 2.5, rel=0.01)


def test_when_actions_differ_then_each_gives_what_it_says(empty_store: None) -> None:
    fill(state.store(), wrong(wrong(daily(1), 100, 500), 30, 41, 0.0))
    made, scope, store = found(), Scope(dataset_id=1, freq="D"), state.store()
    spike = made.table[made.table["kind"] == "high"]
    usual = unusual_cells.effect(store, scope, made, spike, "replace")
    assert usual.units_after == round(spike["expected"].iloc[0])
    own = unusual_cells.effect(store, scope, made, spike, "replace", number=12.0)
    assert own.units_after == 12
    gone = unusual_cells.effect(store, scope, made, spike, "exclude")
    assert gone.rows["quantity"].isna().all()
    assert np.isnan(gone.money)
    price = unusual_cells.effect(store, scope, made, made.table, "cap")
    assert (price.findings, price.left) == (1, 1)
    assert "1 finding cannot be changed so." in words.preview(price, "cap", "D", "€")


@pytest.mark.parametrize(
    ("sold", "usual", "target", "wanted"),
    [
        ([0.0, 0.0], [0.0, 0.0], 4.0, [2.0, 2.0]),
        ([10.0], [3.0], 3.0, [3.0]),
        ([0.5, 1.0], [1.0, 1.0], 3.0, [1.25, 1.75]),
        ([5.0, 5.0], [9.0, 9.0], 4.0, [2.0, 2.0]),
        ([-8.0, 3.0], [1.0, 1.0], 5.0, [1.0, 4.0]),
    ],
)
def test_when_a_correction_is_shared_out_then_it_adds_up(
    sold: list[float], usual: list[float], target: float, wanted: list[float]
) -> None:
    shared = unusual_cells.share_out(np.array(sold), np.array(usual), target)
    assert shared.tolist() == pytest.approx(wanted)


def test_when_text_is_a_formula_then_the_files_guard_it(empty_store: None) -> None:
    fill(state.store(), wrong(daily(1), 100, 500))
    table = found().table.assign(state="")
    text = words.findings_csv(table, ["=cmd()"], ["10 times"], "D")
    assert "'=cmd()" in text
    cells = table.assign(quantity=3.0, day=table["first"], place_id=1)
    corrections.correct(
        state.store(), 1, "outlier", cells[["product_id", "place_id", "day", "quantity"]],
        action="cap", reason="=A1", author="@me", rule={"words": "+all"},
    )  # fmt: skip
    log = words.log_csv(corrections.batches(state.store(), 1))
    assert "'=A1" in log
    assert "'@me" in log
    assert "'+all" in log


# --- The page ---


def shown(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.metric]
    return "\n".join(str(getattr(part, "value", "")) + getattr(part, "label", "") for part in parts)


def test_when_a_spike_is_capped_by_rule_then_it_is_logged_and_can_be_undone_and_redone(
    open_page: Callable[..., AppTest],
) -> None:
    fill(state.store(), wrong(daily(1), 100, 500) + daily(2))
    app = open_page(PAGE, by="Day")
    assert not list(app.error)
    app.segmented_control(key="unusual_rule").set_value("above").run()
    assert "Changes 1 product-day of 1 finding" in shown(app)
    assert app.button(key="unusual_apply").disabled
    app.selectbox(key="unusual_reason").set_value("One-off order").run()
    app.button(key="unusual_apply").click().run()
    assert not app.exception
    assert not app.error
    (batch,) = corrections.batches(state.store(), 1)
    assert (batch.action, batch.author, batch.reason, batch.days) == (
        "cap", ME, "One-off order", 1,
    )  # fmt: skip
    assert "all open ones from 5 times the usual" in shown(app)
    assert [m.value for m in app.metric if m.label in ("Open", "Corrected")] == ["0", "1"]
    scope = Scope(dataset_id=1, product_id=1, freq="D", corrected=True, correction_revision=1)
    assert series(state.store(), scope)["quantity"].max() < 100
    app.button(key=f"undo-{batch.batch_id}").click().run()
    assert corrections.batches(state.store(), 1)[0].undone_by == ME
    assert [m.value for m in app.metric if m.label == "Open"] == ["1"]
    app.button(key=f"redo-{batch.batch_id}").click().run()
    assert corrections.batches(state.store(), 1)[0].undone_at is None
    assert not app.exception
    assert not app.error


def test_when_a_finding_is_kept_then_it_is_not_open_again_and_stays_as_sold(
    open_page: Callable[..., AppTest],
) -> None:
    fill(state.store(), wrong(daily(1), 100, 500))
    app = open_page(PAGE, by="Day")
    app.segmented_control(key="unusual_action").set_value("keep").run()
    app.selectbox(key="unusual_reason").set_value("It was real").run()
    app.button(key="unusual_apply").click().run()
    again = open_page(PAGE, by="Day")
    assert [m.value for m in again.metric] == ["0", "€0", "0", "1"]
    scope = Scope(dataset_id=1, freq="D", corrected=True, correction_revision=1)
    assert series(state.store(), scope)["quantity"].max() == 500


def test_when_all_open_are_kept_by_kind_then_only_those_of_other_kinds_stay_open(
    open_page: Callable[..., AppTest],
) -> None:
    spikes = wrong(daily(1), 100, 500) + wrong(daily(2), 96, 400)  # days without a festival
    fill(state.store(), spikes + wrong(daily(3), 104, 2))
    app = open_page(PAGE, by="Day")
    app.segmented_control(key="unusual_rule").set_value("open").run()
    app.segmented_control(key="unusual_action").set_value("keep").run()
    assert "Keeps 3 findings" in shown(app)
    next(pills for pills in app.pills if pills.label == "Of which kind").set_value(["high"]).run()
    assert "Keeps 2 findings" in shown(app)
    app.selectbox(key="unusual_reason").set_value("It was real").run()
    app.button(key="unusual_apply").click().run()
    assert not app.exception
    assert not app.error
    assert [m.value for m in app.metric if m.label in ("Open", "Kept")] == ["1", "2"]
    (batch,) = corrections.batches(state.store(), 1)
    assert batch.rule["words"] == "all open ones: high"


def test_when_a_closed_day_is_excluded_everywhere_then_every_product_has_it(
    open_page: Callable[..., AppTest],
) -> None:
    fill(state.store(), daily(1) + daily(2) + daily(3))  # nothing of it flagged that day
    app = open_page(PAGE, by="Day")
    app.segmented_control(key="unusual_rule").set_value("day").run()
    app.segmented_control(key="unusual_action").set_value("exclude").run()
    app.date_input[0].set_value(MONDAY + timedelta(days=60)).run()
    app.selectbox(key="unusual_reason").set_value("Closed that day").run()
    app.button(key="unusual_apply").click().run()
    assert not app.exception
    assert not app.error
    made = corrections.in_force(state.store(), 1)
    assert made["product_id"].tolist() == [1, 2, 3]
    assert made["quantity"].isna().all()


def _gap() -> list[Row]:
    rows = daily(1, 800)
    return rows[:200] + rows[600:]


ODD: dict[str, list[Row]] = {
    "one day": daily(1, 1),
    "zeros": [(1, 1, MONDAY + timedelta(days=i), 0.0, 2.0) for i in range(90)],
    "negatives": [(1, 1, MONDAY + timedelta(days=i), -3.0 - i % 4, 2.0) for i in range(90)],
    "a gap of a year": _gap(),
    "no prices": [(1, 1, day, units, None) for _, _, day, units, _ in wrong(daily(1), 50, 900)],
    "far apart": [(1, 1, MONDAY, 5.0, 1.0), (1, 1, MONDAY + timedelta(days=14000), 5.0, 1.0)],
}


@pytest.mark.parametrize("name", ODD)
def test_when_sales_are_odd_then_the_page_is_a_picture_or_a_sentence(
    open_page: Callable[..., AppTest], name: str
) -> None:
    fill(state.store(), ODD[name], names=(LONG,), categories=[[LONG]])
    for by, each in (("Day", "Products"), ("Month", "All together")):
        app = open_page(PAGE, by=by, each=each)
        assert not app.exception
        assert not app.error
        assert len(shown(app)) > 40


def test_when_names_are_long_and_foreign_then_the_page_shows_them(
    open_page: Callable[..., AppTest],
) -> None:
    fill(state.store(), wrong(daily(1), 100, 500), names=(LONG,), categories=[[LONG]])
    app = open_page(PAGE, by="Day")
    assert "名名名" in shown(app)
    app.segmented_control(key="unusual_rule").set_value("product").run()
    assert not app.exception
    assert not app.error


def test_when_rows_are_months_then_months_are_judged(open_page: Callable[..., AppTest]) -> None:
    rows: list[Row] = []
    for month in range(48):
        units = 100 + (month * 7) % 13
        rows.append((1, 1, date(2021 + month // 12, month % 12 + 1, 1), float(units), 2.0))
    fill(state.store(), wrong(rows, 30, 2000, 2.0), frequency="M")
    app = open_page(PAGE)
    assert "by month" in shown(app)
    assert [m.value for m in app.metric if m.label == "Open"] == ["1"]


def test_when_the_page_is_listed_then_it_stands_under_explore() -> None:
    assert PAGE in [entry.path for entry in navigation.TABLE["Explore"]]


def test_when_a_day_is_corrected_then_the_chart_shows_both_and_marks_it(empty_store: None) -> None:
    fill(state.store(), wrong(daily(1), 100, 500))
    made = found()
    flagged = made.judged.flagged[0]
    corrected = made.cells.quantity[0].copy()
    corrected[100] = 55
    figure = unusual_charts.series(
        made, 0, 100, flagged=flagged, corrected=corrected, decided=60.0, view="x"
    )
    lines = {trace.name: trace for trace in figure.data}
    assert set(lines) == {"Usual", "Sold", "Corrected", "Unusual", "Would become"}
    assert list(lines["Unusual"].y) == [500]
    assert lines["Unusual"].marker.symbol == "circle-open"
    assert np.isfinite(np.array(lines["Corrected"].y)).sum() == 3  # the day and its neighbours
    assert "500" in unusual_charts.describe(made, 0, 100)
