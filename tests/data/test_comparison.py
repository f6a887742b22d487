"""Which days meet which a year before: weekdays, week numbers, 53rd weeks, short data."""

from datetime import date, timedelta

import pytest

from data.comparison import Alignment, Comparison, Reach, compare
from data.fiscal import ISO, FiscalCalendar
from data.scope import Freq

LONG_AGO = date(2010, 1, 1)
FISCAL = Alignment(by="fiscal")
BY_NUMBER = Alignment(by="fiscal", week_53="number")


def spans(
    last: date,
    reach: Reach = "year",
    alignment: Alignment | None = None,
    *,
    first: date = LONG_AGO,
    freq: Freq = "D",
) -> Comparison:
    return compare(
        data_first=first,
        data_last=last,
        reach=reach,
        alignment=alignment or Alignment(),
        freq=freq,
    )


@pytest.mark.parametrize("reach", ["year", "quarter", "month", "52 weeks", "13 weeks", "4 weeks"])
@pytest.mark.parametrize("alignment", [Alignment(), Alignment(by="iso"), FISCAL, BY_NUMBER])
def test_when_days_are_compared_then_weekdays_meet_and_spans_are_of_one_length(
    reach: Reach, alignment: Alignment
) -> None:
    for back in range(0, 800, 37):
        found = spans(date(2026, 11, 17) - timedelta(days=back), reach, alignment)
        assert found.first.weekday() == found.before_first.weekday()
        assert found.last - found.first == found.before_last - found.before_first
        assert found.first <= found.last
        assert 350 <= (found.first - found.before_first).days <= 371


def test_when_weekdays_are_aligned_then_the_year_begins_on_the_first_of_january() -> None:
    found = spans(date(2026, 11, 17))
    assert (found.first, found.before_first) == (date(2026, 1, 1), date(2025, 1, 2))
    assert spans(date(2026, 11, 17), "quarter").first == date(2026, 10, 1)
    assert spans(date(2026, 11, 17), "4 weeks").first == date(2026, 10, 21)


def test_when_the_year_before_had_53_weeks_then_it_is_restated_or_met_by_number() -> None:
    """Fiscal 2024 begins on 4 February; week 1 of fiscal 2023 on 29 January, week 2 a week on."""
    day = date(2024, 5, 4)
    assert spans(day, alignment=FISCAL).before_first == date(2023, 2, 5)
    assert spans(day, alignment=BY_NUMBER).before_first == date(2023, 1, 29)


def test_when_week_53_has_no_counterpart_then_it_is_left_out() -> None:
    """Fiscal 2023 has 53 weeks, 2022 has 52: its last week begins on 28 January 2024."""
    found = spans(date(2024, 1, 31), alignment=BY_NUMBER)
    assert (found.last, found.left_out) == (date(2024, 1, 27), 4)
    assert found.before_last == date(2023, 1, 28)
    restated = spans(date(2024, 1, 31), alignment=FISCAL)
    assert (restated.last, restated.left_out) == (date(2024, 1, 31), 0)


def test_when_iso_weeks_are_aligned_by_number_then_numbers_meet() -> None:
    alignment = Alignment(by="iso", week_53="number")
    for last in (date(2021, 3, 14), date(2022, 3, 13), date(2026, 11, 17)):
        found = spans(last, alignment=alignment)
        assert ISO.locate(found.first).week == ISO.locate(found.before_first).week == 1
        assert ISO.locate(found.last).week == ISO.locate(found.before_last).week


def test_when_the_data_begin_less_than_a_year_before_then_both_spans_begin_later() -> None:
    found = spans(date(2026, 11, 17), first=date(2025, 3, 10))
    assert found.late
    assert found.before_first == date(2025, 3, 10)
    assert found.first == date(2026, 3, 9)


def test_when_the_data_are_younger_than_a_year_then_there_is_no_year_before() -> None:
    found = spans(date(2026, 11, 17), first=date(2026, 2, 1))
    assert not found.has_before
    assert found.first == date(2026, 2, 1)
    assert spans(date(2026, 11, 17), first=date(2026, 11, 17)).days == 1


def test_when_the_data_are_monthly_then_calendar_months_meet() -> None:
    found = spans(date(2026, 2, 1), "52 weeks", freq="M")
    assert (found.first, found.last) == (date(2025, 3, 1), date(2026, 2, 28))
    assert (found.before_first, found.before_last) == (date(2024, 3, 1), date(2025, 2, 28))
    leap = spans(date(2024, 2, 1), "4 weeks", freq="M")
    assert (leap.last, leap.before_last) == (date(2024, 2, 29), date(2023, 2, 28))
    young = spans(date(2026, 2, 1), "52 weeks", freq="M", first=date(2025, 1, 1))
    assert (young.first, young.before_first, young.late) == (
        date(2026, 1, 1),
        date(2025, 1, 1),
        True,
    )


def test_when_the_data_are_weekly_then_the_last_week_counts_whole() -> None:
    found = spans(date(2026, 11, 10), "4 weeks", freq="W")  # the row of a week stands on a Tuesday
    assert found.last == date(2026, 11, 15)
    assert found.first.weekday() == 0
    fiscal = FiscalCalendar(last_weekday=6)
    assert spans(date(2026, 11, 10), alignment=Alignment(by="fiscal", fiscal=fiscal), freq="W")
