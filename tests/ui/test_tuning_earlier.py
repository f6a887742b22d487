"""Going on from an earlier model: which kept networks fit, and what is said of the others."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.registry import About
from ui import engine as engines
from ui import tuning_earlier
from ui.tuning_earlier import Reads, Wanted

READS = Reads(freq="W-MON", horizon=4, columns=frozenset({"price", "festival"}), non_negative=True)
WANTED = Wanted(freq="W", horizon=4, columns=frozenset({"price", "festival"}), has_negative=False)


def why(reads: dict[str, Any] | None = None, **wanted: Any) -> str:
    found = tuning_earlier.differences(
        Reads(**{**vars(READS), **(reads or {})}), Wanted(**{**vars(WANTED), **wanted})
    )
    return "; ".join(found)


def test_when_all_is_the_same_then_nothing_is_in_the_way() -> None:
    assert why() == ""


@pytest.mark.parametrize(
    ("reads", "wanted", "words"),
    [
        ({}, {"freq": "D"}, "forecasts weeks, not days"),
        ({}, {"horizon": 13}, "looks 4 ahead, not 13"),
        ({}, {"columns": frozenset({"festival"})}, "knows prices, not used here"),
        ({"columns": frozenset()}, {}, "was trained without festivals and prices"),
        ({}, {"has_negative": True}, "has seen no returns; there are some here"),
        ({"non_negative": False}, {"has_negative": True}, ""),
        ({"freq": None, "columns": None}, {"freq": "D", "columns": frozenset({"x"})}, ""),
        ({"freq": None, "columns": None}, {"horizon": 13}, "looks 4 ahead, not 13"),
    ],
)
def test_when_something_differs_then_it_is_named(
    reads: dict[str, Any], wanted: dict[str, Any], words: str
) -> None:
    assert why(reads, **wanted) == words


def config(**changed: Any) -> dict[str, Any]:
    layout = {"freq": "W-MON", "known": [{"name": "price"}, {"name": "festival"}]}
    fitted = {"layout": {**layout, "non_negative": True}}
    return {"format": 1, "model": "lstm", "config": {"horizon": 4}, "fitted": fitted, **changed}


def test_when_models_are_kept_then_those_that_fit_come_first(
    empty_store: None, tmp_path: Path
) -> None:
    registry = engines.registry()
    contents = {
        "fits": json.dumps(config()),
        "far": json.dumps(config(config={"horizon": 9})),
        "broken": "{}",
        "none": None,
        "ours": json.dumps(config(model="pretrained", fitted={})),
    }
    models = {"none": "gbm", "ours": "pretrained"}
    for run_id, content in contents.items():
        registry.add(run_id, About(model=models.get(run_id, "lstm")), name=run_id)
        folder = registry.run(run_id).model
        folder.mkdir(parents=True)
        if content is not None:
            (folder / "config.json").write_text(content, encoding="utf-8")
    found = {each.entry.run_id: each.why_not for each in tuning_earlier.candidates(WANTED)}
    assert list(found)[:2] == ["ours", "fits"]
    assert found == {
        "fits": "",
        "ours": "",
        "broken": "its files are damaged",
        "far": "looks 9 ahead, not 4",
    }
