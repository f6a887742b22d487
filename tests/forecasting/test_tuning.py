"""Searches: never worse than the default, the same again with the same seed, pruned, resumed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest

import forecasting as fc
from forecasting.cli import main
from forecasting.progress import Progress
from forecasting.spaces import space_as_json
from forecasting.study import GRID, JOURNAL, MedianOfComplete
from forecasting.tuning import TuningResult

HORIZON = 7
SOME = ["busy 0", "busy 1", "gappy", "slow 1"]
QUICK = {"num_rounds": 5, "max_rows": 300, "max_origins": 20}
SPACE: dict[str, Any] = {
    "learning_rate": fc.Between(low=1e-4, high=0.5, log=True),
    "num_leaves": fc.Choice((4, 7, 15)),
}
SHOWN = ["state", "value", *SPACE]


@pytest.fixture(scope="module")
def some(panel: fc.Panel) -> fc.Panel:
    return panel.subset(SOME)


def search(panel: fc.Panel, **changed: Any) -> TuningResult:
    asked = {"options": QUICK, "space": SPACE, "trials": 8, "horizon": HORIZON}
    return fc.tune(panel, "gbm", **asked | changed)


@pytest.fixture(scope="module")
def found(some: fc.Panel) -> TuningResult:
    return search(some)


def test_when_searched_then_the_best_is_no_worse_than_the_default_and_is_what_a_backtest_gives(
    some: fc.Panel, found: TuningResult
) -> None:
    trials = found.trials
    assert len(trials) == 8
    assert trials["why"].iloc[0] == "the default"
    assert found.value == trials["value"].min() < found.default_value == trials["value"].iloc[0]
    for options, value in [(QUICK, found.default_value), (found.options, found.value)]:
        board = fc.backtest(
            some, ["gbm"], horizon=HORIZON, num_windows=2, options={"gbm": options}
        ).leaderboard()
        assert board["WQL"].iloc[0] == pytest.approx(value)
    model = found.create()
    assert {name: getattr(model.config, name) for name in found.options} == found.options


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_when_the_seed_is_the_same_then_the_trials_are(some: fc.Panel, sampler: Any) -> None:
    first, again, other = (
        search(some, sampler=sampler, trials=7, seed=seed).trials for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first[SHOWN], again[SHOWN])
    assert not first["learning_rate"].equals(other["learning_rate"])


def test_when_values_after_the_panel_are_cut_off_then_trials_do_not_change(some: fc.Panel) -> None:
    """The last window's actuals decide its value, and nothing else of that trial."""
    late = some.to_frame()
    late.loc[late["timestamp"] > some.timestamps[-1 - HORIZON], "target"] *= 10
    changed = fc.Panel.from_frame(late, freq="D")
    seen: list[list[float]] = []
    for panel in (some, changed):
        storage = optuna.storages.InMemoryStorage()
        monkeypatched = pytest.MonkeyPatch()
        monkeypatched.setattr("forecasting.study.InMemoryStorage", lambda kept=storage: kept)
        search(panel, trials=2, pruner=False)
        monkeypatched.undo()
        trials = optuna.load_study(study_name="search", storage=storage).trials
        seen.append([trial.intermediate_values[GRID - 1] for trial in trials])
    assert seen[0] == seen[1]


def test_when_a_trial_is_worse_than_most_then_it_is_pruned(found: TuningResult) -> None:
    pruned = found.trials[found.trials["state"] == "pruned"]
    assert len(pruned)
    assert pruned["value"].isna().all()
    assert pruned["why"].str.contains("worse than the median in window 1").all()
    assert pruned["seconds"].gt(0).all()


def test_when_not_pruned_then_every_trial_is_complete(some: fc.Panel) -> None:
    assert set(search(some, pruner=False, trials=6).trials["state"]) == {"complete"}


@pytest.mark.parametrize(
    ("step", "value", "is_pruned"),
    [(10, 0.9, True), (10, 0.4, False), (1, 0.9, False), (15, 0.45, True), (GRID + 8, 9.0, False)],
)
def test_when_a_network_validates_then_it_is_compared_at_the_same_point_of_the_same_window(
    step: int, value: float, is_pruned: bool
) -> None:
    """Others stopped early: their last value in the window holds to its end."""
    study = optuna.create_study(pruner=MedianOfComplete())
    for last in (0.3, 0.4, 0.5):
        trial = study.ask()
        trial.report(last + 0.1, 5)
        trial.report(last, 12)
        study.tell(trial, last)
    trial = study.ask()
    trial.report(value, step)
    assert trial.should_prune() is is_pruned


