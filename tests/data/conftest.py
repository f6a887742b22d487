"""A real store in a temporary folder, migrated and empty."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path, new_database: Path) -> Iterator[Store]:
    (tmp_path / "var").mkdir()
    shutil.copy(new_database, tmp_path / "var" / "almanac.duckdb")
    opened = open_store(tmp_path / "var" / "almanac.duckdb", allowed_folders=(tmp_path,), threads=1)
    yield opened
    opened.close()
