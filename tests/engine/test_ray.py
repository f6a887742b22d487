"""Jobs on a real Ray head: the results of this machine, status, cancel, and a head that is lost."""

import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import quick_checkpoints
from ray_head import Head, free_port
from waiting import ended, until

import forecasting as fc
from engine import ray_jobs
from engine.errors import EngineError
from engine.queue import Job, Queue
from engine.ray_jobs import NO_FOLDER, RayBackend
from engine.requests import (
    BacktestRequest,
    FitRequest,
    ForecastRequest,
    PanelSpec,
    Request,
    TuneRequest,
)
from engine.runs import Run
from engine.supervisor import Engine
from forecasting.networks.checkpoint import FILE
from forecasting.networks.forecaster import NetworkForecaster

DAILY = PanelSpec(freq="D")
SMALL: dict[str, Any] = {"width": 8, "batch_size": 16, "patience": 999}
ENDLESS = SMALL | {"max_steps": 1_000_000}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    """A head with two CPUs; afterwards nothing of it is left."""
    head = Head()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in head.client_environment.items():
            patch.setenv(name, value)
        try:
            head.start()
            yield head
        finally:
            head.kill()
            shutil.rmtree(head.folder)


@pytest.fixture
def frame_of_many() -> pd.DataFrame:
    """Forty series, enough to be spread."""
    rng, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=60)
    parts = [
        pd.DataFrame({"series_id": f"s{i}", "timestamp": days, "target": rng.poisson(9, 60) + 0.0})
        for i in range(40)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers write a checkpoint several times a second."""
    submission, command = ray_jobs._submission, shlex.join(quick_checkpoints.COMMAND)

    def quicker(job: Job, run: Run) -> dict[str, Any]:
        asked = submission(job, run)
        entrypoint = asked["entrypoint"].replace("python -m engine.worker", command)
        return asked | {"entrypoint": entrypoint}

    monkeypatch.setattr(ray_jobs, "_submission", quicker)


def result_of(engine: Engine, request: Request, frame: pd.DataFrame) -> Run:
    run = engine.run(engine.submit(request, frame))
    assert ended(engine, run.run_id, timeout=120) == "succeeded", engine.job(run.run_id).why
    return run


def frames(run: Run, *names: str) -> list[pd.DataFrame]:
    """Frames of the run, less what depends on the clock."""
    clocks = ["fit_seconds", "predict_seconds", "seconds"]
    found = [pd.read_parquet(run.folder / f"{name}.parquet") for name in names]
    return [each.drop(columns=clocks, errors="ignore") for each in found]


def test_when_a_network_is_trained_on_ray_then_it_is_that_of_this_machine(
    tmp_path: Path, frame_of_many: pd.DataFrame, head: Head
) -> None:
    options = SMALL | {"max_steps": 30}
    request = ForecastRequest(panel=DAILY, model="lstm", horizon=7, options=options)
    with Engine(tmp_path / "here") as engine:
        here = result_of(engine, request, frame_of_many)
    with Engine(tmp_path / "there", backend=RayBackend(head.address)) as engine:
        there = result_of(engine, request, frame_of_many)
    pd.testing.assert_frame_equal(
        *frames(here, "forecast"), *frames(there, "forecast"), check_exact=True
    )
    weights = "weights.safetensors"
    assert (here.model / weights).read_bytes() == (there.model / weights).read_bytes()
    status = there.status()
    assert status
    assert (status.state, status.progress) == ("succeeded", 1.0)
    assert any("begins in process" in entry["message"] for entry in there.log_tail())


def trained(run: Run) -> NetworkForecaster:
    model = fc.load(run.model)
    assert isinstance(model, NetworkForecaster)
    return model


def test_when_the_app_starts_again_then_it_finds_the_job_on_ray_and_can_cancel_it(
    tmp_path: Path, frame: pd.DataFrame, head: Head
) -> None:
    """Another engine has started the job and died; this one knows what is in the queue."""
    backend = RayBackend(head.address)
    (tmp_path / "var" / "runs").mkdir(parents=True)
    request = FitRequest(panel=DAILY, model="lstm", horizon=7, options=ENDLESS)
    run = Run.create(tmp_path / "var" / "runs" / "run", request, frame)
    queue = Queue(tmp_path / "var" / "queue.db")
    queue.add("run", kind="fit", digest="", resource="cpu", priority=0, who="Ada")
    job = queue.claim("cpu", slots=1)
    queue.close()
    assert job
    backend.launch(job, run)
    until(lambda: len(run.curves()) > 1, seconds=60)
    with Engine(tmp_path / "var", backend=backend) as engine:
        assert engine.job("run").state == "running"
        engine.cancel("run")
        assert ended(engine, "run") == "cancelled"
        assert "the best so far kept" in engine.job("run").why
        assert engine.job("run").attempts == 1
    assert trained(run).training.stopped


def test_when_the_token_is_wrong_then_the_job_fails_and_says_so(
    tmp_path: Path, frame: pd.DataFrame, head: Head, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_jobs, "_client", client_with_a_wrong_token)
    backend = RayBackend(head.address, start_seconds=1)
    with Engine(tmp_path / "var", backend=backend) as engine:
        run_id = engine.submit(ForecastRequest(panel=DAILY, model="naive", horizon=2), frame)
        assert ended(engine, run_id, timeout=30) == "failed"
        assert "refuses the token" in engine.job(run_id).why
        assert engine.job(run_id).attempts == 1  # it would be refused again


def client_with_a_wrong_token(address: str) -> Any:
    """Ray keeps the first token that a process reads."""
    from ray.job_submission import JobSubmissionClient

    return JobSubmissionClient(address, headers={"Authorization": "Bearer wrong"})


def test_when_windows_of_a_backtest_run_on_ray_then_its_result_is_that_of_this_machine(
    tmp_path: Path, frame_of_many: pd.DataFrame, head: Head
) -> None:
    """The series of theta are tasks of the windows, which are tasks themselves."""
    options = {"lstm": SMALL | {"max_steps": 30}}
    request = BacktestRequest(
        panel=DAILY, models=("theta", "lstm"), horizon=7, num_windows=2, options=options
    )
    with Engine(tmp_path / "here") as engine:
        here = result_of(engine, request, frame_of_many)
    with Engine(tmp_path / "there", backend=RayBackend(head.address)) as engine:
        there = result_of(engine, request, frame_of_many)
    names = ("backtest", "metrics", "leaderboard", "skipped")
    for ours, theirs in zip(frames(here, *names), frames(there, *names), strict=True):
        pd.testing.assert_frame_equal(theirs, ours, check_exact=True)
    assert any("of 4 windows done" in entry["message"] for entry in there.log_tail())


def test_when_trials_run_on_ray_then_they_are_those_of_this_machine_and_the_best_is_kept(
    tmp_path: Path, frame: pd.DataFrame, head: Head
) -> None:
    request = TuneRequest(
        panel=DAILY,
        model="gbm",
        horizon=7,
        options={"num_rounds": 5, "max_rows": 300},
        space={"num_leaves": [4, 7, 15], "learning_rate": {"low": 0.01, "high": 0.5}},
        trials=4,
        sampler="random",
        pruner=False,
    )
    with Engine(tmp_path / "here") as engine:
        here = result_of(engine, request, frame)
    with Engine(tmp_path / "there", backend=RayBackend(head.address)) as engine:
        there = result_of(engine, request, frame)
    (ours,), (theirs,) = frames(here, "trials"), frames(there, "trials")
    pd.testing.assert_frame_equal(theirs, ours, check_exact=True)
    assert fc.load(there.model).config == fc.load(here.model).config


def test_when_a_backtest_on_ray_is_cancelled_then_its_tasks_end_and_complete_models_are_kept(
    tmp_path: Path, frame: pd.DataFrame, head: Head
) -> None:
    request = BacktestRequest(
        panel=DAILY, models=("naive", "lstm"), horizon=7, num_windows=2, options={"lstm": ENDLESS}
    )
    with Engine(tmp_path / "var", backend=RayBackend(head.address)) as engine:
        run = engine.run(engine.submit(request, frame))
        until(lambda: (status := run.status()) and "2 of 4" in status.stage, seconds=60)
        until(lambda: any("_do_part" in each for each in head.titles()), seconds=60)
        engine.cancel(run.run_id)
        assert ended(engine, run.run_id, timeout=30) == "cancelled"
    assert list(pd.read_parquet(run.folder / "leaderboard.parquet")["model"]) == ["naive"]
    until(lambda: not any("_do_part" in each for each in head.titles()))


def test_when_runs_are_shared_by_a_url_then_the_cluster_needs_no_folder_of_ours(
    tmp_path: Path, frame: pd.DataFrame, head: Head
) -> None:
    store = tmp_path / "store"
    backend = RayBackend(head.address, runs_url=f"file://{store}")
    with Engine(tmp_path / "var", backend=backend) as engine:
        fitted = result_of(engine, FitRequest(panel=DAILY, model="naive", horizon=7), frame)
        request = ForecastRequest(panel=DAILY, from_run=fitted.run_id)
        run = result_of(engine, request, frame)
        assert len(pd.read_parquet(run.folder / "forecast.parquet")) == 3 * 7
        assert not (run.folder / "worker.lock").exists()  # nobody worked here
        assert any("begins in process" in entry["message"] for entry in run.log_tail())
        failed = engine.submit(ForecastRequest(panel=DAILY, from_run="gone"), frame)
        assert ended(engine, failed, timeout=60) == "failed"
        assert "'gone' kept no model" in engine.job(failed).why
        asked = FitRequest(panel=DAILY, model="lstm", horizon=7, options=ENDLESS)
        endless = engine.run(engine.submit(asked, frame))
        until(lambda: len(endless.curves()) > 1, seconds=60)
        engine.cancel(endless.run_id)
        assert ended(engine, endless.run_id, timeout=40) == "cancelled"
        assert trained(endless).training.stopped
    assert [each for each in store.rglob("*") if each.is_file()] == []


def test_when_the_store_takes_nothing_then_the_job_fails_and_says_so(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    (tmp_path / "file").touch()
    backend = RayBackend("http://127.0.0.1:1", runs_url=f"file://{tmp_path}/file")
    with Engine(tmp_path / "var", backend=backend) as engine:
        run_id = engine.submit(FitRequest(panel=DAILY, model="naive", horizon=2), frame)
        assert ended(engine, run_id, timeout=30) == "failed"
        assert "cannot be put under file://" in engine.job(run_id).why
        assert engine.job(run_id).attempts == 1


def test_when_the_head_is_lost_then_the_job_waits_for_it_and_goes_on_from_its_checkpoint(
    tmp_path: Path, frame: pd.DataFrame, head: Head, quick: None
) -> None:
    options = SMALL | {"max_steps": 300}
    backend = RayBackend(head.address, lost_seconds=3, start_seconds=60)
    with Engine(tmp_path / "var", backend=backend) as engine:
        request = FitRequest(panel=DAILY, model="lstm", horizon=7, options=options)
        run = engine.run(engine.submit(request, frame))
        until((run.checkpoint / FILE).is_file, seconds=90)
        head.kill()
        history = partial(engine.history, run.run_id)
        until(lambda: any("was lost" in event.why for event in history()), seconds=30)
        assert engine.job(run.run_id).deaths == 1
        head.start()
        assert ended(engine, run.run_id, timeout=90) == "succeeded", engine.job(run.run_id).why
        assert engine.job(run.run_id).attempts == 2
    assert 0 < trained(run).training.resumed_at < 300


def test_when_no_head_answers_then_the_job_fails_and_says_what_to_check(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    backend = RayBackend(address, start_seconds=0.5)
    with Engine(tmp_path / "var", backend=backend) as engine:
        run_id = engine.submit(ForecastRequest(panel=DAILY, model="naive", horizon=2), frame)
        assert ended(engine, run_id, timeout=30) == "failed"
        why = engine.job(run_id).why
    assert f"{address} does not take the job" in why
    assert "ALMANAC_RAY_ADDRESS" in why


def test_when_the_network_swallows_all_then_the_engine_still_gives_up(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        backend = RayBackend(f"http://127.0.0.1:{silent.getsockname()[1]}", start_seconds=1)
        request = ForecastRequest(panel=DAILY, model="naive", horizon=2)
        with Engine(tmp_path / "var", backend=backend, slots={"cpu": 2}) as engine:
            first, second = engine.submit(request, frame), engine.submit(request, frame)
            engine.cancel(second)
            assert ended(engine, second) == "cancelled"
            assert ended(engine, first) == "failed"
            assert "does not take the job (no answer)" in engine.job(first).why


def test_when_the_machine_does_not_see_the_folder_then_its_exit_code_says_so(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    run = Run.create(
        tmp_path / "a b", ForecastRequest(panel=DAILY, model="naive", horizon=2), frame
    )
    queue = Queue(tmp_path / "queue.db")
    queue.add(run.run_id, kind="forecast", digest="", resource="gpu", priority=0, who="")
    asked = ray_jobs._submission(queue.job(run.run_id), run)
    queue.close()
    assert asked["entrypoint_num_gpus"] == 1
    run.delete()
    assert subprocess.run(asked["entrypoint"], shell=True, check=False).returncode == NO_FOLDER


def test_when_ray_is_missing_or_the_address_is_none_then_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(EngineError, match="such as http://head:8265"):
        RayBackend("head:6379")
    monkeypatch.setattr(ray_jobs, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install -r requirements-cluster\.txt"):
        RayBackend("http://head:8265")
