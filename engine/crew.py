"""The workers that an engine watches: who lives, who must end, and how one ended."""

import logging
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.backends import Handle, LocalProcess
from engine.failures import explain
from engine.processes import is_alive, when_ended
from engine.runs import Run, Status
from engine.worker import GONE, TAKEN, failure_of

log = logging.getLogger("engine")

GRACE_SECONDS = 5.0  # between SIGTERM and SIGKILL
LISTEN_SECONDS = 1.0  # between two looks at what a worker says; it says something once a second
SHOW_SECONDS = 10.0  # for a worker of an earlier engine to show itself in its status
SILENT_SECONDS = 600.0  # without a heartbeat; a C library may keep Python from running for long


@dataclass(kw_only=True)
class Worker:
    """Who does a job. Times are of `time.monotonic`."""

    run: Run
    handle: Handle
    asked_at: float | None = None  # when it was told to stop
    beat: int = -1
    beat_at: float = 0.0
    listened_at: float = 0.0
    is_silent: bool = False  # was killed for lack of a heartbeat
    is_watched: bool = False  # its end is told, so that nobody need ask for it


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a worker ended: with a result, a failure, a stop, or without a word."""

    run_id: str
    state: Literal["succeeded", "failed", "stopped", "died"]
    why: str


class Crew:
    """The living workers, by run id. Used by the supervising thread alone."""

    def __init__(self, wake: Callable[[], object]) -> None:
        """`wake` is called, from any thread, when a worker ends whose end can be waited for."""
        self.workers: dict[str, Worker] = {}
        self._wake = wake

    def add(self, worker: Worker) -> None:
        worker.beat_at = time.monotonic()
        process = worker.handle.process
        worker.is_watched = process is not None and when_ended(*process, self._wake)
        self.workers[worker.run.run_id] = worker

    @property
    def is_urgent(self) -> bool:
        """Whether the next round must come soon: a worker is to end, or nobody tells of its end."""
        return any(
            not each.is_watched or each.asked_at is not None for each in self.workers.values()
        )

    def forget(self, run_id: str) -> None:
        del self.workers[run_id]

    def round(self, presses: Mapping[str, int], *, stop_all: bool) -> list[Ending]:
        """Stop whom `presses` names, kill whom grace has run out for; those that have ended.

        An ended worker is named again in the next round until it is forgotten.
        """
        endings = []
        for run_id, worker in list(self.workers.items()):
            if worker.handle.has_ended():
                worker.is_watched = False
                if not self._is_with_another(worker):
                    endings.append(self._ending(worker))
                continue
            self._listen(worker)
            asked = presses.get(run_id, 0)
            if asked > 1:
                worker.handle.kill()
            elif asked or stop_all:
                self._stop(worker)
        return endings

    def kill_all(self) -> None:
        for worker in self.workers.values():
            worker.handle.kill()

    def _is_with_another(self, worker: Worker) -> bool:
        """Whether the worker gave way to an older one, which is then watched in its place."""
        if worker.handle.process is None or worker.handle.exit_code != TAKEN:
            return False
        status = worker.run.status()
        if status and is_alive(status.pid, status.pid_started):
            older = LocalProcess((status.pid, status.pid_started), None)
            self.add(Worker(run=worker.run, handle=older))
            return True
        return time.monotonic() - worker.beat_at < SHOW_SECONDS

    def _stop(self, worker: Worker) -> None:
        if worker.asked_at is None:
            worker.asked_at = time.monotonic()
            worker.handle.stop()
        elif time.monotonic() - worker.asked_at > GRACE_SECONDS:
            worker.handle.kill()

    def _listen(self, worker: Worker) -> None:
        """Stop a worker that has lost its folder, or lives but has not been heard of for long."""
        if not worker.run.folder.is_dir():
            self._stop(worker)
            return
        now = time.monotonic()
        if now - worker.listened_at < LISTEN_SECONDS:
            return
        worker.listened_at, status = now, worker.run.status()
        beat = status.beat if status and worker.handle.says(status) else -1
        if beat != worker.beat:
            worker.beat, worker.beat_at = beat, now
        elif now - worker.beat_at > SILENT_SECONDS:
            worker.is_silent = True
            worker.handle.kill()

    def _ending(self, worker: Worker) -> Ending:
        run, code = worker.run, worker.handle.exit_code
        worker.handle.kill()  # processes that it started and left behind
        if not run.folder.is_dir() or code == GONE:
            why = "The run folder was deleted while the job ran. Submit the job again."
            return Ending(run_id=run.run_id, state="failed", why=why)
        status = run.status()
        if status and status.is_over and worker.handle.says(status):
            return _said(run, status)
        if code == -signal.SIGTERM and worker.asked_at is None:
            why = "The worker was stopped by somebody else before it had begun."
            return Ending(run_id=run.run_id, state="stopped", why=why)
        if why := str(failure_of(code) or worker.handle.failure):
            return Ending(run_id=run.run_id, state="failed", why=why)
        return Ending(run_id=run.run_id, state="died", why=_death(worker, code))


def _said(run: Run, status: Status) -> Ending:
    """The ending that the worker wrote down."""
    if status.state == "failed":
        why = str(run.failure() or "The worker failed and could not say why.")
        return Ending(run_id=run.run_id, state="failed", why=why)
    if status.state == "stopped":
        why = "stopped, the best so far kept" if status.kept else "stopped, with nothing to keep"
        return Ending(run_id=run.run_id, state="stopped", why=why)
    return Ending(run_id=run.run_id, state="succeeded", why="done")


def _death(worker: Worker, code: int | None) -> str:
    if worker.is_silent:
        return f"The worker gave no sign of life for {SILENT_SECONDS / 60:.0f} minutes."
    if worker.handle.death:
        return worker.handle.death
    if worker.asked_at is not None:
        return "The worker was killed before it had anything to keep."
    if code is None:
        return "The worker ended without a word, perhaps with the machine."
    if code == TAKEN:
        return "Another worker was still at the job."
    if code == -signal.SIGKILL:
        return (
            "The worker was killed (signal 9), most often for lack of memory: use fewer series, a "
            "smaller batch_size or fewer jobs at once."
        )
    if code == -signal.SIGABRT and worker.run.has_printed("bad_alloc"):
        return str(explain(MemoryError(), ""))
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return f"The worker ended {how} without a result; output.log in its run folder may say more."
