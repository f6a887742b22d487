"""Days that move sales: shopping festivals of any year, and public holidays of any country.

Both come as the frame that the `event` table keeps: name, kind, first_day, last_day (inclusive),
days_before and days_after (the days around it whose sales move too).
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import pandas as pd

from data.errors import DataError, NotFound

MAKE_UP = "New Year make-up workdays"
RULES = {  # when each festival comes, in words; every name that `list_festivals` knows
    "Lunar New Year": "new moon of January or February, 7 days",
    MAKE_UP: "weekends that China works around lunar New Year",
    "Valentine's Day": "14 February",
    "Mother's Day": "second Sunday of May",
    "6.18": "18 June",
    "Prime Day": "announced each year",
    "Back to school": "15 August to 10 September",
    "Singles' Day run-up": "21 to 31 October",
    "11.11": "11 November, Singles' Day",
    "Black Friday": "day after the fourth Thursday of November",
    "Cyber Monday": "Monday after Black Friday",
    "12.12": "12 December",
    "Christmas": "24 to 26 December",
    "Ramadan": "ninth month of the Islamic year",
    "Eid al-Fitr": "the 3 days after Ramadan",
    "Eid al-Adha": "70 days after Ramadan, 4 days",
}

COLUMNS = ["name", "kind", "first_day", "last_day", "days_before", "days_after"]

# Announced from year to year; a year that is not listed is not known and not guessed.
PRIME_DAYS = {
    2015: (date(2015, 7, 15), 1),
    2016: (date(2016, 7, 12), 1),
    2017: (date(2017, 7, 10), 2),
    2018: (date(2018, 7, 16), 2),
    2019: (date(2019, 7, 15), 2),
    2020: (date(2020, 10, 13), 2),
    2021: (date(2021, 6, 21), 2),
    2022: (date(2022, 7, 12), 2),
    2023: (date(2023, 7, 11), 2),
    2024: (date(2024, 7, 16), 2),
    2025: (date(2025, 7, 8), 4),
}


@dataclass(frozen=True, kw_only=True)
class Festival:
    name: str
    first_day: date
    days: int = 1  # length of the festival itself
    days_before: int = 0
    days_after: int = 0

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=self.days - 1)

    def touches(self, first: date, last: date) -> bool:
        """Whether the festival or the days around it fall between two days."""
        begins = self.first_day - timedelta(days=self.days_before)
        return begins <= last and self.last_day + timedelta(days=self.days_after) >= first


def list_festivals(first: date, last: date) -> list[Festival]:
    """Shopping festivals that touch the days from `first` to `last`, in order of their first day.

    Raises `DataError` where `last` lies before `first`.
    """
    _check_order(first, last)
    years = range(max(first.year - 1, 1), min(last.year + 1, date.max.year) + 1)
    found = [f for year in years for f in _of_year(year) if f.touches(first, last)]
    return sorted(found, key=lambda festival: (festival.first_day, festival.name))


def festivals(first: date, last: date) -> pd.DataFrame:
    """What `list_festivals` finds, as a frame of `COLUMNS` with kind 'festival'.

    >>> festivals(date(2024, 11, 5), date(2024, 11, 20))[["name", "first_day"]].values.tolist()
    [['11.11', Timestamp('2024-11-11 00:00:00')]]
    """
    return _frame(
        [
            (f.name, "festival", f.first_day, f.last_day, f.days_before, f.days_after)
            for f in list_festivals(first, last)
        ]
    )


def public_holidays(country: str, first: date, last: date) -> pd.DataFrame:
    """Public holidays of a country (ISO code such as 'DE') from `first` to `last`, in English
    where the calendar has it; columns as in `COLUMNS`, kind 'holiday'.

    Raises `NotFound` for a country without a calendar, `DataError` where `last` < `first`.

    >>> public_holidays("DE", date(2025, 10, 1), date(2025, 10, 31))["name"].tolist()
    ['German Unity Day']
    """
    _check_order(first, last)
    days = _holidays(country, tuple(range(first.year, last.year + 1)))
    return _frame(
        [(name, "holiday", day, day, 0, 0) for day, name in days.items() if first <= day <= last]
    )


def _of_year(year: int) -> Iterator[Festival]:
    """The festivals whose first day lies in a year."""
    thanksgiving = _nth_weekday(year, 11, calendar.THURSDAY, 4)
    black_friday = thanksgiving + timedelta(days=1)
    new_year = _lunar_new_year(year)
    if new_year:
        yield Festival(
            name="Lunar New Year", first_day=new_year, days=7, days_before=14, days_after=3
        )
    yield Festival(name="Valentine's Day", first_day=date(year, 2, 14), days_before=7, days_after=1)
    mothers_day = _nth_weekday(year, 5, calendar.SUNDAY, 2)
    yield Festival(name="Mother's Day", first_day=mothers_day, days_before=7)
    yield Festival(name="6.18", first_day=date(year, 6, 18), days_before=5, days_after=3)
    yield Festival(name="Back to school", first_day=date(year, 8, 15), days=27)
    yield Festival(name="Singles' Day run-up", first_day=date(year, 10, 21), days=11)
    yield Festival(name="11.11", first_day=date(year, 11, 11), days_before=10, days_after=3)
    yield Festival(name="Black Friday", first_day=black_friday, days_before=4, days_after=2)
    cyber_monday = black_friday + timedelta(days=3)
    yield Festival(name="Cyber Monday", first_day=cyber_monday, days_after=1)
    yield Festival(name="12.12", first_day=date(year, 12, 12), days_before=2, days_after=1)
    yield Festival(
        name="Christmas", first_day=date(year, 12, 24), days=3, days_before=21, days_after=5
    )
    if year in PRIME_DAYS:
        first_day, days = PRIME_DAYS[year]
        yield Festival(
            name="Prime Day", first_day=first_day, days=days, days_before=3, days_after=2
        )
    yield from _islamic(year)
    for day in _make_up_workdays(year):
        yield Festival(name=MAKE_UP, first_day=day)


def _islamic(year: int) -> Iterator[Festival]:
    """Ramadan and both Eids, as estimated for the Maldives: local sightings differ by a day."""
    days = _holidays("MV", (year - 1, year, year + 1))
    starts = [day for day, name in days.items() if name.startswith("First Day of Ramadan")]
    eids = [day for day, name in days.items() if _is_first(name, "Eid al-Fitr")]
    for start in starts:
        end = min((eid for eid in eids if eid > start), default=None)
        if start.year == year and end:
            length = (end - start).days
            yield Festival(name="Ramadan", first_day=start, days=length, days_before=7)
            yield Festival(name="Eid al-Fitr", first_day=end, days=3, days_after=2)
    for day, name in days.items():
        if day.year == year and _is_first(name, "Eid al-Adha"):
            yield Festival(name="Eid al-Adha", first_day=day, days=4, days_before=7, days_after=1)


def _is_first(name: str, holiday: str) -> bool:
    return name.startswith(holiday) and not name.startswith(f"{holiday} Holiday")


def _lunar_new_year(year: int) -> date | None:
    days = _holidays("CN", (year,))
    return min((day for day, name in days.items() if "(Spring Festival)" in name), default=None)


def _make_up_workdays(year: int) -> list[date]:
    """Weekend days around lunar New Year on which China works, in return for days off.

    Announced from year to year, as Prime Day is; a year without an announcement has none.
    """
    new_year = _lunar_new_year(year)
    if new_year is None:
        return []
    near = timedelta(days=21)
    return [day for day in _workdays("CN", year) if new_year - near <= day <= new_year + near]


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth such weekday of a month.

    >>> _nth_weekday(2024, 5, calendar.SUNDAY, 2)
    datetime.date(2024, 5, 12)
    """
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


