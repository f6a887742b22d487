"""A scenario becomes the plan and is taken back: the plan is then exactly as it was."""

from datetime import date, timedelta

import pandas as pd
import pytest

from data import panels, plan_edits, queries, scenarios
from data.errors import NotFound, ScenarioError
from data.scope import Scope
from data.store import Store

FIRST = date(2026, 11, 20)


@pytest.fixture
def shop(store: Store) -> Store:
    """Two products, two places, sales until the day before `FIRST`, and ten planned days."""
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, created_at)"
            " VALUES (1, 'Shop', 'upload', '2026-01-01')"
        )
        for product in (1, 2):
            cursor.execute(
                "INSERT INTO product (product_id, dataset_id, code, name) VALUES (?, 1, ?, ?)",
                [product, f"p{product}", f"P{product}"],
            )
        for place in (1, 2):
            cursor.execute(
                "INSERT INTO place (place_id, dataset_id, code, name) VALUES (?, 1, ?, ?)",
                [place, f"s{place}", f"S{place}"],
            )
        for number in range(14):
            day = FIRST - timedelta(days=14 - number)
            for product in (1, 2):
                for place in (1, 2):
                    cursor.execute(
                        "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, price,"
                        " import_id) VALUES (1, ?, ?, ?, 5, 10.0, 1)",
                        [product, place, day],
                    )
        for number in range(10):
            cursor.execute(
                "INSERT INTO plan VALUES (1, 1, NULL, ?, 10.0, false, 0.0)",
                [FIRST + timedelta(days=number)],
            )
    return store


def rows(price: float, days: int, *, place: int | None = None, product: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "product_id": product,
            "place_id": pd.array([place] * days, dtype="Int64"),
            "day": [FIRST + timedelta(days=number) for number in range(days)],
            "price": price,
            "promo": True,
            "discount": 0.1,
        }
    )


def plan(shop: Store) -> pd.DataFrame:
    return shop.frame("SELECT * FROM plan ORDER BY ALL")


def made(shop: Store) -> int:
    return scenarios.create(shop, 1, "Cut", author="Ada", scope={})


def promote(shop: Store, key: int, given: pd.DataFrame) -> int:
    return plan_edits.promote(shop, 1, key, given, words="Scenario “Cut”", author="Ada")


def test_when_a_scenario_becomes_the_plan_and_is_taken_back_then_the_plan_is_as_before(
    shop: Store,
) -> None:
    before, version, key = plan(shop), queries.version(shop), made(shop)
    given = pd.concat([rows(9.0, 3), rows(8.0, 2, place=2), rows(5.0, 1, product=2)])
    assert len(plan_edits.overwritten(shop, 1, given)) == 3
    edit = promote(shop, key, given)
    assert len(plan(shop)) == 10 + 2 + 1
    assert scenarios.listed(shop, 1)[0].status == "plan"
    assert queries.version(shop) != version  # so that nothing cached stays
    ahead = panels.panel(shop, Scope(dataset_id=1, freq="D"), "product_place", horizon=4)
    prices = ahead[ahead["ahead"]].set_index(["series_id", "timestamp"])["price"]
    assert prices["1:1"].tolist() == [9.0, 9.0, 9.0, 10.0]
    assert prices["1:2"].tolist() == [8.0, 8.0, 9.0, 10.0]  # the plan of the place goes first
    assert plan_edits.undo(shop, 1, edit) == "Scenario “Cut”"
    pd.testing.assert_frame_equal(plan(shop), before)
    assert scenarios.listed(shop, 1)[0].status == "draft"
    with pytest.raises(NotFound, match="already"):
        plan_edits.undo(shop, 1, edit)


def test_when_a_later_edit_holds_the_same_days_then_the_first_cannot_be_taken_back(
    shop: Store,
) -> None:
    before, key = plan(shop), made(shop)
    first, second = promote(shop, key, rows(9.0, 3)), promote(shop, key, rows(8.0, 2))
    with pytest.raises(ScenarioError, match="from 20 Nov 2026 on: 2 days"):
        plan_edits.undo(shop, 1, first)
    assert [each.is_undone for each in plan_edits.edits(shop, 1)] == [False, False]
    plan_edits.undo(shop, 1, second)
    plan_edits.undo(shop, 1, first)
    pd.testing.assert_frame_equal(plan(shop), before)


def test_when_there_is_nothing_to_plan_or_a_day_comes_twice_then_nothing_changes(
    shop: Store,
) -> None:
    before, key = plan(shop), made(shop)
    with pytest.raises(ScenarioError, match="Nothing of this scenario can be planned"):
        promote(shop, key, rows(9.0, 0))
    with pytest.raises(ScenarioError, match="twice"):
        promote(shop, key, pd.concat([rows(9.0, 1), rows(8.0, 1)]))
    pd.testing.assert_frame_equal(plan(shop), before)
    assert plan_edits.edits(shop, 1) == []
