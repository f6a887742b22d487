"""Backtest: cutoffs, no leakage, and a leaderboard that equals plain loops over its frames."""

import math

import numpy as np
import pandas as pd
import pytest

import forecasting as fc

MODELS = ["seasonal_naive", "theta"]


@pytest.fixture(scope="module")
def result(panel: fc.Panel) -> fc.Backtest:
    return fc.backtest(panel, MODELS, horizon=7, num_windows=3, step_size=5)


def test_when_windows_roll_then_the_last_one_ends_with_the_panel(
    result: fc.Backtest, panel: fc.Panel
) -> None:
    cutoffs = sorted(result.forecasts["cutoff"].unique())
    assert cutoffs == [panel.timestamps[step] for step in (-18, -13, -8)]
    last = result.forecasts[result.forecasts["cutoff"] == cutoffs[-1]]
    assert last["timestamp"].max() == panel.cutoff
    assert (result.forecasts["timestamp"] > result.forecasts["cutoff"]).all()


def test_when_forecasts_are_listed_then_actuals_are_those_of_the_frame(
    result: fc.Backtest, frame: pd.DataFrame
) -> None:
    columns = ["cutoff", "model", "series_id", "timestamp", "actual", "mean", "q0.025"]
    assert list(result.forecasts.columns[:7]) == columns
    merged = result.forecasts.merge(frame, on=["series_id", "timestamp"], how="left")
    np.testing.assert_array_equal(merged["actual"], merged["target"])


def test_when_pooled_then_the_leaderboard_equals_plain_loops(
    result: fc.Backtest, frame: pd.DataFrame
) -> None:
    board = result.leaderboard().set_index("model")
    expected = {"model", "WQL", "MASE", "RMSSE", "WAPE", "bias", "coverage", "MAE", "RMSE"}
    assert expected | {"fit_seconds", "predict_seconds"} <= {"model", *board.columns}
    history = {name: group.set_index("timestamp") for name, group in frame.groupby("series_id")}
    for model in MODELS:
        rows = result.forecasts[result.forecasts["model"] == model].dropna(subset="actual")
        size = sum(abs(value) for value in rows["actual"])
        errors = list(rows["mean"] - rows["actual"])
        assert board.loc[model, "WAPE"] == pytest.approx(sum(map(abs, errors)) / size)
        assert board.loc[model, "bias"] == pytest.approx(sum(errors) / rows["actual"].sum())
        loss = 0.0
        for level in fc.DEFAULT_QUANTILE_LEVELS:
            for actual, value in zip(rows["actual"], rows[f"q{level:g}"], strict=True):
                loss += 2 * max(level * (actual - value), (level - 1) * (actual - value))
        count = len(fc.DEFAULT_QUANTILE_LEVELS)
        assert board.loc[model, "WQL"] == pytest.approx(loss / count / size)
        inside = (rows["actual"] >= rows["q0.1"]) & (rows["actual"] <= rows["q0.9"])
        assert board.loc[model, "coverage"] == pytest.approx(inside.mean())
        assert board.loc[model, "coverage_shared"] <= board.loc[model, "coverage"]
        scaled = []
        for (cutoff, name), group in rows.groupby(["cutoff", "series_id"]):
            past = history[name]["target"].asfreq("D")[:cutoff]
            scale = (past - past.shift(7)).abs().mean()
            if scale > 0:
                scaled.append((group["mean"] - group["actual"]).abs().mean() / scale)
        assert board.loc[model, "MASE"] == pytest.approx(sum(scaled) / len(scaled))


def test_when_values_after_a_cutoff_change_then_its_forecast_does_not(
    result: fc.Backtest, panel: fc.Panel
) -> None:
    first = result.forecasts["cutoff"].min()
    frame = panel.to_frame()
    frame.loc[frame["timestamp"] > first, "target"] *= 50
    changed = fc.Panel.from_frame(frame, freq="D")
    again = fc.backtest(changed, MODELS, horizon=7, num_windows=3, step_size=5)
    before = result.forecasts[result.forecasts["cutoff"] == first].reset_index(drop=True)
    after = again.forecasts[again.forecasts["cutoff"] == first].reset_index(drop=True)
    pd.testing.assert_frame_equal(before.drop(columns="actual"), after.drop(columns="actual"))
    assert (before["actual"] != after["actual"]).any()


