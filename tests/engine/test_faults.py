"""Faults from outside: apps that die at the worst moment, files that vanish, clocks, signals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import slow_kind
from slow_kind import SlowRequest
from waiting import ended, fill, processes_of, until, working

from engine.errors import EngineError
from engine.queue import Queue
from engine.requests import FitRequest, PanelSpec
from engine.runs import Run
from engine.supervisor import Engine

ROOT = Path(__file__).parent.parent.parent
APP = """
import os, signal, sys, time
from pathlib import Path
import pandas as pd
sys.path.insert(0, {tests!r})
import slow_kind
from engine.queue import Queue
from engine.supervisor import Engine
slow_kind.register()
frame = pd.DataFrame({{"series_id": ["a"], "timestamp": ["2024-01-01"], "target": [1.0]}})
{before}
engine = Engine(Path({folder!r}), slots={{"cpu": 2}}, command=slow_kind.COMMAND)
for seconds in {seconds!r}:
    print(engine.submit(slow_kind.SlowRequest(seconds=seconds), frame), flush=True)
time.sleep(600)
"""
DIES_WHEN_IT_REGISTERS = """
change = Queue.change
def dying(self, run_id, state, **why):
    if state != "succeeded":
        return change(self, run_id, state, **why)
    if {after}:
        change(self, run_id, state, **why)
    os.kill(os.getpid(), signal.SIGKILL)
