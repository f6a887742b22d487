"""Verdicts from made-up boards."""

import dataclasses

import pytest

from benchmarks.accuracy import goals
from benchmarks.accuracy.board import Board, Entry
from benchmarks.accuracy.contest import THIRDS
from benchmarks.accuracy.process import Run
from benchmarks.accuracy.rivals import RIVALS
from benchmarks.accuracy.scores import Scores

WQL = {"ets": 0.50, "AutoETS": 0.48, "NHITS": 0.45, "TFT": 0.47, "gbm": 0.43, "lstm": 0.44}


def entry(rival: str, wql: float, *, fit: float = 1.0, band: float = 0.8) -> Entry:
    scores = Scores(
        wql=wql,
        mase=1.0,
        wape=0.5,
        bias=0.0,
        coverage=band,
        coverage_by_third=dict.fromkeys(THIRDS, band),
        share_within=band,
        share_within_by_third=dict.fromkeys(THIRDS, band),
        steps=10,
    )
    run = Run(
        rival=rival,
        data="d",
        digest="x",
        fit_seconds=fit * 3,
        fit_cpu_seconds=fit,
        predict_seconds=0.1,
        predict_cpu_seconds=0.1,
        peak_gb=1.0,
        fallbacks=0,
        note="",
        load=1.0,
        finished="2026-01-01T00:00:00",
    )
    return Entry(
        rival=RIVALS[rival], run=run, scores=scores, whole=True, on_sample=None, stale=False
    )


def board(name: str, wql: dict[str, float]) -> Board:
    entries = {rival: entry(rival, value) for rival, value in wql.items()}
    return Board(name=name, title=name, series=3, entries=entries)


def test_when_networks_are_compared_then_the_best_of_both_sides_count() -> None:
    found = board("m5", WQL | {"transformer": 0.46})
    statistical = goals.against_statistical({"m5": found})[0]
    assert statistical.claim == "m5: lstm to best statistical (AutoETS)"
    assert (statistical.value, statistical.reached) == ("0.917", True)
    assert [line.value for line in goals.against_neural({"m5": found})] == ["0.978", "0.978"]


def test_when_a_data_set_is_small_then_its_goal_is_looser() -> None:
    close = WQL | {"lstm": 0.475}
    assert goals.against_statistical({"m5": board("m5", close)})[0].reached is False
    assert goals.against_statistical({"pharma": board("pharma", close)})[0].reached is True


def test_when_results_are_missing_then_a_goal_is_neither_reached_nor_missed() -> None:
    lines = goals.all_lines({"m5": board("m5", {"NHITS": 0.45})})
    assert {line.reached for line in lines} == {None}
    assert {line.verdict for line in lines} == {"-"}


def test_when_one_data_set_lacks_results_then_the_mean_over_all_is_not_claimed() -> None:
    boards = {"m5": board("m5", WQL), "pharma": board("pharma", {"NHITS": 0.3})}
    assert goals.against_neural(boards)[-1].value == "not run"


def test_when_the_ensemble_loses_then_the_best_single_model_of_ours_is_named() -> None:
    line = goals.ensemble_lines({"m5": board("m5", WQL | {"ensemble": 0.44})})[0]
    assert line.claim == "m5: ensemble to our best single model (gbm)"
    assert (line.value, line.reached) == ("1.023", False)


def test_when_covariates_pay_then_the_ratio_says_how_much() -> None:
    wql = {"lstm": 0.25, "lstm without covariates": 0.31}
    line = goals.covariate_lines({"dominicks": board("dominicks", wql)})[0]
    assert (line.value, line.reached) == ("0.806", True)
    assert not goals.covariate_lines({"m5": board("m5", wql)})


@pytest.mark.parametrize(("high", "reached"), [(0.81, True), (0.83, False)])
def test_when_one_third_leaves_the_band_then_it_is_missed(high: float, reached: bool) -> None:
    found = entry("lstm", 0.44)
    thirds = found.scores.coverage_by_third | {"high": high}
    scores = dataclasses.replace(found.scores, coverage_by_third=thirds)
    entries = {"lstm": dataclasses.replace(found, scores=scores)}
    lines = goals.band_lines({"m5": Board(name="m5", title="", series=3, entries=entries)})
    assert [line.reached for line in lines] == [reached, True]
    assert [line.claim.rsplit(", ", 1)[1] for line in lines] == [
        "both ends counted",
        "ties by share",
    ]


def test_when_speed_is_judged_then_the_cheapest_budget_that_is_good_enough_counts() -> None:
    entries = {
        "NHITS": entry("NHITS", 0.45, fit=50.0),
        "LSTM": entry("LSTM", 0.46, fit=150.0),
        "lstm 50 steps": entry("lstm 50 steps", 0.46, fit=10.0),
        "lstm 100 steps": entry("lstm 100 steps", 0.449, fit=20.0),
        "transformer 200 steps": entry("transformer 200 steps", 0.44, fit=40.0),
    }
    found = Board(name="m5", title="", series=3, entries=entries)
    to_nhits, to_lstm = goals.speed_lines({"m5": found})
    assert (to_nhits.value, to_nhits.reached) == ("0.400", True)
    assert (to_lstm.value, to_lstm.reached) == ("0.133", True)
    assert "lstm 100 steps" in to_nhits.claim


def test_when_no_budget_suffices_then_speed_is_missed() -> None:
    wql = {"NHITS": 0.45, "LSTM": 0.46, "lstm 50 steps": 0.5}
    assert [line.reached for line in goals.speed_lines({"m5": board("m5", wql)})] == [False, False]
