"""Dependence: the correlation that errors had gives sums whose bands hold."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.arrays import FloatArray
from forecasting.dependence import ASSUMED, normal_scores, step_correlation
from forecasting.simple import normal_quantiles

LEVELS = fc.DEFAULT_QUANTILE_LEVELS
STEPS = 10


def chained(count: int, correlation: float, seed: int) -> FloatArray:
    """Standard normal errors (B, H), AR(1) over the steps, by a plain loop."""
    errors = np.random.default_rng(seed).standard_normal((count, STEPS))
    for step in range(1, STEPS):
        errors[:, step] *= np.sqrt(1 - correlation**2)
        errors[:, step] += correlation * errors[:, step - 1]
    return errors


def forecast_of(count: int, step_correlation: float) -> fc.Forecast:
    """Sales of 100 in each of so many series, with an error of 10."""
    row = normal_quantiles(np.full(STEPS, 100.0), np.full(STEPS, 10.0), LEVELS)
    return fc.Forecast(
        mean=np.full((count, STEPS), 100.0),
        quantiles=np.stack([row] * count),
        quantile_levels=LEVELS,
        series_ids=pd.RangeIndex(count),
        timestamps=pd.date_range("2024-01-02", periods=STEPS),
        cutoff=pd.Timestamp("2024-01-01"),
        step_correlation=step_correlation,
    )


def sums_covered(forecast: fc.Forecast, actual: FloatArray) -> float:
    """Share of the sums over the horizon within the 80 % band of sampled sums."""
    low, high = np.quantile(forecast.sample(400).sum(axis=2), [0.1, 0.9], axis=1)
    return float(np.mean((actual.sum(axis=1) >= low) & (actual.sum(axis=1) <= high)))


def test_when_errors_hang_together_then_the_band_of_sums_holds_80_per_cent() -> None:
    past, later = (100 + 10 * chained(600, 0.8, seed) for seed in (1, 2))
    scores = normal_scores(past, forecast_of(600, 0.0).quantiles, LEVELS)
    found = step_correlation(scores, np.ones(600))
    assert found == pytest.approx(0.8, abs=0.03)
    assert sums_covered(forecast_of(600, found), later) == pytest.approx(0.8, abs=0.04)
    assert sums_covered(forecast_of(600, 0.0), later) < 0.55


def test_when_a_level_is_missed_for_the_whole_horizon_then_sums_still_hold() -> None:
    """Neighbouring errors correlate by 0.3 alone, and so do the first and the last."""
    rng = np.random.default_rng(3)
    shared = rng.standard_normal((2, 800, 1))
    errors = np.sqrt(0.3) * shared + np.sqrt(0.7) * rng.standard_normal((2, 800, STEPS))
    past, later = 100 + 10 * errors
    scores = normal_scores(past, forecast_of(800, 0.0).quantiles, LEVELS)
    found = step_correlation(scores, np.ones(800))
    assert found > 0.45
    assert sums_covered(forecast_of(800, found), later) == pytest.approx(0.8, abs=0.04)
    assert sums_covered(forecast_of(800, 0.3), later) < 0.75


def test_when_actuals_are_the_quantiles_then_scores_are_those_of_the_levels() -> None:
    quantiles = forecast_of(1, 0.0).quantiles
    between = (quantiles[..., 6] + quantiles[..., 7]) / 2
    scores = normal_scores(between, quantiles, LEVELS)
    np.testing.assert_allclose(scores, (1.2816 + 1.6449) / 2, atol=1e-3)
    assert normal_scores(np.full((1, STEPS), 1e9), quantiles, LEVELS) == pytest.approx(3.5)
    assert normal_scores(np.full((1, STEPS), -1e9), quantiles, LEVELS) == pytest.approx(-3.5)
    assert np.isnan(normal_scores(np.full((1, STEPS), np.nan), quantiles, LEVELS)).all()


def test_when_a_forecast_is_certain_then_what_it_said_is_its_middle() -> None:
    certain = np.zeros((1, 3, len(LEVELS)))
    scores = normal_scores(np.array([[0.0, 1.0, -1.0]]), certain, LEVELS)
    np.testing.assert_allclose(scores, [[0.0, 3.5, -3.5]], atol=0.05)


def test_when_there_are_few_windows_or_none_then_the_assumption_stays() -> None:
    chain = chained(600, 0.9, 4)
    assert step_correlation(chain[:2], np.ones(2)) == pytest.approx(ASSUMED, abs=0.1)
    assert step_correlation(chain, np.ones(600)) == pytest.approx(0.9, abs=0.03)
    assert step_correlation(np.full((5, STEPS), np.nan), np.ones(5)) == ASSUMED
    assert step_correlation(chain[:, :1], np.ones(600)) == ASSUMED
    halves = np.repeat([1.0, 0.0], 600)
    both = np.concatenate([chain, chained(600, 0.0, 5)])
    assert step_correlation(both, halves) == pytest.approx(0.9, abs=0.03)
