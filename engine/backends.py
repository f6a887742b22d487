"""Where workers run: what the engine needs of a backend, and the one for this machine.

A backend starts the worker of a job, or finds the one that an earlier engine started. All else,
such as progress, heartbeats, results and failures, is read from the run folder.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.processes import is_alive, kill_group, launch, started, terminate, worker_environment
from engine.queue import Job
from engine.runs import Run, Status


class Handle(Protocol):
    """A worker that was started. No call waits: the engine asks several times a second."""

    @property
    def process(self) -> tuple[int, str] | None:
        """Number and start of the process, where it runs on this machine and is known."""

    @property
    def exit_code(self) -> int | None:
        """Of a worker that has ended, where it is known."""

    @property
    def failure(self) -> str:
        """Why no worker of this backend can do the job; "" where nothing says so."""

    @property
    def death(self) -> str:
        """Why the worker ended without a word; "" where its exit code says all that is known."""

    def has_ended(self) -> bool:
        """Whether it has; what `Handle` says of its end is known from then on."""

    def says(self, status: Status) -> bool:
        """Whether the status is of this worker, and not of an earlier one."""

    def stop(self) -> None:
        """Ask it to stop and keep the best so far; once."""

    def kill(self) -> None:
        """End it and all that it started; again and again, also after its end."""


class Backend(Protocol):
    """Starts workers and finds them again."""

    def launch(self, job: Job, run: Run) -> Handle:
        """Start a worker. Raises `OSError` where that is impossible."""

    def adopt(self, job: Job, run: Run) -> Handle:
        """The worker of a job that was running when the last engine ended."""


class LocalBackend:
    """Workers are processes of this machine; those of all slots share its cores evenly."""

    def __init__(
        self, command: Sequence[str], *, slots: Mapping[str, int], memory_mb: int | None
    ) -> None:
        self._command, self._memory_mb = list(command), memory_mb
        self.threads = max(1, (os.cpu_count() or 1) // sum(slots.values()))  # of each worker

    def launch(self, job: Job, run: Run) -> "LocalProcess":
        environment = worker_environment(
            job.resource, threads=self.threads, memory_mb=self._memory_mb
        )
        process = launch([*self._command, str(run.folder)], run.output, environment)
        return LocalProcess((process.pid, started(process.pid) or ""), process)

    def adopt(self, job: Job, run: Run) -> "LocalProcess":
        """The process in the queue; or in the status, for an engine may die before it notes one."""
        known = None if job.pid is None else (job.pid, job.pid_started or "")
        if known is None or not is_alive(*known):
            status = run.status()
            if status and (known is None or is_alive(status.pid, status.pid_started)):
                known = status.pid, status.pid_started
        return LocalProcess(known, None)


class LocalProcess:
    """A worker on this machine; an adopted one is no child of this process."""

    failure = death = ""

    def __init__(
        self, process: tuple[int, str] | None, child: "subprocess.Popen[bytes] | None"
    ) -> None:
        self.process = process  # None: an earlier engine died before it could write it down
        self._child = child

    @property
    def exit_code(self) -> int | None:
        return self._child.returncode if self._child else None

    def has_ended(self) -> bool:
        if self._child is not None:
            return self._child.poll() is not None
        return self.process is None or not is_alive(*self.process)

    def says(self, status: Status) -> bool:
        return self.process is not None and status.pid == self.process[0]

    def stop(self) -> None:
        if self.process is not None:
            terminate(*self.process)

    def kill(self) -> None:
        if self.process is not None:
            kill_group(*self.process)
