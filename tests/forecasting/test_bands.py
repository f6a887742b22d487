"""Bands of networks: measured on past windows alone, kept with the model, and right on new ones."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import forecasting as fc
from forecasting import metrics
from forecasting.models.lstm import Lstm, LstmConfig
from forecasting.networks.bands import CUTOFFS, HELD_SHARE, Bands, _earlier, _held, counts_of
from forecasting.networks.layout import layout_of
from forecasting.networks.tensors import panel_tensors, volumes_of
from forecasting.training import split_of

HORIZON = 5
TINY: dict[str, Any] = {"width": 16, "max_steps": 60, "batch_size": 64, "seed": 3}
SERIES, DAYS = 120, 110


@pytest.fixture(scope="module")
def everything() -> fc.Panel:
    """Sales whose errors hang together from day to day, noisier where little is sold."""
    rng = np.random.default_rng(0)
    errors = rng.standard_normal((SERIES, DAYS))
    for day in range(1, DAYS):
        errors[:, day] = 0.9 * errors[:, day - 1] + np.sqrt(1 - 0.81) * errors[:, day]
    level = np.geomspace(10, 1000, SERIES)[:, None]
    sales = level * (1 + 4 / np.sqrt(level) * errors / 3)
    frame = pd.DataFrame(
        {
            "series_id": np.repeat([f"p{i:03d}" for i in range(SERIES)], DAYS),
            "timestamp": np.tile(pd.date_range("2024-01-01", periods=DAYS), SERIES),
            "target": np.maximum(sales, 0.0).reshape(-1),
        }
    )
    return fc.Panel.from_frame(frame, freq="D")


@pytest.fixture(scope="module")
def past(everything: fc.Panel) -> fc.Panel:
    return everything.until(everything.timestamps[-1 - HORIZON])


@pytest.fixture(scope="module")
def model(past: fc.Panel) -> Lstm:
    return Lstm(LstmConfig(horizon=HORIZON, **TINY)).fit(past)


def sums_covered(forecast: fc.Forecast, actual: np.ndarray, correlation: float | None) -> float:
    sums = forecast.sample(300, step_correlation=correlation).sum(axis=2)
    low, high = np.quantile(sums, [0.1, 0.9], axis=1)
    return float(np.mean((actual.sum(axis=1) >= low) & (actual.sum(axis=1) <= high)))


def test_when_a_network_is_trained_briefly_then_its_bands_and_sums_hold_on_new_days(
    everything: fc.Panel, past: fc.Panel, model: Lstm
) -> None:
    forecast, actual = model.predict(past), everything.target[:, -HORIZON:]
    assert metrics.coverage(actual, forecast.quantile(0.1), forecast.quantile(0.9)) == (
        pytest.approx(0.8, abs=0.06)
    )
    assert forecast.step_correlation > 0.6
    assert sums_covered(forecast, actual, None) == pytest.approx(0.8, abs=0.08)
    assert sums_covered(forecast, actual, 0.0) < sums_covered(forecast, actual, None) - 0.1


def test_when_bands_are_calibrated_then_only_quantiles_differ(past: fc.Panel, model: Lstm) -> None:
    plain = Lstm(replace(model.config, calibrate=False)).fit(past)
    ours, theirs = model.predict(past), plain.predict(past)
    np.testing.assert_array_equal(ours.mean, theirs.mean)
    np.testing.assert_allclose(ours.quantile(0.5), theirs.quantile(0.5))
    assert not np.allclose(ours.quantiles, theirs.quantiles)
    assert theirs.step_correlation == 0.5
    assert (np.diff(ours.quantiles, axis=2) >= 0).all()


def test_when_values_after_the_cutoff_change_then_bands_do_not(
    everything: fc.Panel, model: Lstm
) -> None:
    changed = everything.target.copy()
    changed[:, -HORIZON:] *= 100
    other = replace(everything, target=changed)
    again = Lstm(model.config).fit(other.until(other.timestamps[-1 - HORIZON]))
    assert again._bands.to_json() == model._bands.to_json()


def test_when_saved_then_bands_are_loaded_and_damage_is_named(
    past: fc.Panel, model: Lstm, tmp_path: Path
) -> None:
    model.save(tmp_path)
    loaded = fc.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(past).quantiles, model.predict(past).quantiles)
    assert loaded.predict(past).step_correlation == model.predict(past).step_correlation
    content = json.loads((tmp_path / "config.json").read_text())
    content["fitted"]["bands"]["widths"]["factors"] = [[[1.0, 1.0]]]
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(fc.ConfigError, match="damaged"):
        fc.load(tmp_path)


def test_when_windows_are_picked_then_all_end_before_the_cutoff_and_few_were_validated(
    past: fc.Panel,
) -> None:
    config = LstmConfig(horizon=HORIZON)
    layout = layout_of(past, config, volumes_of(past))
    split = split_of(panel_tensors(past, layout, torch.device("cpu")), layout, HORIZON, 0)
    held, earlier = _held(split, 0), _earlier(split, config)
    assert held[1].max() + HORIZON == past.length - 1
    assert earlier[1].max() + HORIZON < held[1].min() + 1
    assert len(np.unique(earlier[1])) == CUTOFFS
    assert len(earlier[0]) == CUTOFFS * SERIES
    assert 0 < HELD_SHARE < 1


def test_when_nothing_was_held_out_then_bands_stay_as_the_network_gives_them() -> None:
    sales = np.random.default_rng(1).poisson(9, (3, 9)).astype(float)
    frame = pd.DataFrame(
        {
            "series_id": np.repeat(["a", "b", "c"], 9),
            "timestamp": np.tile(pd.date_range("2024-01-01", periods=9), 3),
            "target": sales.reshape(-1),
        }
    )
    panel = fc.Panel.from_frame(frame, freq="D")
    model = Lstm(LstmConfig(horizon=2, **TINY)).fit(panel)
    assert model._bands.to_json() == Bands.unchanged(model.config.quantile_levels).to_json()
    np.testing.assert_array_equal(counts_of(panel, model.config), True)
    np.testing.assert_array_equal(
        counts_of(panel, replace(model.config, round_counts=False)), False
    )


@pytest.mark.parametrize("levels", [(0.5,), (0.9,), (0.1, 0.5, 0.9), (0.2, 0.6, 0.95)])
def test_when_levels_are_few_or_one_sided_then_a_network_still_forecasts(
    past: fc.Panel, levels: tuple[float, ...]
) -> None:
    some = past.subset(past.series_ids[:20])
    config = LstmConfig(horizon=HORIZON, quantile_levels=levels, **TINY | {"max_steps": 4})
    forecast = Lstm(config).fit(some).predict(some)
    assert np.isfinite(forecast.quantiles).all()
    assert -1 < forecast.step_correlation < 1
