"""New products forecast from their analogues: level, bands, words, and what is refused."""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting import metrics
from forecasting.analogues import Likeness
from forecasting.launches import AGES, Launches

HORIZON = 14
DAYS = 126
COUNT = 90
LEVELS = {"Coffee": 200.0, "Tea": 40.0, "Spices": 8.0}
M5 = Path(os.environ.get("ALMANAC_DATA", "../shared/data")) / "m5" / "sales_daily" / "CA_1.parquet"


def shop(seed: int = 0) -> pd.DataFrame:
    """Ninety products whose category decides most of their level; colour decides nothing."""
    rng = np.random.default_rng(seed)
    steps = np.arange(DAYS + HORIZON)
    week = 1 + 0.3 * np.sin(2 * np.pi * steps / 7)
    parts = []
    for i in range(COUNT):
        category = list(LEVELS)[i % 3]
        level = LEVELS[category] * rng.lognormal(0, 0.4)
        frame = pd.DataFrame({"timestamp": pd.date_range("2024-01-01", periods=len(steps))})
        frame["target"] = rng.poisson(level * week).astype(float)
        frame["price"] = 4.0
        names = {"series_id": f"p{i:02}", "category": category, "colour": "rgb"[rng.integers(3)]}
        parts.append(frame.assign(**names))
    return pd.concat(parts)


@cache
def whole() -> fc.Panel:
    return fc.Panel.from_frame(shop(), "D", static_features=["category", "colour"])


def panel_with(keep: int, hidden: list[int]) -> fc.Panel:
    """The panel at the cutoff, with only the last `keep` days of the hidden series."""
    past = whole().until(whole().timestamps[DAYS - 1])
    target = past.target.copy()
    target[hidden, : DAYS - keep] = np.nan
    return replace(past, target=target)


@cache
def hidden_forecast(
    keep: int, *, round_counts: bool = True
) -> tuple[fc.Panel, fc.Forecast, fc.Forecast, tuple[int, ...]]:
    hidden = tuple(range(4, COUNT, 7))
    panel = panel_with(keep, list(hidden))
    model = fc.create(
        "gbm", horizon=HORIZON, num_rounds=80, max_origins=20, round_counts=round_counts
    )
    before = model.fit(panel).predict(panel)
    return panel, before, fc.cold_start(panel, before), hidden


def wql(forecast: fc.Forecast, rows: list[int]) -> float:
    actual = whole().target[rows, DAYS:]
    return float(metrics.wql(actual, forecast.quantiles[rows], forecast.quantile_levels))


@pytest.mark.parametrize("keep", [0, 4])
def test_when_history_is_hidden_then_analogues_beat_the_ladder_and_bands_hold(keep: int) -> None:
    _, before, after, hidden = hidden_forecast(keep)
    rows = list(hidden)
    assert wql(after, rows) < 0.8 * wql(before, rows)
    actual = whole().target[rows, DAYS:]
    covered = metrics.coverage(
        actual, after.quantile(0.1)[rows], after.quantile(0.9)[rows], axis=None
    )
    assert 0.65 < float(covered) < 0.95
    assert (np.diff(after.quantiles[rows], axis=2) >= 0).all()


def test_when_more_is_known_then_the_forecast_is_nearer_and_the_band_narrower() -> None:
    _, _, nothing, hidden = hidden_forecast(0)
    _, _, some, _ = hidden_forecast(4)
    rows = list(hidden)
    assert wql(some, rows) < 0.6 * wql(nothing, rows)
    width = [each.quantile(0.9)[rows] - each.quantile(0.1)[rows] for each in (nothing, some)]
    assert width[1].mean() < 0.6 * width[0].mean()


def test_when_a_series_is_not_cold_then_its_forecast_stays_as_it_was() -> None:
    _, before, after, hidden = hidden_forecast(4)
    rest = np.setdiff1d(np.arange(COUNT), hidden)
    assert (after.mean[rest] == before.mean[rest]).all()
    assert (after.quantiles[rest] == before.quantiles[rest]).all()
    past = whole().until(whole().timestamps[DAYS - 1])
    forecast = fc.create("seasonal_naive", horizon=HORIZON).fit(past).predict(past)
    assert fc.cold_start(past, forecast) is forecast


def test_when_a_model_manages_with_ten_days_then_its_own_forecast_stays() -> None:
    panel = panel_with(10, [4])
    for name, used in (("gbm", ""), ("theta", "analogues")):
        options = {"num_rounds": 20, "max_origins": 10} if name == "gbm" else {}
        model = fc.create(name, horizon=HORIZON, **options)
        few = panel.subset(panel.series_ids[:30])
        notes = fc.cold_start(few, model.fit(few).predict(few)).notes
        assert [note.used for note in notes if note.series_id == "p04"] == ([used] if used else [])


