"""Processes of the operating system: who they are, whether they live, how they end and begin."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from engine.devices import VISIBLE, device_of

ROOT = Path(__file__).parent.parent  # where `engine` and `forecasting` are imported from
RESOURCE = "ALMANAC_RESOURCE"  # environment of a worker: the slot it may use
THREADS = "ALMANAC_THREADS"
MEMORY = "ALMANAC_MEMORY_MB"

_THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMBA_NUM_THREADS",
)
# Threads that spin while they wait slow every neighbour down; it once cost a factor of 35.
_QUIET = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "TOKENIZERS_PARALLELISM": "false"}


def started(pid: int) -> str | None:
    """When the process began, as text that tells it from an earlier one with the same number.

    None where there is no such process, or only its unclaimed remains.
    """
    if not sys.platform.startswith("linux"):
        return _started_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *rest = stat.rpartition(")")[2].split()  # the name before may hold anything
    return None if state in "ZX" else f"{_boot()}-{rest[18]}"


def is_alive(pid: int, begun: str) -> bool:
    """Whether that very process still runs."""
    return started(pid) == begun


def when_ended(pid: int, begun: str, call: Callable[[], object]) -> bool:
    """Have `call` called once the process has ended, in a thread; False where none can watch it.

    To be woken costs far less than to look ten times a second.
    """
    if not hasattr(os, "pidfd_open"):
        return False
    try:
        process = os.pidfd_open(pid)
    except OSError:  # it has ended, or the kernel is too old
        return False

    def watch() -> None:
        try:
            if is_alive(pid, begun):  # else the number is another's by now
                waiting = select.poll()
                waiting.register(process, select.POLLIN)
                waiting.poll()
        finally:
            os.close(process)
        call()

    threading.Thread(target=watch, name=f"watch {pid}", daemon=True).start()
    return True


def terminate(pid: int, begun: str) -> None:
    """Ask the process to stop and keep what it has."""
    if is_alive(pid, begun):
        with suppress(ProcessLookupError):  # it ended in between
            os.kill(pid, signal.SIGTERM)


def kill_group(pid: int, begun: str) -> None:
    """End the process and all that it started. Safe where it has ended and its number is reused."""
    now = started(pid)
    if (now is not None and now != begun) or is_of_another_boot(begun):
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_all(processes: Sequence[tuple[int, str]], *, grace_seconds: float) -> None:
    """Ask the processes (number and start) to stop; kill those that still live after the grace."""
    for pid, begun in processes:
        terminate(pid, begun)
    deadline = time.monotonic() + grace_seconds
    while any(is_alive(*each) for each in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid, begun in processes:
        if is_alive(pid, begun):
            kill_group(pid, begun)


def launch(
    command: list[str], output: Path, environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Start a command as the leader of its own session, so that it outlives this process."""
    with output.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=ROOT,
            start_new_session=True,
        )


def worker_environment(resource: str, *, threads: int, memory_mb: int | None) -> dict[str, str]:
    """This process's environment with what a worker of the slot may use.

    A worker of `gpu1` sees the second GPU alone, one of `cpu` none.
    """
    inherited = dict(os.environ)
    paths = [str(ROOT), *filter(None, [inherited.get("PYTHONPATH")])]
    limit = {} if memory_mb is None else {MEMORY: str(memory_mb)}
    return {
        **inherited,
        **thread_settings(threads),
        **limit,
        "PYTHONPATH": os.pathsep.join(paths),
        VISIBLE: device_of(resource, inherited),  # torch reads it when it is loaded
        RESOURCE: resource,
        THREADS: str(threads),
    }


def quiet_settings() -> dict[str, str]:
    """Environment variables that keep waiting threads from spinning."""
    return dict(_QUIET)


def thread_settings(threads: int) -> dict[str, str]:
    """Environment variables that numpy, torch and the like read when they are loaded."""
    return {**dict.fromkeys(_THREAD_SETTINGS, str(threads)), **_QUIET}


@cache
def _boot() -> str:
    """Tells this start of the machine from others; numbers of processes begin anew with each."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "boot"


def is_of_another_boot(begun: str) -> bool:
    """Whether the machine has started anew since that process began."""
    return sys.platform.startswith("linux") and bool(begun) and not begun.startswith(_boot())


def _started_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    words = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return None if not words or words[0].startswith("Z") else " ".join(words[1:])
