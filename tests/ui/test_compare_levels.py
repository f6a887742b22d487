"""Errors of sums on Compare are what the library says of forecasts that were really added up."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting import metrics
from forecasting.scores import both_scores
from ui import compare_parts
from ui.compare_facts import Loaded, together

HORIZON = 7
MODELS = ("seasonal_naive", "theta")
IDS = [f"{product}:{place}" for product in (1, 2, 3) for place in (1, 2)]


@pytest.fixture(scope="module")
def result() -> fc.Backtest:
    """Six series of three products in two places, over two windows."""
    rng = np.random.default_rng(4)
    days = pd.date_range("2026-01-01", periods=90)
    frames = [
        pd.DataFrame({"series_id": each, "timestamp": days, "target": rng.poisson(5.0 + at, 90)})
        for at, each in enumerate(IDS)
    ]
    panel = fc.Panel.from_frame(pd.concat(frames), "D")
    return fc.backtest(panel, MODELS, horizon=HORIZON, num_windows=2)


def loaded(result: fc.Backtest) -> Loaded:
    scores, steps = both_scores(result)
    texts = {"model": "category"}
    return Loaded(
        run_id="a",
        title="a",
        scores=scores.astype({**texts, "series_id": "category"}),
        steps=steps.astype(texts),
        reliability=pd.DataFrame({"model": list(MODELS), "level": 0.5}).astype(texts),
        pit=pd.DataFrame({"model": list(MODELS), "low": 0.0}).astype(texts),
        seconds=pd.Series(1.0, index=list(MODELS)),
        skipped=0,
    )


def parts() -> pd.DataFrame:
    products = pd.DataFrame(
        {"name": ["A", "B", "C"], "categories": [("X",), ("X",), ("Y",)]}, index=[1, 2, 3]
    )
    places = pd.DataFrame({"name": ["North", "South"]}, index=[1, 2])
    return compare_parts.series_parts(
        pd.Index(IDS), split="product_place", products=products, places=places, depth=0,
        classes=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "keys"),
    [
        ("Every series, day by day", ["series_id", "timestamp"]),
        ("Every series, whole window", ["series_id"]),
        ("Every product, whole window", ["product"]),
        ("Every category, whole window", ["category"]),
        ("Every place, whole window", ["place"]),
        ("All together, day by day", ["timestamp"]),
        ("All together, whole window", []),
    ],
)
@pytest.mark.parametrize("model", MODELS)
def test_when_forecasts_are_added_up_then_the_error_of_the_level_is_the_librarys(
    result: fc.Backtest, row: str, keys: list[str], model: str
) -> None:
    compared = together([loaded(result)], freq="D", horizon=HORIZON)
    assert compared is not None
    levels = compare_parts.by_level(compared, parts(), "day")
    rows = result.forecasts[result.forecasts["model"] == model]
    rows = rows.merge(parts(), left_on="series_id", right_index=True)
    sums = rows.groupby(["cutoff", *keys])[["actual", "mean"]].sum()
    wape = metrics.wape(sums["actual"].to_numpy(), sums["mean"].to_numpy())
    assert levels.loc[row, model] == pytest.approx(float(wape))
