"""Forecasts checked for many series at once are those checked one by one."""

from functools import partial

import numpy as np
import pytest

import forecasting as fc
from forecasting.arrays import FloatArray
from forecasting.fallbacks import SeriesForecast
from forecasting.models.lstm import Lstm
from forecasting.networks.checked import checked

HORIZON = 7


@pytest.fixture(scope="module")
def model(panel: fc.Panel) -> Lstm:
    found = fc.create("lstm", horizon=HORIZON, width=8, max_steps=2).fit(panel)
    assert isinstance(found, Lstm)
    return found


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("round_counts", [False, True])
def test_when_many_are_checked_at_once_then_each_is_as_if_alone(
    panel: fc.Panel, negative: bool, round_counts: bool
) -> None:
    some = panel
    if negative:
        some = fc.Panel.from_frame(
            panel.to_frame().assign(target=lambda frame: frame["target"] - 3), freq=panel.freq
        )
    model = fc.create("lstm", horizon=HORIZON, width=8, max_steps=2, round_counts=round_counts)
    assert isinstance(model, Lstm)
    alone = partial(model.fit(some)._checked, some, model._fitted()[0])
    mean, quantiles = _wild(some, len(model.config.quantile_levels))
    asked: list[int] = []

    def look_at(row: int, mean: FloatArray, quantiles: FloatArray) -> SeriesForecast:
        asked.append(row)
        return alone(row, mean, quantiles)

    found = checked(some, mean, quantiles, look_at, trained=True, round_counts=round_counts)
    assert 0 < len(asked) < some.num_series
    for row, each in enumerate(found):
        wanted = alone(row, mean[row], quantiles[row])
        np.testing.assert_array_equal(each.mean, wanted.mean)
        np.testing.assert_array_equal(each.quantiles, wanted.quantiles)
        assert (each.used, each.reason) == (wanted.used, wanted.reason)


def test_when_nothing_was_trained_then_every_series_is_looked_at(
    panel: fc.Panel, model: Lstm
) -> None:
    mean, quantiles = _wild(panel, 9)
    asked = []

    def look_at(row: int, mean: FloatArray, quantiles: FloatArray) -> SeriesForecast:
        asked.append(row)
        return SeriesForecast(mean, quantiles)

    checked(panel, mean, quantiles, look_at, trained=False, round_counts=True)
    assert asked == list(range(panel.num_series))


def _wild(panel: fc.Panel, levels: int) -> tuple[FloatArray, FloatArray]:
    """Forecasts around the size of each series, some negative, unordered, endless or far away."""
    rng = np.random.default_rng(0)
    size = np.nan_to_num(np.nanmax(np.abs(np.nan_to_num(panel.target)), axis=1)) + 1
    mean = rng.normal(0.3, 0.5, (panel.num_series, HORIZON)) * size[:, None]
    quantiles = rng.normal(0.3, 1.0, (panel.num_series, HORIZON, levels)) * size[:, None, None]
    mean[0, 3], quantiles[1, 2, 0] = np.nan, np.inf
    mean[2] *= 50
    return mean, quantiles
