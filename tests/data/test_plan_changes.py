"""Changes of a plan: what cells become, who came first, and taking it back."""

import itertools
import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data import plan_changes, plan_log, plans, saved_segments
from data.errors import Conflict, PlanError
from data.plan_changes import Change
from data.plans import Plan
from data.scope import Scope
from data.store import Store
from tests.data.plan_shop import MEANS, WEEKS, begin, forecast, sold

ALL = Scope(dataset_id=1)
FRUIT = Scope(dataset_id=1, categories=("Fruit",))
APPLE = Scope(dataset_id=1, product_id=1)
APPLE_HERE = Scope(dataset_id=1, product_id=1, place_id=1)


@pytest.fixture
def plan(store: Store) -> Plan:
    sold(store)
    return begin(store)


def change(scope: Scope = APPLE, periods: int = 1, **said: Any) -> Change:
    usual: dict[str, Any] = {"measure": "percent", "amount": 20.0, "reason": "promotion"}
    return Change(scope=scope, periods=WEEKS[:periods], **(usual | said))


def made(store: Store, plan: Plan, what: Change, *, author: str = "Ada") -> int:
    now = plans.revision(store, plan.plan_id)
    return plan_changes.apply(store, plan, what, author=author, based_on=now)


def cells(store: Store, plan: Plan, scope: Scope = ALL) -> dict[tuple[int, int, date], float]:
    frame = plans.rows(store, plan, scope)
    keys = zip(frame["product_id"], frame["place_id"], frame["timestamp"].dt.date, strict=True)
    return dict(zip(keys, frame["final"], strict=True))


def finals(store: Store, plan: Plan, scope: Scope) -> list[float]:
    return [round(each, 6) for each in plans.series(store, plan, scope)["final"]]


def test_when_a_product_is_raised_then_its_places_and_all_nodes_above_follow(
    store: Store, plan: Plan
) -> None:
    made(store, plan, change(amount=20.0))
    assert finals(store, plan, APPLE) == [48, 40, 40, 40]
    assert finals(store, plan, APPLE_HERE) == [12, 10, 10, 10]
    assert finals(store, plan, FRUIT) == [68, 60, 60, 60]
    assert finals(store, plan, ALL) == [113, 105, 105, 105]
    found = plans.series(store, plan, APPLE).iloc[0]
    assert (found["measure"], found["amount"], found["mean"]) == ("percent", 20.0, 40.0)
    assert pd.isna(plans.series(store, plan, ALL)["measure"].iloc[0])


@pytest.mark.parametrize(
    ("said", "totals", "apples"),
    [
        ({"measure": "percent", "amount": -100.0}, [0, 0], [0, 0]),
        ({"measure": "amount", "amount": 21.0}, [115.5, 115.5], [44, 44]),
        ({"measure": "value", "amount": 420.0}, [210, 210], [80, 80]),
    ],
)
def test_when_a_total_is_changed_then_cells_share_it_as_their_forecast(
    store: Store, plan: Plan, said: dict[str, Any], totals: list[float], apples: list[float]
) -> None:
    made(store, plan, change(ALL, 2, **said))
    assert finals(store, plan, ALL) == pytest.approx([*totals, 105, 105])
    assert finals(store, plan, APPLE) == pytest.approx([*apples, 40, 40])


def test_when_a_node_has_no_forecast_then_last_year_shares_it_else_all_evenly(
    store: Store,
) -> None:
    sold(store)
    frame = forecast()
    frame.loc[frame["product_id"].eq(1), "mean"] = 0.0
    frame.loc[frame["product_id"].eq(2) & frame["place_id"].eq(1), "mean"] = 0.0
    plan = begin(store, frame)
    asked = change(measure="amount", amount=80.0)
    assert plan_changes.effect(store, plan, asked).spread == "last_year"
    made(store, plan, asked)
    assert cells(store, plan, APPLE)[1, 1, WEEKS[0]] == pytest.approx(20)
    assert cells(store, plan, APPLE)[1, 2, WEEKS[0]] == pytest.approx(60)
    with store.transaction() as cursor:
        cursor.execute("UPDATE demand_cell SET last_year = 0")
    berry = change(Scope(dataset_id=1, product_id=2), measure="amount", amount=9.0)
    assert plan_changes.effect(store, plan, berry).spread == "even"
    number = made(store, plan, berry)
    assert cells(store, plan)[2, 2, WEEKS[0]] == pytest.approx(4.5)
    found = plan_log.history(store, plan.plan_id)[0]
    assert (found.edit_id, found.spread, found.after) == (number, "even", pytest.approx(9))
    later = Change(
        scope=berry.scope, periods=WEEKS[1:2], measure="percent", amount=10.0, reason="other"
    )
    with pytest.raises(PlanError, match="percent change nothing"):
        made(store, plan, later)


