"""Processes: one is told from another with the same number, and groups end as a whole."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.processes import (
    is_alive,
    kill_group,
    launch,
    started,
    when_ended,
    worker_environment,
)


def test_when_a_process_ends_then_it_is_not_alive_even_before_it_is_reaped() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    begun = started(process.pid)
    assert begun
    assert is_alive(process.pid, begun)
    assert not is_alive(process.pid, begun + "0")
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and still a zombie
    assert not is_alive(process.pid, begun)
    process.communicate()


def test_when_a_process_ends_then_who_waits_for_that_is_told() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    told = threading.Event()
    assert when_ended(process.pid, started(process.pid) or "", told.set)
    assert not told.is_set()
    process.communicate(b"\n")
    assert told.wait(timeout=20)
    assert not when_ended(process.pid, "gone", told.set)


def test_when_the_number_belongs_to_another_process_then_the_end_is_told_at_once() -> None:
    told = threading.Event()
    assert when_ended(os.getpid(), "another-1", told.set)
    assert told.wait(timeout=20)


def test_when_ends_cannot_be_told_then_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    assert not when_ended(os.getpid(), started(os.getpid()) or "", print)


def test_when_the_number_belongs_to_another_process_then_it_is_spared() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    kill_group(process.pid, "another-1")
    assert started(process.pid)
    kill_group(process.pid, started(process.pid) or "")
    process.communicate()
    assert process.returncode == -9


def test_when_launched_for_a_slot_then_threads_and_gpu_are_chosen(tmp_path: Path) -> None:
    environment = worker_environment("gpu1", threads=3, memory_mb=None)
    names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_WAIT_POLICY", "CUDA_VISIBLE_DEVICES"]
    code = f"import os, engine.worker; print(*map(os.environ.get, {names}))"
    output = tmp_path / "output.log"
    assert launch([sys.executable, "-c", code], output, environment).wait() == 0
    assert output.read_text().split() == ["3", "3", "PASSIVE", "1"]
    assert worker_environment("cpu", threads=1, memory_mb=64)["CUDA_VISIBLE_DEVICES"] == ""


def test_when_the_worker_is_imported_then_numpy_and_torch_are_not() -> None:
    code = "import sys, engine.worker; sys.exit(any(n in sys.modules for n in ('numpy', 'torch')))"
    environment = worker_environment("cpu", threads=1, memory_mb=None)
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
