"""What users' data are like: every model handles it, or refuses it by name."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from tests.forecasting.test_models import HORIZON, NAMES, SMALL, fitted

WITH_COVARIATES = [name for name in NAMES if fc.MODELS[name].import_class().uses_known_covariates]


def series(name: str, values: np.ndarray, **columns: float | str) -> pd.DataFrame:
    stamps = pd.date_range("2024-01-01", periods=len(values))
    frame = pd.DataFrame({"series_id": name, "timestamp": stamps, "target": values})
    return frame.assign(**columns)


def weekly_wave(days: int = 120, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, days)
    return 20 + 6 * np.sin(2 * np.pi * np.arange(days) / 7) + noise


@pytest.mark.parametrize("name", NAMES)
def test_when_tiny_and_huge_series_lie_side_by_side_then_each_keeps_its_scale(name: str) -> None:
    frame = pd.concat(
        [
            series("huge", weekly_wave(seed=1) * 1e12),
            series("plain", weekly_wave(seed=2)),
            series("tiny", weekly_wave(seed=3) * 1e-6),
        ]
    )
    panel = fc.Panel.from_frame(frame, freq="D")
    forecast = fitted(name, panel).predict(panel)
    middle = forecast.mean.mean(axis=1) / [1e12, 1, 1e-6]
    assert np.isfinite(forecast.quantiles).all()
    np.testing.assert_allclose(middle, 20, rtol=0.5)


@pytest.mark.parametrize("name", NAMES)
def test_when_the_horizon_is_longer_than_the_history_then_it_is_still_forecast(name: str) -> None:
    panel = fc.Panel.from_frame(series("a", weekly_wave(20)), freq="D")
    model = fc.create(name, horizon=40, seed=3, **SMALL.get(name, {}))
    forecast = model.fit(panel).predict(panel)
    assert forecast.mean.shape == (1, 40)
    assert np.isfinite(forecast.quantiles).all()
    assert 5 < forecast.mean.mean() < 40


@pytest.mark.parametrize("name", NAMES)
def test_when_targets_are_negative_then_forecasts_may_be_negative_too(name: str) -> None:
    panel = fc.Panel.from_frame(series("returns", weekly_wave() - 60), freq="D")
    forecast = fitted(name, panel).predict(panel)
    assert forecast.mean.mean() == pytest.approx(-40, rel=0.5)
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_when_every_series_is_zero_then_zero_is_forecast(name: str) -> None:
    panel = fc.Panel.from_frame(
        pd.concat([series("a", np.zeros(60)), series("b", np.zeros(60))]), freq="D"
    )
    forecast = fitted(name, panel).predict(panel)
    assert (forecast.mean == 0).all()
    assert len(forecast.notes) == 2


@pytest.mark.parametrize("name", NAMES)
def test_when_there_is_one_observation_in_all_then_it_is_repeated_with_a_note(name: str) -> None:
    panel = fc.Panel.from_frame(series("a", np.array([7.0])), freq="D")
    forecast = fitted(name, panel).predict(panel)
    np.testing.assert_allclose(forecast.mean, 7)
    assert "1 observation" in forecast.notes[0].reason


@pytest.mark.parametrize("name", WITH_COVARIATES)
def test_when_the_future_frame_lacks_rows_then_series_columns_and_remedy_are_named(
    name: str,
) -> None:
    frame = pd.concat(
        [
            series("a", weekly_wave(seed=1), price=3.0, promo=0.0),
            series("b", weekly_wave(seed=2), price=4.0, promo=1.0),
        ]
    )
    panel = fc.Panel.from_frame(frame, freq="D", known_covariates=["price", "promo"])
    model = fitted(name, panel)
    future = fc.fill_future(panel, HORIZON)
    holes = future[~((future["series_id"] == "b") & (future["timestamp"] > "2024-05-03"))].copy()
    holes.loc[holes.index[0], "price"] = np.nan
    with pytest.raises(fc.PanelError) as error:
        model.predict(panel, known_future=holes)
    for words in ("'price', 'promo'", "'a', 'b'", "2024-04-30", "fill_future"):
        assert words in str(error.value)
    with pytest.raises(fc.PanelError, match="infinite"):
        model.predict(panel, known_future=future.assign(price=np.inf))
    whole = model.predict(panel, known_future=fc.fill_future(panel, HORIZON, holes))
    assert np.isfinite(whole.quantiles).all()


@pytest.mark.parametrize("name", [name for name in SMALL if name != "ensemble"])
def test_when_a_category_was_never_seen_in_fitting_then_it_is_forecast_all_the_same(
    name: str,
) -> None:
    frames = [
        series(f"s{i}", weekly_wave(seed=i), kind=kind) for i, kind in enumerate(["tea", "rice"])
    ]
    panel = fc.Panel.from_frame(pd.concat(frames), freq="D", static_features=["kind"])
    model = fitted(name, panel)
    new = fc.Panel.from_frame(
        series("s9", weekly_wave(seed=9), kind="lamps"), freq="D", static_features=["kind"]
    )
    forecast = model.predict(new)
    assert forecast.mean.mean() == pytest.approx(20, rel=0.3)
