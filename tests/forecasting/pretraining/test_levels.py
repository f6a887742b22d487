"""Quantiles at any levels, and horizons beyond one pass."""

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import torch

from forecasting.pretraining import inference
from forecasting.pretraining.covariates import readable
from forecasting.pretraining.inference import Seasons, forecasts
from forecasting.pretraining.levels import at_levels
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.rolling import rolled_out
from forecasting.pretraining.seasons import seasons_of
from forecasting.pretraining.sizes import LEVELS, MOST_HORIZON, SIZES

WEEK = Seasons(season=7, long_season=364)


def network() -> PretrainedNetwork:
    torch.manual_seed(0)
    return PretrainedNetwork(SIZES["tiny"]).eval()


def sales(series: int = 3, steps: int = 90) -> np.ndarray:
    return np.random.default_rng(0).poisson(8, (series, steps)).astype(float)


def nothing(series: int, steps: int) -> np.ndarray:
    return np.zeros((series, steps, 0), dtype=np.float32)


def test_when_sales_are_normal_then_any_level_is_right() -> None:
    known = np.array([[[NormalDist(10, 2).inv_cdf(level) for level in LEVELS]]])
    asked = (0.01, 0.05, 0.33, 0.5, 0.975, 0.99)
    expected = [NormalDist(10, 2).inv_cdf(level) for level in asked]
    np.testing.assert_allclose(at_levels(known, LEVELS, asked)[0, 0], expected, rtol=1e-9)


def test_when_the_horizon_fits_one_pass_then_rolling_out_changes_nothing() -> None:
    target, known = sales(), nothing(3, 90 + 20)
    plain = forecasts(network(), target, known, WEEK, context=256)
    rolled = rolled_out(network(), target, known, WEEK, context=256)
    for one, other in zip(plain, rolled, strict=True):
        np.testing.assert_array_equal(one, other)


def test_when_the_horizon_is_longer_then_bands_widen_from_pass_to_pass() -> None:
    steps = MOST_HORIZON + 40
    quantiles, mean = rolled_out(network(), sales(), nothing(3, 90 + steps), WEEK, context=256)
    assert quantiles.shape == (3, steps, len(LEVELS))
    assert np.isfinite(quantiles).all()
    assert np.isfinite(mean).all()
    width = quantiles[..., -1] - quantiles[..., 0]
    before, after = np.split(width[:, MOST_HORIZON - 40 :], 2, axis=1)
    assert (after.mean(axis=1) > before.mean(axis=1)).all()


def test_when_memory_is_short_then_fewer_series_are_read_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it takes is asked for in halves, and comes out the same."""
    expected = forecasts(network(), sales(8), nothing(8, 100), WEEK, context=128)
    real = inference._some

    def short(network: Any, target: Any, *rest: Any, **named: Any) -> Any:
        if len(target) > 3:
            raise torch.OutOfMemoryError("no memory")
        return real(network, target, *rest, **named)

    monkeypatch.setattr(inference, "_some", short)
    found = forecasts(network(), sales(8), nothing(8, 100), WEEK, context=128)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)


def test_when_other_series_are_asked_for_beside_it_then_a_forecast_stays() -> None:
    target = sales(40, 700)
    target[1:, :600] = np.nan
    together, _ = forecasts(network(), target, nothing(40, 710), WEEK, context=1024)
    alone, _ = forecasts(network(), target[5:6], nothing(1, 710), WEEK, context=1024)
    np.testing.assert_allclose(together[5:6], alone, rtol=1e-4)


def test_when_covariates_have_holes_then_the_last_known_value_is_read() -> None:
    past = np.array([[[np.nan, 2.0], [0.0, np.nan], [1.0, 4.0]]], dtype=np.float32)
    found = readable(past, np.array([[[0.0, 8.0]]]))
    np.testing.assert_allclose(found[0, :, 0], [0, 0, 1, 0])
    np.testing.assert_allclose(found[0, :, 1], np.log([2, 2, 4, 8]), rtol=1e-6)


def test_when_a_frequency_is_a_multiple_then_its_seasons_are_too() -> None:
    assert seasons_of("2h", None) == Seasons(season=12, long_season=84)
    assert seasons_of("D", 30) == Seasons(season=30, long_season=364)
    assert seasons_of("MS", None) == Seasons(season=12, long_season=0)
