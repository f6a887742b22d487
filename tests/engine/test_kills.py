"""Workers killed with -9 at random moments, and an app while a network trains.

Every time the result is that of an undisturbed run, and nobody is ever shown half of one.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import quick_checkpoints
from waiting import ended, processes_of, until

from engine.processes import is_alive
from engine.queue import OVER
from engine.requests import ForecastRequest, PanelSpec
from engine.runs import Run
from engine.supervisor import WORKER, Engine

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
DAILY = PanelSpec(freq="D")
TINY = {"width": 8, "batch_size": 16, "patience": 999, "max_steps": 24}
REQUESTS = {
    "lstm": ForecastRequest(panel=DAILY, model="lstm", horizon=7, options=TINY),
    "theta": ForecastRequest(panel=DAILY, model="theta", horizon=7),
    "naive": ForecastRequest(panel=DAILY, model="seasonal_naive", horizon=7),
}
KILLS = {"lstm": 5, "theta": 4, "naive": 11}  # the last starts in half a second


@dataclass
class Undisturbed:
    """What a worker gives that nobody kills, and how long it takes on this machine now."""

    forecast: pd.DataFrame
    model: dict[str, bytes]  # the files of model/
    seconds: float


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Engine]]:
    """One for each model, so that they train side by side."""
    folder = tmp_path_factory.mktemp("kills")
    commands = {"lstm": quick_checkpoints.COMMAND, "theta": WORKER, "naive": WORKER}
    with ExitStack() as stack:
        opened = {name: Engine(folder / name, command=commands[name]) for name in REQUESTS}
        yield {name: stack.enter_context(engine) for name, engine in opened.items()}
    assert processes_of(folder) == []


@pytest.fixture(scope="module")
def undisturbed(engines: dict[str, Engine], frame: pd.DataFrame) -> dict[str, Undisturbed]:
    """Side by side too, so that the moments of killing lie evenly from start to end."""

    def one(name: str) -> Undisturbed:
        engine = engines[name]
        run_id = engine.submit(REQUESTS[name], frame)
        until(partial(has_process, engine, run_id))
        begun = time.monotonic()
        assert ended(engine, run_id, timeout=120) == "succeeded"
        run = engine.run(run_id)
        forecast = run.frame("forecast")
        assert forecast is not None
        return Undisturbed(forecast, model_files(run), time.monotonic() - begun)

    with ThreadPoolExecutor(len(REQUESTS)) as side_by_side:
        return dict(zip(REQUESTS, side_by_side.map(one, REQUESTS), strict=True))


def has_process(engine: Engine, run_id: str) -> bool:
    return engine.job(run_id).pid is not None


def model_files(run: Run) -> dict[str, bytes]:
    """The content of model/, less what tells how long it took and whether it was resumed."""
    return {each.name: each.read_bytes() for each in run.model.glob("*.safetensors")}


def test_when_killed_at_twenty_random_moments_then_the_results_are_those_of_undisturbed_runs(
    engines: dict[str, Engine], frame: pd.DataFrame, undisturbed: dict[str, Undisturbed]
) -> None:
    def deaths(name: str) -> list[int]:
        """For each kill, whether it came before the worker's last word."""
        chance, found = random.Random(name), list[int]()
        while len(found) < KILLS[name]:
            share = chance.random()
            died = _killed_at(share, engines[name], REQUESTS[name], frame, undisturbed[name])
            if died is not None:
                found.append(died)
        return found

    with ThreadPoolExecutor(len(REQUESTS)) as side_by_side:
        counts = [count for each in side_by_side.map(deaths, REQUESTS) for count in each]
    assert len(counts) == 20
    assert sum(counts) >= 10


def _killed_at(
    share: float,
    engine: Engine,
    request: ForecastRequest,
    frame: pd.DataFrame,
    expected: Undisturbed,
) -> int | None:
    """Kill a worker so far into its run, and check all that is shown; how many died of it.

    None where this run was over sooner; none died where all but the end of the process was done.
    """
    run_id = engine.submit(request, frame)
    run = engine.run(run_id)
    until(partial(has_process, engine, run_id))
    job, begun, is_killed = engine.job(run_id), time.monotonic(), False
    while (now := engine.job(run_id)).state not in OVER:
        check_what_is_shown(engine, request, frame, run, expected)
        if not is_killed and time.monotonic() - begun > share * expected.seconds:
            is_killed = is_alive(job.pid or 0, job.pid_started or "")
            if not is_killed:  # this run was quicker
                break
            os.kill(job.pid or 0, signal.SIGKILL)
        assert time.monotonic() - begun < 180, (share, now)
        time.sleep(0.05)
    assert ended(engine, run_id, timeout=60) == "succeeded", (share, engine.history(run_id))
    deaths = engine.job(run_id).deaths
    assert deaths <= is_killed
    check_what_is_shown(engine, request, frame, run, expected)
    assert run.frame("forecast") is not None
    assert model_files(run) == expected.model, share
    assert not [each.name for each in run.folder.iterdir() if each.name.endswith((".new", ".old"))]
    run.delete()
    return deaths if is_killed else None


def check_what_is_shown(
    engine: Engine, request: ForecastRequest, frame: pd.DataFrame, run: Run, expected: Undisturbed
) -> None:
    """A page finds no forecast, or the whole one; and is offered none before the job is done."""
    offered = engine.finished_equal(request, frame) == run.run_id
    assert not offered or engine.job(run.run_id).state == "succeeded"
    shown = run.frame("forecast")
    if shown is not None:
        pd.testing.assert_frame_equal(shown, expected.forecast)


APP = """
import sys, time
from pathlib import Path
import pandas as pd
sys.path.insert(0, {tests!r})
import quick_checkpoints
from engine.requests import from_json
from engine.supervisor import Engine
from test_kills import REQUESTS
engine = Engine(Path({folder!r}), command=quick_checkpoints.COMMAND)
print(engine.submit(REQUESTS["lstm"], pd.read_parquet({panel!r})), flush=True)
time.sleep(600)
"""


def test_when_the_app_is_killed_while_a_network_trains_then_the_next_one_sees_it_end(
    tmp_path: Path, frame: pd.DataFrame, undisturbed: dict[str, Undisturbed]
) -> None:
    folder, panel = tmp_path / "var", tmp_path / "panel.parquet"
    frame.to_parquet(panel)
    script = APP.format(tests=str(Path(__file__).parent), folder=str(folder), panel=str(panel))
    app = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
    assert app.stdout
    run = Run(folder / "runs" / app.stdout.readline().decode().strip())
    until(lambda: len(run.curves()) > 0, seconds=60)
    app.kill()
    app.communicate()
    with Engine(folder, command=quick_checkpoints.COMMAND) as engine:
        assert ended(engine, run.run_id, timeout=120) == "succeeded"
        job = engine.job(run.run_id)
    assert (job.attempts, job.deaths) == (1, 0)
    shown = run.frame("forecast")
    assert shown is not None
    pd.testing.assert_frame_equal(shown, undisturbed["lstm"].forecast)
    assert model_files(run) == undisturbed["lstm"].model
