"""The model `pretrained`: forecasts without training, and what users' data do to it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.models.pretrained import WEIGHTS, Pretrained
from forecasting.pretraining import inference


def panel_of(values: np.ndarray, *, freq: str = "D", **columns: Any) -> fc.Panel:
    stamps = pd.date_range("2022-01-01", periods=len(values), freq=freq)
    frame = pd.DataFrame({"series_id": "a", "timestamp": stamps, "target": values})
    return fc.Panel.from_frame(frame.assign(**columns), freq, known_covariates=list(columns))


def forecast(panel: fc.Panel, *, horizon: int = 14, **options: Any) -> fc.Forecast:
    return fc.create("pretrained", horizon=horizon, **options).fit(panel).predict(panel)


def weekly(days: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, days)
    return 20 + 6 * np.sin(2 * np.pi * np.arange(days) / 7) + noise


def error(found: fc.Forecast, actual: np.ndarray) -> float:
    return float(np.abs(found.mean[0] - actual).mean())


def test_when_sales_have_a_weekly_season_then_it_is_forecast_without_training() -> None:
    values = weekly(214)
    assert error(forecast(panel_of(values[:200])), values[200:]) < 2.0


def test_when_sales_have_a_yearly_season_of_weeks_then_it_is_forecast() -> None:
    weeks = np.arange(170)
    values = 100 + 60 * np.sin(2 * np.pi * weeks / 52)
    found = forecast(panel_of(values[:157], freq="W-SUN"), horizon=13)
    assert error(found, values[157:]) < 20
    flat = np.abs(values[157:] - values[105:157].mean()).mean()
    assert error(found, values[157:]) < 0.5 * flat


def test_when_a_promotion_lifts_sales_then_it_is_followed_without_training() -> None:
    rng = np.random.default_rng(1)
    promotion = (rng.random(220) < 0.2).astype(float)
    values = rng.poisson(20 * np.where(promotion > 0, 2.5, 1.0)).astype(float)
    panel = panel_of(values[:200], promotion=promotion[:200])
    ahead = promotion[200:].reshape(1, 20, 1)
    model = fc.create("pretrained", horizon=20).fit(panel)
    found = model.predict(panel, known_future=ahead).mean[0]
    assert found[promotion[200:] > 0].mean() > 1.8 * found[promotion[200:] == 0].mean()
    known = np.abs(found - values[200:]).mean()
    assert known < 0.7 * error(forecast(panel_of(values[:200]), horizon=20), values[200:])


def test_when_covariates_did_not_help_on_past_windows_then_they_are_not_used() -> None:
    """A price that misled at every cutoff: it fell, and sales fell with it, against its past."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, 120)
    price = 5 + rng.normal(0, 0.5, 120)
    values = 50 - 8 * (price - 5) + noise
    values[75:] = 50 + 8 * (price[75:] - 5) + noise[75:]
    panel = panel_of(values, price=price)
    models = {
        choice: fc.create("pretrained", horizon=14, covariates=choice).fit(panel)
        for choice in ("where they help", "always", "never")
    }
    future = np.full((1, 14, 1), 6.0)
    found = {name: model.predict(panel, known_future=future).mean for name, model in models.items()}
    np.testing.assert_allclose(found["where they help"], found["never"])
    assert not np.allclose(found["always"], found["never"])


def test_when_sales_are_sporadic_counts_then_quantiles_are_whole_and_zero_is_likely() -> None:
    values = np.random.default_rng(0).poisson(0.2, 300).astype(float)
    found = forecast(panel_of(values))
    assert (found.quantiles % 1 == 0).all()
    assert (found.quantile(0.5) == 0).all()
    assert 0.05 < found.mean.mean() < 0.5


def test_when_the_context_is_one_step_then_it_is_repeated_and_said_so() -> None:
    found = forecast(panel_of(np.array([7.0])))
    np.testing.assert_allclose(found.mean, 7)
    assert "1 observation" in found.notes[0].reason


