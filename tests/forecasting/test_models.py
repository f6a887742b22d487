"""The contract that every model in MODELS keeps; a new entry is tested by being there."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecasting as fc

HORIZON = 7
# Those with weights that the user brings are tested in tests/forecasting/public.
NAMES = [name for name, model in fc.MODELS.items() if not model.is_brought]
GBM: dict[str, Any] = {"num_rounds": 60, "max_rows": 5000}
TINY: dict[str, Any] = {"width": 16, "max_steps": 30, "batch_size": 64, "learning_rate": 5e-3}
# Models that learn from data are kept small here: the contract is about form, not accuracy.
SMALL: dict[str, dict[str, Any]] = {
    "pretrained": {},  # it reads series in batches, whose sums round differently
    "gbm": GBM,
    "ensemble": {
        "members": ("seasonal_naive", "theta", "gbm"),
        "member_options": {"gbm": GBM},
        "num_windows": 1,
    },
    "lstm": TINY,
    "gru": TINY,
    "transformer": TINY,
}


def fitted(name: str, panel: fc.Panel) -> fc.Forecaster:
    return fc.create(name, horizon=HORIZON, seed=3, **SMALL.get(name, {})).fit(panel)


@pytest.fixture(scope="module")
def forecasts(panel: fc.Panel) -> dict[str, fc.Forecast]:
    return {name: fitted(name, panel).predict(panel) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_when_predicted_then_shapes_are_right_and_quantiles_ordered_and_finite(
    name: str, panel: fc.Panel, forecasts: dict[str, fc.Forecast]
) -> None:
    forecast = forecasts[name]
    levels = fc.DEFAULT_QUANTILE_LEVELS
    assert forecast.mean.shape == (panel.num_series, HORIZON)
    assert forecast.quantiles.shape == (panel.num_series, HORIZON, len(levels))
    assert forecast.timestamps[0] == panel.cutoff + pd.Timedelta("1D")
    assert np.isfinite(forecast.mean).all()
    assert np.isfinite(forecast.quantiles).all()
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_when_sales_are_never_negative_then_neither_is_the_forecast(
    name: str, panel: fc.Panel, forecasts: dict[str, fc.Forecast]
) -> None:
    positive = panel.series_ids != "negative"
    assert (forecasts[name].quantiles[positive] >= 0).all()
    assert (forecasts[name].mean[positive] >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_when_a_series_is_constant_dead_or_single_then_the_note_says_why(
    name: str, forecasts: dict[str, fc.Forecast], panel: fc.Panel
) -> None:
    forecast = forecasts[name]
    notes = {note.series_id: note for note in forecast.notes}
    mean = dict(zip(panel.series_ids, forecast.mean, strict=True))
    assert "zero" in notes["dead"].reason
    assert (mean["dead"] == 0).all()
    assert "all 120 observations are 5" in notes["constant"].reason
    np.testing.assert_allclose(mean["constant"], 5)
    assert notes["single"].used == "constant"
    assert "busy 0" not in notes, notes.get("busy 0")


@pytest.mark.parametrize("name", NAMES)
def test_when_fitted_twice_with_one_seed_then_forecasts_are_equal(
    name: str, panel: fc.Panel
) -> None:
    some = panel.subset(["busy 1", "gappy", "slow 1"])
    first, again = fitted(name, some).predict(some), fitted(name, some).predict(some)
    np.testing.assert_array_equal(again.mean, first.mean)
    np.testing.assert_array_equal(again.quantiles, first.quantiles)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SMALL])
def test_when_a_local_model_sees_fewer_series_then_their_forecasts_stay(
    name: str, panel: fc.Panel, forecasts: dict[str, fc.Forecast]
) -> None:
    some = panel.subset(["busy 1", "gappy", "slow 1"])
    rows = panel.series_ids.get_indexer(some.series_ids)
    forecast = fitted(name, some).predict(some)
    np.testing.assert_allclose(forecast.mean, forecasts[name].mean[rows], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", [1e-6, 1e9])
def test_when_data_are_scaled_then_the_forecast_scales_with_them(
    name: str, factor: float, panel: fc.Panel
) -> None:
    some = panel.subset(["busy 0", "gappy", "slow 1"])
    frame = some.to_frame()
    scaled = fc.Panel.from_frame(frame.assign(target=frame["target"] * factor), freq="D")
    forecast = fitted(name, scaled).predict(scaled)
    expected = fitted(name, some).predict(some).mean
    expected = expected[some.series_ids.get_indexer(scaled.series_ids)]
    scale = np.abs(expected).mean()
    np.testing.assert_allclose(forecast.mean / factor, expected, rtol=0.01, atol=0.01 * scale)


@pytest.mark.parametrize("name", NAMES)
def test_when_saved_and_loaded_then_it_predicts_the_same(
    name: str, panel: fc.Panel, forecasts: dict[str, fc.Forecast], tmp_path: object
) -> None:
    some = panel.subset(["busy 0", "gappy"])
    model = fitted(name, some)
    model.save(str(tmp_path))
    loaded = fc.load(str(tmp_path))
    assert type(loaded) is type(model)
    assert loaded.config == model.config
    np.testing.assert_allclose(loaded.predict(some).quantiles, model.predict(some).quantiles)


@pytest.mark.parametrize("name", NAMES)
def test_when_values_after_the_cutoff_change_then_the_forecast_does_not(
    name: str, panel: fc.Panel
) -> None:
    some = panel.subset(["busy 0", "gappy", "slow 1"])
    cutoff = panel.timestamps[-20]
    frame = some.to_frame()
    frame.loc[frame["timestamp"] > cutoff, "target"] = 1e6
    changed = fc.Panel.from_frame(frame, freq="D").until(cutoff)
    known = some.until(cutoff)
    before, after = fitted(name, known).predict(known), fitted(name, changed).predict(changed)
    np.testing.assert_array_equal(before.quantiles, after.quantiles)
    np.testing.assert_array_equal(before.mean, after.mean)


@pytest.mark.parametrize("name", NAMES)
def test_when_a_fitted_model_predicts_another_panel_then_that_panel_is_forecast(
    name: str, panel: fc.Panel
) -> None:
    model = fitted(name, panel.subset(["busy 0"]))
    other = panel.subset(["busy 3"]).until(panel.timestamps[100])
    forecast = model.predict(other)
    assert list(forecast.series_ids) == ["busy 3"]
    assert forecast.cutoff == panel.timestamps[100]
    assert forecast.mean.mean() == pytest.approx(120, rel=0.5)


@pytest.mark.parametrize("name", NAMES)
def test_when_not_fitted_then_predict_and_save_say_so(
    name: str, panel: fc.Panel, tmp_path: object
) -> None:
    model = fc.create(name, horizon=3)
    with pytest.raises(fc.NotFittedError, match="Call fit"):
        model.predict(panel)
    with pytest.raises(fc.NotFittedError, match="Call fit"):
        model.save(str(tmp_path))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("freq", ["h", "B", "W-MON", "MS", "QE-DEC", "YS"])
def test_when_the_frequency_is_any_from_hour_to_year_then_a_season_is_forecast(
    name: str, freq: str
) -> None:
    steps = {"h": 120, "W-MON": 130}.get(freq, 60)
    wave = 20 + 8 * np.sin(2 * np.pi * np.arange(steps) / fc.default_seasonality(freq))
    noise = np.random.default_rng(1).normal(0, 1, steps)
    frame = pd.DataFrame(
        {
            "series_id": "a",
            "timestamp": pd.date_range("1990-01-01", periods=steps, freq=freq),
            "target": wave + noise,
        }
    )
    panel = fc.Panel.from_frame(frame, freq=freq)
    forecast = fitted(name, panel).predict(panel)
    assert not forecast.notes
    assert ((forecast.mean > 0) & (forecast.mean < 45)).all()
