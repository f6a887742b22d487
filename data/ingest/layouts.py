"""Whether a table is long, order lines, one column per day, or one column per product."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from data.ingest import dates, names
from data.ingest.numbers import judge
from data.ingest.plan import Column, Layout, Reading, Role, Source, date_words
from data.ingest.profiles import Profile
from data.ingest.sql import scan_sql

MIN_DAYS = 3  # columns named by days; fewer are ordinary columns that happen to be
MIN_NUMBERED_DAYS = 7  # d_1, d_2, d_3 alone may be anything
MIN_PRODUCTS = 2
POOL_COLUMNS = 30  # of a wide file are enough to see how its cells are written


@dataclass(frozen=True, kw_only=True)
class Headers:
    """The columns whose names are days."""

    columns: tuple[str, ...]
    date_format: str = ""  # "" for d_1, d_2, ... whose first day the file does not say
    others: tuple[str, ...] = ()  # patterns that read the names as other days
    example: str = ""


def day_headers(columns: Sequence[str]) -> Headers | None:
    """The headers that are days, None where the table is not wide."""
    numbered = tuple(c for c in columns if dates.NUMBERED_DAY.fullmatch(c))
    if len(numbered) >= MIN_NUMBERED_DAYS:
        return Headers(columns=numbered, example=numbered[0])
    dated = tuple(c for c in columns if dates.looks_like_date(c))
    if len(dated) < MIN_DAYS or len(dated) < 0.3 * len(columns):
        return None
    fit = dates.judge(dated)
    if fit is None or fit.share < 0.8:
        return None
    return Headers(
        columns=dated, date_format=fit.reading.date_format, others=fit.others, example=fit.example
    )


def header_days(headers: Headers, *, date_format: str = "", first_day: str = "") -> dict[str, str]:
    """Header -> ISO day, read by `date_format` or counted from `first_day`, that of the first."""
    if headers.date_format:
        return dates.days_of(headers.columns, date_format or headers.date_format)
    return dates.counted_days(headers.columns, first_day) if first_day else {}


def day_columns(sources: Sequence[Source], headers: Headers, days: dict[str, str]) -> list[Column]:
    """The day columns of a wide file: cells are quantities, the header's day is the meaning."""
    wanted = set(headers.columns[:: max(1, len(headers.columns) // POOL_COLUMNS)])
    where = [i for i, name in enumerate(sources[0].columns) if name in wanted]
    cells = [
        cell.strip()
        for source in sources
        for row in source.sample[:100]
        for index in where
        if (cell := row[index]) is not None and cell.strip()
    ]
    fit = judge(cells)
    reading = fit.reading if fit else Reading(kind="number")
    pattern = headers.date_format or "day number"
    return [
        Column(
            name=name,
            role="date_column",
            reading=reading,
            confidence="ask" if headers.others or name not in days else "sure",
            reason=f"The header is a day ({date_words(pattern)})",
            meaning=days.get(name, ""),
        )
        for name in headers.columns
    ]


def calendar_days(headers: Headers, sources: Sequence[Source]) -> tuple[dict[str, str], str]:
    """Days of d_1, d_2, ... from a calendar among the files, and that file's name.

    A calendar has a column with these very names and one with dates.
    """
    for source in sources:
        by_name = {names.plain(column): index for index, column in enumerate(source.columns)}
        day, date = by_name.get("d"), by_name.get("date")
        if day is None or date is None:
            continue
        cells = [row[date] for row in source.sample]
        fit = dates.judge([cell for cell in cells if cell], named=True)
        if fit is None or fit.others:
            continue
        with duckdb.connect() as connection:
            rows = connection.execute(f"SELECT * FROM {scan_sql(source)}").fetchall()
        texts = {str(row[day]).strip(): str(row[date]).strip() for row in rows if row[date]}
        iso = dates.days_of(list(set(texts.values())), fit.reading.date_format)
        days = {name: iso[texts[name]] for name in headers.columns if texts.get(name) in iso}
        if len(days) == len(headers.columns):
            return days, source.name
    return {}, ""


def as_product_columns(
    columns: Sequence[Column], profiles: Sequence[Profile]
) -> list[Column] | None:
    """The columns of a file with one product per column, None where it is not such a file."""
    roles = {column.role for column in columns}
    by_name = {profile.name: profile for profile in profiles}
    if "date" not in roles or "product" in roles:
        return None
    free = [c for c in columns if c.role in ("ignore", "price", "quantity") and _unnamed(c.name)]
    products = [c for c in free if by_name[c.name].is_number]
    if len(products) < MIN_PRODUCTS or _repeats(columns, by_name):
        return None
    if any(c.role in ("quantity", "revenue") and c not in products for c in columns):
        return None
    chosen = {c.name for c in products}
    return [_as_product(c, by_name[c.name]) if c.name in chosen else c for c in columns]


def _unnamed(name: str) -> bool:
    text = names.plain(name)
    known = names.matches(name) or text in names.CALENDAR_WORDS | names.ROW_NUMBER_WORDS
    return not known and bool(text)


def _repeats(columns: Sequence[Column], profiles: dict[str, Profile]) -> bool:
    """Whether a day occurs again and again: then something else tells the rows apart."""
    keys: list[Role] = ["date", "place", "channel"]
    used = [profiles[c.name].cells for c in columns if c.role in keys]
    rows = list(zip(*used, strict=True))
    return len(set(rows)) < 0.9 * len(rows)


def _as_product(column: Column, profile: Profile) -> Column:
    return replace(
        column,
        role="product_column",
        reading=profile.number.reading if profile.number else Reading(kind="number"),
        confidence="likely",
        reason="Numbers on every day; the header is a product",
        meaning=column.name.strip(),
    )


def layout_of(columns: Sequence[Column]) -> Layout:
    """The layout that the roles of a main file's columns make."""
    roles = {column.role for column in columns}
    if "date_column" in roles:
        return "wide"
    if "product_column" in roles:
        return "product_columns"
    return "orders" if "order" in roles else "long"
