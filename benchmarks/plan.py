"""A plan as large as M5: changes at the top saved, seen and taken back, files, versions.

    python -m benchmarks.plan [--products 3049] [--places 10] [--days 28] [--threads 2]

Sales and forecast are drawn, not learned. Goals: a change of everything is saved, shown at every
level and taken back in 2 s each. Seconds by the clock and of CPU; other work on the machine makes
the first larger, never the second.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from data import plan_accuracy, plan_changes, plan_files, plan_log, plans, publications
from data.plan_changes import Change
from data.plans import Plan
from data.scope import Scope
from data.store import Store, open_store

Result = TypeVar("Result")
GOAL = 2.0  # seconds
FIRST = date(2026, 11, 23)


def main() -> None:
    """Make the shop, time each step, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=3049)
    parser.add_argument("--places", type=int, default=10)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "almanac.duckdb", threads=given.threads)
        frame = _shop(store, given.products, given.places, given.days)
        series = given.products * given.places
        print(f"{series:,} series x {given.days} days, load {os.getloadavg()[0]:.1f}")
        _steps(store, frame)
        store.close()


def timed(what: str, work: Callable[[], Result], goal: float | None = None) -> Result:
    """Do it and print how long it took."""
    began, used = time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    verdict = "" if goal is None else f"  goal {goal:.0f} s {'ok' if seconds <= goal else 'MISSED'}"
    print(f"{what:<52} {seconds:6.2f} s  {cpu:6.2f} CPU s{verdict}")
    return result


def _steps(store: Store, frame: pd.DataFrame) -> None:
    whole = Scope(dataset_id=1, freq="D")
    plan = timed(
        "begin the plan",
        lambda: plans.begin(store, 1, "D", frame, model="drawn", author="Ada"),
    )
    days = tuple(FIRST + timedelta(days=at) for at in range(frame["timestamp"].nunique()))

    def change(scope: Scope, **said: object) -> int:
        what = Change(scope=scope, periods=days, reason="promotion", **said)  # type: ignore[arg-type]
        now = plans.revision(store, plan.plan_id)
        return plan_changes.apply(store, plan, what, author="Ada", based_on=now)

    for words, said in (
        ("+20% of everything", {"measure": "percent", "amount": 20.0}),
        ("+50,000 of everything, in whole units",
         {"measure": "amount", "amount": 50_000.0, "whole_units": True}),
    ):  # fmt: skip
        number = timed(f"{words}: save", lambda said=said: change(whole, **said), GOAL)  # type: ignore[misc]
        timed(f"{words}: see it at every level", lambda: _see(store, plan, whole), GOAL)
        timed(
            f"{words}: take it back",
            lambda number=number: plan_changes.undo(store, plan, number, author="Ada"),  # type: ignore[misc]
            GOAL,
        )
    numbers = [change(whole, measure="percent", amount=float(at + 1)) for at in range(5)]
    timed(
        "take back the first of five that stand on each other",
        lambda: plan_changes.undo(store, plan, numbers[0], author="Ada"),
    )
    content = _file(store)
    parsed = timed(
        "read 50,000 lines with 200 wrong ones",
        lambda: plan_files.read(store, plan, content, "changes.csv"),
    )
    print(f"  {parsed.good:,} good, {len(parsed.problems):,} named with line and reason")
    now = plans.revision(store, plan.plan_id)
    timed(
        "keep the good lines",
        lambda: plan_files.keep(store, plan, parsed, author="Ada", based_on=now, partly=True),
    )
    timed("the history", lambda: plan_log.history(store, plan.plan_id))
    now = plans.revision(store, plan.plan_id)
    timed(
        "publish",
        lambda: publications.publish(store, plan, name="First", author="Ada", based_on=now),
        GOAL,
    )
    timed("how it turned out, a day ahead", lambda: plan_accuracy.by_lag(store, 1, "D", 1, whole))
    timed(
        "begin again on another forecast, with all changes",
        lambda: plans.begin(store, 1, "D", frame, model="drawn", author="Ada"),
    )


def _see(store: Store, plan: Plan, whole: Scope) -> None:
    plans.series(store, plan, whole)
    for level in ("category", "product", "place"):
        plans.children(store, plan, whole, level)  # type: ignore[arg-type]
    plans.series(store, plan, Scope(dataset_id=1, freq="D", product_id=1, place_id=1))


def _shop(store: Store, products: int, places: int, days: int) -> pd.DataFrame:
    """A year of weekly sales of every product in every place; gives the forecast."""
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, created_at) "
            "VALUES (1, 'Large', 'upload', now()::TIMESTAMP)"
        )
        cursor.execute(
            "INSERT INTO product (product_id, dataset_id, code, name, categories) "
            "SELECT i, 1, 'P' || i, 'Product ' || i, ['D' || i % 7, 'C' || i % 70] "
            "FROM range(1, $1 + 1) t(i)",
            [products],
        )
        cursor.execute(
            "INSERT INTO place (place_id, dataset_id, code, name) "
            "SELECT i, 1, 'S' || i, 'Store ' || i FROM range(1, $1 + 1) t(i)",
            [places],
        )
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, "
            "import_id) SELECT 1, p, s, $3::DATE - (w * 3 + 1)::INTEGER, p % 7, (p % 7) * 2.5, 1 "
            "FROM range(1, $1 + 1) a(p), range(1, $2 + 1) b(s), range(120) c(w)",
            [products, places, FIRST],
        )
    rng = np.random.default_rng(0)
    series = products * places
    return pd.DataFrame(
        {
            "product_id": np.repeat(np.arange(1, products + 1), places * days),
            "place_id": np.tile(np.repeat(np.arange(1, places + 1), days), products),
            "timestamp": np.tile(pd.date_range(FIRST, periods=days), series),
            "mean": rng.gamma(0.5, 3.0, series * days),
        }
    )


def _file(store: Store) -> bytes:
    """50,000 lines as from Excel, every 250th of them wrong in turn in another way."""
    codes = store.rows(
        "SELECT p.code, s.code, c.timestamp FROM demand_cell c JOIN product p USING (product_id) "
        "JOIN place s USING (place_id) ORDER BY hash(cell) LIMIT 50000"
    )
    wrong = ("P0,S1,2026-11-25,%,5", "P1,S1,2026-11-25,%,1O", "P1,S1,2026-11-25,%,-150",
             "P1,S1,2031-01-01,%,5")  # fmt: skip
    lines = ["product,place,period,kind,amount,reason,comment"]
    for at, (product, place, day) in enumerate(codes):
        good = f"{product},{place},{day},to,{at % 40},promotion,from the buyers"
        lines.append(f"{wrong[at // 250 % 4]},other," if at % 250 == 0 else good)
    return "\n".join(lines).encode()


if __name__ == "__main__":
    main()
