"""Items spread over a small Ray cluster, which a script of its own starts and takes with it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import json, os, sys, time
import numpy as np
import pandas as pd
import ray
import forecasting as fc
from forecasting.networks import forecaster, shards
from forecasting.errors import ForecastingError
from forecasting.parallel import run_tasks
from forecasting.progress import Reporter

def square(x):
    time.sleep(0.02)
    if x < 0:
        raise ForecastingError(f"{x} is negative")
    return x * x, os.getpid()

def spread(task, items, on_progress=None, deadline=None):
    reporter = Reporter(on_progress, "squares", len(items), every_seconds=0.0)
    return run_tasks(task, items, n_jobs=1, reporter=reporter, deadline=deadline)

def stop(progress):
    seen.append(progress.done)
    if progress.done >= 40:
        raise KeyboardInterrupt

def forecasts():
    frame = pd.DataFrame({
        "series_id": np.repeat([f"s{i}" for i in range(7)], 60),
        "timestamp": np.tile(pd.date_range("2024-01-01", periods=60), 7),
        "target": np.random.default_rng(0).poisson(9, 420) + 0.0,
        "price": np.arange(420) % 5 + 1.0,
    })
    panel = fc.Panel.from_frame(frame, freq="D", known_covariates=["price"])
    model = fc.create("gru", horizon=4, width=8, batch_size=16, max_steps=5).fit(panel)
    future = fc.fill_future(panel, 4)
    forecaster.PREDICTED = 2
    whole = model.predict(panel, known_future=future).to_frame()
    shards.SHARD = 2
    return whole, model.predict(panel, known_future=future).to_frame()

def error_of(call):
    try:
        call()
    except BaseException as error:
        return [type(error).__name__, str(error)]

if __name__ == "__main__":
    driver, seen, told = os.getpid(), [], {}
    told["alone"] = [value for value, _ in spread(square, range(300))]
    ray.init(num_cpus=1, include_dashboard=False, object_store_memory=80_000_000,
             _temp_dir=sys.argv[1], log_to_driver=False, configure_logging=False)
    done = []
    found = spread(square, range(300), lambda each: done.append(each.done))
    told["spread"] = [value for value, _ in found]
    told["elsewhere"] = len({pid for _, pid in found} - {driver})
    told["done"] = done
    late = spread(square, range(300), deadline=time.monotonic() + 1.0)
    told["late"] = sum(each is None for each in late)
    told["stopped"] = error_of(lambda: spread(square, range(300), stop))
    told["seen"] = max(seen)
    told["wrong"] = error_of(lambda: spread(square, range(-1, 299)))
    whole, parts = forecasts()
    pd.testing.assert_frame_equal(parts, whole, check_exact=True)
    told["predicted"] = len(parts)
    busy = ray.remote(num_cpus=1)(lambda: time.sleep(600)).remote()
    time.sleep(1)
    told["crowded"] = [value for value, _ in spread(square, range(100))]
    print("TOLD", json.dumps(told))
"""


def told() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="rt", dir="/tmp") as folder:  # Ray wants it short
        script = Path(folder) / "script.py"
        script.write_text(SCRIPT)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "RAY_AUTH_MODE": "disabled",
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        ran = subprocess.run(
            [sys.executable, str(script), f"{folder}/t"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr[-3000:]
    line = next(each for each in ran.stdout.splitlines() if each.startswith("TOLD "))
    found: dict[str, Any] = json.loads(line.removeprefix("TOLD "))
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return told()


def test_when_this_process_has_joined_a_cluster_then_items_become_its_tasks(
    found: dict[str, Any],
) -> None:
    assert found["spread"] == found["alone"] == [x * x for x in range(300)]
    assert found["elsewhere"] >= 1
    assert found["done"] == sorted(found["done"])
    assert found["done"][-1] == 300


def test_when_time_runs_out_or_a_stop_is_asked_for_then_the_rest_is_left(
    found: dict[str, Any],
) -> None:
    assert 0 < found["late"] < 300
    assert found["stopped"][0] == "KeyboardInterrupt"
    assert 40 <= found["seen"] < 300


def test_when_a_task_fails_then_its_own_error_is_raised(found: dict[str, Any]) -> None:
    assert "-1 is negative" in found["wrong"][1]


def test_when_a_network_predicts_many_series_then_shards_give_the_same_forecast(
    found: dict[str, Any],
) -> None:
    assert found["predicted"] == 7 * 4


def test_when_no_cpu_of_the_cluster_is_free_then_this_process_does_it_all(
    found: dict[str, Any],
) -> None:
    assert found["crowded"] == [x * x for x in range(100)]
