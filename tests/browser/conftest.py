"""A real server on a free port with a database of its own, and a real Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Chromium of the system where there is one, else the one that Playwright installed."""
    system = shutil.which("chromium") or shutil.which("chromium-browser")
    chosen = {"executable_path": system} if system else {}
    return {**browser_type_launch_args, "args": FLAGS, **chosen}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """Starts a fresh server on a folder and gives its address; all end with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(var: Path) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        environment = {**os.environ, "ALMANAC_VAR": str(var), "OMP_NUM_THREADS": "1"}
        with (tmp_path / f"server-{port}.log").open("wb") as log:
            running.append(
                subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            )
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(url, running[-1])
        return url

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def asked(page: Page) -> list[str]:
    """Every address that the browser asks for, in order."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    return seen


def settle(page: Page) -> None:
    """Wait until the script has run and nothing is loading."""
    page.wait_for_selector(READY, timeout=60_000)
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stSkeleton]')", timeout=60_000
    )


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended at once; see its log"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.03)
    raise AssertionError(f"{url} did not come up within 60 s")
