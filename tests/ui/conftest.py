"""The app on an empty store in a folder of its own, closed and forgotten afterwards."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ui import background, state

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """AppTest leaves its script behind as the main module, which spawned processes would load."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The app's store is new, and closed afterwards."""
    monkeypatch.setenv("ALMANAC_VAR", str(tmp_path))
    monkeypatch.delenv("ALMANAC_DATA_FOLDER", raising=False)
    monkeypatch.setattr(background, "PATIENCE", 50.0)  # a test sees what a visitor sees in the end
    _forget()
    yield
    state.store().close()
    _forget()


@pytest.fixture
def open_page(empty_store: None) -> Callable[..., AppTest]:
    """Opens a page of the app with an address; fails where it shows an error."""

    def opened(path: str, **address: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60).run()
        app.switch_page(path)
        app.query_params.update(address)
        app.run()
        assert not app.exception
        assert not app.error, [each.value for each in app.error]
        return app

    return opened


def _forget() -> None:
    st.cache_resource.clear()
    st.cache_data.clear()
