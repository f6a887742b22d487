"""A search whose trials run side by side, as tasks of the Ray cluster that this process has joined.

Trials are settled in the order in which they began, and one begins when all but a fixed number
before it are settled. So what a trial knows of the others does not depend on which machine was
faster: the same seed, with as many trials at once, tries the same options and prunes the same.
"""

import time

from forecasting.errors import ForecastingError
from forecasting.progress import Progress
from forecasting.ray_parts import do_on_ray, gpus_of
from forecasting.ray_tasks import cpus
from forecasting.study import RANDOM_TRIALS, complete, settle_as_interrupted, settled
from forecasting.trials import Asked, FarTrial, Outcome
from forecasting.tuner import Begun, Tuner

ROUNDS = 4  # a search that tries all at once learns from nothing


def search_on_ray(tuner: Tuner) -> None:
    """Try until the trials or the seconds are used up."""
    trials = _SideBySide(tuner)
    try:
        do_on_ray(FarTrial(tuner.panel, tuner.search), trials)
    finally:
        trials.close()


class _SideBySide:
    """Trials that have begun and are not settled, in their order, each with its outcome if known.

    It is the `Work` of `ray_parts`.
    """

    def __init__(self, tuner: Tuner) -> None:
        self._tuner = tuner
        wanted = RANDOM_TRIALS if tuner.search.trials is None else tuner.search.trials // ROUNDS
        self._at_once = max(1, min(cpus(), max(RANDOM_TRIALS, wanted)))
        self._open: dict[Asked, tuple[Begun, Outcome | None]] = {}
        self._gpus = gpus_of(tuner.search.made({}).config)
        self._began = self._settled_at = time.monotonic()

    def next(self) -> Asked | None:
        clock, running = time.monotonic() - self._settled_at, len(self._open)
        if running >= self._at_once or self._tuner.is_over(running=running, clock=clock):
            return None
        numbers = [begun.number for begun, _ in self._open.values()]
        begun = self._tuner.begin(running=numbers, at_once=self._at_once, clock=clock)
        known = tuple(dict(each.intermediate_values) for each in complete(self._tuner.study))
        asked = Asked(
            options=begun.options,
            budget=begun.budget,
            is_default=begun.is_default,
            complete=known if self._tuner.search.pruner else None,
        )
        self._open[asked] = begun, None
        return asked

    def gpus(self, item: Asked) -> int:
        return self._gpus

    def done(self, item: Asked, result: Outcome) -> None:
        self._open[item] = self._open[item][0], result
        for asked, (begun, outcome) in list(self._open.items()):
            if outcome is None:
                return
            self._settle(asked, begun, outcome)

    def lost(self, item: Asked, why: str) -> None:
        """Other options may need less memory."""
        if item.is_default:
            raise ForecastingError(f"The trial of the default {why}")
        self.done(item, Outcome("failed", None, 0.0, 0, f"The trial {why}"))

    def show(self, running: float) -> None:
        """Report by trials, or by seconds where the number of trials is open."""
        on_progress, search = self._tuner.on_progress, self._tuner.search
        if on_progress is None:
            return
        done = len(settled(self._tuner.study))
        done += sum(outcome is not None for _, outcome in self._open.values())
        stage, elapsed = f"{done} trials done", time.monotonic() - self._began
        if search.trials is not None:
            share = done + running
            on_progress(Progress(stage, int(100 * share), 100 * search.trials, elapsed))
        elif search.budget_seconds is not None:
            spent = self._tuner.spent() + time.monotonic() - self._settled_at
            budget = max(round(search.budget_seconds), 1)
            on_progress(Progress(stage, min(round(spent), budget - 1), budget, spent))

    def close(self) -> None:
        """Keep what is known of trials that others kept from being settled; the rest is tried again
        where the search goes on.
        """
        for asked, (begun, outcome) in list(self._open.items()):
            if outcome is not None:
                self._settle(asked, begun, outcome)
            else:
                settle_as_interrupted(self._tuner.study, begun.trial.number, begun.trial._trial_id)
                del self._open[asked]
        self._tuner.show_trials()

    def _settle(self, asked: Asked, begun: Begun, outcome: Outcome) -> None:
        now = time.monotonic()
        del self._open[asked]
        self._tuner.settle(begun, outcome, clock=now - self._settled_at)
        self._settled_at = now
