"""The engine with real processes: nothing lost, nothing run twice, nothing left behind."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
import slow_kind
from slow_kind import SlowRequest
from waiting import ended, processes_of, until, working

import forecasting as fc
from engine.errors import EngineBusy, EngineError, QueueError
from engine.processes import is_alive, started
from engine.requests import BacktestRequest, FitRequest, ForecastRequest, PanelSpec
from engine.supervisor import Engine

DAILY = PanelSpec(freq="D")
ROOT = Path(__file__).parent.parent.parent


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


def test_when_the_worker_is_killed_then_the_windows_it_had_done_are_not_done_again(
    engine: Engine, frame: pd.DataFrame
) -> None:
    many = pd.concat([frame.assign(series_id=frame["series_id"] + str(i)) for i in range(10)])
    models = ("naive", "theta")
    request = BacktestRequest(panel=DAILY, models=models, horizon=5, num_windows=2)
    run = engine.run(engine.submit(request, many))
    until(lambda: list(run.checkpoint.glob("theta*")), seconds=60)
    os.kill(working(engine, run.run_id).pid, signal.SIGKILL)
    assert ended(engine, run.run_id, timeout=60) == "succeeded"
    job = engine.job(run.run_id)
    assert (job.attempts, job.deaths) == (2, 1)
    assert "signal 9" in [each.why for each in engine.history(run.run_id)][2]
    said = [entry["message"] for entry in run.log_tail()]
    assert len([each for each in said if each.startswith("[1/2] theta")]) == 1
    assert not run.checkpoint.exists()
    expected = fc.backtest(fc.Panel.from_frame(many, freq="D"), models, horizon=5, num_windows=2)
    for name, want in (("metrics", expected.metrics), ("backtest", expected.forecasts)):
        got = pd.read_parquet(run.folder / f"{name}.parquet")
        pd.testing.assert_frame_equal(got, want, check_dtype=False)


def test_when_the_end_of_a_process_cannot_be_told_then_it_is_looked_for(
    engine: Engine, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.crew.when_ended", lambda *_: False)
    run_id = engine.submit(SlowRequest(), frame)
    assert ended(engine, run_id) == "succeeded"


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


def test_when_slots_or_resource_are_wrong_then_they_are_named(
    engine: Engine, frame: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="no slots for 'gpu0'; there are cpu"):
        engine.submit(SlowRequest(), frame, resource="gpu0")
    with pytest.raises(EngineError, match="at least 1"):
        Engine(tmp_path / "other", slots={"cpu": 0})
