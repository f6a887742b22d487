"""Which run is in use: compared where both were tested, replaced unless it is worse."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import champions
from engine.errors import RunError
from engine.registry import About, Registry
from engine.requests import ForecastRequest, PanelSpec
from engine.runs import Run

LEVELS = (0.1, 0.5, 0.9)
WEEKS = pd.date_range("2026-08-03", periods=20, freq="W-MON")


def results(
    model: str, off: float, *, cutoffs: tuple[int, ...] = (8, 12), ids: str = "ab"
) -> pd.DataFrame:
    """A backtest of 4 weeks per cutoff: all quantiles are `off` above sales of 100."""
    rows = [
        {
            "cutoff": WEEKS[cutoff],
            "model": model,
            "series_id": series_id,
            "timestamp": WEEKS[cutoff + step],
            "actual": 100.0,
            "mean": 100.0 + off,
            **{f"q{level}": 100.0 + off for level in LEVELS},
        }
        for cutoff in cutoffs
        for series_id in ids
        for step in (1, 2, 3, 4)
    ]
    return pd.DataFrame(rows)


def judged(
    candidate: pd.DataFrame | None, champion: pd.DataFrame | None, margin: float = 0.05
) -> champions.Verdict:
    return champions.judge(candidate, champion, model="lstm", champion_model="lstm", margin=margin)


def test_when_it_is_better_then_it_is_put_in_use_with_the_numbers() -> None:
    found = judged(results("lstm", 8.0), results("lstm", 10.0))
    assert found.promoted
    assert found.candidate == pytest.approx(0.08)  # the mean over levels of 2 * pinball is |off|
    assert found.change == pytest.approx(-0.2)
    assert (found.windows, found.series, found.rival) == (2, 2, "in use")
    assert "20.0% better than the one in use: WQL 0.080 against 0.100" in found.reason
    assert "2 test windows and 2 series" in found.reason


@pytest.mark.parametrize(
    ("off", "promoted", "words"),
    [
        (10.0, True, "As good as the one in use"),
        (10.5, True, "5.0% worse than the one in use, within the 5% allowed"),
        (10.6, False, "6.0% worse than the one in use, more than the 5% allowed"),
    ],
)
def test_when_it_is_worse_then_the_margin_decides(off: float, promoted: bool, words: str) -> None:
    found = judged(results("lstm", off), results("lstm", 10.0))
    assert (found.promoted, words in found.reason) == (promoted, True)


def test_when_tests_overlap_in_part_then_only_what_is_common_counts() -> None:
    """The candidate is worse where both were tested, and brilliant where it alone was."""
    candidate = pd.concat(
        [
            results("lstm", 20.0, cutoffs=(12,), ids="ab"),
            results("lstm", 0.0, cutoffs=(15,), ids="ab"),
            results("lstm", 0.0, cutoffs=(8, 12), ids="xyz"),
        ]
    )
    found = judged(candidate, results("lstm", 10.0, cutoffs=(8, 12), ids="abc"))
    assert not found.promoted
    assert (found.windows, found.series) == (1, 2)
    assert found.candidate == pytest.approx(0.2)
    assert "1 test window and 2 series" in found.reason


def test_when_only_the_weeks_are_the_same_then_it_is_no_common_test() -> None:
    """A forecast that starts later knows more, so the same week says nothing."""
    shifted = results("lstm", 30.0, cutoffs=(9, 13))
    board = pd.concat([shifted, results("seasonal_naive", 40.0, cutoffs=(9, 13))])
    found = judged(board, results("lstm", 10.0, cutoffs=(8, 12)))
    assert found.promoted
    assert found.rival == "last year"
    assert found.reason.startswith("No tests in common with the one in use. 25.0% better than last")


def test_when_there_is_no_champion_then_last_year_is_the_bar() -> None:
    naive = results("seasonal_naive", 10.0)
    assert judged(pd.concat([results("lstm", 10.4), naive]), None).promoted
    found = judged(pd.concat([results("lstm", 11.0), naive]), None)
    assert not found.promoted
    assert found.reason.startswith("10.0% worse than last year's weeks")


@pytest.mark.parametrize("candidate", [None, results("gru", 1.0), results("lstm", 1.0).iloc[:0]])
def test_when_it_was_not_tested_then_it_is_not_put_in_use(candidate: pd.DataFrame | None) -> None:
    found = judged(candidate, results("lstm", 10.0))
    assert not found.promoted
    assert "not compared" in found.reason


def test_when_nothing_can_be_compared_then_it_is_not_put_in_use() -> None:
    assert not judged(results("lstm", 1.0, ids="x"), results("lstm", 10.0)).promoted


def test_when_its_tests_hold_no_numbers_then_it_is_not_put_in_use() -> None:
    """Left out, the worst values would make it look good."""
    candidate = results("lstm", 1.0)
    candidate.loc[3, "q0.5"] = np.nan
    found = judged(candidate, results("lstm", 10.0))
    assert not found.promoted
    assert "1 of its 16 test values are no numbers" in found.reason


def test_when_nothing_sold_in_common_tests_then_they_say_nothing() -> None:
    both = [results("lstm", off).assign(actual=0.0) for off in (1.0, 2.0)]
    assert not judged(*both).promoted


def test_when_the_champion_is_perfect_then_only_as_good_will_do() -> None:
    assert judged(results("lstm", 0.0), results("lstm", 0.0)).promoted
    assert not judged(results("lstm", 0.1), results("lstm", 0.0)).promoted


def test_when_both_were_tested_then_there_is_an_error_of_each_by_window() -> None:
    first = pd.concat([results("lstm", 8.0, cutoffs=(8,)), results("lstm", 20.0, cutoffs=(12, 15))])
    second = results("gru", 10.0, cutoffs=(8, 12))
    found = champions.by_window(first, second, model="lstm", champion_model="gru")
    assert found is not None
    assert found["cutoff"].tolist() == [WEEKS[8], WEEKS[12]]
    assert found["candidate"].tolist() == pytest.approx([0.08, 0.2])
    assert found["champion"].tolist() == pytest.approx([0.1, 0.1])
    elsewhere = results("gru", 1.0, ids="x")
    assert champions.by_window(first, elsewhere, model="lstm", champion_model="gru") is None
    assert champions.by_window(None, second, model="lstm", champion_model="gru") is None


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry(tmp_path)
    yield opened
    opened.close()


def add(
    registry: Registry, run_id: str, off: float | None, *, scope: str = "all", model: str = "lstm"
) -> None:
    """A run with its comparison, as workers leave them."""
    frame = pd.DataFrame({"series_id": "a", "timestamp": WEEKS, "target": 100.0})
    request = ForecastRequest(panel=PanelSpec(freq="W-MON"), model="lstm", horizon=4)
    for name, made in ((run_id, model), (f"{run_id}-comparison", "")):
        Run.create(registry.run(name).folder, request, frame)
        about = About(model=made, scope={"where": scope}, horizon=4, group=run_id)
        registry.add(name, about, name=name)
    if off is not None:
        board = pd.concat([results(model, off), results("seasonal_naive", 12.0)])
        registry.run(f"{run_id}-comparison").write_frame("backtest", board)


def in_use(registry: Registry) -> list[str]:
    return [entry.run_id for entry in registry.entries() if entry.is_champion]


def test_when_a_run_passes_then_it_is_crowned_and_the_evidence_stays_with_it(
    registry: Registry,
) -> None:
    add(registry, "r1", 10.0)
    add(registry, "r2", 8.0, model="gru")
    registry.crown("r1")
    found = champions.decide(registry, "r2", margin=0.05, at=1_795_000_000.0)
    assert in_use(registry) == ["r2"]
    assert (found.against, found.at) == ("r1", 1_795_000_000.0)
    assert champions.evidence(registry.run("r2")) == found
    assert champions.evidence(registry.run("r1")) is None


def test_when_it_is_only_compared_then_nothing_changes(registry: Registry) -> None:
    add(registry, "r1", 10.0)
    add(registry, "r2", 8.0)
    registry.crown("r1")
    rival, entry = registry.entry("r1"), registry.entry("r2")
    assert entry
    assert champions.compare(registry, entry, rival, margin=0.05).promoted
    assert in_use(registry) == ["r1"]
    assert champions.evidence(registry.run("r2")) is None


def test_when_the_rule_decides_then_its_reason_is_in_the_history(registry: Registry) -> None:
    add(registry, "r1", 10.0)
    add(registry, "r2", 8.0)
    registry.crown("r1", why="for a start", who="Ann")
    found = champions.decide(registry, "r2", margin=0.05, at=5.0)
    entry = registry.entry("r2")
    assert entry
    latest, before = registry.crownings(entry.about.scope_key)
    assert (latest.who, latest.why, latest.at) == (champions.RULE, found.reason, 5.0)
    assert before.who == "Ann"


def test_when_several_were_trained_then_the_one_of_the_least_error_is_the_best(
    registry: Registry,
) -> None:
    offs = {"lstm": 9.0, "gru": 7.0, "gbm": 8.0}
    for model in (*offs, "theta", ""):
        about = About(model=model, scope={"where": "all"}, horizon=4, group="g")
        registry.add(model or "comparison", about, name=model or "Comparison")
    registry.run("comparison").folder.mkdir()
    ids = ["lstm", "gru", "gbm", "theta"]
    assert champions.best_of(registry, ids) == "lstm"  # nothing is known yet
    board = pd.concat([results(model, off) for model, off in offs.items()], ignore_index=True)
    board.loc[board["model"].eq("gru").idxmax(), "q0.5"] = np.nan
    registry.run("comparison").write_frame("backtest", board)
    assert champions.best_of(registry, ids) == "gbm"
    assert champions.best_of(registry, ["theta", "gone"]) == "theta"
    with pytest.raises(RunError, match="deleted before"):
        champions.best_of(registry, ["gone"])


def test_when_a_run_fails_then_the_champion_stays_and_the_reason_is_kept(
    registry: Registry,
) -> None:
    add(registry, "r1", 8.0)
    add(registry, "r2", 10.0)
    registry.crown("r1")
    assert not champions.decide(registry, "r2", margin=0.05).promoted
    assert in_use(registry) == ["r1"]
    kept = champions.evidence(registry.run("r2"))
    assert kept
    assert "25.0% worse than the one in use" in kept.reason


def test_when_the_scope_has_no_champion_then_the_repeated_run_is_the_bar(
    registry: Registry,
) -> None:
    add(registry, "other", 1.0, scope="elsewhere")
    registry.crown("other")
    add(registry, "r1", 8.0)
    add(registry, "r2", 10.0)
    assert champions.decide(registry, "r2", margin=0.05, otherwise="r1").against == "r1"
    assert in_use(registry) == ["other"]
    add(registry, "r3", 8.0)
    assert champions.decide(registry, "r3", margin=0.05, otherwise="r1").promoted
    assert set(in_use(registry)) == {"other", "r3"}


def test_when_the_champion_was_deleted_then_last_year_is_the_bar(registry: Registry) -> None:
    add(registry, "r2", 10.0)
    found = champions.decide(registry, "r2", margin=0.05, otherwise="gone")
    assert (found.promoted, found.rival, found.against) == (True, "last year", "")


def test_when_the_run_was_deleted_then_it_says_so(registry: Registry) -> None:
    add(registry, "r2", 10.0)
    registry.delete("r2")
    with pytest.raises(RunError, match="deleted before it could be compared"):
        champions.decide(registry, "r2", margin=0.05)


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"promoted": True})])
def test_when_the_evidence_is_damaged_then_there_is_none(registry: Registry, content: str) -> None:
    add(registry, "r1", 10.0)
    (registry.run("r1").folder / "promotion.json").write_text(content)
    assert champions.evidence(registry.run("r1")) is None
