"""Waiting for what other processes do, and finding those that are left."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.runs import Status
from engine.supervisor import Engine


def processes_of(folder: Path) -> list[int]:
    """Living processes with the folder on their command line."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            command = (each / "cmdline").read_bytes()
        except OSError:  # it ended in between
            continue
        if str(folder).encode() in command:
            found.append(int(each.name))
    return found


def fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for the condition; fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def working(engine: Engine, run_id: str) -> Status:
    """The status of the run once its worker is at work."""
    until(lambda: (status := engine.status(run_id)) and status.progress > 0)
    status = engine.status(run_id)
    assert status
    return status


def ended(engine: Engine, run_id: str, timeout: float = 20) -> str:
    return engine.wait(run_id, timeout=timeout).state
