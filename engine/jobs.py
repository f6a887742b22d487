"""The kinds of jobs: each function does a request with the library and saves what comes out.

A function returns when its results are saved. When the job is to stop, `Stop` comes out of
`on_progress`: let it pass where nothing can be kept, or save what there is and return.
"""

import json
import logging
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from shutil import copyfile, copytree
from typing import Any

import pandas as pd

import forecasting as fc
from engine.errors import RunError
from engine.files import remove_tree, replace_folder, replacing, write_text
from engine.requests import BacktestRequest, FitRequest, ForecastRequest, TuneRequest
from engine.runs import Run
from engine.session import Session, Stop
from forecasting.backtest import Backtest
from forecasting.models import with_processes
from forecasting.parallel import are_side_by_side
from forecasting.reliability import reliability_and_pit
from forecasting.scores import both_scores

log = logging.getLogger("engine")

SEARCH_SHARE = 0.85  # of the seconds of a tune job; the rest is for the model with the best options


def fit(session: Session, request: FitRequest) -> None:
    """Fit the model, or train a kept one further, and keep it in model/."""
    _go_on_from(session.run, request.continues)
    if request.from_run is None:
        model = _created(session, request.model, request)
        _fit(session, model, session.panel(request.panel), request.budget_seconds)
    else:
        model = _fine_tuned(session, request, session.panel(request.panel))
    session.become("saving", "saving the model")
    session.run.save_model(model)
    _forget_checkpoint(session)


def forecast(session: Session, request: ForecastRequest) -> None:
    """Forecast into forecast.parquet, and notes.parquet: series that got a fallback."""
    _go_on_from(session.run, request.continues)
    if request.from_run is None:
        model = _created(session, str(request.model), request)
        panel = session.panel(request.panel)
        _fit(session, model, panel, request.budget_seconds)
    elif request.fine_tune is None:
        model = fc.load(_kept_model(session.run, request.from_run))
        panel = session.panel(request.panel)
    else:
        panel = session.panel(request.panel)
        model = _fine_tuned(session, request, panel)
    if not isinstance(model, fc.Trainable):  # a network predicts in seconds
        session.check()
    session.run.save_model(model)  # first, so that a kill while predicting does not lose it
    _predict(session, model, panel)
    _forget_checkpoint(session)


def backtest(session: Session, request: BacktestRequest) -> None:
    """Compare the models: backtest.parquet, leaderboard.parquet, metrics.parquet, skipped.parquet.

    And what comparisons of parts of it are made from: scores.parquet (by series),
    step_scores.parquet, reliability.parquet, pit.parquet.

    One model after the other, or on a cluster all windows of all models at once; either way a job
    that is stopped keeps the models it has finished. Windows are kept in checkpoint/ until the end:
    a job whose worker died goes on with those it lacks.
    """
    for name in request.models:  # a wrong option is refused before hours are spent
        _created(session, name, request, request.options.get(name, {}))
    panel = session.panel(request.panel)
    finished: list[Backtest] = []
    together = are_side_by_side(request.num_windows * len(request.models))
    rounds = [request.models] if together else [(name,) for name in request.models]
    for number, models in enumerate(rounds):
        try:
            session.check()
            finished.append(
                fc.backtest(
                    panel,
                    models,
                    horizon=request.horizon,
                    num_windows=request.num_windows,
                    step_size=request.step_size,
                    quantile_levels=request.quantile_levels,
                    seed=request.seed,
                    options=request.options,
                    budget_seconds=request.budget_seconds,
                    n_jobs=session.threads,
                    keep_complete=together,
                    on_progress=session.on_progress(number, len(rounds)),
                    checkpoint=session.run.checkpoint,
                )
            )
        except Stop:
            if not finished:
                raise
            break
    session.become("saving", "saving the comparison")
    _save_backtest(session.run, joined(finished))
    _forget_checkpoint(session)


def tune(session: Session, request: TuneRequest) -> None:
    """Search: trials.parquet, new after every trial, result.json, and the best model in model/.

    The trials are kept in search/, where a job goes on whose worker died. A job that is stopped
    keeps the trials that are complete, and fits no model.
    """
    run, budget = session.run, request.budget_seconds
    _go_on_from(run, request.continues)
    panel = session.panel(request.panel)
    _load_libraries(_created(session, request.model, request))
    share = SEARCH_SHARE if request.fit_best else 1.0
    result = fc.tune(
        panel,
        request.model,
        horizon=request.horizon,
        options=request.options,
        space=request.space,
        trials=request.trials,
        budget_seconds=None if budget is None else budget * share,
        sampler=request.sampler,
        pruner=request.pruner,
        num_windows=request.num_windows,
        quantile_levels=request.quantile_levels,
        seed=request.seed,
        n_jobs=session.threads,
        storage=_search(run),
        on_progress=session.on_progress(0, 2 if request.fit_best else 1),
        on_trials=partial(run.write_frame, "trials"),
    )
    found = {
        "model": result.model,
        "horizon": result.horizon,
        "options": result.options,
        "value": result.value,
        "default_value": result.default_value,
        "seconds": result.seconds,
    }
    write_text(run.folder / "result.json", json.dumps(found, indent=2))
    if not request.fit_best or session.was_stopped:
        return
    left = None if budget is None else max(budget - result.seconds, budget * (1 - share))
    model = _created(session, request.model, request, result.options)
    try:
        _fit(session, model, panel, left, part=(1, 2))
    except Stop:  # what the search has found is kept
        return
    session.become("saving", "saving the model")
    run.save_model(model)
    if request.forecast:
        _predict(session, model, panel)
    _forget_checkpoint(session)


