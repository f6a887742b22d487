"""What ordering by our forecasts would have earned: replayed on what was really asked for.

    python -m benchmarks.replay [--shop m5|demo] [--data FOLDER] [--series 1000] [--seconds 120]
                                [--weeks 26] [--days 1100] [--paths 500]

M5 by day, a sample of series, whose demand is what was sold; or the demo shop, whose true demand is
known: sold and lost. A network is trained once, on the sales before the first review, and asked at
each weekly review with what had been sold by then. Its levels are held against the textbook's rule
(mean and sigma of the last 182 days, at each review anew, the same lead time and service) on the
same demand, from the same stock. "corrected" asks for what served the wanted share in as many weeks
before (`service_curve`). Goals: the share of units served within 2 points of the one asked for, for
least cost no dearer than the textbook, and 4 GB: all 30,490 series of M5 are one run. M5 is read
from its last `--days` on.
"""

import argparse
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.ingest import verdict
from benchmarks.m5_data import read_m5
from data.demo import shop
from forecasting.arrays import FloatArray, IntArray
from forecasting.planning import (
    Replay,
    Service,
    gaussian_levels,
    levels_asked,
    replay,
    service_curve,
    up_to_by_review,
)

LEAD = REVIEW = 7  # days
HORIZON, WARM_UP, HISTORY = 28, 28, 182  # days
COST_SHARE, HOLDING_RATE = 0.6, 0.25  # of the price; of the cost a year
POINTS, GOAL_GB = 0.02, 4.0
FILLS = (0.9, 0.95, 0.98)  # shares of units asked for
TODAY = date(2026, 11, 20)  # of the demo shop


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A shop to replay; B series, T days."""

    name: str
    panel: fc.Panel  # what was sold, with whatever is known ahead
    wanted: FloatArray  # (B, T) what was asked for
    lead: IntArray  # (B,) days
    price: FloatArray  # (B,)
    cost: FloatArray  # (B,)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
    )
    parser.add_argument("--shop", choices=("m5", "demo"), default="m5")
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=120.0, help="of training")
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--days", type=int, default=1100, help="of M5, the last ones")
    parser.add_argument("--paths", type=int, default=500)
    given = parser.parse_args()
    if given.shop == "m5":
        case = m5(given.data, given.series, given.weeks, days=given.days)
    else:
        case = demo_shop(given.series)
    panel = case.panel
    start = panel.length - given.weeks * REVIEW
    learned = start - given.weeks * REVIEW
    past = panel.until(panel.timestamps[learned - 1])
    began, used = time.perf_counter(), time.process_time()
    model = fc.create("lstm", horizon=HORIZON, seed=0)
    model.fit(past, budget_seconds=given.seconds)
    print(
        f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores; {case.name}, "
        f"{panel.num_series:,} series, {given.weeks} weekly reviews, lead time "
        f"{case.lead.min()} to {case.lead.max()} days; trained in "
        f"{time.perf_counter() - began:.0f} s ({time.process_time() - used:.0f} CPU s)"
    )
    compare(model, case, learned, start, paths=given.paths)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"all in {time.perf_counter() - began:,.0f} s ({time.process_time() - used:,.0f} CPU s), "
        f"peak {peak:.2f} GB  goal {GOAL_GB:.0f}  {verdict(peak <= GOAL_GB)}; "
        f"load {os.getloadavg()[0]:.1f}"
    )


def m5(folder: Path, series: int, weeks: int, *, days: int | None = None) -> Case:
    """M5 or a sample; every series comes after a week, and costs a fixed share of its price."""
    panel = read_m5(folder, series=series, days=days)
    start = panel.length - weeks * REVIEW
    window = panel.known_covariates[:, start - HISTORY : start, 0]
    priced = np.isfinite(window).sum(axis=1)  # days; none of a product that was not yet on sale
    price = np.nansum(window, axis=1, dtype=np.float64) / np.maximum(priced, 1)
    price = np.where(priced > 0, price, price[priced > 0].mean())
    return Case(
        name="M5",
        panel=panel,
        wanted=panel.target,
        lead=np.full(panel.num_series, LEAD),
        price=price,
        cost=price * COST_SHARE,
    )


def demo_shop(series: int) -> Case:
    """Series of the demo shop; the model learns what was sold, as everywhere, without the truth."""
    built = shop.build(today=TODAY)
    ids = built.sales["product_id"].astype(str) + ":" + built.sales["place_id"].astype(str)
    sold = pd.DataFrame(
        {
            "series_id": ids,
            "timestamp": built.sales["day"],
            "target": built.sales["quantity"].clip(lower=0),
            "price": built.sales["price"],
            "promo": built.sales["promo"].astype(float),
        }
    )
    names = np.sort(ids.unique())
    chosen = np.random.default_rng(0).choice(names, min(series, len(names)), replace=False)
    panel = fc.Panel.from_frame(
        sold[ids.isin(chosen)], "D", gaps="zero", known_covariates=["price", "promo"]
    )
    product = panel.series_ids.str.partition(":").get_level_values(0).astype(int)
    goods = built.products.set_index("product_id").loc[product]
    price = sold[ids.isin(chosen)].groupby("series_id")["price"].mean().loc[panel.series_ids]
    return Case(
        name="demo shop, true demand",
        panel=panel,
        wanted=np.nan_to_num(panel.target).astype(np.float64) + lost(built, panel),
        lead=goods["lead_time_days"].to_numpy().astype(np.intp),
        price=price.to_numpy(np.float64),
        cost=goods["unit_cost"].to_numpy(np.float64),
    )


def lost(built: shop.DemoShop, panel: fc.Panel) -> FloatArray:
    """Units (B, T) that were asked for and not there, by the shop's own truth."""
    out = built.truth[built.truth["topic"] == "stock-out"]
    ids = out["product_id"].astype(str) + ":" + out["place_id"].astype(str)
    row = panel.series_ids.get_indexer(pd.Index(ids))
    step = panel.timestamps.get_indexer(pd.DatetimeIndex(out["day"]))
    kept = (row >= 0) & (step >= 0)
    units = np.zeros(panel.target.shape)
    np.add.at(units, (row[kept], step[kept]), out["value"].to_numpy(np.float64)[kept])
    return units


