"""What tests of several rooms share. Streamlit is imported late: most tests do without it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """AppTest leaves its script behind as the main module, which spawned processes would load."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def empty_store(tmp_path: Path) -> Iterator[None]:
    """The app's store is new, and closed afterwards."""
    from tests.stores import app_in

    with app_in(tmp_path):
        yield


@pytest.fixture(scope="session")
def demo_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small demo shop, made once and copied by every test."""
    from tests.stores import small_demo

    folder = tmp_path_factory.mktemp("demo")
    small_demo(folder)
    return folder
