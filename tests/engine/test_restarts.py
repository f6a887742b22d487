"""Apps that die, close or run out of disk: the next one finds every job, and every worker."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import slow_kind
from slow_kind import SlowRequest
from waiting import ended, fill, processes_of, until, working

from engine.errors import EngineError
from engine.processes import launch, worker_environment
from engine.queue import Queue
from engine.runs import Run
from engine.supervisor import Engine

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENT = worker_environment("cpu", threads=1, memory_mb=None)
Starter = Callable[[Run], "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Starter]:
    """Start a worker as an engine would; it does not outlive the test."""
    started_here = []

    def start(run: Run) -> "subprocess.Popen[bytes]":
        command = [*slow_kind.COMMAND, str(run.folder)]
        started_here.append(launch(command, run.output, ENVIRONMENT))
        return started_here[-1]

    yield start
    for worker in started_here:
        worker.kill()
        worker.wait()


def claimed_by_an_engine_that_died(folder: Path, frame: pd.DataFrame, marks: Path) -> Run:
    """A job that is running in the queue, without a word on which process does it."""
    request = SlowRequest(act="quiet", seconds=1.0, marks=str(marks))
    (folder / "runs").mkdir(parents=True)
    run = Run.create(folder / "runs" / "run", request, frame)
    queue = Queue(folder / "queue.db")
    queue.add("run", kind="slow", digest="", resource="cpu", priority=0, who="Ada")
    queue.claim("cpu", slots=1)
    queue.close()
    return run


def test_when_the_app_died_before_it_wrote_down_the_process_then_it_is_adopted(
    tmp_path: Path, frame: pd.DataFrame, slow: None, start: Starter
) -> None:
    marks = tmp_path / "marks"
    run = claimed_by_an_engine_that_died(tmp_path / "var", frame, marks)
    start(run)
    until(marks.exists)
    with Engine(tmp_path / "var", command=slow_kind.COMMAND) as engine:
        assert ended(engine, "run") == "succeeded"
        assert engine.job("run").attempts == 1
    assert marks.read_text().split() == ["run"]


def test_when_such_a_worker_had_not_shown_itself_then_a_second_gives_way_to_it(
    tmp_path: Path, frame: pd.DataFrame, slow: None, start: Starter
) -> None:
    marks = tmp_path / "marks"
    run = claimed_by_an_engine_that_died(tmp_path / "var", frame, marks)
    worker = start(run)
    until(marks.exists)
    worker.send_signal(signal.SIGSTOP)
    (run.folder / "status.json").unlink()
    with Engine(tmp_path / "var", command=slow_kind.COMMAND) as engine:
        until(lambda: "another worker" in run.output.read_text())
        worker.send_signal(signal.SIGCONT)
        assert ended(engine, "run") == "succeeded"
        assert engine.job("run").attempts == 2
    assert marks.read_text().split() == ["run"]


def test_when_the_disk_fills_up_then_the_job_fails_with_the_remedy_once_there_is_room(
    disk: Path, frame: pd.DataFrame, slow: None
) -> None:
    with Engine(disk / "var", command=slow_kind.COMMAND) as engine:
        run_id = engine.submit(SlowRequest(act="fill"), frame)
        until(lambda: shutil.disk_usage(disk).free == 0)
        with pytest.raises(EngineError, match="disk"):
            engine.submit(SlowRequest(), frame)
        (engine.run(run_id).folder / "big").unlink()
        assert ended(engine, run_id) == "failed"
        assert "The disk is full. Free space" in engine.job(run_id).why
        assert ended(engine, engine.submit(SlowRequest(), frame)) == "succeeded"


def test_when_closed_on_a_full_disk_then_no_worker_lives_on_and_its_job_is_not_lost(
    disk: Path, frame: pd.DataFrame, slow: None
) -> None:
    filler = disk / "filler"
    with Engine(disk / "var", command=slow_kind.COMMAND) as engine:
        run_id = engine.submit(SlowRequest(seconds=1), frame)
        working(engine, run_id)
        fill(filler)
    assert processes_of(disk) == []
    filler.unlink()
    with Engine(disk / "var", command=slow_kind.COMMAND) as engine:
        assert ended(engine, run_id) == "succeeded"
        assert engine.job(run_id).attempts == 2


def test_when_closed_then_workers_end_and_their_jobs_go_on_with_the_next_engine(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    folder = tmp_path / "var"
    with Engine(folder, command=slow_kind.COMMAND) as engine:
        run_id = engine.submit(SlowRequest(seconds=1.5), frame)
        working(engine, run_id)
    assert processes_of(tmp_path) == []
    engine.close()  # again: nothing happens
    with pytest.raises(EngineError, match="closed"):
        engine.submit(SlowRequest(), frame)
    with Engine(folder, command=slow_kind.COMMAND) as engine:
        assert ended(engine, run_id) == "succeeded"
        states = [each.state for each in engine.history(run_id)]
    assert states == ["queued", "running", "interrupted", "queued", "running", "succeeded"]


APP = """
import sys, time
from pathlib import Path
import pandas as pd
sys.path.insert(0, {tests!r})
import slow_kind
from engine.supervisor import Engine
slow_kind.register()
engine = Engine(Path({folder!r}), slots={{"cpu": 2}}, command=slow_kind.COMMAND)
frame = pd.DataFrame({{"series_id": ["a"], "timestamp": ["2024-01-01"], "target": [1.0]}})
for seconds in (1.5, 60.0):
    print(engine.submit(slow_kind.SlowRequest(seconds=seconds, marks={marks!r}), frame), flush=True)
