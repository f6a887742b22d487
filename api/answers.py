"""Answers that are still right, given again without making them again.

Making one takes turns with whatever the screens are calculating: to a thread, there, and back. One
that is kept is given from the event loop, in one turn. What an operation reads has a stamp that
changes with it; it is looked at once a second at most, so that nothing is later than that.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

from anyio import CapacityLimiter, to_thread
from starlette.responses import Response

LATE = 1.0  # seconds until a change is seen
MOST_BYTES = 32_000_000
MOST_OF_ONE = 256_000  # larger ones are seldom asked twice


class Answers:
    """The answers of one operation, by what was asked; for the event loop alone."""

    def __init__(
        self,
        stamp: Callable[[], Hashable],
        *,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._most, self._clock = stamp, most_bytes, clock
        self._kept: OrderedDict[Hashable, Response] = OrderedDict()
        self._bytes = 0
        self._stamp: Hashable = None
        self._stamped_at = float("-inf")
        self._stamping = asyncio.Lock()
        self._limiter: CapacityLimiter | None = None  # made in the event loop

    async def get(self, asked: Hashable, make: Callable[[], Awaitable[Response]]) -> Response:
        """The answer to what is asked, made where there is none that is right."""
        stamp = await self._current()
        found = self._kept.get(asked)
        if found is None:
            found = await make()
            if stamp == self._stamp:  # else it may be of what was there before
                self._keep(asked, found)
        else:
            self._kept.move_to_end(asked)
        return _again(found)

    async def _current(self) -> Hashable:
        """The stamp, looked at where it is late; one looks, the others wait for it."""
        if self._clock() - self._stamped_at < LATE:
            return self._stamp
        async with self._stamping:
            if self._clock() - self._stamped_at >= LATE:
                await self._look()
        return self._stamp

    async def _look(self) -> None:
        began = self._clock()
        if self._limiter is None:
            self._limiter = CapacityLimiter(1)  # its own: slow operations do not hold it up
        stamp = await to_thread.run_sync(self._read, limiter=self._limiter)
        if stamp != self._stamp:
            self._kept.clear()
            self._bytes = 0
        self._stamp, self._stamped_at = stamp, began

    def _keep(self, asked: Hashable, found: Response) -> None:
        if len(found.body) > MOST_OF_ONE or asked in self._kept:
            return
        self._kept[asked] = found
        self._bytes += len(found.body)
        while self._bytes > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)


def _again(found: Response) -> Response:
    """The same answer with headers of its own: what passes it on may add some."""
    fresh = Response(found.body, found.status_code)
    fresh.raw_headers = list(found.raw_headers)
    return fresh
