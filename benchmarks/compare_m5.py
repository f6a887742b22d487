"""The contest on M5 as the app runs it: eight models, three windows, what Compare then shows.

    python -m benchmarks.compare_m5 --data DATA --folder DIR [--products 20] [--prepare-only]

Takes a random sample of products, the same in all ten stores and every department by its share,
with all their history; ingests it by the command line, writes the events of M5 and the days of
SNAP into the calendar, and starts the comparison as anybody would. docs/compare-m5.md tells the
result. Open it afterwards with `ALMANAC_VAR=DIR/var make run`.
"""

import argparse
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.servers import ROOT

DATASET = "M5"
JOBS = (  # the ensemble by itself has its usual members, and the first job's result waits for none
    "seasonal_naive,arima,ets,theta,gbm,lstm,transformer",
    "ensemble",
)
HORIZON, WINDOWS = 28, 3
EVENTS = ("SNAP", "Christmas", "Thanksgiving", "SuperBowl", "Easter", "NewYear", "LaborDay")
KNOWN = ("price=last", *(f"event: {name}" for name in EVENTS))  # known ahead
COLUMNS = {  # as a shop's export would call them
    "date": "date",
    "item_id": "product code",
    "cat_id": "category",
    "dept_id": "department",
    "store_id": "store",
    "units": "units",
    "sell_price": "price",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds m5/")
    parser.add_argument("--folder", type=Path, required=True, help="for the file and the shop")
    parser.add_argument("--products", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prepare-only", action="store_true", help="no comparison yet")
    parser.add_argument("--report-only", action="store_true", help="of comparisons made before")
    options = parser.parse_args()
    os.environ["ALMANAC_VAR"] = str(options.folder / "var")
    if options.report_only:
        report()
        return
    if not (options.folder / "var" / "almanac.duckdb").exists():
        options.folder.mkdir(parents=True, exist_ok=True)
        file = options.folder / "m5.parquet"
        sales(options.data / "m5", options.products, options.seed).to_parquet(file, index=False)
        almanac("ingest", str(file), "--dataset", DATASET)
        keep_calendar(options.folder / "var", options.data / "m5")
    if not options.prepare_only:
        compare()
        report()


def sales(m5: Path, products: int, seed: int) -> pd.DataFrame:
    """The sales of so many products, a row per day, product and store."""
    parts = [pd.read_parquet(path) for path in sorted((m5 / "sales_daily").glob("*.parquet"))]
    everything = pd.concat([part[list(COLUMNS)] for part in parts], ignore_index=True)
    known = everything[["item_id", "dept_id"]].drop_duplicates().sort_values("item_id")
    chosen = sample(known, products, seed)
    found = everything[everything["item_id"].isin(chosen)].dropna(subset=["sell_price"])
    return found.rename(columns=COLUMNS)


def sample(known: pd.DataFrame, products: int, seed: int) -> set[str]:
    """Products at random, of each department as many as it has of all, and at least one."""
    rng = np.random.default_rng(seed)
    order = known.iloc[rng.permutation(len(known))]
    shares = order.groupby("dept_id").size() / len(order) * products
    counts = np.maximum(np.floor(shares), 1).astype(int)
    for department in (shares - counts).sort_values(ascending=False).index:
        counts[department] += counts.sum() < products
    rank = order.groupby("dept_id").cumcount()
    return set(order.loc[rank < order["dept_id"].map(counts), "item_id"])


def keep_calendar(var: Path, m5: Path) -> None:
    """Events everywhere, and in each store the days on which its state pays out SNAP."""
    from data import calendar_store
    from data.calendar_entries import Entry
    from data.store import open_store

    days = pd.read_parquet(m5 / "calendar.parquet")
    days["date"] = pd.to_datetime(days["date"])
    store = open_store(var / "almanac.duckdb")
    ((dataset,),) = store.rows("SELECT dataset_id FROM dataset")
    places = store.rows("SELECT place_id, code FROM place")
    entries = [
        Entry(kind="own", name=name, first_day=day.date(), last_day=day.date())
        for column in ("event_name_1", "event_name_2")
        for name, day in days[[column, "date"]].dropna().itertuples(index=False)
    ]
    for place, code in places:
        paid = days.loc[days[f"snap_{code[:2]}"] == 1, "date"].reset_index(drop=True)
        entries += [
            Entry(kind="own", name="SNAP", first_day=first, last_day=last, place_id=place)
            for first, last in spans(paid)
        ]
    calendar_store.save(store, dataset, entries, words="The events of M5 and the days of SNAP")
    store.close()


def spans(days: pd.Series) -> list[tuple[object, object]]:
    """First and last day of each run of days without a gap; `days` ascend.

    >>> [str(last) for _, last in spans(pd.Series(pd.to_datetime(["2016-01-01", "2016-01-02"])))]
    ['2016-01-02']
    """
    breaks = np.flatnonzero(days.diff().dt.days.to_numpy()[1:] > 1) + 1
    edges = [0, *breaks.tolist(), len(days)]
    return [(days[first].date(), days[end - 1].date()) for first, end in pairwise(edges)]


def compare() -> None:
    began, cpu = time.perf_counter(), os.times()
    for models in JOBS:
        almanac(
            "backtest", DATASET, "--models", models, "--level", "product_place",
            "--frequency", "D", "--horizon", str(HORIZON), "--windows", str(WINDOWS),
            "--preset", "balanced", *(word for name in KNOWN for word in ("--covariates", name)),
        )  # fmt: skip
    spent = os.times()
    seconds = spent.children_user + spent.children_system - cpu.children_user - cpu.children_system
    print(f"{time.perf_counter() - began:,.0f} s, {seconds:,.0f} s of CPU")


def report() -> None:
    """What Compare shows of all comparisons of the shop together, as Markdown."""
    from ui import compare_facts, compare_queries, compare_words

    entries = [each for each in compare_queries.comparisons(1) if compare_queries.is_readable(each)]
    found = compare_queries.scope_of(entries[0])
    assert found is not None, "made by this version"
    choice = compare_queries.Choice(entries=tuple(entries), scope=found[0], split=found[1])
    compared = compare_queries.compared(choice)
    assert compared is not None, "the comparisons share their windows"
    names = compare_words.labels(compared)
    best = compare_words.recommended(compared.board)
    keys = [compare_facts.key_of(compared.models, name) for name in compare_facts.REFERENCES]
    others = tuple(key for key in keys if key and key != best)
    always = compare_queries.in_every_window(choice, best, others)
    print(f"\n{compare_words.verdict(compared, in_every_window=always)}\n")
    print(f"{compare_words.shared(compared, len(entries))}\n")
    board = compare_words.table(compared, None).drop(columns=" ")
    board["Verdict"] = board["Verdict"].str[0]
    digits = dict.fromkeys(board.columns[3:], 1) | {"WQL": 3, "Seconds": 0}
    print(table(board.set_index("Model").round(digits)))
    print(table(compare_words.chance_table(compared).set_index("Model").round(3)))
    print(table((compare_queries.by_level(choice, "day") * 100).rename(columns=names).round(1)))
    for column in ("category", "place"):
        made = compare_queries.by_part(choice, column, "WAPE")
        print(table((made.errors * 100).rename(columns=names).round(1)))
    windows = compare_queries.by_window(choice, "WAPE").errors * 100
    print(
        table(windows.rename(columns=names).set_axis(windows.index.strftime("%d %b %Y")).round(1))
    )


def table(frame: pd.DataFrame) -> str:
    """A frame as a table of Markdown, whose first column is the index."""
    cells = frame.astype(object).where(frame.notna(), "–")
    rows = [["", *frame.columns], ["---"] * (frame.shape[1] + 1)]
    rows += [[name, *row] for name, row in zip(cells.index, cells.to_numpy(), strict=True)]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows) + "\n"


def almanac(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "almanac", *words], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