def test_when_a_series_cannot_be_scored_then_it_is_reported(
    result: fc.Backtest, panel: fc.Panel
) -> None:
    skipped = result.skipped.groupby("reason")["series_id"].unique()
    assert set(skipped["no history before the cutoff"]) == {"single", "short"}
    assert list(skipped.index) == ["no history before the cutoff"]
    scored = result.forecasts.groupby("cutoff")["series_id"].unique()
    assert "short" in set(scored.iloc[-1])
    assert "single" not in set(scored.iloc[-1])


def test_when_a_series_ends_before_the_window_then_it_is_reported() -> None:
    stamps = pd.date_range("2024-01-01", periods=20)
    frame = pd.DataFrame(
        {
            "series_id": ["ended"] * 12 + ["runs"] * 20,
            "timestamp": [*stamps[:12], *stamps],
            "target": np.arange(32.0),
        }
    )
    result = fc.backtest(fc.Panel.from_frame(frame, freq="D"), ["naive"], horizon=5)
    assert result.skipped["reason"].tolist() == ["no actuals after the cutoff"]
    assert set(result.forecasts["series_id"]) == {"runs"}


def test_when_a_fallback_was_used_then_metrics_and_leaderboard_say_so(
    result: fc.Backtest,
) -> None:
    notes = result.metrics.set_index(["model", "series_id"])["fallback"].sort_index()
    assert notes["theta", "constant"].str.startswith("constant: all ").all()
    assert (notes["theta", "busy 0"] == "").all()
    board = result.leaderboard().set_index("model")
    assert board.loc["theta", "fallbacks"] == (notes["theta"] != "").sum()


def test_when_a_series_sold_nothing_then_its_ratio_is_unknown(result: fc.Backtest) -> None:
    dead = result.metrics[result.metrics["series_id"] == "dead"]
    assert dead["WAPE"].isna().all()
    assert (dead["MAE"] == 0).all()


def test_when_options_are_given_then_they_reach_their_model(panel: fc.Panel) -> None:
    some = panel.subset(["busy 0"])
    given = {"seasonal_naive": {"seasonality": 1}}
    result = fc.backtest(some, ["seasonal_naive"], horizon=3, options=given)
    assert result.forecasts["mean"].nunique() == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_windows": 0}, "num_windows=0"),
        ({"step_size": 0}, "step_size=0"),
        ({"num_windows": 30}, "30 windows of horizon 7 need at least 211 timestamps"),
        ({"options": {"theta": {"colour": 1}}}, "no option 'colour'"),
        ({"quantile_levels": (0.5, 0.1)}, "quantile_levels"),
    ],
)
def test_when_a_backtest_cannot_be_run_then_it_says_why(
    panel: fc.Panel, options: dict[str, object], message: str
) -> None:
    with pytest.raises(fc.ForecastingError, match=message):
        fc.backtest(panel, ["theta"], horizon=7, **options)


def test_when_only_some_levels_are_asked_then_bands_without_them_are_left_out(
    panel: fc.Panel,
) -> None:
    some = panel.subset(["busy 0"])
    board = fc.backtest(some, ["naive"], horizon=7, quantile_levels=(0.1, 0.5, 0.9)).leaderboard()
    assert "coverage" in board
    assert "coverage_95" not in board
    assert not math.isnan(board["coverage"][0])


def test_when_run_then_progress_tells_model_and_stage(panel: fc.Panel) -> None:
    seen: list[str] = []
    fc.backtest(panel, MODELS, horizon=7, on_progress=lambda each: seen.append(each.stage))
    assert seen[0].startswith("[1/2] seasonal_naive")
    assert seen[-1].startswith("[2/2] theta")
