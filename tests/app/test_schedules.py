"""Schedules on screen and at work: new sales come in, real workers train, and the better stays."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data.scope import Scope
from engine import champions
from engine.registry import Entry
from engine.requests import ForecastRequest
from engine.schedules import Firing, Schedule
from tests.app.test_pages import text_of
from tests.stores import app_in
from ui import engine as engines
from ui import navigation, queries, scheduled_runs, scheduling, state, training
from ui.training import Plan

PRODUCT = 3
HELD_BACK = "2026-10-18"  # the sales after this Sunday arrive later
MONDAY = pd.Timestamp("2026-11-23 06:00", tz="UTC").timestamp()


@pytest.fixture(scope="session")
def repeated_var(demo_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one product was forecast five weeks ago, with its comparison."""
    folder = tmp_path_factory.mktemp("repeated")
    shutil.copy(demo_var / "almanac.duckdb", folder / "almanac.duckdb")
    with app_in(folder):
        with state.store().transaction() as cursor:
            cursor.execute(f"CREATE TABLE held AS FROM sales WHERE day > '{HELD_BACK}'")
            cursor.execute(f"DELETE FROM sales WHERE day > '{HELD_BACK}'")
        scope = Scope(dataset_id=1, product_id=PRODUCT, measure="quantity")
        plan = Plan(
            scope=scope, split="total", horizon=4, windows=1, models=("theta",), preset="fast"
        )
        training.prepare(plan, queries.datasets()[0]).submit()
        finish_jobs()
    return folder


@pytest.fixture
def app(empty_app: AppTest, repeated_var: Path, tmp_path: Path) -> Iterator[AppTest]:
    """The app on a copy of that folder."""
    shutil.copytree(repeated_var, tmp_path, dirs_exist_ok=True)
    yield empty_app
    scheduling.close()


def finish_jobs() -> None:
    for job in engines.engine().jobs():
        engines.engine().wait(job.run_id, timeout=120)


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for the condition; fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def new_sales_arrive() -> None:
    """What was held back is imported."""
    with state.store().transaction() as cursor:
        cursor.execute("INSERT INTO sales FROM held")
        cursor.execute(
            "INSERT INTO import_log SELECT * REPLACE (import_id + 1 AS import_id) FROM import_log"
        )


def opened(app: AppTest, **address: str) -> AppTest:
    app.switch_page(navigation.SCHEDULES)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    next(each for each in app.button if label in each.label).click()
    app.run()
    assert not app.exception
    return app


def theta() -> Entry:
    """The run that is repeated."""
    return next(e for e in reversed(engines.registry().entries()) if e.about.model)


def on_new_data(margin: float = 0.5) -> Schedule:
    return scheduling.schedules().add(
        name="Keep fresh",
        template=scheduled_runs.template(theta()),
        source=scheduling.source(1),
        mark=scheduling.marks()[scheduling.source(1)],
        margin=margin,
    )


def rounds(schedule: Schedule) -> Firing:
    """What the thread of the app does, until the jobs are over; gives how it ended."""
    scheduling.scheduler().round()
    for _ in range(2):  # what is refused is followed by a forecast of what is in use
        finish_jobs()
        scheduling.scheduler().round()
    return scheduling.schedules().firings(schedule.schedule_id)[0]


def test_when_nothing_was_trained_yet_then_the_page_teaches(demo_app: AppTest) -> None:
    app = opened(demo_app)
    assert not app.exception
    assert "A schedule repeats a training" in text_of(app)
    assert not app.button


def test_when_a_run_is_to_be_repeated_then_one_press_makes_the_schedule(app: AppTest) -> None:
    opened(app)
    press(app, "Repeat this every Monday 06:00")
    (made,) = scheduling.schedules().schedules()
    assert (made.cron, made.zone, made.margin) == ("0 6 * * 1", "UTC", 0.05)
    assert made.template["run_id"] == theta().run_id
    assert made.template["windows"] == 1
    assert "Every Monday 06:00 · next in " in text_of(app).replace("\\", "")
    assert "has not run yet" in text_of(app)
    press(app, "Pause")
    assert "paused" in text_of(app)
    press(app, "Resume")
    press(app, "Run now")
    assert "about to start" in text_of(app)
    press(app, "Delete")
    assert "its history goes" in text_of(app)
    scheduling.schedules().delete(made.schedule_id)  # buttons of dialogs need a browser
    assert "Keep a forecast fresh" in text_of(app.run())


def test_when_it_waits_for_data_then_no_time_is_asked(app: AppTest) -> None:
    opened(app)
    app.segmented_control(key="schedule_rhythm").set_value("data")
    app.run()
    press(app, "Repeat this when new data arrives")
    (made,) = scheduling.schedules().schedules()
    assert (made.cron, made.source, made.next_at) == ("", "dataset 1", None)
    scheduling.scheduler().round()
    assert not scheduling.schedules().firings(made.schedule_id)


