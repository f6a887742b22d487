"""The worker as a command: the library's results, or a failure in words."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import slow_kind
from waiting import until

import forecasting as fc
from engine.processes import worker_environment
from engine.requests import BacktestRequest, FitRequest, ForecastRequest, PanelSpec, Request
from engine.runs import Run
from engine.worker import DISK_FULL, DONE, FAILED, TAKEN, USAGE
from forecasting.scores import rate

DAILY = PanelSpec(freq="D")
WORKER = [sys.executable, "-m", "engine.worker"]


def start(run: Run, command: list[str] = WORKER, memory_mb: int | None = None) -> subprocess.Popen:
    environment = worker_environment("cpu", threads=1, memory_mb=memory_mb)
    return subprocess.Popen([*command, str(run.folder)], env=environment)


def done(folder: Path, request: Request, frame: pd.DataFrame, **known: pd.DataFrame) -> Run:
    run = Run.create(folder, request, frame, known.get("future"))
    assert start(run).wait() == DONE, run.failure()
    return run


def test_when_a_forecast_is_done_then_it_equals_the_bare_library(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    run = done(tmp_path / "a", ForecastRequest(panel=DAILY, model="theta", horizon=7), frame)
    panel = fc.Panel.from_frame(frame, freq="D")
    expected = fc.create("theta", horizon=7).fit(panel).predict(panel).to_frame()
    got = pd.read_parquet(run.folder / "forecast.parquet")
    pd.testing.assert_frame_equal(got, expected, check_dtype=False)
    assert fc.load(run.model).name == "theta"
    status = run.status()
    assert status
    assert (status.state, status.progress, status.is_over) == ("succeeded", 1.0, True)
    messages = [entry["message"] for entry in run.log_tail()]
    assert "saving the forecast" in messages


def test_when_a_kept_model_forecasts_then_covariates_ahead_are_read(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    priced = frame.assign(price=(frame.index % 5) + 1.0)
    spec = PanelSpec(freq="D", known_covariates=("price",))
    panel = fc.Panel.from_frame(priced, freq="D", known_covariates=["price"])
    future = fc.fill_future(panel, 3)
    fitted = done(tmp_path / "a", FitRequest(panel=spec, model="sarimax", horizon=3), priced)
    assert not (fitted.folder / "forecast.parquet").exists()
    request = ForecastRequest(panel=spec, from_run="a", horizon=3)
    run = done(tmp_path / "b", request, priced, future=future)
    expected = fc.create("sarimax", horizon=3).fit(panel).predict(panel, known_future=future)
    got = pd.read_parquet(run.folder / "forecast.parquet")
    pd.testing.assert_frame_equal(got, expected.to_frame(), check_dtype=False)


def test_when_a_backtest_is_done_then_it_equals_the_bare_library(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    models = ("seasonal_naive", "naive", "theta")
    request = BacktestRequest(panel=DAILY, models=models, horizon=5, num_windows=2, step_size=3)
    run = done(tmp_path / "a", request, frame)
    panel = fc.Panel.from_frame(frame, freq="D")
    expected = fc.backtest(panel, models, horizon=5, num_windows=2, step_size=3)
    for name, want in [("backtest", expected.forecasts), ("metrics", expected.metrics)]:
        got = pd.read_parquet(run.folder / f"{name}.parquet")
        pd.testing.assert_frame_equal(got, want, check_dtype=False)
    rated = rate(pd.read_parquet(run.folder / "scores.parquet")).set_index("model")
    steps = rate(pd.read_parquet(run.folder / "step_scores.parquet")).set_index("model")
    pd.testing.assert_series_equal(rated["WQL"], steps["WQL"])
    levels = pd.read_parquet(run.folder / "reliability.parquet")
    assert set(levels["model"]) == set(rated.index)
    assert pd.read_parquet(run.folder / "pit.parquet")["density"].mean() == pytest.approx(1.0)
    board = pd.read_parquet(run.folder / "leaderboard.parquet")
    seconds = ["fit_seconds", "predict_seconds"]
    pd.testing.assert_frame_equal(
        board.drop(columns=seconds), expected.leaderboard().drop(columns=seconds)
    )


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda run: cut(run.folder / "panel.parquet"), "panel.parquet cannot be read"),
        (lambda run: (run.folder / "panel.parquet").unlink(), "holds no panel.parquet"),
        (lambda run: cut(run.folder / "request.json"), "damaged"),
        (lambda run: newer(run.folder / "request.json"), "newer version of Almanac"),
    ],
)
def test_when_the_folder_is_damaged_or_newer_then_the_failure_says_so(
    tmp_path: Path, frame: pd.DataFrame, damage: Callable[[Run], object], words: str
) -> None:
    request = ForecastRequest(panel=DAILY, model="naive", horizon=2)
    run = Run.create(tmp_path / "run", request, frame)
    damage(run)
    assert start(run).wait() == FAILED
    failure, status = run.failure(), run.status()
    assert failure
    assert status
    assert failure.code == "input"
    assert words in failure.what
    assert status.state == "failed"
    assert "Traceback" not in (run.folder / "error.json").read_text()
    assert "Traceback" in run.log_tail()[-1]["traceback"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def newer(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))


def slow_run(tmp_path: Path, frame: pd.DataFrame, **asked: object) -> Run:
    slow_kind.register()
    return Run.create(tmp_path / "run", slow_kind.SlowRequest(**asked), frame)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("act", "code", "words"),
    [("memory", "out_of_memory", "not enough memory"), ("cuda", "cuda", "nvidia-smi")],
)
def test_when_memory_or_gpu_fail_then_the_remedy_is_named(
    tmp_path: Path, frame: pd.DataFrame, slow: None, act: str, code: str, words: str
) -> None:
    run = slow_run(tmp_path, frame, act=act)
    assert start(run, list(slow_kind.COMMAND), memory_mb=1000).wait() == FAILED
    failure = run.failure()
    assert failure
    assert failure.code == code
    assert words in str(failure)


def test_when_the_disk_is_full_then_the_exit_code_or_the_failure_says_so(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        run = slow_run(disk, frame, act="fill")
        code = start(run, list(slow_kind.COMMAND)).wait()
        failure = run.failure()
        assert code == DISK_FULL or (failure and failure.code == "disk_full")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize(("act", "kept"), [("keep", True), ("", False)])
def test_when_terminated_then_the_best_so_far_is_kept_if_there_is_any(
    tmp_path: Path, frame: pd.DataFrame, slow: None, act: str, kept: bool
) -> None:
    run = slow_run(tmp_path, frame, seconds=60, act=act)
    worker = start(run, list(slow_kind.COMMAND))
    until(lambda: (status := run.status()) and status.progress > 0)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=5) == DONE
    status = run.status()
    assert status
    assert (status.state, status.kept) == ("stopped", kept)
    assert slow_kind.is_saved(run) is kept
    assert status.progress < 1


def test_when_a_backtest_is_terminated_then_finished_models_are_kept(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    many = pd.concat([frame.assign(series_id=frame["series_id"] + str(i)) for i in range(60)])
    request = BacktestRequest(panel=DAILY, models=("naive", "arima"), horizon=7)
    run = Run.create(tmp_path / "run", request, many)
    worker = start(run)
    until(lambda: (status := run.status()) and status.progress > 0.5)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == DONE
    status = run.status()
    assert status
    assert (status.state, status.kept) == ("stopped", True)
    assert pd.read_parquet(run.folder / "leaderboard.parquet")["model"].tolist() == ["naive"]


def test_when_another_worker_does_the_run_then_the_second_leaves_it(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    run = slow_run(tmp_path, frame, seconds=60)
    first = start(run, list(slow_kind.COMMAND))
    until(run.status)
    assert start(run, list(slow_kind.COMMAND)).wait() == TAKEN
    status = run.status()
    assert status
    assert status.pid == first.pid
    first.kill()
    first.wait()


def test_when_called_without_a_folder_then_usage_is_shown() -> None:
    environment = worker_environment("cpu", threads=1, memory_mb=None)
    called = subprocess.run(WORKER, env=environment, capture_output=True, text=True, check=False)
    assert called.returncode == USAGE
    assert "RUN_DIR" in called.stderr


def test_when_the_job_says_nothing_then_the_heartbeat_goes_on(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    run = slow_run(tmp_path, frame, act="quiet", seconds=60)
    worker = start(run, list(slow_kind.COMMAND))
    until(lambda: (status := run.status()) and status.beat >= 3)
    worker.kill()
    worker.wait()
    status = run.status()
    assert status
    assert (status.state, status.pid) == ("starting", worker.pid)
    assert status.memory_mb
