"""Elasticities and promotions against what was planted, and against single regressions."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from data.demo import shop
from forecasting.elasticity import elasticities
from forecasting.promotions import evaluate

LEAST_UNITS = 30  # to be expected without the promotion; chance is most of smaller ones
Z = 1.645  # of bands that hold 90 %


def single_regressions(rows: pd.DataFrame) -> "pd.Series[float]":
    """Slopes of log units on log price, each product by itself."""
    sold = rows[rows["target"] > 0]
    logs = sold[["target", "price"]].transform(np.log)
    logs -= logs.groupby(sold["series_id"]).transform("mean")
    logs["cross"], logs["square"] = logs["price"] * logs["target"], logs["price"] ** 2
    sums = logs.groupby(sold["product"])[["cross", "square"]].sum()
    return sums["cross"] / sums["square"]


def promotions(
    built: shop.DemoShop, rows: pd.DataFrame, products: pd.DataFrame
) -> tuple[float, float, int]:
    """Units more over those planted, the share of bands that hold it, and how many promotions.

    What is planted is a promotion's uplift times the effect of its price.
    """
    parents = built.products["categories"].map(lambda path: "/".join(path[:-1])).to_numpy()
    rows = rows.assign(place=rows["series_id"] % 10, parent=parents[rows["product"].to_numpy() - 1])
    lines = evaluate(rows, products).lines
    lines = lines[(lines["without"] >= LEAST_UNITS) & (lines["verdict"] != "unknown")]

    def true(topic: str) -> "pd.Series[float]":
        of_topic = built.truth[built.truth["topic"] == topic]
        return lines["product"].map(of_topic.set_index("product_id")["value"])

    factor = (1 - lines["depth"]) ** true("elasticity") * true("promo uplift")
    planted = lines["sold"] * (1 - 1 / factor)
    wide = 1 + lines["without"] / lines["near_units"]
    spread = np.sqrt(lines["noise"] * lines["without"] * wide)
    held = float(((lines["lift"] - planted).abs() <= Z * spread).mean())
    return float(lines["lift"].sum() / planted.sum()), held, len(lines)


def orange_juice() -> "pd.Series[float]":
    """Dominick's: elasticities by brand; empty where the real data are not."""
    folder = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
    path = folder / "dominicks_orange_juice" / "sales_weekly.parquet"
    if not path.exists():
        return pd.Series(dtype=float)
    sold = pd.read_parquet(path)
    rows = pd.DataFrame(
        {
            "series_id": sold["store"].astype(str) + ":" + sold["brand"].astype(str),
            "product": sold["brand"],
            "group": "orange juice",
            "timestamp": sold["week_start"],
            "target": sold["units"],
            "price": sold["price"],
            "promo": np.maximum(sold["feat"], sold["deal"]),
        }
    )
    return elasticities(rows, freq_days=7).products.set_index("product")["elasticity"]
