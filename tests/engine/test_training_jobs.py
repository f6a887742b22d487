"""Networks trained by real workers: watched, cancelled with the best kept, killed and resumed."""

import os
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import quick_checkpoints
from waiting import ended, processes_of, until

import forecasting as fc
from engine.requests import BacktestRequest, FitRequest, ForecastRequest, PanelSpec
from engine.runs import Run
from engine.supervisor import Engine
from forecasting.networks.checkpoint import FILE
from forecasting.networks.forecaster import NetworkForecaster

pytestmark = pytest.mark.slow

DAILY = PanelSpec(freq="D")
SMALL: dict[str, Any] = {"width": 8, "batch_size": 16, "patience": 999}
ENDLESS = SMALL | {"max_steps": 1_000_000}


def trained(engine: Engine, run_id: str) -> Run:
    """The run, once its network has done some steps."""
    run = engine.run(run_id)
    until(lambda: len(run.curves()) > 1, seconds=60)
    return run


def kept(run: Run) -> NetworkForecaster:
    model = fc.load(run.model)
    assert isinstance(model, NetworkForecaster)
    return model


def test_when_a_forecast_is_cancelled_while_its_network_trains_then_both_are_kept(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    """The engine kills a worker that does not end within five seconds: then nothing is kept."""
    with Engine(tmp_path / "var") as engine:
        request = ForecastRequest(panel=DAILY, model="lstm", horizon=7, options=ENDLESS)
        run = trained(engine, engine.submit(request, frame))
        engine.cancel(run.run_id)
        assert ended(engine, run.run_id) == "cancelled"
        assert "the best so far kept" in engine.job(run.run_id).why
    status = run.status()
    assert status
    assert (status.state, status.kept) == ("stopped", True)
    forecast = pd.read_parquet(run.folder / "forecast.parquet")
    assert forecast["mean"].notna().all()
    assert len(forecast) == 3 * 7
    model = kept(run)
    assert model.training.stopped
    assert 0 < model.training.steps == run.curves()["step"].max()
    assert (run.checkpoint / FILE).is_file()  # from which it may go on
    assert processes_of(tmp_path) == []


def test_when_a_fit_is_cancelled_then_the_model_so_far_predicts(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    with Engine(tmp_path / "var") as engine:
        request = FitRequest(panel=DAILY, model="gru", horizon=7, options=ENDLESS)
        run = trained(engine, engine.submit(request, frame))
        engine.cancel(run.run_id)
        assert ended(engine, run.run_id) == "cancelled"
    panel = fc.Panel.from_frame(frame, freq="D")
    assert not kept(run).predict(panel).notes


def test_when_a_backtest_is_cancelled_then_a_half_trained_network_is_not_compared(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    with Engine(tmp_path / "var") as engine:
        models = ("naive", "lstm")
        request = BacktestRequest(
            panel=DAILY, models=models, horizon=7, options={"lstm": dict(ENDLESS)}
        )
        run = trained(engine, engine.submit(request, frame))
        engine.cancel(run.run_id)
        assert ended(engine, run.run_id) == "cancelled"
    assert pd.read_parquet(run.folder / "leaderboard.parquet")["model"].tolist() == ["naive"]


def test_when_the_worker_is_killed_then_training_goes_on_and_ends_as_if_undisturbed(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    options = SMALL | {"max_steps": 300}
    with Engine(tmp_path / "var", command=quick_checkpoints.COMMAND) as engine:
        request = ForecastRequest(panel=DAILY, model="lstm", horizon=7, options=options)
        run = engine.run(engine.submit(request, frame))
        until((run.checkpoint / FILE).is_file, seconds=60)
        status = run.status()
        assert status
        os.kill(status.pid, signal.SIGKILL)
        assert ended(engine, run.run_id, timeout=120) == "succeeded"
        job = engine.job(run.run_id)
    assert (job.deaths, job.attempts) == (1, 2)
    model = kept(run)
    assert 0 < model.training.resumed_at < 300
    assert any("went on from a checkpoint" in entry["message"] for entry in run.log_tail())
    panel = fc.Panel.from_frame(frame, freq="D")
    whole = fc.create("lstm", horizon=7, **options).fit(panel)
    whole.save(tmp_path / "whole")
    weights = "weights.safetensors"
    assert (run.model / weights).read_bytes() == (tmp_path / "whole" / weights).read_bytes()
    pd.testing.assert_frame_equal(
        pd.read_parquet(run.folder / "forecast.parquet"),
        whole.predict(panel).to_frame(),
        check_dtype=False,
    )
    curves = run.curves()
    for _, stage in curves.groupby("stage"):
        assert stage["step"].is_monotonic_increasing
    assert curves["metric"].min() == model.training.validation_wql
    assert list((run.folder / "events").iterdir())
    assert not run.checkpoint.exists()


def test_when_the_app_is_closed_then_the_training_goes_on_with_the_next_one(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    with Engine(tmp_path / "var") as engine:
        request = FitRequest(panel=DAILY, model="lstm", horizon=7, options=ENDLESS)
        run = trained(engine, engine.submit(request, frame))
    stopped_at = kept(run).training.steps
    with Engine(tmp_path / "var") as engine:
        until(lambda: run.curves()["step"].max() > stopped_at, seconds=60)
        engine.cancel(run.run_id)
        assert ended(engine, run.run_id) == "cancelled"
    assert kept(run).training.resumed_at == stopped_at