def test_when_new_sales_arrive_then_it_is_trained_on_them_compared_and_put_in_use(
    app: AppTest,
) -> None:
    opened(app)
    before, schedule = theta(), on_new_data()
    new_sales_arrive()
    found = rounds(schedule)
    assert (found.state, found.why) == ("done", "new data")
    assert "that both were tested on" in found.words
    assert found.numbers["promoted"]
    assert found.numbers["windows"] == 1  # of its two: the grid has moved on by four weeks
    entry = engines.registry().entry(found.run_id)
    assert entry
    assert entry.is_champion
    assert entry.tags == ("scheduled",)
    assert pd.Timestamp(entry.about.data_until) - pd.Timestamp(before.about.data_until) == (
        pd.Timedelta(weeks=4)
    )
    assert champions.evidence(engines.registry().run(entry.run_id)) is not None
    signals = {signal["name"]: signal for signal in found.drift}
    assert "Since 19 Oct it was off by" in signals["accuracy"]["words"]
    assert set(signals) == {"accuracy", "bias", "target", "zeros", "series"}
    opened(app, schedule=schedule.schedule_id)
    assert not app.exception
    shown = text_of(app).replace("\\", "")
    assert ": in use" in shown
    assert found.words in shown
    assert signals["bias"]["words"] in shown
    assert scheduling.schedules().ask(schedule.schedule_id)
    again = rounds(schedule)
    assert again.words.startswith("No new sales since the week of 9 Nov")
    assert again.run_id == ""


def test_when_the_new_run_is_worse_then_what_is_in_use_stays(app: AppTest) -> None:
    opened(app)
    champion, schedule = theta(), on_new_data(margin=0.05)
    engines.registry().crown(champion.run_id)
    comparison = engines.registry().group(champion.about.group)[1]
    tests = engines.registry().run(comparison.run_id).frame("backtest")
    assert tests is not None
    quantiles = [name for name in tests if name.startswith("q0.")]
    for name in quantiles:  # it foresaw everything
        tests[name] = tests["actual"]
    engines.registry().run(comparison.run_id).write_frame("backtest", tests)
    new_sales_arrive()
    found = rounds(schedule)
    assert (found.state, found.numbers["promoted"]) == ("done", False)
    assert found.words.endswith("What was in use forecasts the newest sales again.")
    (kept,) = [entry for entry in engines.registry().entries() if entry.is_champion]
    assert kept.run_id == found.numbers["follow_up"]
    request = engines.registry().run(kept.run_id).request()
    assert isinstance(request, ForecastRequest)
    assert request.from_run == champion.run_id
    assert kept.about.data_until > champion.about.data_until
    assert champions.tests_of(engines.registry(), kept) is not None
    opened(app, schedule=schedule.schedule_id)
    assert ":orange-badge[Not put in use]" in text_of(app)


def test_when_several_models_are_repeated_then_the_best_of_them_is_kept(app: AppTest) -> None:
    opened(app)
    pattern = scheduled_runs.template(theta(), together=True)
    assert pattern["others"] == []  # it was trained alone
    pattern["others"] = [{**pattern["about"], "model": name} for name in ("naive", "ets")]
    schedule = scheduling.schedules().add(
        name="Best of 3",
        template=pattern,
        source=scheduling.source(1),
        mark=scheduling.marks()[scheduling.source(1)],
        margin=0.5,
    )
    new_sales_arrive()
    found = rounds(schedule)
    registry = engines.registry()
    first = registry.entry(found.run_id)
    assert first
    group = {each.about.model: each for each in registry.group(first.about.group)}
    assert set(group) == {"theta", "naive", "ets", ""}
    wql = {name: each.metrics["WQL"] for name, each in group.items() if name}
    best = min(wql, key=wql.__getitem__)
    assert best != "theta"  # not just the first
    assert found.numbers["chosen"] == group[best].run_id
    assert f"{training.model_name(best)} is the best of 3. " in found.words
    assert [each.run_id for each in registry.entries() if each.is_champion] == [group[best].run_id]
    assert scheduled_runs.build(pattern).is_done()


def test_when_models_were_trained_together_then_the_form_asks_whether_all_are_repeated(
    app: AppTest,
) -> None:
    opened(app)
    registry, first = engines.registry(), theta()
    shutil.copytree(registry.run(first.run_id).folder, registry.run("twin").folder)
    registry.add("twin", replace(first.about, model="ets"), name="ETS")
    opened(app, run=first.run_id)
    choice = app.segmented_control(key=f"schedule_models_{first.run_id}")
    assert choice.value == "Theta alone"
    choice.set_value("All 2, keep the best")
    app.run()
    press(app, "Repeat this every Monday 06:00")
    (made,) = scheduling.schedules().schedules()
    assert made.name.startswith("Best of 2 · ")
    assert [each.model for each in scheduled_runs.patterns(made.template)] == ["theta", "ets"]


