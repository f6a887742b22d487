"""How much slower a checked import is than DuckDB merely reading the file, and what it weighs.

    python -m benchmarks.ingest [--rows 10000000] [--repeats 3] [--folder DIR]

Each repetition runs both in processes of their own, one after the other, on the same file:
`bare` is `CREATE TABLE AS SELECT * FROM read_csv(...)` into a new database file; `almanac` opens,
understands, stages, checks and imports it into a new store, as the Upload page does from the
server's folder. The ratio is that of the medians.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from pathlib import Path

PRODUCTS, PLACES = 1_000, 20  # every product in every place, every day
GOAL_RATIO, GOAL_MEMORY = 3.0, 3.0  # times, GB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keeps the file and the store for other runs")
    parser.add_argument("--one", choices=["bare", "almanac"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(RUNS[options.one](options.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        write_file(folder / "sales.csv", options.rows)
        report(folder, options.rows, options.repeats)


def report(folder: Path, rows: int, repeats: int) -> None:
    runs: dict[str, list[dict[str, float]]] = {"bare": [], "almanac": []}
    for _ in range(repeats):
        for name, results in runs.items():
            results.append(in_own_process(name, folder))
    seconds = {name: statistics.median(r["seconds"] for r in all_) for name, all_ in runs.items()}
    memory = max(r["peak_gb"] for r in runs["almanac"])
    size = (folder / "sales.csv").stat().st_size / 1e6
    ratio = seconds["almanac"] / seconds["bare"]
    steps = runs["almanac"][-1]
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores")
    print(f"{rows:,} rows, {size:.0f} MB, medians of {repeats}")
    print(f"bare CREATE TABLE AS   {seconds['bare']:6.2f} s")
    print(f"almanac, checked       {seconds['almanac']:6.2f} s")
    print("  of the last run:     " + ", ".join(f"{k} {steps[k]:.2f} s" for k in STEPS))
    print(f"ratio         {ratio:6.2f}     goal {GOAL_RATIO} {verdict(ratio <= GOAL_RATIO)}")
    print(f"peak memory   {memory:6.2f} GB  goal {GOAL_MEMORY} {verdict(memory < GOAL_MEMORY)}")


def verdict(reached: bool) -> str:
    return "reached" if reached else "MISSED"


def write_file(path: Path, rows: int) -> None:
    """A long file: date, store, product, quantity, price, promo; seeded by the row number."""
    import duckdb

    if path.exists():
        return
    series = PRODUCTS * PLACES
    duckdb.execute(f"""
        COPY (SELECT (DATE '2022-01-01' + (i // {series})::INTEGER) AS date,
                     'store_' || (i % {PLACES}) AS store,
                     'item_' || lpad(((i % {series}) // {PLACES})::VARCHAR, 5, '0') AS product,
                     (hash(i) % 12)::INTEGER AS quantity,
                     round(1 + (hash(i % 1000 + 7) % 5000) / 100.0, 2) AS price,
                     (hash(i + 3) % 10 = 0)::INTEGER AS promo
              FROM range({rows}) t(i)) TO '{path}' (HEADER)
    """)


def in_own_process(name: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.ingest", "--one", name, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def run_bare(folder: Path) -> dict[str, float]:
    import duckdb

    path = folder / "bare.duckdb"
    path.unlink(missing_ok=True)
    connection = duckdb.connect(str(path))
    start = time.perf_counter()
    connection.execute(f"CREATE TABLE t AS SELECT * FROM read_csv('{folder / 'sales.csv'}')")
    seconds = time.perf_counter() - start
    connection.close()
    path.unlink()
    return {"seconds": seconds, "peak_gb": peak()}


STEPS = ("open", "understand", "stage", "check", "import")


def run_almanac(folder: Path) -> dict[str, float]:
    from data.ingest.checks import check
    from data.ingest.commit import import_staged
    from data.ingest.sources import open_upload
    from data.ingest.staging import stage
    from data.ingest.understand import guess
    from data.store import open_store

    for old in (folder / "var").glob("almanac.duckdb*"):
        old.unlink()
    store = open_store(folder / "var" / "almanac.duckdb", allowed_folders=(folder.resolve(),))
    today = date.today()
    marks = [time.perf_counter()]
    source = folder / "sales.csv"
    sources = open_upload(source, name=source.name, workspace=store.staging_folder, allowed=folder)
    marks.append(time.perf_counter())
    plan = guess(sources, today=today)
    marks.append(time.perf_counter())
    staged = stage(store, plan)
    marks.append(time.perf_counter())
    report = check(store, staged, today=today)
    marks.append(time.perf_counter())
    import_staged(
        store, staged, report, mode="new", name="Ten million", today=today,
        started_at=datetime.now(),
    )  # fmt: skip
    marks.append(time.perf_counter())
    assert report.accepted == report.product_days, "the file has one row per product, place and day"
    store.close()
    steps = {name: b - a for name, a, b in zip(STEPS, marks[:-1], marks[1:], strict=True)}
    return {"seconds": marks[-1] - marks[0], "peak_gb": peak(), **steps}


def peak() -> float:
    """Peak resident memory of this process in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


RUNS = {"bare": run_bare, "almanac": run_almanac}

if __name__ == "__main__":
    main()
