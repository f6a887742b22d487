"""What every page shares: its first line, its empty states, and plain words for what went wrong."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.errors import DataError, StoreError
from engine.errors import EngineBusy, EngineError
from ui import state

log = logging.getLogger("almanac")
_SAID = "_said"  # session: words and icons to be shown by the next run


@dataclass(frozen=True)
class Head:
    """The two places of the title row that a page may fill."""

    scope: DeltaGenerator  # beside the title
    actions: DeltaGenerator  # at the right end


def page(title: str, *, caption: str = "") -> Head:
    """The title row, after making sure that the database is open. Every page calls it first.

    Raises `StoreError` where the database is locked or damaged; `errors_in_words` shows it.
    """
    state.store()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        scope = st.container(horizontal=True, width="content")
        st.space("stretch")
        actions = st.container(horizontal=True, width="content", vertical_alignment="center")
    if caption:
        st.caption(caption)
    for words, icon in st.session_state.pop(_SAID, []):
        st.toast(words, icon=icon)
    return Head(scope, actions)


def say_after_rerun(words: str, *, icon: str = ":material/check:") -> None:
    """Keep what was done, in Markdown, for the title row of the next run to show as a toast.

    For use before `st.rerun` and `st.switch_page`: where the new run begins before the browser
    has drawn the toast of the old one, that toast is never seen.
    """
    st.session_state.setdefault(_SAID, []).append((words, icon))


def stop(message: str, *, link: str = "", link_label: str = "") -> NoReturn:
    """An empty state: what is missing and the one step that helps. Nothing after it runs."""
    with st.container(border=True, width=680):
        st.markdown(message)
        if link:
            st.page_link(link, label=link_label, icon=":material/arrow_forward:")
    st.stop()


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Around everything a run draws: an error becomes a message, never a traceback."""
    try:
        yield
    except StoreError as error:
        st.title("The database is not available", anchor=False)
        st.error(str(error))
        st.button("Try again", type="primary", icon=":material/refresh:")
    except EngineBusy as error:
        st.title("Almanac is open already", anchor=False)
        st.error(str(error))
        st.button("Try again", type="primary", icon=":material/refresh:")
    except (DataError, EngineError) as error:
        st.error(str(error))
    except Exception as error:
        from forecasting.errors import ForecastingError  # late: the library is heavy to import

        if isinstance(error, ForecastingError):
            st.error(str(error))
            return
        log.exception("A page failed")
        st.error(
            "Something went wrong here; the details are in Almanac's log. "
            "Your data is as it was before."
        )
        st.button("Try again", icon=":material/refresh:")
