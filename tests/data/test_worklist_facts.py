"""What the worklist asks of the sales, against sums made by hand."""

from datetime import date, timedelta

import pandas as pd
import pytest

from data import worklist_facts as facts
from data.store import Store
from tests.data.shop import fill

LAST = date(2026, 11, 18)


def days(first: int, count: int) -> list[date]:
    """`count` days, the last one `first` days before the end."""
    return [LAST - timedelta(days=first + at) for at in range(count)]


def test_when_weeks_are_summed_then_they_end_on_the_last_day(store: Store) -> None:
    fill(store, [(1, p, day, 2.0, 5.0) for p in (1, 2) for day in days(0, 10)])
    found = facts.recent(store, 1, until=LAST, weeks=2).set_index("ago")["quantity"]
    assert found.to_dict() == {0: 28.0, 1: 12.0}
    assert facts.prices(store, 1).to_dict() == {1: 5.0}


def test_when_a_product_falls_silent_then_open_days_since_are_counted(store: Store) -> None:
    closed = LAST - timedelta(days=2)  # nothing sold anywhere
    other = [(2, 1, day, 1.0, 1.0) for day in days(0, 70) if day != closed]
    fill(store, [*other, *[(1, 1, day, 3.0, 1.0) for day in days(5, 40)]])
    (found,) = facts.silent(store, 1).to_dict("records")
    assert found["product_id"] == 1
    assert found["silent"] == 4  # five days, of which one was closed
    assert found["sold_share"] == pytest.approx(1.0)
    assert found["a_day"] == pytest.approx(3.0)


def test_when_stock_is_known_or_a_product_ended_long_ago_then_silence_says_nothing(
    store: Store,
) -> None:
    fill(
        store,
        [(3, 1, day, 1.0, 1.0) for day in days(0, 200)]
        + [(1, 1, day, 3.0, 1.0) for day in days(5, 40)]
        + [(2, 1, day, 3.0, 1.0) for day in days(120, 40)],
    )
    with store.transaction() as cursor:
        cursor.execute("UPDATE sales SET stock_on_hand = 0 WHERE product_id = 1")
    assert facts.silent(store, 1).empty


def test_when_a_product_began_lately_in_an_old_dataset_then_it_is_new(store: Store) -> None:
    old = [(1, 1, day, 1.0, 1.0) for day in days(0, 300)]
    fill(store, [*old, *[(2, 1, day, 2.0, 3.0) for day in days(0, 20)]])
    (found,) = facts.new_products(store, 1, weeks=8).to_dict("records")
    assert (found["product_id"], found["quantity"], found["revenue"]) == (2, 40.0, 120.0)


def test_when_the_whole_dataset_is_young_then_nothing_is_new(store: Store) -> None:
    fill(store, [(1, 1, day, 1.0, 1.0) for day in days(0, 50)])
    assert facts.new_products(store, 1, weeks=8).empty


def test_when_an_event_sold_more_then_it_stands_beside_the_four_weeks_before(store: Store) -> None:
    usual = [(1, 1, day, 2.0, 1.0) for day in days(2, 28)]
    fill(store, [*usual, (1, 1, LAST, 9.0, 1.0), (1, 1, LAST - timedelta(days=1), 11.0, 1.0)])
    windows = pd.DataFrame(
        {"event": ["11.11"], "first": [LAST - timedelta(days=1)], "last": [LAST]}
    )
    (found,) = facts.around_events(store, 1, windows).to_dict("records")
    assert (found["event"], found["quantity"], found["usual"]) == ("11.11", 20.0, 4.0)


def test_when_sparks_are_asked_for_then_a_place_or_all_are_summed(store: Store) -> None:
    fill(store, [(1, place, day, 1.0, 1.0) for place in (1, 2) for day in days(0, 7)])
    pairs = pd.DataFrame({"product_id": [1, 1], "place_id": [float("nan"), 2.0]})
    found = facts.sparks(store, 1, pairs, until=LAST, weeks=3).set_index("row")["quantity"]
    assert found.to_dict() == {0: 14.0, 1: 7.0}


def test_when_a_price_is_planned_then_the_product_has_a_plan(store: Store) -> None:
    fill(store, [(1, 1, LAST, 1.0, 1.0)])
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO plan (dataset_id, product_id, day, price) VALUES (1, 1, $1, 2.0)",
            [LAST + timedelta(days=3)],
        )
    ahead = LAST + timedelta(days=1)
    assert facts.planned(store, 1, ahead, ahead + timedelta(days=7)) == {1}
    assert facts.planned(store, 1, ahead, ahead) == set()
