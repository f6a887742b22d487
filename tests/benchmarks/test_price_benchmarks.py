"""The benchmarks of prices and of the causal check, on little."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from benchmarks import causal, recovery_prices
from data.demo import shop
from forecasting.elasticity import elasticities


def test_when_a_small_shop_is_judged_then_units_more_are_near_those_planted() -> None:
    built = shop.build(today=date(2026, 11, 20), products=24, days=500)
    rows = built.priced_sales()
    found = elasticities(rows).products
    lift, held, count = recovery_prices.promotions(built, rows, found)
    assert count > 20
    assert lift == pytest.approx(1.0, abs=0.15)
    assert held > 0.75
    single = recovery_prices.single_regressions(rows)
    assert np.isfinite(single).mean() > 0.8


def test_when_effects_are_simulated_then_a_line_of_the_table_comes_out() -> None:
    line = causal.row("poisson", 0.3, 3)
    assert line.startswith("| poisson | 30% |")
    assert line.count("%") == 5


def test_when_real_data_are_absent_then_orange_juice_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ALMANAC_DATA", str(tmp_path))
    assert recovery_prices.orange_juice().empty
    assert recovery_prices.with_and_without_price("gbm") == {}


def test_when_the_price_moves_sales_then_knowing_it_makes_changed_weeks_better() -> None:
    rng = np.random.default_rng(0)
    weeks = pd.date_range("2024-01-07", periods=110, freq="W")
    parts = []
    for series in range(12):
        price = rng.choice([2.0, 2.0, 2.0, 1.4], len(weeks))
        target = rng.poisson(40 * (price / 2.0) ** -3.0)
        parts.append(
            pd.DataFrame(
                {"series_id": f"s{series:02}", "timestamp": weeks, "target": target, "price": price}
            )
        )
    panel = fc.Panel.from_frame(pd.concat(parts), "W", known_covariates=["price"])
    ratios = recovery_prices.price_ratios("gbm", panel, 4)
    assert ratios["changed prices"] < 0.8
    assert ratios["all weeks"] < 1.0
