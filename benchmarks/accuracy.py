"""Accuracy and time of models on a data file, with peak memory: one table.

    python benchmarks/accuracy.py FILE --freq D --horizon 28 [--series 1000] [--windows 3]

FILE is Parquet or CSV with series_id, timestamp and target. With --series a random sample is taken,
the same in every run, so that slow methods can be compared too.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: see forecasting/__main__.py
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

import forecasting as fc
from forecasting.files import read_frame


def main() -> None:
    """Read, sample, backtest, print."""
    given = _arguments()
    began = time.perf_counter()
    panel = fc.Panel.from_frame(read_frame(given.file), freq=given.freq, gaps=given.gaps)
    print(f"panel: {panel.num_series} series x {panel.length} steps", end=" ")
    print(f"in {time.perf_counter() - began:.1f} s")
    if given.series and given.series < panel.num_series:
        ids = np.random.default_rng(0).choice(panel.series_ids, given.series, replace=False)
        panel = panel.subset(sorted(ids))
    result = fc.backtest(
        panel,
        given.models.split(","),
        horizon=given.horizon,
        num_windows=given.windows,
        n_jobs=given.jobs,
        on_progress=lambda progress: print(progress, file=sys.stderr),
    )
    board = result.leaderboard()
    naive = board.set_index("model")["WQL"].get("seasonal_naive", np.nan)
    board.insert(2, "to seasonal naive", board["WQL"] / naive)
    print(board.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory of this process: {peak:.2f} GiB")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--freq", required=True)
    parser.add_argument("--horizon", type=int, required=True)
    parser.add_argument("--models", default=",".join(fc.DEFAULT_MODELS))
    parser.add_argument("--series", type=int, help="size of a random sample of series")
    parser.add_argument("--windows", type=int, default=1)
    parser.add_argument("--gaps", choices=("missing", "zero"), default="missing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
