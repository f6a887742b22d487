"""What a kept model was made with: by which run, and with which options. Knows no widgets.

A run may only forecast with the model of another, or train it further; and a search was asked with
the options that are the same in all trials, and found the others.
"""

from collections.abc import Mapping
from typing import Any

from engine.errors import EngineError
from engine.registry import Entry
from engine.requests import FitRequest, ForecastRequest, Request, TuneRequest
from ui import format as fmt
from ui import tuning_jobs, tuning_words
from ui.engine import registry


def options_of(entry: Entry) -> Mapping[str, Any]:
    """The options that the library was given for the model; of a search those that it found."""
    run_id = _made_by(entry.run_id, through_training=True)
    request = request_of(run_id)
    if isinstance(request, TuneRequest):
        found = tuning_jobs.found(registry().run(run_id))
        return found.options if found else request.options
    if isinstance(request, ForecastRequest | FitRequest) and request.from_run is None:
        return request.options
    return entry.about.options  # what it began with was deleted


def options_in_words(entry: Entry) -> str:
    """The options in a line; of a search also what they are better than."""
    words = tuning_words.in_words(options_of(entry)) or "defaults"
    found = tuning_jobs.found(registry().run(_made_by(entry.run_id, through_training=True)))
    if found is None or not found.default_value:
        return words
    change = fmt.growth(found.value / found.default_value - 1)
    gain = "as good as" if change == "0%" else f"{change} against"
    return f"{words} (found by a search: WQL {found.value:.3f}, {gain} the usual settings)"


def trained_by(run_id: str) -> str:
    """The run that trained the model of a run, through all that only forecast with it."""
    return _made_by(run_id, through_training=False)


def made_with_it(run_id: str) -> list[str]:
    """The runs from the one that trained a model to this one, which forecast with it."""
    found = [run_id]
    while isinstance(request := request_of(found[-1]), ForecastRequest):
        if request.fine_tune is not None or request.from_run is None:
            break
        found.append(request.from_run)
    return found[::-1]


def request_of(run_id: str) -> Request | None:
    """What a run was asked; None where it was deleted, or is of another version."""
    try:
        return registry().run(run_id).request()
    except EngineError:
        return None


def _made_by(run_id: str, *, through_training: bool) -> str:
    """The run that a model is of in the end, through forecasts, and maybe further training."""
    while isinstance(request := request_of(run_id), ForecastRequest | FitRequest):
        is_end = request.fine_tune is not None and not through_training
        if request.from_run is None or is_end:
            break
        run_id = request.from_run
    return run_id
