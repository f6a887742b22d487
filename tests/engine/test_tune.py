"""Jobs that search: twelve trials under a budget, killed, told to stop, and gone on with."""

import json
import os
import signal
from pathlib import Path

import pandas as pd
import pytest
from test_worker import start
from waiting import until

import forecasting as fc
from engine.errors import RequestError
from engine.requests import PanelSpec, TuneRequest
from engine.runs import Run
from engine.supervisor import Engine
from engine.worker import DONE, FAILED

DAILY = PanelSpec(freq="D")
SPACE = {
    "num_leaves": [4, 7, 15],
    "learning_rate": {"low": 0.001, "high": 0.5, "log": True},
}
QUICK = {"num_rounds": 5, "max_rows": 300}


def request(**changed: object) -> TuneRequest:
    asked = {"model": "gbm", "horizon": 7, "options": QUICK, "space": SPACE, "trials": 12}
    return TuneRequest(panel=DAILY, **asked | changed)  # type: ignore[arg-type]


def finished(run: Run) -> int:
    """Trials that are over, as a page would see them."""
    trials = run.frame("trials")
    return 0 if trials is None else int((trials["state"] != "running").sum())


def test_when_twelve_trials_are_killed_half_way_then_the_engine_ends_them_as_if_undisturbed(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    asked = request(budget_seconds=1200)  # shares that a busy machine does not cut
    with Engine(tmp_path / "var") as engine:
        run_id = engine.submit(asked, frame)
        run = engine.run(run_id)
        until(lambda: finished(run) >= 4)
        status = run.status()
        assert status
        assert status.stage.endswith(("gbm: boosting", "reading data"))
        assert status.stage.startswith("[")
        os.kill(status.pid, signal.SIGKILL)
        assert engine.wait(run_id, timeout=60).state == "succeeded"
        assert engine.job(run_id).attempts == 2
    trials = run.frame("trials")
    assert trials is not None
    interrupted = trials["why"].str.startswith("interrupted")
    assert interrupted.sum() <= 1
    kept = trials[~interrupted]
    assert len(kept) == 12
    assert set(kept["state"]) == {"complete", "pruned"}
    panel = fc.Panel.from_frame(frame, freq="D")
    undisturbed = fc.tune(panel, "gbm", horizon=7, options=QUICK, space=SPACE, trials=12)
    columns = ["state", "value", *SPACE]
    again = kept[columns].reset_index(drop=True).astype({"state": str})
    pd.testing.assert_frame_equal(again, undisturbed.trials[columns], check_dtype=False)
    found = json.loads((run.folder / "result.json").read_text())
    assert found["options"] == undisturbed.options
    assert found["value"] == pytest.approx(undisturbed.value)
    best = undisturbed.create().fit(panel).predict(panel)
    pd.testing.assert_frame_equal(
        fc.load(run.model).predict(panel).to_frame(), best.to_frame(), check_dtype=False
    )


def test_when_terminated_then_finished_trials_are_kept_and_no_model_is_fitted(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    run = Run.create(tmp_path / "run", request(trials=1000), frame)
    worker = start(run)
    until(lambda: finished(run) >= 2)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=10) == DONE
    status, trials = run.status(), run.frame("trials")
    assert status
    assert (status.state, status.kept) == ("stopped", True)
    assert trials is not None
    assert (trials["state"] != "running").all()
    found = json.loads((run.folder / "result.json").read_text())
    assert found["value"] == trials["value"].min() <= found["default_value"]
    assert not run.model.exists()


def test_when_only_the_search_is_wanted_then_no_model_is_kept(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    run = Run.create(tmp_path / "run", request(trials=2, fit_best=False), frame)
    assert start(run).wait() == DONE
    assert finished(run) == 2
    assert not run.model.exists()


def test_when_the_space_cannot_work_then_the_failure_names_it(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    run = Run.create(tmp_path / "run", request(space={"num_leaves": [1]}), frame)
    assert start(run).wait() == FAILED
    failure = run.failure()
    assert failure
    assert (failure.code, "num_leaves=1" in failure.what) == ("input", True)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"trials": 0}, "trials=0"),
        ({"sampler": "grid"}, "sampler='grid'"),
        ({"pruner": 1}, "pruner=1 must be true or false"),
        ({"space": [1]}, "space="),
        ({"model": "prophecy"}, "'prophecy' is unknown"),
    ],
)
def test_when_a_value_cannot_work_then_it_is_named(changed: dict[str, object], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        request(**changed)
