"""Outcome: a rival's forecasts and what they cost, as every library's runner returns them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS, quantile_column

LEVELS = DEFAULT_QUANTILE_LEVELS
QUANTILES = [quantile_column(level) for level in LEVELS]
COLUMNS = ["cutoff", "series_id", "timestamp", "mean", *QUANTILES]


@dataclass
class Spent:
    """Seconds on the clock and on the processor, added up over blocks."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        began, cpu = time.perf_counter(), time.process_time()
        yield
        self.seconds += time.perf_counter() - began
        self.cpu_seconds += time.process_time() - cpu


@dataclass
class Outcome:
    """What a runner fills in."""

    frames: list[pd.DataFrame] = field(default_factory=list)  # with COLUMNS, one per window
    fit: Spent = field(default_factory=Spent)
    predict: Spent = field(default_factory=Spent)
    fallbacks: int = 0  # series and windows that got something simpler
    note: str = ""  # for people: why there were fallbacks, which options were used

    @property
    def forecasts(self) -> pd.DataFrame:
        return pd.concat(self.frames, ignore_index=True)


def window_frame(
    cutoff: pd.Timestamp,
    series_ids: pd.Index,
    timestamps: pd.DatetimeIndex,
    mean: FloatArray,
    quantiles: FloatArray,
) -> pd.DataFrame:
    """Forecasts of one window from mean (N, H) and quantiles (N, H, Q) of `LEVELS`."""
    series, steps = mean.shape
    head = {
        "cutoff": cutoff,
        "series_id": series_ids.to_numpy().repeat(steps),
        "timestamp": np.tile(timestamps.to_numpy(), series),
        "mean": mean.reshape(-1),
    }
    body = {name: quantiles[:, :, q].reshape(-1) for q, name in enumerate(QUANTILES)}
    return pd.DataFrame(head | body)
