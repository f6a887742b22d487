"""Long work on the database in a thread of its own: progress, time left, and a way to stop it."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import streamlit as st

from data.store import Store
from ui import format as fmt

T = TypeVar("T")
QUIET = 0.4  # seconds: what is done by then shows no bar
STEP = 0.2  # seconds between looks


class _Result(Generic[T]):
    """What the thread leaves behind."""

    def __init__(self) -> None:
        self.value: list[T] = []
        self.error: BaseException | None = None


def run(label: str, work: Callable[[], T], store: Store, *, cancel: Callable[[], None]) -> T:
    """The result of `work`, which must not touch Streamlit; its errors are raised here.

    Any press on the page ends the wait: the query is stopped, and the database is as before.
    """
    result: _Result[T] = _Result()

    def body() -> None:
        try:
            result.value.append(work())
        except BaseException as error:  # handed to the page, which raises it
            result.error = error

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    place = st.empty()
    try:
        _wait(thread, label, store, place, cancel)
    except BaseException:  # Streamlit ends a run by raising from the calls that draw
        while thread.is_alive():
            store.interrupt(thread.ident or 0)
            thread.join(STEP)
        raise
    place.empty()
    if result.error is not None:
        raise result.error
    return result.value[0]


def _wait(
    thread: threading.Thread,
    label: str,
    store: Store,
    place: "st.delta_generator.DeltaGenerator",
    cancel: Callable[[], None],
) -> None:
    start = time.monotonic()
    thread.join(QUIET)
    if not thread.is_alive():
        return
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=label)
        st.button("Cancel", type="tertiary", on_click=cancel, key=f"cancel-{label}")
    while thread.is_alive():
        share = store.progress(thread.ident or 0)
        bar.progress(share or 0.0, text=_words(label, share, time.monotonic() - start))
        thread.join(STEP)


def _words(label: str, share: float | None, elapsed: float) -> str:
    """The text over the bar.

    >>> _words("Reading", 0.5, 10), _words("Reading", None, 3.2)
    ('Reading · 50% · about 10 s left', 'Reading · 3 s')
    """
    if not share:
        return f"{label} · {fmt.duration(elapsed)}"
    left = fmt.duration(elapsed * (1 - share) / share)
    return f"{label} · {share:.0%} · about {left} left"
