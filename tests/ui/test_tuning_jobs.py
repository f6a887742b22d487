"""A search that runs: how its trials are counted, how far it is, and what its table says."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine.requests import PanelSpec, TuneRequest
from engine.runs import Run, Status
from ui import tuning_charts, tuning_jobs
from ui.tuning_importance import importance
from ui.tuning_jobs import Search

CUT = "interrupted, and tried again where the search went on"
ROWS = [  # number, state, value, seconds, why, width, dropout
    (0, "complete", 0.20, 4.0, "the default", None, 0.1),
    (1, "complete", 0.10, 4.0, "", 64, 0.2),
    (2, "failed", None, None, CUT, 32, 0.2),
    (3, "pruned", None, 1.0, "worse than the median in window 1", 32, 0.2),
    (4, "failed", None, 0.5, "ConfigError: no", 16, 0.2),
    (5, "running", None, None, "", 96, 0.3),
]
RUNNING = Status(pid=1, pid_started="x", state="running", stage="[5/12] lstm: training")


def trials(rows: list[tuple[Any, ...]] = ROWS) -> pd.DataFrame:
    columns = ["number", "state", "value", "seconds", "why", "width", "dropout"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype({"value": float, "seconds": float, "width": "Int64"})
    return frame.assign(steps=pd.array([None] * len(frame), dtype="Int64"))


def run_of(folder: Path, frame: pd.DataFrame | None = None, **changed: Any) -> Run:
    asked = {"model": "lstm", "horizon": 4, "trials": 12, "space": {"width": [8], "dropout": [0]}}
    request = TuneRequest(panel=PanelSpec(freq="W-MON"), **{**asked, **changed})
    run = Run.create(folder / "run", request, pd.DataFrame({"series_id": ["a"]}))
    if frame is not None:
        run.write_frame("trials", frame)
    return run


@pytest.fixture
def search(tmp_path: Path) -> Search:
    found = tuning_jobs.search_of(run_of(tmp_path, trials()))
    assert found
    return found


def test_when_a_trial_was_cut_off_then_it_does_not_count_and_its_number_comes_again(
    search: Search,
) -> None:
    assert search.settled == 4
    assert search.trials["trial"].tolist() == [1, 2, 3, 3, 4, 5]
    assert search.trials["state"].tolist()[2:4] == ["interrupted", "pruned"]


def test_when_trials_are_complete_then_the_best_is_against_the_usual_settings(
    search: Search,
) -> None:
    assert search.best is not None
    assert search.best["trial"] == 2
    assert search.gain == pytest.approx(0.5)
    assert tuning_jobs.settings_of(search, search.best) == "width 64, dropout 0.2"


def test_when_shown_live_then_the_newest_is_first_and_states_are_words(search: Search) -> None:
    table = tuning_jobs.table(search, is_over=False)
    assert table["Trial"].tolist() == [5, 4, 3, 3, 2, 1]
    assert table["State"].tolist()[:3] == [["Running"], ["Failed"], ["Pruned"]]
    assert table["State"].tolist()[4] == ["Best", "Complete"]
    assert table["vs usual"].tolist()[4:] == ["−50%", "0%"]
    assert table["Note"].iloc[-1] == "Usual settings"
    assert table["Note"].iloc[3] == "Cut off; does not count"


def test_when_it_is_over_then_the_best_is_first(search: Search) -> None:
    assert tuning_jobs.table(search, is_over=True)["Trial"].tolist()[:2] == [2, 1]


def test_when_a_setting_is_the_same_everywhere_then_it_has_no_column(tmp_path: Path) -> None:
    rows = [(*row[:5], 64, row[6]) for row in ROWS]
    found = tuning_jobs.search_of(run_of(tmp_path, trials(rows)))
    assert found
    assert tuning_jobs.differing(found) == ["dropout"]


def test_when_trials_settle_then_progress_grows_and_the_rest_is_at_their_pace(
    search: Search,
) -> None:
    share, left = tuning_jobs.progress(search, RUNNING)
    assert share == pytest.approx(4 / 12.5)
    assert left == pytest.approx(3.0 * 8 + 1.5)
    between = Status(**{**vars(RUNNING), "step": 50, "total_steps": 100})
    assert tuning_jobs.progress(search, between)[0] == pytest.approx(4.5 / 12.5)
    assert tuning_jobs.progress(search, None) == (share, left)
    final = Status(**{**vars(RUNNING), "stage": "lstm: training", "step": 1, "total_steps": 2})
    assert tuning_jobs.progress(search, final)[1] == pytest.approx(0.75)


def test_when_the_time_limit_is_near_then_it_decides(tmp_path: Path) -> None:
    found = tuning_jobs.search_of(run_of(tmp_path, trials(), budget_seconds=12.0))
    assert found
    share, left = tuning_jobs.progress(found, RUNNING)
    assert share == pytest.approx(9.5 / 12 * 0.95)
    assert left == pytest.approx(0.85 * 12 - 9.5 + 1.5)


def test_when_nothing_is_tried_yet_then_the_page_has_what_it_needs(tmp_path: Path) -> None:
    found = tuning_jobs.search_of(run_of(tmp_path))
    assert found
    assert (found.settled, found.best, found.default_value, found.gain) == (0, None, None, None)
    assert tuning_jobs.progress(found, RUNNING) == (0.0, None)
    assert list(tuning_jobs.table(found, is_over=False))[-2:] == ["Seconds", "Note"]
    assert tuning_charts.values(found.trials, asked=12, usual=None, view="v").data == ()
    assert tuning_charts.describe(found.trials, None) == "No trial is complete yet"


def test_when_the_run_is_no_search_or_gone_then_there_is_none(tmp_path: Path) -> None:
    assert tuning_jobs.search_of(Run(tmp_path / "gone")) is None
    assert tuning_jobs.found(Run(tmp_path / "gone")) is None


def test_when_drawn_then_pruned_trials_are_marks_of_their_own(search: Search) -> None:
    figure = tuning_charts.values(search.trials, asked=12, usual=0.2, view="v")
    drawn = {trace.name: trace for trace in figure.data}
    assert list(drawn["Pruned"].x) == [3]
    assert drawn["Pruned"].y[0] > 0.2
    assert list(drawn["Best so far"].y) == [0.20, 0.10, 0.10]
    assert list(drawn["Best"].x) == [2]
    assert "Trial 1: 0.200, as the usual settings" in drawn["Complete"].text
    assert tuple(figure.layout.xaxis.range) == (0.5, 12.5)


def test_when_one_setting_decides_then_it_is_the_one_that_matters() -> None:
    rows = range(16)
    frame = pd.DataFrame(
        {
            "value": [0.1 + 0.1 * (row % 2) + 0.0001 * row for row in rows],
            "width": pd.array([[32, 64][row % 2] for row in rows], dtype="Int64"),
            "dropout": [0.1 * (row // 4) for row in rows],
            "kind": ["a"] * 16,
        }
    )
    shares = importance(frame, ("dropout", "width", "kind"))
    assert list(shares) == ["width", "dropout"]
    assert shares["width"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)
    drawn = tuning_charts.importance(shares, view="v").data[0]
    assert drawn.y[-1] == "Width"
    assert importance(frame[:7], ("dropout", "width")) == {}
