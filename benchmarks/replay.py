"""What ordering by our forecasts would have earned: replayed on what was really sold.

    python -m benchmarks.replay [--data FOLDER] [--series 1000] [--seconds 120] [--weeks 26]

M5 by day, a sample of series. A network is trained once, on the sales before the first review, and
asked at each weekly review with what had been sold by then. Its levels are held against the
textbook's rule (mean and sigma of the last 182 days, at each review anew, the same lead time and
service) on the same demand, from the same stock. "corrected" asks for what served the wanted share
in as many weeks before (`service_curve`). Goals: the share of units served within 2 points
of the one asked for, and for least cost no dearer than the textbook.
"""

import argparse
import os
import platform
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.ingest import verdict
from benchmarks.m5_data import read_m5
from forecasting.arrays import FloatArray
from forecasting.planning import (
    Replay,
    gaussian_levels,
    replay,
    review_levels,
    service_curve,
    up_to_by_review,
)

LEAD = REVIEW = 7  # days
HORIZON, WARM_UP, HISTORY = 28, 28, 182  # days
COST_SHARE, HOLDING_RATE = 0.6, 0.25  # of the price; of the cost a year
POINTS = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
    )
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=120.0, help="of training")
    parser.add_argument("--weeks", type=int, default=26)
    given = parser.parse_args()
    panel = read_m5(given.data, series=given.series)
    start = panel.length - given.weeks * REVIEW
    learned = start - given.weeks * REVIEW
    past = panel.until(panel.timestamps[learned - 1])
    began = time.perf_counter()
    model = fc.create("lstm", horizon=HORIZON, seed=0)
    model.fit(past, budget_seconds=given.seconds)
    print(
        f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores; M5, {given.series:,} "
        f"series, {given.weeks} weekly reviews, lead time {LEAD} days; trained in "
        f"{time.perf_counter() - began:.0f} s"
    )
    compare(model, panel, learned, start)


def compare(model: fc.Forecaster, panel: fc.Panel, learned: int, start: int) -> None:
    """A line per target: what was served, what lay in stock, what it cost."""
    reviews = list(panel.timestamps[start::REVIEW])
    price = np.nanmean(panel.known_covariates[:, start - HISTORY : start, 0], axis=1)
    price = np.where(np.isfinite(price), price, np.nanmean(price)).astype(np.float64)
    cost = price * COST_SHARE
    items = pd.DataFrame(
        {
            "series_id": panel.series_ids,
            "lead_time_days": float(LEAD),
            "review_days": float(REVIEW),
            "unit_cost": cost,
            "price": price,
        }
    )
    until = panel.until(panel.timestamps[start - 1])
    curve = service_curve(
        model, until, items, list(panel.timestamps[learned:start:REVIEW]),
        lead_steps=np.full(panel.num_series, LEAD), review_steps=REVIEW, warm_up=WARM_UP,
    )  # fmt: skip
    for target, level in (("fill", 0.9), ("fill", 0.95), ("fill", 0.98), ("cost", 0.95)):
        asked = items.assign(target=target, service_level=level)
        ours = review_levels(model, panel, asked, reviews)
        served = _least_cost_level(price, cost) if target == "cost" else level
        book = _textbook(panel, start, len(reviews), served)
        levels_of = {"ours": ours, "textbook": book}
        if target == "fill":
            asked = asked.assign(service_level=curve.to_ask(level))
            levels_of["corrected"] = review_levels(model, panel, asked, reviews)
        results = {name: _replayed(panel, start, levels) for name, levels in levels_of.items()}
        for name, found in results.items():
            print(_line(target, level, name, found, price - cost, cost))
        if target == "fill":
            off = abs(results["corrected"].fill_rate - level)
            print(f"  off by {off * 100:.1f} points  goal {POINTS * 100:.0f}  "
                  f"{verdict(off <= POINTS)}")  # fmt: skip
        else:
            ratio = _money(results["ours"], price - cost, cost) / _money(
                results["textbook"], price - cost, cost
            )
            print(f"  costs {ratio:.3f} x the textbook's  goal 1.0  {verdict(ratio <= 1.0)}")


def _replayed(panel: fc.Panel, start: int, levels: FloatArray) -> Replay:
    return replay(
        panel.target[:, start:],
        up_to_by_review(levels, review_steps=REVIEW),
        stock=levels[0],
        lead_steps=np.full(panel.num_series, LEAD),
        review_steps=REVIEW,
        warm_up=WARM_UP,
    )


def _textbook(panel: fc.Panel, start: int, reviews: int, service_level: float) -> FloatArray:
    """Levels (R, B) of mean and sigma, worked out again at each review."""
    rows = []
    for review in range(reviews):
        end = start + review * REVIEW
        history = np.nan_to_num(panel.target[:, end - HISTORY : end])
        rows.append(
            gaussian_levels(
                history,
                lead_steps=np.full(panel.num_series, LEAD),
                review_steps=REVIEW,
                service_level=service_level,
            )
        )
    return np.stack(rows)


def _least_cost_level(price: FloatArray, cost: FloatArray) -> float:
    """The critical ratio, which is the same of all items: cost is a fixed share of the price."""
    margin, over = (price - cost).sum(), (cost * HOLDING_RATE * REVIEW / 365).sum()
    return float(margin / (margin + over))


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