def test_when_a_network_is_searched_then_its_reports_count_and_it_may_end_in_the_middle(
    some: fc.Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.study.FEWEST_COMPLETE", 1)
    reports: list[Progress] = []
    result = fc.tune(
        some,
        "lstm",
        horizon=HORIZON,
        options={"max_steps": 20, "width": 8, "batch_size": 16},
        space={"learning_rate": [1e-6, 2e-6, 1e-5]},
        trials=3,
        on_progress=reports.append,
    )
    assert result.options["width"] == 8
    assert set(result.trials["state"]) <= {"complete", "pruned"}
    assert reports[0].stage.startswith("[1/3]")
    assert reports[-1].stage.startswith("[3/3]")
    assert all(0 <= each.fraction <= 1 for each in reports)


def stop_after(count: int, error: type[BaseException]) -> Callable[[Progress], None]:
    left = iter(range(count))

    def report(_: Progress) -> None:
        if next(left, None) is None:
            raise error

    return report


def test_when_interrupted_then_finished_trials_are_kept_and_a_folder_goes_on_as_if_it_had_not_been(
    some: fc.Panel, found: TuningResult, tmp_path: Path
) -> None:
    stopped = search(some, storage=tmp_path, on_progress=stop_after(9, KeyboardInterrupt))
    assert stopped.stopped
    assert 1 < len(stopped.trials) < 8
    assert stopped.trials["why"].iloc[-1].startswith("interrupted")
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"op_code": 5, "trial')  # as a killed process may leave it
    (tmp_path / f"{JOURNAL}.lock").symlink_to(tmp_path / JOURNAL)
    resumed = search(some, storage=tmp_path)
    kept = resumed.trials[~resumed.trials["why"].str.startswith("interrupted")]
    pd.testing.assert_frame_equal(kept[SHOWN].reset_index(drop=True), found.trials[SHOWN])
    assert resumed.seconds >= stopped.seconds
    assert not resumed.stopped
    assert len(search(some, storage=tmp_path, trials=9).trials) == len(resumed.trials) + 1


def test_when_interrupted_in_the_first_trial_then_there_is_nothing_to_keep(some: fc.Panel) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(some, on_progress=stop_after(0, KeyboardInterrupt))


def test_when_the_folder_holds_another_search_then_it_says_what_differs(
    some: fc.Panel, tmp_path: Path
) -> None:
    search(some, storage=tmp_path, trials=1)
    with pytest.raises(fc.ConfigError, match="differs in seed"):
        search(some, storage=tmp_path, trials=1, seed=5)
    with pytest.raises(fc.ConfigError, match="differs in panel"):
        search(some.until(some.timestamps[-2]), storage=tmp_path, trials=1)
    (tmp_path / JOURNAL).write_text("no journal\n" * 3)
    with pytest.raises(fc.ConfigError, match="damaged"):
        search(some, storage=tmp_path, trials=1)


def test_when_the_seconds_are_used_up_then_the_search_ends_with_the_default_at_least(
    some: fc.Panel,
) -> None:
    result = search(some, trials=None, budget_seconds=1e-3)
    assert list(result.trials["state"]) == ["complete"]
    assert result.options == QUICK


def test_when_a_trial_fails_then_the_frame_says_why_and_the_search_goes_on(some: fc.Panel) -> None:
    space = {"num_heads": [3, 4], "learning_rate": [1e-3, 2e-3]}
    options = {"width": 8, "max_steps": 2, "batch_size": 8}
    shown: list[pd.DataFrame] = []
    result = fc.tune(
        some, "transformer", horizon=HORIZON, options=options, space=space, trials=6, seed=1,
        on_trials=shown.append,
    )  # fmt: skip
    failed = result.trials[result.trials["state"] == "failed"]
    assert len(failed)
    assert set(failed["num_heads"]) == {3}
    assert failed["why"].str.contains("num_heads=3 does not divide width=8").all()
    assert shown[0]["state"].tolist() == ["running"]
    pd.testing.assert_frame_equal(shown[-1], result.trials)


def test_when_the_frame_of_trials_has_mixed_values_then_it_still_goes_to_parquet(
    some: fc.Panel, tmp_path: Path
) -> None:
    result = search(some, space={"seasonality": [None, 7]}, trials=3)
    result.trials.to_parquet(tmp_path / "trials.parquet")
    values = result.trials["seasonality"].tolist()
    assert {None if pd.isna(each) else each for each in values} <= {None, 7}


@pytest.mark.parametrize("name", ["lstm", "gru", "transformer", "gbm"])
def test_when_no_space_is_given_then_the_usual_one_fits_the_model(
    some: fc.Panel, name: str
) -> None:
    space = fc.default_space(name, some)
    assert ("context_length" in space) == (name != "gbm")
    for option, dimension in space.items():
        for value in dimension.ends:
            fc.create(name, horizon=HORIZON, **{option: value})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"space": {"colour": [1]}}, r"names 'colour', which is no option of model 'gbm'"),
        ({"space": {"horizon": [1]}}, "'horizon'"),
        ({"space": {"learning_rate": [0.1, 1.5]}}, r"goes too far: learning_rate=1\.5"),
        ({"space": {"num_leaves": {"low": 1, "high": 4, "whole": True}}}, "num_leaves=1"),
        ({"space": {"num_leaves": {"low": 4}}}, "'num_leaves' cannot be read"),
        ({"space": {"num_leaves": 4}}, "Give a list of values"),
        ({"space": {"num_leaves": []}}, "no values"),
        ({"space": {"num_leaves": [[1]]}}, "must be a number, a text"),
        ({"space": {}}, "is empty"),
        ({"options": {"num_leaves": 4}}, "both name num_leaves"),
        ({"options": {"leaves": 4}}, "no option 'leaves'"),
        ({"trials": 0}, "trials=0"),
        ({"num_windows": 0}, "num_windows=0"),
        ({"budget_seconds": 0.0}, r"budget_seconds=0\.0"),
        ({"sampler": "grid"}, "sampler='grid'"),
    ],
)
def test_when_a_search_cannot_work_then_it_says_why(
    some: fc.Panel, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(fc.ConfigError, match=words):
        search(some, **changed)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"low": 2, "high": 1}, "must be below"),
        ({"low": 0, "high": 1, "log": True}, "above 0"),
        ({"low": 0.5, "high": 2, "whole": True}, "whole number"),
        ({"low": "a", "high": 2}, "must be a number"),
        ({"low": 0, "high": np.inf}, "finite"),
    ],
)
def test_when_bounds_are_odd_then_they_are_refused(bounds: dict[str, Any], words: str) -> None:
    with pytest.raises(fc.ConfigError, match=words):
        fc.Between(**bounds)


