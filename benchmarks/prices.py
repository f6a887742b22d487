"""Elasticities of all of M5: 3,049 items, their ten stores together or each for itself.

    ALMANAC_DATA=../shared/data python -m benchmarks.prices [--items 3049] [--by-store]

Weekly sums of sales and weekly prices of 30,490 series. Goal: 3 minutes for 3,049 items x 10
stores on two cores. Then the best prices of all of them.
"""

import argparse
import os
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecasting.elasticity import elasticities
from forecasting.pricing import PriceRules, advise, trusted

GOAL_SECONDS = 180.0


def main() -> None:
    """Read, estimate, advise, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=3049)
    parser.add_argument("--by-store", action="store_true", help="each item in each store")
    given = parser.parse_args()
    began = time.perf_counter()
    rows = weekly(Path(os.environ.get("ALMANAC_DATA", "../shared/data")) / "m5", given.items)
    if given.by_store:
        rows = rows.assign(product=rows["series_id"])
    print(f"{len(rows):,} weekly rows read in {time.perf_counter() - began:.1f} s")
    began, used = time.perf_counter(), time.process_time()
    found = elasticities(rows, freq_days=7)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    table = trusted(found)
    count = len(table)
    print(
        f"{count:,} elasticities of {rows['series_id'].nunique():,} series: {seconds:.1f} s "
        f"({cpu:.1f} CPU s; goal {GOAL_SECONDS:.0f} s); load {os.getloadavg()[0]:.1f}"
    )
    print(
        f"middle {table['elasticity'].median():.2f}, 8 in 10 "
        f"{table['elasticity'].quantile(0.1):.2f} to {table['elasticity'].quantile(0.9):.2f}; "
        + ", ".join(f"{name} {size:,}" for name, size in table["trust"].value_counts().items())
    )
    last = rows.groupby("product").agg(price=("price", "last"), units=("target", "mean"))
    goods = table.join(last, on="product").assign(group="M5")
    began, used = time.perf_counter(), time.process_time()
    lines = advise(goods, PriceRules(goal="revenue")).lines
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    print(f"{len(lines):,} best prices: {seconds:.1f} s ({cpu:.1f} CPU s)")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def weekly(m5: Path, items: int) -> pd.DataFrame:
    """Rows as `elasticities` takes them: weeks of each item and store that had a price."""
    calendar = pd.read_parquet(m5 / "calendar.parquet")
    weeks = np.sort(calendar["wm_yr_wk"].unique())
    week_of_day = np.searchsorted(weeks, calendar["wm_yr_wk"].to_numpy())
    first = (pd.Timestamp(calendar["date"].min()) - pd.Timestamp(0)).days
    prices = pd.read_parquet(m5 / "sell_prices.parquet")
    parts = [
        _store(path, week_of_day, first, items)
        for path in sorted((m5 / "sales_daily").glob("*.parquet"))
    ]
    sold = pd.concat(parts, ignore_index=True)
    prices["week"] = np.searchsorted(weeks, prices["wm_yr_wk"])
    rows = sold.merge(prices, on=["store_id", "item_id", "week"])
    codes, _ = pd.factorize(rows["store_id"].astype(str))
    items_of, _ = pd.factorize(rows["item_id"].astype(str))
    return pd.DataFrame(
        {
            "series_id": items_of * 10 + codes,
            "product": items_of,
            "group": rows["dept_id"].astype("category"),
            "timestamp": pd.Timestamp("2011-01-29") + pd.to_timedelta(rows["week"] * 7, unit="D"),
            "target": rows["target"].astype(float),
            "price": rows["sell_price"].astype(float),
        }
    )


def _store(
    path: Path, week_of_day: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    first: int, items: int,
) -> pd.DataFrame:  # fmt: skip
    """Weekly sums of one store: store_id, item_id, dept_id, week, target."""
    texts = ["item_id", "dept_id", "store_id"]
    table = pq.read_table(path, columns=[*texts, "date", "units"], read_dictionary=texts)
    days = table["date"].cast(pa.int32()).to_numpy() - first
    frame = table.drop_columns(["date"]).to_pandas().assign(week=week_of_day[days])
    kept = frame["item_id"].cat.categories[:items]
    frame = frame[frame["item_id"].isin(kept)]
    keys = [*texts, "week"]
    summed = frame.groupby(keys, observed=True, sort=False)["units"].sum()
    return summed.rename("target").reset_index().astype(dict.fromkeys(texts, str))


if __name__ == "__main__":
    main()
