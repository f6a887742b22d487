"""History: one series as a classical method sees it, without gaps and without a future."""

from dataclasses import dataclass, replace

import numpy as np

from forecasting.arrays import BoolArray, FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """One series from its launch, or its last `max_history` steps, to the cutoff."""

    values: FloatArray  # (T,), gaps filled from earlier values
    observed: BoolArray  # (T,), False where a value was filled in
    seasonality: int  # steps per season
    covariates: FloatArray  # (T, K) known covariates of the past
    future_covariates: FloatArray  # (H, K) known covariates ahead
    zeros_at_end: int  # observations since the last that is not zero, in all of the history
    longest_pause: int  # most zeros in a row between two others, in all of the history

    @property
    def num_observed(self) -> int:
        return int(self.observed.sum())

    def scaled(self, scale: float) -> "History":
        """The same history in units of `scale`, so that optimisers see values near one."""
        return replace(self, values=self.values / scale)


def history_of(
    target: FloatArray,
    *,
    seasonality: int,
    max_history: int | None,
    covariates: FloatArray,
    future_covariates: FloatArray,
) -> History:
    """The history in a row (T,) of a panel's target, NaN where nothing was observed."""
    observed = ~np.isnan(target)
    start = int(observed.argmax()) if observed.any() else len(target)
    if max_history is not None:
        start = max(start, len(target) - max_history)
    zeros_at_end, longest_pause = _pauses(target[observed])
    recent = target[start:]
    if len(recent) and np.isnan(recent).all():  # nothing within max_history: keep the last values
        start = int(observed.argmax())
        recent = target[start:]
    return History(
        values=fill_gaps(recent, seasonality),
        observed=~np.isnan(recent),
        seasonality=seasonality,
        covariates=covariates[start:],
        future_covariates=future_covariates,
        zeros_at_end=zeros_at_end,
        longest_pause=longest_pause,
    )


def _pauses(seen: FloatArray) -> tuple[int, int]:
    """Zeros at the end of the observations, and most zeros in a row before."""
    nonzero = np.flatnonzero(seen)
    if not len(nonzero):
        return 0, 0
    longest = int(np.diff(nonzero).max()) - 1 if len(nonzero) > 1 else 0
    return len(seen) - 1 - int(nonzero[-1]), longest


def fill_gaps(values: FloatArray, seasonality: int) -> FloatArray:
    """Values with each gap filled from its own past: one season earlier, else the last value.

    Only a gap at the very start, which a cut-off window can have, takes the first value after it.

    >>> fill_gaps(np.array([1.0, 2.0, np.nan, np.nan, np.nan]), 2).tolist()
    [1.0, 2.0, 1.0, 2.0, 1.0]
    """
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    filled = values.copy()
    if gaps.all():
        return np.zeros_like(values)
    first = int(np.argmin(gaps))
    filled[:first] = values[first]
    for step in np.flatnonzero(np.isnan(filled)):
        filled[step] = filled[step - seasonality if step >= seasonality else step - 1]
    return filled
