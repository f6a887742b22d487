"""Long reads: begun once for all visitors, shown with progress, stopped, and one at a time."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.store import Store, open_store
from ui import background
from ui.background import Desk, Stopped, Tell, Work


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "almanac.duckdb", threads=1)
    yield opened
    opened.close()


def asked(desk: Desk, store: Store, key: str, body: object, version: int = 1) -> Work:
    return desk.ask(key, body, store, name="work", version=(version,), kept=3)  # type: ignore[arg-type]


def over(work: Work) -> Work:
    assert work.over.wait(20)
    return work


def test_when_two_ask_for_the_same_then_it_is_done_once(store: Store) -> None:
    desk, gate, calls = Desk(), threading.Event(), []

    def body(tell: Tell) -> int:
        calls.append(1)
        gate.wait(20)
        tell(0.5)
        return 7

    first, second = (asked(desk, store, "a", body) for _ in range(2))
    assert first is second
    gate.set()
    assert over(first).value == 7
    assert first.share == 0.5
    assert over(asked(desk, store, "a", body)).value == 7
    assert len(calls) == 1


def test_when_work_is_stopped_then_it_ends_at_its_next_word_and_can_be_begun_again(
    store: Store,
) -> None:
    desk, begun = Desk(), threading.Event()

    def body(tell: Tell) -> None:
        begun.set()
        while True:
            tell(0.1)
            time.sleep(0.01)

    work = asked(desk, store, "a", body)
    assert begun.wait(20)
    desk.stop("a", store)
    assert isinstance(over(work).error, Stopped)
    assert asked(desk, store, "a", body) is work
    desk.forget("a")
    assert over(asked(desk, store, "a", lambda tell: 3)).value == 3


def test_when_a_query_runs_then_stopping_interrupts_it(store: Store) -> None:
    desk = Desk()

    def body(tell: Tell) -> object:
        return store.rows("SELECT sum(a.i * b.i) FROM range(200000) a(i), range(200000) b(i)")

    work = asked(desk, store, "a", body)
    while store.progress(work.thread.ident or 0) is None and not work.over.is_set():  # type: ignore[union-attr]
        time.sleep(0.02)
    desk.stop("a", store)
    assert isinstance(over(work).error, Stopped)


def test_when_the_data_change_then_older_work_is_stopped_and_its_results_go(store: Store) -> None:
    desk, begun = Desk(), threading.Event()

    def body(tell: Tell) -> None:
        begun.set()
        while True:
            tell(0.1)
            time.sleep(0.01)

    done = over(asked(desk, store, "old", lambda tell: 1))
    running = asked(desk, store, "a", body)
    assert begun.wait(20)
    new = asked(desk, store, "b", lambda tell: 2, version=2)
    assert isinstance(over(running).error, Stopped)
    assert over(new).value == 2
    assert desk.find("old") is None
    assert desk.find("a") is None
    assert done.value == 1


def test_when_work_is_asked_for_while_other_runs_then_it_waits_and_the_latest_is_next(
    store: Store,
) -> None:
    desk, gate, order = Desk(), threading.Event(), []

    def named(name: str, *, wait: bool = False) -> object:
        def body(tell: Tell) -> None:
            if wait:
                gate.wait(20)
            order.append(name)

        return body

    first = asked(desk, store, "a", named("a", wait=True))
    while not first.running:
        time.sleep(0.01)
    second = asked(desk, store, "b", named("b"))
    time.sleep(0.01)
    third = asked(desk, store, "c", named("c"))
    assert not second.running
    gate.set()
    for work in (first, second, third):
        over(work)
    assert order == ["a", "c", "b"]
    assert not desk.is_busy()


def test_when_results_are_many_then_the_oldest_go(store: Store) -> None:
    desk = Desk()
    for name in "abcd":
        over(asked(desk, store, name, lambda tell: 1))
    assert [desk.find(name) is not None for name in "abcd"] == [False, True, True, True]


def _page() -> None:
    from ui import background

    background.result("kind", (1,), "key", background.body, label="Looking")  # type: ignore[attr-defined]
    import streamlit as st

    st.markdown("the answer")


def test_when_work_takes_long_then_the_page_shows_progress_cancel_and_start_again(
    empty_store: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def body(store: Store, tell: Tell) -> int:
        while not gate.wait(0.01):
            tell(0.25)
        return 1

    monkeypatch.setattr(background, "body", body, raising=False)
    monkeypatch.setattr(background, "PATIENCE", 0.2)
    app = AppTest.from_function(_page, default_timeout=30).run()
    assert not app.exception
    assert "It goes on if you leave this page" in app.caption[0].value
    assert not app.markdown
    monkeypatch.setattr(background, "PATIENCE", 3.0)  # all of it passes before Cancel is seen
    app.button(key="background_cancel").click().run()
    assert "**Looking was stopped.**" in app.markdown[0].value
    monkeypatch.setattr(background, "PATIENCE", 20.0)
    gate.set()
    app.button(key="background_start").click().run()
    assert [each.value for each in app.markdown] == ["the answer"]
