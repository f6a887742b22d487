"""What the sample says about each column: how full, how many values, numbers, dates, flags."""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from data.ingest import dates, names, numbers
from data.ingest.dates import DateFit
from data.ingest.numbers import NumberFit
from data.ingest.plan import Reading, Source

READABLE = 0.8  # of the filled cells must be numbers (or dates) for the column to be one


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One column of a file, or of several files with the same header."""

    file: str  # name of the (first) source
    name: str
    cells: tuple[str | None, ...]  # of the sample, empty ones as None
    number: NumberFit | None
    date: DateFit | None

    @cached_property
    def filled(self) -> tuple[str, ...]:
        return tuple(cell for cell in self.cells if cell is not None)

    @cached_property
    def distinct(self) -> int:
        return len(set(self.filled))

    @property
    def empty_share(self) -> float:
        return 1 - len(self.filled) / len(self.cells) if self.cells else 1.0

    @property
    def is_number(self) -> bool:
        return self.number is not None and self.number.share >= READABLE

    @property
    def is_date(self) -> bool:
        return self.date is not None and self.date.share >= READABLE

    @property
    def is_whole(self) -> bool:
        return self.is_number and self.number is not None and self.number.whole_share >= 0.95

    @property
    def counts_rows(self) -> bool:
        """Whole numbers, each once: the number of a row."""
        return self.is_whole and self.distinct == len(self.filled) > 1

    @cached_property
    def median(self) -> float:
        return statistics.median(self.number.values) if self.number and self.number.values else 0.0

    @property
    def examples(self) -> tuple[str, ...]:
        """Three cells as they are, different where there are different ones."""
        return tuple(list(dict.fromkeys(cell[:60] for cell in self.filled))[:3])

    @property
    def text_reading(self) -> Reading:
        """Text; "13085.0" is 13085 where all cells went through a float."""
        floats = [bool(re.fullmatch(r"-?\d+\.0", cell)) for cell in self.filled]
        return Reading(kind="text", whole=bool(floats) and all(floats))


def profile_columns(sources: Sequence[Source], *, skip: frozenset[str]) -> tuple[Profile, ...]:
    """Profiles of the columns of files with one header, `skip` left out; numbers read alike."""
    first = sources[0]
    found = []
    for name in first.columns:
        if name in skip:
            continue
        places = [(source, source.columns.index(name)) for source in sources]
        cells = tuple(_cell(row[index]) for source, index in places for row in source.sample)
        found.append(_profile(first.name, name, cells))
    if like := _common_style(found):
        found = [_read_alike(profile, like) for profile in found]
    return tuple(found)


def _cell(cell: str | None) -> str | None:
    return None if numbers.is_empty(cell) or cell is None else cell.strip()


def _profile(file: str, name: str, cells: tuple[str | None, ...]) -> Profile:
    filled = [cell for cell in cells if cell is not None]
    named = any(match.role == "date" for match in names.matches(name))
    return Profile(
        file=file,
        name=name,
        cells=cells,
        number=numbers.judge(filled),
        date=dates.judge(filled, named=named),
    )


def _common_style(profiles: Sequence[Profile]) -> Reading | None:
    """The style of the columns that leave no doubt, where they agree on the decimal sign."""
    clear = [
        p.number.reading
        for p in profiles
        if p.is_number and p.number and not p.number.other and _shows_style(p, p.number.reading)
    ]
    marks = {reading.decimal for reading in clear}
    if len(marks) != 1:
        return None
    grouped = next((reading for reading in clear if reading.thousands), clear[0])
    return replace(grouped, percent=False)


def _shows_style(profile: Profile, reading: Reading) -> bool:
    return bool(reading.thousands) or any(reading.decimal in cell for cell in profile.filled)


def _read_alike(profile: Profile, like: Reading) -> Profile:
    if profile.number is None or profile.number.other is None:
        return profile
    return replace(profile, number=numbers.judge(profile.filled, like=like))


def determined_share(keys: Profile, values: Profile) -> float:
    """Share of keys seen more than once in the sample that have a single value; 1.0 if none."""
    seen: dict[str, set[str]] = {}
    times: dict[str, int] = {}
    for key, value in zip(keys.cells, values.cells, strict=True):
        if key is not None and value is not None:
            seen.setdefault(key, set()).add(value)
            times[key] = times.get(key, 0) + 1
    repeated = [key for key, count in times.items() if count > 1]
    if not repeated:
        return 1.0
    return sum(len(seen[key]) == 1 for key in repeated) / len(repeated)


def product_share(quantity: Profile, price: Profile, total: Profile) -> float:
    """Share of sampled rows in which quantity times price is the total."""
    right = rows = 0
    for cells in zip(quantity.cells, price.cells, total.cells, strict=True):
        values = [
            numbers.parse(cell, profile.number.reading)
            for cell, profile in zip(cells, (quantity, price, total), strict=True)
            if cell is not None and profile.number is not None
        ]
        if len(values) == 3 and (known := [v for v in values if v is not None]) and len(known) == 3:
            rows += 1
            right += abs(known[0] * known[1] - known[2]) <= 0.011 + 0.001 * abs(known[2])
    return right / rows if rows else 0.0
