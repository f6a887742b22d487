"""How long Home looks for exceptions in all of M5's size: 30,490 series, two runs, a comparison.

    python -m benchmarks.worklist [--products 3049] [--days 420] [--folder DIR]

Sales and forecasts are drawn; sums, joins and files have the size of M5 (28 steps, 5 models, 3
windows). `found` is what a thread does once for everybody, `page` a further run of Home.
"""

import argparse
import os
import platform
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.compare import HORIZON, PLACES, frames, spent
from benchmarks.ingest import verdict
from benchmarks.screens import p95
from benchmarks.servers import ROOT

GOAL = 3.0  # seconds
LAST = date(2026, 11, 15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=3049)
    parser.add_argument("--days", type=int, default=420)
    parser.add_argument("--folder", type=Path, help="keeps the shop for other runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)) / "var"
        os.environ["ALMANAC_VAR"] = str(folder)
        if not (folder / "registry.db").exists():
            folder.mkdir(parents=True, exist_ok=True)
            write(folder, options.products, options.days)
        size = options.products * PLACES
        print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores; {size:,} series")
        measure()


def measure() -> None:
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from ui import background, navigation

    background.PATIENCE = 600.0  # the page waits for the thread, so that it can be timed
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600).run()  # libraries
    st.cache_resource.clear()
    st.cache_data.clear()
    app.switch_page(navigation.TRAIN).run()  # the store and the registry, without Home
    cold, cpu = spent(lambda: app.switch_page(navigation.HOME).run())
    assert not app.exception, app.exception
    again = [spent(app.run) for _ in range(10)]
    warm, used = p95([wall for wall, _ in again]), max(cpu for _, cpu in again)
    listed = len(app.dataframe[0].value)
    print(f"{listed} items shown; home cold {cold:.2f} s (CPU {cpu:.2f} s)  goal {GOAL} s "
          f"{verdict(cold <= GOAL)}")  # fmt: skip
    print(f"warm p95 {warm * 1000:.0f} ms (CPU {used * 1000:.0f} ms)")


def write(folder: Path, products: int, days: int) -> None:
    """Sales of every product in ten places, and two runs of which the newer one is compared."""
    from data.store import open_store
    from engine.registry import About, Registry
    from engine.runs import Run

    store = open_store(folder / "almanac.duckdb")
    with store.transaction() as cursor:
        for statement in _SHOP:
            cursor.execute(statement.format(products=products, days=days, last=LAST))
    store.close()
    series = np.array([f"{p}:{q}" for p in range(1, products + 1) for q in range(1, PLACES + 1)])
    registry = Registry(folder)
    for name, ago, is_compared in (("before", 7, False), ("now", 0, True)):
        until = LAST - timedelta(days=ago)
        about = About(
            model="lstm",
            scope={
                "dataset": 1, "categories": [], "product": None, "place": None, "freq": "D",
                "measure": "quantity", "split": "product_place", "corrected": False,
            },
            horizon=HORIZON + 7,
            series=len(series),
            data_until=until.isoformat(),
            group="made" if is_compared else "",
        )  # fmt: skip
        registry.add(name, about, name=name)
        run = Run(folder / "runs" / name)
        run.folder.mkdir(parents=True)
        run.write_frame("forecast", forecast(series, until, HORIZON + 7))
    registry.add("tests", About(model="", group="made"), name="Comparison")
    tests = Run(folder / "runs" / "tests")
    tests.folder.mkdir(parents=True)
    for name, frame in frames(series).items():
        tests.write_frame(name, frame)
    tests.write_frame("backtest", pd.DataFrame({"series_id": series[:1]}))  # never read here
    registry.close()


def forecast(series: np.ndarray, until: date, steps: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    size = rng.lognormal(0.0, 1.2, len(series))
    days = pd.date_range(pd.Timestamp(until) + pd.Timedelta(days=1), periods=steps)
    mean = np.repeat(size, steps) * rng.lognormal(0, 0.2, len(series) * steps)
    frame = pd.DataFrame(
        {"series_id": np.repeat(series, steps), "timestamp": np.tile(days, len(series))}
    ).assign(mean=mean)
    return frame.assign(**{f"q{level}": mean * (0.4 + level) for level in (0.025, 0.5, 0.975)})


_SHOP = (
    "INSERT INTO dataset (dataset_id, name, source, currency, category_levels, created_at) "
    "VALUES (1, 'M5, made up', 'upload', '$', ['department'], now()::TIMESTAMP)",
    "INSERT INTO import_log (import_id, dataset_id, mode, files, mapping, rows_read, "
    "rows_accepted, rows_set_aside, rows_refused, sales_added, sales_replaced, sales_skipped, "
    "started_at, seconds) VALUES (1, 1, 'new', '[]', '{{}}', 1, 1, 0, 0, 1, 0, 0, "
    "now()::TIMESTAMP, 1)",
    "INSERT INTO product (product_id, dataset_id, code, name, categories) SELECT i, 1, "
    "'P' || i, 'Product ' || i, ['Department ' || i % 7] FROM range(1, {products} + 1) t(i)",
    "INSERT INTO place (place_id, dataset_id, code, name) SELECT i, 1, 'S' || i, 'Store ' || i "
    f"FROM range(1, {PLACES + 1}) t(i)",
    "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, price, import_id)"
    " SELECT 1, p, q, DATE '{last}' - d::INTEGER, u, u * 2.5, 2.5, 1 FROM (SELECT p, q, d, "
    "floor(-ln(random()) * (1 + p % 9))::INTEGER AS u FROM range(1, {products} + 1) t(p), "
    f"range(1, {PLACES + 1}) v(q), range(0, {{days}}) w(d)) WHERE u > 0",
)


if __name__ == "__main__":
    main()
