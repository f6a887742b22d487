"""How often and how much: a bucket of requests per client, and the size of a body.

A bucket holds twice what is allowed in a second and fills up evenly.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from api.problems import Problem

BURST_SECONDS = 2.0
MOST_CLIENTS = 10_000  # remembered; the one that was silent longest is forgotten


class Rates:
    """Requests per second of each client; used from the event loop alone."""

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._most = max(1.0, per_second * BURST_SECONDS)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, *, cost: float = 1.0) -> None:
        """Raises `Problem` (429) where the client has asked too often."""
        now = self._clock()
        left, at = self._buckets.pop(client, (self._most, now))
        left = min(self._most, left + (now - at) * self._per_second)
        allowed = left >= cost
        self._buckets[client] = (left - cost if allowed else left, now)
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        if not allowed:
            wait = math.ceil((cost - left) / self._per_second)
            raise Problem(
                "too-many",
                f"More than {self._per_second:g} requests a second. Wait {wait} s and go on "
                "slower; a page holds up to 10,000 rows.",
                retry_seconds=wait,
            )


def check_size(size: int, most: int) -> None:
    """Raises `Problem` (413) for a body of more bytes than allowed."""
    if size > most:
        raise Problem(
            "too-large",
            f"The body has more than {most / 1_000_000:g} MB. Send it in parts, or put the file "
            "into the server's folder and import it on the Upload page.",
        )
