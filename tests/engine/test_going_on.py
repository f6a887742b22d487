"""Jobs that go on from an earlier run: stopped searches and trainings, and fine-tuning."""

import json
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_worker import start
from waiting import until

import forecasting as fc
from engine.errors import RequestError
from engine.requests import (
    FitRequest,
    ForecastRequest,
    PanelSpec,
    Request,
    TuneRequest,
    from_json,
    to_json,
)
from engine.runs import Run
from engine.worker import DONE, FAILED
from forecasting.networks.forecaster import NetworkForecaster

pytestmark = pytest.mark.slow

DAILY = PanelSpec(freq="D")
QUICK = {"num_rounds": 5, "max_rows": 300}
SPACE = {"num_leaves": [4, 7, 15], "learning_rate": {"low": 0.001, "high": 0.5, "log": True}}
SMALL: dict[str, Any] = {"width": 8, "batch_size": 16, "patience": 999}
EARLIER = "20261120-070000-abcd"
NEW_FIELDS = [
    FitRequest(panel=DAILY, model="lstm", horizon=7, from_run=EARLIER, fine_tune="last"),
    FitRequest(panel=DAILY, model="lstm", horizon=7, continues=EARLIER),
    ForecastRequest(panel=DAILY, from_run=EARLIER, fine_tune="all", options={"steps": 5}),
    TuneRequest(panel=DAILY, model="gbm", horizon=7, continues=EARLIER, forecast=True),
]


def search(**changed: Any) -> TuneRequest:
    asked = {"model": "gbm", "horizon": 7, "options": QUICK, "space": SPACE, "trials": 6}
    return TuneRequest(panel=DAILY, **asked | changed)


def settled(run: Run) -> int:
    trials = run.frame("trials")
    return 0 if trials is None else int((trials["state"] != "running").sum())


def stopped(run: Run, is_time: Any) -> None:
    """Start the worker of a run and tell it to stop when it is time."""
    worker = start(run)
    until(is_time, seconds=60)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == DONE


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> Path:
    """A folder of runs, of which `earlier` kept a small LSTM."""
    folder = tmp_path_factory.mktemp("runs")
    request = FitRequest(panel=DAILY, model="lstm", horizon=7, options=SMALL | {"max_steps": 20})
    assert start(Run.create(folder / "earlier", request, frame)).wait() == DONE
    return folder


def kept(run: Run) -> NetworkForecaster:
    model = fc.load(run.model)
    assert isinstance(model, NetworkForecaster)
    return model


