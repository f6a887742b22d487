"""Plans: what is begun, read by node, and kept when the forecast below is another."""

from datetime import date, timedelta

import pandas as pd
import pytest

from data import datasets, plan_changes, plan_log, plans
from data.errors import NotFound, PlanError
from data.plan_changes import Change
from data.scope import Scope
from data.store import Store
from tests.data.plan_shop import MONDAY, WEEKS, begin, forecast, sold

ALL = Scope(dataset_id=1)
APPLE = Scope(dataset_id=1, product_id=1)
HERE = Scope(dataset_id=1, place_id=1)
FRUIT = Scope(dataset_id=1, categories=("Fruit",))


@pytest.fixture
def shop(store: Store) -> Store:
    sold(store)
    return store


def change(scope: Scope, measure: plan_changes.Measure, amount: float, weeks: int = 4) -> Change:
    return Change(
        scope=scope, periods=WEEKS[:weeks], measure=measure, amount=amount, reason="event"
    )


def finals(store: Store, scope: Scope) -> list[float]:
    plan = plans.current(store, 1, "W")
    assert plan is not None
    return [round(each, 6) for each in plans.series(store, plan, scope)["final"]]


def test_when_a_plan_begins_then_every_node_is_the_sum_of_its_cells(shop: Store) -> None:
    plan = begin(shop)
    assert (plan.first_period, plan.last_period, plan.cells, plan.by_place) == (
        WEEKS[0], WEEKS[3], 24, True,
    )  # fmt: skip
    assert finals(shop, ALL) == [105] * 4
    assert finals(shop, FRUIT) == [60] * 4
    assert finals(shop, HERE) == [70] * 4
    total = plans.series(shop, plan, ALL).iloc[0]
    assert total["last_year"] == 105
    assert total["final_money"] == 210
    table = plans.children(shop, plan, ALL, "category")
    assert table[["child_id", "final"]].to_numpy().tolist() == [["Fruit", 240], ["Bakery", 180]]
    assert plans.children(shop, plan, FRUIT, "product")["label"].tolist() == ["Apple", "Berry"]
    assert plans.children(shop, plan, ALL, "place")["final"].tolist() == [280, 140]


def test_when_nothing_is_planned_then_there_is_no_plan(shop: Store) -> None:
    assert plans.current(shop, 1, "W") is None
    plan = begin(shop)
    assert plans.series(shop, plan, Scope(dataset_id=1, place_id=9)).empty
    assert plans.current(shop, 1, "D") is None


def test_when_the_forecast_knows_no_places_then_the_plan_is_of_all_together(shop: Store) -> None:
    frame = forecast().groupby(["product_id", "timestamp"], as_index=False)["mean"].sum()
    plan = begin(shop, frame)
    assert not plan.by_place
    assert finals(shop, ALL) == [105] * 4
    assert plans.series(shop, plan, HERE).empty
    assert plans.series(shop, plan, APPLE)["last_year"].tolist() == [40] * 4
    assert plans.rows(shop, plan)["q50"].isna().all()
    with pytest.raises(PlanError, match="no forecast in this plan"):
        plan_changes.effect(shop, plan, change(HERE, "percent", 5))


def test_when_a_cell_is_changed_then_its_quantiles_move_with_it(shop: Store) -> None:
    plan = begin(shop)
    plan_changes.apply(shop, plan, change(APPLE, "percent", 50, 1), author="Ada", based_on=1)
    row = plans.rows(shop, plan, APPLE).iloc[0]
    assert row[["mean", "final", "q10", "q50", "q90"]].tolist() == [10, 15, 7.5, 15, 30]


def test_when_the_forecast_is_another_then_changes_stay_and_passed_weeks_go(shop: Store) -> None:
    plan = begin(shop)
    for what in (change(APPLE, "percent", 50), change(FRUIT, "value", 400)):
        based_on = plans.revision(shop, plan.plan_id)
        plan_changes.apply(shop, plan, what, author="Ada", based_on=based_on)
    assert finals(shop, FRUIT) == [100] * 4
    later = tuple(week + timedelta(days=14) for week in WEEKS)
    again = begin(shop, forecast(later, scale=2.0))
    assert again.plan_id == plan.plan_id
    assert finals(shop, FRUIT) == [100, 100, 120, 120]  # the value holds where it was given
    assert finals(shop, APPLE)[:2] == pytest.approx([75, 75])
    assert finals(shop, ALL)[2] == 210
    far = begin(shop, forecast(tuple(week + timedelta(days=70) for week in WEEKS)))
    assert finals(shop, ALL) == [105] * 4
    assert [each.kind for each in plan_log.history(shop, far.plan_id)].count("change") == 2


def test_when_weeks_are_frozen_or_nodes_locked_then_a_new_forecast_leaves_them(
    shop: Store,
) -> None:
    plan = begin(shop)
    plan_changes.apply(shop, plan, change(ALL, "percent", 10), author="Ada", based_on=1)
    plan_changes.freeze(shop, plan, 2, author="Ada")
    plan_changes.lock(shop, plan, APPLE, node="Apple", author="Ada", reason="contract")
    begin(shop, forecast(scale=3.0))
    assert finals(shop, APPLE) == pytest.approx([44] * 4)
    assert finals(shop, ALL)[:2] == pytest.approx([115.5] * 2)
    assert finals(shop, ALL)[2:] == pytest.approx([44 + 65 * 3 * 1.1] * 2)


def test_when_a_smaller_forecast_comes_then_a_reduction_leaves_nothing_not_less(
    shop: Store,
) -> None:
    plan = begin(shop)
    plan_changes.apply(shop, plan, change(APPLE, "amount", -100), author="Ada", based_on=1)
    assert finals(shop, APPLE) == [15] * 4
    begin(shop, forecast(scale=0.5))
    assert finals(shop, APPLE) == [0] * 4


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (forecast().iloc[:0], "is empty"),
        (forecast().drop(columns="mean"), "no column 'mean'"),
        (pd.concat([forecast(), forecast().iloc[:1]]), "product 1 twice on 23 Nov"),
        (forecast().assign(mean=float("nan")), "no number in it"),
        (forecast().replace({"product_id": {3: 7}}), "has not: \\[7\\]"),
        (forecast().assign(place_id=[0] * 4 + [1] * 20).drop_duplicates(
            ["product_id", "place_id", "timestamp"]), "partly by place"),
    ],
)  # fmt: skip
def test_when_a_forecast_cannot_be_planned_then_words_say_why(
    shop: Store, frame: pd.DataFrame, words: str
) -> None:
    with pytest.raises(PlanError, match=words):
        begin(shop, frame)
    assert plans.current(shop, 1, "W") is None


def test_when_a_dataset_is_deleted_then_its_plan_goes_too(shop: Store) -> None:
    plan = begin(shop)
    datasets.delete(shop, 1)
    assert plans.get(shop, plan.plan_id) is None
    with pytest.raises(NotFound):
        begin(shop)
    with pytest.raises(PlanError, match="does not exist any more"):
        plan_changes.freeze(shop, plan, 1, author="Ada")


def test_when_negative_sales_are_forecast_then_they_count_as_none(shop: Store) -> None:
    begin(shop, forecast().assign(mean=-1.0))
    assert finals(shop, ALL) == [0] * 4
    assert date(2026, 11, 23) == MONDAY
