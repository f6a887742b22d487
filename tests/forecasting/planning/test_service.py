"""Amounts that serve sample paths as asked, held against plain loops."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.planning import Items, plan_orders
from forecasting.planning.exposure import Exposure
from forecasting.planning.orders import order_up_to
from forecasting.planning.service import at_target, up_to_level

SERIES, STEPS = 5, 12


def forecast_of(steps: int = STEPS) -> fc.Forecast:
    """Lumpy demand in three quantiles, by day from 1 Nov 2026."""
    middle = np.random.default_rng(0).uniform(1, 20, (SERIES, STEPS))[:, :steps]
    return fc.Forecast(
        mean=middle,
        quantiles=middle[:, :, None] * np.array([0.3, 1.0, 2.2]),
        quantile_levels=(0.1, 0.5, 0.9),
        series_ids=pd.Index([f"s{k}" for k in range(SERIES)]),
        timestamps=pd.date_range("2026-11-01", periods=steps),
        cutoff=pd.Timestamp("2026-10-31"),
        step_correlation=0.2,
    )


def items_of(forecast: fc.Forecast, **columns: object) -> Items:
    frame = pd.DataFrame(
        {"series_id": forecast.series_ids, "lead_time_days": 3.0, "review_days": 4.0} | columns
    )
    return Items.from_frame(frame, forecast.series_ids)


def exposure_of(lead: np.ndarray, cycle: np.ndarray) -> Exposure:
    """Samples (B, S), ascending in each row; the rest says nothing here."""
    nothing = np.zeros(len(lead))
    samples = np.sort(lead, axis=1).astype(np.float32)
    return Exposure(
        need=samples,
        demand_lead=samples,
        demand_cycle=np.sort(cycle, axis=1).astype(np.float32),
        served=(cycle - lead).mean(axis=1),
        lost_before=nothing,
        out_before=nothing,
        out_at=samples,
        sells_fresh=nothing,
        mean_path=lead,
    )


def test_when_a_fill_rate_is_asked_for_then_the_level_leaves_that_share_of_a_cycle_unmet() -> None:
    rng = np.random.default_rng(1)
    lead = rng.poisson(4, (SERIES, 201)).astype(float)
    cycle = lead + rng.poisson(6, lead.shape)
    asked = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
    items = items_of(forecast_of(), target="fill")
    levels = up_to_level(exposure_of(lead, cycle), items, asked)
    for row, level in enumerate(levels):
        unmet = sum(max(each - level, 0) for each in cycle[row])
        unmet -= sum(max(each - level, 0) for each in lead[row])
        wanted = (1 - asked[row]) * (cycle[row] - lead[row]).sum()
        assert unmet == pytest.approx(wanted, rel=1e-5)
        # What is unmet falls evenly with the level, so a little less stock leaves too much.
        less = sum(max(each - level + 0.01, 0) for each in cycle[row])
        assert less - sum(max(each - level + 0.01, 0) for each in lead[row]) > wanted


def test_when_items_ask_in_different_ways_then_each_gets_the_amount_of_its_own() -> None:
    samples = np.tile(np.arange(1, 101, dtype=np.float32), (SERIES, 1))
    served, level = np.full(SERIES, 50.5), np.array([0.9, 0.9, 0.9, 0.0, 1.0])
    items = items_of(forecast_of(), target=["cycle", "fill", "cost", "cycle", "cycle"])
    found = at_target(samples, served, items, level)
    assert found[[0, 2, 3, 4]].tolist() == [90.0, 90.0, 0.0, 100.0]
    assert np.maximum(samples[1] - found[1], 0).mean() == pytest.approx(5.05)


@pytest.mark.parametrize("target", ["cycle", "fill"])
def test_when_only_levels_are_asked_for_then_they_are_those_of_the_plan(target: str) -> None:
    """Paths are walked only as far as the longest cycle reaches, and nothing changes by it."""
    forecast = forecast_of()
    items = items_of(forecast, target=target, service_level=0.9, on_hand=0.0)
    levels = order_up_to(forecast, items, num_paths=80)[0]
    np.testing.assert_array_equal(
        levels, plan_orders(forecast, items, num_paths=80).lines["order_up_to"]
    )
    later = replace(forecast, quantiles=forecast.quantiles.copy())
    later.quantiles[:, 7:] *= 5  # a lead time of 3 days and a review of 4 end there
    np.testing.assert_array_equal(levels, order_up_to(later, items, num_paths=80)[0])
    far = replace(items, lead_time_days=np.full(SERIES, 6.0))
    changed = order_up_to(later, far, num_paths=80)[0] > order_up_to(forecast, far, num_paths=80)[0]
    assert changed.all()
