"""GPUs: counted without torch, one queue each, and networks sent there."""

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest
import slow_kind
from slow_kind import SlowRequest
from waiting import ended, until, working

from engine.backends import LocalBackend
from engine.devices import count_gpus, is_network, slots_of
from engine.processes import worker_environment
from engine.requests import BacktestRequest, FitRequest, ForecastRequest, PanelSpec, Request
from engine.supervisor import Engine
from forecasting.models import MODELS

DAILY = PanelSpec(freq="D")
TWO = slots_of(jobs=1, gpus=2)


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that names two GPUs, and a torch that could use them."""
    smi = tmp_path / "bin" / "nvidia-smi"
    smi.parent.mkdir()
    smi.write_text("#!/bin/sh\necho 'GPU 0: H200 (UUID: a)'\necho 'GPU 1: H200 (UUID: b)'\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{smi.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("importlib.metadata.version", lambda _: "2.13.0+cu130")


@pytest.mark.parametrize(
    ("shown", "count"), [(None, 2), ("", 0), ("-1", 0), ("1", 1), ("0,1", 2), ("0,1,2", 2)]
)
def test_when_gpus_are_counted_then_hidden_ones_do_not_count(
    two_gpus: None, shown: str | None, count: int
) -> None:
    assert count_gpus({} if shown is None else {"CUDA_VISIBLE_DEVICES": shown}) == count


def test_when_torch_has_no_cuda_or_the_driver_fails_then_there_are_none(
    two_gpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    assert count_gpus({}) == 0
    monkeypatch.setattr("importlib.metadata.version", lambda _: "2.13.0+cpu")
    assert count_gpus({}) == 0


def test_when_gpus_are_counted_then_torch_is_not_loaded() -> None:
    code = (
        "import sys; from engine.devices import count_gpus, is_network; count_gpus();"
        "is_network('lstm'); sys.exit('torch' in sys.modules)"
    )
    environment = worker_environment("cpu", threads=1, memory_mb=None)
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_when_a_model_is_asked_after_then_networks_are_those_with_a_device() -> None:
    for name, model in MODELS.items():
        options = {each.name for each in fields(model.import_class().config_class)}
        assert is_network(name) == ("device" in options), name


def fit(model: str, **options: object) -> FitRequest:
    return FitRequest(panel=DAILY, model=model, horizon=7, options=options)


@pytest.mark.parametrize(
    ("request_", "resource"),
    [
        (fit("lstm"), "gpu0"),
        (fit("lstm", device="cuda"), "gpu0"),
        (fit("lstm", device="cpu"), "cpu"),
        (fit("theta"), "cpu"),
        (fit("ensemble", members=["theta", "gru"]), "gpu0"),
        (
            fit("ensemble", members=["theta", "gru"], member_options={"gru": {"device": "cpu"}}),
            "cpu",
        ),
        (BacktestRequest(panel=DAILY, models=("arima", "transformer"), horizon=7), "gpu0"),
        (BacktestRequest(panel=DAILY, models=("arima", "theta"), horizon=7), "cpu"),
        (ForecastRequest(panel=DAILY, from_run="gone", horizon=7), "cpu"),
    ],
)
def test_when_a_network_may_use_a_gpu_then_it_goes_to_one(
    tmp_path: Path, request_: Request, resource: str
) -> None:
    with Engine(tmp_path / "var", slots=TWO) as engine:
        assert engine.resource_for(request_) == resource


def test_when_there_is_no_gpu_then_all_go_to_the_cpu(tmp_path: Path) -> None:
    with Engine(tmp_path / "var") as engine:
        assert engine.resource_for(fit("lstm")) == "cpu"


def test_when_gpus_are_busy_then_the_next_goes_to_the_one_with_fewest_jobs(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    """Each worker sees its own GPU alone, before torch is loaded, and one job runs on each."""
    with Engine(tmp_path / "var", slots=TWO, command=slow_kind.COMMAND) as engine:
        run_ids = []
        for _ in range(3):
            resource = engine.resource_for(fit("lstm"))
            run_ids.append(engine.submit(SlowRequest(seconds=60), frame, resource=resource))
        assert [engine.job(each).resource for each in run_ids] == ["gpu0", "gpu1", "gpu0"]
        for run_id, number in zip(run_ids[:2], "01", strict=True):
            pid = working(engine, run_id).pid
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            assert f"CUDA_VISIBLE_DEVICES={number}".encode() in environment
        assert engine.job(run_ids[2]).state == "queued"
        for run_id in run_ids:
            engine.cancel(run_id)
            engine.cancel(run_id)


def test_when_the_gpu_of_a_waiting_job_is_gone_then_it_runs_on_the_cpu(
    tmp_path: Path, frame: pd.DataFrame, slow: None
) -> None:
    with Engine(tmp_path / "var", slots=TWO, command=slow_kind.COMMAND) as engine:
        run_id = engine.submit(SlowRequest(seconds=1), frame, resource="gpu1")
        until(lambda: engine.job(run_id).state == "running")
    with Engine(tmp_path / "var", command=slow_kind.COMMAND) as engine:
        assert ended(engine, run_id) == "succeeded"
        assert engine.job(run_id).resource == "cpu"
        assert "there is no gpu1 any more" in [each.why for each in engine.history(run_id)]


def test_when_slots_differ_then_all_of_them_share_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.backends.os.cpu_count", lambda: 16)
    backend = LocalBackend(["true"], slots={"cpu": 2, "gpu0": 1, "gpu1": 1}, memory_mb=None)
    assert backend.threads == 4
