"""Long work on the database in a thread of its own: progress, time left, and a way to stop it.

Streamlit ends a run at any press and at a change of page. The work goes on: the session keeps it,
and the next run that asks for the same work waits for it where it is.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.store import Store
from ui import format as fmt

T = TypeVar("T")
QUIET = 0.4  # seconds: what is done by then shows no bar
STEP = 0.2  # seconds between looks
_WORK = "_work"


@dataclass(kw_only=True)
class Work:
    """One piece of work of a session, running or done."""

    key: str
    thread: threading.Thread
    started: float = field(default_factory=time.monotonic)
    value: Any = None
    error: BaseException | None = None


def run(
    key: str, label: str, work: Callable[[], T], store: Store, *, cancel: Callable[[], None]
) -> T:
    """The result of `work`, which must not touch Streamlit; its errors are raised here.

    `key` names the work: asked for again while it runs, it is waited for and not begun twice;
    work of another key is stopped first, and the database is then as before.
    """
    current: Work | None = st.session_state.get(_WORK)
    if current is None or current.key != key:
        stop(store)
        current = _begin(key, work)
    place = st.empty()
    _wait(current, label, store, place, cancel)
    place.empty()
    st.session_state.pop(_WORK, None)
    if current.error is not None:
        raise current.error
    result: T = current.value
    return result


def is_running(key: str) -> bool:
    """Whether this work was begun in this session and its result not taken yet."""
    current: Work | None = st.session_state.get(_WORK)
    return current is not None and current.key == key


def stop(store: Store) -> None:
    """End the session's work, if there is any; what it had begun to write is rolled back."""
    current: Work | None = st.session_state.pop(_WORK, None)
    while current is not None and current.thread.is_alive():
        store.interrupt(current.thread.ident or 0)
        current.thread.join(STEP)


def _begin(key: str, work: Callable[[], T]) -> Work:
    def body() -> None:
        try:
            begun.value = work()
        except BaseException as error:  # handed to the page, which raises it
            begun.error = error

    begun = Work(key=key, thread=threading.Thread(target=body, daemon=True))
    st.session_state[_WORK] = begun
    begun.thread.start()
    return begun


def _wait(
    work: Work, label: str, store: Store, place: DeltaGenerator, cancel: Callable[[], None]
) -> None:
    work.thread.join(QUIET)
    if not work.thread.is_alive():
        return
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=label)
        st.button("Cancel", type="tertiary", on_click=cancel, key=f"cancel-{work.key}")
    while work.thread.is_alive():
        share = store.progress(work.thread.ident or 0)
        bar.progress(share or 0.0, text=_words(label, share, time.monotonic() - work.started))
        work.thread.join(STEP)


def _words(label: str, share: float | None, elapsed: float) -> str:
    """The text over the bar.

    >>> _words("Reading", 0.5, 10), _words("Reading", None, 3.2)
    ('Reading · 50% · about 10 s left', 'Reading · 3 s')
    """
    if not share:
        return f"{label} · {fmt.duration(elapsed)}"
    left = fmt.duration(elapsed * (1 - share) / share)
    return f"{label} · {share:.0%} · about {left} left"
