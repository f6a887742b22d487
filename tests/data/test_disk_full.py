"""A disk that fills up at any moment of an import: plain words, and nothing lost."""

import subprocess
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from data.errors import DataError
from data.ingest.checks import check
from data.ingest.commit import import_staged
from data.ingest.sources import open_upload
from data.ingest.staging import stage
from data.ingest.understand import guess
from data.store import Store, open_store

TODAY = date(2026, 11, 20)


def small_disk(folder: Path, size: str) -> None:
    """A real file system of that size; skips where mounting is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    small_disk(folder, request.param)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def write_sales(path: Path, days: int, products: int) -> Path:
    with path.open("w") as file:
        file.write("date,product,place,quantity,price\n")
        for number in range(days):
            day = date(2023, 1, 1) + timedelta(days=number)
            for product in range(products):
                quantity = (number * 7919 + product * 104729) % 9973
                file.write(f"{day},P{product:05d},Berlin,{quantity},{product % 97}.{number % 89}\n")
    return path


def import_file(store: Store, path: Path, name: str) -> None:
    sources = open_upload(path, name=path.name, workspace=store.staging_folder / "work")
    staged = stage(store, guess(sources, today=TODAY))
    report = check(store, staged, today=TODAY)
    import_staged(
        store, staged, report, mode="new", today=TODAY, name=name, started_at=datetime.now()
    )


@pytest.mark.parametrize("disk", ["6m", "10m", "14m"], indirect=True)
def test_when_the_disk_fills_up_then_it_is_said_and_what_was_there_stays(
    disk: Path, tmp_path: Path
) -> None:
    """The sizes end the import while reading, while checking and while keeping."""
    big = write_sales(tmp_path / "big.csv", 300, 1_500)
    small = write_sales(tmp_path / "small.csv", 60, 3)

    def opened() -> Store:
        return open_store(disk / "almanac.duckdb", allowed_folders=(tmp_path,), threads=1)

    store = opened()
    import_file(store, small, "Before")
    before = store.rows("SELECT count(*), sum(quantity) FROM sales")
    with pytest.raises(DataError, match="disk is full"):
        import_file(store, big, "Too big")
    store.close()
    store = opened()
    assert store.rows("SELECT count(*), sum(quantity) FROM sales") == before
    assert store.rows("SELECT name FROM dataset") == [("Before",)]
    import_file(store, small, "After")
    assert store.rows("SELECT count(*) FROM sales") == [(2 * before[0][0],)]
    store.close()
