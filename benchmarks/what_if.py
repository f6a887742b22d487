"""How long a scenario takes: the demo shop by measured effects, and M5's CA stores by a network.

    python -m benchmarks.what_if [--data FOLDER] [--budget 60] [--threads 2] [--skip-m5]

The shop: 300 products in 4 places over 13 weeks, three lines that touch everything, band of 500
futures. M5: 12,196 series over 28 days, all prices 10 % lower for two weeks and a category dearer
for one; the network is trained for `--budget` seconds first, which does not count. Goals: 2 s and
20 s.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.m5_data import read_m5
from data import demo
from data.store import open_store
from forecasting.scenarios import Base, Change, DailyPlan, Response, run_planned
from ui import prices_facts
from ui import what_if_ground as grounds
from ui import what_if_work as work
from ui.what_if_kinds import Line
from ui.what_if_rules import Shop
from ui.what_if_work import Answerer, Weeks

SHOP_GOAL, M5_GOAL = 2.0, 20.0  # seconds
HORIZON, HISTORY = 28, 800  # days


def main() -> None:
    """Time both, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--skip-m5", action="store_true")
    given = parser.parse_args()
    print(f"{date.today()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    _shop()
    if given.skip_m5:
        return
    if not (given.data / "m5" / "sales_daily").is_dir():
        print(f"M5 is not in {given.data}; left out. Give --data FOLDER.")
        return
    _m5(given.data, given.budget, given.threads)


@contextmanager
def _timed(what: str, goal: float | None = None) -> Iterator[None]:
    began, used = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    aim = f", goal {goal:.0f} s" if goal else ""
    print(f"{what}: {wall:.2f} s wall, {cpu:.2f} s CPU{aim}", flush=True)


def _shop() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "almanac.duckdb")
        dataset = demo.load(store, today=date(2026, 11, 18))
        products = store.frame("SELECT product_id, code, name, categories FROM product")
        places = store.frame("SELECT place_id, code, name FROM place")
        last = store.rows("SELECT max(day) FROM sales")[0][0]
        paths = {
            key: tuple(path) for key, path in products[["product_id", "categories"]].to_numpy()
        }
        with _timed("Elasticities of the shop, once after an import"):
            measured = prices_facts.find(store, dataset)
        with _timed("Forecast, plan and stock of the shop, once after an import"):
            ground = grounds.make(
                store, dataset, products=list(paths), place_id=None, until=last, by_week=False,
                horizon=grounds.LONG, measured=measured, tell=lambda share: None,
            )  # fmt: skip
        store.close()
    assert ground is not None
    asked = Answerer(ahead=ground.ahead, forecast=ground.forecast, response=ground.response)
    pairs = ground.ahead.pairs
    shop = Shop(
        names=dict(zip(products["product_id"], products["name"], strict=True)),
        codes=dict(zip(products["code"].str.lower(), products["product_id"], strict=True)),
        paths=paths,
        place_names=dict(zip(places["place_id"], places["name"], strict=True)),
        place_codes=dict(zip(places["code"], places["place_id"], strict=True)),
        pairs=frozenset(zip(pairs["product_id"].tolist(), pairs["place_id"].tolist(), strict=True)),
        currency="€",
        first_day=asked.first_day,
        last_day=asked.last_day,
    )
    first, end = asked.first_day.isoformat(), "2027-02-14"
    lines = [
        Line(kind="Price", first=first, last=end, value="-10%"),
        Line(kind="Promotion", first="2026-12-01", last="2026-12-10", value="20%"),
        Line(kind="Demand", first=first, last=end, value="+5%"),
    ]
    week = [Line(kind="Price", products="Beverages", first="2026-11-23", last="2026-11-29",
                 value="-10%")]  # fmt: skip
    size = f"{len(pairs):,} products in places x {7 * work.WEEKS} days"
    with _timed(f"Scenario over {size}, everything changed for 13 weeks", SHOP_GOAL):
        work.run(asked, lines, shop, Weeks())
    with _timed(f"Scenario over {size}, one department for a week", SHOP_GOAL):
        work.run(asked, week, shop, Weeks())


def _m5(folder: Path, budget: float, threads: int) -> None:
    whole = _california(folder)
    panel = whole.until(whole.timestamps[-1 - HORIZON])
    model = fc.create("lstm", horizon=HORIZON, preset="fast", num_threads=threads)
    with _timed(f"Training on {panel.num_series:,} series, not counted"):
        model.fit(panel, budget_seconds=budget)
    future = whole.known_covariates[:, -HORIZON:].astype(np.float64)
    at = panel.known_names.index("sell_price")
    days = panel.future_timestamps(HORIZON)
    price = future[:, :, at]
    seen = panel.known_covariates[:, :, at]
    items = panel.static_features["cat_id"].to_numpy()
    rows = [
        [Change(column="price", how="percent", value=-10, first=days[0], last=days[13])],
        [
            Change(
                column="price", how="percent", value=5, first=days[14], last=days[20],
                series=tuple(panel.series_ids[items == items[0]]),
            )
        ],
    ]  # fmt: skip
    response = Response.of(
        pd.DataFrame({"series_id": panel.series_ids, "elasticity": -1.5, "error": 0.5}),
        panel.series_ids,
    )
    label = f"Scenario over {panel.num_series:,} series x {HORIZON} days by the network"
    with _timed(label, M5_GOAL):
        began = time.perf_counter()
        forecast = model.predict(panel, known_future=future)
        print(f"  planned after {time.perf_counter() - began:.1f} s", flush=True)
        base = Base.of(
            forecast,
            DailyPlan.of(panel.series_ids, days, price=price),
            (np.nanmin(seen, axis=1), np.nanmax(seen, axis=1)),
        )
        found = run_planned(
            model, panel, future, base, rows, response, price="sell_price", promo=""
        )
    row = found.totals.iloc[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"  units {row['difference']:+,.0f} of {row['plan']:,.0f} ({row['low']:+,.0f} to "
        f"{row['high']:+,.0f}); {'; '.join(found.notes) or 'no notes'}; peak {peak:.1f} GB"
    )


def _california(folder: Path) -> fc.Panel:
    """The panel of the four CA stores, of the last days."""
    with tempfile.TemporaryDirectory() as temporary:
        m5 = Path(temporary) / "m5"
        (m5 / "sales_daily").mkdir(parents=True)
        for file in (folder / "m5").glob("*.parquet"):
            (m5 / file.name).symlink_to(file.resolve())
        for file in (folder / "m5" / "sales_daily").glob("*CA_*.parquet"):
            (m5 / "sales_daily" / file.name).symlink_to(file.resolve())
        panel = read_m5(Path(temporary))
    known = pd.DataFrame(panel.known_covariates[:, :, 0]).bfill(axis=1).to_numpy(np.float32)
    covariates = panel.known_covariates[:, -HISTORY:].copy()
    covariates[:, :, 0] = known[:, -HISTORY:]
    return replace(
        panel,
        target=panel.target[:, -HISTORY:],
        timestamps=panel.timestamps[-HISTORY:],
        known_covariates=covariates,
        past_covariates=panel.past_covariates[:, -HISTORY:],
    )


if __name__ == "__main__":
    main()
