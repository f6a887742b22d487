"""Festivals and holidays against days that are known from elsewhere."""

from datetime import date, timedelta

import pandas as pd
import pytest

from data.calendars import COLUMNS, festivals, list_festivals, public_holidays
from data.errors import DataError, NotFound

LUNAR_NEW_YEARS = [  # 2010 to 2040
    "2010-02-14",
    "2011-02-03",
    "2012-01-23",
    "2013-02-10",
    "2014-01-31",
    "2015-02-19",
    "2016-02-08",
    "2017-01-28",
    "2018-02-16",
    "2019-02-05",
    "2020-01-25",
    "2021-02-12",
    "2022-02-01",
    "2023-01-22",
    "2024-02-10",
    "2025-01-29",
    "2026-02-17",
    "2027-02-06",
    "2028-01-26",
    "2029-02-13",
    "2030-02-03",
    "2031-01-23",
    "2032-02-11",
    "2033-01-31",
    "2034-02-19",
    "2035-02-08",
    "2036-01-28",
    "2037-02-15",
    "2038-02-04",
    "2039-01-24",
    "2040-02-12",
]


def first_days(name: str, first: date, last: date) -> list[str]:
    return [f.first_day.isoformat() for f in list_festivals(first, last) if f.name == name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("6.18", ["2023-06-18", "2024-06-18", "2025-06-18"]),
        ("11.11", ["2023-11-11", "2024-11-11", "2025-11-11"]),
        ("12.12", ["2023-12-12", "2024-12-12", "2025-12-12"]),
        ("Black Friday", ["2023-11-24", "2024-11-29", "2025-11-28"]),
        ("Cyber Monday", ["2023-11-27", "2024-12-02", "2025-12-01"]),
        ("Mother's Day", ["2023-05-14", "2024-05-12", "2025-05-11"]),
        ("Prime Day", ["2023-07-11", "2024-07-16", "2025-07-08"]),
        ("Valentine's Day", ["2023-02-14", "2024-02-14", "2025-02-14"]),
        ("Back to school", ["2023-08-15", "2024-08-15", "2025-08-15"]),
    ],
)
def test_when_years_are_asked_for_then_each_festival_is_on_its_day(name, expected):
    assert first_days(name, date(2023, 1, 1), date(2025, 12, 31)) == expected


def test_when_thirty_years_are_asked_for_then_lunar_new_years_match_the_almanac():
    found = first_days("Lunar New Year", date(2010, 1, 1), date(2040, 12, 31))
    assert found == LUNAR_NEW_YEARS


def test_when_ramadan_comes_twice_in_a_year_then_both_are_found_and_end_at_eid():
    found = list_festivals(date(2030, 1, 1), date(2030, 12, 31))
    ramadans = [f for f in found if f.name == "Ramadan" and f.first_day.year == 2030]
    assert [f.first_day.month for f in ramadans] == [1, 12]
    assert {f.days for f in ramadans} <= {29, 30}
    eids = [
        f.first_day for f in list_festivals(date(2030, 1, 1), date(2031, 3, 1)) if "Fitr" in f.name
    ]
    assert [f.first_day + timedelta(days=f.days) for f in ramadans] == eids


def test_when_only_the_run_up_lies_in_the_range_then_the_festival_is_there():
    assert first_days("Christmas", date(2024, 12, 4), date(2024, 12, 4)) == ["2024-12-24"]
    assert first_days("Christmas", date(2024, 12, 31), date(2024, 12, 31)) == ["2024-12-24"]
    assert first_days("Christmas", date(2025, 1, 1), date(2025, 1, 1)) == []


def test_when_festivals_are_framed_then_days_are_dates_and_windows_are_whole():
    frame = festivals(date(2024, 1, 1), date(2024, 12, 31))
    assert list(frame.columns) == COLUMNS
    assert frame["first_day"].is_monotonic_increasing
    assert (frame["last_day"] >= frame["first_day"]).all()
    assert (frame["kind"] == "festival").all()
    christmas = frame.set_index("name").loc["Christmas"]
    assert christmas["last_day"] == pd.Timestamp("2024-12-26")
    assert christmas["days_before"] == 21


def test_when_nothing_falls_in_the_range_then_the_frame_is_empty_with_its_types():
    frame = festivals(date(2024, 10, 1), date(2024, 10, 2))
    assert frame.empty
    assert list(frame.columns) == COLUMNS
    assert pd.api.types.is_datetime64_any_dtype(frame["first_day"])


def test_when_a_country_is_given_then_its_holidays_come_in_english_in_order():
    frame = public_holidays("DE", date(2024, 12, 20), date(2025, 5, 1))
    assert frame["name"].tolist() == [
        "Christmas Day",
        "Second Day of Christmas",
        "New Year's Day",
        "Good Friday",
        "Easter Monday",
        "Labor Day",
    ]
    assert (frame["kind"] == "holiday").all()
    assert (frame["first_day"] == frame["last_day"]).all()


def test_when_the_country_is_unknown_then_the_error_names_it():
    with pytest.raises(NotFound, match=r"'Atlantis'.*ISO code"):
        public_holidays("Atlantis", date(2024, 1, 1), date(2024, 12, 31))


@pytest.mark.parametrize("asked", [festivals, lambda a, b: public_holidays("DE", a, b)])
def test_when_the_range_is_backwards_then_it_is_refused(asked):
    with pytest.raises(DataError, match="2024-05-02 lies after the last day 2024-05-01"):
        asked(date(2024, 5, 2), date(2024, 5, 1))
