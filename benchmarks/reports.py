"""How long reports take: 12 pages of the demo shop, 12,196 series, a workbook of 250,000 rows.

    python -m benchmarks.reports [--products 11] [--rows 250000] [--repeats 5] [--wide 3049]

The forecasts are made before and not counted. The wide report is the forecast review of a run that
forecast 3,049 products in four places for 28 days, as many series as M5 has in California: reading
the run, adding it up by category, product and place, the sales of two years, and the PDF. Its sales
and forecasts are drawn; sums, joins and files have the size of the real ones.

Each report is made in a process of its own, since typst remembers what it set before: the first is
what a visitor waits for, and `again` a change of the paper. Wall seconds are what the goals are
about; CPU seconds beside them tell what they would be on a machine that does nothing else, and
memory is the most that the process ever held.
"""

import argparse
import os
import pickle
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.ingest import verdict

if TYPE_CHECKING:
    from reports import Review

SECONDS_PDF, PAGES = 1.5, 12
SECONDS_EXCEL, GIGABYTES = 20.0, 1.0
SECONDS_WIDE = 10.0
PLACES, DAYS, HORIZON = 4, 728, 28
LAST = date(2026, 11, 15)


@dataclass(frozen=True)
class Cost:
    """What one report took in a process of its own."""

    wall: float  # seconds
    cpu: float  # seconds
    again: float  # seconds, once more with the other paper
    memory: float  # gigabytes
    size: float  # megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=PAGES - 1)
    parser.add_argument("--rows", type=int, default=250_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--wide", type=int, default=3049, help="products of the wide report")
    parser.add_argument("--make", nargs=2, metavar=("FORM", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.make:
        make(asked.make[0], Path(asked.make[1]))
        return
    if asked.wide:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["ALMANAC_VAR"] = folder
            write_wide(Path(folder), asked.wide)
            measure_wide(asked.wide * PLACES, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ALMANAC_VAR"] = folder
        measure_pdf(Path(folder), asked.products, asked.repeats)
        measure_excel(Path(folder), asked.rows)


def measure_pdf(folder: Path, products: int, repeats: int) -> None:
    """The cover and a page for each of the largest products of the demo shop."""
    import reports

    review = sheets(products)
    pages = len(reports.pages(review, dots_per_inch=20))
    costs = [cost("pdf", review, folder) for _ in range(repeats)]
    wall = statistics.median(each.wall for each in costs)
    cpu = statistics.median(each.cpu for each in costs)
    again = statistics.median(each.again for each in costs)
    print(f"PDF of {pages} pages: {wall:.2f} s, {cpu:.2f} s of CPU, again {again:.2f} s, {load()}")
    print(f"  at most {SECONDS_PDF} s: {verdict(wall <= SECONDS_PDF)}")


def measure_wide(series: int, folder: Path) -> None:
    """The forecast review of a run of that many series, from the run to the PDF."""
    found = in_own_process("wide", folder)
    print(
        f"Review of {series:,} series: {found.wall:.1f} s, {found.cpu:.1f} s of CPU, "
        f"{found.memory:.2f} GB, again {found.again:.2f} s, {load()}"
    )
    print(f"  at most {SECONDS_WIDE:.0f} s: {verdict(found.wall <= SECONDS_WIDE)}")


def measure_excel(folder: Path, count: int) -> None:
    """A workbook of that many forecast rows."""
    found = cost("xlsx", rows(count), folder)
    print(
        f"Excel of {count:,} rows ({found.size:.1f} MB): {found.wall:.1f} s, {found.cpu:.1f} s of "
        f"CPU, {found.memory:.2f} GB, {load()}"
    )
    reached = found.wall <= SECONDS_EXCEL and found.memory <= GIGABYTES
    print(f"  at most {SECONDS_EXCEL:.0f} s and {GIGABYTES:.0f} GB: {verdict(reached)}")


def sheets(products: int) -> "Review":
    """Product sheets of the demo shop."""
    import reports
    from data import demo
    from data.scope import Scope
    from ui import queries, report_facts, state

    demo.load(state.store(), today=date(2026, 11, 18))
    dataset = queries.datasets()[0]
    scope = Scope(dataset_id=dataset.dataset_id, measure="revenue")
    facts = report_facts.products(
        dataset, scope, None, count=products, horizon=13, tell=lambda share, words: None
    )
    return reports.product_sheets(facts, report_facts.setting(dataset, scope, "en"))


def rows(count: int) -> "Review":
    """A review with many forecast rows."""
    import reports
    from reports.content import Column, Kind, Section, Text

    names = [f"Product {number:05d}, 500 g" for number in range(max(1, count // 13))]
    draws = np.random.default_rng(0).gamma(2.0, 20.0, count)
    frame = pd.DataFrame(
        {
            "product": np.resize(np.array(names, dtype=object), count),
            "place": np.resize(np.array(["Berlin", "Hamburg", "Köln"], dtype=object), count),
            "timestamp": np.resize(pd.date_range("2026-11-16", periods=13, freq="W-MON"), count),
            "mean": draws,
            "q0.1": draws * 0.8,
            "q0.9": draws * 1.3,
        }
    )
    kinds: tuple[Kind, ...] = ("text", "text", "day", "amount", "amount", "amount")
    return reports.Review(
        template="Forecast review",
        title="All products",
        facts=(),
        sections=(Section(title="Summary", blocks=(Text(paragraphs=("Rows.",)),)),),
        language="en",
        measure="quantity",
        currency="",
        made_on=pd.Timestamp("2026-11-20"),
        rows=frame,
        row_columns=tuple(
            Column(name=name, label=name, kind=kind)
            for name, kind in zip(frame.columns, kinds, strict=True)
        ),
    )


def cost(form: str, review: "Review", folder: Path) -> Cost:
    """What a report costs that nobody made before."""
    kept = folder / "review.pickle"
    kept.write_bytes(pickle.dumps(review))
    return in_own_process(form, kept)


def in_own_process(form: str, path: Path) -> Cost:
    """What it costs to make what lies there."""
    command = [sys.executable, "-m", "benchmarks.reports", "--make", form, str(path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Cost(*(float(word) for word in said.split()))


def make(form: str, path: Path) -> None:
    """Make the kept review and print the fields of its `Cost`."""
    import reports

    if form == "wide":
        from ui import queries

        queries.datasets()  # the server has its libraries and its database open
        start, began = time.perf_counter(), time.process_time()
        review = wide()
    else:
        review = pickle.loads(path.read_bytes())
        start, began = time.perf_counter(), time.process_time()
    made = reports.excel(review) if form == "xlsx" else reports.pdf(review)
    wall, cpu = time.perf_counter() - start, time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    start = time.perf_counter()
    if form != "xlsx":
        reports.pdf(review, paper="letter")
    print(wall, cpu, time.perf_counter() - start, memory, len(made) / 1e6)


def wide() -> "Review":
    """The review of the run that `write_wide` left."""
    from data.scope import Scope
    from ui import report_requests, state

    asked = report_requests.Asked(
        template=report_requests.REVIEW,
        scope=Scope(dataset_id=1, freq="D", measure="quantity"),
        horizon=HORIZON,
        run_id="now",
    )
    return report_requests.build(state.store(), asked, lambda share, words: None)


def write_wide(folder: Path, products: int) -> None:
    """Sales of every product in every place, and a run that forecast them all."""
    from data.store import open_store
    from engine.registry import About, Registry
    from engine.runs import Run

    store = open_store(folder / "almanac.duckdb")
    with store.transaction() as cursor:
        for statement in _SHOP:
            cursor.execute(statement.format(products=products, days=DAYS, last=LAST))
    store.close()
    series = np.array([f"{p}:{q}" for p in range(1, products + 1) for q in range(1, PLACES + 1)])
    registry = Registry(folder)
    about = About(
        model="lstm",
        scope={
            "dataset": 1, "categories": [], "product": None, "place": None, "freq": "D",
            "measure": "quantity", "split": "product_place", "corrected": False,
        },
        horizon=HORIZON,
        series=len(series),
        data_until=LAST.isoformat(),
        group="made",
    )  # fmt: skip
    registry.add("now", about, name="LSTM of all stores")
    run = Run(folder / "runs" / "now")
    run.folder.mkdir(parents=True)
    run.write_frame("forecast", _forecast(series))
    registry.close()


def _forecast(series: "np.ndarray[Any, Any]") -> pd.DataFrame:
    draws = np.random.default_rng(0)
    days = pd.date_range(pd.Timestamp(LAST) + pd.Timedelta(days=1), periods=HORIZON)
    size = np.repeat(draws.lognormal(0.0, 1.2, len(series)), HORIZON)
    mean = size * draws.lognormal(0.0, 0.2, len(size))
    frame = pd.DataFrame(
        {"series_id": np.repeat(series, HORIZON), "timestamp": np.tile(days, len(series))}
    ).assign(mean=mean)
    levels = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
    return frame.assign(**{f"q{level}": mean * (0.4 + 1.1 * level) for level in levels})


_SHOP = (
    "INSERT INTO dataset (dataset_id, name, source, currency, category_levels, created_at) "
    "VALUES (1, 'M5 in California, made up', 'upload', '$', ['department'], now()::TIMESTAMP)",
    "INSERT INTO import_log (import_id, dataset_id, mode, files, mapping, rows_read, "
    "rows_accepted, rows_set_aside, rows_refused, sales_added, sales_replaced, sales_skipped, "
    "started_at, seconds) VALUES (1, 1, 'new', '[]', '{{}}', 1, 1, 0, 0, 1, 0, 0, "
    "now()::TIMESTAMP, 1)",
    "INSERT INTO product (product_id, dataset_id, code, name, categories) SELECT i, 1, "
    "'P' || i, 'Product ' || i, ['Department ' || i % 7] FROM range(1, {products} + 1) t(i)",
    "INSERT INTO place (place_id, dataset_id, code, name) SELECT i, 1, 'CA_' || i, 'CA_' || i "
    f"FROM range(1, {PLACES + 1}) t(i)",
    "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, price, import_id)"
    " SELECT 1, p, q, DATE '{last}' - d::INTEGER, u, u * 2.5, 2.5, 1 FROM (SELECT p, q, d, "
    "floor(-ln(random()) * (1 + p % 9))::INTEGER AS u FROM range(1, {products} + 1) t(p), "
    f"range(1, {PLACES + 1}) v(q), range(0, {{days}}) w(d)) WHERE u > 0",
)


def load() -> str:
    """What else the machine was doing."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
