"""A small frame, and an engine that knows the slow kind and leaves no process behind."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import slow_kind
from waiting import processes_of

from engine.requests import KINDS
from engine.supervisor import Engine


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """Three daily series of ten weeks."""
    rng, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=70)
    parts = [
        pd.DataFrame({"series_id": name, "timestamp": days, "target": rng.poisson(20, 70) + 0.0})
        for name in ("a", "b", "c")
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(autouse=True)
def no_orphans(tmp_path: Path) -> Iterator[None]:
    """Whatever a test does to its workers and apps, none of them outlives it."""
    yield
    assert processes_of(tmp_path) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of four megabytes; skips where mounting is not allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def slow() -> Iterator[None]:
    """The slow kind is known in this process too."""
    slow_kind.register()
    yield
    del KINDS["slow"]


@pytest.fixture
def engine(tmp_path: Path, slow: None) -> Iterator[Engine]:
    """An engine whose workers know the slow kind; nothing of it lives on."""
    with Engine(tmp_path / "var", command=slow_kind.COMMAND) as engine:
        yield engine
