"""How long reports take: a PDF of 12 pages of the demo shop, and a workbook of 250,000 rows.

    python -m benchmarks.reports [--products 11] [--rows 250000] [--repeats 5]

The forecasts are made before and not counted. Each report is made in a process of its own, since
typst remembers what it set before: the first is what a visitor waits for, and `again` a change of
the paper. Wall seconds are what the goals are about; CPU seconds beside them tell what they would
be on a machine that does nothing else, and memory is the most that the process ever held.
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
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.ingest import verdict

if TYPE_CHECKING:
    from reports import Review

SECONDS_PDF, PAGES = 1.5, 12
SECONDS_EXCEL, GIGABYTES = 20.0, 1.0


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
    parser.add_argument("--make", nargs=2, metavar=("FORM", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.make:
        make(asked.make[0], Path(asked.make[1]))
        return
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
    command = [sys.executable, "-m", "benchmarks.reports", "--make", form, str(kept)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Cost(*(float(word) for word in said.split()))


def make(form: str, path: Path) -> None:
    """Make the kept review and print the fields of its `Cost`."""
    import reports

    review: Review = pickle.loads(path.read_bytes())
    start, began = time.perf_counter(), time.process_time()
    made = reports.excel(review) if form == "xlsx" else reports.pdf(review)
    wall, cpu = time.perf_counter() - start, time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    start = time.perf_counter()
    if form == "pdf":
        reports.pdf(review, paper="letter")
    print(wall, cpu, time.perf_counter() - start, memory, len(made) / 1e6)


def load() -> str:
    """What else the machine was doing."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
