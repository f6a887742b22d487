"""Where a kept model comes from: through runs, and by the card of the pretrained weights."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from engine.requests import ForecastRequest
from tests.ui.test_model_facts import SPEC, add, again
from ui import model_lineage
from ui.engine import registry


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A registry of its own, closed afterwards."""
    monkeypatch.setenv("ALMANAC_VAR", str(tmp_path))
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


CARD = {"size": "small", "steps": 5729, "series": 549_984, "real_series": 0}


def fitted_with(run_id: str, tuned: list[str] | None) -> str:
    """The lineage of a pretrained model; `tuned` None leaves its folder empty."""
    request = ForecastRequest(panel=SPEC, model="pretrained", horizon=4)
    entry = add(run_id, request, model="pretrained")
    if tuned is not None:
        content: dict[str, Any] = {"fitted": {"card": CARD, "tuned": tuned}}
        path = registry().run(run_id).model / "config.json"
        path.write_text(json.dumps(content), encoding="utf-8")
    return model_lineage.in_words(entry)


def test_when_a_model_was_trained_further_then_it_names_what_it_began_with() -> None:
    base = add("base", ForecastRequest(panel=SPEC, model="lstm", horizon=4), model="lstm")
    further = again("further", "base", fine_tune="head")
    only = again("only", "further")
    assert model_lineage.in_words(base) == ""
    assert model_lineage.in_words(further) == "base → trained further: its head"
    assert model_lineage.in_words(only) == "base → trained further: its head"
    registry().delete("base")
    assert "deleted" in model_lineage.in_words(further)


def test_when_it_came_of_our_pretrained_forecaster_then_its_card_is_told() -> None:
    begun = "Our pretrained forecaster (small, 5,729 steps on 0.5 million made-up series, 0 real"
    words = fitted_with("tuned", ["all, 40 steps", "head, 9 steps"])
    assert words.startswith(begun)
    assert words.endswith("→ all of it, 40 steps → its head, 9 steps")
    assert fitted_with("whole", []).endswith("as it is")
    assert "cannot be read" in fitted_with("empty", None)


def test_when_it_forecasts_with_public_weights_then_they_and_their_licence_are_told() -> None:
    request = ForecastRequest(panel=SPEC, model="chronos_2", horizon=4)
    entry = add("public", request, model="chronos_2")
    assert "cannot be read" in model_lineage.in_words(entry)
    kept = {"name": "Chronos-2 (mine)", "licence": "apache-2.0", "weights": "x", "sha256": "y"}
    path = registry().run("public").model / "config.json"
    path.write_text(json.dumps({"fitted": {"checkpoint": kept}}), encoding="utf-8")
    told = model_lineage.in_words(entry).replace("\\", "")
    assert told == "Chronos-2 (mine), public weights as they are; licence apache-2.0"
