"""Prices read by period, what sells now, and the season ahead."""

from datetime import date, timedelta

import pytest

from data import prices
from data.store import Store
from tests.data.shop import fill

START = date(2025, 1, 6)  # a Monday


def days(count: int) -> list[date]:
    return [START + timedelta(days=number) for number in range(count)]


def test_when_days_have_no_row_then_nothing_sold_at_the_last_price(store: Store) -> None:
    fill(store, [(1, 1, START, 3.0, 2.0), (1, 1, START + timedelta(days=3), 4.0, 2.5)])
    rows = prices.rows(store, 1, "D")
    assert rows["target"].tolist() == [3.0, 0.0, 0.0, 4.0]
    assert rows["price"].tolist() == [2.0, 2.0, 2.0, 2.5]
    assert rows["usable"].all()
    with store.transaction() as cursor:
        cursor.execute("UPDATE dataset SET gap_policy = 'missing'")
    assert prices.rows(store, 1, "D")["target"].tolist() == [3.0, 4.0]


def test_when_prices_are_not_asked_then_the_mean_paid_stands_in(store: Store) -> None:
    fill(store, [(1, 1, START, 4.0, 2.0), (1, 1, START, -1.0, 2.0)])
    with store.transaction() as cursor:
        cursor.execute("UPDATE sales SET price = NULL, channel = CAST(quantity AS VARCHAR)")
    rows = prices.rows(store, 1, "D")
    assert rows["price"].tolist() == [2.0]
    assert rows["target"].tolist() == [3.0]


def test_when_by_week_then_only_complete_weeks_count(store: Store) -> None:
    fill(store, [(1, 1, day, 1.0, 2.0) for day in days(17)])
    rows = prices.rows(store, 1, "W")
    assert rows["target"].tolist() == [7.0, 7.0]


def test_when_out_of_stock_or_promoted_then_it_is_marked(store: Store) -> None:
    fill(store, [(1, 1, day, 1.0, 2.0) for day in days(4)])
    with store.transaction() as cursor:
        cursor.execute("UPDATE sales SET stock_on_hand = 5, promo = false")
        cursor.execute("UPDATE sales SET stock_on_hand = 0 WHERE day = $1", [days(4)[1]])
        cursor.execute("UPDATE sales SET promo = true WHERE day = $1", [days(4)[2]])
    rows = prices.rows(store, 1, "D")
    assert rows["usable"].tolist() == [True, False, True, True]
    assert rows["promo"].tolist() == [0.0, 0.0, 1.0, 0.0]
    assert prices.has_flags(store, 1)


def test_when_a_price_is_cut_for_a_while_then_it_can_be_marked_as_such(store: Store) -> None:
    costs = [4.0] * 60 + [3.0] * 7 + [4.0] * 60
    fill(store, [(1, 1, day, 1.0, cost) for day, cost in zip(days(127), costs, strict=True)])
    marked = prices.rows(store, 1, "D", mark_cuts=True)["promo"]
    assert marked.sum() == 7
    assert marked[60:67].all()
    assert not prices.has_flags(store, 1)


def test_when_there_are_too_many_days_then_weeks_are_enough(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, [(1, 1, START, 1.0, 2.0), (1, 1, START + timedelta(days=99), 1.0, 2.0)])
    assert prices.grain(store, 1) == "D"
    monkeypatch.setattr(prices, "MOST_DAILY", 99)
    assert prices.grain(store, 1) == "W"
    with store.transaction() as cursor:
        cursor.execute("UPDATE dataset SET frequency = 'M'")
    assert prices.grain(store, 1) == "M"


def test_when_asked_for_now_then_promotions_and_empty_days_do_not_count(store: Store) -> None:
    rows = [(1, place, day, 2.0, 5.0) for place in (1, 2) for day in days(100)]
    fill(store, [*rows, (2, 1, START, 1.0, 9.0)])
    with store.transaction() as cursor:
        cursor.execute("UPDATE sales SET stock_on_hand = 8, promo = false WHERE product_id = 1")
        late = [days(100)[95]]
        cursor.execute(
            "UPDATE sales SET promo = true, price = 1, quantity = 90 WHERE day = $1", late
        )
        out = [days(100)[96]]
        cursor.execute("UPDATE sales SET stock_on_hand = 0, quantity = 0 WHERE day = $1", out)
    now = prices.now(store, 1)
    assert now["product_id"].tolist() == [1]  # the other one is not sold any more
    assert now["price"].tolist() == [5.0]
    assert now["units"][0] == pytest.approx(28.0)
    assert now["stock"][0] == 16
    assert prices.now(store, 1, 2)["units"][0] == pytest.approx(14.0)


def test_when_nothing_is_known_of_prices_then_it_is_said(store: Store) -> None:
    fill(store, [(1, 1, START, 1.0, None)])
    assert not prices.has_prices(store, 1)
    assert prices.rows(store, 1, "D").empty
    assert prices.now(store, 1).empty


def test_when_a_year_is_known_then_the_same_weeks_of_it_are_the_season(store: Store) -> None:
    sold = [(1, 1, day, 30.0 if 110 <= number < 117 else 10.0, 2.0)
            for number, day in enumerate(days(474))]  # fmt: skip
    fill(store, sold)
    season = prices.season(store, 1, 1, 4)
    assert season["week"].tolist() == [0, 1, 2, 3]
    assert season["factor"].tolist() == pytest.approx([3.0, 1.0, 1.0, 1.0])
    with store.transaction() as cursor:
        cursor.execute("DELETE FROM sales WHERE day < $1", [days(474)[60]])
    assert prices.season(store, 1, 1, 4).empty
