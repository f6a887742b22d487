"""When the events of a calendar come: every occurrence between two days, and which days it moves.

An occurrence is a row: name, kind ('festival', 'holiday', 'own', 'school'), first_day, last_day
(inclusive), days_before, days_after, place_id (empty: everywhere).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import calendars
from data.calendar_entries import Entry, spans
from data.errors import DataError

COLUMNS = [
    "name", "kind", "first_day", "last_day", "days_before", "days_after", "place_id",
]  # fmt: skip
Phase = Literal["before", "on", "after"]
PHASES: tuple[Phase, ...] = ("before", "on", "after")
LONGEST = timedelta(days=366 * 60)  # nobody asks what events of longer ago did
_SHORT = 10  # days: a festival up to this long takes the holidays on its days with it

Floats = NDArray[np.float64]


class Window(NamedTuple):
    """The days before, on or after one occurrence."""

    name: str
    phase: Phase
    first: pd.Timestamp
    last: pd.Timestamp  # inclusive
    year: int  # of the occurrence's first day


_Row = tuple[str, str, date, date, int, int, int | None]


def occurrences(
    entries: Iterable[Entry], first: date, last: date, *, place_id: int | None = None
) -> pd.DataFrame:
    """Everything of a calendar that is on and touches the days from `first` to `last`.

    With `place_id` what counts in that place; without, everything, with its place. A place with
    public holidays of its own has those instead of the ones everywhere. A holiday on a day of a
    short festival or own event is left out: that day has its name already. In order of days.

    Of more than sixty years the last sixty are looked at: a wrong date in old sales must not make
    a page list the festivals of centuries.

    Raises `DataError` where `last` lies before `first`.
    """
    if last < first:
        raise DataError(f"The first day {first} lies after the last day {last}. Swap them.")
    if last - first > LONGEST:
        first = last - LONGEST
    chosen = [each for each in entries if each.is_on and _is_there(each, place_id)]
    if place_id is not None and any(_is_local_holidays(each) for each in chosen):
        chosen = [each for each in chosen if each.kind != "holidays" or each.place_id is not None]
    rows = list(_dated(chosen, first, last))
    taken = {
        (day, place)
        for _, _, begins, ends, _, _, place in rows
        if (ends - begins).days < _SHORT
        for day in _days(begins, ends)
    }
    for entry in chosen:
        if entry.kind == "holidays":
            rows += _holidays(entry, first, last, taken)
    rows = sorted(set(rows), key=lambda row: (row[2], row[0], row[6] or 0))
    return _frame(rows)


def local(entries: Iterable[Entry], place_id: int) -> tuple[Entry, ...]:
    """The entries that make a place different from others; () where it is as everywhere."""
    return tuple(each for each in entries if each.is_on and each.place_id == place_id)


def masks(found: pd.DataFrame, starts: pd.DatetimeIndex) -> dict[tuple[str, Phase], Floats]:
    """By name and phase, which share (T,) of each period's days belongs to it.

    `starts` are the first days of consecutive periods: days, weeks or months.
    """
    if not len(starts) or found.empty:
        return {}
    days = pd.date_range(starts[0], _end(starts), unit="ns")
    period = np.searchsorted(starts.to_numpy(), days.to_numpy(), side="right") - 1
    length = np.bincount(period, minlength=len(starts))
    marks: dict[tuple[str, Phase], Floats] = {}
    for each in phases(found):
        lo, hi = days.searchsorted(each.first), days.searchsorted(each.last, side="right")
        if hi > lo:
            marks.setdefault((each.name, each.phase), np.zeros(len(days)))[lo:hi] = 1.0
    return {key: np.bincount(period, weights=mark) / length for key, mark in marks.items()}


def phases(found: pd.DataFrame) -> Iterator[Window]:
    """The days before, on and after every occurrence."""
    day = timedelta(days=1)
    for row in found.to_dict("records"):
        name, year = str(row["name"]), row["first_day"].year
        first, last = row["first_day"], row["last_day"]
        before, after = int(row["days_before"]), int(row["days_after"])
        if before:
            yield Window(name, "before", first - before * day, first - day, year)
        yield Window(name, "on", first, last, year)
        if after:
            yield Window(name, "after", last + day, last + after * day, year)


def _end(starts: pd.DatetimeIndex) -> pd.Timestamp:
    """The last day of the last period, as long as the one before it."""
    if len(starts) < 2:
        return starts[-1]
    step = starts[-1] - starts[-2]
    if step > pd.Timedelta(days=27):
        return starts[-1] + pd.offsets.MonthEnd(0)
    return starts[-1] + step - pd.Timedelta(days=1)


def _is_there(entry: Entry, place_id: int | None) -> bool:
    return place_id is None or entry.place_id is None or entry.place_id == place_id


def _is_local_holidays(entry: Entry) -> bool:
    return entry.kind == "holidays" and entry.place_id is not None


def _dated(chosen: Sequence[Entry], first: date, last: date) -> Iterator[_Row]:
    """Festivals, own events and school terms."""
    festivals = {each.name: each for each in chosen if each.kind == "festival"}
    widest = max((max(e.days_before, e.days_after) for e in chosen), default=0)
    early, late = first - timedelta(days=widest), last + timedelta(days=widest)
    if festivals:
        for found in calendars.list_festivals(early, late):
            entry = festivals.get(found.name)
            if entry and _touches(entry, found.first_day, found.last_day, first, last):
                yield _row(entry, found.first_day, found.last_day)
    for entry in chosen:
        if entry.has_days:
            for begins, ends in spans(entry, early, late):
                if _touches(entry, begins, ends, first, last):
                    yield _row(entry, begins, ends)


def _touches(entry: Entry, begins: date, ends: date, first: date, last: date) -> bool:
    before, after = timedelta(days=entry.days_before), timedelta(days=entry.days_after)
    return begins - before <= last and ends + after >= first


def _row(entry: Entry, begins: date, ends: date) -> _Row:
    return (
        entry.name,
        str(entry.kind),
        begins,
        ends,
        entry.days_before,
        entry.days_after,
        entry.place_id,
    )


def _holidays(
    entry: Entry, first: date, last: date, taken: set[tuple[date, int | None]]
) -> Iterator[_Row]:
    """Public holidays, days in a row of one name as one; windows as the entry has them."""
    before, after = entry.days_before, entry.days_after
    early, late = first - timedelta(days=after + 10), last + timedelta(days=before + 10)
    listed = calendars.public_holidays(entry.name, early, late)
    run: list[date] = []
    name = ""
    for day, full in zip(listed["first_day"].dt.date, listed["name"], strict=True):
        if (day, None) in taken or (day, entry.place_id) in taken:
            continue
        short = full.partition(" (")[0].partition(";")[0]
        if run and (short != name or day != run[-1] + timedelta(days=1)):
            if _touches(entry, run[0], run[-1], first, last):
                yield name, "holiday", run[0], run[-1], before, after, entry.place_id
            run = []
        name = short
        run.append(day)
    if run and _touches(entry, run[0], run[-1], first, last):
        yield name, "holiday", run[0], run[-1], before, after, entry.place_id


def _days(begins: date, ends: date) -> Iterator[date]:
    for number in range((ends - begins).days + 1):
        yield begins + timedelta(days=number)


def _frame(rows: list[_Row]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    for column in ("first_day", "last_day"):
        frame[column] = frame[column].astype("datetime64[s]")
    return frame.astype({"days_before": "int64", "days_after": "int64", "place_id": "Int64"})
