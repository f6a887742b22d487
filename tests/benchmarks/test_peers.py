"""What peers are given, and what is kept of their answers."""

import dataclasses

import numpy as np
import pytest

from benchmarks.accuracy import neural_peers, ours, statistical_peers
from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.outcome import QUANTILES, Outcome
from benchmarks.accuracy.rivals import RIVALS
from benchmarks.accuracy.scores import score


@pytest.mark.parametrize("name", ["SeasonalNaive", "DynamicOptimizedTheta", "AutoETS"])
def test_when_a_statistical_peer_runs_then_all_steps_have_ordered_quantiles(
    contest: Contest, name: str
) -> None:
    outcome = statistical_peers.run(RIVALS[name], contest, smoke=True)
    quantiles = outcome.forecasts[QUANTILES].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert outcome.fallbacks == 0
    assert score(contest.truth(), outcome.forecasts, rival=name).wql < 0.2


def test_when_ours_and_theirs_are_seasonal_naive_then_their_points_agree(contest: Contest) -> None:
    theirs = statistical_peers.run(RIVALS["SeasonalNaive"], contest, smoke=True).forecasts
    own = ours.run(RIVALS["seasonal_naive"], contest, smoke=True).forecasts
    keys = ["cutoff", "series_id", "timestamp"]
    joined = own.merge(theirs, on=keys, validate="one_to_one")
    assert len(joined) == len(own)
    np.testing.assert_allclose(joined["mean_x"], joined["mean_y"])


def test_when_a_method_has_no_intervals_then_it_is_not_asked_for_them(contest: Contest) -> None:
    outcome = statistical_peers.run(RIVALS["CrostonSBA"], contest, smoke=True)
    assert outcome.fallbacks == 0
    assert outcome.forecasts[QUANTILES].isna().all(axis=None)
    assert outcome.forecasts["mean"].notna().all()


def test_when_a_method_fails_on_a_series_then_the_fallback_is_counted_and_explained(
    contest: Contest,
) -> None:
    target = contest.panel.target.copy()
    target[0, : contest.cutoffs[0]] = np.nan  # one observation before the first cutoff
    short = dataclasses.replace(contest, panel=dataclasses.replace(contest.panel, target=target))
    outcome = statistical_peers.run(RIVALS["SeasonalNaive"], short, smoke=True)
    assert outcome.fallbacks == 1
    assert "last value repeated" in outcome.note
    assert np.isfinite(outcome.forecasts["mean"]).all()


def test_when_neural_peers_get_history_then_gaps_are_filled_and_marked(contest: Contest) -> None:
    past = contest.past(contest.cutoffs[0])
    history = neural_peers._history(past)
    gap = history[(history["unique_id"] == "b") & (history["ds"] == "2024-02-10")].iloc[0]
    week_before = past.target[1, past.timestamps.get_loc("2024-02-03")]
    assert (gap["available_mask"], gap["y"]) == (0.0, week_before)
    assert history["ds"].max() == past.cutoff
    assert not history.isna().any(axis=None)
    assert (history["unique_id"] == "e").sum() == past.length - 30


def test_when_neural_peers_get_the_future_then_it_is_the_plan_without_holes(
    contest: Contest,
) -> None:
    cutoff = contest.cutoffs[-1]
    future = neural_peers._future(contest, cutoff, neural_peers._history(contest.past(cutoff)))
    assert len(future) == 5 * contest.horizon
    assert not future.isna().any(axis=None)
    of_a = future[future["unique_id"] == "a"].sort_values("ds")
    np.testing.assert_array_equal(of_a["price"], contest.ahead(cutoff)[0, :, 0])
    hole = future[(future["unique_id"] == "b") & (future["ds"] == "2024-04-28")]["price"]
    assert hole.item() == contest.ahead(cutoff)[1, 4, 0]  # the row before


def test_when_history_changes_after_the_first_cutoff_then_a_global_fit_does_not(
    contest: Contest,
) -> None:
    """A fitted model may see later history when it predicts, never when it learns."""
    target = contest.panel.target.copy()
    target[:, contest.cutoffs[0] + 1 :] *= 50
    later = dataclasses.replace(contest, panel=dataclasses.replace(contest.panel, target=target))
    own = [ours.run(RIVALS["gbm"], each, smoke=True) for each in (contest, later)]
    first, second = (each.forecasts.groupby("cutoff")["mean"].sum() for each in own)
    assert first.iloc[0] == second.iloc[0]
    assert first.iloc[2] != second.iloc[2]


@pytest.mark.parametrize("name", ["NHITS", "PatchTST"])
def test_when_a_neural_peer_runs_then_all_steps_are_forecast(contest: Contest, name: str) -> None:
    pytest.importorskip("neuralforecast", reason="installed by make benchmark-accuracy alone")
    outcome: Outcome = neural_peers.run(RIVALS[name], contest, smoke=True)
    assert score(contest.truth(), outcome.forecasts, rival=name).steps == 104
