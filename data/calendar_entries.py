"""What a dataset's calendar is made of: its entries, what is shipped, and what cannot be kept.

An entry is a festival by its name, the public holidays of a country, an own event, or a school
term. Entries say when things come; `data.events` turns them into days. No database here.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Literal

from data import calendars
from data.errors import DataError

Kind = Literal["festival", "holidays", "own", "school"]
KINDS: dict[Kind, str] = {
    "festival": "Festival",
    "holidays": "Public holidays",
    "own": "Own event",
    "school": "School term",
}
LONGEST = 366  # days of one event
WIDEST = 60  # days before or after
_LONGEST_NAME = 80
_MOST_NAMED = 5  # problems in one message


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a calendar."""

    kind: Kind
    name: str  # of the festival or event; of holidays the country's code, as DE or DE-BY
    is_on: bool = True
    first_day: date | None = None  # own events and school terms only
    last_day: date | None = None  # inclusive
    yearly: bool = False  # comes again on the same days of every year
    days_before: int = 0  # whose sales move too
    days_after: int = 0
    place_id: int | None = None  # None: everywhere

    @property
    def has_days(self) -> bool:
        """Whether the entry names its days itself."""
        return self.kind in ("own", "school")


def shipped(country: str = "") -> list[Entry]:
    """The calendar of a dataset that nobody has edited: all festivals, and the country's holidays.

    Days on which China works instead of a weekend count in China alone.
    """
    festivals = [
        Entry(
            kind="festival",
            name=name,
            is_on=name != calendars.MAKE_UP or country.startswith("CN"),
            days_before=before,
            days_after=after,
        )
        for name, (before, after) in _windows().items()
    ]
    known = country.partition("-")[0] in calendars.supported_countries()
    return [*festivals, *([Entry(kind="holidays", name=country)] if known else [])]


@cache
def _windows() -> dict[str, tuple[int, int]]:
    """Days before and after every shipped festival, in the order of `RULES`."""
    found = {
        each.name: (each.days_before, each.days_after)
        for each in calendars.list_festivals(date(2024, 1, 1), date(2024, 12, 31))
    }
    return {name: found[name] for name in calendars.RULES}


def check(entries: Iterable[Entry], places: Collection[int]) -> None:
    """Raises `DataError` that names what is wrong with which entry, up to five of them."""
    entries = list(entries)
    found = [problem for each in entries for problem in _problems(each, places)]
    found += list(_repeated(entries))
    if found:
        more = f" And {len(found) - _MOST_NAMED} more." if len(found) > _MOST_NAMED else ""
        raise DataError(" ".join(found[:_MOST_NAMED]) + more + " The calendar is as before.")


def _problems(entry: Entry, places: Collection[int]) -> Iterator[str]:
    said = f"“{entry.name}”"
    if not entry.name.strip():
        yield f"A line of kind {KINDS[entry.kind].lower()} has no name. Give it one."
    if len(entry.name) > _LONGEST_NAME:
        yield f"The name {entry.name[:20]}… is longer than {_LONGEST_NAME} characters. Shorten it."
    if entry.kind == "festival" and entry.name not in calendars.RULES:
        yield f"{said} is not among the festivals. Add it as an own event, with its days."
    if entry.kind == "holidays" and entry.name.strip():
        yield from _country_problems(entry.name)
    for days, where in ((entry.days_before, "before"), (entry.days_after, "after")):
        if not 0 <= days <= WIDEST:
            yield f"{said} has {days} days {where}. Use 0 to {WIDEST}."
    if entry.place_id is not None and entry.place_id not in places:
        yield f"{said} is in a place that does not exist. Choose another, or everywhere."
    if entry.has_days:
        yield from _day_problems(entry, said)


def _country_problems(code: str) -> Iterator[str]:
    try:
        calendars.check_country(code)
    except DataError as error:
        yield str(error)


def _day_problems(entry: Entry, said: str) -> Iterator[str]:
    first, last = entry.first_day, entry.last_day
    if first is None or last is None:
        yield f"{said} has no {'first' if first is None else 'last'} day. Give it one."
        return
    length = (last - first).days + 1
    if length < 1:
        yield f"{said} ends on {last}, before it starts on {first}. Swap the days."
    elif length > LONGEST:
        yield (
            f"{said} lasts {length:,} days, from {first} to {last}. "
            f"Use at most {LONGEST}: sales that always move have nothing to compare with."
        )
    elif entry.yearly and length > 365:
        yield f"{said} comes every year and lasts {length} days, so it never ends. Shorten it."
    if not 1900 <= first.year <= 2200:
        yield f"{said} starts in the year {first.year}. Use 1900 to 2200."


def _repeated(entries: list[Entry]) -> Iterator[str]:
    """The same festival or country twice, and two events of one name that share a day."""
    seen: set[tuple[str, str, int | None]] = set()
    for entry in entries:
        key = (entry.kind, entry.name, entry.place_id)
        if not entry.has_days and key in seen:
            yield f"“{entry.name}” is listed twice. Keep one of them."
        seen.add(key)
    dated = [each for each in entries if each.has_days and each.first_day and each.last_day]
    names = {each.name for each in dated}
    festivals = {each.name for each in entries if each.kind == "festival" and each.is_on}
    for name in sorted(names & festivals):
        yield f"“{name}” is a festival already. Give the own event another name, or turn one off."
    for name in sorted(names):
        group = [each for each in dated if each.name == name and each.is_on]
        for place, one, other in _pairs(group):
            if day := _first_shared(one, other):
                where = "" if place is None else " in one place"
                yield f"“{name}” is there twice on {day}{where}. Change the days of one of them."


def _pairs(group: list[Entry]) -> Iterator[tuple[int | None, Entry, Entry]]:
    """Entries of one name that count in the same place, in pairs."""
    for number, one in enumerate(group):
        for other in group[number + 1 :]:
            if one.place_id == other.place_id:
                yield one.place_id, one, other


def _first_shared(one: Entry, other: Entry) -> date | None:
    """The first day that two dated entries share; where a year is the same as any, in one year."""
    (one_first, one_last), (other_first, other_last) = _own_days(one), _own_days(other)
    first = max(one_first, other_first) - timedelta(days=LONGEST)
    last = max(one_last, other_last) + timedelta(days=LONGEST)
    for a_first, a_last in spans(one, first, last):
        for b_first, b_last in spans(other, first, last):
            if a_first <= b_last and b_first <= a_last:
                return max(a_first, b_first)
    return None


def spans(entry: Entry, first: date, last: date) -> Iterator[tuple[date, date]]:
    """First and last days of a dated entry that touch the days from `first` to `last`.

    A yearly entry comes in every year, before its own days too: 29 February becomes the 28th.
    """
    begins, ends = _own_days(entry)
    if not entry.yearly:
        if begins <= last and ends >= first:
            yield begins, ends
        return
    length = ends - begins
    for year in range(max(first.year - 1, 1), min(last.year, date.max.year - 1) + 1):
        start = _in_year(begins, year)
        if start <= last and start + length >= first:
            yield start, start + length


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def _own_days(entry: Entry) -> tuple[date, date]:
    """First and last day of an entry that names its days."""
    assert entry.first_day is not None
    assert entry.last_day is not None
    return entry.first_day, entry.last_day
