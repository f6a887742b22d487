"""A few large tasks on a Ray cluster, each of minutes, with progress: windows, trials.

This process does one of them too, so that a cluster without a free CPU only makes it slower. Where
nothing waits any more it does the last of those that run elsewhere a second time: the first result
counts, and both are the same. While it works it takes in, through the progress of its own task,
what the others say.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from forecasting.progress import OnProgress, Progress
from forecasting.ray_tasks import cpus, finished, lost, own_error

Item = TypeVar("Item")
Result = TypeVar("Result")
ResultIn = TypeVar("ResultIn", contravariant=True)
Task = Callable[[Item, OnProgress | None], Result]  # what is done with an item; it is pickled

MOST_LOSSES = 1  # a task whose process died is done again once, as a job is

LISTEN_SECONDS = 0.2


class Work(Protocol[Item, ResultIn]):
    """What there is to do, and what becomes of it."""

    def next(self) -> Item | None:
        """The next item to send; None where there is none now."""

    def gpus(self, item: Item) -> int:
        """GPUs that the item needs."""

    def done(self, item: Item, result: ResultIn) -> None:
        """Called once for each item that is done."""

    def lost(self, item: Item, why: str) -> None:
        """Called instead where the item's process died again and again."""

    def show(self, running: float) -> None:
        """Report; `running` is the sum of the shares done of all items that run."""


def gpus_of(config: Any) -> int:
    """GPUs that a model with these options uses: one, where it can and this process has one."""
    if not (hasattr(config, "device") or hasattr(config, "members")):
        return 0
    import torch

    return int(getattr(config, "device", "auto") != "cpu" and torch.cuda.is_available())


def do_on_ray(task: Task[Item, Result], work: Work[Item, Result]) -> None:
    """Do all that `work` has; whatever a task raises ends the others and is raised here."""
    _Pool(task, work).run()


@dataclass(eq=False)
class _Part(Generic[Item]):
    """An item that was sent, or is done here."""

    number: int
    item: Item
    share: float = 0.0  # done, 0..1; it never falls, though stages begin anew
    losses: int = 0
    is_done: bool = False

    def hear(self, fraction: float) -> None:
        self.share = max(self.share, fraction)


class _Abandoned(KeyboardInterrupt):
    """Ends the task at work here: no model takes it for a failure of its own."""


class _Pool(Generic[Item, Result]):
    """Parts that run elsewhere, by the reference of their task, and the one at work here."""

    def __init__(self, task: Task[Item, Result], work: Work[Item, Result]) -> None:
        import ray

        self._task, self._work = task, work
        self._shared_task = ray.put(task)
        self._running: dict[Any, _Part[Item]] = {}
        self._lost: deque[_Part[Item]] = deque()  # to be done again
        self._here: _Part[Item] | None = None
        self._error: Exception | None = None
        self._sent = 0
        self._voices: Any = ray.remote(num_cpus=0, max_restarts=-1)(_Voices).remote()
        self._asked: Any = None
        self._listened = 0.0

    def run(self) -> None:
        import ray

        try:
            while True:
                self._collect()
                self._send()
                part = self._next() or next(reversed(self._running.values()), None)
                if part is None:
                    return
                self._do_here(part)
        finally:
            for reference in self._running:
                ray.cancel(reference, force=True)
            ray.kill(self._voices)

    def _next(self) -> _Part[Item] | None:
        if self._lost:
            return self._lost.popleft()
        item = self._work.next()
        if item is None:
            return None
        self._sent += 1
        return _Part(self._sent, item)

    def _send(self) -> None:
        import ray

        most = max(1, cpus() - 1)  # one is this process's own
        while len(self._running) < most and (part := self._next()) is not None:
            gpus = self._work.gpus(part.item)
            # Lost ones are counted here: Ray would do one that lacks memory again for ever.
            remote = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=0)(_do_part)
            reference = remote.remote(self._shared_task, part.item, part.number, self._voices)
            self._running[reference] = part

    def _collect(self) -> bool:
        """Take in the tasks that are done; whether there were any."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        done = finished(self._running)
        for reference in done:
            part = self._running.pop(reference)
            try:
                result = ray.get(reference)
            except RayTaskError as error:
                raise own_error(error) from error
            except RayError as error:
                self._lose(part, error)
            else:
                self._finish(part, result)
        return bool(done)

    def _finish(self, part: _Part[Item], result: Result) -> None:
        if not part.is_done:
            part.is_done = True
            self._work.done(part.item, result)

    def _lose(self, part: _Part[Item], error: Exception) -> None:
        if part is self._here:  # it goes on
            return
        part.losses, part.share = part.losses + 1, 0.0
        if part.losses <= MOST_LOSSES:
            self._lost.append(part)
        else:
            self._work.lost(part.item, lost(error))

    def _do_here(self, part: _Part[Item]) -> None:
        """Do the part in this process, unless its result comes from elsewhere first."""
        import ray

        self._here = part
        result: Any
        try:
            result = self._task(part.item, partial(self._hear, part))
        except _Abandoned:
            result = None
        finally:
            self._here = None
        if self._error is not None:
            raise self._error
        if part.is_done:
            return
        for reference, each in list(self._running.items()):
            if each is part:
                del self._running[reference]
                ray.cancel(reference, force=True)
        self._finish(part, result)

    def _hear(self, part: _Part[Item], progress: Progress) -> None:
        """What the task at work here says; between two words of it the others are looked after."""
        part.hear(progress.fraction)
        try:
            if self._collect():
                self._send()
            self._listen()
        except Exception as error:  # not of the model that is at work here
            self._error = error
            raise _Abandoned from error
        if part.is_done:
            raise _Abandoned
        self._work.show(sum(each.share for each in {*self._running.values(), part}))

    def _listen(self) -> None:
        """Take in what the others said; their voices may be late, or be lost with a machine."""
        import ray
        from ray.exceptions import RayError

        if self._asked is None:
            if time.monotonic() - self._listened > LISTEN_SECONDS:
                self._asked = self._voices.all.remote()
            return
        if not ray.wait([self._asked], timeout=0)[0]:
            return
        try:
            said = ray.get(self._asked)
        except RayError:  # the progress of others is for people: nothing fails for it
            said = {}
        self._asked, self._listened = None, time.monotonic()
        for each in self._running.values():
            each.hear(said.get(each.number, 0.0))


class _Voices:
    """An actor: what share each part has done, as far as it said."""

    def __init__(self) -> None:
        self._shares: dict[int, float] = {}

    def say(self, number: int, share: float) -> None:
        self._shares[number] = share

    def all(self) -> dict[int, float]:
        return self._shares


def _do_part(task: Task[Any, Any], item: Any, number: int, voices: Any) -> Any:
    def say(progress: Progress) -> None:
        voices.say.remote(number, progress.fraction)

    return task(item, say)
