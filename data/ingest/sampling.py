"""Rows from all over a text file, without reading all of it."""

import re
from pathlib import Path

from data.ingest.limits import MEGABYTE
from data.ingest.tables import Table, split

SAMPLE_ROWS = 1_000
SAMPLE_CELLS = 250_000  # wide files get fewer rows
SMALL = 4 * MEGABYTE  # below this every row is split and rows are picked evenly
HEAD_ROWS, SPOTS = 100, 60

Row = tuple[str | None, ...]


def sample_rows(path: Path, table: Table) -> tuple[Row, ...]:
    """Up to 1,000 rows with the right number of cells, from the start, the end and between.

    Spread over many spots rather than three, because files are mostly sorted by day and the days
    after the twelfth of a month are what tells day/month from month/day.
    """
    width = len(table.columns)
    wanted = max(50, min(SAMPLE_ROWS, SAMPLE_CELLS // width))
    size = path.stat().st_size
    with path.open("rb") as file:
        for _ in range(table.first_line - 1):
            file.readline()
        start = file.tell()
        if size - start <= SMALL:
            rows = _rows(file.read(), table, limit=10**9)
            return tuple(_evenly(rows, wanted))
        head = file.read(MEGABYTE)
        rows = _rows(head, table, limit=min(HEAD_ROWS, wanted // 4))
        each = max(1, (wanted - len(rows)) // SPOTS)
        row_bytes = max(len(table.delimiter.join(c or "" for c in row)) for row in rows or [()])
        reach = max(16_384, 4 * each * (row_bytes + width + 2))
        begin = start + _bytes_of(head, table, len(rows))
        for spot in range(SPOTS):
            last = spot == SPOTS - 1
            file.seek(max(begin, size - reach) if last else begin + (size - begin) * spot // SPOTS)
            file.readline(MEGABYTE)
            block = file.read(reach)
            if last:
                rows += _rows(block, table, limit=10**9)[-each:]
            else:
                cut = block.rfind(b"\n") + 1 or len(block)
                rows += _rows(block[:cut], table, limit=each)
    return tuple(rows)


def last_rows(path: Path, table: Table) -> list[Row]:
    """A few whole rows from the end of the file."""
    with path.open("rb") as file:
        size = path.stat().st_size
        if size > 65_536:
            file.seek(size - 65_536)
            file.readline(MEGABYTE)
        else:
            for _ in range(table.first_line - 1):
                file.readline()
        return _rows(file.read(), table, limit=10**9)[-3:]


def _rows(block: bytes, table: Table, limit: int) -> list[Row]:
    """The rows in a block that may start inside a quoted cell; the better of both readings."""
    text = block.decode("utf-8-sig", errors="replace")
    width = len(table.columns)

    def parse(part: str) -> list[Row]:
        found = split(part, table.delimiter, table.quote, limit=limit * 2)
        fitting = [r for r in found if len(r.cells) == width and r.filled]
        return [tuple(cell or None for cell in r.cells) for r in fitting[:limit]]

    rows = parse(text)
    if not rows and (closing := re.search(r'"\s*[\r\n]', text)):
        rows = parse(text[closing.end() :])
    return rows


def _bytes_of(block: bytes, table: Table, rows: int) -> int:
    """How many bytes the first `rows` records of a block take."""
    records = split(block.decode("utf-8", errors="replace"), table.delimiter, table.quote, rows + 1)
    lines = records[-1].line - 1 if records else 0
    return len(b"".join(block.splitlines(keepends=True)[:lines]))


def _evenly(rows: list[Row], wanted: int) -> list[Row]:
    """`wanted` of the rows: the first and the last few, and evenly between."""
    if len(rows) <= wanted:
        return rows
    edge = wanted // 10
    middle = rows[edge : len(rows) - edge]
    count = wanted - 2 * edge
    picked = [middle[index * len(middle) // count] for index in range(count)]
    return rows[:edge] + picked + rows[len(rows) - edge :]
