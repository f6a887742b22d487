"""Scores: any leaderboard from sums, equal to the one of the backtest itself."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting import metrics
from forecasting.scores import both_scores, rate, scores, step_scores

MODELS = ["seasonal_naive", "theta"]


@pytest.fixture(scope="module")
def result(panel: fc.Panel) -> fc.Backtest:
    return fc.backtest(panel, MODELS, horizon=7, num_windows=3, step_size=5)


def test_when_rated_by_model_then_it_is_the_leaderboard(result: fc.Backtest) -> None:
    board = result.leaderboard().set_index("model")
    rated = rate(scores(result)).set_index("model").loc[board.index]
    for name in ("WQL", "WAPE", "bias", "MAE", "RMSE", "MASE", "RMSSE"):
        np.testing.assert_allclose(rated[name], board[name], err_msg=name)
    np.testing.assert_allclose(rated["coverage"], board["coverage_shared"])


def test_when_rated_by_series_then_it_equals_the_metrics_of_each_series(
    result: fc.Backtest,
) -> None:
    keys = ["model", "cutoff", "series_id"]
    rated = rate(scores(result), keys).set_index(keys).sort_index()
    listed = result.metrics.set_index(keys).sort_index()
    for name in ("WQL", "WAPE", "MASE", "RMSSE", "bias"):
        np.testing.assert_allclose(rated[name], listed[name], err_msg=name)


def test_when_rated_by_an_own_column_then_groups_are_summed(result: fc.Backtest) -> None:
    found = scores(result)
    found["segment"] = np.where(found["series_id"] == found["series_id"].iloc[0], "A", "B")
    rated = rate(found, ["model", "segment"]).set_index(["model", "segment"])
    rows = result.forecasts.dropna(subset="actual")
    rows = rows[(rows["model"] == "theta") & (rows["series_id"] == found["series_id"].iloc[0])]
    wape = (rows["mean"] - rows["actual"]).abs().sum() / rows["actual"].abs().sum()
    assert rated.loc[("theta", "A"), "WAPE"] == pytest.approx(wape)


def test_when_rated_by_step_then_it_equals_the_metric_of_that_step(result: fc.Backtest) -> None:
    rated = rate(step_scores(result), ["model", "step"]).set_index(["model", "step"])
    assert "MASE" not in rated.columns
    windows = [each for each in result.windows if each.model == "theta"]
    third = np.concatenate([each.actual[:, 2] for each in windows])
    quantiles = np.concatenate([each.forecast.quantiles[:, 2] for each in windows])
    wql = metrics.wql(third[:, None], quantiles[:, None], windows[0].forecast.quantile_levels)
    assert rated.loc[("theta", 3), "WQL"] == pytest.approx(float(wql))


def test_when_both_are_asked_at_once_then_they_are_the_same(result: fc.Backtest) -> None:
    by_series, by_step = both_scores(result)
    pd.testing.assert_frame_equal(by_series, scores(result))
    pd.testing.assert_frame_equal(by_step, step_scores(result))


def test_when_a_column_is_unknown_then_the_error_names_it(result: fc.Backtest) -> None:
    with pytest.raises(fc.ConfigError, match="no column shop"):
        rate(scores(result), ["model", "shop"])


def test_when_a_step_was_never_observed_then_it_counts_nowhere(result: fc.Backtest) -> None:
    found = scores(result)
    steps = found.groupby("model")["steps"].sum()
    counted = result.forecasts.dropna(subset="actual").groupby("model").size()
    pd.testing.assert_series_equal(steps, counted.astype(float), check_names=False)
