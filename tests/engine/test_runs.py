"""Run folders: whole files or none, and readers that are never caught by half of one."""

import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine.errors import RequestError, RunError
from engine.failures import Failure
from engine.files import replace_folder, replacing
from engine.requests import FitRequest, PanelSpec
from engine.runs import Run, Status

REQUEST = FitRequest(panel=PanelSpec(freq="D"), model="theta", horizon=7)
STATUS = Status(pid=1, pid_started="x", stage="s" * 500)


@pytest.fixture
def run(tmp_path: Path, frame: pd.DataFrame) -> Run:
    return Run.create(tmp_path / "run", REQUEST, frame)


def test_when_created_then_request_and_panel_come_back(run: Run, frame: pd.DataFrame) -> None:
    assert run.request() == REQUEST
    panel = run.frame("panel")
    assert panel is not None
    pd.testing.assert_frame_equal(panel.astype({"series_id": object}), frame, check_dtype=False)
    assert (run.status(), run.failure(), run.frame("future")) == (None, None, None)
    assert run.log_tail() == []


def test_when_the_frame_cannot_be_written_then_no_folder_is_left(tmp_path: Path) -> None:
    mixed = pd.DataFrame({"series_id": ["a", 1], "timestamp": 0, "target": [1.0, object()]})
    with pytest.raises(RunError, match="cannot be written"):
        Run.create(tmp_path / "run", REQUEST, mixed)
    assert list(tmp_path.iterdir()) == []


def test_when_the_status_is_read_while_it_is_written_then_it_is_never_half(run: Run) -> None:
    run.write_status(STATUS)
    done = threading.Event()

    def write() -> None:
        for beat in range(400):
            run.write_status(Status(pid=1, pid_started="x", beat=beat, stage="s" * (beat * 20)))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        assert run.status() is not None
    thread.join()


@pytest.mark.parametrize("content", [b"", b'{"pid": 1', b"\xff\xfe\x00", b"[]", b'{"stage": "x"}'])
def test_when_the_status_is_damaged_then_there_is_none(run: Run, content: bytes) -> None:
    (run.folder / "status.json").write_bytes(content)
    assert run.status() is None


def test_when_the_status_has_a_field_of_a_newer_version_then_the_rest_is_read(run: Run) -> None:
    (run.folder / "status.json").write_text('{"pid": 7, "pid_started": "x", "mood": "good"}')
    assert run.status() == Status(pid=7, pid_started="x")


def test_when_the_request_is_missing_or_truncated_then_it_is_said(run: Run) -> None:
    file = run.folder / "request.json"
    file.write_text(file.read_text()[:50])
    with pytest.raises(RequestError, match="damaged"):
        run.request()
    file.unlink()
    with pytest.raises(RunError, match="Submit the job again"):
        run.request()


def test_when_the_log_ends_in_half_a_line_then_the_lines_before_are_read(run: Run) -> None:
    run.log.write_text('{"message": "a"}\n{"message": "b"}\n{"mess')
    assert [entry["message"] for entry in run.log_tail()] == ["a", "b"]


def point(step: int, metric: float | None = None, stage: str = "lstm: training") -> dict[str, Any]:
    return {
        "stage": stage, "step": step, "total": 9, "loss": 1 / step, "metric": metric, "seconds": 0.5
    }  # fmt: skip


def test_when_nothing_was_trained_then_the_curves_are_empty_and_have_their_columns(
    run: Run,
) -> None:
    columns = ["stage", "step", "total", "loss", "metric", "seconds"]
    assert run.curves().columns.tolist() == columns
    assert run.curves().empty
    assert run.curves()["loss"].dtype == "float64"


def test_when_a_worker_died_in_the_middle_of_a_line_then_the_curves_go_on_after_it(
    run: Run,
) -> None:
    run.add_to_curves(point(1))
    with run.curves_file.open("a") as file:
        file.write('{"stage": "lstm: trai')
    assert run.curves()["step"].tolist() == [1]
    run.add_to_curves(point(2, metric=0.5))
    run.add_to_curves(point(1, stage="gru: training"))
    curves = run.curves()
    assert curves["step"].tolist() == [1, 2, 1]
    assert curves["stage"].tolist() == ["lstm: training", "lstm: training", "gru: training"]
    assert curves["metric"].isna().tolist() == [True, False, True]
    assert curves["loss"].tolist() == [1.0, 0.5, 1.0]


def test_when_steps_are_done_again_from_a_checkpoint_then_the_curves_hold_them_once(
    run: Run,
) -> None:
    for step, metric in [(1, None), (3, 0.1), (5, 0.2), (3, 0.3), (4, None), (6, 0.4)]:
        run.add_to_curves(point(step, metric))
    assert run.curves()["step"].tolist() == [1, 3, 4, 6]
    assert run.curves()["metric"].dropna().tolist() == [0.3, 0.4]


def test_when_a_failure_is_written_then_it_comes_back(run: Run) -> None:
    failure = Failure(code="input", what="Wrong.", where="theta", remedy="Correct it.")
    run.write_failure(failure)
    assert run.failure() == failure
    assert str(failure) == "Wrong. Correct it."


def test_when_writing_fails_then_the_old_file_stays_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write_half() -> None:
        with replacing(path) as fresh:
            fresh.write_text("ne")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_when_a_folder_is_replaced_then_it_is_whole_and_its_parent_is_not_made_anew(
    tmp_path: Path,
) -> None:
    def write(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "b").write_text("new")

    target = tmp_path / "model"
    target.mkdir()
    (target / "a").write_text("old")
    replace_folder(target, write)
    assert [each.name for each in target.iterdir()] == ["b"]
    assert [each.name for each in tmp_path.iterdir()] == ["model"]
    with pytest.raises(FileNotFoundError):
        replace_folder(tmp_path / "gone" / "model", write)
    assert not (tmp_path / "gone").exists()
