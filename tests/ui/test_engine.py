"""The app's engine: its queues, and a run whose app died before it wrote the run down."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.registry import Registry
from ui import engine

ROOT = Path(__file__).parent.parent.parent
SUBMITS_AND_DIES = """
import os, signal
import pandas as pd
from engine.registry import About, Registry
from engine.requests import ForecastRequest, PanelSpec
from ui import engine
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
Registry.add = die
days = pd.date_range("2024-01-01", periods=30)
frame = pd.DataFrame({"series_id": "a", "timestamp": days, "target": 1.0})
request = ForecastRequest(panel=PanelSpec(freq="D"), model="naive", horizon=2)
about = About(model="naive", scope={"where": "all"}, horizon=2)
engine.submit(request, frame, about=about, name="All of it", tags=["by hand"])
"""
STARTS_AGAIN = """
import json
from ui import engine
opened = engine.engine()
entries = engine.registry().entries()  # before the run can have ended
state = opened.wait(opened.jobs()[0].run_id, timeout=60).state
print(json.dumps([state] + [[e.run_id, e.name, e.tags, e.about.scope] for e in entries]))
engine.close()
"""


def app(folder: Path, script: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "ALMANAC_VAR": str(folder), "ALMANAC_GPUS": "0"}
    command = [sys.executable, "-c", script]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_when_the_app_dies_between_submitting_and_registering_then_the_next_one_registers(
    tmp_path: Path,
) -> None:
    died = app(tmp_path, SUBMITS_AND_DIES)
    assert died.returncode == -signal.SIGKILL, died.stderr
    lost = Registry(tmp_path)
    assert lost.entries() == []
    lost.close()
    again = app(tmp_path, STARTS_AGAIN)
    assert again.returncode == 0, again.stderr
    state, *entries = json.loads(again.stdout.splitlines()[-1])
    (run_id,) = (each.name for each in (tmp_path / "runs").iterdir())
    assert state == "succeeded"
    assert entries == [[run_id, "All of it", ["by hand"], {"where": "all"}]]
    assert (tmp_path / "runs" / run_id / "forecast.parquet").is_file()


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALMANAC_VAR", str(tmp_path))
    monkeypatch.setenv("ALMANAC_JOBS", "2")
    monkeypatch.setenv("ALMANAC_GPUS", "2")
    yield
    engine.close()


def test_when_the_setting_names_two_gpus_then_each_has_a_queue(opened: None) -> None:
    assert engine.engine().slots == {"cpu": 2, "gpu0": 1, "gpu1": 1}
    assert engine.slots_for(["theta", "lstm"]) == ("GPU", 2)
    assert engine.slots_for(["theta", "gbm"]) == ("CPU", 2)
