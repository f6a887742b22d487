"""Stores of the app under test: each in a folder of its own, closed and forgotten afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from data import demo
from data.store import open_store
from ui import background, engine, state

APP = Path(__file__).parents[1] / "app.py"
TODAY = date(2026, 11, 18)  # a Wednesday, so that the last week is not complete

# Every AppTest reads the metadata of all installed packages anew, which takes longer than a page.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@contextmanager
def app_in(folder: Path) -> Iterator[None]:
    """The app's store and engine are those of the folder, until the end."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ALMANAC_VAR", str(folder))
        patched.delenv("ALMANAC_DATA_FOLDER", raising=False)
        patched.setattr(background, "PATIENCE", 50.0)  # what a visitor sees in the end
        patched.setattr(background, "GLANCE", 50.0)
        forget()
        try:
            yield
        finally:
            engine.close()
            state.store().close()
            forget()


def forget() -> None:
    """Empty the caches that the app shares between sessions."""
    st.cache_resource.clear()
    st.cache_data.clear()


def small_demo(folder: Path) -> None:
    """A database with a small demo shop in the folder."""
    store = open_store(folder / "almanac.duckdb")
    demo.load(store, today=TODAY, products=24, days=560)
    store.close()


def open_at(app: AppTest, page: str, **address: str) -> AppTest:
    """The app on a page with an address, where nothing has failed."""
    app = app.switch_page(page)
    app.query_params.update(address)
    app.run()
    assert not app.exception
    assert not app.error, [each.value for each in app.error]
    return app


def words(app: AppTest) -> str:
    """What the page says, errors too."""
    return "\n".join(str(part.value) for part in [*app.markdown, *app.caption, *app.error])
