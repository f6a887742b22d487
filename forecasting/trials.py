"""One trial of a search: a backtest window by window, that may end early.

It needs no study, so that it runs on any machine; the tuner proposes trials and keeps what they
found.
"""

import math
import time
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from forecasting.backtest import Backtest, backtest
from forecasting.errors import ForecastingError
from forecasting.panel import Panel
from forecasting.progress import OnProgress, Progress
from forecasting.study import GRID, is_worse_than_most
from forecasting.tuning import Search

State = Literal["complete", "pruned", "failed"]
LEAST_SECONDS = 1e-3  # a model takes no budget of zero


class Pruned(Exception):
    """The trial is bound to be a bad one."""


class Judge(Protocol):
    """Hears intermediate values, and says when a trial is to end; a trial of Optuna is one."""

    def report(self, value: float, step: int) -> None: ...

    def should_prune(self) -> bool: ...


@dataclass
class Attempt:
    """A trial that runs."""

    trial: Judge
    options: dict[str, Any]
    budget: float | None
    is_default: bool
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

    def of_all_windows(self, progress: Progress, windows: int) -> Progress:
        """The report of a window as one of the whole trial."""
        return replace(
            progress,
            stage=progress.stage.removeprefix("[1/1] "),
            done=self.window * progress.total + progress.done,
            total=windows * progress.total,
            elapsed_seconds=self.seconds,
        )


def value_of(
    panel: Panel, search: Search, attempt: Attempt, on_progress: OnProgress | None
) -> float:
    """WQL of all windows; raises `Pruned` where it is bound to be a bad one.

    `on_progress` gets what the windows say; `attempt` tells which of them it is.
    """
    windows = search.num_windows
    parts: list[Backtest] = []

    def hear(progress: Progress) -> None:
        _hear(attempt, progress, on_progress)

    for window in range(windows):
        attempt.window, attempt.best_metric = window, math.inf
        end = panel.length - 1 - (windows - 1 - window) * search.horizon
        part = backtest(
            panel.until(panel.timestamps[end]),
            [search.model],
            horizon=search.horizon,
            quantile_levels=search.quantile_levels,
            seed=search.seed,
            options={search.model: {**search.options, **attempt.options}},
            budget_seconds=attempt.left_per_window(windows),
            n_jobs=search.n_jobs,
            on_progress=hear,
        )
        if attempt.stopped:  # the model kept its best, but the trial is not complete
            raise KeyboardInterrupt
        parts.append(part)
        value = _wql(parts)
        attempt.trial.report(value, window * GRID + GRID - 1)
        if window + 1 < windows and attempt.trial.should_prune():
            raise Pruned
    return value


def _hear(attempt: Attempt, progress: Progress, on_progress: OnProgress | None) -> None:
    """Pass progress on, and prune by what a network says of its validation."""
    metric = progress.metric
    if metric is not None:
        attempt.steps[attempt.window] = progress.done
        attempt.best_metric = min(attempt.best_metric, metric)
        step = attempt.window * GRID + min(int(progress.fraction * GRID), GRID - 2)
        if step > attempt.reported:
            attempt.reported = step
            attempt.trial.report(attempt.best_metric, step)
            if attempt.trial.should_prune():
                raise Pruned
    if on_progress is None:
        return
    try:
        on_progress(progress)
    except KeyboardInterrupt:
        attempt.stopped = True
        raise


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


@dataclass(frozen=True)
class Outcome:
    """What became of a trial."""

    state: State
    value: float | None
    seconds: float
    steps: int  # of training
    why: str
    reports: dict[int, float] = field(default_factory=dict)  # by step, of one that ran far away


def outcome_of(
    panel: Panel, search: Search, attempt: Attempt, on_progress: OnProgress | None
) -> Outcome:
    """Try; raises only what stops the search: an interrupt, or a failure of the default."""

    def outcome(state: State, why: str, value: float | None = None) -> Outcome:
        return Outcome(state, value, attempt.seconds, sum(attempt.steps.values()), why)

    try:
        return outcome("complete", "", value_of(panel, search, attempt, on_progress))
    except Pruned:
        return outcome("pruned", f"worse than the median in window {attempt.window + 1}")
    except Exception as error:  # written down; other options may well work
        if attempt.is_default:  # then it is not the options that are wrong
            raise
        return outcome("failed", why_failed(error))


def why_failed(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


# --- far from the study, on a machine of a cluster ---


@dataclass(frozen=True, eq=False)
class Asked:
    """A trial on its way to another machine."""

    options: dict[str, Any]
    budget: float | None
    is_default: bool
    complete: tuple[dict[int, float], ...] | None  # values of complete trials; None: never pruned


@dataclass
class _Recorder:
    """The judge that goes along: it compares with the trials that were complete at the start."""

    complete: tuple[dict[int, float], ...] | None
    reports: dict[int, float] = field(default_factory=dict)

    def report(self, value: float, step: int) -> None:
        self.reports[step] = value

    def should_prune(self) -> bool:
        if self.complete is None:
            return False
        step = max(self.reports)
        return is_worse_than_most(step, self.reports[step], self.complete)


@dataclass(frozen=True, eq=False)
class FarTrial:
    """Does a trial that it is sent."""

    panel: Panel
    search: Search

    def __call__(self, asked: Asked, on_progress: OnProgress | None) -> Outcome:
        judge = _Recorder(asked.complete)
        attempt = Attempt(judge, asked.options, asked.budget, asked.is_default)

        def tell(progress: Progress) -> None:
            if on_progress is not None:
                on_progress(attempt.of_all_windows(progress, self.search.num_windows))

        outcome = outcome_of(self.panel, self.search, attempt, tell)
        return replace(outcome, reports=judge.reports)
