"""Where a kept model comes from: the weights it began with, and each training since, in order.

A run names the run that it went on from; what came of our pretrained forecaster keeps a card of its
weights in its own folder, which no deleted run can take away. Knows no widgets.
"""

import json
from typing import Any

from engine.registry import Entry
from engine.requests import FitRequest, ForecastRequest
from ui import format as fmt
from ui import model_facts, public_models, train_pretrained
from ui.engine import registry

_MOST = 20  # runs looked back; nobody goes on so often
_WAYS = {
    "all": "all of it",
    "last": "its last layers",
    "head": "its head",
    "low-rank": "small additions",
}


def in_words(entry: Entry) -> str:
    """Such as "Our pretrained forecaster (...) → all of it, 120 steps"; "" for a model made anew.

    A model that a run only forecast with is that of the run before.
    """
    steps, run_id = [], entry.run_id
    for _ in range(_MOST):
        request = model_facts.request_of(run_id)
        if not isinstance(request, ForecastRequest | FitRequest) or request.from_run is None:
            break
        if request.fine_tune is not None:
            steps.append(f"trained further: {_WAYS[request.fine_tune]}")
        run_id = request.from_run
    if entry.about.model == train_pretrained.MODEL:
        return _of_pretrained(entry)
    if entry.about.model in public_models.MODELS:
        return _of_public(entry)
    if not steps:
        return ""
    first = registry().entry(run_id)
    begun = fmt.escape(first.name) if first else "a model that was deleted"
    return " → ".join([begun, *reversed(steps)])


def _of_pretrained(entry: Entry) -> str:
    """By the card in the folder of the model, which every training since is written on."""
    path = registry().run(entry.run_id).model / "config.json"
    try:
        fitted: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["fitted"]
        card, tuned = fitted["card"], [str(each) for each in fitted["tuned"]]
        begun = (
            f"{train_pretrained.NAME} ({card['size']}, {card['steps']:,} steps on "
            f"{card['series'] / 1e6:.1f} million made-up series, {card['real_series']:,} real ones)"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return f"{train_pretrained.NAME}; its card cannot be read"
    trained = [f"{_WAYS.get(way, way)},{steps}" for way, _, steps in _parts(tuned)]
    return " → ".join([begun, *trained]) if trained else f"{begun}, as it is"


def _of_public(entry: Entry) -> str:
    """By the checkpoint that the folder of the model names."""
    path = registry().run(entry.run_id).model / "config.json"
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))["fitted"]["checkpoint"]
        name, licence = fmt.escape(str(kept["name"])), fmt.escape(str(kept["licence"]))
    except (OSError, ValueError, KeyError, TypeError):
        return "Public weights; what they were cannot be read"
    return f"{name}, public weights as they are; licence {licence or 'not stated'}"


def _parts(tuned: list[str]) -> list[tuple[str, str, str]]:
    return [each.partition(",") for each in tuned]
