"""The ensemble: weights come from inner windows, sum to one and follow what members are worth."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.models.ensemble import Ensemble, Window, widths_that_pay
from forecasting.weights import least_loss_weights

LEVELS = (0.1, 0.5, 0.9)


def wavy(days: int = 150, series: int = 12) -> pd.DataFrame:
    """A strong week: seasonal naive is good, naive is not."""
    rng = np.random.default_rng(6)
    week = 30 + 20 * np.sin(2 * np.pi * np.arange(days) / 7)
    return pd.DataFrame(
        {
            "series_id": np.repeat([f"s{i}" for i in range(series)], days),
            "timestamp": np.tile(pd.date_range("2024-01-01", periods=days), series),
            "target": rng.poisson(np.tile(week, series)).astype(float),
        }
    )


@pytest.fixture(scope="module")
def panel() -> fc.Panel:
    return fc.Panel.from_frame(wavy(), "D")


@pytest.fixture(scope="module")
def model(panel: fc.Panel) -> Ensemble:
    made = fc.create("ensemble", horizon=7, members=("naive", "seasonal_naive", "theta"))
    assert isinstance(made, Ensemble)
    return made.fit(panel)


def test_when_fitted_then_weights_sum_to_one_and_the_poor_member_has_little(
    model: Ensemble,
) -> None:
    assert sum(model.weights.values()) == pytest.approx(1.0)
    assert min(model.weights.values()) >= 0
    assert model.weights["naive"] < 0.1


def test_when_backtested_then_it_is_not_worse_than_its_best_member(panel: fc.Panel) -> None:
    members = ("naive", "seasonal_naive", "theta")
    board = fc.backtest(
        panel,
        ["ensemble", *members],
        horizon=7,
        num_windows=2,
        options={"ensemble": {"members": members}},
    ).leaderboard()
    loss = board.set_index("model")["WQL"]
    assert loss["ensemble"] <= 1.02 * loss[list(members)].min()


def test_when_saved_then_members_without_weight_are_not_kept_and_it_loads(
    model: Ensemble, panel: fc.Panel, tmp_path: Path
) -> None:
    model.save(tmp_path)
    kept = {path.name for path in (tmp_path / "members").iterdir()}
    assert kept == {name for name, weight in model.weights.items() if weight > 0}
    again = fc.load(tmp_path)
    np.testing.assert_allclose(again.predict(panel).quantiles, model.predict(panel).quantiles)


@pytest.mark.parametrize("key", ["weights", "widths"])
def test_when_the_saved_config_is_incomplete_then_load_says_so(
    model: Ensemble, tmp_path: Path, key: str
) -> None:
    model.save(tmp_path)
    path = tmp_path / "config.json"
    content = json.loads(path.read_text())
    del content["fitted"][key]
    path.write_text(json.dumps(content))
    with pytest.raises(fc.ConfigError, match="complete ensemble"):
        fc.load(tmp_path)


def test_when_a_saved_member_is_missing_then_load_names_its_folder(
    model: Ensemble, tmp_path: Path
) -> None:
    model.save(tmp_path)
    (tmp_path / "members" / "theta" / "config.json").unlink()
    with pytest.raises(fc.ConfigError, match="theta"):
        fc.load(tmp_path)


def test_when_history_is_too_short_for_inner_windows_then_members_weigh_alike() -> None:
    short = fc.Panel.from_frame(wavy(days=12), "D")
    model = fc.create("ensemble", horizon=7, members=("naive", "theta")).fit(short)
    assert isinstance(model, Ensemble)
    assert model.weights == {"naive": 0.5, "theta": 0.5}
    assert np.isfinite(model.predict(short).quantiles).all()


def test_when_the_budget_is_used_up_then_it_still_forecasts(panel: fc.Panel) -> None:
    members = ("seasonal_naive", "theta")
    model = fc.create("ensemble", horizon=7, members=members).fit(panel, budget_seconds=0.0)
    assert np.isfinite(model.predict(panel).quantiles).all()


def test_when_there_are_very_many_series_then_weights_come_from_some(panel: fc.Panel) -> None:
    model = fc.create("ensemble", horizon=7, members=("naive", "theta"), max_series=5).fit(panel)
    assert model.predict(panel).mean.shape == (12, 7)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"members": ()}, "at least one"),
        ({"members": ("naive", "naive")}, "different models"),
        ({"members": ("ensemble",)}, "member of itself"),
        ({"members": ("thetta",)}, "Did you mean 'theta'"),
        ({"members": ("naive",), "member_options": {"theta": {}}}, "name theta"),
        ({"members": ("theta",), "member_options": {"theta": {"alpha": 1}}}, "no option 'alpha'"),
        ({"num_windows": 0}, "num_windows=0"),
    ],
)
def test_when_an_option_cannot_work_then_it_is_refused_at_once(
    options: dict[str, object], words: str
) -> None:
    with pytest.raises(fc.ConfigError, match=words):
        fc.create("ensemble", horizon=3, **options)


def test_when_one_model_is_right_then_it_gets_nearly_all_the_weight() -> None:
    rng = np.random.default_rng(7)
    actual = rng.normal(100, 1, (300, 5))
    right = np.broadcast_to(np.array([98.7, 100.0, 101.3]), (300, 5, 3))
    wrong = right + 30
    assert least_loss_weights([np.stack([wrong, right])], [actual], LEVELS)[1] > 0.9


def test_when_two_models_err_on_opposite_sides_then_both_are_used() -> None:
    rng = np.random.default_rng(8)
    actual = rng.normal(100, 1, (300, 5))
    right = np.broadcast_to(np.array([98.7, 100.0, 101.3]), (300, 5, 3))
    weights = least_loss_weights([np.stack([right - 4, right + 4])], [actual], LEVELS)
    np.testing.assert_allclose(weights, 0.5, atol=0.05)


def test_when_nothing_was_sold_in_the_inner_windows_then_all_weigh_alike() -> None:
    weights = least_loss_weights([np.zeros((2, 3, 4, 3))], [np.zeros((3, 4))], LEVELS)
    np.testing.assert_array_equal(weights, 0.5)


def test_when_a_mixture_wins_in_one_window_only_then_the_best_model_gets_everything() -> None:
    actual = np.random.default_rng(9).normal(100, 1, (300, 5))
    right = np.broadcast_to(np.array([98.7, 100.0, 101.3]), (300, 5, 3))
    first, second = np.stack([right, right + 20]), np.stack([right - 3, right + 3])
    weights = least_loss_weights([first, second], [actual, actual], LEVELS)
    np.testing.assert_array_equal(weights, [1.0, 0.0])


def test_when_one_member_gets_everything_then_its_own_bands_stay(panel: fc.Panel) -> None:
    alone = fc.create("theta", horizon=7).fit(panel).predict(panel)
    made = fc.create("ensemble", horizon=7, members=("theta",), round_counts=False)
    found = made.fit(panel).predict(panel)
    np.testing.assert_allclose(found.quantiles, alone.quantiles)


def test_when_sales_are_whole_then_quantiles_of_the_mixture_are(
    model: Ensemble, panel: fc.Panel
) -> None:
    found = model.predict(panel).quantiles
    np.testing.assert_array_equal(found, np.round(found))


def band_window(told: float, seed: int) -> Window:
    """Forecasts whose bands are `told` times as wide as they should be."""
    quantiles = np.broadcast_to(100 + told * np.array([-1.28, 0.0, 1.28]), (200, 5, 3))
    actual = np.random.default_rng(seed).normal(100, 1, (200, 5))
    return Window(quantiles, actual, np.arange(200.0), np.zeros(200, dtype=bool))


def test_when_all_windows_say_bands_are_narrow_then_they_are_widened() -> None:
    windows = [band_window(0.5, 0), band_window(0.5, 1)]
    widths = widths_that_pay(windows, LEVELS)
    assert widths is not None
    moved = widths.moved(windows[0].quantiles, windows[0].volume)
    np.testing.assert_allclose(moved[..., 2] - moved[..., 0], 2.56, atol=0.4)


@pytest.mark.parametrize("told", [(0.5, 2.0), (1.0, 4.0)])
def test_when_windows_say_different_things_then_bands_stay(told: tuple[float, float]) -> None:
    assert widths_that_pay([band_window(told[0], 0), band_window(told[1], 1)], LEVELS) is None


def test_when_there_is_one_window_only_then_bands_stay() -> None:
    assert widths_that_pay([band_window(0.5, 0)], LEVELS) is None
