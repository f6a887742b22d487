"""Forecast: its frame, its samples, and the quantile levels it accepts."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.simple import normal_quantiles

LEVELS = fc.DEFAULT_QUANTILE_LEVELS


def normal_forecast(mean: float = 100.0, sigma: float = 10.0, steps: int = 7) -> fc.Forecast:
    centre = np.full((2, steps), mean)
    quantiles = np.stack([normal_quantiles(row, np.full(steps, sigma), LEVELS) for row in centre])
    return fc.Forecast(
        mean=centre,
        quantiles=quantiles,
        quantile_levels=LEVELS,
        series_ids=pd.Index(["a", "b"]),
        timestamps=pd.date_range("2024-01-02", periods=steps),
        cutoff=pd.Timestamp("2024-01-01"),
        notes=(fc.Note("b", "naive", "only 3 observations"),),
    )


def test_when_turned_into_a_frame_then_it_has_the_promised_columns() -> None:
    frame = normal_forecast(steps=2).to_frame()
    assert list(frame.columns[:3]) == ["series_id", "timestamp", "mean"]
    assert list(frame.columns[3:5]) == ["q0.025", "q0.05"]
    assert {"q0.1", "q0.25", "q0.5", "q0.75", "q0.9", "q0.95"} <= set(frame.columns)
    assert list(frame["series_id"]) == ["a", "a", "b", "b"]
    assert list(frame["timestamp"].dt.day) == [2, 3, 2, 3]
    assert normal_forecast().notes_frame().to_dict("records") == [
        {"series_id": "b", "used": "naive", "reason": "only 3 observations"}
    ]


def test_when_sampled_then_paths_have_the_forecast_quantiles() -> None:
    paths = normal_forecast().sample(4000, seed=1)
    assert paths.shape == (2, 4000, 7)
    for level, value in ((0.05, 83.55), (0.5, 100.0), (0.95, 116.45)):
        np.testing.assert_allclose(np.quantile(paths, level, axis=1), value, atol=1.5)


@pytest.mark.parametrize(("correlation", "sigma_of_sum"), [(0.0, 26.5), (1.0, 70.0)])
def test_when_steps_are_correlated_then_sums_spread_accordingly(
    correlation: float, sigma_of_sum: float
) -> None:
    sums = normal_forecast().sample(4000, step_correlation=correlation).sum(axis=2)
    np.testing.assert_allclose(sums.std(axis=1), sigma_of_sum, rtol=0.06)


def test_when_sampled_with_one_seed_then_paths_are_equal() -> None:
    forecast = normal_forecast()
    np.testing.assert_array_equal(forecast.sample(5, seed=4), forecast.sample(5, seed=4))
    assert (forecast.sample(5, seed=4) != forecast.sample(5, seed=5)).any()


def test_when_no_quantile_is_negative_then_no_sample_is() -> None:
    forecast = normal_forecast(mean=10.0, sigma=5.0)
    assert (forecast.quantiles >= 0).all()
    assert forecast.sample(20_000).min() == 0.0


def test_when_the_correlation_or_level_is_impossible_then_it_is_refused() -> None:
    with pytest.raises(fc.ConfigError, match="step_correlation=2"):
        normal_forecast().sample(2, step_correlation=2)
    with pytest.raises(fc.ConfigError, match=r"level 0.33 was not forecast"):
        normal_forecast().quantile(0.33)


def test_when_shapes_do_not_fit_then_the_forecast_is_refused() -> None:
    good = normal_forecast()
    with pytest.raises(fc.ConfigError, match="do not fit 2 series"):
        fc.Forecast(
            mean=good.mean[:1],
            quantiles=good.quantiles,
            quantile_levels=LEVELS,
            series_ids=good.series_ids,
            timestamps=good.timestamps,
            cutoff=good.cutoff,
        )
