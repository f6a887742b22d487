"""The engine of one folder: takes jobs, starts workers, watches them, and ends them.

`queue.db` says which jobs there are, `runs/<run_id>/` holds each, `engine.lock` is held while the
engine is open. Callers only change the queue; one thread does everything else, once a second and
whenever it is woken, and a job needs nothing of it but a start: workers live on when the app dies,
and the next engine on the folder adopts them.
"""

import atexit
import fcntl
import logging
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from engine.backends import Backend, LocalBackend
from engine.crew import GRACE_SECONDS, Crew, Ending, Worker
from engine.devices import wants_gpu
from engine.errors import EngineBusy, EngineError, QueueError
from engine.files import remove_tree
from engine.processes import end_all, is_of_another_boot
from engine.queue import ACTIVE, OVER, Event, Job, Queue
from engine.requests import Request, digest
from engine.runs import Run, Status

if TYPE_CHECKING:
    import pandas as pd

    from engine.registry import Registration

log = logging.getLogger("engine")

WORKER = (sys.executable, "-m", "engine.worker")
TICK_SECONDS = 0.1  # between two rounds while something is bound to change
QUIET_SECONDS = 1.0  # ... while all that can happen wakes the engine
MOST_DEATHS = 1  # a job whose worker dies is done again once
MOST_ATTEMPTS = 10  # from here on a worker stopped by somebody else counts as dead, too


