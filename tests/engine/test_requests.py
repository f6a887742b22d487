"""Requests: what goes to JSON comes back, and what cannot work is refused in plain words."""

import json
from pathlib import Path

import pandas as pd
import pytest

from engine.errors import RequestError
from engine.requests import (
    BacktestRequest,
    FitRequest,
    ForecastRequest,
    PanelSpec,
    Request,
    TuneRequest,
    code_version,
    digest,
    from_json,
    to_json,
)

PANEL = PanelSpec(freq="D", known_covariates=("price",), gaps="zero")
FIT = FitRequest(panel=PANEL, model="theta", horizon=7, options={"seasonality": 7})
REQUESTS = [
    FIT,
    ForecastRequest(panel=PANEL, model="theta", horizon=7, quantile_levels=(0.1, 0.9)),
    ForecastRequest(panel=PANEL, from_run="20261120-070000-abcd"),
    BacktestRequest(panel=PANEL, models=("naive", "theta"), horizon=7, budget_seconds=2.5),
    TuneRequest(panel=PANEL, model="gbm", horizon=7, space={"num_leaves": [7, 15]}, trials=3),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: each.kind)
def test_when_written_and_read_then_the_request_is_the_same(request_: Request) -> None:
    assert from_json(to_json(request_)) == request_


def test_when_options_hold_tuples_then_the_copy_is_still_the_same() -> None:
    request = FitRequest(panel=PANEL, model="theta", horizon=7, options={"lags": (1, 7)})
    assert from_json(to_json(request)) == request


def changed(**changes: object) -> str:
    return json.dumps({**json.loads(to_json(FIT)), **changes})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed(format=99), "newer version of Almanac"),
        (changed(format="1"), "has the format '1'"),
        (changed(colour="red"), "unknown here: colour"),
        (changed(panel={"freq": "D", "zone": "UTC"}), "unknown here: zone"),
        (changed(kind="paint"), "unknown kind 'paint'"),
        (changed(horizon=0), "horizon=0 must be a whole number of at least 1"),
        (changed(panel=3), "no readable panel"),
        (to_json(FIT)[:40], "damaged"),
        ("[]", "no format or kind"),
        ('{"format": 1, "kind": "fit"}', "lacks panel, model, horizon"),
    ],
)
def test_when_the_text_is_foreign_then_it_is_refused(text: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        from_json(text)


ODD = [None, True, -1, 0, 1.5, "", "x", [], ["x"], [[1]], {}, {"x": 1}, {"x": {}}]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: each.kind)
def test_when_any_value_is_odd_then_it_is_refused_or_comes_back(request_: Request) -> None:
    content = json.loads(to_json(request_))
    for name in content:
        for odd in ODD:
            try:
                read = from_json(json.dumps({**content, name: odd}))
            except RequestError:
                continue
            assert from_json(to_json(read)) == read


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "prophecy"}, "'prophecy' is unknown"),
        ({"horizon": True}, "horizon=True"),
        ({"quantile_levels": (0.9, 0.1)}, "ascending probabilities"),
        ({"budget_seconds": float("nan")}, "budget_seconds=nan"),
        ({"options": {"x": object()}}, "options="),
        ({"panel": {"freq": "D"}}, "must be a PanelSpec"),
    ],
)
def test_when_a_value_cannot_work_then_it_is_named(options: dict[str, object], words: str) -> None:
    given = {"panel": PANEL, "model": "theta", "horizon": 7, **options}
    with pytest.raises(RequestError, match=words):
        FitRequest(**given)  # type: ignore[arg-type]


def test_when_a_forecast_names_no_model_or_a_path_then_it_is_refused() -> None:
    with pytest.raises(RequestError, match="not both"):
        ForecastRequest(panel=PANEL)
    with pytest.raises(RequestError, match="not the id of a run"):
        ForecastRequest(panel=PANEL, from_run="../elsewhere")


def test_when_a_backtest_is_odd_then_it_is_refused() -> None:
    with pytest.raises(RequestError, match="names something twice"):
        BacktestRequest(panel=PANEL, models=("theta", "theta"), horizon=7)
    with pytest.raises(RequestError, match="options are per model"):
        BacktestRequest(panel=PANEL, models=("theta",), horizon=7, options={"seasonality": {}})


def test_when_request_or_data_differ_then_the_digest_does(frame: pd.DataFrame) -> None:
    other = FitRequest(panel=PANEL, model="theta", horizon=8, options={"seasonality": 7})
    warmer = frame.assign(target=frame["target"] + (frame.index == 5))
    base = digest(FIT, frame, None)
    assert base == digest(from_json(to_json(FIT)), frame.copy(), None)
    different = {digest(other, frame, None), digest(FIT, warmer, None), digest(FIT, frame, frame)}
    assert base not in different
    assert len(different) == 3


def test_when_the_code_has_changed_then_the_digest_does(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result of older code is not offered: it need not be what the present code gives."""
    for folder in ("engine", "forecasting/models"):
        (tmp_path / folder).mkdir(parents=True)
    sources = [tmp_path / "engine" / "jobs.py", tmp_path / "forecasting" / "models" / "lstm.py"]
    versions = []
    for source in [*sources, None]:
        for each in sources:
            each.write_text("changed" if each == source else "as it was")
        code_version.cache_clear()
        versions.append(code_version(tmp_path))
    assert len(set(versions)) == 3
    code_version.cache_clear()
    base = digest(FIT, frame)
    monkeypatch.setattr("engine.requests.code_version", lambda: versions[0])
    assert digest(FIT, frame) != base
