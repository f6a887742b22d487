"""How the dates of a column or of the headers are written; both readings where two are possible.

Candidates come from the shape of the cells, the verdict from DuckDB's own strptime, so that what
is promised here is what the import will do.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from data.ingest.plan import Reading
from data.ingest.sql import date_sql

MONTH = r"[A-Za-z]{3,9}\.?"
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AaPp][Mm])?\s*(?:Z|[+-]\d\d:?\d\d)?"
TIME = rf"(?P<time>(?:[T ]|, )\s*{CLOCK})?"
# shape of the day -> patterns that may read it, the likelier first
SHAPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
    (r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d", "%Y/%d/%m")),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d",)),
    (r"\d{4}年\d{1,2}月\d{1,2}日", ("%Y年%m月%d日",)),
    (r"\d{1,2}/\d{1,2}/\d{4}", ("%d/%m/%Y", "%m/%d/%Y")),
    (r"\d{1,2}-\d{1,2}-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y", "%m.%d.%Y")),
    (r"\d{1,2}/\d{1,2}/\d{2}", ("%d/%m/%y", "%m/%d/%y", "%y/%m/%d")),
    (r"\d{1,2}-\d{1,2}-\d{2}", ("%d-%m-%y", "%m-%d-%y", "%y-%m-%d")),
    (r"\d{1,2}\.\d{1,2}\.\d{2}", ("%d.%m.%y", "%y.%m.%d")),
    (rf"\d{{1,2}}-{MONTH}-\d{{4}}", ("%d-%b-%Y", "%d-%B-%Y")),
    (rf"\d{{1,2}}-{MONTH}-\d{{2}}", ("%d-%b-%y",)),
    (rf"\d{{1,2}} {MONTH} \d{{4}}", ("%d %b %Y", "%d %B %Y")),
    (rf"\d{{1,2}} {MONTH} \d{{2}}", ("%d %b %y",)),
    (rf"{MONTH} \d{{1,2}}, \d{{4}}", ("%b %d, %Y", "%B %d, %Y")),
    (rf"{MONTH} \d{{1,2}} \d{{4}}", ("%b %d %Y", "%B %d %Y")),
    (rf"[A-Za-z]{{3}}, \d{{1,2}} {MONTH} \d{{4}}", ("%a, %d %b %Y",)),
    (r"\d{4}-W\d{1,2}-\d", ("%G-W%V-%u",)),
    (r"\d{4}-W\d{1,2}", ("%G-W%V",)),
    (r"\d{4}W\d{1,2}", ("%GW%V",)),
    (r"\d{4}-\d{1,2}", ("%Y-%m",)),
    (r"\d{4}/\d{1,2}", ("%Y/%m",)),
    (r"\d{4}年\d{1,2}月", ("%Y年%m月",)),
    (r"\d{1,2}/\d{4}", ("%m/%Y",)),
    (r"\d{1,2}\.\d{4}", ("%m.%Y",)),
    (rf"{MONTH}[ -]\d{{4}}", ("%b %Y", "%B %Y", "%b-%Y", "%B-%Y")),
    (rf"{MONTH}-\d{{2}}", ("%b-%y",)),
    (r"(?:19|20|21)\d{2}[01]\d[0-3]\d", ("%Y%m%d",)),
)
COMPILED = tuple((re.compile(f"(?P<day>{shape}){TIME}"), formats) for shape, formats in SHAPES)
# Digits alone are a date only under a header that says so.
DIGITS = (
    (r"(?:19|20|21)\d{12}", "%Y%m%d%H%M%S"),
    (r"(?:19|20|21)\d{2}(?:0\d|1[0-2])", "%Y%m"),
    (r"\d{8}", "%d%m%Y"),
    (r"[1-9]\d{12}(?:\.0)?", "unix_ms"),
    (r"[1-9]\d{9}(?:\.\d+)?", "unix"),
    (r"[2-6]\d{4}(?:\.\d+)?", "excel"),
)
AMBIGUOUS = (
    ("%d/%m/%Y", "%m/%d/%Y"),
    ("%d-%m-%Y", "%m-%d-%Y"),
    ("%d/%m/%y", "%m/%d/%y", "%y/%m/%d"),
    ("%d-%m-%y", "%m-%d-%y", "%y-%m-%d"),
    ("%d.%m.%y", "%y.%m.%d"),
)
BY_CONVENTION = ("%m.%d.%Y", "%Y/%d/%m", "%y.%m.%d")  # written by nobody while the other fits
NUMBERED_DAY = re.compile(r"d_?(\d+)")


@dataclass(frozen=True, kw_only=True)
class DateFit:
    """How well a column reads as dates, and how."""

    share: float  # of the filled cells
    reading: Reading
    others: tuple[str, ...] = ()  # patterns that read all cells as well, as other days: ask
    example: str = ""  # a cell that they differ on
    proof: str = ""  # a cell that rules the other patterns out


def looks_like_date(cell: str) -> bool:
    """Whether a cell has the shape of a date.

    >>> [looks_like_date(c) for c in ("1/31/2025 7:45", "2025年1月5日", "20250131", "2025", "A-12")]
    [True, True, True, False, False]
    """
    return _shape(cell.strip()) is not None


def ambiguous_formats(date_format: str) -> tuple[str, ...]:
    """The other patterns that may read the same cells as other days; to be tried on every row.

    >>> ambiguous_formats("%d/%m/%Y %H:%M")
    ('%m/%d/%Y %H:%M',)
    >>> ambiguous_formats("%Y-%m-%d")
    ()
    """
    for group in AMBIGUOUS:
        for day in group:
            if date_format.startswith(day):
                rest = date_format[len(day) :]
                return tuple(other + rest for other in group if other != day)
    return ()


def judge(cells: Sequence[str], *, named: bool = False) -> DateFit | None:
    """How filled cells read as dates, None where fewer than half of them do.

    `named` says that the header means a date, so that bare digits may be one too.
    """
    texts = [cell.strip() for cell in cells]
    formats = _candidates(texts, named)
    if not formats:
        return None
    counts = Counter(texts)
    fits = _fits(list(counts), formats)
    scores = {f: sum(counts[text] for text, day in days.items() if day) for f, days in fits.items()}
    best = max(scores.values())
    if best < 0.5 * len(texts):
        return None
    winners = [f for f in formats if scores[f] >= 0.995 * best]
    kept = [f for f in winners if not f.startswith(BY_CONVENTION)] or winners
    kept = _plausible(fits, kept)
    first = max(kept, key=lambda f: (scores[f], -kept.index(f)))
    others, example = _rivals(fits, first, kept)
    return DateFit(
        share=scores[first] / len(texts),
        reading=Reading(kind="date", date_format=first),
        others=others,
        example=example,
        proof="" if others else _proof(fits, first),
    )


def _plausible(fits: dict[str, dict[str, datetime | None]], kept: list[str]) -> list[str]:
    """Patterns without those that turn days of the month into years: 13/02/25 is not of 2013."""
    years = {f: len({day.year for day in fits[f].values() if day}) for f in kept}
    return [f for f in kept if years[f] <= max(8, 4 * min(years.values()))]


def _rivals(
    fits: dict[str, dict[str, datetime | None]], first: str, kept: list[str]
) -> tuple[tuple[str, ...], str]:
    """Patterns as good as `first` that give other days, and a cell on which they differ."""
    others, example = [], ""
    for rival in kept:
        differ = [t for t, day in fits[first].items() if day and fits[rival][t] not in (day, None)]
        if rival != first and differ:
            others.append(rival)
            example = example or differ[0]
    return tuple(others), example


def _proof(fits: dict[str, dict[str, datetime | None]], first: str) -> str:
    """A cell that only `first` can read."""
    rivals = [f for f in ambiguous_formats(first) if f in fits]
    if not rivals:
        return ""
    return next(
        (t for t, day in fits[first].items() if day and not any(fits[r][t] for r in rivals)), ""
    )


def _candidates(texts: list[str], named: bool) -> list[str]:
    """Patterns to try, from the two commonest shapes of the cells."""
    shapes: Counter[tuple[tuple[str, ...], str]] = Counter()
    digits: Counter[str] = Counter()
    for text in texts:
        if found := _shape(text):
            shapes[found] += 1
        elif named:
            digits.update(f for shape, f in DIGITS if re.fullmatch(shape, text))
    formats: list[str] = []
    for (days, time), times in shapes.most_common(2):
        if times >= 0.2 * len(texts):
            formats += [day + time for day in days if day + time not in formats]
    formats += [f for f, times in digits.items() if times >= 0.5 * len(texts)]
    return formats


def _shape(text: str) -> tuple[tuple[str, ...], str] | None:
    """Patterns for the day and the pattern of the time behind it, None where it is no date."""
    for shape, formats in COMPILED:
        if match := shape.fullmatch(text):
            return formats, _time_format(match.group("time") or "")
    return None


def _time_format(time: str) -> str:
    """The pattern of " 7:45", "T10:00:00.5Z", ", 3:05 PM"."""
    if not time:
        return ""
    half = re.search(r"\s*[AaPp][Mm]", time)
    clock = re.sub(r"\s*(?:[AaPp][Mm])?\s*(?:Z|[+-]\d\d:?\d\d)?$", "", time)
    start = clock[: re.search(r"\d", clock).start()]  # type: ignore[union-attr]
    parts = ("%I" if half else "%H", "%M", "%S")[: clock.count(":") + 1]
    pattern = start + ":".join(parts) + (".%f" if "." in clock else "")
    if half:
        pattern += " %p" if half.group().startswith(" ") else "%p"
    return pattern + ("%z" if re.search(r"(?:Z|[+-]\d\d:?\d\d)$", time) else "")


def _fits(texts: list[str], formats: list[str]) -> dict[str, dict[str, datetime | None]]:
    """What each pattern makes of each cell, by the SQL that the import uses."""
    columns = ", ".join(f"{date_sql('cell', f)}::TIMESTAMP" for f in formats)
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT {columns} FROM (SELECT unnest(?::VARCHAR[]) AS cell)", [texts]
        ).fetchall()
    return {
        f: {text: _possible(row[index]) for text, row in zip(texts, rows, strict=True)}
        for index, f in enumerate(formats)
    }


def _possible(day: datetime | None) -> datetime | None:
    """The day, None where its year shows that it was misread: "%Y" takes "25" for the year 25."""
    return day if day and 1900 <= day.year <= 2199 else None


def days_of(texts: Sequence[str], date_format: str) -> dict[str, str]:
    """The ISO day of each text that the pattern reads."""
    fits = _fits([text.strip() for text in texts], [date_format])[date_format]
    return {t: day.date().isoformat() for t in texts if (day := fits[t.strip()])}


def counted_days(names: Sequence[str], first_day: str) -> dict[str, str]:
    """ISO days of d_1, d_2, ... where the first of `names` is `first_day`.

    >>> counted_days(["d_1", "d_3"], "2011-01-29")
    {'d_1': '2011-01-29', 'd_3': '2011-01-31'}
    """
    counts = [int(NUMBERED_DAY.fullmatch(name).group(1)) for name in names]  # type: ignore[union-attr]
    start = date.fromisoformat(first_day)
    return {
        name: (start + timedelta(days=count - counts[0])).isoformat()
        for name, count in zip(names, counts, strict=True)
    }


def share_of_headers(names: Sequence[str]) -> float:
    """Share of headers that are days: "2025-01-31", "31.01.", "d_17".

    >>> share_of_headers(["item", "d_1", "d_2", "d_3"])
    0.75
    """
    days = sum(looks_like_date(name) or bool(NUMBERED_DAY.fullmatch(name)) for name in names)
    return days / len(names) if names else 0.0


def spoken(text: str, date_format: str) -> str:
    """A cell as a day in words: ("01/02/2025", "%d/%m/%Y") is "1 Feb 2025"."""
    days = days_of([text], date_format)
    if text not in days:
        return text
    day = date.fromisoformat(days[text])
    return f"{day.day} {day:%b %Y}"
