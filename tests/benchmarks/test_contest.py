"""Cutoffs, what may be seen at them, and what is counted."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from benchmarks.accuracy.contest import NUM_WINDOWS, Contest


def test_when_windows_are_cut_then_they_touch_and_the_last_ends_the_data(contest: Contest) -> None:
    assert contest.cutoffs == [98, 105, 112]
    assert contest.cutoffs[-1] + contest.horizon == contest.panel.length - 1


def test_when_a_cutoff_is_given_then_nothing_after_it_is_in_the_past(contest: Contest) -> None:
    past = contest.past(contest.cutoffs[0])
    assert past.cutoff == pd.Timestamp("2024-01-01") + pd.Timedelta(days=98)
    assert past.known_covariates.shape[1] == past.length == 99


def test_when_a_series_starts_after_the_first_cutoff_then_it_does_not_take_part(
    contest: Contest,
) -> None:
    assert list(contest.panel.series_ids) == ["a", "b", "c", "d", "e"]


def test_when_an_actual_is_missing_then_it_is_not_counted(contest: Contest) -> None:
    truth = contest.truth()
    assert len(truth) == 5 * NUM_WINDOWS * contest.horizon - 1
    hole = (truth["series_id"] == "b") & (truth["timestamp"] == "2024-04-28")
    assert not hole.any()


def test_when_series_differ_in_volume_then_thirds_follow_it(contest: Contest) -> None:
    thirds = contest.truth().groupby("series_id")["third"].first()
    assert thirds.to_dict() == {"a": "low", "b": "low", "c": "middle", "d": "middle", "e": "high"}


def test_when_scales_are_computed_then_each_window_uses_its_own_past(contest: Contest) -> None:
    truth = contest.truth()
    of_a = truth[truth["series_id"] == "a"].groupby("cutoff")["scale"].first()
    values = contest.panel.target[0]
    expected = [np.abs(values[7 : c + 1] - values[: c - 6]).mean() for c in contest.cutoffs]
    np.testing.assert_allclose(of_a.to_numpy(), expected)


def test_when_saved_and_loaded_then_it_is_the_same_contest(
    contest: Contest, tmp_path: Path
) -> None:
    contest.save(tmp_path)
    again = Contest.load(tmp_path)
    assert again.fingerprint() == contest.fingerprint()
    assert list(again.panel.static_features["shop"]) == list(contest.panel.static_features["shop"])


def test_when_a_number_changes_then_the_fingerprint_does(contest: Contest) -> None:
    target = contest.panel.target.copy()
    target[0, 3] += 0.01
    other = dataclasses.replace(contest, panel=dataclasses.replace(contest.panel, target=target))
    assert other.fingerprint() != contest.fingerprint()
    assert contest.without_covariates().fingerprint() != contest.fingerprint()


def test_when_a_sample_is_drawn_then_it_is_the_same_each_time(contest: Contest) -> None:
    first, second = contest.sampled(2), contest.sampled(2)
    assert list(first.panel.series_ids) == list(second.panel.series_ids)
    assert first.panel.num_series == 2
    assert contest.sampled(99) is contest


def test_when_history_is_too_short_then_it_is_refused(sales: pd.DataFrame) -> None:
    panel = fc.Panel.from_frame(sales, "D")
    with pytest.raises(ValueError, match="too few for 3 windows of 40"):
        Contest(name="short", title="", panel=panel, horizon=40, input_size=10)
