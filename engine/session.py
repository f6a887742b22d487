"""What a job has while it runs: its data, a voice, and an ear for the wish to stop."""

import logging
import os
import re
import resource
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import RunError
from engine.failures import explain
from engine.processes import MEMORY, RESOURCE, THREADS, started
from engine.runs import Run, Status, WorkerState

if TYPE_CHECKING:  # a worker must choose its threads before pandas is loaded
    import pandas as pd

    from engine.requests import PanelSpec
    from forecasting import Panel, Progress

log = logging.getLogger("engine")

BEAT_SECONDS = 1.0
WRITE_SECONDS = 0.75  # progress is written no more often than this; pages look once a second
_STAGE = re.compile(r"\[(\d+)/(\d+)\] ")  # how a backtest counts its windows


class Stop(KeyboardInterrupt):
    """Raised out of `on_progress` when the job is to stop.

    It is what Ctrl-C is in a notebook: no `except Exception` of a model swallows it, and a model
    that keeps its best so far on Ctrl-C keeps it here.
    """


class Session:
    """One job at work. `beat` runs in a thread of its own, all else in the main thread."""

    def __init__(self, run: Run) -> None:
        pid = os.getpid()
        self.run = run
        self.threads = int(os.environ.get(THREADS, "1"))
        self._most_memory_mb = float(os.environ.get(MEMORY, "inf"))
        self.stop_wanted = threading.Event()
        self.was_stopped = False  # Stop was raised, so what is saved is a part of the job
        self.folder_is_gone = False
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._began = time.monotonic()
        self._written = self._recorded = 0.0
        device = os.environ.get(RESOURCE, "cpu")
        self._status = Status(pid=pid, pid_started=started(pid) or "", device=device)
        self._beating = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    @property
    def stage(self) -> str:
        return self._status.stage

    def begin(self) -> None:
        """Write the first status and start the heartbeat."""
        self._write(self._status)
        self._beating.start()

    def end(self, state: WorkerState, *, kept: bool = False) -> None:
        """Write the last status, after all results; nothing is written later."""
        self._done.set()
        if self._beating.is_alive():
            self._beating.join()
        share = 1.0 if state == "succeeded" else self._status.progress
        last = replace(self._status, state=state, kept=kept, progress=share, eta_seconds=None)
        self._write(last, durable=True)

    def become(self, state: WorkerState, stage: str) -> None:
        """Say what is done now."""
        log.info(stage)
        self._write(replace(self._status, state=state, stage=stage))

    def check(self) -> None:
        """Raise `Stop` where the job is to stop."""
        if self.stop_wanted.is_set():
            self.was_stopped = True
            raise Stop

    def panel(self, spec: "PanelSpec") -> "Panel":
        """The panel of the run. Raises `RunError` or `PanelError` where it cannot be read."""
        self.become("running", "reading data")
        frame = self.run.frame("panel")
        if frame is None:
            raise RunError(
                f"{self.run.folder} holds no panel.parquet: the run was deleted, at least in "
                "part. Submit the job again."
            )
        return spec.of(frame)

    def future(self) -> "pd.DataFrame | None":
        """What is known of the future, where the job came with it."""
        return self.run.frame("future")

    def on_progress(self, number: int = 0, total: int = 1) -> "Callable[[Progress], None]":
        """A callback for part `number` of `total` equal parts; raises `Stop` where wanted."""

        def report(progress: "Progress") -> None:
            now = time.monotonic()
            if progress.loss is not None and self._is_worth_a_point(progress, now):
                self._record(progress)
                self._recorded = now
            self.check()
            is_new = progress.stage != self._status.stage
            if is_new or progress.metric is not None:
                log.info(str(progress) if progress.metric is not None else progress.stage)
            elif progress.done < progress.total and now - self._written < WRITE_SECONDS:
                return
            last = None if is_new else self._status.metric
            share = (number + overall(progress.stage, progress.fraction)) / total
            elapsed = now - self._began
            self._write(
                replace(
                    self._status,
                    state="running",
                    stage=progress.stage,
                    progress=share,
                    step=progress.done,
                    total_steps=progress.total,
                    loss=progress.loss,
                    metric=last if progress.metric is None else progress.metric,
                    eta_seconds=elapsed / share * (1 - share) if share else None,
                )
            )

        return report

    def _is_worth_a_point(self, progress: "Progress", now: float) -> bool:
        """Whether the curves are to have it: validations, ends, and of the rest one a second."""
        is_last = progress.done >= progress.total or self.stop_wanted.is_set()
        is_told = progress.metric is not None or is_last or progress.stage != self._status.stage
        return is_told or now - self._recorded >= WRITE_SECONDS

    def _record(self, progress: "Progress") -> None:
        """A line of the loss curves. The curves are for people: a job does not fail for them."""
        try:
            self.run.add_to_curves(
                {
                    "stage": progress.stage,
                    "step": progress.done,
                    "total": progress.total,
                    "loss": progress.loss,
                    "metric": progress.metric,
                    "seconds": round(progress.elapsed_seconds, 3),
                }
            )
        except OSError as error:
            log.warning("The loss curves cannot be written: %s", error)

    def _beat(self) -> None:
        while not self._done.wait(BEAT_SECONDS):
            if time.monotonic() - self._written >= BEAT_SECONDS:  # progress is a sign of life, too
                self._write()
            if _peak_mb() > self._most_memory_mb:
                self._end_for_memory()

    def _end_for_memory(self) -> None:
        """End the process, so that the job and not the machine runs out of memory.

        Not by an exception: the main thread may be in a library that lets none through.
        """
        log.error("%.0f MB are in use, %.0f are allowed", _peak_mb(), self._most_memory_mb)
        with suppress(OSError):  # no disk either: then the engine names the exit code
            self.run.write_failure(explain(MemoryError(), self.stage))
            self._write(replace(self._status, state="failed"), durable=True)
        os._exit(1)

    def _write(self, status: Status | None = None, *, durable: bool = False) -> None:
        """Write the status, or the last one again, as the next sign of life."""
        with self._lock:
            self._written = time.monotonic()
            self._status = replace(
                status or self._status,
                beat=self._status.beat + 1,
                heartbeat=time.time(),
                memory_mb=_peak_mb(),
            )
            try:
                self.run.write_status(self._status, durable=durable)
            except OSError as error:
                if durable:
                    raise
                if not self.run.folder.is_dir():  # nobody can want the result any more
                    self.folder_is_gone = True
                    self.stop_wanted.set()
                else:  # a full disk may have room again when the results are written
                    log.warning("The status cannot be written: %s", error)


def overall(stage: str, fraction: float) -> float:
    """The share done of a whole backtest, from the number of the window that its stage begins with.

    >>> overall("[2/4] theta: fitting series", 0.5), overall("theta: fitting series", 0.5)
    (0.375, 0.5)
    """
    found = _STAGE.match(stage)
    if not found:
        return fraction
    number, total = map(int, found.groups())
    return (number - 1 + fraction) / total


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024), 1)
