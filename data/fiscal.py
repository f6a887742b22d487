"""Fiscal years of whole weeks: 4-4-5, 4-5-4 and 5-4-4, with ISO years as one of them.

A year has twelve periods of four or five weeks. Every five or six years a 53rd week keeps the end
of the year near the end of its month; it belongs to the last period.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Pattern = Literal["4-4-5", "4-5-4", "5-4-4"]  # weeks in the three periods of each quarter
Ending = Literal["nearest", "last"]
Unit = Literal["year", "quarter", "period"]

_WEEK = timedelta(days=7)
_NAMED_BY_START = 2  # a year that ends in January or February is called after the year before


@dataclass(frozen=True, kw_only=True)
class FiscalDay:
    """Where a day lies in its fiscal year; all counted from 1."""

    year: int
    quarter: int
    period: int
    week: int


@dataclass(frozen=True, kw_only=True)
class FiscalCalendar:
    """When fiscal years end; as it stands, the calendar of the National Retail Federation.

    >>> nrf = FiscalCalendar()
    >>> nrf.year_start(2023), nrf.year_end(2023), nrf.weeks(2023)
    (datetime.date(2023, 1, 29), datetime.date(2024, 2, 3), 53)
    >>> nrf.locate(date(2024, 2, 3))
    FiscalDay(year=2023, quarter=4, period=12, week=53)
    """

    pattern: Pattern = "4-5-4"
    last_month: int = 1  # the month near whose end the year ends, 1 to 12
    last_weekday: int = 5  # the last day of every week, Monday is 0
    ending: Ending = "nearest"  # that weekday nearest to the end of the month, or the last in it

    def year_end(self, year: int) -> date:
        """The last day of the fiscal year called `year`."""
        ends_in = year + (self.last_month <= _NAMED_BY_START)
        first_after = date(ends_in + self.last_month // 12, self.last_month % 12 + 1, 1)
        month_end = first_after - timedelta(days=1)
        back = (month_end.weekday() - self.last_weekday) % 7
        end = month_end - timedelta(days=back)
        return end + _WEEK if self.ending == "nearest" and back > 3 else end

    def year_start(self, year: int) -> date:
        """The first day of the fiscal year called `year`."""
        return self.year_end(year - 1) + timedelta(days=1)

    def weeks(self, year: int) -> int:
        """52, or 53 in a long year."""
        return (self.year_end(year) - self.year_end(year - 1)).days // 7

    def locate(self, day: date) -> FiscalDay:
        """The year, quarter, period and week of a day."""
        year = day.year + 1
        while self.year_start(year) > day:
            year -= 1
        week = (day - self.year_start(year)).days // 7 + 1
        period = sum(week > start for start in self._starts())
        return FiscalDay(year=year, quarter=(period + 2) // 3, period=period, week=week)

    def start(self, day: date, unit: Unit) -> date:
        """The first day of the year, quarter or period that `day` lies in."""
        found = self.locate(day)
        first = {"year": 0, "quarter": 3 * found.quarter - 3, "period": found.period - 1}[unit]
        return self.year_start(found.year) + _WEEK * self._starts()[first]

    def _starts(self) -> list[int]:
        """Weeks of the year before each of its twelve periods."""
        lengths = [int(weeks) for weeks in self.pattern.split("-")] * 4
        return [sum(lengths[:i]) for i in range(12)]


# Weeks from Monday; the year ends with the Sunday nearest to 31 December.
ISO = FiscalCalendar(pattern="4-4-5", last_month=12, last_weekday=6)