def test_when_a_series_is_cold_then_its_note_names_up_to_three_analogues() -> None:
    panel, _, after, hidden = hidden_forecast(0)
    notes = {note.series_id: note for note in after.notes}
    note = notes[panel.series_ids[hidden[0]]]
    category = panel.static_features["category"].iloc[hidden[0]]
    assert note.used == "analogues"
    assert note.reason.startswith("no history; like 'p")
    assert note.reason.endswith(f"in '{category}'")
    assert note.reason.count("'p") == 3
    assert len([each for each in after.notes if each.series_id == note.series_id]) == 1
    _, _, some, _ = hidden_forecast(4)
    assert (
        "only 4 observations; like" in {n.series_id: n for n in some.notes}[note.series_id].reason
    )


def test_when_a_product_has_no_rows_at_all_then_it_is_forecast_from_its_attributes() -> None:
    past = whole().until(whole().timestamps[DAYS - 1])
    forecast = fc.create("seasonal_naive", horizon=HORIZON).fit(past).predict(past)
    rows = [("new coffee", "Coffee", "r"), ("new spice", "Spices", "never seen")]
    newcomers = pd.DataFrame(rows, columns=["series_id", "category", "colour"])
    after = fc.cold_start(past, forecast, newcomers=newcomers)
    assert list(after.series_ids[-2:]) == ["new coffee", "new spice"]
    assert len(after.to_frame()) == (COUNT + 2) * HORIZON
    coffee, spice = after.quantile(0.5)[-2:].mean(axis=1)
    assert coffee == pytest.approx(LEVELS["Coffee"], rel=0.35)
    assert spice == pytest.approx(LEVELS["Spices"], rel=0.5)
    assert (after.mean[:-2] == forecast.mean).all()
    again = fc.cold_start(past, forecast, newcomers=newcomers)
    np.testing.assert_array_equal(again.quantiles, after.quantiles)


def test_when_sales_are_rescaled_then_the_cold_forecast_rescales_with_them() -> None:
    panel, before, after, _ = hidden_forecast(4, round_counts=False)  # rounding has a scale
    larger = replace(panel, target=panel.target * 1000.5)
    scaled = replace(before, mean=before.mean * 1000.5, quantiles=before.quantiles * 1000.5)
    found = fc.cold_start(larger, scaled)
    np.testing.assert_allclose(found.mean, after.mean * 1000.5, rtol=1e-6)
    np.testing.assert_allclose(found.quantiles, after.quantiles * 1000.5, rtol=1e-3)


def test_when_values_after_the_cutoff_change_then_nothing_changes() -> None:
    """A panel that ends at the cutoff cannot know them; its arrays are slices of one that does."""
    _, before, after, hidden = hidden_forecast(4)
    altered = whole().target.copy()
    altered[:, DAYS:] = 1e6
    altered[list(hidden), : DAYS - 4] = np.nan
    past = replace(whole(), target=altered).until(whole().timestamps[DAYS - 1])
    np.testing.assert_array_equal(fc.cold_start(past, before).quantiles, after.quantiles)


def test_when_price_tells_levels_apart_then_it_is_an_attribute() -> None:
    frame = shop()
    level = frame.groupby("series_id")["target"].transform("mean")
    frame["price"] = 100 / np.sqrt(level)
    panel = fc.Panel.from_frame(frame, "D", known_covariates=["price"])
    forecast = fc.create("seasonal_naive", horizon=HORIZON).fit(panel).predict(panel)
    newcomers = pd.DataFrame({"series_id": ["dear", "cheap"], "price": [40.0, 7.0]})
    found = fc.cold_start(panel, forecast, newcomers=newcomers).quantile(0.5)[-2:].mean(axis=1)
    assert found[0] == pytest.approx(6.25, rel=0.5)
    assert found[1] == pytest.approx(204, rel=0.5)
    other = fc.cold_start(panel, forecast, newcomers=newcomers, prices={"dear": 7.0})
    assert other.mean[-2].mean() == pytest.approx(found[1], rel=0.5)


def test_when_attributes_are_learned_then_those_that_tell_levels_apart_count() -> None:
    panel = whole()
    likeness = Likeness.learn(panel.static_features, np.nanmean(panel.target, axis=1), seed=0)
    worth = dict(zip(panel.static_features.columns, likeness.worth, strict=True))
    assert worth["category"] > 1.0
    assert worth["colour"] < 0.1 * worth["category"]
    weights = likeness.weights(panel.static_features.iloc[[0]])[0]
    same = (panel.static_features["category"] == "Coffee").to_numpy()
    assert weights.sum() == pytest.approx(1)
    assert weights[same].sum() > 0.9


