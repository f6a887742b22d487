"""The tuner: one trial after the other, each a backtest that may end early.

A trial that was interrupted does not count, and is tried again with the same options.
"""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from optuna.trial import TrialState

from forecasting.backtest import Backtest, backtest
from forecasting.errors import ForecastingError
from forecasting.panel import Panel
from forecasting.progress import OnProgress, Progress
from forecasting.study import (
    GRID,
    ask,
    close_orphans,
    complete,
    open_study,
    quiet,
    sampler_of,
    settle_as_interrupted,
    settled,
    trials_frame,
)
from forecasting.tuning import OnTrials, Search, TuningResult

LEAST_SECONDS = 1e-3  # a model takes no budget of zero


@dataclass
class _Attempt:
    """A trial that runs."""

    trial: optuna.Trial
    options: dict[str, Any]
    number: int  # among those that count, from 1
    budget: float | None
    window: int = 0
    best_metric: float = math.inf  # of validation, in this window
    reported: int = -1
    steps: dict[int, int] = field(default_factory=dict)  # of training, by window
    began: float = field(default_factory=time.monotonic)
    stopped: bool = False  # by Ctrl-C, also where the model then kept its best

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def left_per_window(self, windows: int) -> float | None:
        """Seconds for each window that is still to come."""
        if self.budget is None:
            return None
        return max((self.budget - self.seconds) / (windows - self.window), LEAST_SECONDS)


