"""Our own models, as `forecasting` gives them: fitted once, except those that have no other way."""

import dataclasses
from typing import Any

import forecasting as fc
from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.outcome import COLUMNS, Outcome
from benchmarks.accuracy.rivals import Rival

SMOKE = {"max_steps": 10, "num_rounds": 10}  # where a model has the option


def run(rival: Rival, contest: Contest, *, smoke: bool) -> Outcome:
    """Fit at the first cutoff and predict at all; a statistical model is fitted at each."""
    outcome = Outcome()
    model = fc.create(rival.model, horizon=contest.horizon, **_options(rival, smoke=smoke))
    for cutoff in contest.cutoffs:
        past = contest.past(cutoff)
        if cutoff == contest.cutoffs[0] or rival.family == "statistical":
            with outcome.fit.measured():
                model.fit(past)
        # A local model does its work in `predict`; it is a fit all the same.
        spent = outcome.fit if rival.family == "statistical" else outcome.predict
        with spent.measured():
            forecast = model.predict(past, known_future=contest.ahead(cutoff))
        frame = forecast.to_frame()
        frame.insert(0, "cutoff", past.cutoff)
        outcome.frames.append(frame[COLUMNS])
        outcome.fallbacks += len(forecast.notes)
        if forecast.notes and not outcome.note:
            first = forecast.notes[0]
            outcome.note = f"{first.series_id}: {first.used}, {first.reason}"
    return outcome


def _options(rival: Rival, *, smoke: bool) -> dict[str, Any]:
    options = dict(rival.options)
    if not smoke:
        return options
    options |= _few(rival.model)
    if rival.model == "ensemble":
        options["member_options"] = {name: _few(name) for name in options["members"]}
    return options


def _few(model: str) -> dict[str, int]:
    """The options that make a model's training short, of those that it has."""
    config = fc.MODELS[model].import_class().config_class
    names = {each.name for each in dataclasses.fields(config)}
    return {name: count for name, count in SMOKE.items() if name in names}