@pytest.mark.parametrize("seed", range(12))
def test_when_units_are_whole_then_every_sum_is_what_was_asked_to_the_unit(
    store: Store, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    sold(store)
    frame = forecast()
    frame["mean"] = rng.gamma(0.4, 6.0, len(frame)) * (rng.random(len(frame)) > 0.3)
    plan = begin(store, frame)
    weeks = int(rng.integers(1, 5))
    before = sum(finals(store, plan, FRUIT)[:weeks])
    measure, amount = [("value", float(rng.integers(0, 500))), ("amount", 37.0)][seed % 2]
    made(store, plan, change(FRUIT, weeks, measure=measure, amount=amount, whole_units=True))
    after = cells(store, plan, FRUIT)
    touched = [value for (_, _, when), value in after.items() if when in WEEKS[:weeks]]
    assert all(value == round(value) >= 0 for value in touched)
    assert sum(touched) == round(before + amount if measure == "amount" else amount)
    other = cells(store, plan)
    assert sum(touched) == sum(
        value for (p, _, when), value in other.items() if p in (1, 2) and when in WEEKS[:weeks]
    )


@pytest.mark.parametrize("seed", range(8))
def test_when_units_may_be_split_then_cells_keep_their_proportions_and_the_sum(
    store: Store, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    sold(store)
    frame = forecast()
    frame["mean"] = rng.gamma(0.4, 6.0, len(frame)) + 0.01
    plan = begin(store, frame)
    before = cells(store, plan)
    made(store, plan, change(ALL, 4, measure="value", amount=1234.5))
    after = cells(store, plan)
    assert sum(after.values()) == pytest.approx(1234.5, abs=1e-9 * 1234)
    factors = [after[key] / before[key] for key in before]
    assert max(factors) == pytest.approx(min(factors))


def test_when_changes_follow_each_other_then_the_later_stands_on_the_earlier(
    store: Store, plan: Plan
) -> None:
    made(store, plan, change(APPLE, amount=50.0))
    made(store, plan, change(ALL, measure="value", amount=250.0))
    assert finals(store, plan, APPLE)[0] == pytest.approx(120)  # 60 of 125, doubled
    assert finals(store, plan, ALL)[0] == pytest.approx(250)


def test_when_changes_are_taken_back_in_any_order_then_what_is_left_is_as_if_alone(
    store: Store, plan: Plan
) -> None:
    asked = [
        change(APPLE, 2, amount=50.0),
        change(ALL, 1, measure="value", amount=250.0),
        change(FRUIT, 1, measure="amount", amount=30.0, whole_units=True),
        change(Scope(dataset_id=1, product_id=3), 4, amount=-10.0),
    ]
    numbers = [made(store, plan, each) for each in asked]
    for order in itertools.permutations(range(4), 2):
        for gone in order:
            plan_changes.undo(store, plan, numbers[gone], author="Bea")
        kept = cells(store, plan)
        with store.transaction() as cursor:  # the same again on a clean plan
            cursor.execute("UPDATE demand_edit SET undone_at = now()::TIMESTAMP "
                           "WHERE kind = 'change'")  # fmt: skip
        begin(store)
        numbers = [made(store, plan, each) for at, each in enumerate(asked) if at not in order]
        assert cells(store, plan) == pytest.approx(kept)
        for number in numbers:
            plan_changes.undo(store, plan, number, author="Bea")
        assert cells(store, plan) == pytest.approx(
            {(p, s, w): mean for (p, s), mean in MEANS.items() for w in WEEKS}
        )
        numbers = [made(store, plan, each) for each in asked]


def test_when_undone_then_history_says_who_and_it_can_be_made_again(
    store: Store, plan: Plan
) -> None:
    number = made(store, plan, change(APPLE, 2, comment="display at the door", node="Apple"))
    plan_changes.undo(store, plan, number, author="Bea")
    assert finals(store, plan, APPLE) == [40, 40, 40, 40]
    with pytest.raises(PlanError, match="Bea took this back already"):
        plan_changes.undo(store, plan, number, author="Ada")
    again = plan_changes.redo(store, plan, number, author="Cem")
    assert finals(store, plan, APPLE) == [48, 48, 40, 40]
    with pytest.raises(PlanError, match="counts already"):
        plan_changes.redo(store, plan, again, author="Cem")
    log = plan_log.history(store, plan.plan_id)
    assert [each.kind for each in log] == ["change", "undo", "change", "forecast"]
    assert (log[0].author, log[0].of_edit, log[0].comment) == ("Cem", number, "display at the door")
    assert (log[2].undone_by, log[2].before, log[2].after) == ("Bea", 80, 96)
    assert [plan_log.describe(each) for each in log[:3]] == [
        "+20% on Apple", "took back a change of Apple", "+20% on Apple",
    ]  # fmt: skip


def test_when_two_people_change_the_same_cells_then_the_second_hears_of_it_and_loses_nothing(
    store: Store, plan: Plan
) -> None:
    """Two threads, each with a cursor of its own, that looked at the same revision."""
    seen = plans.revision(store, plan.plan_id)
    results: list[Any] = []
    gate = threading.Barrier(2)

    def edit(author: str, what: Change) -> None:
        gate.wait()
        try:
            results.append(plan_changes.apply(store, plan, what, author=author, based_on=seen))
        except Conflict as error:
            results.append((author, error, what))

    people = [
        threading.Thread(target=edit, args=("Ada", change(APPLE, 2, node="Apple"))),
        threading.Thread(target=edit, args=("Bea", change(ALL, 1, amount=10.0, node="Total"))),
    ]
    for each in people:
        each.start()
    for each in people:
        each.join()
    (author, error, what), = [each for each in results if isinstance(each, tuple)]  # fmt: skip
    assert error.author != author
    assert error.author in str(error)
    assert error.what in ("+20% on Apple", "+10% on Total")
    assert error.seen == seen
    assert len([e for e in plan_log.history(store, plan.plan_id) if e.kind == "change"]) == 1
    plan_changes.apply(store, plan, what, author=author, based_on=error.now)
    assert finals(store, plan, APPLE)[0] == pytest.approx(40 * 1.2 * 1.1)


def test_when_somebody_changed_other_cells_then_there_is_no_conflict(
    store: Store, plan: Plan
) -> None:
    seen = plans.revision(store, plan.plan_id)
    made(store, plan, change(APPLE, 2), author="Ada")
    bread = change(Scope(dataset_id=1, product_id=3), 4)
    plan_changes.apply(store, plan, bread, author="Bea", based_on=seen)
    later = Change(scope=APPLE, periods=WEEKS[2:], measure="percent", amount=5.0, reason="other")
    plan_changes.apply(store, plan, later, author="Bea", based_on=seen)
    with pytest.raises(Conflict):
        plan_changes.apply(store, plan, change(APPLE_HERE, 1), author="Bea", based_on=seen)


def test_when_a_change_was_taken_back_meanwhile_then_that_is_a_conflict_too(
    store: Store, plan: Plan
) -> None:
    number = made(store, plan, change(APPLE, node="Apple"))
    seen = plans.revision(store, plan.plan_id)
    plan_changes.undo(store, plan, number, author="Ada")
    with pytest.raises(
        Conflict, match=r"Ada changed the same cells .* took back a change of Apple"
    ):
        plan_changes.apply(store, plan, change(APPLE), author="Bea", based_on=seen)


def frozen(store: Store, plan: Plan) -> None:
    plan_changes.freeze(store, plan, 1, author="Ada")


def locked(store: Store, plan: Plan) -> None:
    plan_changes.lock(store, plan, APPLE, node="Apple", author="Ada", reason="contract")


@pytest.mark.parametrize(
    ("what", "before", "words"),
    [
        (change(amount=-150.0), None, "-150% would leave less than nothing"),
        (change(amount=float("nan")), None, "not a number"),
        (change(measure="amount", amount=-41.0), None, "cannot become -1. The least is 0"),
        (change(measure="value", amount=-5.0), None, "cannot become -5"),
        (change(reason="because"), None, "needs a reason"),
        (change(periods=0), None, "No period is marked"),
        (change(Scope(dataset_id=1, product_id=99), node="Pear"), None, "Pear has no forecast"),
        (change(), frozen, "23 Nov is frozen"),
        (change(), locked, "is locked; unlock it"),
        (change(expires_on=date(2020, 1, 1)), None, "has passed"),
    ],
)
def test_when_a_change_cannot_be_made_then_words_say_why_and_nothing_changes(
    store: Store,
    plan: Plan,
    what: Change,
    before: Callable[[Store, Plan], None] | None,
    words: str,
) -> None:
    if before:
        before(store, plan)
    was = cells(store, plan)
    with pytest.raises(PlanError, match=words):
        made(store, plan, what)
    assert cells(store, plan) == was
    assert "change" not in [each.kind for each in plan_log.history(store, plan.plan_id)]


def test_when_a_part_is_locked_then_the_rest_takes_the_change_and_the_sum_is_as_asked(
    store: Store, plan: Plan
) -> None:
    number = plan_changes.lock(store, plan, APPLE_HERE, node="Apple", author="Ada", reason="deal")
    asked = change(ALL, measure="value", amount=200.0)
    assert plan_changes.effect(store, plan, asked).locked == 1
    made(store, plan, asked)
    assert finals(store, plan, ALL)[0] == pytest.approx(200)
    assert finals(store, plan, APPLE_HERE)[0] == 10
    with pytest.raises(PlanError, match="10 of them locked"):
        made(store, plan, change(ALL, measure="value", amount=9.0))
    plan_changes.undo(store, plan, number, author="Ada")
    made(store, plan, change(APPLE_HERE, measure="value", amount=3.0))
    assert finals(store, plan, APPLE_HERE)[0] == pytest.approx(3)


def test_when_a_change_is_locked_or_frozen_then_it_cannot_be_taken_back(
    store: Store, plan: Plan
) -> None:
    number = made(store, plan, change(APPLE))
    kept = plan_changes.lock(store, plan, FRUIT, node="Fruit", author="Ada", reason="deal")
    with pytest.raises(PlanError, match="locked now"):
        plan_changes.undo(store, plan, number, author="Ada")
    plan_changes.undo(store, plan, kept, author="Ada")
    plan_changes.freeze(store, plan, 1, author="Ada")
    with pytest.raises(PlanError, match="frozen now"):
        plan_changes.undo(store, plan, number, author="Ada")
    plan_changes.freeze(store, plan, 0, author="Ada")
    plan_changes.undo(store, plan, number, author="Ada")
    assert finals(store, plan, APPLE) == [40, 40, 40, 40]


def test_when_a_change_comes_to_its_end_then_it_counts_no_more(store: Store, plan: Plan) -> None:
    ends = date.today() + timedelta(days=3)
    made(store, plan, change(APPLE, expires_on=ends))
    made(store, plan, change(APPLE, amount=100.0))
    assert plan_changes.expire(store, plan, ends - timedelta(days=1)) == 0
    assert finals(store, plan, APPLE)[0] == pytest.approx(96)
    assert plan_changes.expire(store, plan, ends) == 1
    assert finals(store, plan, APPLE)[0] == pytest.approx(80)
    log = plan_log.history(store, plan.plan_id)
    assert [each.undone_by for each in log if each.expires_on] == [plan_log.EXPIRY]


def test_when_a_segment_is_changed_then_its_members_of_then_keep_it(
    store: Store, plan: Plan
) -> None:
    number = saved_segments.save(
        store, 1, "Two", rule={}, products=[1, 3], built_through=WEEKS[0]
    )  # fmt: skip
    scope = Scope(dataset_id=1, segment_id=number, segment_revision=1)
    made(store, plan, change(scope, amount=100.0))
    saved_segments.rebuild(
        store, saved_segments.segments(store, 1)[0], products=[2], built_through=WEEKS[0]
    )
    begin(store, forecast(scale=2.0))
    assert finals(store, plan, APPLE)[0] == 160
    assert finals(store, plan, Scope(dataset_id=1, product_id=2))[0] == 40
