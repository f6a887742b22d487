"""A calendar as a CSV file, out and in: what an analyst keeps in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date

from data.calendar_entries import KINDS, Entry, Kind
from data.errors import FileError

COLUMNS = (
    "kind", "name", "on", "first_day", "last_day", "yearly", "days_before", "days_after", "place",
)  # fmt: skip
LARGEST = 1_000_000  # characters of a file
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": None}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t")


def write(entries: Iterable[Entry], places: Mapping[int, str]) -> str:
    """The calendar as CSV, a line per entry; days as 2026-11-11, places by their code."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for each in entries:
        table.writerow(
            [
                each.kind,
                _as_text(each.name),
                "yes" if each.is_on else "no",
                each.first_day or "",
                each.last_day or "",
                "yes" if each.yearly else "no",
                each.days_before,
                each.days_after,
                "" if each.place_id is None else _as_text(places[each.place_id]),
            ]
        )
    return text.getvalue()


def read(text: str, places: Mapping[int, str]) -> list[Entry]:
    """The entries of a file that `write` made, or that has its columns.

    `name` is needed, and `first_day` for own events; what else is missing gets its usual value.
    Raises `FileError` that names the line and the value which cannot be read.
    """
    if len(text) > LARGEST:
        raise FileError(
            f"The file has {len(text):,} characters; a calendar has at most {LARGEST:,}."
        )
    sample = text[:4096]
    sign = ";" if sample.count(";") > sample.count(",") else ","
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=sign))
    if not rows:
        raise FileError("The file is empty. It needs a line of column names and a line per event.")
    heads = [head.strip().lower() for head in rows[0]]
    if "name" not in heads:
        raise FileError(
            f"The file has no column “name”; its first line is “{sign.join(rows[0])[:80]}”. "
            f"Name the columns {', '.join(COLUMNS)}."
        )
    codes = {code: place for place, code in places.items()}
    found = []
    for line, row in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in row):
            cells = {head: cell.strip() for head, cell in zip(heads, row, strict=False)}
            found.append(_entry(cells, line, codes))
    return found


def _entry(cells: Mapping[str, str], line: int, codes: Mapping[str, int]) -> Entry:
    kind = _kind(cells.get("kind", "") or "own", line)
    dated = kind in ("own", "school")
    first = _day(cells.get("first_day", ""), line) if dated else None
    last = _day(cells.get("last_day", ""), line) if dated else None
    place = _plain(cells.get("place", ""))
    if place and place not in codes:
        raise FileError(f"Line {line}: there is no place “{place}”. Use its code, or leave it out.")
    on = _flag(cells.get("on", ""), line)
    return Entry(
        kind=kind,
        name=_plain(cells.get("name", "")),
        is_on=True if on is None else on,
        first_day=first,
        last_day=last or first,
        yearly=bool(_flag(cells.get("yearly", ""), line)),
        days_before=_count(cells.get("days_before", ""), line),
        days_after=_count(cells.get("days_after", ""), line),
        place_id=codes.get(place),
    )


def _kind(text: str, line: int) -> Kind:
    for kind, word in KINDS.items():
        if text.lower() in (kind, word.lower()):
            return kind
    raise FileError(f"Line {line}: “{text}” is no kind of event. Use one of {', '.join(KINDS)}.")


def _day(text: str, line: int) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FileError(f"Line {line}: “{text}” is not a day. Write it as 2026-11-11.") from error


def _flag(text: str, line: int) -> bool | None:
    if text.lower() not in _YES:
        raise FileError(f"Line {line}: “{text}” is neither yes nor no.")
    return _YES[text.lower()]


def _count(text: str, line: int) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdecimal() or len(text) > 4:
        raise FileError(f"Line {line}: “{text}” is not a number of days. Use 0 to 60.")
    return int(text)


def _as_text(value: str) -> str:
    """The user's own text for a file that a spreadsheet opens: never a formula."""
    return "'" + value if value.startswith(_FORMULA_STARTS) else value


def _plain(value: str) -> str:
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA_STARTS) else value


def decode(content: bytes) -> str:
    """The text of an uploaded file. Raises `FileError` where it is no text in UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError("The file is not text in UTF-8. Save it as CSV UTF-8.") from error
