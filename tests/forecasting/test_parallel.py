"""Large tasks in one process: order, progress, and what is left of a backtest that is stopped."""

import pandas as pd
import pytest

import forecasting as fc
from forecasting.parallel import run_parts
from forecasting.progress import OnProgress, Progress


def double(item: int, on_progress: OnProgress | None) -> int:
    assert on_progress is not None
    on_progress(Progress(f"doubling {item}", 1, 1, 0.0))
    return 2 * item


def test_when_there_is_no_cluster_then_parts_are_done_one_after_the_other() -> None:
    seen: list[str] = []
    done: list[tuple[int, int]] = []
    run_parts(
        double,
        [3, 1],
        kind="numbers",
        on_progress=lambda progress: seen.append(progress.stage),
        on_done=lambda item, result: done.append((item, result)),
        name=str,
        gpus=lambda item: 0,
    )
    assert done == [(3, 6), (1, 2)]
    assert seen == ["[1/2] doubling 3", "[2/2] doubling 1"]


def stop_at(stage: str) -> OnProgress:
    def report(progress: Progress) -> None:
        if progress.stage.startswith(stage):
            raise KeyboardInterrupt

    return report


def compared(panel: fc.Panel, stage: str, *, keep_complete: bool) -> fc.Backtest:
    return fc.backtest(
        panel,
        ["naive", "seasonal_naive"],
        horizon=7,
        num_windows=2,
        keep_complete=keep_complete,
        on_progress=stop_at(stage),
    )


def test_when_a_backtest_is_stopped_then_complete_models_are_kept_where_that_is_asked_for(
    panel: fc.Panel,
) -> None:
    kept = compared(panel, "[4/4]", keep_complete=True)
    alone = fc.backtest(panel, ["naive"], horizon=7, num_windows=2)
    pd.testing.assert_frame_equal(kept.forecasts, alone.forecasts)
    pd.testing.assert_frame_equal(kept.skipped, alone.skipped)
    with pytest.raises(KeyboardInterrupt):
        compared(panel, "[2/4]", keep_complete=True)
    with pytest.raises(KeyboardInterrupt):
        compared(panel, "[4/4]", keep_complete=False)