def compare(model: fc.Forecaster, case: Case, learned: int, start: int, *, paths: int) -> None:
    """A line per target: what was served, what lay in stock, what it cost."""
    price, cost = case.price, case.cost
    levels_of = _levels_of(model, case, learned, start, paths=paths)
    for (target, level), of_rules in levels_of.items():
        results = {name: _replayed(case, start, levels) for name, levels in of_rules.items()}
        for name, found in results.items():
            print(_line(target, level, name, found, price - cost, cost))
        if target == "fill":
            off = abs(results["corrected"].fill_rate - level)
            print(f"  off by {off * 100:.1f} points  goal {POINTS * 100:.0f}  "
                  f"{verdict(off <= POINTS)}")  # fmt: skip
        else:
            ours, theirs = (
                _money(results[name], price - cost, cost) for name in ("ours", "textbook")
            )
            ratio = ours / theirs if theirs else float("nan")
            print(f"  costs {ratio:.3f} x the textbook's  goal 1.0  {verdict(ratio <= 1.0)}")


def _levels_of(
    model: fc.Forecaster, case: Case, learned: int, start: int, *, paths: int
) -> dict[tuple[str, float], dict[str, FloatArray]]:
    """The levels (R, B) of each rule, by what is asked for. One walk serves all of them."""
    panel, price, cost = case.panel, case.price, case.cost
    reviews = list(panel.timestamps[start::REVIEW])
    items = pd.DataFrame(
        {
            "series_id": panel.series_ids,
            "lead_time_days": case.lead.astype(float),
            "review_days": float(REVIEW),
            "unit_cost": cost,
            "price": price,
        }
    )
    curve = service_curve(
        model, panel.until(panel.timestamps[start - 1]), items,
        list(panel.timestamps[learned:start:REVIEW]), lead_steps=case.lead, review_steps=REVIEW,
        num_paths=min(200, paths), warm_up=WARM_UP, on_review=_progress("learning the service"),
    )  # fmt: skip
    levels = levels_asked(
        model, panel, items.assign(target="fill"), reviews,
        asked=(*FILLS, *(curve.to_ask(level) for level in FILLS), Service(target="cost")),
        num_paths=paths, on_review=_progress("levels"),
    )  # fmt: skip
    found: dict[tuple[str, float], dict[str, FloatArray]] = {}
    for number, level in enumerate(FILLS):
        found["fill", level] = {
            "ours": levels[number],
            "textbook": _textbook(case, start, len(reviews), np.full(len(price), level)),
            "corrected": levels[number + len(FILLS)],
        }
    served = least_cost_levels(price, cost)
    found["cost", 0.0] = {
        "ours": levels[-1], "textbook": _textbook(case, start, len(reviews), served)
    }  # fmt: skip
    return found


def _progress(what: str) -> Callable[[int, int], None]:
    began, used = time.perf_counter(), time.process_time()

    def tell(done: int, of: int) -> None:
        print(
            f"  {what}: {done} of {of} reviews, {time.perf_counter() - began:,.0f} s "
            f"({time.process_time() - used:,.0f} CPU s)",
            file=sys.stderr,
            flush=True,
        )

    return tell


def _replayed(case: Case, start: int, levels: FloatArray) -> Replay:
    return replay(
        case.wanted[:, start:],
        up_to_by_review(levels, review_steps=REVIEW),
        stock=levels[0],
        lead_steps=case.lead,
        review_steps=REVIEW,
        warm_up=WARM_UP,
    )


def _textbook(case: Case, start: int, reviews: int, service_level: FloatArray) -> FloatArray:
    """Levels (R, B) of mean and sigma, worked out again at each review."""
    rows = []
    for review in range(reviews):
        end = start + review * REVIEW
        history = np.nan_to_num(case.panel.target[:, end - HISTORY : end])
        rows.append(
            gaussian_levels(
                history, lead_steps=case.lead, review_steps=REVIEW, service_level=service_level
            )
        )
    return np.stack(rows)


def least_cost_levels(price: FloatArray, cost: FloatArray) -> FloatArray:
    """The critical ratio (B,) of margin and of holding a unit until the next order."""
    margin, over = np.maximum(price - cost, 0.0), cost * HOLDING_RATE * REVIEW / 365
    return np.asarray(np.clip(margin / (margin + over), 0.001, 0.999))


def _money(found: Replay, margin: FloatArray, cost: FloatArray) -> float:
    return found.cost(holding=cost * HOLDING_RATE / 365, shortage=margin)


def _line(
    target: str, level: float, name: str, found: Replay, margin: FloatArray, cost: FloatArray
) -> str:
    asked = f"{target} {level:.0%}" if target == "fill" else "least cost"
    return (
        f"{asked:<11}{name:<10}served {found.fill_rate:6.1%}  "
        f"stock {found.mean_stock.sum():9,.0f}  "
        f"lost {found.lost.sum():8,.0f}  cost {_money(found, margin, cost):10,.0f}"
    )


if __name__ == "__main__":
    main()