def test_when_a_model_has_nothing_to_search_then_those_that_have_are_named(some: fc.Panel) -> None:
    with pytest.raises(fc.ConfigError, match="lstm, gru, transformer, gbm"):
        fc.tune(some, "theta", horizon=HORIZON)


def test_when_the_panel_is_too_short_then_the_windows_are_named(some: fc.Panel) -> None:
    with pytest.raises(fc.PanelError, match="9 windows of horizon 20 need at least 181"):
        search(some, horizon=20, num_windows=9)


def test_when_tuned_on_the_command_line_then_the_best_is_printed_and_saved(
    some: fc.Panel, found: TuningResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some.to_frame().to_parquet(tmp_path / "sales.parquet")
    given = ["tune", str(tmp_path / "sales.parquet"), "--freq", "D", "--horizon", str(HORIZON)]
    given += ["--model", "gbm", "--trials", "3", "--options", json.dumps(QUICK), "--space"]
    space = json.dumps(space_as_json(SPACE))
    assert main([*given, space, "--out", str(tmp_path / "model")]) == 0
    printed = capsys.readouterr().out
    assert f"without a search {found.default_value:.4g}" in printed
    best = json.loads(printed.split("best: ")[1].splitlines()[0])
    assert fc.load(tmp_path / "model").config.num_rounds == best["num_rounds"] == 5
    assert main([*given, "{"]) == 2
    assert "--space is not JSON" in capsys.readouterr().err