def _load_libraries(model: fc.Forecaster) -> None:
    """Load what a model loads in its first training, before a trial's seconds are counted.

    It takes seconds, and would be charged to the first trial, with which all others are compared.
    """
    if isinstance(model, fc.Trainable):
        import_module("torch._dynamo")  # by torch's optimizers
    elif model.name == "gbm":
        import_module("lightgbm")


def joined(parts: list[Backtest]) -> Backtest:
    """The backtest of all models at once, from those of each model on the same panel.

    Windows come by cutoff, then by model, as `forecasting.backtest` orders them.
    """
    by_cutoff = zip(*(part.windows for part in parts), strict=True)
    return Backtest(windows=tuple(chain.from_iterable(by_cutoff)), skipped=parts[0].skipped)


def _save_backtest(run: Run, result: Backtest) -> None:
    by_series, by_step = both_scores(result)
    levels, chances = reliability_and_pit(result)
    frames: dict[str, pd.DataFrame] = {
        "skipped": result.skipped,
        "metrics": result.metrics,
        "backtest": result.forecasts,
        "leaderboard": result.leaderboard(),
        "scores": by_series,
        "step_scores": by_step,
        "reliability": levels,
        "pit": chances,
    }
    for name, frame in frames.items():
        run.write_frame(name, frame)


def _fit(
    session: Session,
    model: fc.Forecaster,
    panel: fc.Panel,
    budget: float | None,
    part: tuple[int, int] = (0, 1),
) -> None:
    """Fit the model; one that is trained goes on from the run's checkpoint where there is one.

    Asked to stop, such a model keeps its best so far, and `session.was_stopped` says so.
    """
    session.check()
    report = session.on_progress(*part)
    if not isinstance(model, fc.Trainable):
        model.fit(panel, on_progress=report, budget_seconds=budget)
        return
    model.fit(
        panel,
        on_progress=report,
        budget_seconds=budget,
        checkpoint=session.run.checkpoint,
        events=session.run.events if find_spec("tensorboard") else None,
    )
    for note in model.training.notes:
        log.info(note)


def _fine_tuned(
    session: Session, request: FitRequest | ForecastRequest, panel: fc.Panel
) -> fc.Forecaster:
    """The model that a run kept, trained further on the panel.

    Raises `RunError` for a model that cannot be, or is another than the request names.
    """
    run_id = str(request.from_run)
    model = fc.load(_kept_model(session.run, run_id))
    if not isinstance(model, fc.Trainable):
        raise RunError(
            f"Run {run_id!r} kept the model {model.name!r}, which cannot be trained further; only "
            "networks can. Choose another run, or fit the model anew."
        )
    for name, kept in (("model", model.name), ("horizon", model.config.horizon)):
        if (asked := getattr(request, name)) not in (kept, None):
            raise RunError(
                f"Run {run_id!r} kept a model with {name}={kept!r}; {asked!r} is asked for. "
                "Choose another run, or fit a new model."
            )
    session.check()
    model.fine_tune(
        panel,
        unfrozen=request.fine_tune or "all",
        steps=request.options.get("steps"),
        learning_rate=request.options.get("learning_rate"),
        on_progress=session.on_progress(),
        budget_seconds=request.budget_seconds,
    )
    for note in model.training.notes:
        log.info(note)
    return model


def _predict(session: Session, model: fc.Forecaster, panel: fc.Panel) -> None:
    """Save the model's forecast of the panel, and which series got a fallback."""
    session.become("running", f"{model.name}: predicting")
    result = model.predict(panel, known_future=session.future())
    if len(panel.static_features.columns):  # analogues are found by attributes
        result = fc.cold_start(panel, result)
    session.become("saving", "saving the forecast")
    session.run.write_frame("notes", result.notes_frame())
    session.run.write_frame("forecast", result.to_frame())


def _go_on_from(run: Run, run_id: str | None) -> None:
    """Copy what an earlier run left to go on with: its checkpoint, its trials, its curves.

    Once: what this run has of its own, after a death, is further.
    """
    if run_id is None:
        return
    earlier = Run(run.folder.parent / run_id)
    found = False
    for source, target in ((earlier.checkpoint, run.checkpoint), (_search(earlier), _search(run))):
        if source.is_dir():
            found = True
            if not target.exists():
                replace_folder(target, partial(copytree, source))
    if earlier.curves_file.is_file() and not run.curves_file.exists():
        with replacing(run.curves_file) as fresh:
            copyfile(earlier.curves_file, fresh)
    if found:
        log.info("goes on from run %s", run_id)
    else:
        log.warning("run %s left nothing to go on with, so this one begins anew", run_id)


def _search(run: Run) -> Path:
    """The folder of a search's trials."""
    return run.folder / "search"


def _forget_checkpoint(session: Session) -> None:
    """A job that is done needs it no more; one that was stopped may go on."""
    if not session.was_stopped:
        remove_tree(session.run.checkpoint)


def _created(session: Session, name: str, request: Any, options: Any = None) -> fc.Forecaster:
    """The model of the request, with as many processes as the slot has threads."""
    given = with_processes(name, request.options if options is None else options, session.threads)
    return fc.create(
        name,
        horizon=request.horizon,
        quantile_levels=request.quantile_levels,
        seed=request.seed,
        **given,
    )


def _kept_model(run: Run, run_id: str) -> Any:
    folder = Run(run.folder.parent / run_id).model
    if not folder.is_dir():
        raise RunError(
            f"Run {run_id!r} kept no model, or was deleted. Choose another run, or fit the model "
            "anew."
        )
    return folder
