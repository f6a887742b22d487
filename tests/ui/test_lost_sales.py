"""Lost sales against the demo shop's truth, and decisions, spells and words."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import corrections, demo
from data.corrections import Batch
from data.scope import Scope
from data.store import Store, open_store
from ui import charts as fan_charts
from ui import lost_sales_charts as charts
from ui import lost_sales_facts as facts
from ui import lost_sales_words as words

TRUTH = "SELECT product_id, place_id, day, value AS lost FROM demo_truth WHERE topic = 'stock-out'"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(tmp_path_factory.mktemp("lost") / "almanac.duckdb", threads=1)
    demo.load(store, today=date(2026, 11, 18), products=24, days=560)
    yield store
    store.close()


@pytest.fixture(scope="module")
def by_stock(shop: Store) -> facts.Found:
    found = facts.find(shop, 1, days=None)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def by_zeros(shop: Store, by_stock: facts.Found) -> facts.Found:
    """The same shop, when nobody counts the stock."""
    shop_stock = "CREATE TABLE kept AS SELECT rowid AS row, stock_on_hand FROM sales"
    with shop.transaction() as cursor:
        cursor.execute(shop_stock)
        cursor.execute("UPDATE sales SET stock_on_hand = NULL")
    found = facts.find(shop, 1, days=None)
    with shop.transaction() as cursor:
        cursor.execute(
            "UPDATE sales SET stock_on_hand = kept.stock_on_hand FROM kept WHERE sales.rowid = row"
        )
    assert found is not None
    return found


def scored(found: facts.Found, truth: pd.DataFrame) -> dict[str, float]:
    both = found.days.merge(truth, on=facts.CELL, suffixes=("", "_true"))
    wanted = both["lost_true"] + both["sold"].clip(lower=0)
    return {
        "found": len(found.days),
        "true": len(truth),
        "precision": len(both) / len(found.days),
        "recall": len(both) / len(truth),
        "units lost / true": found.days["lost"].sum() / truth["lost"].sum(),
        "in the 80% band": wanted.between(both["low"], both["high"]).mean(),
    }


def test_when_stock_outs_are_planted_then_they_are_found_with_and_without_stock(
    shop: Store, by_stock: facts.Found, by_zeros: facts.Found
) -> None:
    truth = shop.frame(TRUTH)
    table = pd.DataFrame({"stock": scored(by_stock, truth), "no stock": scored(by_zeros, truth)})
    print("\n", table.round(3))
    assert by_stock.days["by_stock"].all()
    assert not by_zeros.days["by_stock"].any()
    assert not by_zeros.has_stock
    assert table.loc[["precision", "recall"], "stock"].min() >= 0.9
    assert table.loc[["precision", "recall"], "no stock"].min() >= 0.6
    assert table.loc["units lost / true"].between(0.85, 1.15).all()
    assert table.loc["in the 80% band"].between(0.75, 0.92).all()


def test_when_the_last_months_are_asked_then_they_are_those_of_all_time(
    shop: Store, by_stock: facts.Found
) -> None:
    recent = facts.find(shop, 1, days=200)
    assert recent is not None
    long = by_stock.days[by_stock.days["day"] >= pd.Timestamp(recent.first)]
    assert recent.days["day"].min() >= pd.Timestamp(recent.first)
    assert len(recent.days) == pytest.approx(len(long), rel=0.05)
    assert recent.days["lost"].sum() == pytest.approx(long["lost"].sum(), rel=0.1)
    assert recent.days["money"].sum() > 0


def test_when_it_was_found_before_then_it_is_read_from_a_file_until_the_sales_change(
    shop: Store, by_stock: facts.Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float] = []
    first = facts.find_once(shop, 1, days=None, tell=told.append)
    assert told
    assert first is not None
    monkeypatch.setattr(facts, "find", lambda *_, **__: None)
    again = facts.find_once(shop, 1, days=None)
    assert again is not None
    assert (again.first, again.last) == (first.first, first.last)
    assert (again.has_stock, again.series_looked_at) == (True, by_stock.series_looked_at)
    pd.testing.assert_frame_equal(again.days, by_stock.days, check_dtype=False)
    pd.testing.assert_frame_equal(again.life, by_stock.life, check_dtype=False)
    with shop.transaction() as cursor:
        cursor.execute("UPDATE import_log SET undone_at = now()::TIMESTAMP")
    assert facts.find_once(shop, 1, days=None) is None
    with shop.transaction() as cursor:
        cursor.execute("UPDATE import_log SET undone_at = NULL")


def test_when_spells_are_made_then_they_hold_all_days_and_sums(by_stock: facts.Found) -> None:
    empty = pd.DataFrame(columns=[*facts.CELL, "action", "kind"])
    empty["day"] = pd.to_datetime(empty["day"])
    days = facts.decided(by_stock.days, empty)
    spells = facts.spells(days)
    assert spells["days"].sum() == len(days)
    assert spells["lost"].sum() == pytest.approx(days["lost"].sum())
    assert (((spells["last"] - spells["first"]).dt.days + 1) == spells["days"]).all()
    assert (spells["low"] <= spells["expected"]).all()
    assert (spells["expected"] <= spells["high"]).all()
    assert spells["lost"].is_monotonic_decreasing
    assert set(spells["decision"]) == {facts.OPEN}


def test_when_days_are_accepted_rejected_and_undone_then_the_decisions_follow(
    shop: Store, by_stock: facts.Found
) -> None:
    undecided = facts.decided(by_stock.days, corrections.in_force(shop, 1))
    spells = facts.spells(undecided)
    first = undecided[undecided["spell"] == spells.index[0]]
    second = undecided[undecided["spell"] == spells.index[1]]
    made = [
        corrections.correct(
            shop, 1, "stock_out", facts.to_correct(chosen),
            action=action, reason="Out of stock", author="Ada", rule={},
        )
        for chosen, action in ((first, "accept"), (second, "keep"))
    ]  # fmt: skip
    decided = facts.spells(facts.decided(by_stock.days, corrections.in_force(shop, 1)))
    assert decided["decision"].tolist()[:3] == [facts.ACCEPTED, facts.REJECTED, facts.OPEN]
    added = corrections.batches(shop, 1)[1].units
    returned = -first["sold"].clip(upper=0).sum()
    assert added == pytest.approx(first["lost"].sum() + returned, abs=0.5)
    assert corrections.count(shop, Scope(dataset_id=1)) == len(first)
    for batch in made:
        corrections.undo(shop, batch, "Ada")
    again = facts.spells(facts.decided(by_stock.days, corrections.in_force(shop, 1)))
    assert set(again["decision"]) == {facts.OPEN}


def test_when_nothing_can_be_found_then_the_frames_are_empty_but_whole(tmp_path: Path) -> None:
    store = open_store(tmp_path / "almanac.duckdb", threads=1)
    assert facts.find(store, 1, days=None) is None
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, created_at) "
            "VALUES (1, 'One day', 'upload', '2026-01-01')"
        )
        cursor.execute(
            "INSERT INTO product (product_id, dataset_id, code, name) VALUES (1, 1, 'a', 'A')"
        )
        cursor.execute(
            "INSERT INTO place (place_id, dataset_id, code, name) VALUES (1, 1, 'x', 'X')"
        )
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, import_id) "
            "VALUES (1, 1, 1, '2026-01-05', 3, 1)"
        )
    found = facts.find(store, 1, days=None)
    store.close()
    assert found is not None
    assert found.days.empty
    days = facts.decided(found.days, pd.DataFrame(columns=[*facts.CELL, "action", "kind"]).astype(
        {"product_id": "int64", "place_id": "int64", "day": "datetime64[ns]"}))  # fmt: skip
    assert facts.spells(days).empty
    assert facts.by_period(days, "lost", "W").empty


def test_when_a_rule_is_chosen_then_stock_is_always_sure() -> None:
    spells = pd.DataFrame(
        {"by_stock": [True, False, False], "probability": [0.4, 0.97, 0.6]}, index=[7, 8, 9]
    )
    assert list(words.chosen(spells, "All").index) == [7, 8, 9]
    assert list(words.chosen(spells, "Sure ≥ 95%").index) == [7, 8]
    assert list(words.chosen(spells, words.BY_STOCK).index) == [7]
    assert words.rules(True, False) == ["All"]
    assert words.rules(False, True) == ["All", "Sure ≥ 95%", "Sure ≥ 99%"]


def test_when_names_are_formulas_then_the_file_disarms_them() -> None:
    days = pd.DataFrame(
        {
            "product_id": [1], "place_id": [1], "day": [pd.Timestamp("2026-01-05")],
            "by_stock": [False], "probability": [0.98], "sold": [0.0], "expected": [4.2],
            "low": [1.0], "high": [8.0], "lost": [4.2], "money": [np.nan],
            "decision": [facts.OPEN],
        }
    )  # fmt: skip
    names = pd.DataFrame({"name": ["=cmd()"]}, index=[1])
    text = words.csv(days, names, names)
    assert "'=cmd(),'=cmd(),2026-01-05,run of zeros,0.98,0.0,4.2" in text


def test_when_spells_are_sorted_by_money_then_what_has_no_price_comes_last() -> None:
    days = pd.DataFrame(
        {
            "spell": [1, 2, 3], "product_id": 1, "place_id": 1,
            "day": pd.date_range("2026-01-05", periods=3), "by_stock": True, "probability": 1.0,
            "sold": 0.0, "expected": [9.0, 2.0, 5.0], "low": 1.0, "high": 12.0,
            "lost": [9.0, 2.0, 5.0], "money": [np.nan, 80.0, 20.0], "decision": facts.OPEN,
        }
    )  # fmt: skip
    assert facts.spells(days).index.tolist() == [1, 3, 2]
    assert facts.spells(days, by="money").index.tolist() == [2, 3, 1]


@pytest.mark.parametrize(
    ("freq", "first", "last"),
    [
        ("D", "2025-11-20", "2026-11-19"),
        ("W", "2025-11-24", "2026-11-15"),
        ("M", "2025-12-01", "2026-10-31"),
    ],
)
def test_when_a_span_cuts_periods_then_only_whole_ones_are_drawn(
    freq: str, first: str, last: str
) -> None:
    span = facts.whole_periods(date(2025, 11, 20), date(2026, 11, 19), freq)
    assert [day.isoformat() for day in span] == [first, last]


def test_when_a_batch_is_logged_then_its_line_says_who_when_why_and_what_changed() -> None:
    batch = Batch(
        batch_id=1, dataset_id=1, kind="stock_out", action="accept", rule={}, reason="*late*",
        author="Ada", made_at=datetime(2026, 11, 18, 9, 30), undone_at=None, undone_by=None,
        days=12, units=80.2, in_force=12, changed=2,
    )  # fmt: skip
    line = words.batch(batch)
    assert line.startswith("**Accepted 12 days**, 80 units added · \\*late\\*")
    assert "Ada" in line
    assert "09:30" in line
    assert "2 days imported again" in line


def test_when_a_spell_is_drawn_then_it_has_sales_the_estimate_and_red_ground() -> None:
    days = pd.date_range("2026-01-01", periods=30)
    series = pd.DataFrame({"timestamp": days, "quantity": np.arange(30.0)})
    out = pd.DataFrame(
        {"day": [*days[10:13], days[20]], "spell": [1, 1, 1, 2], "expected": 9.0, "low": 5.0,
         "high": 14.0}
    )  # fmt: skip
    figure = charts.spell(series, out, view="x", accepted=True)
    names = [trace.name for trace in figure.data]
    assert names == ["80%", "Corrected", "80%", "Corrected", "Sold"]
    assert len(figure.layout.shapes) == 2
    assert [note.text for note in figure.layout.annotations] == ["out of stock"]


def test_when_a_forecast_stands_on_corrected_sales_then_the_chart_shows_both() -> None:
    weeks = pd.date_range("2026-01-05", periods=30, freq="W-MON")
    history = pd.DataFrame({"timestamp": weeks, "value": 9.0, "stockout_share": 0.0})
    chart = fan_charts.Fan(
        history=history, future=history.head(0), freq="W", measure="quantity", currency="",
        recorded=history.assign(value=4.0),
    )  # fmt: skip
    names = [trace.name for trace in fan_charts.fan(chart).data]
    assert names == ["Sold, corrected", "As recorded"]
