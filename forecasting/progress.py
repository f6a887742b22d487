"""What a long computation says while it runs: how far it is, and how long the rest takes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Progress:
    """One report; `str(progress)` is a line for a log or a terminal."""

    stage: str  # what is being done, such as "theta: fitting series"
    done: int  # units finished
    total: int  # units in all
    elapsed_seconds: float  # since the stage began
    loss: float | None = None  # of training, the mean since the last report; networks have one
    metric: float | None = None  # WQL on validation windows, where they were just looked at

    @property
    def fraction(self) -> float:
        """Share done, between 0 and 1."""
        return self.done / self.total if self.total else 1.0

    @property
    def eta_seconds(self) -> float | None:
        """Seconds left at the pace so far; None before the first unit is done."""
        if not self.done:
            return None
        return self.elapsed_seconds / self.done * (self.total - self.done)

    def within(self, stage: str) -> "Progress":
        """The same report, led by the stage of what it is a part of."""
        return replace(self, stage=f"{stage} {self.stage}")

    def __str__(self) -> str:
        """A readable line.

        >>> str(Progress("theta: fitting series", 50, 200, 10.0))
        'theta: fitting series 50/200 (25 %), 0:30 left'
        >>> str(Progress("lstm: training", 100, 100, 10.0, loss=0.25, metric=0.5))
        'lstm: training 100/100 (100 %), loss 0.2500, validation WQL 0.5000'
        """
        line = f"{self.stage} {self.done}/{self.total} ({self.fraction:.0%})".replace("%)", " %)")
        if self.loss is not None:
            line += f", loss {self.loss:.4f}"
        if self.metric is not None:
            line += f", validation WQL {self.metric:.4f}"
        if self.eta_seconds is None or self.done >= self.total:
            return line
        minutes, seconds = divmod(round(self.eta_seconds), 60)
        return f"{line}, {minutes}:{seconds:02d} left"


OnProgress = Callable[[Progress], object]


def led_by(on_progress: OnProgress | None, stage: str) -> OnProgress | None:
    """The same reports, led by the stage of a larger whole."""
    if on_progress is None:
        return None
    return lambda each: on_progress(each.within(stage))


class Reporter:
    """Passes progress on, at most every `every_seconds`, and always the end of a stage."""

    def __init__(
        self,
        on_progress: OnProgress | None,
        stage: str,
        total: int,
        *,
        every_seconds: float = 0.5,
    ) -> None:
        self._on_progress = on_progress
        self._stage = stage
        self._total = total
        self._every_seconds = every_seconds
        self._began = time.monotonic()
        self._reported = self._began

    def at(self, done: int) -> None:
        """Say that `done` units are finished."""
        if self._on_progress is None:
            return
        now = time.monotonic()
        if done < self._total and now - self._reported < self._every_seconds:
            return
        self._reported = now
        self._on_progress(Progress(self._stage, done, self._total, now - self._began))
