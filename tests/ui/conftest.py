"""The app on an empty store in a folder of its own, closed and forgotten afterwards."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ui import state

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """Opens a page of the app with an address; fails where it shows an error."""
    monkeypatch.setenv("ALMANAC_VAR", str(tmp_path))
    monkeypatch.delenv("ALMANAC_DATA_FOLDER", raising=False)
    _forget()

    def opened(path: str, **address: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60).run()
        app.switch_page(path)
        app.query_params.update(address)
        app.run()
        assert not app.exception
        assert not app.error
        return app

    yield opened
    state.store().close()
    _forget()


def _forget() -> None:
    st.cache_resource.clear()
    st.cache_data.clear()
