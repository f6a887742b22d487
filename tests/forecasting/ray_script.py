"""What `test_ray_tasks` sees of a Ray cluster, which this script starts and takes with it.

`python ray_script.py FOLDER FIRST` prints a line TOLD with JSON. FOLDER is for Ray, and for what
tasks leave behind. A process of its own, since it becomes the driver of a cluster.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import ray

import forecasting as fc
from forecasting.errors import ForecastingError
from forecasting.networks import forecaster, shards
from forecasting.parallel import run_parts, run_tasks
from forecasting.progress import OnProgress, Progress, Reporter

SMALL: dict[str, Any] = {"width": 8, "batch_size": 16, "max_steps": 12}
DRIVER = os.getpid()
FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp")


def square(x: int) -> tuple[int, int]:
    time.sleep(0.01)
    if x < 0:
        raise ForecastingError(f"{x} is negative")
    return x * x, os.getpid()


def spread(
    items: Sequence[int], on_progress: OnProgress | None = None, deadline: float | None = None
) -> list[Any]:
    reporter = Reporter(on_progress, "squares", len(items), every_seconds=0.0)
    return run_tasks(square, items, n_jobs=1, reporter=reporter, deadline=deadline)


def values(found: list[Any]) -> list[int]:
    return [value for value, _ in found]


def error_of(call: Callable[[], object]) -> list[str]:
    try:
        call()
    except BaseException as error:
        return [type(error).__name__, str(error)]
    return []


def sales(series: int, days: int = 60) -> fc.Panel:
    frame = pd.DataFrame(
        {
            "series_id": np.repeat([f"s{i:02d}" for i in range(series)], days),
            "timestamp": np.tile(pd.date_range("2024-01-01", periods=days), series),
            "target": np.random.default_rng(0).poisson(9, series * days) + 0.0,
            "price": np.arange(series * days) % 5 + 1.0,
        }
    )
    return fc.Panel.from_frame(frame, freq="D", known_covariates=["price"])


def shares() -> dict[str, Any]:
    """Many small tasks: chunks of squares, and shards of a prediction."""
    seen: list[int] = []

    def stop(progress: Progress) -> None:
        seen.append(progress.done)
        if progress.done >= 40:
            raise KeyboardInterrupt

    done: list[int] = []
    found = spread(range(300), lambda each: done.append(each.done))
    told: dict[str, Any] = {"spread": values(found), "done": done}
    told["elsewhere"] = len({pid for _, pid in found} - {DRIVER})
    late = spread(range(900), deadline=time.monotonic() + 1.0)
    told["late"] = sum(each is None for each in late)
    told["stopped"] = error_of(lambda: spread(range(300), stop))
    told["seen"] = max(seen)
    told["wrong"] = error_of(lambda: spread(range(-1, 299)))
    panel = sales(7)
    model = fc.create("gru", horizon=4, **SMALL).fit(panel)
    future = fc.fill_future(panel, 4)
    usual = forecaster.PREDICTED, shards.SHARD
    forecaster.PREDICTED = 2
    whole = model.predict(panel, known_future=future).to_frame()
    shards.SHARD = 2
    parts = model.predict(panel, known_future=future).to_frame()
    forecaster.PREDICTED, shards.SHARD = usual
    pd.testing.assert_frame_equal(parts, whole, check_exact=True)
    told["predicted"] = len(parts)
    return told


# --- a few large tasks ---

Part = tuple[str, int]  # what it does, and how long in hundredths of a second


def act(part: Part, on_progress: OnProgress | None) -> int:
    """Note who does the part, then do it; the number of the process."""
    what, length = part
    with (FOLDER / what).open("a") as file:
        file.write(f"{os.getpid()}\n")
    while what.startswith("part") and os.getpid() == DRIVER and not doers("away"):
        time.sleep(0.01)  # a busy machine may take long to start another process
    for step in range(length):
        time.sleep(0.01)
        if on_progress is not None:
            on_progress(Progress(what, step + 1, length, 0.0))
    if what.startswith("part") and os.getpid() != DRIVER:
        (FOLDER / "away").write_text(f"{os.getpid()}\n")
    if what.startswith("wrong") and os.getpid() != DRIVER:
        raise ForecastingError("that is no part")
    if what.startswith("dies") and os.getpid() != DRIVER:
        os._exit(9)
    return os.getpid()


def do(parts: Sequence[Part], on_progress: OnProgress | None = None) -> dict[Part, int]:
    found: dict[Part, int] = {}
    run_parts(
        act,
        parts,
        kind="parts",
        on_progress=on_progress,
        on_done=found.__setitem__,
        name=lambda part: f"The part {part[0]}",
        gpus=lambda part: 0,
    )
    return found


def doers(what: str) -> list[int]:
    file = FOLDER / what
    return [int(each) for each in file.read_text().split()] if file.is_file() else []


def parts() -> dict[str, Any]:
    told: dict[str, Any] = {}
    seen: list[Progress] = []
    found = do([(f"part {i}", 50) for i in range(6)], seen.append)
    told["parts"] = len(found)
    told["by this"] = sum(pid == DRIVER for pid in found.values())
    told["by others"] = sum(pid != DRIVER for pid in found.values())
    told["seen"] = [[each.stage, each.fraction] for each in seen]

    def stop(progress: Progress) -> None:
        if doers("endless a") and doers("endless b"):
            raise KeyboardInterrupt

    told["stopped"] = error_of(lambda: do([("endless a", 10**6), ("endless b", 10**6)], stop))
    deadline = time.monotonic() + 20
    ended = doers("endless a") + doers("endless b")
    while any(is_there(pid) for pid in ended if pid != DRIVER) and time.monotonic() < deadline:
        time.sleep(0.05)
    told["left"] = [pid for pid in ended if pid != DRIVER and is_there(pid)]
    told["wrong"] = error_of(lambda: do([("wrong", 1), ("long", 10**6)]))
    told["lost"] = error_of(lambda: do([("dies", 1), ("long", 10**6)]))
    told["deaths"] = len(doers("dies"))
    return told


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def crowded() -> dict[str, Any]:
    """No CPU of the cluster is free."""
    busy = ray.remote(num_cpus=2)(lambda: time.sleep(600)).remote()
    time.sleep(1)
    told = {"squares": values(spread(range(100)))}
    told["parts"] = sorted(set(do([("crowd a", 20), ("crowd b", 20), ("crowd c", 20)]).values()))
    told["driver"] = [DRIVER]
    ray.cancel(busy, force=True)
    return told


def compared(panel: fc.Panel, seen: list[Progress]) -> fc.Backtest:
    return fc.backtest(
        panel,
        ["theta", "lstm"],
        horizon=7,
        num_windows=2,
        options={"lstm": SMALL},
        on_progress=seen.append,
    )


def searched(panel: fc.Panel, **changed: Any) -> fc.TuningResult:
    asked: dict[str, Any] = {
        "horizon": 7,
        "options": {"num_rounds": 5, "max_rows": 300, "max_origins": 20},
        "space": {"num_leaves": [4, 7, 15], "learning_rate": fc.Between(low=1e-4, high=0.5)},
        "trials": 8,
        "sampler": "random",
    }
    return fc.tune(panel, "gbm", **asked | changed)


def told_of_trials(result: fc.TuningResult) -> dict[str, Any]:
    frame = result.trials[~result.trials["why"].str.startswith("interrupted")]
    return {
        "states": frame["state"].tolist(),
        "values": frame["value"].round(12).fillna(-1.0).tolist(),
        "rates": frame["learning_rate"].round(12).tolist(),
        "why": frame["why"].tolist(),
        "best": result.value,
        "default": result.default_value,
        "seconds": result.seconds,
        "stopped": result.stopped,
    }


def stop_after(trials: int) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if progress.done >= 100 * trials:
            raise KeyboardInterrupt

    return report


def trials(panel: fc.Panel) -> dict[str, Any]:
    seen: list[Progress] = []
    began = time.monotonic()
    told: dict[str, Any] = {"whole": told_of_trials(searched(panel, on_progress=seen.append))}
    told["clock"] = time.monotonic() - began
    told["seen"] = [[each.stage, each.fraction] for each in seen]
    folder = FOLDER / "search"
    stopped = searched(panel, storage=folder, on_progress=stop_after(3))
    told["stopped"] = told_of_trials(stopped)
    told["resumed"] = told_of_trials(searched(panel, storage=folder))
    told["learned"] = told_of_trials(searched(panel, sampler="tpe"))
    told["learned again"] = told_of_trials(searched(panel, sampler="tpe"))
    space = {"num_heads": [3, 4], "learning_rate": [1e-3, 2e-3]}
    options = {"width": 8, "max_steps": 2, "batch_size": 8}
    failed = fc.tune(
        panel, "transformer", horizon=7, options=options, space=space, trials=6, seed=1
    ).trials
    told["failed"] = failed.loc[failed["state"] == "failed", "why"].tolist()
    told["short"] = told_of_trials(searched(panel, trials=None, budget_seconds=1e-3))
    return told


def main() -> None:
    told: dict[str, Any] = {}
    panel, few = sales(40), sales(6)
    progress: list[Progress] = []
    here = compared(panel, progress)
    told["search"] = told_of_trials(searched(few))
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=80_000_000,
        _temp_dir=f"{FOLDER}/t",
        log_to_driver=False,
        configure_logging=False,
    )
    ray.get([ray.remote(square).remote(1) for _ in range(4)])  # its processes are there
    told["shares"] = shares()
    told["parts"] = parts()
    told["crowded"] = crowded()
    progress = []
    there = compared(panel, progress)
    pd.testing.assert_frame_equal(there.forecasts, here.forecasts, check_exact=True)
    pd.testing.assert_frame_equal(there.metrics, here.metrics, check_exact=True)
    told["windows"] = [[each.stage, each.fraction] for each in progress]
    told["trials"] = trials(few)
    print("TOLD", json.dumps(told))


if __name__ == "__main__":
    main()
