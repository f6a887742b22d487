"""Calibration: bands are corrected by what happened, by volume and by steps ahead."""

import json

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.arrays import FloatArray
from forecasting.calibration import Calibration, volumes

LEVELS = (0.1, 0.5, 0.9)
Z = 1.2815515655446004


def normal_quantiles(sigma: FloatArray, horizon: int) -> FloatArray:
    """Quantiles (B, H, Q) of normal distributions around zero."""
    scores = np.array([-Z, 0.0, Z])
    return np.repeat((sigma[:, None] * scores)[:, None], horizon, axis=1)


def covered(actual: FloatArray, quantiles: FloatArray) -> float:
    return float(((actual >= quantiles[..., 0]) & (actual <= quantiles[..., 2])).mean())


def test_when_bands_are_half_as_wide_as_they_should_be_then_they_are_widened() -> None:
    rng = np.random.default_rng(0)
    actual, later = rng.normal(0, 1, (2, 400, 10))
    narrow, volume = normal_quantiles(np.full(400, 0.5), 10), np.ones(400)
    calibration = Calibration.fit(narrow, actual, volume, LEVELS)
    assert covered(later, narrow) < 0.5
    assert covered(later, calibration.moved(narrow, volume)) == pytest.approx(0.8, abs=0.02)


def test_when_volumes_or_steps_err_differently_then_each_group_is_right() -> None:
    rng = np.random.default_rng(1)
    volume = np.repeat([1.0, 10.0, 100.0], 300)
    truth = np.repeat([0.5, 1.0, 2.0], 300)[:, None] * np.linspace(0.5, 2.0, 8)
    actual, later = rng.normal(0, 1, (2, 900, 8)) * truth
    flat = normal_quantiles(np.ones(900), 8)
    moved = Calibration.fit(flat, actual, volume, LEVELS).moved(flat, volume)
    for size in (1.0, 10.0, 100.0):
        chosen = volume == size
        assert covered(later[chosen], moved[chosen]) == pytest.approx(0.8, abs=0.03)
    assert covered(later[:, :2], moved[:, :2]) == pytest.approx(0.8, abs=0.06)
    assert covered(later[:, -2:], moved[:, -2:]) == pytest.approx(0.8, abs=0.06)


def test_when_there_is_almost_nothing_to_learn_from_then_almost_nothing_is_moved() -> None:
    quantiles, volume = normal_quantiles(np.ones(1), 4), np.ones(1)
    far = np.linspace(-50.0, 50.0, 4)[None]
    moved = Calibration.fit(quantiles, far, volume, LEVELS).moved(quantiles, volume)
    usual = Calibration.fit(
        np.repeat(quantiles, 500, 0), np.repeat(far, 500, 0), np.ones(500), LEVELS
    )
    assert moved.max() < 0.4 * usual.moved(quantiles, volume).max()


def test_when_no_quantile_was_negative_then_none_becomes_so_and_none_cross() -> None:
    rng = np.random.default_rng(2)
    quantiles = np.sort(rng.gamma(1.0, 1.0, (300, 6, 3)), axis=2)
    actual = np.zeros((300, 6))
    volume = rng.gamma(1.0, 1.0, 300)
    moved = Calibration.fit(quantiles, actual, volume, LEVELS).moved(quantiles, volume)
    assert (moved >= 0).all()
    assert (np.diff(moved, axis=2) >= 0).all()


def test_when_all_series_sold_more_than_forecast_then_the_median_does_not_follow() -> None:
    quantiles, volume = normal_quantiles(np.ones(500), 4), np.ones(500)
    actual = 5 + np.random.default_rng(9).normal(0, 1, (500, 4))
    moved = Calibration.fit(quantiles, actual, volume, LEVELS).moved(quantiles, volume)
    np.testing.assert_allclose(moved[..., 1], 0.0, atol=1e-12)


def test_when_a_forecast_is_certain_then_it_stays_so() -> None:
    quantiles, volume = np.zeros((5, 3, 3)), np.zeros(5)
    actual = np.full((5, 3), np.nan)
    calibration = Calibration.fit(quantiles, actual, volume, LEVELS)
    np.testing.assert_array_equal(calibration.moved(quantiles, volume), quantiles)


def test_when_actuals_are_missing_then_they_do_not_count() -> None:
    rng = np.random.default_rng(3)
    actual = rng.normal(0, 1, (600, 4))
    quantiles, volume = normal_quantiles(np.full(600, 0.5), 4), np.ones(600)
    holes = np.concatenate([actual, np.full_like(actual, np.nan)])
    twice = np.concatenate([quantiles, quantiles])
    with_holes = Calibration.fit(twice, holes, np.ones(1200), LEVELS)
    without = Calibration.fit(quantiles, actual, volume, LEVELS)
    np.testing.assert_array_equal(with_holes.shifts, without.shifts)


def test_when_written_as_json_and_read_then_it_moves_alike() -> None:
    rng = np.random.default_rng(4)
    quantiles, volume = normal_quantiles(np.full(700, 0.7), 5), rng.random(700)
    calibration = Calibration.fit(quantiles, rng.normal(0, 1, (700, 5)), volume, LEVELS)
    again = Calibration.from_json(json.loads(json.dumps(calibration.to_json())))
    np.testing.assert_array_equal(
        again.moved(quantiles, volume), calibration.moved(quantiles, volume)
    )


def test_when_applied_to_a_forecast_then_only_quantiles_change() -> None:
    frame = pd.DataFrame(
        {
            "series_id": np.repeat([f"s{i}" for i in range(60)], 40),
            "timestamp": np.tile(pd.date_range("2024-01-01", periods=40), 60),
            "target": np.random.default_rng(5).normal(50, 5, 2400),
        }
    )
    panel = fc.Panel.from_frame(frame, "D")
    past = panel.until(panel.timestamps[-8])
    forecast = fc.create("naive", horizon=7).fit(past).predict(past)
    volume, levels = volumes(past), forecast.quantile_levels
    calibration = Calibration.fit(forecast.quantiles, panel.target[:, -7:], volume, levels)
    applied = calibration.apply(forecast, volume)
    np.testing.assert_array_equal(applied.mean, forecast.mean)
    assert applied.cutoff == forecast.cutoff
    assert not np.array_equal(applied.quantiles, forecast.quantiles)
    assert volume.mean() == pytest.approx(50, rel=0.05)
