"""Values that are kept for a moment or until there are too many; any thread may ask."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The `most` values that were used last; each made once, for everybody who asks.

    With `seconds` a value is made anew when it is older.
    """

    def __init__(self, *, most: int, seconds: float = float("inf")) -> None:
        self._most, self._seconds = most, seconds
        self._values: OrderedDict[Hashable, tuple[float, Value]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()
        self._cleared = 0  # times

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key, made where there is none; what `make` raises is not kept."""
        with self._lock:
            found = self._fresh(key)
            if found is not None:
                return found[1]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                found, cleared = self._fresh(key), self._cleared
            if found is not None:
                return found[1]
            try:
                value = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                if cleared != self._cleared:  # of what was there before
                    return value
                self._values[key] = (time.monotonic(), value)
                while len(self._values) > self._most:
                    self._values.popitem(last=False)
            return value

    def clear(self) -> None:
        """Forget all; what is being made is not kept either."""
        with self._lock:
            self._cleared += 1
            self._values.clear()

    def _fresh(self, key: Hashable) -> tuple[float, Value] | None:
        found = self._values.get(key)
        if found is None or time.monotonic() - found[0] > self._seconds:
            return None
        self._values.move_to_end(key)
        return found
