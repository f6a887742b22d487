"""Which days are compared with which days a year before. Pure dates, no database.

The days of a year before are always a whole span, so one number of days (or a year, in data of
months) leads from every day to its counterpart.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

from data.fiscal import ISO, FiscalCalendar, Unit
from data.scope import Freq

Reach = Literal["year", "quarter", "month", "52 weeks", "13 weeks", "4 weeks"]
By = Literal["weekday", "iso", "fiscal"]
Week53 = Literal["restate", "number"]

_DAY = timedelta(days=1)
_YEAR = 364  # 52 whole weeks, so that weekdays meet
_UNITS: dict[str, Unit] = {"year": "year", "quarter": "quarter", "month": "period"}
_MONTHS = {"year": 0, "quarter": 0, "month": 1, "52 weeks": 12, "13 weeks": 3, "4 weeks": 1}


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """How a day finds its counterpart a year before.

    After a year of 53 weeks, week n either meets the week 52 weeks before it, which was week n + 1
    (`restate`), or week n (`number`). By number, a 53rd week without a counterpart is left out.
    """

    by: By = "weekday"
    fiscal: FiscalCalendar = field(default_factory=FiscalCalendar)
    week_53: Week53 = "restate"

    @property
    def calendar(self) -> FiscalCalendar | None:
        """The calendar of weeks, None where days are aligned in calendar years."""
        return {"weekday": None, "iso": ISO, "fiscal": self.fiscal}[self.by]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A span of days and as many days a year before, all inclusive."""

    first: date
    last: date
    shift: int | None  # days back to the counterpart; None: a calendar year back
    left_out: int = 0  # days after `last`, of a 53rd week without a counterpart
    late: bool = False  # begins later than asked, because the data begin less than a year before
    has_before: bool = True  # False: no day of the span has a counterpart in the data
    week_start: int = 0  # weekday with which its weeks begin, Monday is 0

    @property
    def before_first(self) -> date:
        return self._back(self.first)

    @property
    def before_last(self) -> date:
        return self._back(self.last)

    @property
    def interval(self) -> str:
        """From a day a year before to its counterpart, in SQL."""
        return "INTERVAL 1 YEAR" if self.shift is None else f"INTERVAL {self.shift} DAY"

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def _back(self, day: date) -> date:
        if self.shift is not None:
            return day - timedelta(days=self.shift)
        return _month_start(day + _DAY, 12) - _DAY if (day + _DAY).day == 1 else _year_back(day)


def compare(
    *, data_first: date, data_last: date, reach: Reach, alignment: Alignment, freq: Freq
) -> Comparison:
    """The span that ends with the data, and its counterpart.

    Begins later where the data begin less than a year before, so that both spans have data.
    """
    if freq == "M":
        return _months(data_first, data_last, reach)
    if freq == "W":
        data_first -= timedelta(days=data_first.weekday())
        data_last += timedelta(days=6 - data_last.weekday())
    asked = _asked(data_last, reach, alignment)
    return _within(asked, data_first)


def _asked(last: date, reach: Reach, alignment: Alignment) -> Comparison:
    """The span before looking at where the data begin."""
    if reach not in _UNITS:
        weeks = int(reach.split()[0])
        first = last - timedelta(days=7 * weeks - 1)
        return Comparison(first=first, last=last, shift=_YEAR, week_start=first.weekday())
    calendar = alignment.calendar
    if calendar is None:
        return Comparison(first=_calendar_start(last, reach), last=last, shift=_YEAR)
    first, week_start = calendar.start(last, _UNITS[reach]), (calendar.last_weekday + 1) % 7
    if alignment.week_53 == "restate":
        return Comparison(first=first, last=last, shift=_YEAR, week_start=week_start)
    year = calendar.locate(last).year
    before = calendar.weeks(year - 1)
    end = calendar.year_start(year) + timedelta(days=7 * before - 1)
    return Comparison(
        first=first,
        last=min(last, end),
        shift=7 * before,
        left_out=max((last - end).days, 0),
        week_start=week_start,
    )


def _within(asked: Comparison, data_first: date) -> Comparison:
    """Begin where both years have data; without any such day, keep the span alone."""
    if asked.before_first >= data_first:
        return asked
    assert asked.shift is not None
    first = data_first + timedelta(days=asked.shift)
    if first > asked.last:
        return replace(asked, first=max(asked.first, data_first), has_before=False)
    return replace(asked, first=first, late=True)


def _months(data_first: date, data_last: date, reach: Reach) -> Comparison:
    """Whole calendar months against those of the year before."""
    last = _month_start(data_last, -1) - _DAY
    back = _MONTHS[reach] or 12
    first = _month_start(last, back - 1)
    if reach in ("year", "quarter"):
        first = _calendar_start(last, reach)
    begin = _month_start(data_first, 0)
    asked = Comparison(first=first, last=last, shift=None)
    if asked.before_first >= begin:
        return asked
    moved = _month_start(begin, -12)
    if moved > last:
        return replace(asked, first=max(first, begin), has_before=False)
    return replace(asked, first=moved, late=True)


def _calendar_start(day: date, reach: str) -> date:
    month = {"year": 1, "quarter": 3 * ((day.month - 1) // 3) + 1, "month": day.month}[reach]
    return day.replace(month=month, day=1)


def _month_start(day: date, back: int) -> date:
    """The first day of the month `back` months before that of `day`."""
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)


def _year_back(day: date) -> date:
    return day.replace(year=day.year - 1, day=min(day.day, 28 if day.month == 2 else day.day))