Queue.change = dying
"""
ENDS_AS_STREAMLIT_DOES = "signal.signal(signal.SIGTERM, lambda *_: sys.exit())"


def app(folder: Path, before: str = "", seconds: tuple[float, ...] = ()) -> subprocess.Popen[bytes]:
    """Another process with an engine on the folder, which submits a job for each of `seconds`."""
    tests = str(Path(__file__).parent)
    script = APP.format(tests=tests, folder=str(folder), before=before, seconds=seconds)
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)


def submitted(process: subprocess.Popen[bytes], count: int = 1) -> list[str]:
    """The run ids that the app prints."""
    assert process.stdout
    return [process.stdout.readline().decode().strip() for _ in range(count)]


# --- The app dies or is stopped, alone or with everything else ---


@pytest.mark.parametrize("after", [False, True])
def test_when_the_app_dies_while_it_registers_a_result_then_the_next_one_has_it_once(
    tmp_path: Path, slow: None, after: bool
) -> None:
    folder = tmp_path / "var"
    process = app(folder, DIES_WHEN_IT_REGISTERS.format(after=after), (0.1,))
    (run_id,) = submitted(process)
    assert process.wait(timeout=60) == -signal.SIGKILL
    process.communicate()
    with Engine(folder, command=slow_kind.COMMAND) as engine:
        assert ended(engine, run_id) == "succeeded"
        assert engine.job(run_id).attempts == 1
        states = [each.state for each in engine.history(run_id)]
        assert slow_kind.is_saved(engine.run(run_id))
    assert states == ["queued", "running", "succeeded"]


@pytest.mark.parametrize("before", ["", ENDS_AS_STREAMLIT_DOES])
def test_when_everything_is_terminated_time_and_again_then_the_job_still_ends(
    tmp_path: Path, slow: None, before: str
) -> None:
    """Three restarts of a service during one training are no reason to give the training up."""
    folder = tmp_path / "var"
    run_ids: list[str] = []
    for _ in range(3):
        process = app(folder, before, () if run_ids else (30.0,))
        run_ids = run_ids or submitted(process)
        status = folder / "runs" / run_ids[0] / "status.json"
        earlier = read(status)
        until(lambda: read(status).get("state") == "running", seconds=60)  # noqa: B023
        assert read(status) != earlier
        for pid in [*processes_of(folder / "runs"), process.pid]:
            os.kill(pid, signal.SIGTERM)
        process.communicate(timeout=60)
        until(lambda: processes_of(folder) == [])
    queue = Queue(folder / "queue.db")
    job = queue.job(run_ids[0])
    queue.close()
    assert (job.state in ("running", "interrupted", "queued"), job.deaths) == (True, 0)
    with Engine(folder, command=slow_kind.COMMAND) as engine:
        until(lambda: engine.job(run_ids[0]).attempts >= 4)
        assert engine.job(run_ids[0]).deaths == 0


def read(status: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads(status.read_text()) if status.exists() else {}
    return content


def test_when_a_worker_is_stopped_by_others_without_end_then_the_job_is_given_up(
    engine: Engine, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.supervisor.MOST_ATTEMPTS", 1)
    run_id = engine.submit(SlowRequest(seconds=60), frame)
    for _ in range(2):
        os.kill(working(engine, run_id).pid, signal.SIGTERM)
        until(lambda: engine.status(run_id) is None or engine.job(run_id).state == "failed")
    assert ended(engine, run_id) == "failed"
    assert "2 times" in engine.job(run_id).why


def test_when_the_machine_was_started_anew_then_the_job_goes_on_and_no_death_is_counted(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    folder = tmp_path / "var"
    (folder / "runs").mkdir(parents=True)
    Run.create(folder / "runs" / "run", SlowRequest(), frame)
    queue = Queue(folder / "queue.db")
    queue.add("run", kind="slow", digest="", resource="cpu", priority=0, who="Ada")
    queue.claim("cpu", slots=1)
    queue.record_process("run", os.getpid(), "00000000-1")
    queue.close()
    with Engine(folder, command=slow_kind.COMMAND) as engine:
        assert ended(engine, "run") == "succeeded"
        assert (engine.job("run").deaths, engine.job("run").attempts) == (0, 2)
        assert "machine was started anew" in engine.history("run")[2].why


# --- Files ---


def test_when_files_of_the_run_are_damaged_while_it_runs_then_it_ends_all_the_same(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    """The worker has read what it needs, and says anew what it said."""
    names = ("status.json", "request.json", "panel.parquet")
    with Engine(tmp_path / "var", slots={"cpu": 6}, command=slow_kind.COMMAND) as engine:
        run_ids = [engine.submit(SlowRequest(seconds=2), frame) for _ in range(6)]
        for run_id in run_ids:
            working(engine, run_id)
        for name, cut, gone in zip(names, run_ids[:3], run_ids[3:], strict=True):
            file = engine.run(cut).folder / name
            os.truncate(file, file.stat().st_size // 2)
            (engine.run(gone).folder / name).unlink(missing_ok=True)
        for run_id in run_ids:
            assert ended(engine, run_id) == "succeeded"
            assert engine.job(run_id).attempts == 1
            assert slow_kind.is_saved(engine.run(run_id))


def test_when_the_request_is_damaged_and_the_worker_dies_then_the_reason_is_the_damage(
    engine: Engine, frame: pd.DataFrame
) -> None:
    run_id = engine.submit(SlowRequest(seconds=60), frame)
    pid = working(engine, run_id).pid
    (engine.run(run_id).folder / "request.json").write_text('{"format": 1, "ki')
    os.kill(pid, signal.SIGKILL)
    assert ended(engine, run_id) == "failed"
    assert "The request is damaged" in engine.job(run_id).why


def test_when_the_request_is_of_a_newer_version_then_the_job_fails_and_says_so_once(
    engine: Engine, frame: pd.DataFrame
) -> None:
    blocker = engine.submit(SlowRequest(seconds=0.3), frame)
    request = FitRequest(panel=PanelSpec(freq="D"), model="naive", horizon=2)
    run_id = engine.submit(request, frame)
    file = engine.run(run_id).folder / "request.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2, "mood": "good"}))
    assert ended(engine, run_id) == "failed"
    assert "newer version of Almanac" in engine.job(run_id).why
    assert "Update this installation" in engine.job(run_id).why
    assert (engine.job(run_id).attempts, engine.job(blocker).state) == (1, "succeeded")


@pytest.mark.parametrize("names", [("queue.db",), ("queue.db", "queue.db-wal", "queue.db-shm")])
def test_when_the_queue_is_deleted_under_running_jobs_then_it_is_written_anew(
    tmp_path: Path, frame: pd.DataFrame, slow: None, names: tuple[str, ...]
) -> None:
    folder = tmp_path / "var"
    with Engine(folder, command=slow_kind.COMMAND) as engine:
        running = engine.submit(SlowRequest(seconds=1), frame)
        waiting = engine.submit(SlowRequest(), frame)
        working(engine, running)
        for name in names:
            (folder / name).unlink()
        until((folder / "queue.db").exists)
        later = engine.submit(SlowRequest(), frame)
        for run_id in (running, waiting, later):
            assert ended(engine, run_id) == "succeeded"
            assert engine.job(run_id).attempts == 1
    with Engine(folder, command=slow_kind.COMMAND) as engine:
        assert [job.run_id for job in engine.jobs()] == [running, waiting, later]


def test_when_the_queue_was_lost_while_no_app_ran_then_its_workers_do_not_live_on(
    tmp_path: Path, slow: None
) -> None:
    folder = tmp_path / "var"
    process = app(folder, seconds=(60.0,))
    (run_id,) = submitted(process)
    until(lambda: read(folder / "runs" / run_id / "status.json").get("state") == "running")
    process.kill()
    process.communicate()
    (folder / "queue.db").write_bytes(b"no database " * 1000)
    for leftover in ("queue.db-wal", "queue.db-shm"):
        (folder / leftover).unlink(missing_ok=True)
    with pytest.raises(EngineError, match="Move the file away"):
        Engine(folder)
    (folder / "queue.db").unlink()
    with Engine(folder, command=slow_kind.COMMAND) as engine:
        assert processes_of(folder / "runs") == []
        assert engine.jobs() == []


def test_when_the_disk_is_full_at_the_start_then_that_is_said_and_later_all_is_well(
    disk: Path,
    frame: pd.DataFrame,
    slow: None,
) -> None:
    folder = disk / "var"
    folder.mkdir()
    fill(disk / "filler")
    with pytest.raises(EngineError, match="disk is full"):
        Engine(folder)
    (disk / "filler").unlink()
    with Engine(folder, command=slow_kind.COMMAND) as engine:
        assert ended(engine, engine.submit(SlowRequest(), frame)) == "succeeded"


# --- Clock and memory ---


def test_when_clocks_are_set_back_then_the_job_ends_and_its_history_is_in_order(
    engine: Engine, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's clock goes back a day while it runs, the app's by an hour."""
    monkeypatch.setattr("engine.crew.SILENT_SECONDS", 20.0)
    first = engine.submit(SlowRequest(seconds=1.5, act="clock"), frame)
    second = engine.submit(SlowRequest(), frame)
    status = working(engine, first)
    real = time.time
    monkeypatch.setattr("engine.queue.time.time", lambda: real() - 3600)
    third = engine.submit(SlowRequest(), frame)
    assert status.eta_seconds is None or status.eta_seconds >= 0
    assert status.heartbeat < engine.job(first).changed_at
    for run_id in (first, second, third):
        assert ended(engine, run_id) == "succeeded"
        assert engine.job(run_id).attempts == 1
        states = [each.state for each in engine.history(run_id)]
        assert states == ["queued", "running", "succeeded"]
    assert [job.run_id for job in engine.jobs()] == [first, second, third]


