"""The app on an empty store, or on a copy of the demo shop."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.stores import APP


@pytest.fixture
def empty_app(empty_store: None) -> AppTest:
    """The app on a database without any dataset."""
    return AppTest.from_file(str(APP), default_timeout=60)


@pytest.fixture
def demo_app(empty_app: AppTest, demo_var: Path, tmp_path: Path) -> AppTest:
    """The app on a database with a small demo shop."""
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    return empty_app