@cache
def _holidays(country: str, years: tuple[int, ...]) -> dict[date, str]:
    """Names by day, in order of days; of a country or, as in 'DE-BY', of a part of it."""
    import holidays  # loads the calendar of a country when it is asked for

    check_country(country)
    code, _, part = country.partition("-")
    languages = holidays.list_localized_countries().get(code, [])
    english = next((language for language in languages if language.startswith("en")), None)
    found = holidays.country_holidays(code, subdiv=part or None, years=years, language=english)
    return {day: found[day] for day in sorted(found) if day.year in years}


@cache
def _workdays(country: str, year: int) -> tuple[date, ...]:
    """Weekend days on which a country works."""
    import holidays

    found = holidays.country_holidays(country, years=year)
    len(found)  # the library fills its days when they are first asked for
    return tuple(sorted(day for day in found.weekend_workdays if day.year == year))


@cache
def supported_countries() -> dict[str, tuple[str, ...]]:
    """Codes of all countries with a calendar, and the codes of their parts."""
    import holidays

    found: dict[str, list[str]] = holidays.list_supported_countries()
    return {code: tuple(parts) for code, parts in sorted(found.items())}


def check_country(country: str) -> None:
    """Raises `NotFound` for a code without a calendar, such as 'XX' or 'DE-XX'."""
    code, _, part = country.partition("-")
    if code not in supported_countries():
        raise NotFound(
            f"There is no holiday calendar for the country {country!r}. "
            "Use a two-letter ISO code such as DE, GB or CN."
        )
    if part and part not in (parts := supported_countries()[code]):
        known = f"Use one of {', '.join(parts)}." if parts else f"Use {code} alone."
        raise NotFound(f"There is no holiday calendar for {part!r} in {code}. {known}")


def _frame(rows: list[tuple[str, str, date, date, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    for column in ("first_day", "last_day"):
        frame[column] = frame[column].astype("datetime64[s]")
    return frame.astype({"days_before": "int64", "days_after": "int64"})


def _check_order(first: date, last: date) -> None:
    if last < first:
        raise DataError(f"The first day {first} lies after the last day {last}. Swap them.")
