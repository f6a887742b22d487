"""Tasks on a small Ray cluster, which a script of its own starts once and takes with it."""

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
SCRIPT = Path(__file__).with_name("ray_script.py")


def told() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="rt", dir="/tmp") as folder:  # Ray wants it short
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "RAY_AUTH_MODE": "disabled",
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        ran = subprocess.run(
            [sys.executable, str(SCRIPT), folder],
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


@pytest.fixture(scope="module")
def shares(found: dict[str, Any]) -> dict[str, Any]:
    """Of many small tasks."""
    return found["shares"]


@pytest.fixture(scope="module")
def parts(found: dict[str, Any]) -> dict[str, Any]:
    """Of a few large tasks."""
    return found["parts"]


@pytest.fixture(scope="module")
def trials(found: dict[str, Any]) -> dict[str, Any]:
    """Of searches."""
    return found["trials"]


def rises(fractions: list[float]) -> bool:
    return fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] <= 1


def test_when_this_process_has_joined_a_cluster_then_items_become_its_tasks(
    shares: dict[str, Any],
) -> None:
    assert shares["spread"] == [x * x for x in range(300)]
    assert shares["elsewhere"] >= 1
    assert shares["done"] == sorted(shares["done"])
    assert shares["done"][-1] == 300


def test_when_time_runs_out_or_a_stop_is_asked_for_then_the_rest_is_left(
    shares: dict[str, Any],
) -> None:
    assert 0 < shares["late"] < 900
    assert shares["stopped"][0] == "KeyboardInterrupt"
    assert 40 <= shares["seen"] < 300


def test_when_a_task_fails_then_its_own_error_is_raised(
    shares: dict[str, Any], parts: dict[str, Any]
) -> None:
    assert shares["wrong"] == ["ForecastingError", "-1 is negative"]
    assert parts["wrong"] == ["ForecastingError", "that is no part"]


def test_when_a_network_predicts_many_series_then_shards_give_the_same_forecast(
    shares: dict[str, Any],
) -> None:
    assert shares["predicted"] == 7 * 4


def test_when_no_cpu_of_the_cluster_is_free_then_this_process_does_it_all(
    found: dict[str, Any],
) -> None:
    assert found["crowded"]["squares"] == [x * x for x in range(100)]
    assert found["crowded"]["parts"] == found["crowded"]["driver"]


def test_when_tasks_are_large_then_they_run_here_and_there_and_progress_counts_both(
    parts: dict[str, Any],
) -> None:
    assert parts["parts"] == parts["by this"] + parts["by others"] == 6
    assert parts["by this"] >= 1
    assert parts["by others"] >= 1
    stages, fractions = zip(*parts["seen"], strict=True)
    assert rises(list(fractions))
    assert fractions[-1] > 0.9
    assert all(stage.endswith(" of 6 parts done") for stage in stages)


def test_when_large_tasks_are_stopped_then_their_processes_end(parts: dict[str, Any]) -> None:
    assert parts["stopped"][0] == "KeyboardInterrupt"
    assert parts["left"] == []


def test_when_the_process_of_a_large_task_dies_twice_then_the_failure_names_it(
    parts: dict[str, Any],
) -> None:
    kind, words = parts["lost"]
    assert kind == "ForecastingError"
    assert words.startswith("The part dies was lost on the Ray cluster (WorkerCrashedError)")
    assert parts["deaths"] == 2


def test_when_windows_are_tasks_then_progress_counts_them(found: dict[str, Any]) -> None:
    """That their results are those of this process the script itself asserts."""
    stages, fractions = zip(*found["windows"], strict=True)
    assert rises(list(fractions))
    assert all(stage.endswith(" of 4 windows done") for stage in stages)


def test_when_trials_run_side_by_side_then_they_try_what_one_after_the_other_would(
    found: dict[str, Any], trials: dict[str, Any]
) -> None:
    """A random sampler learns nothing, so that only pruning may differ."""
    alone, together = found["search"], trials["whole"]
    assert together["rates"] == alone["rates"]
    assert together["default"] == alone["default"]
    assert together["why"][0] == "the default"
    assert not together["stopped"]
    for here, there in zip(alone["values"], together["values"], strict=True):
        assert here == there or -1.0 in (here, there)
    assert together["seconds"] <= trials["clock"]
    assert rises([fraction for _, fraction in trials["seen"]])


def test_when_the_sampler_learns_then_the_same_trials_come_again_and_bad_ones_are_pruned(
    trials: dict[str, Any],
) -> None:
    first, again = trials["learned"], trials["learned again"]
    for name in ("states", "values", "rates"):
        assert first[name] == again[name]
    assert "pruned" in first["states"] + trials["whole"]["states"]


def test_when_a_search_on_the_cluster_is_stopped_then_it_goes_on_with_what_is_left(
    trials: dict[str, Any],
) -> None:
    stopped, resumed = trials["stopped"], trials["resumed"]
    assert stopped["stopped"]
    assert 1 <= len(stopped["rates"]) < 8
    assert set(stopped["rates"]) <= set(resumed["rates"])
    assert sorted(resumed["rates"]) == sorted(trials["whole"]["rates"])
    assert resumed["best"] == trials["whole"]["best"]


def test_when_a_trial_fails_on_the_cluster_then_the_frame_says_why(trials: dict[str, Any]) -> None:
    assert trials["failed"]
    assert all("num_heads=3 does not divide width=8" in why for why in trials["failed"])


def test_when_the_seconds_are_used_up_then_the_default_is_there(trials: dict[str, Any]) -> None:
    assert trials["short"]["why"][0] == "the default"
