"""Many small independent tasks on a Ray cluster; this process works too, so none waits forever.

The driver of a Ray job holds a CPU of its own. It sends chunks from the front of the list and does
those at the end itself, so that a cluster without a free CPU, or shared by many jobs, only makes
it slower.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from forecasting.errors import ForecastingError
from forecasting.progress import Reporter

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 16  # items of a task, unless they are large


def has_cluster() -> bool:
    """Whether this process has joined a Ray cluster, as its driver or as one of its tasks."""
    ray: Any = sys.modules.get("ray")
    return ray is not None and bool(ray.is_initialized())


def is_driver() -> bool:
    """Whether this process has joined a Ray cluster, and is not itself one of its tasks."""
    ray: Any = sys.modules.get("ray")
    return has_cluster() and bool(ray.get_runtime_context().worker.mode == ray.SCRIPT_MODE)


def cpus() -> int:
    """CPUs of the whole cluster, as it is now."""
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def own_error(error: Any) -> Exception:
    """What a task raised itself, out of Ray's `RayTaskError`."""
    return error.cause if isinstance(error.cause, Exception) else error


def lost(error: Exception) -> str:
    """What is to be said of a task whose process died."""
    return (
        f"was lost on the Ray cluster ({type(error).__name__}), most often for lack of memory on "
        "its machine. Use fewer CPUs per machine, or more memory."
    )


def finished(running: Collection[Any]) -> list[Any]:
    """The references of those tasks that are done by now."""
    import ray

    if not running:
        return []
    done, _ = ray.wait(list(running), num_returns=len(running), timeout=0)
    return list(done)


def run_on_ray(
    task: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    reporter: Reporter,
    deadline: float | None,
    chunk: int = CHUNK,
) -> list[Result | None]:
    """Results in order; None for items that were not done before the deadline."""
    return _Spread(task, items, reporter, deadline, chunk).run()


class _Spread:
    """Chunks by the position of their first item: waiting, running as Ray tasks, and done."""

    def __init__(
        self,
        task: Callable[[Any], Any],
        items: Sequence[Any],
        reporter: Reporter,
        deadline: float | None,
        chunk: int,
    ) -> None:
        import ray

        self._task, self._items, self._reporter, self._deadline = task, items, reporter, deadline
        self._chunk = chunk
        self._results: list[Any] = [None] * len(items)
        self._waiting = deque(range(0, len(items), chunk))
        self._running: dict[Any, int] = {}
        self._done = 0  # items
        self._most = 2 * cpus()
        self._remote = ray.remote(num_cpus=1)(_run_chunk)
        self._shared_task = ray.put(task)

    def run(self) -> list[Any]:
        import ray
        from ray.exceptions import RayError, RayTaskError

        try:
            while (self._waiting or self._running) and not self._is_over():
                self._send()
                if not self._collect():
                    self._work()
        except RayTaskError as error:
            raise own_error(error) from error
        except RayError as error:
            raise ForecastingError(f"A task {lost(error)}") from error
        finally:
            for reference in self._running:
                ray.cancel(reference)
        return self._results

    def _send(self) -> None:
        while self._waiting and len(self._running) < self._most:
            start = self._waiting.popleft()
            chunk = list(self._items[start : start + self._chunk])
            self._running[self._remote.remote(self._shared_task, chunk)] = start

    def _collect(self) -> bool:
        """Take in the tasks that are done; whether there were any."""
        import ray

        done = finished(self._running)
        for reference in done:
            start = self._running.pop(reference)
            self._take(start, ray.get(reference))
        return bool(done)

    def _work(self) -> None:
        """Do the last chunk here; one that runs elsewhere too is given up when it comes from there.

        Where it is done here first, the task is cancelled: both have the same result.
        """
        import ray

        elsewhere = None
        if self._waiting:
            start = self._waiting.pop()
        else:
            elsewhere, start = list(self._running.items())[-1]
        results: list[Any] = []
        for item in self._items[start : start + self._chunk]:
            if elsewhere and ray.wait([elsewhere], timeout=0)[0]:
                return
            if self._is_over():
                break
            results.append(self._task(item))
            self._reporter.at(self._done + (0 if elsewhere else len(results)))
        if elsewhere:
            del self._running[elsewhere]
            ray.cancel(elsewhere)
        self._take(start, results)

    def _take(self, start: int, results: list[Any]) -> None:
        self._results[start : start + len(results)] = results
        self._done += len(results)
        self._reporter.at(self._done)

    def _is_over(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline


def _run_chunk(task: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    return [task(item) for item in items]
