"""The engine with real processes: nothing lost, nothing run twice, nothing left behind."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
import slow_kind
from slow_kind import SlowRequest
from waiting import processes_of, until

import forecasting as fc
from engine.errors import EngineBusy, EngineError, QueueError
from engine.processes import is_alive, launch, started, worker_environment
from engine.queue import Queue
from engine.requests import BacktestRequest, FitRequest, ForecastRequest, PanelSpec
from engine.runs import Run, Status
from engine.supervisor import Engine

DAILY = PanelSpec(freq="D")
ROOT = Path(__file__).parent.parent.parent
ENVIRONMENT = worker_environment("cpu", threads=1, memory_mb=None)


Starter = Callable[[Run], "subprocess.Popen[bytes]"]


def working(engine: Engine, run_id: str) -> Status:
    """The status of the run once its worker is at work."""
    until(lambda: (status := engine.status(run_id)) and status.progress > 0)
    status = engine.status(run_id)
    assert status
    return status


def ended(engine: Engine, run_id: str, timeout: float = 20) -> str:
    return engine.wait(run_id, timeout=timeout).state


def test_when_submitted_then_the_result_equals_the_bare_library_and_is_offered_again(
    engine: Engine, frame: pd.DataFrame
) -> None:
    request = ForecastRequest(panel=DAILY, model="seasonal_naive", horizon=7)
    assert engine.finished_equal(request, frame) is None
    run_id = engine.submit(request, frame, who="Ada")
    assert ended(engine, run_id) == "succeeded"
    panel = fc.Panel.from_frame(frame, freq="D")
    expected = fc.create("seasonal_naive", horizon=7).fit(panel).predict(panel).to_frame()
    got = engine.run(run_id).frame("forecast")
    assert got is not None
    pd.testing.assert_frame_equal(got.astype({"series_id": object}), expected, check_dtype=False)
    assert engine.finished_equal(request, frame) == run_id
    assert engine.finished_equal(request, frame.assign(target=1.0)) is None
    assert [each.state for each in engine.history(run_id)] == ["queued", "running", "succeeded"]
    engine.run(run_id).delete()
    assert engine.finished_equal(request, frame) is None


def test_when_the_worker_is_killed_then_the_job_is_done_again_and_gives_the_same(
    engine: Engine, frame: pd.DataFrame
) -> None:
    many = pd.concat([frame.assign(series_id=frame["series_id"] + str(i)) for i in range(10)])
    request = BacktestRequest(panel=DAILY, models=("naive", "theta"), horizon=5)
    run_id = engine.submit(request, many)
    os.kill(working(engine, run_id).pid, signal.SIGKILL)
    assert ended(engine, run_id) == "succeeded"
    job = engine.job(run_id)
    assert (job.attempts, job.deaths) == (2, 1)
    assert "signal 9" in [each.why for each in engine.history(run_id)][2]
    expected = fc.backtest(fc.Panel.from_frame(many, freq="D"), ("naive", "theta"), horizon=5)
    got = pd.read_parquet(engine.run(run_id).folder / "metrics.parquet")
    pd.testing.assert_frame_equal(got, expected.metrics, check_dtype=False)


def test_when_workers_die_twice_then_the_job_has_failed_with_its_reason(
    engine: Engine, frame: pd.DataFrame
) -> None:
    run_id = engine.submit(SlowRequest(act="exit"), frame)
    assert ended(engine, run_id) == "failed"
    assert "exit code 7" in engine.job(run_id).why
    assert "2 times" in engine.job(run_id).why
    assert engine.job(run_id).attempts == 2


def test_when_a_worker_dies_then_the_processes_it_started_end_too(
    engine: Engine, frame: pd.DataFrame
) -> None:
    run_id = engine.submit(SlowRequest(act="child", seconds=60), frame)
    pid = working(engine, run_id).pid
    child = int((engine.run(run_id).folder / "child").read_text())
    begun = started(child)
    assert begun
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_alive(child, begun))


def test_when_a_running_job_is_cancelled_then_the_best_so_far_is_kept(
    engine: Engine, frame: pd.DataFrame
) -> None:
    run_id = engine.submit(SlowRequest(seconds=60, act="keep"), frame)
    working(engine, run_id)
    assert engine.cancel(run_id, who="Ada").state == "cancelling"
    assert ended(engine, run_id, timeout=5) == "cancelled"
    job, status = engine.job(run_id), engine.status(run_id)
    assert status
    assert (status.kept, job.who) == (True, "Ada")
    assert slow_kind.is_saved(engine.run(run_id))


def test_when_a_worker_does_not_listen_then_it_is_killed_and_a_second_press_does_so_at_once(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    request = SlowRequest(seconds=60, act="deaf")
    with Engine(tmp_path / "var", slots={"cpu": 2}, command=slow_kind.COMMAND) as engine:
        patient, pressed = engine.submit(request, frame), engine.submit(request, frame)
        for run_id in (patient, pressed):
            working(engine, run_id)
            engine.cancel(run_id)
        engine.cancel(pressed)
        assert ended(engine, pressed, timeout=3) == "cancelled"
        assert engine.job(patient).state == "cancelling"
        assert ended(engine, patient, timeout=8) == "cancelled"
        assert "killed" in engine.job(patient).why
    assert processes_of(tmp_path) == []


def test_when_cancelled_while_it_waits_or_when_it_is_over_then_no_worker_is_touched(
    engine: Engine, frame: pd.DataFrame, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    first = engine.submit(SlowRequest(seconds=0.5), frame)
    waiting = engine.submit(SlowRequest(marks=str(marks)), frame)
    assert engine.cancel(waiting).state == "cancelled"
    assert ended(engine, first) == "succeeded"
    assert engine.cancel(first).state == "succeeded"
    with pytest.raises(QueueError, match="no job"):
        engine.cancel("ghost")
    assert not marks.exists()


def test_when_cancelled_at_any_moment_of_its_start_then_it_is_cancelled(
    engine: Engine, frame: pd.DataFrame
) -> None:
    for _ in range(4):
        run_id = engine.submit(SlowRequest(seconds=60), frame)
        until(lambda run_id=run_id: engine.job(run_id).state == "running")
        engine.cancel(run_id)
        assert ended(engine, run_id, timeout=6) == "cancelled"


def test_when_five_threads_submit_100_jobs_then_each_is_done_once_and_in_order(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    marks = tmp_path / "marks"
    with Engine(tmp_path / "var", command=slow_kind.COMMAND) as engine:
        blocker = engine.submit(SlowRequest(seconds=60), frame, priority=99)
        working(engine, blocker)

        def submit() -> None:
            for number in range(20):
                engine.submit(SlowRequest(marks=str(marks)), frame, priority=number % 3)

        threads = [threading.Thread(target=submit) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        jobs = [job for job in engine.jobs() if job.run_id != blocker]
        assert len(jobs) == 100
        engine.cancel(blocker)
        for job in jobs:
            assert ended(engine, job.run_id, timeout=60) == "succeeded"
    expected = sorted(jobs, key=lambda job: (-job.priority, job.number))
    assert marks.read_text().split() == [job.run_id for job in expected]


def test_when_the_run_folder_is_deleted_then_the_job_fails_and_says_so(
    engine: Engine, frame: pd.DataFrame
) -> None:
    running = engine.submit(SlowRequest(seconds=60), frame)
    waiting = engine.submit(SlowRequest(seconds=60), frame)
    working(engine, running)
    for run_id in (waiting, running):
        shutil.rmtree(engine.run(run_id).folder, ignore_errors=True)
    until(lambda: not engine.run(running).folder.exists())
    for run_id in (running, waiting):
        assert ended(engine, run_id) == "failed"
        assert "run folder was deleted" in engine.job(run_id).why
        assert engine.job(run_id).attempts == 1


def test_when_the_panel_is_truncated_then_the_job_fails_without_a_second_try(
    engine: Engine, frame: pd.DataFrame
) -> None:
    blocker = engine.submit(SlowRequest(seconds=0.5), frame)
    request = FitRequest(panel=DAILY, model="naive", horizon=2)
    run_id = engine.submit(request, frame)
    (engine.run(run_id).folder / "panel.parquet").write_bytes(b"PAR1")
    assert ended(engine, run_id) == "failed"
    assert "panel.parquet cannot be read" in engine.job(run_id).why
    assert engine.job(run_id).attempts == 1
    assert ended(engine, blocker) == "succeeded"


def test_when_another_engine_has_the_folder_then_the_second_says_so(
    engine: Engine, frame: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(EngineBusy, match=f"in use by process {os.getpid()}"):
        Engine(engine.folder)
    assert ended(engine, engine.submit(SlowRequest(), frame)) == "succeeded"
    script = (
        "from pathlib import Path; from engine.supervisor import Engine;"
        f"Engine(Path({str(engine.folder)!r}))"
    )
    other = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True)
    assert b"EngineBusy" in other.stderr


def test_when_a_worker_is_terminated_from_outside_then_the_job_is_done_again(
    engine: Engine, frame: pd.DataFrame
) -> None:
    run_id = engine.submit(SlowRequest(seconds=1), frame)
    os.kill(working(engine, run_id).pid, signal.SIGTERM)
    assert ended(engine, run_id) == "succeeded"
    assert engine.job(run_id).attempts == 2


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


def fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


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


def test_when_slots_or_resource_are_wrong_then_they_are_named(
    engine: Engine, frame: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="no slots for 'gpu0'; there are cpu"):
        engine.submit(SlowRequest(), frame, resource="gpu0")
    with pytest.raises(EngineError, match="at least 1"):
        Engine(tmp_path / "other", slots={"cpu": 0})
