"""How large a network and how long a training a preset means, by the size of the panel.

Small panels have little to learn, and what is learned late is noise. A panel of thousands of long
series has more to learn than a narrow network can hold in the steps that suffice for the others.
"""

from dataclasses import dataclass
from typing import Literal

Preset = Literal["fast", "balanced", "best"]
PRESETS: tuple[Preset, ...] = ("fast", "balanced", "best")
MANY_SERIES = 5_000
MANY_VALUES = 10_000_000  # series times steps


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """What stands in for options left at None."""

    width: int  # of all hidden layers
    max_steps: int  # updates of the weights
    batch_size: int  # windows per update


USUAL = {
    "fast": Suggestion(width=48, max_steps=300, batch_size=256),
    "balanced": Suggestion(width=64, max_steps=800, batch_size=256),
    "best": Suggestion(width=128, max_steps=2500, batch_size=256),
}
LARGE = {
    "fast": Suggestion(width=64, max_steps=800, batch_size=256),
    "balanced": Suggestion(width=128, max_steps=1500, batch_size=256),
    "best": Suggestion(width=128, max_steps=6000, batch_size=256),
}
LARGE_ON_GPU = {  # not measured yet: no GPU was at hand
    "fast": Suggestion(width=128, max_steps=1000, batch_size=1024),
    "balanced": Suggestion(width=256, max_steps=3000, batch_size=1024),
    "best": Suggestion(width=256, max_steps=10_000, batch_size=1024),
}


def suggested(
    preset: Preset, *, num_series: int, length: int, device_type: str = "cpu"
) -> Suggestion:
    """Width, steps and batch for a panel (num_series, length) on a "cpu" or "cuda" device.

    >>> suggested("balanced", num_series=30_490, length=1_885).width
    128
    """
    if not is_large(num_series, length):
        return USUAL[preset]
    return (LARGE_ON_GPU if device_type == "cuda" else LARGE)[preset]


def is_large(num_series: int, length: int) -> bool:
    """Whether a panel has thousands of series, or ten million values.

    >>> is_large(30_490, 1_885), is_large(913, 392)
    (True, False)
    """
    return num_series > MANY_SERIES or num_series * length > MANY_VALUES
