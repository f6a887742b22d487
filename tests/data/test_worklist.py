"""Decisions about exceptions: what hides, what comes back, what is counted, what is refused."""

from datetime import date, timedelta

import pandas as pd
import pytest

from data import datasets, worklist
from data.errors import DataError
from data.store import Store
from tests.data.shop import fill

TODAY = date.today()
ITEMS = pd.DataFrame({"key": ["sells_out:1:2", "new_product:3:"], "at_stake": [100.0, 40.0]})


def decide(store: Store, action: worklist.Action, **more: object) -> None:
    worklist.decide(
        store, 1, ITEMS["key"].tolist(), ITEMS["at_stake"].tolist(), action,
        author="Ada", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def hidden(store: Store, today: date = TODAY, items: pd.DataFrame = ITEMS) -> list[bool]:
    return worklist.hidden(items, worklist.decisions(store, 1), today).tolist()


def test_when_items_are_snoozed_then_they_come_back_on_that_day(store: Store) -> None:
    decide(store, "snooze", until=TODAY + timedelta(days=7))
    assert hidden(store) == [True, True]
    assert hidden(store, TODAY + timedelta(days=6)) == [True, True]
    assert hidden(store, TODAY + timedelta(days=7)) == [False, False]


def test_when_something_done_grows_by_more_than_half_then_it_is_listed_again(store: Store) -> None:
    decide(store, "done")
    assert hidden(store, items=ITEMS.assign(at_stake=[150.0, 61.0])) == [True, False]
    assert hidden(store, TODAY + timedelta(days=worklist.DONE_DAYS + 1)) == [False, False]


def test_when_a_decision_is_taken_back_then_the_items_are_open(store: Store) -> None:
    decide(store, "not_useful")
    decide(store, "reopen")
    assert hidden(store) == [False, False]


def test_when_items_are_assigned_then_they_stay_with_the_name(store: Store) -> None:
    decide(store, "assign", assignee=" Bo ")
    assert hidden(store) == [False, False]
    assert worklist.decisions(store, 1)["assignee"].tolist() == ["Bo", "Bo"]


def test_when_items_were_judged_then_the_useful_ones_are_counted(store: Store) -> None:
    worklist.decide(store, 1, ["a", "b", "c"], [1.0] * 3, "done", author="")
    worklist.decide(store, 1, ["c"], [1.0], "not_useful", author="")
    assert worklist.useful(store, 1) == worklist.Useful(useful=2, judged=3)


@pytest.mark.parametrize(("action", "words"), [("snooze", "Until when"), ("assign", "To whom")])
def test_when_a_decision_says_too_little_then_it_is_refused(
    store: Store, action: worklist.Action, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        decide(store, action)
    assert worklist.decisions(store, 1).empty


def test_when_a_key_is_listed_a_day_later_for_the_first_time_then_it_is_new(store: Store) -> None:
    assert worklist.note_seen(store, 1, ["a"], TODAY) == set()
    tomorrow = TODAY + timedelta(days=1)
    assert worklist.note_seen(store, 1, ["a", "b"], tomorrow) == {"b"}
    assert worklist.note_seen(store, 1, ["a", "b"], tomorrow) == {"b"}


def test_when_thresholds_change_then_they_are_kept_and_leave_with_the_dataset(store: Store) -> None:
    fill(store, [(1, 1, TODAY, 1.0, 1.0)])
    worklist.set_limits(store, 1, {"growth": 50.0})
    assert worklist.limits(store, 1) == {"growth": 50.0}
    worklist.set_limits(store, 1, {"most": 10.0})
    assert worklist.limits(store, 1) == {"most": 10.0}
    datasets.delete(store, 1)
    assert worklist.limits(store, 1) == {}
