"""The calendar of a dataset in the database: read, edited, edits listed and undone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from data import calendars
from data.calendar_entries import Entry, check, shipped
from data.errors import DataError, NotFound
from data.store import Store

_COLUMNS = "kind, name, is_on, first_day, last_day, yearly, days_before, days_after, place_id"


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One change of a calendar, or the undoing of one."""

    edit_id: int
    words: str  # what was changed
    edited_at: datetime


def read(store: Store, dataset_id: int) -> list[Entry]:
    """The calendar as last edited, or as shipped.

    As shipped means: the festivals that came with the data where any did (the demo shop's own),
    else all; the public holidays of the dataset's country, and of places in another country.
    """
    with store.cursor() as cursor:
        state = _state(cursor, dataset_id)
        if state == 0:
            return _as_shipped(cursor, dataset_id)
        rows = cursor.execute(
            f"SELECT {_COLUMNS} FROM calendar_entry WHERE edit_id = $1 ORDER BY position", [state]
        ).fetchall()
    names = _COLUMNS.split(", ")
    return [Entry(**dict(zip(names, row, strict=True))) for row in rows]


def save(store: Store, dataset_id: int, entries: Sequence[Entry], *, words: str) -> None:
    """Keep a calendar as it is given; `words` say what was changed.

    Raises `DataError` that names what cannot be kept, and changes nothing then; `NotFound` where
    the dataset is gone.
    """
    kept = [replace(each, name=each.name.strip()) for each in entries]
    with store.transaction() as cursor:
        _require(cursor, dataset_id)
        places = cursor.execute(
            "SELECT place_id FROM place WHERE dataset_id = $1", [dataset_id]
        ).fetchall()
        check(kept, {place for (place,) in places})
        before = _state(cursor, dataset_id)
        edit_id = _next(cursor)
        _note(cursor, dataset_id, edit_id, state=edit_id, before=before, words=words)
        names = _COLUMNS.split(", ")
        for position, each in enumerate(kept):
            values = [getattr(each, name) for name in names]
            cursor.execute(
                f"INSERT INTO calendar_entry (edit_id, dataset_id, position, {_COLUMNS}) "
                f"VALUES ({', '.join('?' * (3 + len(names)))})",
                [edit_id, dataset_id, position, *values],
            )


def undo(store: Store, dataset_id: int) -> str:
    """Take back the last edit that still holds; gives its words.

    Raises `DataError` where there is none.
    """
    with store.transaction() as cursor:
        found = _holding(cursor, dataset_id)
        if found is None:
            raise DataError("There is no edit of this calendar to undo.")
        words, before = found
        edit_id = _next(cursor)
        _note(cursor, dataset_id, edit_id, state=before, before=before, words=f"Undone: {words}")
    return words


def undoable(store: Store, dataset_id: int) -> str:
    """The words of the edit that `undo` would take back; "" where there is none."""
    with store.cursor() as cursor:
        found = _holding(cursor, dataset_id)
    return found[0] if found else ""


def edits(store: Store, dataset_id: int, *, most: int = 20) -> list[Edit]:
    """The last edits, latest first."""
    rows = store.rows(
        "SELECT edit_id, words, edited_at FROM calendar_edit WHERE dataset_id = $1 "
        "ORDER BY edit_id DESC LIMIT $2",
        [dataset_id, most],
    )
    return [Edit(edit_id=row[0], words=row[1], edited_at=row[2]) for row in rows]


def _state(cursor: duckdb.DuckDBPyConnection, dataset_id: int) -> int:
    """The edit whose entries hold; 0 where it is the calendar as shipped."""
    row = cursor.execute(
        "SELECT state FROM calendar_edit WHERE dataset_id = $1 ORDER BY edit_id DESC LIMIT 1",
        [dataset_id],
    ).fetchone()
    return int(row[0]) if row else 0


def _holding(cursor: duckdb.DuckDBPyConnection, dataset_id: int) -> tuple[str, int] | None:
    """Words and state before of the edit that holds."""
    row = cursor.execute(
        "SELECT words, before FROM calendar_edit WHERE edit_id = $1",
        [_state(cursor, dataset_id)],
    ).fetchone()
    return (str(row[0]), int(row[1])) if row else None


def _as_shipped(cursor: duckdb.DuckDBPyConnection, dataset_id: int) -> list[Entry]:
    country = _require(cursor, dataset_id)
    came = {
        name: (before, after)
        for name, before, after in cursor.execute(
            "SELECT name, max(days_before), max(days_after) FROM event "
            "WHERE dataset_id = $1 AND kind = 'festival' GROUP BY name",
            [dataset_id],
        ).fetchall()
    }
    entries = []
    for each in shipped(country):
        if each.kind == "festival" and came:
            before, after = came.get(each.name, (each.days_before, each.days_after))
            is_on = each.name in came
            each = replace(each, is_on=is_on, days_before=before, days_after=after)
        entries.append(each)
    return [*entries, *_of_places(cursor, dataset_id, country), *_given(cursor, dataset_id)]


def _of_places(cursor: duckdb.DuckDBPyConnection, dataset_id: int, country: str) -> list[Entry]:
    """Public holidays of places in another country than the dataset's."""
    rows = cursor.execute(
        "SELECT place_id, country FROM place WHERE dataset_id = $1 AND country NOT IN ('', $2) "
        "ORDER BY place_id",
        [dataset_id, country],
    ).fetchall()
    known = calendars.supported_countries()
    return [
        Entry(kind="holidays", name=code, place_id=place)
        for place, code in rows
        if code.partition("-")[0] in known
    ]


def _given(cursor: duckdb.DuckDBPyConnection, dataset_id: int) -> list[Entry]:
    """Events that came with the data and are no festival that is shipped."""
    rows = cursor.execute(
        "SELECT name, first_day, last_day, days_before, days_after, place_id FROM event "
        "WHERE dataset_id = $1 AND NOT list_contains($2::VARCHAR[], name) ORDER BY first_day, name",
        [dataset_id, list(calendars.RULES)],
    ).fetchall()
    return [
        Entry(
            kind="own", name=name, first_day=first, last_day=last,
            days_before=before, days_after=after, place_id=place,
        )
        for name, first, last, before, after, place in rows
    ]  # fmt: skip


def _require(cursor: duckdb.DuckDBPyConnection, dataset_id: int) -> str:
    """The dataset's country; `NotFound` where there is no such dataset."""
    row = cursor.execute(
        "SELECT country FROM dataset WHERE dataset_id = $1", [dataset_id]
    ).fetchone()
    if row is None:
        raise NotFound("This dataset does not exist any more.")
    return str(row[0])


def _next(cursor: duckdb.DuckDBPyConnection) -> int:
    row = cursor.execute("SELECT nextval('calendar_edit_key')").fetchone()
    assert row is not None
    return int(row[0])


def _note(
    cursor: duckdb.DuckDBPyConnection,
    dataset_id: int,
    edit_id: int,
    *,
    state: int,
    before: int,
    words: str,
) -> None:
    cursor.execute(
        "INSERT INTO calendar_edit (edit_id, dataset_id, state, before, words, edited_at) "
        "VALUES ($1, $2, $3, $4, $5, now()::TIMESTAMP)",
        [edit_id, dataset_id, state, before, words],
    )
