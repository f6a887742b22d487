"""What presets suggest for panels of different sizes, and that fitting follows it."""

import numpy as np
import pytest

import forecasting as fc
from forecasting.models.lstm import Lstm
from forecasting.networks.presets import PRESETS, Preset, suggested


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_when_the_panel_is_large_then_nothing_is_smaller(preset: Preset, device: str) -> None:
    small = suggested(preset, num_series=300, length=200, device_type=device)
    large = suggested(preset, num_series=30_000, length=1_900, device_type=device)
    assert large.width >= small.width
    assert large.max_steps > small.max_steps
    assert large.batch_size >= small.batch_size


def test_when_series_are_few_but_very_long_then_the_panel_is_large() -> None:
    long = suggested("balanced", num_series=200, length=100_000)
    assert long == suggested("balanced", num_series=30_000, length=1_900)
    assert long != suggested("balanced", num_series=200, length=1_000)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_when_more_time_may_be_taken_then_more_steps_are(device: str) -> None:
    for num_series in (10, 30_000):
        steps = [
            suggested(each, num_series=num_series, length=1_000, device_type=device).max_steps
            for each in PRESETS
        ]
        assert steps == sorted(set(steps))


def fitted(panel: fc.Panel, width: int | None = None) -> Lstm:
    model = fc.create("lstm", horizon=7, preset="fast", max_steps=2, width=width).fit(panel)
    assert isinstance(model, Lstm)
    return model


def test_when_options_are_left_open_then_the_suggestion_is_used_and_saved(
    panel: fc.Panel, tmp_path: object
) -> None:
    model = fitted(panel)
    assert model.config.width == 48
    assert model.config.batch_size == model.training.batch_size == 256
    model.save(str(tmp_path))
    np.testing.assert_array_equal(
        fc.load(str(tmp_path)).predict(panel).mean, model.predict(panel).mean
    )


def test_when_options_are_given_then_they_stay(panel: fc.Panel) -> None:
    model = fitted(panel, width=24)
    assert (model.config.width, model.config.max_steps) == (24, 2)
