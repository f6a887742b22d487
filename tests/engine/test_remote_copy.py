"""Runs that go by way of object storage: what arrives, in which order, and a worker far away."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest

from engine.errors import EngineError, RunError
from engine.far_worker import main
from engine.processes import ROOT
from engine.ray_jobs import RayBackend
from engine.remote_copy import RemoteCopy
from engine.requests import ForecastRequest, PanelSpec
from engine.runs import Run, Status
from engine.worker import DONE, FAILED

DAILY = PanelSpec(freq="D")
REQUEST = ForecastRequest(panel=DAILY, model="naive", horizon=2)


@pytest.fixture(params=["memory://almanac/runs", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Under which copies are kept; nothing is left in memory."""
    yield f"file://{tmp_path}/store" if request.param == "file" else request.param
    memory = fsspec.filesystem("memory")
    if memory.exists("/almanac"):
        memory.rm("/almanac", recursive=True)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def run(runs: Path, frame: pd.DataFrame) -> Run:
    return Run.create(runs / "run", REQUEST, frame)


def content(folder: Path) -> dict[str, bytes]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in files}


def received(url: str, folder: Path) -> tuple[RemoteCopy, Run]:
    """A copy as the worker has it, with the folder that it works in."""
    copy = RemoteCopy(url, "run", 1)
    return copy, Run(copy.receive(folder))


def test_when_a_run_is_sent_then_the_worker_receives_it_with_the_runs_it_builds_on(
    tmp_path: Path, frame: pd.DataFrame, run: Run, url: str
) -> None:
    """Of the other run the model is wanted, and not the sales."""
    (run.model / "members").mkdir(parents=True)
    (run.model / "members" / "config.json").write_text("{}")
    (run.folder / "worker.lock").touch()
    (run.folder / ".status.json.new").touch()
    asked = ForecastRequest(panel=DAILY, from_run="run")
    second = Run.create(run.folder.with_name("second"), asked, frame)
    RemoteCopy(url, "second", 1).send(second)
    folder = RemoteCopy(url, "second", 1).receive(tmp_path / "far")
    assert folder.name == "second"
    assert content(folder) == content(second.folder)
    assert set(content(folder.with_name("run"))) == {"request.json", "model/members/config.json"}


def test_when_the_worker_writes_then_the_app_finds_it_and_what_is_removed_goes(
    tmp_path: Path, run: Run, url: str
) -> None:
    run.checkpoint.mkdir()
    (run.checkpoint / "old").write_text("from the attempt before")
    (run.folder / "log.jsonl").write_text("{}\n")
    app = RemoteCopy(url, "run", 1)
    app.send(run)
    worker, far = received(url, tmp_path / "far")
    app.fetch(run)
    assert run.status() is None
    far.write_status(Status(pid=1, pid_started="then", progress=0.5))
    with far.log.open("a") as file:
        file.write('{"message": "at work"}\n')
    worker.push(far.folder)
    app.fetch(run)
    assert run.status() == far.status()
    assert run.log.read_text() == far.log.read_text()
    far.model.mkdir()
    (far.model / "config.json").write_text("{}")
    for each in far.checkpoint.iterdir():
        each.unlink()
    far.write_status(Status(pid=1, pid_started="then", state="succeeded"))
    worker.push(far.folder)
    app.fetch(run)
    assert content(run.folder) == content(far.folder)
    assert not run.checkpoint.exists()
    app.remove()
    app.remove()
    files, root = fsspec.url_to_fs(url)
    assert not files.exists(f"{root}/run/1")


