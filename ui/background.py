"""Reads that take longer than a page may: a thread for all visitors, progress, a way to stop.

The first page that asks begins the work; the page shows how far it is, and ends there. The work
goes on when its visitor leaves, and what came out is there for everybody until the data change. One
piece of work runs at a time, so that two never need the memory of two; what was asked for last is
next. Work never touches Streamlit; it calls its `Tell` between parts, which raises `Stopped` once
it is not wanted any more.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st

from data.store import Store
from ui import format as fmt
from ui import layout, state

T = TypeVar("T")
Tell = Callable[[float], None]  # share done, 0..1

PATIENCE = 0.5  # seconds that a page waits before it shows progress
GLANCE = 0.3  # the same where the page goes on without what is being done
EVERY = 1.0  # seconds between looks at running work
KEPT = 8  # results of one kind in memory


class Stopped(Exception):
    """The work was stopped by somebody, or the data changed under it."""


class NotYet(Exception):
    """There is no answer yet; the page shows how far it is, or that it was stopped."""


@dataclass(kw_only=True)
class Work:
    """One read of one state of the data: waiting, running, or over."""

    name: str
    version: tuple[int, ...]
    begun: float = field(default_factory=time.monotonic)
    asked: float = field(default_factory=time.monotonic)  # when a page last wanted it
    share: float = 0.0
    running: bool = False
    thread: threading.Thread | None = None
    unwanted: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    error: BaseException | None = None

    def tell(self, share: float) -> None:
        """Note how much is done; ends the work where it is not wanted any more."""
        self.share = share
        if self.unwanted.is_set():
            raise Stopped(self.name)


class Desk:
    """All work of this process, by key."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._works: dict[Hashable, Work] = {}

    def ask(
        self,
        key: Hashable,
        body: Callable[[Tell], Any],
        store: Store,
        *,
        name: str,
        version: tuple[int, ...],
        kept: int = KEPT,
    ) -> Work:
        """The work of a key, begun where nobody has asked for it yet.

        Work of the same name for another version is stopped, and its results are dropped.
        """
        with self._lock:
            if found := self._works.pop(key, None):
                found.asked = time.monotonic()
                self._works[key] = found  # used last, dropped last
                return found
            self._drop(name, version, kept, store)
            work = Work(name=name, version=version)
            work.thread = threading.Thread(
                target=self._run, args=(work, body), name=name, daemon=True
            )
            self._works[key] = work
        work.thread.start()
        return work

    def find(self, key: Hashable) -> Work | None:
        """The work of a key, if anybody asked for it."""
        with self._lock:
            return self._works.get(key)

    def is_busy(self) -> bool:
        """Whether any work runs or waits."""
        with self._lock:
            return any(not work.over.is_set() for work in self._works.values())

    def stop(self, key: Hashable, store: Store) -> None:
        """End the work of a key; it stays known as stopped."""
        with self._lock:
            if work := self._works.get(key):
                _stop(work, store)

    def forget(self, key: Hashable) -> None:
        """So that the next to ask begins it anew."""
        with self._lock:
            self._works.pop(key, None)

    def _drop(self, name: str, version: tuple[int, ...], kept: int, store: Store) -> None:
        """Stop what is out of date, and forget it with the oldest results; room for one more."""
        ours = [(key, work) for key, work in self._works.items() if work.name == name]
        old = [(key, work) for key, work in ours if work.version != version]
        for key, work in old:
            _stop(work, store)
            del self._works[key]
        done = [key for key, work in ours if work.version == version and work.over.is_set()]
        for key in done[: max(len(done) + 1 - kept, 0)]:
            del self._works[key]

    def _run(self, work: Work, body: Callable[[Tell], Any]) -> None:
        try:
            self._wait_for_turn(work)
            try:
                work.value = body(work.tell)
            finally:
                with self._lock:
                    work.running = False
                    self._lock.notify_all()
        except BaseException as error:  # handed to the pages that ask, which raise it
            work.error = Stopped(work.name) if work.unwanted.is_set() else error
        finally:
            work.over.set()

    def _wait_for_turn(self, work: Work) -> None:
        with self._lock:
            while not self._is_next(work):
                self._lock.wait(timeout=EVERY)
                work.tell(0.0)
            work.running = True

    def _is_next(self, work: Work) -> bool:
        others = [each for each in self._works.values() if not each.over.is_set()]
        return not any(each.running or each.asked > work.asked for each in others)


def result(
    name: str,
    version: tuple[int, ...],
    key: Hashable,
    body: Callable[[Store, Tell], T],
    *,
    label: str,
    kept: int = KEPT,
) -> T:
    """What `body` gives for a version of the data; until then the page says how far it is and ends.

    `name` is the kind of work, of which `kept` results stay in memory; `label` says what is being
    done, as "Looking for stock-outs". Errors of `body` are raised here.
    """
    try:
        return answer(name, version, key, body, label=label, kept=kept)
    except NotYet:
        st.stop()


