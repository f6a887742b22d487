"""Orders for as many items as M5 has, from sample paths: seconds and memory.

    python -m benchmarks.inventory [--items 30490] [--paths 500] [--threads 2]

The demand is drawn, not forecast: lumps of a negative binomial with rates like M5's, 28 days
ahead, nine quantile levels. Goals: 20 s and 4 GB for 30,490 items and 500 paths on two cores.
"""

import argparse
import os
import resource
import time

import numpy as np
import pandas as pd

import forecasting as fc
from forecasting.planning import plan_orders

DAYS, GOAL_SECONDS, GOAL_GB = 28, 20.0, 4.0


def main() -> None:
    """Draw the forecast, plan the orders, print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=30_490)
    parser.add_argument("--paths", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    forecast = _forecast(given.items)
    rng = np.random.default_rng(1)
    items = pd.DataFrame(
        {
            "series_id": forecast.series_ids,
            "on_hand": rng.integers(0, 40, given.items).astype(float),
            "lead_time_days": rng.integers(2, 14, given.items).astype(float),
            "lead_time_sd_days": 1.0,
            "target": rng.choice(["cycle", "fill", "cost"], given.items),
            "unit_cost": 4.0,
            "price": 10.0,
            "pack_size": rng.choice([1.0, 6.0, 12.0], given.items),
        }
    )
    began, used = time.perf_counter(), time.process_time()
    plan = plan_orders(forecast, items, num_paths=given.paths, n_jobs=given.threads)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    began = time.perf_counter()
    plan.within(float(plan.lines["cost"].sum()) * 0.6)
    budget = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{given.items:,} items, {given.paths} paths, {DAYS} days: {seconds:.1f} s "
        f"({cpu:.1f} CPU s; goal {GOAL_SECONDS:.0f} s), cut to 60% of the money in {budget:.1f} s, "
        f"peak {peak:.2f} GB (goal {GOAL_GB:.0f}); load {os.getloadavg()[0]:.1f}"
    )


def _forecast(items: int) -> fc.Forecast:
    """Quantiles of lumpy demand with a weekly pattern."""
    rng, levels = np.random.default_rng(0), fc.DEFAULT_QUANTILE_LEVELS
    rate = rng.lognormal(-0.3, 1.2, items)[:, None]
    week = 1 + 0.3 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    means = rate * week
    quantiles = np.empty((items, DAYS, len(levels)))
    for day in range(DAYS):
        draws = rng.negative_binomial(0.8, 0.8 / (0.8 + means[:, day, None]), (items, 200))
        quantiles[:, day] = np.quantile(draws, levels, axis=1).T
    return fc.Forecast(
        mean=means,
        quantiles=quantiles,
        quantile_levels=levels,
        series_ids=pd.RangeIndex(items),
        timestamps=pd.date_range("2026-11-01", periods=DAYS),
        cutoff=pd.Timestamp("2026-10-31"),
        step_correlation=0.3,
    )


if __name__ == "__main__":
    main()
