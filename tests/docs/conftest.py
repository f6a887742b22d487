"""A folder as a reader of the docs has it: sales, new sales, and nothing of Almanac yet."""

import shutil
from pathlib import Path

import pytest

from tests.almanac.conftest import app, environment, run, sales

__all__ = ["app", "environment", "run", "sales"]  # fixtures


@pytest.fixture
def folder(sales: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of the commands, with the database in `var` below it."""
    monkeypatch.chdir(tmp_path)
    for name in ("ALMANAC_URL", "ALMANAC_KEY", "ALMANAC_DATA_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALMANAC_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("ALMANAC_JOBS", "1")
    shutil.copy(sales, tmp_path / "sales.csv")
    (tmp_path / "new.csv").write_text(
        "date,product,store,quantity,price\n"
        + "".join(f"2026-11-{day:02},TEA-1,north,20,3.5\n" for day in range(5, 16))
    )
    return tmp_path