def test_when_all_is_zero_or_constant_then_that_is_forecast_with_a_note() -> None:
    assert (forecast(panel_of(np.zeros(90))).mean == 0).all()
    found = forecast(panel_of(np.full(90, 3.0)))
    np.testing.assert_allclose(found.mean, 3)
    assert "all 90 observations are 3" in found.notes[0].reason


def test_when_a_series_misses_all_or_most_values_then_it_is_forecast_all_the_same() -> None:
    values = weekly(120)
    frame = pd.DataFrame(
        {
            "series_id": ["full"] * 120 + ["holes"] * 120 + ["none"] * 120,
            "timestamp": list(pd.date_range("2024-01-01", periods=120)) * 3,
            "target": np.concatenate(
                [values, np.where(np.arange(120) % 5 == 0, values, np.nan), np.full(120, np.nan)]
            ),
        }
    )
    found = forecast(fc.Panel.from_frame(frame, "D"))
    rows = dict(zip(found.series_ids, found.mean, strict=True))
    assert np.isfinite(found.quantiles).all()
    assert rows["holes"].mean() == pytest.approx(20, rel=0.3)
    if "none" in rows:
        assert (rows["none"] == 0).all()


@pytest.mark.parametrize("scale", [1e-6, 1e9])
def test_when_the_scale_is_extreme_then_the_forecast_scales(scale: float) -> None:
    plain = forecast(panel_of(weekly(150)), round_counts=False)
    scaled = forecast(panel_of(weekly(150) * scale), round_counts=False)
    np.testing.assert_allclose(scaled.quantiles / scale, plain.quantiles, rtol=1e-3)


def test_when_the_horizon_is_longer_than_a_pass_then_it_is_rolled_out_and_said_so() -> None:
    found = forecast(panel_of(weekly(400)), horizon=300)
    assert found.mean.shape == (1, 300)
    assert found.mean.mean() == pytest.approx(20, rel=0.3)
    assert found.notes[0].used == "rolled out"
    assert "256 steps of one pass" in found.notes[0].reason


def test_when_covariates_lack_the_future_then_rows_and_remedy_are_named() -> None:
    panel = panel_of(weekly(100), price=np.full(100, 2.0))
    model = fc.create("pretrained", horizon=3).fit(panel)
    future = fc.fill_future(panel, 3)
    future.loc[1, "price"] = np.nan
    with pytest.raises(fc.PanelError, match=r"'price'.*fill_future"):
        model.predict(panel, known_future=future)
    with pytest.raises(fc.PanelError, match="needs known_future"):
        model.predict(panel)


def test_when_bands_are_calibrated_then_past_windows_tell_their_width() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "series_id": np.repeat([f"s{i}" for i in range(30)], 200),
            "timestamp": np.tile(pd.date_range("2024-01-01", periods=200), 30),
            "target": 100 + rng.standard_t(2, 6000) * 5,
        }
    )
    panel = fc.Panel.from_frame(frame, "D")
    past, actual = panel.until(panel.timestamps[-8]), panel.target[:, -7:]
    found = forecast(past, horizon=7)
    inside = (actual >= found.quantile(0.1)) & (actual <= found.quantile(0.9))
    assert 0.65 < inside.mean() < 0.95


def test_when_options_cannot_work_then_they_are_named() -> None:
    with pytest.raises(fc.ConfigError, match="context_length=2000 is more than the 1024"):
        fc.create("pretrained", horizon=7, context_length=2000)
    with pytest.raises(fc.ConfigError, match="horizon=0"):
        fc.create("pretrained", horizon=0)
    panel = panel_of(weekly(60))
    with pytest.raises(fc.ConfigError, match="weights are missing"):
        fc.create("pretrained", horizon=7, weights="/nowhere").fit(panel)
    with pytest.raises(fc.ConfigError, match="device='moon' is unknown"):
        fc.create("pretrained", horizon=7, device="moon").fit(panel)


