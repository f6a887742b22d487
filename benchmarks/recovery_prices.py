"""Elasticities and promotions against what was planted, and against single regressions.

Dominick's orange juice has no planted truth: its elasticities have to be plausible, and knowing the
price has to make the forecasts of weeks with changed prices better.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.accuracy import datasets
from data.demo import shop
from forecasting import metrics
from forecasting.arrays import BoolArray, FloatArray
from forecasting.elasticity import elasticities
from forecasting.promotions import evaluate

LEAST_UNITS = 30  # to be expected without the promotion; chance is most of smaller ones
Z = 1.645  # of bands that hold 90 %
WINDOWS = 3  # last ones that are forecast
CHANGED = 0.05  # of the last known price, from which it is another price


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
    path = _folder() / "dominicks_orange_juice" / "sales_weekly.parquet"
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


def with_and_without_price(
    model: str, *, series: int = 300, seconds: float | None = None
) -> dict[str, float]:
    """Dominick's: WQL with price, deal and feature known, over that without, of the last windows.

    Over all weeks, and of those alone whose price differs from the last known one; empty where the
    real data are not. `seconds` is the budget of each of the two trainings.
    """
    if not (_folder() / "dominicks_orange_juice" / "sales_weekly.parquet").exists():
        return {}
    contest = datasets.dominicks(_folder()).entered()
    chosen = np.random.default_rng(0).permutation(contest.panel.num_series)[:series]
    panel, horizon = (
        contest.panel.subset(contest.panel.series_ids[np.sort(chosen)]),
        contest.horizon,
    )
    return price_ratios(model, panel, horizon, seconds=seconds)


def price_ratios(
    model: str, panel: fc.Panel, horizon: int, *, seconds: float | None = None
) -> dict[str, float]:
    """The same for any panel whose first known covariate is the price."""
    bare = fc.Panel.from_frame(panel.to_frame()[["series_id", "timestamp", "target"]], panel.freq)
    losses = {name: np.zeros(2) for name in ("with", "without")}
    last = panel.length - 1 - horizon
    cutoffs = [last - window * horizon for window in reversed(range(WINDOWS))]
    for name, each in (("with", panel), ("without", bare)):
        learned = each.until(each.timestamps[cutoffs[0]])  # once, before the first window
        made = fc.create(model, horizon=horizon, seed=0).fit(learned, budget_seconds=seconds)
        for cutoff in cutoffs:
            losses[name] += _losses(made, each, panel, cutoff, horizon)
    ratio = losses["with"] / losses["without"]
    return {"all weeks": float(ratio[0]), "changed prices": float(ratio[1])}


def _losses(
    model: fc.Forecaster, panel: fc.Panel, priced: fc.Panel, cutoff: int, horizon: int
) -> FloatArray:
    """Sums of the quantile loss of a window: of all weeks, and of those with another price."""
    steps = slice(cutoff + 1, cutoff + 1 + horizon)
    ahead = panel.known_covariates[:, steps].astype(np.float64)
    forecast = model.predict(panel.until(panel.timestamps[cutoff]), known_future=ahead)
    rows = priced.series_ids.get_indexer(forecast.series_ids)
    actual = priced.target[rows, steps].astype(np.float64)
    loss = metrics.quantile_losses(actual, forecast.quantiles, forecast.quantile_levels)
    moved = _moved(priced, cutoff, steps)[rows]
    return np.array([np.nansum(loss), np.nansum(loss[moved])])


def _moved(panel: fc.Panel, cutoff: int, steps: slice) -> BoolArray:
    """Which weeks (B, H) have another price than the last known one."""
    price = panel.known_covariates[:, :, 0].astype(np.float64)
    before = pd.DataFrame(price[:, : cutoff + 1]).ffill(axis=1).iloc[:, -1].to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.abs(price[:, steps] / before[:, None] - 1) > CHANGED)


def _folder() -> Path:
    return Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
