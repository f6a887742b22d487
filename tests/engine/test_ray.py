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
from engine.requests import FitRequest, ForecastRequest, PanelSpec
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


def forecast_by(engine: Engine, request: ForecastRequest, frame: pd.DataFrame) -> Run:
    run = engine.run(engine.submit(request, frame))
    assert ended(engine, run.run_id, timeout=90) == "succeeded", engine.job(run.run_id).why
    return run


@pytest.mark.parametrize(("model", "options"), [("theta", {}), ("lstm", SMALL | {"max_steps": 30})])
def test_when_a_job_runs_on_ray_then_its_result_is_that_of_this_machine(
    tmp_path: Path, frame_of_many: pd.DataFrame, head: Head, model: str, options: dict[str, Any]
) -> None:
    """The series of theta are spread as tasks; one of the network's two workers is a task."""
    request = ForecastRequest(panel=DAILY, model=model, horizon=7, options=options)
    with Engine(tmp_path / "here") as engine:
        here = forecast_by(engine, request, frame_of_many)
    with Engine(tmp_path / "there", backend=RayBackend(head.address)) as engine:
        there = forecast_by(engine, request, frame_of_many)
    pd.testing.assert_frame_equal(
        pd.read_parquet(here.folder / "forecast.parquet"),
        pd.read_parquet(there.folder / "forecast.parquet"),
        check_exact=True,
    )
    if model == "lstm":
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