def answer(
    name: str,
    version: tuple[int, ...],
    key: Hashable,
    body: Callable[[Store, Tell], T],
    *,
    label: str,
    kept: int = KEPT,
) -> T:
    """As `result`, for a page with more to show: draws the progress, then raises `NotYet`."""
    store, desk, full = state.store(), _desk(), (name, version, key)
    work = desk.ask(
        full, lambda tell: body(store, tell), store, name=name, version=version, kept=kept
    )
    work.over.wait(PATIENCE)
    if not work.over.is_set():
        _progress(full, label)
        raise NotYet(label)
    if isinstance(work.error, Stopped):
        _stopped(full, label)
        raise NotYet(label)
    value: T = _what_came(work, desk, full)
    return value


def later(
    name: str,
    version: tuple[int, ...],
    key: Hashable,
    body: Callable[[Tell], T],
    *,
    label: str,
    kept: int = KEPT,
) -> T | None:
    """What `body` gives; None until then, under a line that says how far it is.

    The page goes on: for what it does well without for a while. Errors of `body` are raised.
    """
    store, desk, full = state.store(), _desk(), (name, version, key)
    work = desk.ask(full, body, store, name=name, version=version, kept=kept)
    work.over.wait(GLANCE)
    if not work.over.is_set():
        _line(full, label)
        return None
    if isinstance(work.error, Stopped):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":gray[{label} was stopped.]", width="content")
            if st.button("Start again", type="tertiary", key=f"start-{name}"):
                desk.forget(full)
                st.rerun()
        return None
    value: T = _what_came(work, desk, full)
    return value


def is_busy() -> bool:
    """Whether any work runs or waits."""
    return _desk().is_busy()


def _what_came(work: Work, desk: Desk, key: Hashable) -> Any:
    """The value of work that is over; its error is raised, and the next to ask begins anew."""
    if work.error is not None:
        desk.forget(key)
        raise work.error
    return work.value


def _progress(key: Hashable, label: str) -> None:
    """How far the work is, looked at again and again."""

    def look() -> None:
        with layout.errors_in_words():
            _look(key, label)

    st.fragment(run_every=EVERY, key="background")(look)()


def _look(key: Hashable, label: str) -> None:
    desk = _desk()
    work = desk.find(key)
    if work is None or work.over.is_set():
        st.rerun()
    with st.container(border=True, width=680):
        elapsed = time.monotonic() - work.begun
        st.progress(work.share, text=words(label, work.share, elapsed, waits=not work.running))
        st.caption(
            "It goes on if you leave this page, and is not done again until the sales change."
        )
        if st.button("Cancel", icon=":material/close:", key="background_cancel"):
            desk.stop(key, state.store())
            st.rerun()


def _line(key: Hashable, label: str) -> None:
    """How far the work is, in one line that looks again and again; then the page is drawn anew."""

    def look() -> None:
        desk = _desk()
        work = desk.find(key)
        if work is None or work.over.is_set():
            st.rerun()
        elapsed = time.monotonic() - work.begun
        with st.container(horizontal=True, vertical_alignment="center"):
            text = words(label, work.share, elapsed, waits=not work.running)
            st.markdown(f":gray[:material/progress_activity: {text}]", width="content")
            if st.button("Cancel", type="tertiary", key=f"cancel-{label}"):
                desk.stop(key, state.store())
                st.rerun()

    st.fragment(run_every=EVERY, key=f"line-{label}")(look)()


def _stopped(key: Hashable, label: str) -> None:
    with st.container(border=True, width=680):
        st.markdown(f"**{label} was stopped.** Nothing was changed.")
        if st.button(
            "Start again", icon=":material/refresh:", type="primary", key="background_start"
        ):
            _desk().forget(key)
            st.rerun()


def words(label: str, share: float, elapsed: float, *, waits: bool = False) -> str:
    """The text over the bar.

    >>> words("Looking", 0.5, 10), words("Looking", 0.0, 3), words("Looking", 0.0, 3, waits=True)
    ('Looking · 50% · about 10 s left', 'Looking · 3 s', 'Looking · waits for other work')
    """
    if waits:
        return f"{label} · waits for other work"
    if share <= 0:
        return f"{label} · {fmt.duration(elapsed)}"
    left = fmt.duration(elapsed * (1 - share) / share)
    return f"{label} · {share:.0%} · about {left} left"


def _stop(work: Work, store: Store) -> None:
    work.unwanted.set()
    if work.running and work.thread is not None:
        store.interrupt(work.thread.ident or 0)


@st.cache_resource(show_spinner=False)
def _desk() -> Desk:
    return Desk()
