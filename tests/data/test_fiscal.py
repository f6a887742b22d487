"""Fiscal calendars against published years of the National Retail Federation, and ISO weeks."""

from datetime import date, timedelta

import pytest

from data.fiscal import ISO, FiscalCalendar, Pattern

NRF = FiscalCalendar()


def test_when_years_are_counted_then_those_of_53_weeks_are_the_published_ones() -> None:
    long = [year for year in range(1994, 2027) if NRF.weeks(year) == 53]
    assert long == [1995, 2000, 2006, 2012, 2017, 2023]
    assert {NRF.weeks(year) for year in range(1994, 2027)} == {52, 53}


@pytest.mark.parametrize(
    ("year", "start", "end"),
    [
        (2017, date(2017, 1, 29), date(2018, 2, 3)),
        (2018, date(2018, 2, 4), date(2019, 2, 2)),
        (2022, date(2022, 1, 30), date(2023, 1, 28)),
        (2023, date(2023, 1, 29), date(2024, 2, 3)),
        (2024, date(2024, 2, 4), date(2025, 2, 1)),
        (2025, date(2025, 2, 2), date(2026, 1, 31)),
    ],
)
def test_when_a_year_is_asked_for_then_its_ends_are_the_published_ones(
    year: int, start: date, end: date
) -> None:
    assert (NRF.year_start(year), NRF.year_end(year)) == (start, end)


def test_when_periods_are_asked_for_then_they_begin_as_published() -> None:
    """Fiscal 2024: March (week 5) begins on 3 March, April on 7 April, holiday months in W40."""
    assert NRF.start(date(2024, 3, 10), "period") == date(2024, 3, 3)
    assert NRF.start(date(2024, 4, 30), "period") == date(2024, 4, 7)
    assert NRF.locate(date(2024, 11, 3)).week == 40
    assert NRF.start(date(2024, 12, 31), "quarter") == date(2024, 11, 3)


@pytest.mark.parametrize(
    ("pattern", "weeks"),
    [("4-4-5", [4, 4, 5]), ("4-5-4", [4, 5, 4]), ("5-4-4", [5, 4, 4])],
)
def test_when_a_pattern_is_chosen_then_periods_have_its_weeks_and_the_last_takes_the_53rd(
    pattern: Pattern, weeks: list[int]
) -> None:
    calendar = FiscalCalendar(pattern=pattern)
    for year, extra in ((2022, 0), (2023, 1)):
        days = [calendar.year_start(year) + timedelta(days=7 * i) for i in range(52 + extra)]
        counted = [0] * 12
        for day in days:
            counted[calendar.locate(day).period - 1] += 1
        assert counted == [*(weeks * 4)[:-1], weeks[-1] + extra]


def test_when_weeks_end_on_sunday_at_new_year_then_they_are_iso_weeks() -> None:
    day = date(1999, 12, 20)
    for _ in range(12_000):
        found, iso = ISO.locate(day), day.isocalendar()
        assert (found.year, found.week) == (iso.year, iso.week), day
        day += timedelta(days=1)


def test_when_the_year_ends_with_the_last_weekday_then_never_in_the_next_month() -> None:
    calendar = FiscalCalendar(last_month=6, last_weekday=4, ending="last")
    for year in range(2000, 2040):
        end = calendar.year_end(year)
        assert (end.year, end.month, end.weekday()) == (year, 6, 4)
        assert (end + timedelta(days=7)).month == 7
