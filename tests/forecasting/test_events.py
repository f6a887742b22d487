"""Events for TensorBoard, read back as TensorBoard reads them."""

import subprocess
import sys
from pathlib import Path

import pytest

import forecasting as fc
from forecasting.networks import events as module
from forecasting.networks import reports
from forecasting.networks.forecaster import NetworkForecaster


def lstm() -> NetworkForecaster:
    model = fc.create("lstm", horizon=7, width=8, batch_size=16, max_steps=40)
    assert isinstance(model, NetworkForecaster)
    return model


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    """Values by tag and step."""
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    ).EventAccumulator(str(folder))
    accumulator.Reload()
    tags = accumulator.Tags()["scalars"]
    return {tag: {each.step: each.value for each in accumulator.Scalars(tag)} for tag in tags}


def test_when_events_are_asked_for_then_tensorboard_reads_the_training(
    panel: fc.Panel, tmp_path: Path
) -> None:
    model = lstm().fit(panel, events=tmp_path)
    found = scalars(tmp_path)
    assert set(found) == {"loss/train", "wql/validation", "learning_rate", "windows_per_second"}
    report = model.training
    best = found["wql/validation"][report.best_step]
    assert best == pytest.approx(report.validation_wql)
    assert best == min(found["wql/validation"].values())
    assert max(found["learning_rate"].values()) <= 2e-3 * 1.001
    assert min(found["windows_per_second"].values()) > 0
    assert max(found["loss/train"]) == report.steps


def test_when_a_training_goes_on_then_steps_that_are_done_again_count_once(
    panel: fc.Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "REPORT_SECONDS", 0.0)

    def stop(progress: fc.Progress) -> None:
        if progress.done == 10:
            raise KeyboardInterrupt

    where = {"checkpoint": tmp_path / "checkpoint", "events": tmp_path / "events"}
    lstm().fit(panel, on_progress=stop, **where)
    model = lstm().fit(panel, **where)
    assert list(scalars(tmp_path / "events")["loss/train"]) == [*range(1, model.training.steps + 1)]


def test_when_tensorboard_is_missing_then_the_error_says_what_to_do(
    panel: fc.Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(fc.ConfigError, match=r"needs the library tensorboard.*pip install"):
        lstm().fit(panel, events=tmp_path)


def test_when_no_events_are_asked_for_then_tensorboard_is_not_imported() -> None:
    script = (
        "import sys, pandas as pd, forecasting as fc;"
        "days = pd.date_range('2024', periods=60);"
        "frame = pd.DataFrame({'series_id': 'a', 'timestamp': days, 'target': range(60)});"
        "panel = fc.Panel.from_frame(frame, freq='D');"
        "fc.create('lstm', horizon=2, width=8, max_steps=2).fit(panel);"
        "sys.exit('tensorboard' in sys.modules)"
    )
    root = Path(__file__).parent.parent.parent
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 0
