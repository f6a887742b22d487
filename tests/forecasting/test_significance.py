"""Verdicts: intervals that cover, a reference computation of Diebold-Mariano, and plain words."""

import math

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.significance import (
    compare,
    diebold_mariano,
    holm,
    in_common,
    paired_bootstrap,
)


def made_scores(factors: dict[str, float], *, series: int = 60, noise: float = 0.1) -> pd.DataFrame:
    """Scores of models whose losses are the same hard series times a factor and some noise."""
    rng = np.random.default_rng(0)
    size = rng.lognormal(3, 1, series)
    parts = []
    for model, factor in factors.items():
        loss = size * 0.2 * factor * rng.lognormal(0, noise, series)
        parts.append(
            pd.DataFrame(
                {
                    "model": model,
                    "cutoff": pd.Timestamp("2026-01-04"),
                    "series_id": [f"s{k}" for k in range(series)],
                    "steps": 7.0,
                    "actual": size,
                    "absolute_actual": size,
                    "error": loss,
                    "absolute_error": loss,
                    "median_error": loss,
                    "squared_error": loss**2,
                    "quantile_loss": loss,
                    "inside_coverage": 5.0,
                    "inside_coverage_50": 3.0,
                    "inside_coverage_95": 7.0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_when_drawn_many_times_then_95_percent_of_intervals_hold_the_truth() -> None:
    rng, covered, trials = np.random.default_rng(1), 0, 300
    for trial in range(trials):
        size = rng.gamma(3.0, 10.0, 80)
        reference = size * rng.gamma(4.0, 0.25, 80)
        losses = (1.1 * size * rng.gamma(4.0, 0.25, 80))[:, None]  # truly 10 % worse
        found = paired_bootstrap(losses, reference, num_samples=400, seed=trial)[0]
        covered += found.low <= 0.1 <= found.high
    # Three standard errors of a share of 300 around 0.95, a little wider below: percentiles of 80
    # series are slightly narrow.
    assert 0.90 <= covered / trials <= 0.985


def test_when_models_are_equal_then_five_percent_are_called_different() -> None:
    rng, alarms, trials = np.random.default_rng(2), 0, 300
    for trial in range(trials):
        size = rng.gamma(3.0, 10.0, 80)
        losses = (size * rng.gamma(4.0, 0.25, 80))[:, None]
        reference = size * rng.gamma(4.0, 0.25, 80)
        found = paired_bootstrap(losses, reference, num_samples=400, seed=trial)[0]
        alarms += found.p_value < 0.05
    assert alarms / trials <= 0.095


def test_when_one_model_is_always_better_then_the_others_are_worse_by_about_that_much() -> None:
    board = compare(made_scores({"theta": 1.0, "lstm": 0.8, "twin": 0.801})).set_index("model")
    assert board.index[0] == "lstm"
    assert board.loc["lstm", "verdict"] == "best"
    assert board.loc["twin", "verdict"] == "no real difference"
    assert board.loc["theta", "verdict"] == "worse"
    theta = board[["low", "high"]].astype(float)
    assert theta["low"]["theta"] < 0.25 < theta["high"]["theta"]
    assert board.loc["theta", "difference"] == pytest.approx(0.25, abs=0.06)


def test_when_there_are_hardly_any_series_then_no_verdict_is_given() -> None:
    board = compare(made_scores({"theta": 1.0, "lstm": 0.5}, series=5, noise=0.01))
    assert board["verdict"].tolist() == ["best", "too few series"]


def test_when_series_move_together_then_drawing_them_together_widens_the_range() -> None:
    made = made_scores({"theta": 1.5, "lstm": 1.0}, series=200, noise=0.05)
    made["cluster"] = made["series_id"].str[-1]  # ten groups with a shock of their own
    shocks = dict(zip("0123456789", np.linspace(0.7, 1.3, 10), strict=True))
    theta = made["model"] == "theta"
    made.loc[theta, "quantile_loss"] *= made.loc[theta, "cluster"].map(shocks)
    together = compare(made).set_index("model")
    alone = compare(made.drop(columns="cluster")).set_index("model")
    widths = [board["high"] - board["low"] for board in (together, alone)]
    same = alone["difference"].astype(float)
    np.testing.assert_allclose(together["difference"].astype(float), same)
    assert widths[0]["theta"] > 1.5 * widths[1]["theta"]


def test_when_a_model_lacks_a_window_then_all_are_judged_without_it() -> None:
    made = made_scores({"theta": 1.0, "lstm": 0.8})
    later = made.assign(cutoff=pd.Timestamp("2026-02-01"))
    both = pd.concat([made, later[later["model"] == "theta"]])
    pd.testing.assert_frame_equal(in_common(both).reset_index(drop=True), made)


def test_when_models_share_nothing_then_the_error_says_what_to_do() -> None:
    made = made_scores({"theta": 1.0, "lstm": 0.8})
    made.loc[made["model"] == "lstm", "cutoff"] = pd.Timestamp("2026-02-01")
    with pytest.raises(fc.ConfigError, match="no series and window in common"):
        compare(made)


def test_when_the_metric_is_no_ratio_of_sums_then_it_is_refused_by_name() -> None:
    with pytest.raises(fc.ConfigError, match="'RMSE' cannot be compared"):
        compare(made_scores({"theta": 1.0, "lstm": 0.8}), metric="RMSE")


@pytest.mark.parametrize("horizon", [1, 2, 4])
def test_when_losses_are_given_then_diebold_mariano_equals_the_published_formula(
    horizon: int,
) -> None:
    rng = np.random.default_rng(3)
    shocks = rng.normal(size=60 + horizon)
    moving = np.array([shocks[k : k + horizon].sum() for k in range(60)])  # MA(horizon - 1)
    one, other = (moving + 0.4) ** 2, (moving * 0.9) ** 2
    statistic, p_value = diebold_mariano(one, other, horizon=horizon)
    d = [float(a - b) for a, b in zip(one, other, strict=True)]
    count, mean = len(d), sum(d) / len(d)
    spread = sum((x - mean) ** 2 for x in d) / count
    for lag in range(1, horizon):
        spread += 2 / count * sum((d[k] - mean) * (d[k - lag] - mean) for k in range(lag, count))
    plain = mean / math.sqrt(spread / count)
    factor = math.sqrt((count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count)
    assert statistic == pytest.approx(plain * factor)
    assert 0 < p_value < 1


def test_when_the_autocovariances_sum_below_zero_then_weights_keep_the_variance_positive() -> None:
    wobble = np.tile([1.0, -1.0], 20) + 0.01
    statistic, p_value = diebold_mariano(wobble + 1, np.ones(40), horizon=2)
    assert math.isfinite(statistic)
    assert 0 <= p_value <= 1


def test_when_losses_are_equal_or_few_then_diebold_mariano_is_unknown() -> None:
    assert math.isnan(diebold_mariano(np.ones(20), np.ones(20))[0])
    assert math.isnan(diebold_mariano(np.arange(4.0), np.ones(4), horizon=3)[0])


def test_when_many_are_compared_then_p_values_are_those_of_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    p_values = [0.001, 0.2, 0.03, 0.04, 0.9, 0.012]
    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1])