def test_when_results_are_written_while_they_are_pushed_then_no_end_is_seen_before_them(
    tmp_path: Path, run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker ends just as its first files are on their way."""
    app = RemoteCopy(url, "run", 1)
    app.send(run)
    worker, far = received(url, tmp_path / "far")
    far.write_status(Status(pid=1, pid_started="then"))
    (far.folder / "a.parquet").write_bytes(b"half")
    put = worker._put

    def end_meanwhile(file: Path, name: str) -> None:
        put(file, name)
        (far.folder / "a.parquet").write_bytes(b"the whole")
        far.write_status(Status(pid=1, pid_started="then", state="succeeded"))

    monkeypatch.setattr(worker, "_put", end_meanwhile)
    worker.push(far.folder)
    app.fetch(run)
    status = run.status()
    assert status
    assert status.state == "starting"
    worker.push(far.folder)
    app.fetch(run)
    assert content(run.folder)["a.parquet"] == b"the whole"
    assert (status := run.status())
    assert status.state == "succeeded"


def test_when_nothing_has_changed_then_nothing_is_sent_or_fetched_again(
    tmp_path: Path, run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = RemoteCopy(url, "run", 1)
    app.send(run)
    worker, far = received(url, tmp_path / "far")
    (far.folder / "forecast.parquet").write_bytes(b"numbers")
    worker.push(far.folder)
    app.fetch(run)

    def refuse(*_: Any) -> None:
        raise AssertionError("again")

    monkeypatch.setattr(worker, "_put", refuse)
    monkeypatch.setattr(app._files, "get_file", refuse)
    worker.push(far.folder)
    app.fetch(run)


def test_when_the_run_was_deleted_then_nothing_is_fetched(
    tmp_path: Path, run: Run, url: str
) -> None:
    app = RemoteCopy(url, "run", 1)
    app.send(run)
    worker, far = received(url, tmp_path / "far")
    far.write_status(Status(pid=1, pid_started="then"))
    worker.push(far.folder)
    run.delete()
    app.fetch(run)
    assert not run.folder.exists()


def test_when_half_of_the_list_is_there_then_the_app_waits_for_the_other_half(
    tmp_path: Path, run: Run
) -> None:
    """A disk shows half a file; an object store does not."""
    app = RemoteCopy(f"file://{tmp_path}/store", "run", 1)
    app.send(run)
    (tmp_path / "store" / "run" / "1" / "out.json").write_text('{"files": {"a')
    app.fetch(run)
    assert run.status() is None


def test_when_nothing_was_sent_then_the_worker_says_so(tmp_path: Path, url: str) -> None:
    with pytest.raises(RunError, match="Nothing was sent"):
        RemoteCopy(url, "run", 1).receive(tmp_path)


@pytest.mark.parametrize("url", ["nowhere://bucket", "ocilake://bucket/runs"])
def test_when_the_store_cannot_be_used_then_the_app_says_so_at_its_start(url: str) -> None:
    with pytest.raises(EngineError, match=f"ALMANAC_RUNS_URL='{url}.*cannot be used"):
        RayBackend("http://head:8265", runs_url=url)


@pytest.mark.parametrize(("model", "code"), [("naive", DONE), ("sarimax", FAILED)])
def test_when_a_worker_is_far_away_then_its_end_arrives_and_nothing_is_left_there(
    tmp_path: Path, runs: Path, frame: pd.DataFrame, model: str, code: int
) -> None:
    """A real process with nothing but the URL."""
    url, scratch = f"file://{tmp_path}/store", tmp_path / "scratch"
    options = {"season_length": 1} if model == "sarimax" else {}  # which it does not have
    request = ForecastRequest(panel=DAILY, model=model, horizon=2, options=options)
    run = Run.create(runs / "run", request, frame)
    app = RemoteCopy(url, "run", 3)
    app.send(run)
    scratch.mkdir()
    ran = subprocess.run(
        [sys.executable, "-m", "engine.far_worker", url, "run", "3"],
        env={"PATH": "", "TMPDIR": str(scratch), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    app.fetch(run)
    assert (status := run.status())
    assert status.state == ("succeeded" if code == DONE else "failed")
    assert (run.frame("forecast") is not None) == (code == DONE)
    assert (run.failure() is not None) == (code == FAILED)
    assert list(scratch.iterdir()) == []
    sent = json.loads((tmp_path / "store" / "run" / "3" / "out.json").read_text())
    assert "panel.parquet" not in sent["files"]


def test_when_the_store_is_lost_then_the_worker_raises_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Nothing was sent"):
        main([f"file://{tmp_path}", "run", "1"])
