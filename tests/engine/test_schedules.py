"""Schedules: what is due and when, over restarts, missed times, and clocks that are set."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.errors import EngineError
from engine.schedules import Schedule, Schedules

DAY = 86_400.0
MONDAY_6 = "0 6 * * 1"


class Clock:
    """A clock that is set by hand."""

    def __init__(self, text: str) -> None:
        self.set(text)

    def __call__(self) -> float:
        return self.now

    def set(self, text: str) -> None:
        self.now = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("UTC")).timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock("2026-11-20 12:00")  # a Friday


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[Callable[[], Schedules]]:
    """Opens the schedules, again and again; what was open is closed, as by a restart."""
    current: list[Schedules] = []

    def open_again() -> Schedules:
        for each in current:
            each.close()
        current[:] = [Schedules(tmp_path, clock=clock)]
        return current[0]

    yield open_again
    for each in current:
        each.close()


@pytest.fixture
def schedules(opened: Callable[[], Schedules]) -> Schedules:
    return opened()


def weekly(schedules: Schedules, name: str = "Coffee", cron: str = MONDAY_6) -> Schedule:
    return schedules.add(name=name, template={"run_id": "r1"}, cron=cron, source="dataset 1")


def whys(schedules: Schedules, marks: dict[str, str] | None = None) -> list[str]:
    return [firing.why for firing in schedules.due(marks or {})]


def finish(schedules: Schedules) -> None:
    """All that is due is done."""
    for firing in schedules.due({}):
        schedules.begin(firing.number, "run")
        schedules.end(firing.number, "done", "It went well.")


def test_when_its_time_comes_then_it_is_due_once(schedules: Schedules, clock: Clock) -> None:
    made = weekly(schedules)
    assert whys(schedules) == []
    clock.set("2026-11-23 06:00:01")
    assert whys(schedules) == ["due"]
    finish(schedules)
    assert whys(schedules) == []
    left = schedules.schedule(made.schedule_id).next_at
    assert left == clock.now - 1 + 7 * DAY


def test_when_nobody_began_what_was_due_then_it_is_given_out_again(
    opened: Callable[[], Schedules], clock: Clock
) -> None:
    """The app died between finding out and submitting."""
    weekly(opened())
    clock.set("2026-11-23 06:00:01")
    (first,) = opened().due({})
    (again,) = opened().due({})
    assert again == first
    assert len(opened().firings(first.schedule_id)) == 1


def test_when_the_app_was_down_for_a_month_then_it_is_made_up_for_once(
    opened: Callable[[], Schedules], clock: Clock
) -> None:
    made = weekly(opened())
    clock.set("2026-12-24 15:00")
    schedules = opened()
    (firing,) = schedules.due({})
    assert firing.why == "late"
    assert (firing.due_at, firing.made_at) == (made.next_at, clock.now)
    finish(schedules)
    assert whys(schedules) == []
    clock.set("2026-12-28 06:00:01")
    assert whys(schedules) == ["due"]


def test_when_the_clock_is_set_back_then_nothing_runs_twice(
    schedules: Schedules, clock: Clock
) -> None:
    weekly(schedules)
    clock.set("2026-11-23 06:00:01")
    finish(schedules)
    clock.set("2026-11-23 04:00")
    assert whys(schedules) == []
    clock.set("2026-11-23 06:00:02")
    assert whys(schedules) == []
    clock.set("2026-11-30 06:00:01")
    assert whys(schedules) == ["due"]


def test_when_the_clock_was_a_year_ahead_then_it_does_not_sleep_for_a_year(
    schedules: Schedules, clock: Clock
) -> None:
    weekly(schedules)
    clock.set("2027-11-25 12:00")
    finish(schedules)
    clock.set("2026-11-20 12:00")
    assert whys(schedules) == []
    clock.set("2026-11-23 06:00:01")
    assert whys(schedules) == ["due"]


def test_when_two_are_due_at_once_then_they_keep_their_order(
    schedules: Schedules, clock: Clock
) -> None:
    names = {weekly(schedules, name).schedule_id: name for name in ("first", "second", "third")}
    sooner = weekly(schedules, "sooner", "0 5 * * 1")
    names[sooner.schedule_id] = "sooner"
    clock.set("2026-11-23 07:00")
    order = [names[firing.schedule_id] for firing in schedules.due({})]
    assert order == ["sooner", "first", "second", "third"]


def test_when_a_run_takes_longer_than_its_turn_then_the_next_waits_and_comes_once(
    schedules: Schedules, clock: Clock
) -> None:
    weekly(schedules, cron="0 * * * *")
    clock.set("2026-11-20 13:00")
    (first,) = schedules.due({})
    schedules.begin(first.number, "r1")
    clock.set("2026-11-20 17:30")
    assert whys(schedules) == []
    schedules.end(first.number, "done", "")
    assert whys(schedules) == ["late"]
    finish(schedules)
    assert whys(schedules) == []


def test_when_data_change_then_it_is_due_and_not_again_for_the_same(schedules: Schedules) -> None:
    schedules.add(name="a", template={}, source="dataset 1", mark="7")
    schedules.add(name="b", template={}, source="dataset 2", mark="3")
    assert whys(schedules, {"dataset 1": "7", "dataset 2": "3"}) == []
    assert whys(schedules, {}) == []  # a dataset that was deleted is no new data
    newer = {"dataset 1": "8", "dataset 2": "3"}
    assert whys(schedules, newer) == ["new data"]
    for firing in schedules.due(newer):
        schedules.begin(firing.number, "r", mark="8")
        schedules.end(firing.number, "failed", "no")
    assert whys(schedules, newer) == []
    assert whys(schedules, {"dataset 1": "9"}) == ["new data"]


def test_when_data_change_while_it_runs_then_it_runs_once_more(schedules: Schedules) -> None:
    schedules.add(name="a", template={}, source="dataset 1", mark="7")
    (first,) = schedules.due({"dataset 1": "8"})
    schedules.begin(first.number, "r", mark="8")
    assert whys(schedules, {"dataset 1": "9"}) == []
    assert whys(schedules, {"dataset 1": "10"}) == []
    schedules.end(first.number, "done", "")
    assert whys(schedules, {"dataset 1": "10"}) == ["new data"]


def test_when_paused_then_nothing_is_due_and_what_was_missed_stays_missed(
    schedules: Schedules, clock: Clock
) -> None:
    made = weekly(schedules)
    data = schedules.add(name="d", template={}, source="dataset 1", mark="1")
    for each in (made, data):
        schedules.pause(each.schedule_id)
    clock.set("2026-12-24 15:00")
    assert whys(schedules, {"dataset 1": "2"}) == []
    schedules.resume(made.schedule_id)
    schedules.resume(data.schedule_id, mark="2")
    assert whys(schedules, {"dataset 1": "2"}) == []
    assert schedules.schedule(made.schedule_id).next_at == clock.now + 3 * DAY + 15 * 3600


def test_when_asked_for_then_it_is_due_now_and_its_times_stay(
    schedules: Schedules, clock: Clock
) -> None:
    made = weekly(schedules)
    schedules.pause(made.schedule_id)
    schedules.resume(made.schedule_id)
    assert schedules.ask(made.schedule_id, who="Ada")
    assert not schedules.ask(made.schedule_id)
    (firing,) = schedules.due({})
    assert (firing.why, firing.who) == ("asked", "Ada")
    assert schedules.schedule(made.schedule_id).next_at == made.next_at


def test_when_the_app_starts_again_then_everything_is_still_there(
    opened: Callable[[], Schedules],
) -> None:
    schedules = opened()
    made = schedules.add(
        name="  Spring   plan ",
        template={"about": {"scope": {"categories": ["Kaffee ☕"]}}},
        cron=MONDAY_6,
        zone="Asia/Shanghai",
        source="dataset 1",
        mark="7",
        margin=0.1,
        who="Ada",
    )
    schedules.ask(made.schedule_id)
    (firing,) = schedules.due({})
    signal = {"name": "bias", "state": "watch", "words": "Too high."}
    schedules.begin(firing.number, "r9", mark="8", note="Without price.", drift=[signal])
    schedules.end(firing.number, "done", "Better.", numbers={"promoted": True, "candidate": 0.3})
    before = schedules.firings(made.schedule_id)
    schedules = opened()
    kept = schedules.schedule(made.schedule_id)
    assert (kept.name, kept.mark, kept.margin) == ("Spring plan", "8", 0.1)
    assert kept.template == made.template
    assert (kept.zone, kept.created_by, kept.next_at) == ("Asia/Shanghai", "Ada", made.next_at)
    assert schedules.firings(made.schedule_id) == before
    assert before[0].drift == [signal]
    assert before[0].numbers["candidate"] == 0.3


def test_when_ended_then_a_second_ending_changes_nothing(schedules: Schedules) -> None:
    made = weekly(schedules)
    schedules.ask(made.schedule_id)
    (firing,) = schedules.due({})
    schedules.end(firing.number, "failed", "No sales.")
    schedules.end(firing.number, "done", "Better.")
    schedules.begin(firing.number, "r1")
    (found,) = schedules.firings(made.schedule_id)
    assert (found.state, found.words, found.run_id) == ("failed", "No sales.", "")


def test_when_deleted_then_its_history_goes_and_nothing_is_due(
    schedules: Schedules, clock: Clock
) -> None:
    made = weekly(schedules)
    clock.set("2026-11-23 06:00:01")
    assert whys(schedules) == ["due"]
    schedules.delete(made.schedule_id)
    assert whys(schedules) == []
    with pytest.raises(EngineError, match="may have been deleted"):
        schedules.schedule(made.schedule_id)
    with pytest.raises(EngineError, match="may have been deleted"):
        schedules.ask(made.schedule_id)


def test_when_many_threads_ask_what_is_due_then_it_comes_up_once(
    schedules: Schedules, clock: Clock
) -> None:
    made = weekly(schedules)
    clock.set("2026-11-23 06:00:01")
    threads = [threading.Thread(target=schedules.due, args=({},)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(schedules.firings(made.schedule_id)) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": " "}, "Use 1 to 120"),
        ({"name": "x" * 121}, "Use 1 to 120"),
        ({"margin": -0.1}, "between 0 and 1"),
        ({"margin": 5.0}, "between 0 and 1"),
        ({"cron": "often"}, "every Monday at 06:00"),
        ({"cron": "", "source": ""}, "Give a cron line"),
        ({"zone": "Nowhere"}, "is not known"),
    ],
)
def test_when_a_schedule_makes_no_sense_then_it_is_refused(
    schedules: Schedules, values: dict[str, object], words: str
) -> None:
    usual: dict[str, object] = {"name": "a", "template": {}, "cron": MONDAY_6, "source": "d"}
    with pytest.raises(EngineError, match=words):
        schedules.add(**{**usual, **values})  # type: ignore[arg-type]
    assert not schedules.schedules()


def test_when_the_file_is_damaged_then_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "schedules.db").write_bytes(b"no database" * 100)
    with pytest.raises(EngineError, match="move the file away"):
        Schedules(tmp_path)
