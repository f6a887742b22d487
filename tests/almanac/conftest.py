"""Commands on a folder of their own: in this process, and in processes as a shell starts them."""

import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of two products in two stores."""
    draws = random.Random(1)
    lines = ["date,product,store,quantity,price"]
    for number in range(400):
        day = date(2025, 10, 1) + timedelta(days=number)
        lines += [
            f"{day},{product},{store},{draws.randint(10, 30)},{price}"
            for product, price in (("TEA-1", 3.5), ("MUG-1", 9))
            for store in ("north", "south")
        ]
    path = tmp_path_factory.mktemp("sales") / "sales.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of commands on a new folder."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("ALMANAC_")}
    return {
        **own, "ALMANAC_VAR": str(tmp_path / "var"), "OMP_NUM_THREADS": "1", "ALMANAC_JOBS": "1",
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Runs `python -m almanac` with these arguments, in a folder of the test."""

    def done(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "almanac", *arguments],
            cwd=tmp_path, env={**environment, **more}, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip

    return done


@pytest.fixture
def app(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The address of the real app on the folder of the test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "almanac", "serve", "--port", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended at once"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.03)
    raise AssertionError(f"{url} did not come up")
