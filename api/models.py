"""Registered models, and forecasts of a posted series by one of them, in milliseconds.

A model is loaded at its first use and stays in memory; torch comes with the first network.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from api.memory import Kept
from api.problems import Problem
from api.wire import Call, Day, Moment, Wire, moment
from engine.registry import Entry
from engine.requests import PanelSpec
from ui import model_facts, models
from ui.engine import registry

MOST_SERIES, MOST_VALUES = 100, 10_000
_IN_MEMORY = 4


class ModelAnswer(Wire):
    run: str = Field(description="Id of the run that kept it.")
    name: str
    model: str
    in_use: bool = Field(description="Champion of its scope.")
    dataset_id: int | None
    scope: str
    frequency: str | None = Field(description="As pandas writes it: D, W-MON or MS.")
    horizon: int
    data_until: str
    made_at: Moment
    covariates: list[str] = Field(description="Columns that it has to know ahead.")
    metrics: dict[str, float] = Field(description="Of its comparison; empty before one.")


class ModelsAnswer(Wire):
    models: list[ModelAnswer] = Field(description="Those in use first, then the latest.")


class RunParams(Wire):
    run: str = Field(min_length=1, max_length=64, description="Id of a run.")


class SeriesBody(Wire):
    """A series; its last value is of the period before the forecast."""

    series_id: str = Field(default="series", min_length=1, max_length=300)
    start: Day = Field(description="Day of the first value.")
    values: list[float | None] = Field(
        min_length=1, max_length=MOST_VALUES, description="One per period, null where unknown."
    )
    covariates: dict[str, list[float]] = Field(
        default={},
        description="By column, for the periods of the values and of the forecast after them.",
    )


class PredictBody(Wire):
    series: list[SeriesBody] = Field(min_length=1, max_length=MOST_SERIES)
    quantiles: list[float] | None = Field(
        default=None, description="Levels; all where none are given."
    )


class SeriesAnswer(Wire):
    series_id: str
    timestamps: list[Day]
    mean: list[float | None]
    quantiles: dict[str, list[float | None]] = Field(description="By level, such as `0.9`.")
    note: str = Field(default="", description="What was done instead, where the model could not.")


class PredictAnswer(Wire):
    run: str
    model: str
    series: list[SeriesAnswer]


@dataclass(frozen=True, kw_only=True, eq=False)
class Loaded:
    """A model in memory."""

    entry: Entry
    model: Any
    spec: PanelSpec
    lock: threading.Lock = field(default_factory=threading.Lock)  # models do one thing at a time


_loaded: Kept[Loaded] = Kept(most=_IN_MEMORY)


def every(call: Call[Wire, None]) -> ModelsAnswer:
    """All models that were kept."""
    registry().collect_metrics()
    return ModelsAnswer(models=[answer_of(each) for each in models.listed()])


def answer_of(entry: Entry) -> ModelAnswer:
    about = entry.about
    request = model_facts.request_of(model_facts.trained_by(entry.run_id))
    spec = None if request is None else request.panel
    return ModelAnswer(
        run=entry.run_id,
        name=entry.name,
        model=about.model,
        in_use=entry.is_champion,
        dataset_id=about.scope.get("dataset"),
        scope=about.scope_words,
        frequency=None if spec is None else spec.freq,
        horizon=about.horizon,
        data_until=about.data_until,
        made_at=moment(about.created_at),
        covariates=[] if spec is None else list(spec.known_covariates),
        metrics={name: value for name, value in entry.metrics.items() if np.isfinite(value)},
    )


def predict(call: Call[RunParams, PredictBody]) -> PredictAnswer:
    """Forecast posted series with a kept model."""
    held = loaded(call.params.run)
    if held.spec.past_covariates or held.spec.static_features:
        raise Problem("conflict", f"{held.entry.name} needs more than posted series hold.")
    frame, future = _frames(call.body.series, held)
    panel = held.spec.of(frame)
    with held.lock:
        made = held.model.predict(panel, known_future=future)
    levels = made.quantile_levels if call.body.quantiles is None else call.body.quantiles
    if unknown := [each for each in levels if each not in made.quantile_levels]:
        raise Problem(
            "conflict",
            f"The model does not forecast the quantile {unknown[0]}. It has "
            f"{', '.join(f'{each:g}' for each in made.quantile_levels)}.",
        )
    return PredictAnswer(
        run=held.entry.run_id, model=held.entry.about.model, series=_answers(made, levels)
    )


def loaded(run_id: str) -> Loaded:
    """The model of a run, in memory. Raises `Problem` where it cannot be had."""
    return _loaded.get(run_id, lambda: _load(run_id))


def forget() -> None:
    """Let go of the models in memory: another folder was opened."""
    _loaded.clear()


def _load(run_id: str) -> Loaded:
    """Raises `Problem` (404) for a run that kept no model, 409 for one of another kind."""
    entry = registry().entry(run_id)
    folder = registry().run(run_id).model if entry else None
    if entry is None or folder is None or not folder.is_dir():
        raise Problem("not-found", f"There is no model of the run {run_id[:40]!r}. See /models.")
    request = model_facts.request_of(model_facts.trained_by(run_id))
    if request is None:
        raise Problem("conflict", f"What {entry.name} learned from is not known any more.")
    import forecasting as fc

    try:
        model = fc.load(folder)
    except fc.ForecastingError as error:  # the client knows no folders of the server
        raise Problem("conflict", str(error).replace(str(folder), entry.name)) from error
    if isinstance(model, fc.Trainable):
        import torch

        torch.set_num_threads(1)  # small batches: more threads only wait for each other
    return Loaded(entry=entry, model=model, spec=request.panel)


def _frames(series: Sequence[SeriesBody], held: Loaded) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """History and known future as the library takes them. Raises `Problem` for what is missing."""
    names, horizon = held.spec.known_covariates, held.model.config.horizon
    _refuse_doubles(series)
    history, ahead = [], []
    for number, each in enumerate(series):
        length = len(each.values)
        _check_covariates(f"body.series.{number}.covariates", each, names, length + horizon)
        stamps = _stamps(each.start, length + horizon, held.spec.freq)
        columns = {name: each.covariates[name] for name in names}
        frame = pd.DataFrame({"series_id": each.series_id, "timestamp": stamps, **columns})
        known = frame.iloc[:length]
        target = np.array([np.nan if value is None else value for value in each.values])
        history.append(known.assign(target=target))
        ahead.append(frame.iloc[length:])
    ends = {frame["timestamp"].iloc[-1] for frame in history}
    if len(ends) > 1:
        listed = ", ".join(f"{end:%Y-%m-%d}" for end in sorted(ends)[:3])
        raise Problem(
            "conflict", f"The series end at different days ({listed}). Send one request for each."
        )
    joined = pd.concat(history, ignore_index=True)
    return joined, pd.concat(ahead, ignore_index=True) if names else None


def _stamps(start: date, count: int, freq: str) -> pd.DatetimeIndex:
    found = pd.date_range(start, periods=count, freq=freq)
    if found[0].date() != start:
        raise Problem(
            "conflict",
            f"The model forecasts periods that begin like {found[0]:%A, %Y-%m-%d} ({freq}), and "
            f"start={start} does not. Move it to the first day of a period.",
        )
    return found


def _refuse_doubles(series: Sequence[SeriesBody]) -> None:
    ids = [each.series_id for each in series]
    if len(set(ids)) < len(ids):
        twice = next(each for each in ids if ids.count(each) > 1)
        raise Problem("conflict", f"series_id {twice[:60]!r} is there twice.")


def _check_covariates(where: str, each: SeriesBody, names: Sequence[str], length: int) -> None:
    missing = [name for name in names if name not in each.covariates]
    extra = [name for name in each.covariates if name not in names]
    if missing or extra:
        wants = ", ".join(names) or "none"
        what = f"lacks {', '.join(missing)}" if missing else f"has {extra[0]!r}"
        raise Problem("conflict", f"{where} {what}. The model knows ahead: {wants}.")
    for name, values in each.covariates.items():
        if name in names and len(values) != length:
            raise Problem(
                "conflict",
                f"{where}.{name} has {len(values)} values. Give {length}: one per value of the "
                f"series, and {length - len(each.values)} for the periods ahead.",
            )


def _answers(made: Any, levels: Sequence[float]) -> list[SeriesAnswer]:
    notes = {str(note.series_id): f"{note.used}: {note.reason}" for note in made.notes}
    stamps = [stamp.date() for stamp in made.timestamps]
    return [
        SeriesAnswer(
            series_id=str(series_id),
            timestamps=stamps,
            mean=_numbers(made.mean[row]),
            quantiles={f"{level:g}": _numbers(made.quantile(level)[row]) for level in levels},
            note=notes.get(str(series_id), ""),
        )
        for row, series_id in enumerate(made.series_ids)
    ]


def _numbers(values: np.ndarray) -> list[float | None]:
    return [None if not np.isfinite(value) else round(float(value), 6) for value in values]