class Tuner:
    """One search."""

    def __init__(
        self,
        panel: Panel,
        search: Search,
        folder: Path | None,
        *,
        on_progress: OnProgress | None,
        on_trials: OnTrials | None,
    ) -> None:
        self.panel, self.search = panel, search
        self._on_progress, self._on_trials = on_progress, on_trials
        with quiet():
            asked = search.identity(panel)
            self.study = open_study(asked, folder, with_pruner=search.pruner)
        config = search.made({}).config
        self._default = {name: getattr(config, name) for name in search.space}

    def run(self) -> TuningResult:
        """Try until the trials or the seconds are used up."""
        close_orphans(self.study)
        stopped = False
        while not self._is_over():
            try:
                self._try_one()
            except KeyboardInterrupt:
                if not self._has_default():
                    raise
                stopped = True
                break
        return self._result(stopped)

    def _is_over(self) -> bool:
        if not self._has_default():
            return False
        search = self.search
        if search.trials is not None and len(settled(self.study)) >= search.trials:
            return True
        return search.budget_seconds is not None and self._spent() >= search.budget_seconds

    def _has_default(self) -> bool:
        return any("default" in each.user_attrs for each in complete(self.study))

    def _spent(self) -> float:
        return sum(
            each.user_attrs.get("seconds", 0.0) for each in self.study.get_trials(deepcopy=False)
        )

    def _try_one(self) -> None:
        """One trial, from its options to its state."""
        attempt = self._begin()
        trial, is_default = attempt.trial, "default" in attempt.trial.user_attrs
        try:
            value = self._value(attempt)
            self._write_down(attempt)
            self.study.tell(trial, value)
        except optuna.TrialPruned:
            self._write_down(attempt)
            trial.set_user_attr("why", f"worse than the median in window {attempt.window + 1}")
            self.study.tell(trial, state=TrialState.PRUNED)
        except KeyboardInterrupt:
            self._write_down(attempt)
            settle_as_interrupted(self.study, trial.number, trial._trial_id)
            raise
        except Exception as error:  # written down; other options may well work
            self._write_down(attempt)
            trial.set_user_attr("why", f"{type(error).__name__}: {error}"[:500])
            self.study.tell(trial, state=TrialState.FAIL)
            if is_default:  # then it is not the options that are wrong
                raise
        finally:
            self._show_trials()

    def _begin(self) -> _Attempt:
        search, number = self.search, len(settled(self.study))
        self.study.sampler = sampler_of(search.sampler, search.seed, number)
        default = None if self._has_default() else self._default
        trial = ask(self.study, search.space, default)
        self._show_trials()
        options = trial.params if default is None else {}
        budget = search.budget_seconds
        if budget is not None:
            left = max(budget - self._spent(), LEAST_SECONDS)
            budget = left if search.trials is None else min(left, budget / search.trials)
        return _Attempt(trial, options, number + 1, budget)

    def _value(self, attempt: _Attempt) -> float:
        """WQL of all windows; raises Optuna's `TrialPruned` where it is bound to be a bad one."""
        search, windows = self.search, self.search.num_windows
        parts: list[Backtest] = []
        for window in range(windows):
            attempt.window, attempt.best_metric = window, math.inf
            end = self.panel.length - 1 - (windows - 1 - window) * search.horizon
            part = backtest(
                self.panel.until(self.panel.timestamps[end]),
                [search.model],
                horizon=search.horizon,
                quantile_levels=search.quantile_levels,
                seed=search.seed,
                options={search.model: {**search.options, **attempt.options}},
                budget_seconds=attempt.left_per_window(windows),
                n_jobs=search.n_jobs,
                on_progress=lambda progress: self._hear(attempt, progress),
            )
            if attempt.stopped:  # the model kept its best, but the trial is not complete
                raise KeyboardInterrupt
            parts.append(part)
            value = _wql(parts)
            attempt.trial.report(value, window * GRID + GRID - 1)
            if window + 1 < windows and attempt.trial.should_prune():
                raise optuna.TrialPruned
        return value

    def _hear(self, attempt: _Attempt, progress: Progress) -> None:
        """Pass progress on, and prune by what a network says of its validation."""
        metric = getattr(progress, "metric", None)
        if metric is not None:
            attempt.steps[attempt.window] = progress.done
            attempt.best_metric = min(attempt.best_metric, metric)
            step = attempt.window * GRID + min(int(progress.fraction * GRID), GRID - 2)
            if step > attempt.reported:
                attempt.reported = step
                attempt.trial.report(attempt.best_metric, step)
                if attempt.trial.should_prune():
                    raise optuna.TrialPruned
        if self._on_progress is None:
            return
        try:
            self._on_progress(self._of_the_search(attempt, progress))
        except KeyboardInterrupt:
            attempt.stopped = True
            raise

    def _of_the_search(self, attempt: _Attempt, progress: Progress) -> Progress:
        """The same report, as part of the search: by trials, or by seconds where they are open."""
        stage, search = progress.stage.removeprefix("[1/1] "), self.search
        if search.trials is None and search.budget_seconds is not None:
            spent, budget = self._spent() + attempt.seconds, search.budget_seconds
            return replace(
                progress,
                stage=f"trial {attempt.number}: {stage}",
                done=min(round(spent), max(round(budget) - 1, 0)),
                total=max(round(budget), 1),
                elapsed_seconds=spent,
            )
        return replace(
            progress,
            stage=f"[{attempt.number}/{search.trials}] {stage}",
            done=attempt.window * progress.total + progress.done,
            total=search.num_windows * progress.total,
            elapsed_seconds=attempt.seconds,
        )

    def _write_down(self, attempt: _Attempt) -> None:
        attempt.trial.set_user_attr("seconds", round(attempt.seconds, 3))
        if attempt.steps:
            attempt.trial.set_user_attr("steps", sum(attempt.steps.values()))

    def _show_trials(self) -> None:
        if self._on_trials is not None:
            self._on_trials(self._frame())

    def _frame(self) -> pd.DataFrame:
        return trials_frame(self.study, self.search.space, self._default)

    def _result(self, stopped: bool) -> TuningResult:
        found, search = complete(self.study), self.search
        best = min(found, key=lambda each: float(each.value or 0.0))
        default = next(each for each in found if "default" in each.user_attrs)
        own = {} if "default" in best.user_attrs else best.params
        return TuningResult(
            model=search.model,
            horizon=search.horizon,
            quantile_levels=search.quantile_levels,
            seed=search.seed,
            options={**search.options, **own},
            value=float(best.value or 0.0),
            default_value=float(default.value or 0.0),
            trials=self._frame(),
            seconds=self._spent(),
            stopped=stopped,
        )


def _wql(parts: list[Backtest]) -> float:
    """WQL of all windows together, as on a leaderboard."""
    windows = tuple(window for part in parts for window in part.windows)
    value = float(Backtest(windows=windows, skipped=parts[0].skipped).leaderboard()["WQL"].iloc[0])
    if not math.isfinite(value):
        raise ForecastingError(
            f"WQL is {value}, since all actuals of {len(windows)} windows are zero or missing. Use "
            "more windows, or other series."
        )
    return value