def test_when_products_began_slowly_then_the_launch_curve_rises_to_one() -> None:
    steps = np.arange(300)
    rng = np.random.default_rng(0)
    parts = []
    for i in range(30):
        began = 0 if i < 10 else 60 + 3 * i
        ramp = np.minimum(0.4 + 0.1 * ((steps - began) // 7), 1.0)
        frame = pd.DataFrame({"timestamp": pd.date_range("2024-01-01", periods=300)})
        sales = np.where(steps >= began, rng.poisson(100 * ramp.clip(0)), np.nan)
        parts.append(frame.assign(target=sales, series_id=f"p{i:02}"))
    panel = fc.Panel.from_frame(pd.concat(parts), "D")
    launches = Launches.of(panel, np.arange(30))
    assert len(launches.positions) == 20  # those that began with the panel may be older
    curve = launches.curve(np.full(30, 1 / 30))
    assert curve[0] == pytest.approx(0.6, abs=0.05)  # between 0.4 seen and 1.0 believed
    assert (np.diff(curve[:6]) > 0).all()
    assert launches.factors(curve, np.array([0, 6, 7, 7 * AGES])).tolist() == [
        curve[0],
        curve[0],
        curve[1],
        1.0,
    ]


def test_when_there_is_nothing_to_learn_from_then_the_error_says_so() -> None:
    past = whole().until(whole().timestamps[DAYS - 1])
    forecast = fc.create("seasonal_naive", horizon=HORIZON).fit(past).predict(past)
    lacking = pd.DataFrame({"series_id": ["new"], "category": ["Tea"]})
    with pytest.raises(fc.PanelError, match="Missing columns: 'colour'"):
        fc.cold_start(past, forecast, newcomers=lacking)
    known = lacking.assign(colour="r", series_id="p00")
    with pytest.raises(fc.PanelError, match="in the panel already: 'p00'"):
        fc.cold_start(past, forecast, newcomers=known)
    twice = pd.concat([lacking.assign(colour="r")] * 2)
    with pytest.raises(fc.PanelError, match="repeated series_id, such as 'new'"):
        fc.cold_start(past, forecast, newcomers=twice)
    short = past.until(past.timestamps[9])
    little = fc.create("naive", horizon=HORIZON).fit(short).predict(short)
    with pytest.raises(fc.PanelError, match="None of the 90 series has 28 observations"):
        fc.cold_start(short, little, newcomers=lacking.assign(colour="r"))
    assert fc.cold_start(short, little) is little  # all are new: the ladder's answer stays
    with pytest.raises(fc.PanelError, match="not of this panel"):
        fc.cold_start(short, forecast)
    with pytest.raises(fc.ConfigError, match="fewest=0"):
        fc.cold_start(past, forecast, fewest=0)


@pytest.mark.skipif(
    not M5.is_file(), reason=f"M5 is not at {M5}; set ALMANAC_DATA to the folder of the data sets"
)
def test_when_real_products_are_hidden_then_analogues_beat_the_ladder() -> None:
    frame = pd.read_parquet(M5, columns=["series_id", "date", "units"])
    rng = np.random.default_rng(2)
    chosen = rng.choice(frame["series_id"].unique(), 240, replace=False)
    frame = frame[frame["series_id"].isin(chosen)].rename(
        columns={"date": "timestamp", "units": "target"}
    )
    frame["timestamp"] = pd.to_datetime(frame["timestamp"])
    frame = frame[frame["timestamp"] >= "2015-06-01"]
    frame["dept"] = frame["series_id"].astype(str).str.rsplit("_", n=3).str[0]
    panel = fc.Panel.from_frame(frame, "D", static_features=["dept"])
    past = panel.until(panel.timestamps[-29])
    actual = panel.target[:, -28:]
    hidden = rng.permutation(np.flatnonzero(past.target[:, -56:].sum(axis=1) > 0))[:40]
    for keep, least_gain in ((0, 0.7), (7, 0.95)):
        target = past.target.copy()
        target[hidden, : past.length - keep] = np.nan
        short = replace(past, target=target)
        before = fc.create("tsb", horizon=28).fit(short).predict(short)
        after = fc.cold_start(short, before)
        levels = before.quantile_levels
        losses = [
            float(metrics.wql(actual[hidden], each.quantiles[hidden], levels))
            for each in (before, after)
        ]
        assert losses[1] < least_gain * losses[0]
