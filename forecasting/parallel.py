"""Independent tasks, many small or a few large ones: the one place where they are spread.

They run in this process, small ones in several of this machine, or as tasks of the Ray cluster
that this process has joined.
"""

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Generic, TypeVar

from forecasting.errors import ForecastingError
from forecasting.progress import OnProgress, Progress, Reporter, led_by
from forecasting.ray_parts import Task, do_on_ray
from forecasting.ray_tasks import has_cluster, is_driver, run_on_ray

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 16  # tasks sent to a process at once
WORTH_A_PROCESS = 32  # tasks per process below which starting one takes longer than the work


def run_tasks(
    task: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    n_jobs: int,
    reporter: Reporter,
    deadline: float | None,
) -> list[Result | None]:
    """Results in order; None for tasks that were not started before the deadline.

    `deadline` is in seconds of `time.monotonic`. With several processes the task must be picklable
    and the calling script guarded by `if __name__ == "__main__"`. On Ray `n_jobs` does not count.
    """
    if len(items) >= WORTH_A_PROCESS and has_cluster():
        return run_on_ray(task, items, reporter=reporter, deadline=deadline)
    n_jobs = min(n_jobs, len(items) // WORTH_A_PROCESS)
    if n_jobs > 1:
        return _in_processes(task, items, n_jobs, reporter, deadline)
    results: list[Result | None] = [None] * len(items)
    for i, item in enumerate(items):
        if _is_over(deadline):
            break
        results[i] = task(item)
        reporter.at(i + 1)
    return results


def are_side_by_side(count: int) -> bool:
    """Whether so many large tasks would run at once here."""
    return count > 1 and is_driver()


def run_parts(
    task: Task[Item, Result],
    items: Sequence[Item],
    *,
    kind: str,
    on_progress: OnProgress | None,
    on_done: Callable[[Item, Result], object],
    name: Callable[[Item], str],
    gpus: Callable[[Item], int],
) -> None:
    """Do a few large tasks: one after the other, or as tasks of the Ray cluster of this driver.

    `on_done` gets each result as it comes, on Ray in any order. `kind` is what the items are, for
    the progress; `name` is for failures; `gpus` says how many an item needs, and is asked on Ray
    alone. What a task raises is raised here.
    """
    if are_side_by_side(len(items)):
        do_on_ray(task, _Listed(items, kind, on_progress, on_done, name, gpus))
        return
    for number, item in enumerate(items, 1):
        on_done(item, task(item, led_by(on_progress, f"[{number}/{len(items)}]")))


class _Listed(Generic[Item, Result]):
    """Items that are all known from the start; one that is lost fails all."""

    def __init__(
        self,
        items: Sequence[Item],
        kind: str,
        on_progress: OnProgress | None,
        on_done: Callable[[Item, Result], object],
        name: Callable[[Item], str],
        gpus: Callable[[Item], int],
    ) -> None:
        self._waiting, self._total, self._done = deque(items), len(items), 0
        self._on_progress, self._on_done = on_progress, on_done
        self._kind, self._name, self._gpus = kind, name, gpus
        self._began = time.monotonic()

    def next(self) -> Item | None:
        return self._waiting.popleft() if self._waiting else None

    def gpus(self, item: Item) -> int:
        return self._gpus(item)

    def done(self, item: Item, result: Result) -> None:
        self._done += 1
        self._on_done(item, result)

    def lost(self, item: Item, why: str) -> None:
        raise ForecastingError(f"{self._name(item)} {why}")

    def show(self, running: float) -> None:
        if self._on_progress is None:
            return
        stage = f"{self._done} of {self._total} {self._kind} done"
        share, elapsed = int(100 * (self._done + running)), time.monotonic() - self._began
        self._on_progress(Progress(stage, share, 100 * self._total, elapsed))


def _in_processes(
    task: Callable[[Item], Result],
    items: Sequence[Item],
    n_jobs: int,
    reporter: Reporter,
    deadline: float | None,
) -> list[Result | None]:
    # "spawn": a fork of a process that runs threads (torch, a server) can hang.
    context = multiprocessing.get_context("spawn")
    # Only processes started from here on read this: one thread each, since they share the cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    results: list[Result | None] = [None] * len(items)
    starts = iter(range(0, len(items), CHUNK))
    running: dict[Future[list[Result]], int] = {}
    done = 0
    pool = ProcessPoolExecutor(n_jobs, mp_context=context)
    try:
        while True:
            while len(running) < 2 * n_jobs and not _is_over(deadline):
                start = next(starts, None)
                if start is None:
                    break
                future = pool.submit(_run_chunk, task, list(items[start : start + CHUNK]))
                running[future] = start
            if not running:
                return results
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                start, chunk = running.pop(future), future.result()
                results[start : start + len(chunk)] = chunk
                done += len(chunk)
            reporter.at(done)
    except BrokenProcessPool as error:
        raise ForecastingError(
            "A worker process ended unexpectedly, for lack of memory or because the calling script "
            'is not guarded by `if __name__ == "__main__"`. Use n_jobs=1, or correct the script.'
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _run_chunk(task: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    return [task(item) for item in items]


def _is_over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline
