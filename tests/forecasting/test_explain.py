"""Contributions that add up and are those of the data; importance that finds the true driver."""

from functools import cache
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.drivers import STANDARD
from forecasting.shapley import coalitions

HORIZON = 14
DAYS = 200
UPLIFT = 50.0
WEEK = np.array([0.8, 0.9, 1.0, 1.0, 1.1, 1.3, 0.9])


def shop() -> pd.DataFrame:
    """Eight series with a week, promotions worth +50 of a week each, and a column of noise."""
    rng = np.random.default_rng(3)
    steps = np.arange(DAYS + HORIZON)
    stamps = pd.date_range("2024-01-01", periods=len(steps))
    parts = []
    for i in range(8):
        promo = ((steps + rng.integers(0, 24)) % 24 < 6).astype(float)
        promo[DAYS + 4 : DAYS + 9] = i % 2
        promo[DAYS : DAYS + 4], promo[DAYS + 9 :] = 0, 0
        base = rng.uniform(80, 160) * WEEK[steps % 7] + rng.normal(0, 4, len(steps))
        columns = {"promo": promo, "price": 4.0 + i, "noise": rng.normal(size=len(steps))}
        frame = pd.DataFrame({"timestamp": stamps, "target": base + UPLIFT * promo, **columns})
        parts.append(frame.assign(series_id=f"s{i}", group="ab"[i % 2]))
    return pd.concat(parts)


@cache
def panel() -> fc.Panel:
    known = ["promo", "price", "noise"]
    return fc.Panel.from_frame(shop(), "D", known_covariates=known, static_features=["group"])


@cache
def past() -> fc.Panel:
    return panel().until(panel().timestamps[DAYS - 1])


def ahead() -> Any:
    return panel().known_covariates[:, DAYS:]


@cache
def fitted(name: str) -> fc.Forecaster:
    options: dict[str, dict[str, Any]] = {
        "gbm": {"max_origins": 60},
        "lstm": {"preset": "fast", "max_steps": 60, "width": 16, "context_length": 28},
        "ensemble": {"members": ("seasonal_naive", "gbm"), "num_windows": 1},
    }
    return fc.create(name, horizon=HORIZON, **options.get(name, {})).fit(past())


def test_when_a_game_is_small_then_values_are_those_of_all_orders() -> None:
    worth = np.random.default_rng(0).normal(size=8)
    members, weights = coalitions(3, orders=1, seed=0)
    of = {tuple(row): value for row, value in zip(members.tolist(), worth, strict=True)}
    expected = np.zeros(3)
    for order in permutations(range(3)):
        present = [False] * 3
        for player in order:
            before = of[tuple(present)]
            present[player] = True
            expected[player] += (of[tuple(present)] - before) / 6
    np.testing.assert_allclose(weights.T @ worth, expected)


def test_when_a_game_is_large_then_sampled_values_still_add_up_and_are_near_the_truth() -> None:
    """In a sum with one pair of players that need each other the values are known."""
    members, weights = coalitions(10, orders=200, seed=0)
    worth = members @ np.arange(10.0) + 6.0 * (members[:, 0] & members[:, 9])
    values = weights.T @ worth
    assert values.sum() == pytest.approx(45 + 6)
    np.testing.assert_allclose(values[1:9], np.arange(1.0, 9.0))
    np.testing.assert_allclose(values[[0, 9]], [3.0, 12.0], atol=0.5)


@pytest.mark.parametrize("name", ["seasonal_naive", "theta", "gbm", "lstm", "ensemble"])
def test_when_a_forecast_is_explained_then_contributions_add_up_to_its_mean(name: str) -> None:
    model = fitted(name)
    explanation = fc.explain(model, past(), known_future=ahead(), series_ids=["s3", "s0"])
    expected = model.predict(past(), known_future=ahead()).mean[[3, 0]]
    np.testing.assert_allclose(explanation.contributions.sum(axis=2), expected, rtol=1e-6)
    np.testing.assert_allclose(explanation.contributions.sum(axis=2), explanation.mean, rtol=1e-12)
    assert explanation.drivers == (*STANDARD, "noise")


@pytest.mark.parametrize("name", ["gbm", "ensemble"])
def test_when_a_promotion_adds_fifty_then_it_contributes_about_fifty_in_its_days(name: str) -> None:
    frame = fc.explain(fitted(name), past(), known_future=ahead()).to_frame()
    promotion = frame[frame["driver"] == "promotion"].set_index(["series_id", "timestamp"])
    flags = shop().set_index(["series_id", "timestamp"])["promo"]
    value = promotion["contribution"]
    on = flags.loc[value.index] == 1
    assert value[on].mean() == pytest.approx(UPLIFT, rel=0.25)
    assert value[~on].abs().mean() < 0.03 * UPLIFT
    assert (value.loc[["s0", "s2"]] == 0).all()  # nothing is planned for these


def test_when_a_week_has_a_shape_then_season_has_it_and_level_has_not() -> None:
    for name in ("seasonal_naive", "gbm"):
        explanation = fc.explain(fitted(name), past(), known_future=ahead(), series_ids=["s0"])
        season = explanation.contributions[0, :, explanation.drivers.index("season")]
        level = explanation.contributions[0, :, explanation.drivers.index("level")]
        expected = (WEEK[np.arange(DAYS, DAYS + HORIZON) % 7] - 1) * level.mean()
        np.testing.assert_allclose(season, expected, atol=0.06 * level.mean())
        assert np.ptp(level) < 0.1 * np.ptp(season)


def test_when_promotions_fell_on_the_same_weeks_of_a_year_then_they_are_no_season() -> None:
    steps = np.arange(52 * 3)
    promo = (steps % 52 % 26 < 3).astype(float)
    promo[-8:] = 0
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"series_id": "a", "timestamp": pd.date_range("2020-01-06", periods=156, freq="W-MON")}
    )
    frame = frame.assign(promo=promo, target=100 + 300 * promo + rng.normal(0, 3, 156))
    panel = fc.Panel.from_frame(frame, "W-MON", known_covariates=["promo"])
    ahead = np.zeros((1, 8, 1), dtype=np.float32)
    model = fc.create("seasonal_naive", horizon=8).fit(panel)
    totals = fc.explain(model, panel, known_future=ahead).totals().loc["a"]
    assert totals["level"] + totals["recent history"] > 0.9 * totals.sum()
    assert abs(totals["season"]) < 0.1 * totals["level"]


@cache
def leaflet() -> tuple[fc.Forecaster, fc.Panel, Any]:
    """Promotions at 3 instead of 4; ahead one, a cut without promotion, and a dearer promotion."""
    rng = np.random.default_rng(1)
    steps = np.arange(DAYS + HORIZON)
    parts = []
    for i in range(8):
        promo = ((steps + 3 * i) % 20 < 4).astype(float)
        cut = ((steps + 3 * i) % 20 == 12).astype(float)
        price = 4.0 - promo - cut
        promo[DAYS:], price[DAYS:] = 0.0, 4.0
        promo[DAYS + 2], price[DAYS + 2] = 1.0, 3.0
        price[DAYS + 5] = 3.0
        promo[DAYS + 8], price[DAYS + 8] = 1.0, 4.5
        target = 100 + 30 * promo + 40 * (4.0 - price) + rng.normal(0, 1, len(steps))
        stamps = pd.date_range("2024-01-01", periods=len(steps))
        columns = {"timestamp": stamps, "target": target, "promo": promo, "price": price}
        parts.append(pd.DataFrame({"series_id": f"s{i}", **columns}))
    whole = fc.Panel.from_frame(pd.concat(parts), "D", known_covariates=["promo", "price"])
    past = whole.until(whole.timestamps[DAYS - 1])
    model = fc.create("gbm", horizon=HORIZON, seed=0).fit(past)
    return model, past, whole.known_covariates[:, DAYS:]


def test_when_a_promotion_cuts_the_price_then_the_cut_is_part_of_it_and_of_no_other_day() -> None:
    model, past, ahead = leaflet()
    found = fc.explain(model, past, known_future=ahead)
    sums = found.contributions.sum(axis=2)
    assert sums == pytest.approx(found.mean)
    of = {name: found.contributions[:, :, k].mean(axis=0) for k, name in enumerate(found.drivers)}
    assert of["promotion"][2] == pytest.approx(70, abs=15)  # 30 by the leaflet, 40 by its price
    assert of["price"][2] == pytest.approx(0, abs=1e-6)
    assert of["price"][5] == pytest.approx(40, abs=15)
    assert of["promotion"][5] == pytest.approx(0, abs=1e-6)
    assert (found.contributions[:, 8, found.drivers.index("price")] != 0).any()  # dearer: a price


def test_when_sales_doubled_lately_then_recent_history_says_so() -> None:
    steps = np.arange(150)
    sales = np.where(steps < 125, 100.0, 200.0) * WEEK[steps % 7]
    frame = pd.DataFrame({"series_id": "a", "timestamp": pd.date_range("2024-01-01", periods=150)})
    panel = fc.Panel.from_frame(frame.assign(target=sales), "D")
    model = fc.create("seasonal_naive", horizon=7).fit(panel)
    totals = fc.explain(model, panel).totals().loc["a"]
    assert totals["recent history"] == pytest.approx(700, rel=0.05)
    assert totals["level"] == pytest.approx(700, rel=0.05)
    assert totals["season"] == pytest.approx(0, abs=10)


def test_when_a_model_reads_no_covariates_then_they_contribute_exactly_nothing() -> None:
    for name in ("seasonal_naive", "theta"):
        totals = fc.explain(fitted(name), past(), series_ids=["s1"]).totals()
        assert (totals[["price", "promotion", "calendar", "noise"]] == 0).all(axis=None)


def test_when_a_role_is_given_then_the_column_counts_for_it() -> None:
    both = fc.explain(fitted("gbm"), past(), known_future=ahead(), roles={"promo": "calendar"})
    assert "noise" in both.drivers
    totals = both.totals().loc["s1"]
    assert totals["promotion"] == 0
    assert totals["calendar"] == pytest.approx(5 * UPLIFT, rel=0.25)


def test_when_values_are_negative_or_short_or_dead_then_sums_still_hold(panel: fc.Panel) -> None:
    model = fc.create("ets", horizon=5).fit(panel)
    explanation = fc.explain(model, panel)
    np.testing.assert_allclose(explanation.contributions.sum(axis=2), explanation.mean)
    totals = explanation.totals()
    assert totals.loc["single", "level"] == 20  # too short to tell anything apart
    assert totals.loc["dead", "recent history"] == pytest.approx(
        -totals.loc["dead", "level"], abs=3
    )
    assert np.isfinite(explanation.contributions).all()


@pytest.mark.parametrize("freq", ["h", "B", "W-MON", "MS", "YS"])
def test_when_the_frequency_is_another_then_sums_hold_and_a_season_is_found(freq: str) -> None:
    rng = np.random.default_rng(0)
    stamps = pd.date_range("2000-01-03", periods=170, freq=freq)
    season = fc.default_seasonality(freq)
    wave = 1 + 0.5 * np.sin(2 * np.pi * np.arange(170) / max(season, 2)) * (season > 1)
    parts = [
        pd.DataFrame({"series_id": each, "timestamp": stamps, "target": rng.poisson(60 * wave)})
        for each in "abc"
    ]
    panel = fc.Panel.from_frame(pd.concat(parts), freq)
    model = fc.create("gbm", horizon=6, num_rounds=40, max_origins=30).fit(panel)
    explanation = fc.explain(model, panel)
    np.testing.assert_allclose(explanation.contributions.sum(axis=2), explanation.mean)
    found = explanation.contributions[:, :, explanation.drivers.index("season")]
    ahead = 1 + 0.5 * np.sin(2 * np.pi * np.arange(170, 176) / max(season, 2)) * (season > 1)
    np.testing.assert_allclose(found.mean(axis=0), 60 * (ahead - 1), atol=13)


class Additive:
    """The last value, plus each known covariate times its number: effects are known exactly."""

    name = "additive"
    config_class = SimpleNamespace
    uses_known_covariates = True

    def __init__(self, config: Any) -> None:
        self.config = config

    def fit(self, panel: fc.Panel, **_: Any) -> Self:
        return self

    def predict(self, panel: fc.Panel, *, known_future: Any = None) -> fc.Forecast:
        factors = 1.0 + np.arange(len(panel.known_names))
        mean = panel.target[:, -1:] + known_future.astype(float) @ factors
        return fc.Forecast(
            mean=mean,
            quantiles=mean[:, :, None],
            quantile_levels=(0.5,),
            series_ids=panel.series_ids,
            timestamps=panel.future_timestamps(self.config.horizon),
            cutoff=panel.cutoff,
        )

    def save(self, folder: Path | str) -> None:
        raise NotImplementedError

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        raise NotImplementedError


def test_when_effects_add_up_then_each_driver_gets_its_own_even_with_many_drivers() -> None:
    rng = np.random.default_rng(0)
    names = ["price", "promo", *(f"x{k}" for k in range(9))]
    frame = pd.DataFrame({"series_id": "a", "timestamp": pd.date_range("2024-01-01", periods=99)})
    frame["target"] = 100.0
    for name in names:
        frame[name] = rng.integers(0, 2, 99) if name == "promo" else rng.normal(5, 1, 99)
    panel = fc.Panel.from_frame(frame, "D", known_covariates=names)
    ahead = rng.normal(8, 1, (1, HORIZON, len(names))).astype(np.float32)
    model = Additive(SimpleNamespace(horizon=HORIZON))
    explanation = fc.explain(model, panel, known_future=ahead, samples=4)
    for k, name in enumerate(names):
        usual = 0.0 if name == "promo" else np.median(panel.known_covariates[0, -56:, k])
        driver = {"promo": "promotion"}.get(name, name)
        found = explanation.contributions[0, :, explanation.drivers.index(driver)]
        np.testing.assert_allclose(found, (1 + k) * (ahead[0, :, k] - usual), rtol=1e-3)


def test_when_an_ensemble_has_local_members_only_then_no_future_is_needed() -> None:
    panel = past().subset(["s0", "s1"])
    options = {"members": ("naive", "seasonal_naive"), "num_windows": 1}
    model = fc.create("ensemble", horizon=HORIZON, **options)
    model.fit(panel)
    direct = sum(
        weight * fc.explain(member, panel).contributions for member, weight in model.members
    )
    np.testing.assert_allclose(
        fc.explain(model, panel, known_future=ahead()[:2]).contributions, direct, atol=1e-9
    )


def test_when_too_much_is_asked_then_the_error_says_what_to_do() -> None:
    panel = past()
    with pytest.raises(fc.ConfigError, match=r"roles name 'rain'.*'promo', 'price', 'noise'"):
        fc.explain(fitted("gbm"), panel, known_future=ahead(), roles={"rain": "calendar"})
    with pytest.raises(fc.ConfigError, match="cannot have the role 'season'"):
        fc.explain(fitted("gbm"), panel, known_future=ahead(), roles={"promo": "season"})
    many = panel.subset([f"s{i % 8}" for i in range(200)])
    with pytest.raises(fc.ConfigError, match=r"800 fits; at most 500\. Name fewer series"):
        fc.explain(fitted("theta"), many)
    with pytest.raises(fc.PanelError, match="needs known_future"):
        fc.explain(fitted("gbm"), panel)


def test_when_columns_are_shuffled_then_the_true_driver_matters_and_noise_does_not() -> None:
    found = fc.importance(fitted("gbm"), panel(), repeats=3).set_index("feature")
    assert found.index[0] == "promo"
    assert found.loc["promo", "importance"] > max(0.02, 3 * found.loc["promo", "stderr"])
    assert abs(found.loc["noise", "importance"]) < 0.1 * found.loc["promo", "importance"]
    assert sorted(found.index) == ["group", "noise", "price", "promo"]


def test_when_columns_are_shuffled_by_driver_then_each_driver_is_a_feature() -> None:
    found = fc.importance(fitted("seasonal_naive"), panel(), by_driver=True, metric="MAE")
    assert set(found["feature"]) == {"promotion", "price", "noise", "group"}
    assert (found[["importance", "stderr"]] == 0).all(axis=None)  # it reads none of them


def test_when_importance_cannot_be_measured_then_the_error_says_why() -> None:
    with pytest.raises(fc.ConfigError, match="metric='R2' is unknown"):
        fc.importance(fitted("gbm"), panel(), metric="R2")  # type: ignore[arg-type]
    with pytest.raises(fc.PanelError, match="20 windows of horizon 14 need at least 281"):
        fc.importance(fitted("gbm"), panel(), num_windows=20)
    with pytest.raises(fc.ConfigError, match="repeats=1"):
        fc.importance(fitted("gbm"), panel(), repeats=1)
