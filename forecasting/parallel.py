"""Many small independent tasks, with progress and a deadline: the one place where they are spread.

They run in this process, in several of this machine, or as tasks of the Ray cluster that this
process has joined.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from forecasting.errors import ForecastingError
from forecasting.progress import Reporter
from forecasting.ray_tasks import is_driver, run_on_ray

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
    if len(items) >= WORTH_A_PROCESS and is_driver():
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
