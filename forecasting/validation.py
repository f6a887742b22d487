"""Checks on a long frame before it becomes a panel; each names the first offenders and the remedy.

All checks work on codes (integers per row) and on unique values, so that tens of millions of rows
are checked in seconds.
"""

import warnings
from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.errors import PanelError
from forecasting.frequency import (
    candidates,
    fitting_frequency,
    grid,
    is_shorter_than_a_day,
    resolve,
)

SHOWN = 5  # offenders named in a message


def first_of(values: Sequence[Any]) -> str:
    """The first offenders, and how many more there are.

    >>> first_of(["a", "b"]), first_of(range(7))
    ("'a', 'b'", '0, 1, 2, 3, 4 and 2 more')
    """
    values = list(values)
    shown = ", ".join(repr(value) for value in values[:SHOWN])
    more = len(values) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def require_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Every column is there once."""
    if missing := [name for name in columns if name not in frame.columns]:
        raise PanelError(
            f"Missing columns: {first_of(missing)}. The frame has {first_of(list(frame.columns))}. "
            "Rename its columns to series_id, timestamp and target, or correct the names given."
        )
    if twice := [name for name in dict.fromkeys(columns) if list(columns).count(name) > 1]:
        raise PanelError(f"Columns with two roles: {first_of(twice)}. Give each column one role.")
    if not len(frame):
        raise PanelError("The frame has no rows. Give at least one observation.")


def series_codes(column: pd.Series) -> tuple[IntArray, pd.Index]:
    """Per row the number of its series, and the sorted ids of the series."""
    codes, ids = pd.factorize(column, use_na_sentinel=True)
    if missing := int((codes < 0).sum()):
        raise PanelError(
            f"{missing} rows have no series_id (first: row {int(np.argmax(codes < 0))}). "
            "Remove them or give them one."
        )
    index = pd.Index(ids.astype(object) if isinstance(ids, pd.CategoricalIndex) else ids)
    try:
        order = np.argsort(index.to_numpy(), kind="stable")
    except TypeError as error:
        raise PanelError(
            "series_id mixes numbers and text. Turn the column into text: "
            "frame['series_id'] = frame['series_id'].astype(str)."
        ) from error
    rank = np.empty(len(order), dtype=np.int32)  # half the memory, for tens of millions of rows
    rank[order] = np.arange(len(order))
    return rank[codes], index[order]


def timestamp_codes(column: pd.Series) -> tuple[IntArray, pd.DatetimeIndex]:
    """Per row the number of its timestamp, and the distinct timestamps, unsorted and without zone.

    Times with one zone keep their wall clock; dates and ISO text are understood.
    """
    codes, uniques = pd.factorize(column, use_na_sentinel=True)
    if missing := int((codes < 0).sum()):
        raise PanelError(
            f"{missing} rows have no timestamp (first: row {int(np.argmax(codes < 0))}). "
            "Remove them or give them one."
        )
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufb":
        raise PanelError(
            f"timestamp holds numbers, such as {uniques[0]}. Turn them into dates first, for "
            "example with pd.to_datetime(frame['timestamp'], unit='D')."
        )
    return codes.astype(np.int32), _without_zone(_parsed(uniques))


def _parsed(uniques: Any) -> pd.DatetimeIndex:
    if isinstance(uniques, pd.DatetimeIndex):
        return uniques
    values = pd.Index(uniques).astype(object)
    if len(zones := {str(getattr(value, "tzinfo", None)) for value in values}) > 1:
        raise PanelError(_mixed_zones(sorted(zones)))
    texts = [value for value in values if isinstance(value, str)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # pandas 2 only warns of mixed zones
            return pd.DatetimeIndex(pd.to_datetime(values, format="ISO8601" if texts else None))
    except pd.errors.OutOfBoundsDatetime as error:
        raise PanelError(_out_of_range(values)) from error
    except (ValueError, TypeError, OverflowError, FutureWarning) as error:
        if "tz-aware" in str(error) or "time zone" in str(error) or "utc=True" in str(error):
            raise PanelError(_mixed_zones([str(values[0]), str(values[-1])])) from error
        bad = [value for value in values if not _is_date(value)]
        raise PanelError(
            f"timestamp is not a date in these values: {first_of(bad or list(values))}. "
            "Write dates as YYYY-MM-DD, or parse the column with pd.to_datetime first."
        ) from error


def _is_date(value: object) -> bool:
    try:
        pd.to_datetime(str(value), format="ISO8601")
    except ValueError:
        return False
    return True


def _mixed_zones(found: Sequence[str]) -> str:
    return (
        f"timestamp mixes time zones ({first_of(found)}). Bring all rows to one zone, for example "
        "with pd.to_datetime(frame['timestamp'], utc=True)."
    )


def _without_zone(stamps: pd.DatetimeIndex) -> pd.DatetimeIndex:
    try:
        return stamps.tz_localize(None).as_unit("ns")
    except pd.errors.OutOfBoundsDatetime as error:
        raise PanelError(_out_of_range([stamps.min(), stamps.max()])) from error


def _out_of_range(values: Sequence[Any] | pd.Index) -> str:
    texts = sorted(str(value) for value in values)
    return (
        f"timestamps between {texts[0]} and {texts[-1]} lie outside the years 1677 to 2262. "
        "Correct or remove these rows."
    )


def place_on_grid(
    codes: IntArray, stamps: pd.DatetimeIndex, freq: str, row_series: IntArray, ids: pd.Index
) -> tuple[IntArray, pd.DatetimeIndex, str]:
    """Per distinct timestamp its step on the grid, the grid, and the full frequency code.

    For days and longer the time of day is dropped. Raises `PanelError` for timestamps off the
    grid, naming series, and for data that are coarser than the frequency.
    """
    if not is_shorter_than_a_day(freq):
        stamps = stamps.normalize()
    distinct = stamps.unique().sort_values()
    resolved = resolve(freq, distinct)
    if resolved is None:
        off = ~stamps.isin(grid(distinct[0], distinct[-1], candidates(freq)[0]))
        off = off if off.any() else np.ones(len(stamps), dtype=bool)
        names = first_of(list(ids[np.unique(row_series[off[codes]])]))
        raise PanelError(
            f"Timestamps that are not on a {freq!r} calendar, such as "
            f"{first_of([str(stamp) for stamp in stamps[off][:SHOWN]])}, in series {names}."
            f"{_fitting(distinct)} Correct freq, or sum the data to that frequency first."
        )
    timeline = grid(distinct[0], distinct[-1], resolved)
    steps = timeline.get_indexer(distinct)
    if len(distinct) >= 3 and np.diff(steps).min() > 1:
        raise PanelError(
            f"No two timestamps are one step of freq={freq!r} apart in any series."
            f"{_fitting(distinct)} Correct freq, or every step between would count as missing."
        )
    return timeline.get_indexer(stamps), timeline, resolved


def _fitting(stamps: pd.DatetimeIndex) -> str:
    """A hint at the frequency that the timestamps have, if any."""
    fitting = fitting_frequency(stamps)
    return f" The timestamps fit freq={fitting!r}." if fitting else ""


def numbers(column: pd.Series, row_series: IntArray, ids: pd.Index) -> FloatArray:
    """The column as floats, NaN where empty; refuses text and infinity by series."""
    if not is_numeric_dtype(column.dtype):
        _refuse_text(column, row_series, ids)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(values)
    if infinite.any():
        raise PanelError(
            f"Column {column.name!r} is infinite in {int(infinite.sum())} rows, in series "
            f"{_named(infinite, row_series, ids)}. Replace infinity by a number or leave it empty."
        )
    return values


def _refuse_text(column: pd.Series, row_series: IntArray, ids: pd.Index) -> None:
    """Every value is a number or empty. "3.5" is refused as well: "3,5" would not convert."""
    text = column.notna() & ~column.astype(object).map(lambda value: isinstance(value, Number))
    if not text.any():
        return
    worst = text & pd.to_numeric(column.astype(object), errors="coerce").isna()
    shown = (worst if worst.any() else text).to_numpy(dtype=bool)
    raise PanelError(
        f"Column {column.name!r} holds text where numbers are needed, such as "
        f"{first_of(list(dict.fromkeys(column[shown])))}, in series "
        f"{_named(shown, row_series, ids)}. Convert it, for example with pd.to_numeric, or give it "
        "as a static feature if it describes the series."
    )


def _named(rows: BoolArray, row_series: IntArray, ids: pd.Index) -> str:
    return first_of(list(ids[np.unique(row_series[rows])]))


def reject_duplicates(
    cells: IntArray, shape: tuple[int, int], ids: pd.Index, timeline: pd.DatetimeIndex
) -> None:
    """No series has two rows for one timestamp; `cells` are flat (N, T) positions of the rows."""
    seen = np.zeros(shape[0] * shape[1], dtype=bool)
    seen[cells] = True
    if int(seen.sum()) == len(cells):
        return
    values, counts = np.unique(cells, return_counts=True)
    twice = values[counts > 1]
    series, steps = np.divmod(twice, shape[1])
    raise PanelError(
        f"{len(twice)} timestamps occur more than once in a series: "
        f"{first_of(list(ids[np.unique(series)]))}, first at {timeline[steps[0]]}. Sum or average "
        "them, for example with frame.groupby(['series_id', 'timestamp']).sum(), or choose the "
        "finer frequency of the data."
    )


def static_column(column: pd.Series, row_series: IntArray, ids: pd.Index) -> pd.Series:
    """One value per series; refuses a feature that changes within a series, by name."""
    codes, uniques = pd.factorize(column, use_na_sentinel=True)
    first = np.full(len(ids), -2, dtype=np.int64)
    first[row_series[::-1]] = codes[::-1]
    changing = codes != first[row_series]
    if changing.any():
        raise PanelError(
            f"Static feature {column.name!r} changes within series "
            f"{_named(changing, row_series, ids)}. Keep one value per series, or give the column "
            "as a covariate."
        )
    values = pd.Series(uniques).reindex(pd.Index(first)).set_axis(ids)
    if values.dtype == object or isinstance(values.dtype, pd.StringDtype | pd.CategoricalDtype):
        values = values.astype(object).astype("category")
    values.name = column.name
    return values
