"""Published versions: what they hold, that nothing changes them, and how they turned out."""

from datetime import date, timedelta

import pandas as pd
import pytest

from data import plan_accuracy, plan_changes, plans, publications
from data.errors import Conflict, NotFound, PlanError
from data.plan_changes import Change
from data.plans import Plan
from data.publications import Publication
from data.scope import Scope
from data.store import Store
from tests.data.plan_shop import MEANS, MONDAY, WEEKS, begin, forecast, sold

ALL = Scope(dataset_id=1)
APPLE = Scope(dataset_id=1, product_id=1)
FRUIT = Scope(dataset_id=1, categories=("Fruit",))


@pytest.fixture
def plan(store: Store) -> Plan:
    sold(store)
    return begin(store)


def raised(store: Store, plan: Plan, scope: Scope = APPLE, percent: float = 20.0) -> int:
    what = Change(scope=scope, periods=WEEKS, measure="percent", amount=percent, reason="promotion")
    now = plans.revision(store, plan.plan_id)
    return plan_changes.apply(store, plan, what, author="Ada", based_on=now)


def published(store: Store, plan: Plan, name: str) -> Publication:
    now = plans.revision(store, plan.plan_id)
    return publications.publish(store, plan, name=name, note="", author="Bea", based_on=now)


def sell(store: Store, week: date, times: float = 1.0) -> None:
    """A week of sales arrives: as many as the means, some times over."""
    with store.transaction() as cursor:
        for (product, place), units in MEANS.items():
            for day, quantity in ((week, units * times), (week + timedelta(days=6), 0.0)):
                cursor.execute(
                    "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, import_id)"
                    " VALUES (1, $1, $2, $3, $4, 2)",
                    [product, place, day, quantity],
                )


def test_when_a_plan_is_published_then_later_changes_leave_the_version(
    store: Store, plan: Plan
) -> None:
    raised(store, plan)
    first = published(store, plan, "November")
    assert (first.cells, first.baseline, first.final) == (24, 420, pytest.approx(452))
    assert first.sales_until == MONDAY - timedelta(days=1)
    raised(store, plan, ALL, 100.0)
    second = published(store, plan, "Late November")
    assert publications.series(store, first.publication_id, ALL)["final"].tolist() == [113] * 4
    assert publications.latest(store, 1, "W") == second
    assert [each.name for each in publications.listed(store, 1)] == ["Late November", "November"]
    found = publications.compared(store, first.publication_id, second.publication_id, FRUIT)
    assert found[["before", "after"]].iloc[0].tolist() == pytest.approx([68, 136])
    moved = publications.movers(store, first.publication_id, second.publication_id, ALL)
    assert moved["product"].tolist() == ["Apple", "Bread", "Berry"]
    assert moved["moved"].tolist() == pytest.approx([192, 180, 80])
    rows = publications.rows(store, first.publication_id, APPLE)
    assert rows.iloc[0][["mean", "q90", "final", "price"]].tolist() == [10, 24, 12, 2]


def test_when_a_week_is_over_then_it_is_not_published(store: Store, plan: Plan) -> None:
    sell(store, WEEKS[0])
    made = published(store, plan, "A week on")
    assert (made.first_period, made.cells) == (WEEKS[1], 18)
    for week in WEEKS[1:]:
        sell(store, week)
    with pytest.raises(PlanError, match="All periods of the plan are over"):
        published(store, plan, "Too late")
    assert len(publications.listed(store, 1)) == 1


def test_when_a_version_cannot_be_made_then_words_say_why(store: Store, plan: Plan) -> None:
    published(store, plan, "November")
    for name, words in ((" ", "needs a name"), ("november", "already"), ("x" * 99, "at most 80")):
        with pytest.raises(PlanError, match=words):
            published(store, plan, name)
    seen = plans.revision(store, plan.plan_id)
    raised(store, plan)
    with pytest.raises(Conflict, match="Ada changed the same cells"):
        publications.publish(store, plan, name="Blind", author="Bea", based_on=seen)
    with pytest.raises(NotFound):
        publications.get(store, 99)
    assert publications.latest(store, 2) is None


def test_when_weeks_have_passed_then_accuracy_is_by_lag_on_the_sales_of_today(
    store: Store, plan: Plan
) -> None:
    raised(store, plan)
    first = published(store, plan, "First")
    sell(store, WEEKS[0], 1.0)
    begin(store, forecast(WEEKS[1:], scale=1.5))
    second = published(store, plan, "Second")
    sell(store, WEEKS[1], 2.0)
    one = plan_accuracy.by_lag(store, 1, "W", 1, ALL)
    assert one["publication_id"].tolist() == [first.publication_id, second.publication_id]
    assert one["actual"].tolist() == [105, 210]
    assert one["final"].tolist() == pytest.approx([113, 169.5])
    assert plan_accuracy.error(one) == pytest.approx(((8 + 40.5) / 315, (8 - 40.5) / 315))
    assert plan_accuracy.error(one, "baseline")[0] == pytest.approx(52.5 / 315)
    two = plan_accuracy.by_lag(store, 1, "W", 2, APPLE)
    assert two[["publication_id", "final", "actual"]].to_numpy().tolist() == [
        [first.publication_id, pytest.approx(48), 80]
    ]
    both = plan_accuracy.lags(store, 1, "W", ALL, of=(1, 2))
    assert both.columns.tolist() == ["timestamp", "published_lag1", "published_lag2", "actual"]
    assert both["actual"].tolist() == [105, 210]
    assert both["published_lag2"].tolist() == [pytest.approx(float("nan"), nan_ok=True), 113]
    with store.transaction() as cursor:  # sales are corrected after publication
        cursor.execute(
            "UPDATE sales SET quantity = 2 * quantity WHERE import_id = 2 AND day = $1", [WEEKS[0]]
        )
    again = plan_accuracy.by_lag(store, 1, "W", 1, ALL)
    assert again["actual"].tolist() == [210, 210]
    assert plan_accuracy.by_lag(store, 1, "W", 4, ALL).empty


def test_when_changes_have_come_true_or_not_then_their_value_is_counted(
    store: Store, plan: Plan
) -> None:
    raised(store, plan, APPLE, 20.0)
    raised(store, plan, Scope(dataset_id=1, product_id=3), -20.0)
    published(store, plan, "First")
    for week in WEEKS:
        sell(store, week, 1.2)
    past = plan_accuracy.cases(store, 1, "W")
    assert len(past) == 8
    assert past.groupby("percent")["actual"].sum().round(6).tolist() == [216, 192]
    good = plan_accuracy.value_added(pd.concat([past] * 2), percent=15.0, reason="promotion")
    assert good is not None
    assert (good.better, good.cases, good.how) == (8, 8, "reason")
    assert (good.error_before, good.error_after) == pytest.approx((1 / 6, 0))
    bad = plan_accuracy.value_added(pd.concat([past] * 2), percent=-5.0, reason="price")
    assert bad is not None
    assert (bad.better, bad.cases, bad.how) == (0, 8, "sign")
    assert plan_accuracy.value_added(past, percent=15.0, reason="promotion") is None  # four only
    assert plan_accuracy.value_added(past, percent=0.0, reason="promotion") is None
