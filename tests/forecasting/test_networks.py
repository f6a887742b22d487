"""Windows, decoder and the networks as forecasters: what they read, keep, refuse and fall back to.

Training itself is in test_training.py, what every model promises in test_models.py.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import forecasting as fc
from forecasting.models.lstm import Lstm, LstmConfig
from forecasting.networks.calendar import calendar_features
from forecasting.networks.layout import Layout, layout_of
from forecasting.networks.network import QuantileHead
from forecasting.networks.tensors import PanelTensors, panel_tensors, volumes_of
from forecasting.networks.windows import gather

HORIZON = 5
CPU = torch.device("cpu")
TINY: dict[str, Any] = {"width": 16, "max_steps": 20, "batch_size": 32}


def shop(days: int = 90, seed: int = 0) -> pd.DataFrame:
    """Six products with price, promotion and an empty week; promotions triple sales."""
    rng = np.random.default_rng(seed)
    frames = []
    for i in range(6):
        promo = (rng.random(days) < 0.2).astype(float)
        sales = rng.poisson(10.0 * (i + 1) * (1 + 2 * promo)).astype(float)
        sales[20:27] = np.nan
        frames.append(
            pd.DataFrame(
                {
                    "series_id": f"p{i}",
                    "timestamp": pd.date_range("2024-01-01", periods=days),
                    "target": sales,
                    "promo": promo,
                    "price": np.where(promo > 0, 0.8, 1.0) * (i + 1),
                    "visitors": rng.normal(100, 10, days),
                    "category": "ab"[i % 2],
                    "size": float(i),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def shop_panel(frame: pd.DataFrame) -> fc.Panel:
    return fc.Panel.from_frame(
        frame,
        freq="D",
        known_covariates=["promo", "price"],
        past_covariates=["visitors"],
        static_features=["category", "size"],
    )


@pytest.fixture(scope="module")
def products() -> fc.Panel:
    return shop_panel(shop())


@pytest.fixture(scope="module")
def model(products: fc.Panel) -> fc.Forecaster:
    return fc.create("lstm", horizon=HORIZON, series_embedding=True, **TINY).fit(products)


def ahead(panel: fc.Panel, promo: float) -> pd.DataFrame:
    frame = fc.fill_future(panel, HORIZON)
    frame["promo"] = promo
    frame["price"] = (1 - 0.2 * promo) * (frame["series_id"].str[-1].astype(float) + 1)
    return frame


def layout_and_tensors(panel: fc.Panel) -> tuple[Layout, PanelTensors]:
    layout = layout_of(panel, LstmConfig(horizon=HORIZON), volumes_of(panel))
    return layout, panel_tensors(panel, layout, CPU)


def test_when_windows_are_gathered_then_a_plain_loop_finds_the_same(products: fc.Panel) -> None:
    layout, tensors = layout_and_tensors(products)
    rows, cutoffs = [0, 3, 5], [80, 30, 60]
    windows = gather(tensors, layout, torch.tensor(rows), torch.tensor(cutoffs), HORIZON)
    for b, (row, cutoff) in enumerate(zip(rows, cutoffs, strict=True)):
        target = products.target[row]
        first = cutoff + 1 - layout.context_length
        scale = np.nanmean(target[max(0, first) : cutoff + 1])
        volume = np.nanmean(target)
        assert float(windows.scale_B[b]) == pytest.approx(scale / volume, rel=1e-5)
        for h in range(HORIZON):
            actual = target[cutoff + 1 + h]
            assert float(windows.observed_BH[b, h]) == float(not np.isnan(actual))
            expected = 0.0 if np.isnan(actual) else actual / scale
            assert float(windows.target_BH[b, h]) == pytest.approx(expected, rel=1e-4)
            for j, lag in enumerate(layout.lags):
                back = lag
                while back <= h:
                    back += lag
                lagged = target[cutoff + 1 + h - back] if cutoff + 1 + h - back >= 0 else np.nan
                assert float(windows.known_BHJ[b, h, j]) == float(not np.isnan(lagged))
                expected = 0.0 if np.isnan(lagged) else lagged / scale
                assert float(windows.candidates_BHJ[b, h, j]) == pytest.approx(expected, rel=1e-4)


def test_when_values_after_a_window_change_then_only_its_target_does() -> None:
    frame = shop()
    layout, tensors = layout_and_tensors(shop_panel(frame))
    late = frame["timestamp"] > pd.Timestamp("2024-01-01") + pd.Timedelta("60D")
    frame.loc[late, ["target", "visitors"]] = 7.0
    changed = panel_tensors(shop_panel(frame), layout, CPU)
    rows, cutoffs = torch.arange(6), torch.full((6,), 60)
    before = gather(tensors, layout, rows, cutoffs, HORIZON)
    after = gather(changed, layout, rows, cutoffs, HORIZON)
    assert not torch.allclose(before.target_BH, after.target_BH)
    torch.testing.assert_close(before.context_BLC, after.context_BLC, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(before.future_BHF, after.future_BHF, rtol=1e-4, atol=1e-5)


def test_when_only_the_last_steps_are_kept_to_predict_then_windows_stay_the_same() -> None:
    frame = shop(days=400)
    panel = shop_panel(frame)
    layout, tensors = layout_and_tensors(panel)
    future = np.zeros((6, HORIZON, 2))
    kept = panel_tensors(panel, layout, CPU, future)
    assert kept.steps < panel.length
    rows = torch.arange(6)
    whole = gather(tensors, layout, rows, torch.full((6,), panel.length - 1), HORIZON)
    part = gather(kept, layout, rows, torch.full((6,), kept.steps - 1 - HORIZON), HORIZON)
    torch.testing.assert_close(whole.context_BLC, part.context_BLC)
    torch.testing.assert_close(whole.candidates_BHJ, part.candidates_BHJ)


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_when_sales_hardly_move_then_a_window_still_tells_its_steps_apart(unit: float) -> None:
    """Sales of 1,000, give or take 10, are in the context as -1 and +1, in any unit."""
    days = pd.date_range("2024-01-01", periods=120)
    wobbly = unit * (1000.0 + 10 * np.where(np.arange(120) % 2, 1, -1))
    panel = fc.Panel.from_frame(
        pd.DataFrame({"series_id": "a", "timestamp": days, "target": wobbly}), freq="D"
    )
    layout, tensors = layout_and_tensors(panel)
    windows = gather(tensors, layout, torch.zeros(1, dtype=torch.long), torch.tensor([99]), HORIZON)
    scaled_L, moved_L = windows.context_BLC[0, :, 0], windows.context_BLC[0, :, 1]
    assert float(scaled_L.max() - scaled_L.min()) < 0.02
    np.testing.assert_allclose(moved_L.abs(), 1.0, atol=0.05)
    change, spread = np.exp(2 * (windows.numbers_BM[0, :2].numpy() - 1))
    assert change == pytest.approx(0.02, rel=0.01)
    assert spread == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize(("days", "has_year"), [(300, False), (600, True)])
def test_when_the_history_has_a_year_then_the_year_is_a_lag(days: int, has_year: bool) -> None:
    layout, _ = layout_and_tensors(shop_panel(shop(days=days)))
    assert (364 in layout.lags) == has_year
    assert {7, 14, 28} <= set(layout.lags)


def test_when_the_history_is_short_then_the_context_is_cut_to_whole_patches() -> None:
    layout, _ = layout_and_tensors(shop_panel(shop(days=40)))
    assert layout.context_length == 21
    assert layout.context_length % layout.patch_length == 0


@pytest.mark.parametrize("freq", ["h", "4h", "B", "W-SUN", "SMS", "ME", "QS-JAN", "YS-JAN"])
def test_when_the_calendar_is_read_then_features_are_finite_and_small(freq: str) -> None:
    features = calendar_features(pd.date_range("2020-01-01", periods=50, freq=freq), freq)
    assert len(features) == 50
    assert np.abs(features).max() <= 1


@pytest.mark.parametrize("levels", [(0.5,), (0.1, 0.2), (0.8, 0.9), (0.05, 0.5, 0.6, 0.99)])
def test_when_weights_are_anything_then_quantiles_do_not_cross(levels: tuple[float, ...]) -> None:
    head = QuantileHead(8, levels)
    torch.nn.init.normal_(head.project.weight, std=5.0)
    values = head(torch.randn(64, 3, 8))
    assert values.shape == (64, 3, len(levels))
    assert bool((values.diff(dim=-1) >= 0).all())


def test_when_promotions_triple_sales_then_a_planned_one_raises_the_forecast(
    products: fc.Panel,
) -> None:
    options = TINY | {"max_steps": 200, "batch_size": 64}
    fitted = fc.create("lstm", horizon=HORIZON, **options).fit(products)
    without = fitted.predict(products, known_future=ahead(products, 0.0)).mean.sum()
    planned = fitted.predict(products, known_future=ahead(products, 1.0)).mean.sum()
    assert planned > 1.5 * without


def test_when_known_covariates_are_not_given_then_predict_asks_for_them(
    products: fc.Panel, model: fc.Forecaster
) -> None:
    with pytest.raises(fc.PanelError, match="needs known_future"):
        model.predict(products)


def test_when_series_and_categories_are_new_then_they_are_forecast_all_the_same(
    products: fc.Panel, model: fc.Forecaster
) -> None:
    frame = shop(seed=5)
    frame["series_id"] = "new " + frame["series_id"]
    frame["category"] = "never seen"
    frame["size"] = np.nan
    panel = shop_panel(frame)
    forecast = model.predict(panel, known_future=ahead(panel, 0.0))
    assert not forecast.notes
    assert np.isfinite(forecast.quantiles).all()


def test_when_the_panel_lacks_a_column_or_differs_in_frequency_then_it_is_named(
    products: fc.Panel, model: fc.Forecaster
) -> None:
    bare = fc.Panel.from_frame(shop(), freq="D", known_covariates=["promo"])
    with pytest.raises(fc.PanelError, match=r"known covariates that this panel lacks: 'price'"):
        model.predict(bare)
    weekly = shop()
    weekly["timestamp"] = weekly["timestamp"] + 6 * (weekly["timestamp"] - pd.Timestamp("2024"))
    with pytest.raises(fc.PanelError, match="frequency 'D'; this panel has 'W-MON'"):
        model.predict(fc.Panel.from_frame(weekly, freq="W"))


def test_when_there_is_no_window_to_learn_from_then_the_notes_say_so() -> None:
    panel = fc.Panel.from_frame(shop(days=10).dropna(subset=["target"]), freq="D")
    forecast = fc.create("lstm", horizon=30, **TINY).fit(panel).predict(panel)
    assert len(forecast.notes) == panel.num_series
    assert "too short to learn a forecast of 30 steps" in forecast.notes[0].reason


def test_when_saved_then_loading_elsewhere_gives_the_same_forecast(
    products: fc.Panel, model: fc.Forecaster, tmp_path: Path
) -> None:
    model.save(tmp_path)
    loaded = fc.load(tmp_path)
    assert isinstance(loaded, Lstm)
    assert loaded.training.steps > 0
    future = ahead(products, 1.0)
    np.testing.assert_array_equal(
        loaded.predict(products, known_future=future).quantiles,
        model.predict(products, known_future=future).quantiles,
    )


@pytest.mark.parametrize("damage", ["cut", "text", "missing", "other weights", "no layout"])
def test_when_a_saved_model_is_damaged_then_load_says_so(
    model: fc.Forecaster, products: fc.Panel, tmp_path: Path, damage: str
) -> None:
    model.save(tmp_path)
    weights = tmp_path / "weights.safetensors"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "text":
        weights.write_text("not weights at all")
    elif damage == "missing":
        weights.unlink()
    elif damage == "other weights":
        other = fc.create("lstm", horizon=HORIZON, **TINY | {"width": 8}).fit(products)
        other.save(tmp_path / "other")
        weights.write_bytes((tmp_path / "other" / "weights.safetensors").read_bytes())
    else:
        config = tmp_path / "config.json"
        config.write_text(config.read_text().replace('"layout"', '"outlay"'))
    with pytest.raises(fc.ConfigError, match=r"missing|damaged"):
        fc.load(tmp_path)


def test_when_a_saved_network_reads_other_features_then_load_says_so(
    model: fc.Forecaster, tmp_path: Path
) -> None:
    model.save(tmp_path)
    config = tmp_path / "config.json"
    content = json.loads(config.read_text())
    del content["fitted"]["reads"]  # as the first versions wrote it
    config.write_text(json.dumps(content))
    with pytest.raises(fc.ConfigError, match="read other features"):
        fc.load(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "quick"}, "preset='quick'"),
        ({"dropout": 1.5}, r"dropout=1\.5 must lie between"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"device": "abacus"}, "device='abacus'"),
    ],
)
def test_when_an_option_cannot_work_then_it_is_named(
    products: fc.Panel, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(fc.ConfigError, match=message):
        fc.create("gru", horizon=HORIZON, **options).fit(products)


def test_when_heads_do_not_divide_the_width_then_both_are_named(products: fc.Panel) -> None:
    with pytest.raises(fc.ConfigError, match="num_heads=3 does not divide width=16"):
        fc.create("transformer", horizon=HORIZON, num_heads=3, **TINY).fit(products)


def test_when_history_is_whole_numbers_then_quantiles_are_and_zero_can_be_one() -> None:
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=120)
    frames = [
        pd.DataFrame({"series_id": f"s{i}", "timestamp": days, "target": rng.poisson(0.3, 120)})
        for i in range(5)
    ]
    counts = fc.Panel.from_frame(pd.concat(frames), freq="D")
    forecast = fc.create("lstm", horizon=HORIZON, **TINY).fit(counts).predict(counts)
    np.testing.assert_array_equal(forecast.quantiles, np.round(forecast.quantiles))
    assert (forecast.quantile(0.1) == 0).all()
    assert forecast.mean.mean() == pytest.approx(0.3, abs=0.15)