class Engine:
    """The open engine; any thread may call it. Close it, or use it in a `with` block.

    `slots` says how many jobs of each resource run at once; `cpu` jobs share the cores evenly.
    Raises `EngineBusy` where another engine works on the folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        slots: Mapping[str, int] | None = None,
        memory_mb: int | None = None,  # per worker of this machine; None: no limit
        command: Sequence[str] = WORKER,  # gets the run folder as its last argument
        backend: Backend | None = None,  # None: this machine
        on_end: Callable[[str], object] | None = None,  # gets the id of a run that is over
    ) -> None:
        self.folder = folder.absolute()
        self.slots = _checked(slots or {"cpu": 1})
        self._backend: Backend = backend or LocalBackend(
            command, slots=self.slots, memory_mb=memory_mb
        )
        self._on_end = on_end
        self._runs = self.folder / "runs"
        self._runs.mkdir(parents=True, exist_ok=True)
        self._lock = _only_engine(self.folder)
        try:
            self._queue = Queue(self.folder / "queue.db")
            self._wake, self._closing = threading.Event(), threading.Event()
            self._crew = Crew(self._wake.set)
            self._remove_unfinished_submissions()
            self._end_workers_without_a_job()
            for job in self._queue.jobs(("interrupted",)):
                self._queue.change(job.run_id, "queued", who="engine", why="the app started again")
            self._queue.redirect(list(self.slots), to=next(iter(self.slots)))
        except BaseException:
            self._lock.close()
            raise
        self._trouble = ""  # what kept the last round from its end
        self._changed = threading.Condition()  # told after every round
        self._thread = threading.Thread(target=self._supervise, name="engine", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def submit(
        self,
        request: Request,
        panel: "pd.DataFrame",
        *,
        future: "pd.DataFrame | None" = None,
        resource: str = "cpu",
        priority: int = 0,
        who: str = "",
        registration: "Registration | None" = None,
    ) -> str:
        """Queue a job and return its run id.

        `panel` is the long frame that the request's panel is made of, `future` the known
        covariates ahead. The highest priority runs first. `registration` lies in the run folder
        from its first moment, for `Registry.register`. Raises `EngineError`.
        """
        if self._closing.is_set():
            raise EngineError("The engine is closed. Start it again, then submit the job.")
        if resource not in self.slots:
            raise EngineError(
                f"There are no slots for {resource!r}; there are {', '.join(self.slots)}."
            )
        run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        said = "" if registration is None else registration.to_json()
        run = Run.create(self._runs / run_id, request, panel, future, registration=said)
        try:
            self._queue.add(
                run_id,
                kind=request.kind,
                digest=digest(request, panel, future),
                resource=resource,
                priority=priority,
                who=who,
            )
        except QueueError:
            run.delete()
            raise
        self._wake.set()
        return run_id

    def resource_for(self, request: Request) -> str:
        """Where the request is best submitted to: the GPU with the fewest jobs, or the CPU."""
        gpus = [name for name in self.slots if name.startswith("gpu")]
        if gpus and wants_gpu(request, self._runs):
            return min(gpus, key=self._queue.load)
        return next((name for name in self.slots if name not in gpus), *gpus[:1])

    def finished_equal(
        self, request: Request, panel: "pd.DataFrame", *, future: "pd.DataFrame | None" = None
    ) -> str | None:
        """The latest run that succeeded with an equal request on equal data, if it still exists."""
        job = self._queue.succeeded(digest(request, panel, future))
        return job.run_id if job and self.run(job.run_id).folder.is_dir() else None

    def cancel(self, run_id: str, *, who: str = "") -> Job:
        """Stop a job and keep the best so far, within 5 s; called again, end it at once.

        A job that is over stays as it is. Raises `QueueError` for an unknown run.
        """
        job = self._queue.cancel(run_id, who=who)
        self._wake.set()  # also for who waits: a job that was queued is over
        return job

    def run(self, run_id: str) -> Run:
        """The folder of the run, which may have been deleted."""
        return Run(self._runs / run_id)

    def status(self, run_id: str) -> Status | None:
        """What the worker said last; None while the job waits."""
        return self.run(run_id).status()

    def job(self, run_id: str) -> Job:
        """Raises `QueueError` for an unknown run."""
        return self._queue.job(run_id)

    def jobs(self) -> list[Job]:
        """All jobs, the oldest first."""
        return self._queue.jobs()

    def history(self, run_id: str) -> list[Event]:
        """Who changed the state of the job, when and why."""
        return self._queue.history(run_id)

    def wait(self, run_id: str, *, timeout: float) -> Job:
        """The job when it is over, or as it is after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while (job := self.job(run_id)).state not in OVER:
                if (left := deadline - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
        return job

    def close(self) -> None:
        """Stop all workers; their jobs go on when an engine opens the folder again."""
        if self._lock.closed:
            return
        self._closing.set()
        self._wake.set()
        self._thread.join()
        atexit.unregister(self.close)
        self._queue.close()
        self._lock.close()

    # --- the supervising thread, and what it does before it starts ---

    def _supervise(self) -> None:
        while True:
            closing = self._closing.is_set()  # read first: the last round adopts, and stops, too
            try:
                self._tick(closing)
                self._trouble = ""
            except Exception as error:  # such as a full disk: it may have room again
                if str(error) != self._trouble:
                    log.exception("The engine could not do its round; it tries again.")
                self._trouble = str(error)
                if closing:  # the jobs stay as running, and are found at the start
                    self._crew.kill_all()
                    return
            with self._changed:
                self._changed.notify_all()
            if closing and not self._crew.workers:
                return
            is_urgent = closing or self._trouble or self._crew.is_urgent
            self._wake.wait(TICK_SECONDS if is_urgent else QUIET_SECONDS)
            self._wake.clear()

    def _tick(self, closing: bool) -> None:
        self._queue.restore_file()
        active = self._queue.jobs(ACTIVE)
        self._adopt(active)
        presses = {job.run_id: job.presses for job in active if job.state == "cancelling"}
        for ending in self._crew.round(presses, stop_all=closing):
            self._finish(ending)
            self._crew.forget(ending.run_id)
            self._tell(ending.run_id)
        if closing:
            return
        for resource in self._queue.waiting():  # a look is cheaper than a claim in vain
            while job := self._queue.claim(resource, slots=self.slots.get(resource, 0)):
                self._launch(job)

    def _launch(self, job: Job) -> None:
        run = self.run(job.run_id)
        try:
            run.forget_outcome()
            handle = self._backend.launch(job, run)
        except OSError as error:
            missing = not run.folder.is_dir()
            why = "The run folder was deleted. Submit the job again."
            said = why if missing else f"The worker could not be started: {error}."
            self._queue.change(job.run_id, "failed", who="engine", why=said)
            return
        self._crew.add(Worker(run=run, handle=handle))
        if handle.process is not None:
            self._queue.record_process(job.run_id, *handle.process)

    def _finish(self, ending: Ending) -> None:
        """Bring the queue up to date with how a worker ended."""
        run_id, job = ending.run_id, self._queue.job(ending.run_id)
        if job.state not in ACTIVE:
            return
        if ending.state == "succeeded":
            self._queue.change(run_id, "succeeded", who="worker", why=ending.why)
        elif job.state == "cancelling":
            self._queue.change(run_id, "cancelled", who=job.who, why=ending.why)
        elif ending.state == "failed":
            self._queue.change(run_id, "failed", who="worker", why=ending.why)
        elif self._closing.is_set():
            why = "The app was shut down. The job goes on at its next start."
            self._queue.change(run_id, "interrupted", who="engine", why=why)
        else:
            self._again(job, ending)

    def _tell(self, run_id: str) -> None:
        """Tell of a run that is over; what comes of that is no concern of the jobs."""
        if self._on_end is None or self._queue.job(run_id).state not in OVER:
            return
        try:
            self._on_end(run_id)
        except Exception:
            log.exception("What follows the end of %s failed.", run_id)

    def _again(self, job: Job, ending: Ending) -> None:
        """Queue a job whose worker died; after the second death it has failed.

        No death is the end of a machine, or of all that runs on it: a long training may see many.
        """
        run_id, why = job.run_id, ending.why
        if is_of_another_boot(job.pid_started or ""):
            why = "The machine was started anew."
        elif ending.state != "stopped" or job.attempts >= MOST_ATTEMPTS:
            deaths = self._queue.record_death(run_id)
            if deaths > MOST_DEATHS:
                said = f"{why} That happened {deaths} times."
                self._queue.change(run_id, "failed", who="engine", why=said)
                return
        self._queue.change(run_id, "interrupted", who="engine", why=why)
        self._queue.change(run_id, "queued", who="engine", why="queued again")

    def _adopt(self, active: Sequence[Job]) -> None:
        """Watch the workers of an earlier engine; the next round finishes those that have ended."""
        for job in active:
            if job.run_id not in self._crew.workers:
                run = self.run(job.run_id)
                self._crew.add(Worker(run=run, handle=self._backend.adopt(job, run)))

    def _end_workers_without_a_job(self) -> None:
        """Workers of jobs that the queue has lost, with its file: nobody would ever stop them."""
        known = {job.run_id for job in self._queue.jobs()}
        strangers = [Run(each).status() for each in self._runs.iterdir() if each.name not in known]
        living = [(each.pid, each.pid_started) for each in strangers if each and not each.is_over]
        end_all(living, grace_seconds=GRACE_SECONDS)

    def _remove_unfinished_submissions(self) -> None:
        for folder in self._runs.glob(".*.new"):
            remove_tree(folder)


def _checked(slots: Mapping[str, int]) -> dict[str, int]:
    for name, count in slots.items():
        if not isinstance(count, int) or count < 1:
            raise EngineError(f"slots[{name!r}]={count!r} must be a whole number of at least 1.")
    return dict(slots)


def _only_engine(folder: Path) -> IO[bytes]:
    """The lock of the folder, held until it is closed or the process ends."""
    file = (folder / "engine.lock").open("a+b", buffering=0)  # a full disk fails no later close
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = (file.read() or b"").decode(errors="replace").strip() or "another process"
        file.close()
        raise EngineBusy(
            f"{folder} is in use by {holder}. Close that Almanac, or start this one with another "
            "folder."
        ) from error
    with suppress(OSError):  # a full disk: the lock holds all the same, without a name
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
    return file
