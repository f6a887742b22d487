"""A yearly season of weeks: bands that pay for the noise an estimated season has swallowed."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc


def weekly(wave: float, count: int, seed: int = 0) -> fc.Panel:
    """Series of three years and a half with a yearly wave and noise of the same spread, 5."""
    rng = np.random.default_rng(seed)
    stamps = pd.date_range("2021-01-03", periods=182, freq="W")
    season = wave * np.sin(2 * np.pi * np.arange(182) / 52)
    frames = [
        pd.DataFrame(
            {
                "series_id": f"s{i:02}",
                "timestamp": stamps,
                "target": 100 + season + rng.normal(0, 5, 182),
            }
        )
        for i in range(count)
    ]
    return fc.Panel.from_frame(pd.concat(frames), freq="W")


@pytest.mark.parametrize("name", ["theta", "ets"])
def test_when_the_season_is_estimated_from_few_years_then_bands_still_cover(name: str) -> None:
    board = fc.backtest(weekly(15, 20), [name], horizon=26).leaderboard()
    assert 0.7 < board["coverage"][0] < 0.9
    assert board["MAE"][0] < 6.5  # the noise alone has a mean absolute error of 4


@pytest.mark.parametrize("name", ["theta", "ets"])
def test_when_there_is_only_noise_then_no_season_is_made_of_it(name: str) -> None:
    panel = weekly(0, 3)
    forecast = fc.create(name, horizon=52).fit(panel).predict(panel)
    assert np.ptp(forecast.mean, axis=1).max() < 3
