"""Panel: many series on one calendar, as dense arrays that models read without a loop.

Shape suffixes: N series, T steps, K known covariates, P past covariates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, Float32Array, FloatArray, IntArray
from forecasting.errors import PanelError
from forecasting.frequency import future_timestamps
from forecasting.seasonality import default_seasonality
from forecasting.validation import (
    first_of,
    numbers,
    place_on_grid,
    reject_duplicates,
    require_columns,
    series_codes,
    static_column,
    timestamp_codes,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """Series that share a frequency and a calendar; the last timestamp is the cutoff of all.

    A series that begins later has NaN before its first observation: it is not yet launched. The
    arrays are read-only, so a panel and its slices can share them.
    """

    target: FloatArray  # (N, T), NaN where nothing was observed
    timestamps: pd.DatetimeIndex  # (T,), regular
    freq: str  # full pandas code, such as "W-MON"
    series_ids: pd.Index  # (N,), sorted
    known_covariates: Float32Array  # (N, T, K), NaN where unknown
    known_names: tuple[str, ...]  # K names
    past_covariates: Float32Array  # (N, T, P), NaN where unknown
    past_names: tuple[str, ...]  # P names
    static_features: pd.DataFrame  # N rows indexed by series_id; text columns are categories

    def __post_init__(self) -> None:
        for array in (self.target, self.known_covariates, self.past_covariates):
            array.flags.writeable = False

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        freq: str,
        *,
        known_covariates: Sequence[str] = (),
        past_covariates: Sequence[str] = (),
        static_features: Sequence[str] = (),
        gaps: Literal["missing", "zero"] = "missing",
    ) -> Self:
        """A panel from a long frame with the columns series_id, timestamp and target.

        An empty target is a missing observation. A timestamp without a row is missing too, or
        with `gaps="zero"` a zero: right where rows exist only for sales, from a series' first row
        to the end of the panel. Raises `PanelError` naming the offending series.
        """
        if gaps not in ("missing", "zero"):
            raise PanelError(f"gaps={gaps!r} is unknown. Use 'missing' or 'zero'.")
        columns = [*known_covariates, *past_covariates, *static_features]
        require_columns(frame, ["series_id", "timestamp", "target", *columns])
        rows, ids = series_codes(frame["series_id"])
        codes, stamps = timestamp_codes(frame["timestamp"])
        steps, timeline, resolved = place_on_grid(codes, stamps, freq, rows, ids)
        shape = (len(ids), len(timeline))
        small = shape[0] * shape[1] < np.iinfo(np.int32).max
        cells: IntArray = rows.astype(np.int32) if small else rows.astype(np.int64)
        cells *= shape[1]
        cells += steps[codes].astype(cells.dtype)
        del codes
        reject_duplicates(cells, shape, ids, timeline)
        target = np.full(shape, np.nan)
        target.reshape(-1)[cells] = numbers(frame["target"], rows, ids)
        if gaps == "zero":
            _fill_gaps_with_zero(target, cells)
        _require_an_observed_end(target, timeline)
        statics = [static_column(frame[name], rows, ids) for name in static_features]
        return cls(
            target=target,
            timestamps=timeline,
            freq=resolved,
            series_ids=ids,
            known_covariates=_scattered(frame, known_covariates, shape, cells, rows, ids),
            known_names=tuple(known_covariates),
            past_covariates=_scattered(frame, past_covariates, shape, cells, rows, ids),
            past_names=tuple(past_covariates),
            static_features=pd.concat(statics, axis=1) if statics else pd.DataFrame(index=ids),
        )

    @cached_property
    def observed(self) -> BoolArray:
        """(N, T), True where the target was observed."""
        return ~np.isnan(self.target)

    @cached_property
    def launched(self) -> IntArray:
        """(N,), step of the first observation; T for a series without any."""
        return np.where(self.observed.any(axis=1), self.observed.argmax(axis=1), self.length)

    @property
    def num_series(self) -> int:
        return len(self.series_ids)

    @property
    def length(self) -> int:
        """T, steps on the calendar."""
        return len(self.timestamps)

    @property
    def cutoff(self) -> pd.Timestamp:
        """The last timestamp a model of this panel may see, inclusive."""
        return self.timestamps[-1]

    @property
    def seasonality(self) -> int:
        """Steps per season by default for the frequency."""
        return default_seasonality(self.freq)

    def future_timestamps(self, horizon: int) -> pd.DatetimeIndex:
        """The `horizon` timestamps after the cutoff."""
        return future_timestamps(self.cutoff, self.freq, horizon)

    def until(self, cutoff: pd.Timestamp | str) -> Self:
        """The panel as it was known at the cutoff, inclusive; shares memory."""
        steps = int(self.timestamps.searchsorted(pd.Timestamp(cutoff), side="right"))
        if not steps:
            raise PanelError(
                f"cutoff {cutoff} lies before the first timestamp {self.timestamps[0]}. "
                "Choose a later cutoff."
            )
        return replace(
            self,
            target=self.target[:, :steps],
            timestamps=self.timestamps[:steps],
            known_covariates=self.known_covariates[:, :steps],
            past_covariates=self.past_covariates[:, :steps],
        )

    def subset(self, series_ids: Sequence[Any] | pd.Index) -> Self:
        """The panel of these series, in this order."""
        positions = self.series_ids.get_indexer(pd.Index(series_ids))
        if (positions < 0).any():
            missing = [each for each, at in zip(series_ids, positions, strict=True) if at < 0]
            raise PanelError(f"Series that are not in the panel: {first_of(missing)}.")
        return replace(
            self,
            target=self.target[positions],
            series_ids=self.series_ids[positions],
            known_covariates=self.known_covariates[positions],
            past_covariates=self.past_covariates[positions],
            static_features=self.static_features.iloc[positions],
        )

    def to_frame(self) -> pd.DataFrame:
        """The long frame of all steps since each launch; unobserved targets are empty."""
        steps = np.arange(self.length)
        rows, columns = np.nonzero(steps >= self.launched[:, None])
        frame = pd.DataFrame(
            {
                "series_id": self.series_ids.take(rows),
                "timestamp": self.timestamps.take(columns),
                "target": self.target[rows, columns],
            }
        )
        for k, name in enumerate(self.known_names):
            frame[name] = self.known_covariates[rows, columns, k]
        for p, name in enumerate(self.past_names):
            frame[name] = self.past_covariates[rows, columns, p]
        for name in self.static_features.columns:
            frame[name] = self.static_features[name].array.take(rows)
        return frame


def _fill_gaps_with_zero(target: FloatArray, cells: IntArray) -> None:
    """Zero, in place, for every cell without a row since the first row of its series.

    An empty target in a row stays missing: someone wrote down that it is unknown.
    """
    has_row = np.zeros(target.shape, dtype=bool)
    has_row.reshape(-1)[cells] = True
    since_first = np.arange(target.shape[1]) >= has_row.argmax(axis=1)[:, None]
    target[since_first & ~has_row] = 0.0


def _require_an_observed_end(target: FloatArray, timeline: pd.DatetimeIndex) -> None:
    """The cutoff must hold an observation, or the model would forecast from an empty end."""
    seen = np.flatnonzero((~np.isnan(target)).any(axis=0))
    if not len(seen):
        raise PanelError("target is empty in every row. Give at least one observation.")
    if empty := target.shape[1] - 1 - int(seen[-1]):
        raise PanelError(
            f"The last {empty} timestamps, from {timeline[seen[-1] + 1]}, have no target in any "
            "series. Remove these rows, and pass what is known of the future to predict() as "
            "known_future."
        )


def _scattered(
    frame: pd.DataFrame,
    names: Sequence[str],
    shape: tuple[int, int],
    cells: IntArray,
    rows: IntArray,
    ids: pd.Index,
) -> Float32Array:
    """Covariates (N, T, K) with NaN where the frame has no row."""
    dense = np.full((*shape, len(names)), np.nan, dtype=np.float32)
    for k, name in enumerate(names):
        dense.reshape(-1, len(names))[cells, k] = numbers(frame[name], rows, ids)
    return dense