def test_when_a_job_grows_beyond_its_memory_then_it_ends_and_that_is_named(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    with Engine(tmp_path / "var", memory_mb=300, command=slow_kind.COMMAND) as engine:
        run_id = engine.submit(SlowRequest(act="grow"), frame)
        assert ended(engine, run_id, timeout=60) == "failed"
        assert "There was not enough memory. Use a smaller batch_size" in engine.job(run_id).why
        assert engine.job(run_id).attempts == 1
        assert "are allowed" in engine.run(run_id).log_tail()[-1]["message"]


def test_when_less_is_allowed_than_the_libraries_need_then_a_job_does_not_hang(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    """Arrow once waited for a thread that could not be started, with its heart beating."""
    with Engine(tmp_path / "var", memory_mb=250) as engine:
        request = FitRequest(panel=PanelSpec(freq="D"), model="lstm", horizon=2)
        run_id = engine.submit(request, frame)
        assert ended(engine, run_id, timeout=60) == "failed"
        assert "not enough memory" in engine.job(run_id).why


# --- Cancel while saving ---


def test_when_cancelled_while_it_saves_then_the_result_is_whole(
    engine: Engine, frame: pd.DataFrame
) -> None:
    run_id = engine.submit(SlowRequest(saving_seconds=1), frame)
    saving(engine, run_id)
    assert engine.cancel(run_id).state == "cancelling"
    assert ended(engine, run_id, timeout=6) == "succeeded"
    assert (engine.run(run_id).folder / "result").read_text() == "done"


def test_when_saving_takes_longer_than_the_grace_then_nothing_half_written_is_kept(
    engine: Engine, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.crew.GRACE_SECONDS", 0.5)
    run_id = engine.submit(SlowRequest(saving_seconds=60), frame)
    saving(engine, run_id)
    engine.cancel(run_id)
    assert ended(engine, run_id, timeout=6) == "cancelled"
    assert not slow_kind.is_saved(engine.run(run_id))


def saving(engine: Engine, run_id: str) -> None:
    until(lambda: (status := engine.status(run_id)) and status.state == "saving")
