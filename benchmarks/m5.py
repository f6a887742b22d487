"""All 30,490 series of M5 in one fit: seconds, memory, and accuracy beside seasonal naive.

    python -m benchmarks.m5 --data FOLDER [--model lstm] [--preset balanced] [--series 2000]

FOLDER/m5 holds calendar.parquet, sell_prices.parquet and sales_daily/*.parquet. The last 28 days
are forecast from all days before; prices, SNAP and events of these days are known. WAPE is given
for the mean and for the median, which is the better point for it and the one that published
figures use; bias and WRMSSE are those of the mean.
"""

import argparse
import os
import resource
import time
from datetime import date
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: threads that spin while they
os.environ.setdefault("GOMP_SPINCOUNT", "0")  # wait cost a factor of 35 on busy cores

import numpy as np

import forecasting as fc
from benchmarks.m5_data import read_m5
from benchmarks.wrmsse import wrmsse
from forecasting import metrics
from forecasting.arrays import FloatArray

HORIZON = 28
WEEKS_OF_REVENUE = 4
GOALS = {"WAPE of the median": 0.757, "WRMSSE": 0.70}  # of seasonal naive's


def main() -> None:
    """Read, fit, predict, score."""
    given = _arguments()
    with Stage("panel"):
        whole = read_m5(given.data, series=given.series)
        panel = whole.until(whole.timestamps[-1 - HORIZON])
    print(f"{date.today()}, {os.cpu_count()} cores, {given.threads} threads; ", end="")
    print(f"{panel.num_series:,} series x {panel.length:,} days until {panel.cutoff.date()}")
    model = fc.create(
        given.model,
        horizon=HORIZON,
        seed=given.seed,
        preset=given.preset,
        num_threads=given.threads,
    )
    with Stage("fit"):
        model.fit(panel, on_progress=print if given.verbose else None)
    with Stage("predict"):
        forecast = model.predict(panel, known_future=whole.known_covariates[:, -HORIZON:])
    naive = fc.create("seasonal_naive", horizon=HORIZON).fit(panel).predict(panel)
    score(whole, {given.model: forecast, "seasonal_naive": naive})


def score(whole: fc.Panel, forecasts: dict[str, fc.Forecast]) -> None:
    """Print one table; `whole` is the panel with the days that were forecast."""
    actual, history = whole.target[:, -HORIZON:], whole.target[:, :-HORIZON]
    last = slice(-HORIZON - 7 * WEEKS_OF_REVENUE, -HORIZON)
    revenue = np.nansum(whole.target[:, last] * whole.known_covariates[:, last, 0], axis=1)
    levels = wrmsse(
        actual,
        {name: each.mean for name, each in forecasts.items()},
        history,
        revenue,
        whole.static_features,
    )
    rows = {name: _row(actual, each) for name, each in forecasts.items()}
    for name, row in rows.items():
        row["WRMSSE"] = float(levels[name].mean())
        row |= {f"  {level}": score for level, score in levels[name].items()}
    ours, naive = rows.values()
    print(f"{'':24}" + "".join(f"{name:>16}" for name in rows) + f"{'ratio':>16}")
    for each, value in ours.items():
        goal = f"  (<= {GOALS[each]})" if each in GOALS else ""
        ratio = value / naive[each]
        print(f"{each:24}{value:16.4f}{naive[each]:16.4f}{ratio:16.4f}{goal}")


def _row(actual: FloatArray, forecast: fc.Forecast) -> dict[str, float]:
    levels = forecast.quantile_levels
    median = forecast.quantile(0.5)
    return {
        "WAPE of the median": float(metrics.wape(actual, median)),
        "WAPE of the mean": float(metrics.wape(actual, forecast.mean)),
        "bias of the mean": float(metrics.bias(actual, forecast.mean)),
        "bias of the median": float(metrics.bias(actual, median)),
        "WQL": float(metrics.wql(actual, forecast.quantiles, levels)),
        "80 % band covers": float(
            metrics.coverage(actual, forecast.quantile(0.1), forecast.quantile(0.9))
        ),
    }


class Stage:
    """Prints the seconds of what runs within, and the most memory the process has held so far.

    On a machine that has other work, the seconds of its own on all cores say more than the clock.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        self.clock, self.own = time.perf_counter(), time.process_time()

    def __exit__(self, *error: object) -> None:
        clock, own = time.perf_counter() - self.clock, time.process_time() - self.own
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{self.name:8}{clock:8.1f} s, {own:.1f} s of cores, peak {peak:.2f} GiB", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("ALMANAC_DATA"))
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--series", type=int, help="size of a random sample of series")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="print the progress of training")
    given = parser.parse_args()
    if given.data is None:
        parser.error("Give --data FOLDER or set ALMANAC_DATA.")
    return given


if __name__ == "__main__":
    main()
