"""What a series costs: CPU seconds and memory of classical models, networks and panels.

`python -m benchmarks.scale` prints the numbers that docs/scale.md reckons with. Each part runs in
a process of its own, so that its memory is its own; seconds are of the CPU, which a busy machine
does not change by much.
"""

import multiprocessing
import resource
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import forecasting as fc

STEPS = 730  # two years of days
HORIZON = 28
LEVELS = (0.1, 0.5, 0.9)
SOME_STEPS = 40  # of training; enough to tell what one costs


def frame_of(series: int) -> pd.DataFrame:
    """Sales with a week in them, as a frame of a database would have them."""
    rng, days = np.random.default_rng(0), pd.date_range("2023-01-01", periods=STEPS)
    week = 1 + 0.4 * np.sin(2 * np.pi * np.arange(STEPS) / 7)
    sales = rng.poisson(rng.gamma(2.0, 4.0, (series, 1)) * week).astype(float)
    names = np.repeat([f"item {i:07d}" for i in range(series)], STEPS)
    return pd.DataFrame(
        {
            "series_id": pd.Categorical(names),
            "timestamp": np.tile(days, series),
            "target": sales.reshape(-1),
        }
    )


def cpu_seconds(work: Callable[[], object]) -> float:
    """Of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def classical(name: str, series: int) -> str:
    panel = fc.Panel.from_frame(frame_of(series), freq="D")
    model = fc.create(name, horizon=HORIZON, quantile_levels=LEVELS)
    seconds = cpu_seconds(lambda: model.fit(panel))
    return f"{name}: {series / seconds:.1f} series per core and second"


def network(name: str, series: int) -> str:
    panel = fc.Panel.from_frame(frame_of(series), freq="D")
    made = peak_mb()
    model = fc.create(name, horizon=HORIZON, quantile_levels=LEVELS, max_steps=SOME_STEPS)
    fitted = cpu_seconds(lambda: model.fit(panel))
    predicted = cpu_seconds(lambda: model.predict(panel))
    return (
        f"{name}, {series} series: {SOME_STEPS / fitted:.1f} steps of 256 windows and "
        f"{series / predicted:.0f} series predicted per core and second; "
        f"{made:.0f} MB with the panel made, {peak_mb():.0f} MB at most"
    )


def main() -> None:
    context = multiprocessing.get_context("spawn")
    parts = [(classical, name, 60) for name in ("seasonal_naive", "theta", "ets")]
    parts += [(classical, "arima", 10)]
    parts += [(network, "lstm", series) for series in (1000, 5000, 20_000)]
    parts += [(network, "transformer", 1000)]
    for function, name, series in parts:
        with context.Pool(1) as pool:
            print(pool.apply(function, (name, series)), flush=True)


if __name__ == "__main__":
    main()
