"""What all sessions of this process share: its settings and the one open database."""

import streamlit as st

from data.store import Store, open_store
from ui import settings


def _is_usable(opened: Store) -> bool:
    """Whether the cached store still works; a broken one is closed, to be opened afresh."""
    if opened.is_broken:
        opened.close()
    return not opened.is_broken


@st.cache_resource(show_spinner=False, validate=_is_usable)
def store() -> Store:
    """The open database, the same for every session.

    Raises `data.errors.StoreError` where it is locked or damaged; a failure is not cached, so
    that the next rerun tries again.
    """
    chosen = settings.from_environment()
    chosen.data_folder.mkdir(parents=True, exist_ok=True)
    return open_store(
        chosen.database,
        allowed_folders=(chosen.data_folder.resolve(),),
        memory_limit=chosen.memory_limit,
        threads=chosen.threads,
    )
