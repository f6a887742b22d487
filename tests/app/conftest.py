"""Stores for the app under test: each in a folder of its own, closed and forgotten afterwards."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data import demo
from data.store import open_store
from ui import background, state

APP = Path(__file__).parents[2] / "app.py"
TODAY = date(2026, 11, 18)  # a Wednesday, so that the last week is not complete


@pytest.fixture
def empty_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The app on a database without any dataset."""
    monkeypatch.setenv("ALMANAC_VAR", str(tmp_path))
    monkeypatch.delenv("ALMANAC_DATA_FOLDER", raising=False)
    monkeypatch.setattr(background, "PATIENCE", 50.0)  # a test sees what a visitor sees in the end
    monkeypatch.setattr(background, "GLANCE", 50.0)
    _forget()
    yield AppTest.from_file(str(APP), default_timeout=60)
    state.store().close()
    _forget()


@pytest.fixture(scope="session")
def demo_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small demo shop, made once and copied by every test."""
    folder = tmp_path_factory.mktemp("demo")
    store = open_store(folder / "almanac.duckdb")
    demo.load(store, today=TODAY, products=24, days=560)
    store.close()
    return folder


@pytest.fixture
def demo_app(empty_app: AppTest, demo_var: Path, tmp_path: Path) -> AppTest:
    """The app on a database with a small demo shop."""
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    return empty_app


def _forget() -> None:
    st.cache_resource.clear()
    st.cache_data.clear()
