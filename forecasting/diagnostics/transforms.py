"""Whether a model should see logarithms: the Box-Cox exponent that makes the spread even."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecasting.arrays import FloatArray

Transform = Literal["log", "root", "none"]


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to do to the values before modelling, and why."""

    transform: Transform
    exponent: float | None  # Box-Cox: 0 is the logarithm, 1 leaves as is; None: cannot be told
    reason: str


def advise_transform(values: FloatArray, period: int) -> Advice:
    """The advice for values (T,), NaN ignored, by V. M. Guerrero's method (1993).

    The exponent makes the ratio of spread to level the same in all stretches of a season; it is
    searched from -1 to 2. Values that are not positive, or too few, cannot be told.
    """
    from statsmodels.base.transform import BoxCox

    seen = values[np.isfinite(values)]
    window = max(period, 4)
    if len(seen) < 3 * window:
        return Advice(transform="none", exponent=None, reason="too short to tell")
    if (seen <= 0).any():
        below = "values below zero" if (seen < 0).any() else "zeros"
        return Advice(transform="none", exponent=None, reason=f"has {below}")
    if np.ptp(seen) <= 1e-9 * seen.max():
        return Advice(transform="none", exponent=None, reason="does not vary")
    _, exponent = BoxCox().transform_boxcox(
        seen / seen.mean(), method="guerrero", window_length=window
    )
    exponent = float(np.clip(exponent, -1.0, 2.0))
    if exponent < 0.25:
        return Advice(transform="log", exponent=exponent, reason="swings grow with the level")
    if exponent < 0.75:
        return Advice(
            transform="root", exponent=exponent, reason="swings grow more slowly than the level"
        )
    return Advice(transform="none", exponent=exponent, reason="swings are even at every level")
