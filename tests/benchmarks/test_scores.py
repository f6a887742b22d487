"""The measure against plain loops."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.outcome import LEVELS, QUANTILES
from benchmarks.accuracy.scores import restricted, score


@pytest.fixture
def truth(contest: Contest) -> pd.DataFrame:
    return contest.truth()


@pytest.fixture
def forecasts(truth: pd.DataFrame) -> pd.DataFrame:
    """Forecasts around the actuals, with crossing and negative quantiles, in another order."""
    rng = np.random.default_rng(1)
    frame = truth[["cutoff", "series_id", "timestamp"]].copy()
    frame["mean"] = truth["actual"] + rng.normal(0, 2, len(truth))
    for name in QUANTILES:
        frame[name] = truth["actual"] + rng.normal(0, 15, len(truth))
    return frame.sample(frac=1, random_state=0)


def test_when_scored_then_every_number_is_that_of_a_plain_loop(
    truth: pd.DataFrame, forecasts: pd.DataFrame
) -> None:
    found = score(truth, forecasts, rival="x")
    rows = truth.merge(forecasts, on=["cutoff", "series_id", "timestamp"]).to_dict("records")
    loss = weight = errors = signed = inside = 0.0
    scaled: dict[tuple[object, object], list[float]] = {}
    for row in rows:
        actual = row["actual"]
        quantiles = sorted(max(row[name], 0.0) for name in QUANTILES)
        for level, value in zip(LEVELS, quantiles, strict=True):
            miss = actual - value
            loss += 2 * (level * miss if miss > 0 else (level - 1) * miss) / len(LEVELS)
        weight += abs(actual)
        errors += abs(actual - quantiles[4])
        signed += max(row["mean"], 0.0) - actual
        inside += quantiles[2] <= actual <= quantiles[6]
        key = (row["cutoff"], row["series_id"])
        scaled.setdefault(key, []).append(abs(actual - quantiles[4]) / row["scale"])
    assert found.wql == pytest.approx(loss / weight)
    assert found.wape == pytest.approx(errors / weight)
    assert found.bias == pytest.approx(signed / weight)
    assert found.coverage == pytest.approx(inside / len(rows))
    assert found.mase == pytest.approx(np.mean([np.mean(each) for each in scaled.values()]))
    assert found.steps == len(rows)


def test_when_a_step_was_not_forecast_then_the_rival_is_named(
    truth: pd.DataFrame, forecasts: pd.DataFrame
) -> None:
    with pytest.raises(ValueError, match="NHITS has no forecast of 1 steps"):
        score(truth, forecasts.iloc[1:], rival="NHITS")


def test_when_a_step_was_forecast_twice_then_it_is_refused(
    truth: pd.DataFrame, forecasts: pd.DataFrame
) -> None:
    with pytest.raises(pd.errors.MergeError):
        score(truth, pd.concat([forecasts, forecasts.iloc[:1]]), rival="x")


def test_when_a_rival_gives_points_only_then_it_has_no_wql(
    truth: pd.DataFrame, forecasts: pd.DataFrame
) -> None:
    found = score(truth, forecasts.assign(**dict.fromkeys(QUANTILES, np.nan)), rival="x")
    assert np.isnan(found.wql)
    assert np.isnan(found.coverage)
    assert np.isnan(found.share_within)
    assert 0 < found.wape < 1


def test_when_coverage_differs_by_volume_then_the_thirds_tell(
    truth: pd.DataFrame, forecasts: pd.DataFrame
) -> None:
    frame = truth.merge(forecasts, on=["cutoff", "series_id", "timestamp"])
    for name in QUANTILES:  # a band that holds the actuals of the middle third alone
        wide = 5.0 if name > "q0.5" else -5.0
        frame[name] = frame["actual"] + np.where(frame["third"] == "middle", wide, 1.0)
    found = score(truth, frame[forecasts.columns], rival="x")
    assert found.coverage_by_third == {"low": 0.0, "middle": 1.0, "high": 0.0}
    assert found.share_within_by_third == {"low": 0.0, "middle": 1.0, "high": 0.0}


def test_when_actuals_tie_with_an_end_then_they_count_by_their_share(
    truth: pd.DataFrame, forecasts: pd.DataFrame
) -> None:
    frame = truth.assign(actual=0.0).merge(
        forecasts[["cutoff", "series_id", "timestamp", "mean"]],
        on=["cutoff", "series_id", "timestamp"],
    )
    zeros = frame.assign(**dict.fromkeys(QUANTILES, 0.0))
    found = score(truth.assign(actual=0.0), zeros[forecasts.columns], rival="x")
    assert found.coverage == 1.0
    assert found.share_within == pytest.approx(0.8, abs=0.02)


def test_when_a_rival_ran_on_a_sample_then_only_its_series_count(
    truth: pd.DataFrame, forecasts: pd.DataFrame, tmp_path: Path
) -> None:
    part = forecasts[forecasts["series_id"].isin(["a", "c"])]
    counted = restricted(truth, part)
    assert set(counted["series_id"]) == {"a", "c"}
    assert score(counted, part, rival="x").steps == 2 * 21
