"""Sizes of the pretrained network, and what all sizes share."""

from dataclasses import dataclass

from forecasting.errors import ConfigError

MOST_CONTEXT = 1024  # steps read at most
MOST_HORIZON = 256  # steps predicted in one pass
FINE = 256  # last steps, read one by one
PATCH = 16  # steps, or pools, that make a token
POOL = 8  # older steps that are read as their mean
AHEAD = 8  # future steps that make a token
LEVELS = (0.025, *(round(0.05 * k, 2) for k in range(1, 20)), 0.975)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a network is."""

    name: str
    width: int
    layers: int
    heads: int
    batch_size: int  # series per step of a pretraining
    learning_rate: float  # its peak


SIZES = {
    "tiny": Size(name="tiny", width=16, layers=1, heads=2, batch_size=32, learning_rate=5e-3),
    "small": Size(name="small", width=128, layers=4, heads=4, batch_size=96, learning_rate=1.5e-3),
    "base": Size(name="base", width=256, layers=8, heads=8, batch_size=1024, learning_rate=1e-3),
}


def size_of(name: str) -> Size:
    """The size of this name. Raises `ConfigError` for another."""
    if name not in SIZES:
        raise ConfigError(f"size={name!r} is unknown. Use one of {', '.join(SIZES)}.")
    return SIZES[name]
