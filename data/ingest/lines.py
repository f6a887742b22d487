"""Which line of the user's file a staged row came from, blank and many-line records included.

DuckDB numbers records, and leaves out blank ones. The numbers only matter for rows that are left
out of an import, so they are worked out when those are first listed.
"""

from bisect import bisect_left
from pathlib import Path

import duckdb

from data.ingest.plan import Source
from data.ingest.staging import Staged

BLOCK = 1 << 22  # bytes read at a time


def number_lines(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Create `shifts` (file, row, shift): from `row` on, line = row + first line + shift.

    Also turns the record numbers of `broken` into line numbers. Does nothing the second time.
    """
    known = cursor.execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = 'staging' AND table_name = $1",
        [f"shifts_{staged.token}"],
    ).fetchone()
    if known:
        return
    shifts: list[tuple[str, int, int]] = []
    for index, file in enumerate(staged.plan.main_files):
        if file.source.format == "csv":
            shifts += _shifts_of(cursor, staged, index, file.source)
    cursor.execute(
        f"CREATE TABLE {staged.table('shifts')} (file VARCHAR, row BIGINT, shift BIGINT)"
    )
    if shifts:
        cursor.executemany(f"INSERT INTO {staged.table('shifts')} VALUES ($1, $2, $3)", shifts)


def _shifts_of(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, index: int, source: Source
) -> list[tuple[str, int, int]]:
    broken = [
        line
        for (line,) in cursor.execute(
            f"SELECT line FROM {staged.table('broken')} WHERE file = $1 ORDER BY line",
            [source.name],
        ).fetchall()
    ]
    blank, inner = odd_lines(source.path, source.quote, source.first_line)
    if inner:
        for line in reversed(broken):  # from the end, so that none is moved twice
            after = line + sum(1 for number in inner if number <= line)
            cursor.execute(
                f"UPDATE {staged.table('broken')} SET line = $1 WHERE file = $2 AND line = $3",
                [after, source.name, line],
            )
    records = [line - source.first_line - bisect_left(blank, line) for line in broken]
    skipped = [record - rank for rank, record in enumerate(records)]
    skipped += [_rows_before(line - source.first_line - i, records) for i, line in enumerate(blank)]
    skipped += [
        _rows_before(line - source.first_line - bisect_left(blank, line), records) + 1
        for line in inner
    ]
    last = {row: rank + 1 for rank, row in enumerate(sorted(skipped))}
    return [(source.name, row, shift) for row, shift in last.items()]


def _rows_before(record: int, broken: list[int]) -> int:
    """How many readable rows come before the record with this number."""
    return record - bisect_left(broken, record)


def odd_lines(path: Path, quote: str, first_line: int) -> tuple[list[int], list[int]]:
    """Blank lines, and for each line break inside a cell its record, from `first_line` on.

    Both are numbered as DuckDB numbers records: blank ones count, line breaks in cells do not.
    """
    blank: list[int] = []
    inner: list[int] = []
    mark = quote.encode()
    number, is_open = 0, False
    with path.open("rb", buffering=BLOCK) as file:
        for line in file:
            if is_open:
                if number >= first_line:
                    inner.append(number)
            else:
                number += 1
                if number >= first_line and not line.strip(b"\r\n"):
                    blank.append(number)
            if mark and line.count(mark) % 2:
                is_open = not is_open
    while blank and blank[-1] == number:  # blank lines at the end shift nothing
        blank.pop()
        number -= 1
    return blank, inner