time.sleep(600)
"""


def test_when_the_app_is_killed_then_the_next_one_adopts_its_workers(
    tmp_path: Path, slow: None
) -> None:
    """One worker ends while no app is there, the other lives and is adopted."""
    folder, marks = tmp_path / "var", tmp_path / "marks"
    tests = str(Path(__file__).parent)
    script = APP.format(tests=tests, folder=str(folder), marks=str(marks))
    app = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
    assert app.stdout
    short, long = (app.stdout.readline().decode().strip() for _ in range(2))
    runs = {name: folder / "runs" / name / "status.json" for name in (short, long)}
    until(lambda: all(each.exists() for each in runs.values()))
    app.kill()
    app.communicate()
    until(lambda: '"succeeded"' in runs[short].read_text())
    with Engine(folder, slots={"cpu": 2}, command=slow_kind.COMMAND) as engine:
        assert ended(engine, short) == "succeeded"
        before = working(engine, long)
        assert engine.job(long).state == "running"
        until(lambda: (now := engine.status(long)) and now.beat > before.beat)
        engine.cancel(long)
        assert ended(engine, long, timeout=6) == "cancelled"
        assert engine.status(long).pid == before.pid  # type: ignore[union-attr]
    assert sorted(marks.read_text().split()) == sorted([short, long])  # each began once
    assert processes_of(tmp_path) == []


def test_when_an_engine_is_closed_as_soon_as_it_is_open_then_adopted_workers_end_too(
    tmp_path: Path, frame: pd.DataFrame, slow: None, start: Starter
) -> None:
    run = claimed_by_an_engine_that_died(tmp_path / "var", frame, tmp_path / "marks")
    start(run)
    until(run.status)
    Engine(tmp_path / "var", command=slow_kind.COMMAND).close()
    assert processes_of(tmp_path) == []


def test_when_app_and_worker_are_killed_then_the_next_app_does_the_orphan_again(
    tmp_path: Path, slow: None
) -> None:
    folder, marks = tmp_path / "var", tmp_path / "marks"
    tests = str(Path(__file__).parent)
    script = APP.format(tests=tests, folder=str(folder), marks=str(marks))
    app = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
    assert app.stdout
    short, long = (app.stdout.readline().decode().strip() for _ in range(2))
    until(lambda: len(marks.read_text().split()) == 2 if marks.exists() else False)
    app.kill()
    app.communicate()
    for pid in processes_of(tmp_path):
        os.kill(pid, signal.SIGKILL)
    with Engine(folder, slots={"cpu": 2}, command=slow_kind.COMMAND) as engine:
        assert ended(engine, short) == "succeeded"
        assert (engine.job(short).deaths, engine.job(short).attempts) == (1, 2)
        working(engine, long)
    assert processes_of(tmp_path) == []


def test_when_a_submission_was_cut_short_then_its_remains_are_removed(tmp_path: Path) -> None:
    half = tmp_path / "var" / "runs" / ".x.new"
    half.mkdir(parents=True)
    with Engine(tmp_path / "var"):
        assert not half.exists()
