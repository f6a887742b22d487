"""The tuner: one trial after the other, or several at once on a Ray cluster.

A trial that was interrupted does not count, and is tried again with the same options.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from optuna.trial import TrialState

from forecasting.panel import Panel
from forecasting.progress import OnProgress, Progress
from forecasting.ray_tasks import is_driver
from forecasting.study import (
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
from forecasting.trials import LEAST_SECONDS, Attempt, Outcome, outcome_of, why_failed
from forecasting.tuning import OnTrials, Search, TuningResult

STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


@dataclass(frozen=True, eq=False)
class Begun:
    """A trial that runs."""

    trial: optuna.Trial
    number: int  # among those that count, from 1
    options: dict[str, Any]
    budget: float | None  # seconds
    is_default: bool


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
        self.on_progress, self._on_trials = on_progress, on_trials
        with quiet():
            asked = search.identity(panel)
            self.study = open_study(asked, folder, with_pruner=search.pruner)
        config = search.made({}).config
        self._default = {name: getattr(config, name) for name in search.space}

    def run(self) -> TuningResult:
        """Try until the trials or the seconds are used up."""
        close_orphans(self.study)
        stopped = False
        try:
            if is_driver():
                from forecasting.tuner_on_ray import search_on_ray  # which needs this module

                search_on_ray(self)
            else:
                while not self.is_over():
                    self._try_one()
        except KeyboardInterrupt:
            if not self._has_default():
                raise
            stopped = True
        return self._result(stopped)

    def is_over(self, *, running: int = 0, clock: float = 0.0) -> bool:
        """Whether no more trials are to begin, with so many `running`, which `clock` seconds are
        known of.
        """
        search = self.search
        if not self._has_default():
            return running > 0 and search.trials is not None and running >= search.trials
        if search.trials is not None and len(settled(self.study)) + running >= search.trials:
            return True
        return search.budget_seconds is not None and self.spent() + clock >= search.budget_seconds

    def _has_default(self) -> bool:
        return any("default" in each.user_attrs for each in complete(self.study))

    def spent(self) -> float:
        """Seconds of the search, of several trials at once counted once."""
        found = self.study.get_trials(deepcopy=False)
        known = [each.user_attrs for each in found]
        return sum(each.get("clock", each.get("seconds", 0.0)) for each in known)

    def _try_one(self) -> None:
        """One trial, from its options to its state."""
        begun = self.begin()
        attempt = Attempt(begun.trial, begun.options, begun.budget, begun.is_default)
        try:
            outcome = outcome_of(
                self.panel,
                self.search,
                attempt,
                lambda progress: self._pass_on(begun, attempt, progress),
            )
        except KeyboardInterrupt:
            begun.trial.set_user_attr("seconds", round(attempt.seconds, 3))
            settle_as_interrupted(self.study, begun.trial.number, begun.trial._trial_id)
            self.show_trials()
            raise
        except Exception as error:
            self.settle(begun, Outcome("failed", None, attempt.seconds, 0, why_failed(error)))
            raise
        self.settle(begun, outcome)

    def begin(
        self, *, running: Collection[int] = (), at_once: int = 1, clock: float = 0.0
    ) -> Begun:
        """Ask for a trial.

        Those with the numbers `running` do, of `at_once` at the most, and `clock` seconds are spent
        that no trial has written down.
        """
        search = self.search
        known = [each.user_attrs.get("place", at) for at, each in enumerate(settled(self.study))]
        taken = {*known, *(each - 1 for each in running)}
        number = next(each for each in range(len(taken) + 1) if each not in taken)
        self.study.sampler = sampler_of(search.sampler, search.seed, number)
        is_default = not running and not self._has_default()
        trial = ask(self.study, search.space, self._default if is_default else None)
        if at_once > 1:  # trials may be settled without those before them
            trial.set_user_attr("place", number)
        self.show_trials()
        budget = search.budget_seconds
        if budget is not None:
            left = max(budget - self.spent() - clock, LEAST_SECONDS)
            share = left if search.trials is None else budget * at_once / search.trials
            budget = min(left, share)
        return Begun(trial, number + 1, {} if is_default else trial.params, budget, is_default)

    def settle(self, begun: Begun, outcome: Outcome, *, clock: float | None = None) -> None:
        """Keep what became of a trial; `clock` seconds passed since the one before was settled."""
        trial = begun.trial
        for step, value in outcome.reports.items():
            trial.report(value, step)
        trial.set_user_attr("seconds", round(outcome.seconds, 3))
        if clock is not None:
            trial.set_user_attr("clock", round(clock, 3))
        if outcome.steps:
            trial.set_user_attr("steps", outcome.steps)
        if outcome.why:
            trial.set_user_attr("why", outcome.why)
        self.study.tell(trial, outcome.value, state=STATES[outcome.state])
        self.show_trials()

    def _pass_on(self, begun: Begun, attempt: Attempt, progress: Progress) -> None:
        if self.on_progress is not None:
            self.on_progress(self._of_the_search(begun, attempt, progress))

    def _of_the_search(self, begun: Begun, attempt: Attempt, progress: Progress) -> Progress:
        """The same report, as part of the search: by trials, or by seconds where they are open."""
        whole, search = attempt.of_all_windows(progress, self.search.num_windows), self.search
        if search.trials is None and search.budget_seconds is not None:
            spent, budget = self.spent() + attempt.seconds, search.budget_seconds
            return replace(
                whole,
                stage=f"trial {begun.number}: {whole.stage}",
                done=min(round(spent), max(round(budget) - 1, 0)),
                total=max(round(budget), 1),
                elapsed_seconds=spent,
            )
        return replace(whole, stage=f"[{begun.number}/{search.trials}] {whole.stage}")

    def show_trials(self) -> None:
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
            seconds=self.spent(),
            stopped=stopped,
        )
