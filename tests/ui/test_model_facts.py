"""What a kept model was made with: through forecasts, further training, and searches."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from engine.registry import About, Entry
from engine.requests import ForecastRequest, PanelSpec, Request, TuneRequest
from engine.runs import Run
from ui import model_facts, scheduled_runs
from ui import models as shown
from ui.engine import registry

SPEC = PanelSpec(freq="W-MON")
SCOPE: dict[str, Any] = {"dataset": 1, "categories": [], "product": None, "place": None,
                         "freq": "W", "measure": "quantity", "split": "total"}  # fmt: skip
FOUND = {"num_leaves": 7, "learning_rate": 0.05}


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A registry of its own, closed afterwards."""
    monkeypatch.setenv("ALMANAC_VAR", str(tmp_path))
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def add(run_id: str, request: Request, *, model: str = "gbm", **about: Any) -> Entry:
    stamps = pd.date_range("2026-01-05", periods=8, freq="W-MON")
    frame = pd.DataFrame({"series_id": "total", "timestamp": stamps, "target": 1.0})
    Run.create(registry().run(run_id).folder, request, frame)
    registry().run(run_id).model.mkdir()
    registry().add(run_id, About(model=model, scope=SCOPE, horizon=4, **about), name=run_id)
    entry = registry().entry(run_id)
    assert entry
    return entry


def searched(run_id: str = "search") -> Entry:
    fixed = {"max_origins": 30}
    request = TuneRequest(panel=SPEC, model="gbm", horizon=4, options=fixed, trials=2)
    entry = add(run_id, request, preset="search", options=fixed)
    found = {"options": fixed | FOUND, "value": 0.4, "default_value": 0.5}
    (registry().run(run_id).folder / "result.json").write_text(json.dumps(found))
    return entry


def again(run_id: str, from_run: str, **given: Any) -> Entry:
    return add(run_id, ForecastRequest(panel=SPEC, from_run=from_run, horizon=4, **given))


def test_when_a_run_was_asked_with_options_then_these_are_shown() -> None:
    request = ForecastRequest(panel=SPEC, model="gbm", options={"num_leaves": 9}, horizon=4)
    entry = add("r1", request, options={"num_leaves": 9})
    assert model_facts.options_of(entry) == {"num_leaves": 9}
    assert model_facts.options_in_words(entry) == "leaves 9"
    plain = add("r2", ForecastRequest(panel=SPEC, model="gbm", horizon=4))
    assert model_facts.options_in_words(plain) == "defaults"


def test_when_a_search_made_the_model_then_what_it_found_is_shown_and_repeated() -> None:
    entry = searched()
    words = model_facts.options_in_words(entry)
    assert words.startswith("past dates 30, leaves 7, learning rate 0.05 (found by a search")
    assert "WQL 0.400, −20% against the usual settings" in words
    kept = scheduled_runs.template(entry)
    assert kept["about"]["options"] == {"max_origins": 30} | FOUND
    assert scheduled_runs.patterns(kept)[0].options == {"max_origins": 30} | FOUND


def test_when_it_forecasts_with_or_trains_on_from_a_found_model_then_the_options_are_the_same() -> (
    None
):
    searched()
    forecast = again("f", "search")
    further = again("t", "f", fine_tune="all")
    for entry in (forecast, further):
        assert model_facts.options_of(entry)["num_leaves"] == 7
    assert model_facts.trained_by("f") == "search"
    assert model_facts.trained_by("t") == "t"
    assert model_facts.made_with_it("f") == ["search", "f"]
    assert model_facts.made_with_it("t") == ["t"]


def test_when_the_run_that_it_is_from_was_deleted_then_what_is_written_of_it_counts() -> None:
    searched()
    entry = again("f", "search")
    registry().delete("search")
    assert model_facts.options_of(entry) == {}
    assert model_facts.trained_by("f") == "search"


def test_when_a_search_has_not_ended_then_what_was_fixed_is_all_there_is() -> None:
    entry = searched()
    (registry().run("search").folder / "result.json").unlink()
    assert model_facts.options_of(entry) == {"max_origins": 30}


def test_when_a_model_is_to_be_deleted_then_what_depends_on_it_is_named() -> None:
    entry = searched()
    again("f", "search")
    again("t", "search", fine_tune="all")
    registry().crown("search")
    entry = registry().entry("search") or entry
    lines = shown.dependents_in_words(entry)
    assert lines[0] == "It is the champion of its scope; there will be none."
    assert lines[1] == "1 forecast made with it: f. They stay, but cannot be made again."
    assert len(lines) == 2
    from ui import scheduling

    scheduling.schedules().add(
        name="Every *Monday*", template=scheduled_runs.template(entry), cron="0 6 * * 1"
    )
    assert "1 schedule compared with it: Every \\*Monday\\*." in shown.dependents_in_words(entry)[2]
    scheduling.close()
