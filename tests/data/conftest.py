"""A real store in a temporary folder, migrated and empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "var" / "almanac.duckdb", allowed_folders=(tmp_path,), threads=1)
    yield opened
    opened.close()
