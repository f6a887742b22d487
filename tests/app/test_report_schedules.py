"""Scheduled reports from the press to the mail: tried again after a failure, visible, kept."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.scope import Scope
from engine import delivery
from engine.schedules import Firing, Schedule
from tests.app.test_pages import text_of
from tests.app.test_reports import keep_run
from tests.engine.smtp_sink import Sink
from ui import deliveries, navigation, report_requests, scheduling
from ui import engine as engines
from ui.deliveries import Order
from ui.report_requests import NEWEST, REVIEW, SHEET, Asked

START = 1_795_000_000.0


class Clock:
    """Time that a test turns on."""

    now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(demo_app: AppTest) -> Iterator[Clock]:
    """The schedules of a small demo shop, at a time of our own."""
    demo_app.run()
    made = Clock()
    scheduling.schedules().clock = made
    yield made
    scheduling.close()


def planned(**changed: object) -> Schedule:
    given: dict[str, object] = {
        "asked": Asked(template=REVIEW, scope=Scope(dataset_id=1), run_id=NEWEST),
        "endings": ("pdf", "html"),
        "in_folder": False,
        "to": ("buyer@shop.example",),
    }
    order = Order(**{**given, **changed})  # type: ignore[arg-type]
    return scheduling.schedules().add(
        name="Forecast review · All products",
        template=order.to_template(),
        cron="0 6 * * 1",
        source=scheduling.source(1),
    )


def fired(schedule: Schedule) -> Firing:
    return scheduling.schedules().firings(schedule.schedule_id)[0]


def with_server(monkeypatch: pytest.MonkeyPatch, sink: Sink) -> None:
    monkeypatch.setenv("ALMANAC_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("ALMANAC_SMTP_PORT", str(sink.port))
    monkeypatch.setenv("ALMANAC_SMTP_FROM", "almanac@shop.example")
    monkeypatch.setenv("ALMANAC_SMTP_SECURITY", "none")


def test_when_mail_fails_then_it_is_tried_again_later_and_arrives_once(
    demo_app: AppTest, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    schedule = planned()
    scheduling.schedules().ask(schedule.schedule_id)
    with Sink(answers={".": ["451 disk full, come back"]}) as sink:
        with_server(monkeypatch, sink)
        scheduling.scheduler().round()
        waiting = fired(schedule)
        assert (waiting.state, waiting.numbers["failures"]) == ("running", 1)
        assert "451: disk full, come back" in waiting.numbers["error"]
        page = demo_app.switch_page(navigation.SCHEDULES).run()
        assert not page.exception
        assert "Once not delivered; tried again in 1 min" in text_of(page)
        clock.now += 30
        scheduling.scheduler().round()
        assert sink.mails == []
        clock.now += 31
        scheduling.scheduler().round()
        ((_, recipients, mail),) = sink.mails
    done = fired(schedule)
    assert (done.state, recipients) == ("done", ["buyer@shop.example"])
    assert done.words.startswith("Sent to buyer@shop.example. From a simple model")
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert [str(name).rpartition(".")[2] for name in names] == ["pdf", "html"]
    assert next(mail.iter_attachments()).get_payload(decode=True).startswith(b"%PDF")  # type: ignore[union-attr]
    assert not list((tmp_path / "reports" / "outbox").iterdir())
    assert "Delivered" in text_of(demo_app.run())


def test_when_no_try_arrives_then_it_is_given_up_and_said(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    schedule = planned(in_folder=True)
    scheduling.schedules().ask(schedule.schedule_id)
    with Sink(answers={"MAIL": ["451 later"] * 9}) as sink:
        with_server(monkeypatch, sink)
        for wait in (0.0, *delivery.WAITS):
            clock.now += wait
            scheduling.scheduler().round()
    lost = fired(schedule)
    assert lost.state == "failed"
    assert lost.words.startswith("Tried 6 times and given up. 127.0.0.1 answers 451: later")
    assert lost.numbers["arrived"] == ["folder"]  # which was not written six times
    assert caplog.text.count("was not delivered (try") == 6


def test_when_a_recipient_does_not_exist_then_no_further_try_is_made(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = planned()
    scheduling.schedules().ask(schedule.schedule_id)
    with Sink(answers={"RCPT": ["550 no such user"]}) as sink:
        with_server(monkeypatch, sink)
        scheduling.scheduler().round()
    assert fired(schedule).words.startswith("Tried once and given up. The mail server refuses")


def test_when_the_app_restarts_then_the_same_files_are_sent(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = planned()
    scheduling.schedules().ask(schedule.schedule_id)
    scheduling.scheduler().round()  # no server is named yet
    assert "ALMANAC_SMTP_HOST" in fired(schedule).numbers["error"]
    scheduling.close()
    scheduling.schedules().clock = clock
    monkeypatch.setattr(report_requests, "build", lambda *args: pytest.fail("built again"))
    with Sink() as sink:
        with_server(monkeypatch, sink)
        clock.now += 61
        scheduling.scheduler().round()
        assert len(sink.mails) == 1
    assert fired(schedule).state == "done"


def test_when_a_run_covers_the_report_then_the_delivery_names_it(
    clock: Clock, tmp_path: Path
) -> None:
    keep_run()
    asked = Asked(
        template=REVIEW, scope=Scope(dataset_id=1, product_id=3, measure="revenue"), run_id=NEWEST
    )
    schedule = planned(asked=asked, to=(), in_folder=True)
    scheduling.schedules().ask(schedule.schedule_id)
    scheduling.scheduler().round()
    firing = fired(schedule)
    assert (firing.state, firing.run_id) == ("done", "run1")
    folder = deliveries.folder_of(schedule)
    assert folder.is_relative_to(tmp_path)
    (note,) = folder.glob("*.json")
    kept = json.loads(note.read_text(encoding="utf-8"))
    assert (kept["run_id"], kept["run"]) == ("run1", "LSTM · All products")
    assert {each.suffix for each in folder.iterdir()} == {".pdf", ".html", ".json"}
    engines.close()


def test_when_there_is_nothing_to_report_then_the_firing_says_so(clock: Clock) -> None:
    asked = Asked(template=SHEET, scope=Scope(dataset_id=1, categories=("No such",)))
    schedule = planned(asked=asked)
    scheduling.schedules().ask(schedule.schedule_id)
    scheduling.scheduler().round()
    assert fired(schedule).state == "failed"
    assert "Widen the scope" in fired(schedule).words


def test_when_the_app_ends_while_a_report_is_built_then_it_stays_due(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = planned()
    scheduling.schedules().ask(schedule.schedule_id)
    scheduling.scheduler()._stopping.set()
    scheduling.scheduler().round()
    assert fired(schedule).state == "due"


def test_when_a_template_is_damaged_then_its_schedule_says_so(
    demo_app: AppTest, clock: Clock
) -> None:
    template = planned().template | {"asked": {"template": "Poem"}}
    made = scheduling.schedules().add(name="Odd", template=template, cron="0 6 * * 1")
    scheduling.schedules().ask(made.schedule_id)
    scheduling.scheduler().round()
    assert "cannot be read" in fired(made).words
    demo_app.query_params["schedule"] = made.schedule_id
    page = demo_app.switch_page(navigation.SCHEDULES).run()
    assert not page.exception