def test_when_the_thread_looks_then_what_is_due_is_done_and_it_ends_when_told(
    app: AppTest,
) -> None:
    opened(app)
    made = scheduling.schedules().add(name="Broken", template={}, cron="0 6 * * 1")
    scheduling.scheduler().start()
    scheduling.schedules().ask(made.schedule_id)
    scheduling.scheduler().wake()
    until(lambda: scheduling.schedules().firings(made.schedule_id)[0].state == "failed")
    assert any(thread.name == "schedules" for thread in threading.enumerate())
    scheduling.close()
    assert not any(thread.name == "schedules" for thread in threading.enumerate())


def test_when_its_product_is_gone_then_it_fails_in_words_and_the_others_go_on(
    app: AppTest,
) -> None:
    opened(app)
    pattern = scheduled_runs.template(theta())
    pattern["about"]["scope"]["product"] = 999
    gone = scheduling.schedules().add(name="Gone", template=pattern, cron="0 6 * * 1")
    broken = scheduling.schedules().add(name="Broken", template={}, cron="0 6 * * 1")
    other = scheduling.schedules().add(
        name="Well", template=scheduled_runs.template(theta()), cron="0 6 * * 1"
    )
    scheduling.schedules().clock = lambda: MONDAY + 1
    scheduling.scheduler().round()
    (first,) = scheduling.schedules().firings(gone.schedule_id)
    assert (first.state, first.words[:11]) == ("failed", "Its product")
    (second,) = scheduling.schedules().firings(broken.schedule_id)
    assert "the details are in Almanac's log" in second.words
    (third,) = scheduling.schedules().firings(other.schedule_id)
    assert third.state == "running"
    engines.engine().cancel(third.run_id)
    finish_jobs()
    scheduling.scheduler().round()
    (third,) = scheduling.schedules().firings(other.schedule_id)
    assert third.words == "It was stopped. What was in use before still is."
    opened(app, schedule=gone.schedule_id)
    assert not app.exception
    assert ":red-badge[Failed]" in text_of(app)


def test_when_the_run_is_deleted_while_it_waits_for_judgement_then_it_says_so(
    app: AppTest,
) -> None:
    opened(app)
    schedule = on_new_data()
    new_sales_arrive()
    scheduling.scheduler().round()
    finish_jobs()
    (firing,) = scheduling.schedules().running()
    engines.registry().delete(firing.run_id)
    scheduling.scheduler().round()
    (found,) = scheduling.schedules().firings(schedule.schedule_id)
    assert (found.state, "deleted" in found.words) == ("failed", True)
    opened(app, schedule=schedule.schedule_id)
    assert not app.exception


def test_when_what_was_planned_is_not_any_more_then_it_goes_without_and_says_so(
    app: AppTest,
) -> None:
    opened(app)
    pattern = scheduled_runs.template(theta())
    with state.store().transaction() as cursor:
        cursor.execute("DELETE FROM plan")
    pattern["about"]["covariates"] = {"price": "planned", "promo": "zero", "festivals": "planned"}
    made = scheduled_runs.build(pattern)
    assert made.note == "Without price: not filled in for the periods ahead."
    assert "price" not in made.frame
    assert "promo" in made.frame
    assert made.requests[0][0].covariates == {"promo": "zero", "festivals": "planned"}


@pytest.mark.parametrize(
    ("weeks", "last"), [(10, 10), (11, 10), (13, 10), (14, 14), (17, 14), (18, 18)]
)
def test_when_weeks_pass_then_tests_move_on_in_steps_of_the_horizon(weeks: int, last: int) -> None:
    stamps = pd.date_range("2026-01-05", periods=weeks, freq="W-MON")
    frame = pd.DataFrame({"series_id": "a", "timestamp": stamps, "target": 1.0})
    anchor = "2026-03-09"  # the tenth week
    assert len(scheduled_runs.on_grid(frame, anchor=anchor, step=4)) == last


def test_when_the_anchor_is_before_all_sales_then_all_of_them_count() -> None:
    stamps = pd.date_range("2026-01-05", periods=3, freq="W-MON")
    frame = pd.DataFrame({"series_id": "a", "timestamp": stamps, "target": 1.0})
    for anchor in ("", "2020-01-01"):
        assert len(scheduled_runs.on_grid(frame, anchor=anchor, step=4)) == 3
