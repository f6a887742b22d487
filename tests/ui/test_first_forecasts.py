"""First forecasts of every product: one pass, from sales in a real database."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import queries
from data.scope import Scope
from data.store import open_store
from tests.stores import small_demo
from ui import first_forecasts
from ui.first_forecasts import COLUMNS, Products

CATEGORIES = {"1": ("Drinks", "Hot"), "2": ("Drinks",), "3": ("Drinks", "Hot")}
PRODUCTS = Products(names={"1": "Tea", "2": "Water", "3": "Mate"}, categories=CATEGORIES)


def long_frame(sold: dict[str, np.ndarray], horizon: int = 4) -> pd.DataFrame:
    """As `data.panels.panel` gives it, all series ending in the same week."""
    weeks = pd.date_range("2024-01-01", periods=120 + horizon, freq="W-MON")
    parts = [
        pd.DataFrame(
            {
                "series_id": key,
                "timestamp": weeks[120 - len(values) :],
                "target": np.append(values, np.full(horizon, np.nan)),
                "price": 2.0,
                "promo": np.nan,
                "ahead": np.arange(len(values) + horizon) >= len(values),
            }
        )
        for key, values in sold.items()
    ]
    return pd.concat(parts, ignore_index=True)


def test_when_the_demo_shop_is_there_then_each_of_its_products_has_a_forecast(
    tmp_path: Path,
) -> None:
    small_demo(tmp_path)
    store = open_store(tmp_path / "almanac.duckdb")
    told: list[float] = []
    try:
        known = queries.products(store, 1)
        ids = known["product_id"].astype(str)
        products = Products(
            names=dict(zip(ids, known["name"], strict=True)),
            categories=dict(zip(ids, map(tuple, known["categories"]), strict=True)),
        )
        found = first_forecasts.every_product(
            store, Scope(dataset_id=1, freq="W"), 13, products, told.append
        )
        nothing = first_forecasts.every_product(
            store, Scope(dataset_id=99, freq="W"), 13, products, told.append
        )
    finally:
        store.close()
    assert found.columns.tolist() == COLUMNS
    assert set(found["product"]) == set(known["name"])
    assert (found["low"] <= found["forecast"]).mean() > 0.9
    assert (found["high"] >= found["forecast"]).mean() > 0.9
    assert found["forecast"].is_monotonic_decreasing
    assert nothing.empty
    assert told[:3] == sorted(told[:3])


def test_when_a_product_is_new_then_it_is_forecast_like_others_of_its_name() -> None:
    rng = np.random.default_rng(0)
    sold = {
        "1": rng.poisson(50, 120).astype(float),
        "2": rng.poisson(5, 120).astype(float),
        "3": rng.poisson(50, 3).astype(float),
    }
    panel, future = first_forecasts.panel_of(long_frame(sold), "W", PRODUCTS)
    assert future is not None
    assert panel.known_names == ("price",)
    assert panel.static_features.loc["2"].tolist() == ["Drinks", "Drinks"]
    from forecasting import cold_start, create

    made = create("pretrained", horizon=4).fit(panel).predict(panel, known_future=future)
    table = first_forecasts.table(panel, cold_start(panel, made), "W", PRODUCTS)
    row = table.set_index("product").loc["Mate"]
    assert "Tea" in row["note"]
    assert row["note"].startswith("Only 3 observations")
    assert np.isnan(row["growth"])
    assert 20 * 4 < row["forecast"] < 80 * 4
    assert len(row["line"]) == first_forecasts.SPARK["W"] + 4


@pytest.mark.parametrize("change", [1.0, 2.0])
def test_when_sales_change_then_growth_is_against_the_same_weeks_a_year_before(
    change: float,
) -> None:
    level = np.where(np.arange(120) < 90, 100.0, 100.0 * change)
    panel, future = first_forecasts.panel_of(long_frame({"1": level}), "W", PRODUCTS)
    from forecasting import create

    made = create("pretrained", horizon=4).fit(panel).predict(panel, known_future=future)
    row = first_forecasts.table(panel, made, "W", PRODUCTS).iloc[0]
    assert row["growth"] == pytest.approx(change - 1, abs=0.15)