def test_when_a_saved_model_is_damaged_then_load_says_so(tmp_path: Path) -> None:
    panel = panel_of(weekly(60))
    fc.create("pretrained", horizon=7).fit(panel).save(tmp_path)
    content = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(content[:-10])
    with pytest.raises(fc.ConfigError, match="damaged"):
        fc.load(tmp_path)
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(fc.ConfigError, match="missing"):
        fc.load(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["fitted"]["card"]["reads"] = 99
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(fc.ConfigError, match="other features"):
        fc.load(tmp_path)


def test_when_covariates_count_for_a_part_then_that_is_kept_and_earlier_files_are_read(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    price = 5 + rng.normal(0, 0.5, 120)
    panel = panel_of(50 - 8 * (price - 5) + rng.normal(0, 1, 120), price=price)
    model = fc.create("pretrained", horizon=14).fit(panel)
    future = np.full((1, 14, 1), 6.0)
    expected = model.predict(panel, known_future=future).mean
    model.save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    strength = config["fitted"].pop("strength")
    assert strength > 0
    found = {}
    for name, said in (("now", {"strength": 0.5}), ("earlier", {"reads_known": False})):
        (tmp_path / "config.json").write_text(
            json.dumps(config | {"fitted": config["fitted"] | said})
        )
        found[name] = fc.load(tmp_path).predict(panel, known_future=future).mean
    none = fc.create("pretrained", horizon=14, covariates="never").fit(panel)
    np.testing.assert_allclose(
        found["earlier"], none.predict(panel, known_future=future).mean, rtol=1e-5
    )
    assert expected.mean() < found["earlier"].mean()
    assert found["now"].mean() < found["earlier"].mean()


def test_when_it_is_made_then_it_is_a_trainable_model_of_the_registry() -> None:
    model = fc.create("pretrained", horizon=7)
    assert isinstance(model, Pretrained)
    assert isinstance(model, fc.Trainable)


def test_when_memory_is_short_then_series_are_read_in_halves_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "series_id": f"s{i}",
                    "timestamp": pd.date_range("2024-01-01", periods=90),
                    "target": weekly(90, i),
                }
            )
            for i in range(4)
        ]
    )
    panel = fc.Panel.from_frame(frame, "D")
    model = fc.create("pretrained", horizon=7).fit(panel)
    plain, some, asked = model.predict(panel), inference._some, []

    def one_at_a_time(network: Any, target: np.ndarray, *rest: Any, **named: Any) -> Any:
        asked.append(len(target))
        if len(target) > 1:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        return some(network, target, *rest, **named)

    monkeypatch.setattr(inference, "_some", one_at_a_time)
    np.testing.assert_allclose(model.predict(panel).mean, plain.mean, rtol=1e-4)
    assert sorted(asked) == [1, 1, 1, 1, 2, 2, 4]

    def full(*_: Any, **__: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(inference, "_some", full)
    with pytest.raises(fc.ConfigError, match="not enough memory to forecast even one series"):
        model.predict(panel)


def test_when_an_error_is_not_of_memory_then_it_is_not_taken_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel = panel_of(weekly(60))
    model = fc.create("pretrained", horizon=7).fit(panel)

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(inference, "_some", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        model.predict(panel)


def test_when_covariates_are_partly_missing_ahead_then_filling_them_forecasts() -> None:
    panel = panel_of(weekly(100), price=np.full(100, 2.0), promo=np.arange(100) % 9 == 0)
    model = fc.create("pretrained", horizon=5).fit(panel)
    future = fc.fill_future(panel, 5)
    future.loc[2:, "price"] = np.nan
    with pytest.raises(fc.PanelError, match=r"'price'.*fill_future"):
        model.predict(panel, known_future=future)
    whole = model.predict(panel, known_future=fc.fill_future(panel, 5, future))
    assert np.isfinite(whole.quantiles).all()
