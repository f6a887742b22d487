"""Where a network computes: the device of a name, and threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from forecasting.errors import ConfigError


def device_named(asked: str) -> torch.device:
    """The device of this name, "auto" being a GPU where there is one.

    Raises `ConfigError` for an unknown name, and for a GPU where there is none.
    """
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
    except (RuntimeError, TypeError) as error:
        raise ConfigError(f"device={asked!r} is unknown. Use 'auto', 'cpu' or 'cuda'.") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"device={asked!r}: this machine has no GPU that torch can use.")
    return device


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads within, as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