def test_when_a_stopped_search_is_continued_then_it_ends_as_if_undisturbed(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    first = Run.create(tmp_path / "first", search(trials=40), frame)
    stopped(first, lambda: settled(first) >= 3)
    tried = settled(first)
    again = Run.create(
        tmp_path / "again", search(trials=tried + 2, continues="first", forecast=True), frame
    )
    assert start(again).wait() == DONE
    trials = again.frame("trials")
    assert trials is not None
    counted = trials[~trials["why"].str.startswith("interrupted")]
    panel = fc.Panel.from_frame(frame, freq="D")
    whole = fc.tune(panel, "gbm", horizon=7, options=QUICK, space=SPACE, trials=len(counted))
    columns = ["state", "value", *SPACE]
    pd.testing.assert_frame_equal(
        counted[columns].reset_index(drop=True).astype({"state": str}),
        whole.trials[columns],
        check_dtype=False,
    )
    found = json.loads((again.folder / "result.json").read_text())
    assert found["options"] == whole.options
    forecast = again.frame("forecast")
    assert forecast is not None
    assert len(forecast) == 3 * 7


def test_when_a_stopped_training_is_continued_then_it_goes_on_from_its_checkpoint(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    asked = {"panel": DAILY, "model": "lstm", "horizon": 7, "options": SMALL | {"max_steps": 2000}}
    first = Run.create(tmp_path / "first", ForecastRequest(**asked), frame)
    stopped(first, lambda: len(first.curves()) > 1)
    done = kept(first).training.steps
    again = Run.create(tmp_path / "again", ForecastRequest(**asked, continues="first"), frame)
    stopped(again, lambda: again.curves()["step"].max() > done)
    training = kept(again).training
    assert training.resumed_at == done < training.steps
    assert again.curves()["step"].iloc[0] == first.curves()["step"].iloc[0]


def test_when_there_is_nothing_to_go_on_with_then_the_job_begins_anew_and_says_so(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    run = Run.create(tmp_path / "run", search(trials=2, continues="gone"), frame)
    assert start(run).wait() == DONE
    assert settled(run) == 2
    assert any("left nothing to go on with" in each["message"] for each in run.log_tail())


@pytest.mark.parametrize("kind", ["fit", "forecast"])
def test_when_a_kept_network_is_trained_further_then_only_the_asked_weights_move(
    network: Path, frame: pd.DataFrame, kind: str
) -> None:
    asked: dict[str, Any] = {
        "panel": DAILY,
        "horizon": 7,
        "from_run": "earlier",
        "fine_tune": "head",
        "options": {"steps": 30, "learning_rate": 0.01},
    }
    shifted = frame.assign(target=frame["target"] * (1 + frame["timestamp"].dt.dayofweek))
    request: Request = (
        FitRequest(model="lstm", **asked) if kind == "fit" else ForecastRequest(**asked)
    )
    run = Run.create(network / kind, request, shifted)
    assert start(run).wait() == DONE
    before, after = kept(Run(network / "earlier")), kept(run)
    assert after.training.best_step > 0
    assert before._network
    assert after._network
    moved = {
        name.split(".")[0]
        for (name, old), new in zip(
            before._network.state_dict().items(),
            after._network.state_dict().values(),
            strict=True,
        )
        if not old.equal(new)
    }
    assert moved
    assert moved <= {"head", "gate", "mean_head", "mean_gate"}
    assert (run.frame("forecast") is not None) == (kind == "forecast")


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"model": "gru"}, "model='lstm'"), ({"horizon": 14}, "horizon=7")],
)
def test_when_the_kept_network_is_another_then_the_failure_says_which(
    network: Path, frame: pd.DataFrame, changed: dict[str, Any], words: str
) -> None:
    asked = {"panel": DAILY, "model": "lstm", "horizon": 7, "fine_tune": "all"}
    request = FitRequest(**asked | {"from_run": "earlier"} | changed)
    run = Run.create(network / words.replace("'", ""), request, frame)
    assert start(run).wait() == FAILED
    failure = run.failure()
    assert failure
    assert words in failure.what


def test_when_the_kept_model_is_no_network_then_the_failure_says_so(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    plain = FitRequest(panel=DAILY, model="theta", horizon=7)
    assert start(Run.create(tmp_path / "plain", plain, frame)).wait() == DONE
    request = ForecastRequest(panel=DAILY, from_run="plain", fine_tune="all", horizon=7)
    run = Run.create(tmp_path / "run", request, frame)
    assert start(run).wait() == FAILED
    failure = run.failure()
    assert failure
    assert "'theta', which cannot be trained further" in failure.what


@pytest.mark.parametrize("request_", NEW_FIELDS, ids=range(len(NEW_FIELDS)))
def test_when_written_and_read_then_nothing_of_the_start_is_lost(request_: Request) -> None:
    assert from_json(to_json(request_)) == request_


@pytest.mark.parametrize("odd", [True, 1, "", "../elsewhere", [], {}])
@pytest.mark.parametrize("name", ["from_run", "continues", "fine_tune"])
def test_when_the_start_is_odd_then_it_is_refused(name: str, odd: object) -> None:
    content = json.loads(to_json(NEW_FIELDS[0]))
    with pytest.raises(RequestError, match=name):
        from_json(json.dumps({**content, name: odd}))


def test_when_only_half_of_a_fine_tuning_is_given_then_it_is_refused() -> None:
    with pytest.raises(RequestError, match="give both"):
        FitRequest(panel=DAILY, model="lstm", horizon=7, from_run=EARLIER)
    with pytest.raises(RequestError, match="needs from_run"):
        ForecastRequest(panel=DAILY, model="lstm", fine_tune="all")
    with pytest.raises(RequestError, match="options name width"):
        ForecastRequest(panel=DAILY, from_run=EARLIER, fine_tune="all", options={"width": 8})
    with pytest.raises(RequestError, match="needs fit_best"):
        search(fit_best=False, forecast=True)
