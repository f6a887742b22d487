"""From a file of sales to a first forecast of every product.

    python -m benchmarks.first_forecast [--database FILE]
    python -m benchmarks.first_forecast --browser [--file FILE] [--products 1000]

Without a database the demo shop is made. For each dataset in it and each frequency: seconds of
wall and of the processor that the Forecast page takes for all products, library import apart.

With --browser a fresh server is started and a real Chromium does what a person does: chooses a
file, presses Import, opens Forecast. Told are the seconds of the clock from the choice until the
forecasts of all products are on the screen, without the time that a person reads. Without a file
one of so many products and two years of days is made. Needs requirements-dev.txt.
"""

import argparse
import os
import re
import tempfile
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see forecasting/__main__.py
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import duckdb

from benchmarks.ingest import verdict
from benchmarks.servers import chromium, server
from data import demo, queries
from data.scope import Freq, Scope
from data.store import Store, open_store
from ui import forecasts
from ui.first_forecasts import Products, every_product

GOAL = 20.0  # seconds on two cores, from the file to the screen
IMPORT = re.compile(r"^Import [\d,]+ rows$")
EVERY_PRODUCT = re.compile(r"Every product.* ([\d,]+) products?, next")
PARTS = ("reading and checks", "import", "forecasts")
FREQUENCIES: tuple[Freq, ...] = ("D", "W", "M")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--browser", action="store_true", help="from upload to screen")
    parser.add_argument("--file", type=Path, help="that is uploaded")
    parser.add_argument("--products", type=int, default=1000, help="of the file that is made")
    given = parser.parse_args()
    print(f"{date.today()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}", flush=True)
    if given.browser:
        with tempfile.TemporaryDirectory() as temporary:
            file = given.file or write_shop(Path(temporary) / "shop.csv", given.products)
            in_browser(file, Path(temporary) / "var")
        return
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


def write_shop(file: Path, products: int) -> Path:
    """A file of so many products that sell daily for two years, by week and at a price."""
    duckdb.execute(f"""
        COPY (SELECT DATE '2024-01-01' + d::INTEGER AS date, 'Product ' || p AS product,
                     'Group ' || p % 12 AS category,
                     1 + (p * 7919 + d * 31) % 17
                     + CASE WHEN d % 7 > 4 THEN p % 9 ELSE 0 END AS quantity,
                     2.5 + p % 40 AS price
              FROM range({products}) a(p), range(730) b(d)) TO '{file}' (HEADER)
    """)  # fmt: skip
    return file


def in_browser(file: Path, var: Path) -> None:
    """Seconds of each part of the way from the file to the forecasts on the screen."""
    size = file.stat().st_size / 1e6
    with server(var) as (url, process), chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1200})
        page.goto(f"{url}/upload")
        chooser = page.locator("input[type=file]").first
        chooser.wait_for(state="attached", timeout=60_000)
        marks = [_of(process)]
        chooser.set_input_files(file)
        button = page.get_by_role("button", name=IMPORT)
        button.wait_for(timeout=300_000)
        marks.append(_of(process))
        button.click()
        page.wait_for_url(f"{url}/?dataset=1", timeout=300_000)
        marks.append(_of(process))
        page.get_by_test_id("stSidebarNavLink").filter(has_text="Forecast").click()
        title = page.get_by_text(EVERY_PRODUCT)
        title.wait_for(timeout=300_000)
        marks.append(_of(process))
        found = EVERY_PRODUCT.search(title.inner_text())
    parts = ", ".join(
        f"{name} {after[0] - before[0]:.1f} ({after[1] - before[1]:.1f})"
        for name, (before, after) in zip(PARTS, pairwise(marks), strict=True)
    )
    total, busy = (marks[-1][k] - marks[0][k] for k in (0, 1))
    print(
        f"{file.name}, {size:.1f} MB: {found[1] if found else '?'} products forecast on the screen "
        f"{total:.1f} s after the file was chosen; goal {GOAL:.0f} s {verdict(total <= GOAL)}\n"
        f"  of the clock (of the server's processor, {busy:.1f} in all): {parts}",
        flush=True,
    )


def _of(process: int) -> tuple[float, float]:
    """Seconds of the wall, and of the processor that a process and its children have had."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    busy = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return time.perf_counter(), busy


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
