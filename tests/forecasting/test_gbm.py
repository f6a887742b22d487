"""Gradient boosting: what it learns, what it never sees, and what it refuses."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.tabular import Layout, Table

SMALL = {"num_rounds": 80, "max_rows": 8000}


def promo_frame(days: int = 200, series: int = 8) -> pd.DataFrame:
    """Sales that double on promotion days, which have no rhythm, in series of unlike volume."""
    rng = np.random.default_rng(4)
    frames = []
    for i in range(series):
        promo = (rng.random(days) < 0.25).astype(float)
        frames.append(
            pd.DataFrame(
                {
                    "series_id": f"s{i}",
                    "timestamp": pd.date_range("2024-01-01", periods=days),
                    "target": rng.poisson(10 * (i + 1) * (1 + promo)).astype(float),
                    "promo": promo,
                    "shop": f"shop {i % 2}",
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def promoted() -> fc.Panel:
    return fc.Panel.from_frame(
        promo_frame(), "D", known_covariates=["promo"], static_features=["shop"]
    )


@pytest.fixture(scope="module")
def model(promoted: fc.Panel) -> fc.Forecaster:
    past = promoted.until(promoted.timestamps[-8])
    return fc.create("gbm", horizon=7, **SMALL).fit(past)


def test_when_promotions_are_known_ahead_then_they_are_in_the_forecast(
    promoted: fc.Panel, model: fc.Forecaster
) -> None:
    past = promoted.until(promoted.timestamps[-8])
    none, all_ = np.zeros((8, 7, 1)), np.ones((8, 7, 1))
    without = model.predict(past, known_future=none).mean.sum()
    with_ = model.predict(past, known_future=all_).mean.sum()
    assert with_ / without == pytest.approx(2.0, abs=0.25)


def test_when_errors_are_counted_then_bands_hold_and_the_mean_is_a_mean(
    promoted: fc.Panel,
) -> None:
    result = fc.backtest(promoted, ["gbm"], horizon=7, num_windows=3, options={"gbm": SMALL})
    row = result.leaderboard().iloc[0]
    assert 0.65 < row["coverage"] < 0.95
    assert abs(row["bias"]) < 0.06


@pytest.mark.parametrize("round_counts", [True, False])
def test_when_history_is_whole_numbers_then_quantiles_are_where_options_say_so(
    promoted: fc.Panel, round_counts: bool
) -> None:
    made = fc.create("gbm", horizon=7, round_counts=round_counts, **SMALL).fit(promoted)
    found = made.predict(promoted, known_future=np.zeros((8, 7, 1))).quantiles
    assert (found == np.round(found)).all() == round_counts


def test_when_most_days_sell_nothing_then_the_band_of_counts_holds_its_share() -> None:
    rng = np.random.default_rng(3)
    frame = promo_frame(days=240, series=30)[["series_id", "timestamp"]]
    panel = fc.Panel.from_frame(frame.assign(target=rng.poisson(0.3, len(frame)) * 1.0), "D")
    past = panel.until(panel.timestamps[-15])
    forecast = fc.create("gbm", horizon=14, **SMALL).fit(past).predict(past)
    held = fc.metrics.share_within(
        panel.target[:, -14:], forecast.quantiles, forecast.quantile_levels, (0.1, 0.9)
    )
    assert held == pytest.approx(0.8, abs=0.05)


def test_when_a_large_panel_has_grown_then_its_mean_is_levelled_and_saved(
    promoted: fc.Panel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    growth = np.linspace(1.0, 2.0, promoted.length)
    grown = dataclasses.replace(promoted, target=promoted.target * growth)
    options = SMALL | {"num_rounds": 5}  # too few trees to follow it
    small = fc.create("gbm", horizon=7, **options).fit(grown)
    monkeypatch.setattr("forecasting.models.gbm.is_large", lambda series, length: True)
    large = fc.create("gbm", horizon=7, **options).fit(grown)
    known = np.zeros((8, 7, 1))
    low, mended = (each.predict(grown, known_future=known) for each in (small, large))
    assert not np.allclose(low.mean, mended.mean)
    np.testing.assert_array_equal(low.quantiles, mended.quantiles)
    large.save(tmp_path)
    again = fc.load(tmp_path).predict(grown, known_future=known)
    np.testing.assert_allclose(again.mean, mended.mean)


def test_when_known_covariates_are_not_given_then_predict_names_them(
    promoted: fc.Panel, model: fc.Forecaster
) -> None:
    with pytest.raises(fc.PanelError, match="promo"):
        model.predict(promoted)


def test_when_the_panel_lacks_a_covariate_or_has_another_frequency_then_it_is_refused(
    model: fc.Forecaster,
) -> None:
    frame = promo_frame()
    plain = fc.Panel.from_frame(frame, "D", static_features=["shop"])
    with pytest.raises(fc.PanelError, match=r"known covariates are none.*'?promo"):
        model.predict(plain)
    weekly = frame.assign(
        timestamp=np.tile(pd.date_range("2000-01-03", periods=200, freq="W-MON"), 8)
    )
    panel = fc.Panel.from_frame(weekly, "W", known_covariates=["promo"], static_features=["shop"])
    with pytest.raises(fc.PanelError, match="frequency 'W-MON'"):
        model.predict(panel, known_future=np.zeros((8, 7, 1)))


def test_when_a_category_was_never_seen_then_it_is_forecast_as_unknown(
    model: fc.Forecaster,
) -> None:
    frame = promo_frame(series=1).assign(shop="a new shop")
    panel = fc.Panel.from_frame(frame, "D", known_covariates=["promo"], static_features=["shop"])
    forecast = model.predict(panel, known_future=np.zeros((1, 7, 1)))
    assert forecast.mean.mean() == pytest.approx(10, rel=0.4)


def test_when_a_row_is_made_then_nothing_after_its_origin_but_known_covariates_is_in_it(
    promoted: fc.Panel,
) -> None:
    """The features of every earlier origin are those of a panel that ends there."""
    layout = Layout.of(promoted, horizon=7, seasonality=7)
    origin, series = 150, np.arange(promoted.num_series)
    ends_there = promoted.until(promoted.timestamps[origin])
    ahead = promoted.known_covariates[:, origin + 1 : origin + 8].astype(np.float64)
    whole = Table(promoted, layout, None)
    cut = Table(ends_there, layout, ahead)
    scale = cut.scale(origin, series)
    np.testing.assert_array_equal(whole.scale(origin, series), scale)
    np.testing.assert_array_equal(
        whole.rows(origin, series, scale), cut.rows(origin, series, scale)
    )
    assert whole.rows(origin, series, scale).shape == (8, 7, len(layout.names))


@pytest.mark.parametrize("horizon", [1, 7, 10, 30])
def test_when_seasons_are_looked_up_then_they_are_known_and_of_the_same_weekday(
    horizon: int,
) -> None:
    """The target is its own step number, so that each feature tells where it was read."""
    frame = pd.DataFrame(
        {
            "series_id": "a",
            "timestamp": pd.date_range("2024-01-01", periods=120),
            "target": np.arange(120.0),
        }
    )
    panel = fc.Panel.from_frame(frame, "D")
    layout = Layout.of(panel, horizon=horizon, seasonality=7)
    rows = Table(panel, layout, None).rows(80, np.array([0]), np.array([1.0]))[0]
    steps = rows[:, layout.names.index("season 1")]
    assert (steps <= 80).all()
    assert (steps > 80 - 7).all()
    assert ((80 + 1 + np.arange(horizon) - steps) % 7 == 0).all()
    assert (rows[:, layout.names.index("last 1")] == 80).all()


def test_when_the_budget_is_used_up_then_what_was_learned_so_far_forecasts(
    promoted: fc.Panel,
) -> None:
    model = fc.create("gbm", horizon=7).fit(promoted, budget_seconds=0.0)
    forecast = model.predict(promoted, known_future=np.zeros((8, 7, 1)))
    assert np.isfinite(forecast.quantiles).all()
    assert forecast.mean.sum() > 0


def test_when_fitted_then_progress_reaches_its_end(promoted: fc.Panel) -> None:
    seen: list[fc.Progress] = []
    fc.create("gbm", horizon=7, **SMALL).fit(promoted, on_progress=seen.append)
    assert seen[-1].fraction == 1.0


def test_when_there_is_too_little_history_for_rows_then_a_note_says_so() -> None:
    frame = promo_frame(days=12, series=1)[["series_id", "timestamp", "target"]]
    panel = fc.Panel.from_frame(frame, "D")
    forecast = fc.create("gbm", horizon=7).fit(panel).predict(panel)
    assert "too little history" in forecast.notes[0].reason
    assert np.isfinite(forecast.quantiles).all()


def test_when_scales_are_far_apart_then_small_series_are_not_drowned() -> None:
    frame = promo_frame(series=4)[["series_id", "timestamp", "target"]]
    factor = frame["series_id"].map({"s0": 1e-6, "s1": 1.0, "s2": 1e6, "s3": 1e12})
    panel = fc.Panel.from_frame(frame.assign(target=frame["target"] * factor), "D")
    forecast = fc.create("gbm", horizon=7, **SMALL).fit(panel).predict(panel)
    usual = np.nanmean(panel.target, axis=1)
    np.testing.assert_allclose(forecast.mean.mean(axis=1) / usual, 1.0, atol=0.35)


@pytest.mark.parametrize("file", ["mean.txt", "spread.txt"])
@pytest.mark.parametrize("harm", ["cut", "gone", "foreign"])
def test_when_a_saved_file_is_damaged_then_load_names_it(
    model: fc.Forecaster, tmp_path: Path, file: str, harm: str
) -> None:
    model.save(tmp_path)
    path = tmp_path / file
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_text(path.read_text()[:500])
    else:
        path.write_bytes(b"\x80\x04\x95pickle")
    with pytest.raises(fc.ConfigError, match=file):
        fc.load(tmp_path)


@pytest.mark.parametrize("key", ["layout", "residuals", "files"])
def test_when_the_config_is_incomplete_then_load_says_so(
    model: fc.Forecaster, tmp_path: Path, key: str
) -> None:
    model.save(tmp_path)
    path = tmp_path / "config.json"
    content = json.loads(path.read_text())
    del content["fitted"][key]
    path.write_text(json.dumps(content))
    with pytest.raises(fc.ConfigError, match="complete gbm model"):
        fc.load(tmp_path)


@pytest.mark.parametrize(
    ("option", "value"), [("num_rounds", 0), ("num_leaves", 1), ("learning_rate", 0.0)]
)
def test_when_an_option_cannot_work_then_it_is_refused(option: str, value: float) -> None:
    options: dict[str, object] = {"horizon": 2, option: value}
    with pytest.raises(fc.ConfigError, match=f"{option}={value}"):
        fc.create("gbm", **options)


def test_when_the_registry_is_imported_then_lightgbm_is_not() -> None:
    code = "import sys, forecasting.models.gbm; print('lightgbm' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
