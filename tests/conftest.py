"""What tests of several rooms share. Streamlit is imported late: most tests do without it."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests begin first, then those with many: so all processes end together."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    counts = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in slow, -counts[item.path]))


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """AppTest leaves its script behind as the main module, which spawned processes would load."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without any dataset, made once: copying it is quicker than all migrations."""
    from data.store import open_store

    path = tmp_path_factory.mktemp("new") / "almanac.duckdb"
    open_store(path, threads=1).close()
    return path


@pytest.fixture
def empty_store(tmp_path: Path, new_database: Path) -> Iterator[None]:
    """The app's store is new, and closed afterwards."""
    from tests.stores import app_in

    shutil.copy(new_database, tmp_path / "almanac.duckdb")
    with app_in(tmp_path):
        yield


@pytest.fixture(scope="session")
def demo_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small demo shop, made once and copied by every test."""
    from tests.stores import small_demo

    folder = tmp_path_factory.mktemp("demo")
    small_demo(folder)
    return folder
