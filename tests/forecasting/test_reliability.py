"""Calibration curves: flat for forecasts that are right by construction, bent for others."""

from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.arrays import FloatArray
from forecasting.backtest import Window
from forecasting.reliability import pit, reliability, reliability_and_pit

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def backtest_of(actual: FloatArray, quantiles: FloatArray) -> fc.Backtest:
    forecast = fc.Forecast(
        mean=quantiles.mean(axis=-1),
        quantiles=quantiles,
        quantile_levels=LEVELS,
        series_ids=pd.RangeIndex(len(actual)),
        timestamps=pd.date_range("2026-01-05", periods=actual.shape[1]),
        cutoff=pd.Timestamp("2026-01-04"),
    )
    window = Window(
        model="right",
        forecast=forecast,
        actual=actual,
        absolute_scale=np.ones(len(actual)),
        squared_scale=np.ones(len(actual)),
        fit_seconds=0.0,
        predict_seconds=0.0,
    )
    return fc.Backtest(windows=(window,), skipped=pd.DataFrame())


def normal(spread: float) -> fc.Backtest:
    rng = np.random.default_rng(0)
    ladder = np.array([NormalDist(100, spread).inv_cdf(level) for level in LEVELS])
    return backtest_of(rng.normal(100, 10, (400, 10)), np.tile(ladder, (400, 10, 1)))


def test_when_a_forecast_is_right_then_observed_shares_are_its_levels() -> None:
    found = reliability(normal(10))
    np.testing.assert_allclose(found["observed"], found["level"], atol=0.02)
    np.testing.assert_allclose(pit(normal(10))["density"], 1.0, atol=0.25)
    assert pit(normal(10))["density"].mean() == pytest.approx(1.0)


def test_when_bands_are_too_narrow_then_the_pit_is_heaped_at_the_ends() -> None:
    density = pit(normal(5))["density"].to_numpy()
    assert density[[0, -1]].min() > 1.5 > density[8:12].max()


def test_when_counts_tie_with_their_quantiles_then_they_count_by_their_share() -> None:
    rng = np.random.default_rng(1)
    draws = np.sort(rng.poisson(0.4, 200_000))
    ladder = np.array([draws[int(level * len(draws))] for level in LEVELS], dtype=float)
    found = reliability(
        backtest_of(rng.poisson(0.4, (500, 10)).astype(float), np.tile(ladder, (500, 10, 1)))
    )
    middle = found.set_index("level")["observed"]
    assert middle[0.5] == pytest.approx(0.5, abs=0.08)  # 67 % of the actuals are zero
    assert middle[0.9] == pytest.approx(0.9, abs=0.05)


def test_when_an_actual_is_missing_then_it_does_not_count() -> None:
    whole = normal(10)
    actual = whole.windows[0].actual.copy()
    actual[0, :5] = np.nan
    found = reliability(backtest_of(actual, whole.windows[0].forecast.quantiles))
    assert found["steps"].unique().tolist() == [actual.size - 5]
    assert found["observed"].notna().all()


def test_when_both_are_asked_at_once_then_they_are_the_same() -> None:
    result = normal(10)
    levels, bins = reliability_and_pit(result)
    pd.testing.assert_frame_equal(levels, reliability(result))
    pd.testing.assert_frame_equal(bins, pit(result))
