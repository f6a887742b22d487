"""From a file of sales to a first forecast of every product, without a browser.

    python -m benchmarks.first_forecast [--database FILE] [--horizon 28]

Without a database the demo shop is made. For each dataset in it and each frequency: seconds of
wall and of the processor that the Forecast page takes for all products, library import apart. The
goal counts from the upload, whose seconds `benchmarks.ingest` measures.
"""

import argparse
import os
import tempfile
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see forecasting/__main__.py
os.environ.setdefault("GOMP_SPINCOUNT", "0")

from benchmarks.ingest import verdict
from data import demo, queries
from data.scope import Freq, Scope
from data.store import Store, open_store
from ui import forecasts
from ui.first_forecasts import Products, every_product

GOAL = 20.0  # seconds on two cores, from the file to the screen
FREQUENCIES: tuple[Freq, ...] = ("D", "W", "M")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", type=Path)
    given = parser.parse_args()
    print(f"{date.today()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}")
    with tempfile.TemporaryDirectory() as temporary:
        store = open_store(given.database or Path(temporary) / "almanac.duckdb")
        try:
            if given.database is None:
                began = time.perf_counter()
                demo.load(store, today=date.today())
                print(f"demo shop made and imported in {time.perf_counter() - began:.1f} s")
            _import_the_library()
            for row in queries.datasets(store).to_dict("records"):
                _measure(store, int(row["dataset_id"]), str(row["name"]))
        finally:
            store.close()


def _import_the_library() -> None:
    import pandas as pd

    before = time.process_time()
    steps = pd.date_range("2024-01-01", periods=60)
    history = pd.DataFrame({"timestamp": steps, "value": range(60)})
    forecasts.mean_of(history, forecasts.FIRST, "D", 7)
    print(f"torch and weights loaded in {time.process_time() - before:.1f} s of the processor")


def _measure(store: Store, dataset_id: int, name: str) -> None:
    frame = queries.products(store, dataset_id)
    ids = frame["product_id"].astype(str)
    products = Products(
        names=dict(zip(ids, frame["name"].astype(str), strict=True)),
        categories=dict(zip(ids, map(tuple, frame["categories"]), strict=True)),
    )
    for freq in FREQUENCIES:
        horizon = forecasts.DEFAULT_HORIZON[freq]
        scope = Scope(dataset_id=dataset_id, freq=freq)
        marks = [_now()]
        found = every_product(
            store,
            scope,
            horizon,
            products,
            lambda _, marks=marks: marks.append(_now()),  # type: ignore[misc]
        )
        marks.append(_now())
        wall, busy = (marks[-1][k] - marks[0][k] for k in (0, 1))
        parts = " + ".join(f"{after[1] - before[1]:.1f}" for before, after in pairwise(marks))
        print(
            f"{name}, {freq}: {len(found):,} products, {horizon} ahead: {wall:.1f} s, "
            f"processor {busy:.1f} s ({parts}: sales, panel, forecast, table); "
            f"{verdict(wall <= GOAL)}",
            flush=True,
        )


def _now() -> tuple[float, float]:
    """Seconds of the wall and of the processor."""
    return time.perf_counter(), time.process_time()


if __name__ == "__main__":
    main()
