"""Kept windows: a backtest that died goes on, to the result that it would have had."""

from pathlib import Path

import pandas as pd
import pytest

import forecasting as fc

MODELS = ["naive", "theta"]


def compared(panel: fc.Panel, folder: Path | None = None, **changed: object) -> fc.Backtest:
    given = {"models": MODELS, "horizon": 7, "num_windows": 2, **changed}
    return fc.backtest(panel, checkpoint=folder, **given)  # type: ignore[arg-type]


def interrupted(panel: fc.Panel, folder: Path, after: str) -> list[str]:
    """The stages of a backtest that is interrupted in the stage that begins so."""
    stages: list[str] = []

    def report(progress: fc.Progress) -> None:
        stages.append(progress.stage)
        if progress.stage.startswith(after):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compared(panel, folder, on_progress=report)
    return stages


def test_when_interrupted_then_it_goes_on_with_what_is_missing_and_gives_the_same(
    panel: fc.Panel, tmp_path: Path
) -> None:
    interrupted(panel, tmp_path, after="[4/4]")
    assert len(list(tmp_path.glob("*.safetensors"))) == 3
    stages: list[str] = []
    resumed = compared(panel, tmp_path, on_progress=lambda each: stages.append(each.stage))
    assert {stage[:5] for stage in stages} == {"[4/4]"}
    whole = compared(panel)
    pd.testing.assert_frame_equal(resumed.forecasts, whole.forecasts)
    pd.testing.assert_frame_equal(resumed.metrics, whole.metrics)
    assert resumed.metrics["fallback"].ne("").any()  # notes came back, too
    for ours, theirs in zip(resumed.windows, whole.windows, strict=True):
        assert ours.forecast.step_correlation == theirs.forecast.step_correlation
        assert ours.forecast.notes == theirs.forecast.notes


def test_when_all_windows_are_kept_then_the_seconds_are_those_of_the_first_time(
    panel: fc.Panel, tmp_path: Path
) -> None:
    first, again = compared(panel, tmp_path), compared(panel, tmp_path)
    pd.testing.assert_frame_equal(first.leaderboard(), again.leaderboard())


@pytest.mark.parametrize(
    "changed", [{"seed": 1}, {"options": {"theta": {"max_history": 30}}}, {"budget_seconds": 60.0}]
)
def test_when_the_options_differ_then_nothing_kept_is_used(
    panel: fc.Panel, tmp_path: Path, changed: dict[str, object]
) -> None:
    compared(panel, tmp_path)
    stages: list[str] = []
    compared(panel, tmp_path, on_progress=lambda each: stages.append(each.stage), **changed)
    assert any("theta" in stage for stage in stages)


def test_when_one_value_of_the_panel_differs_then_nothing_kept_is_used(
    frame: pd.DataFrame, panel: fc.Panel, tmp_path: Path
) -> None:
    compared(panel, tmp_path)
    other = frame.copy()
    other.loc[3, "target"] += 1
    changed = fc.Panel.from_frame(other, freq="D")
    expected = compared(changed).forecasts
    pd.testing.assert_frame_equal(compared(changed, tmp_path).forecasts, expected)


def test_when_the_number_of_processes_differs_then_what_is_kept_is_used(
    panel: fc.Panel, tmp_path: Path
) -> None:
    compared(panel, tmp_path)
    stages: list[str] = []
    compared(panel, tmp_path, n_jobs=2, on_progress=lambda each: stages.append(each.stage))
    assert stages == []


def test_when_a_file_is_damaged_then_its_window_is_done_again(
    panel: fc.Panel, tmp_path: Path
) -> None:
    whole = compared(panel, tmp_path)
    file = sorted(tmp_path.glob("theta*"))[0]
    file.write_bytes(file.read_bytes()[:100])
    with pytest.warns(UserWarning, match="done again"):
        again = compared(panel, tmp_path)
    pd.testing.assert_frame_equal(again.forecasts, whole.forecasts)


def test_when_a_window_cannot_be_kept_then_the_backtest_goes_on(
    panel: fc.Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forecasting.kept_windows.os.replace", full)
    with pytest.warns(UserWarning, match="could not be written"):
        result = compared(panel, tmp_path)
    assert len(result.windows) == 4
    assert list(tmp_path.iterdir()) == []
