"""Where the table starts in a text file: delimiter, quote, lines above the header, column names."""

import csv
import io
import re
import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from data.errors import FileError
from data.ingest import dates, names, numbers
from data.ingest.limits import MEGABYTE, Limits
from data.ingest.magic import refuse_markup

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
HEAD_BYTES = 4 * MEGABYTE  # a header of 6,000 columns and a few rows fit well
HEAD_RECORDS = 200
TOTALS = {"total", "totals", "grand total", "sum", "gesamt", "summe", "totale", "somme"}
TOTALS |= {"合计", "总计", "总和", "小计"}


@dataclass(frozen=True, kw_only=True)
class Table:
    """How to read the text at hand, and what its columns are called."""

    delimiter: str
    quote: str
    has_header: bool
    first_line: int  # of the first data row, counted from 1
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    line: int  # where it starts, counted from 1
    cells: tuple[str, ...]

    @property
    def filled(self) -> int:
        return sum(1 for cell in self.cells if cell.strip())


def find_table(path: Path, name: str, limits: Limits, *, delimiter: str | None = None) -> Table:
    """The table in the UTF-8 text at `path`; raises `FileError` where there is none."""
    with path.open("rb") as file:
        text = file.read(HEAD_BYTES).decode("utf-8-sig", errors="replace")
        cut = bool(file.read(1))
    if not text.strip(" \t\r\n,;|\x1a"):
        raise FileError(f"{name} is empty: it holds no text. Export it again and upload that.")
    refuse_markup(text, name)
    if separator := re.match(r'"?sep=(.)"?\r?\n', text):
        delimiter = separator.group(1)
    quote = "" if delimiter is None and _quotes_are_letters(text) else '"'
    delimiter = delimiter or _best_delimiter(text, quote, name)
    records = split(text, delimiter, quote)
    if cut and len(records) > 1:
        records = records[:-1]  # its end may be missing
    records = [record for record in records if record.filled][bool(separator) :]
    return _table(records, delimiter, quote, name, limits)


def split(text: str, delimiter: str, quote: str, limit: int = HEAD_RECORDS) -> list[Record]:
    """The first records of `text`, with the line on which each starts."""
    lines = io.StringIO(text, newline="")
    reader = (
        csv.reader(lines, delimiter=delimiter, quotechar=quote)
        if quote
        else csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    )
    records: list[Record] = []
    start = 1
    try:
        for cells in reader:
            records.append(Record(start, tuple(cells)))
            start = reader.line_num + 1
            if len(records) >= limit:
                break
    except csv.Error:  # a quote that is never closed runs into csv's limit: what came before counts
        pass
    return records


def _quotes_are_letters(text: str) -> bool:
    """Whether quotes are inch marks and the like: cells start with one but never end with one."""
    opening = len(re.findall(r'(?:^|[,;\t|])"', text[:MEGABYTE], re.MULTILINE))
    closing = len(re.findall(r'"(?:$|[,;\t|\r])', text[:MEGABYTE], re.MULTILINE))
    return opening > 0 and closing == 0


def _best_delimiter(text: str, quote: str, name: str) -> str:
    """The delimiter that splits most records into the same number of cells, the first included."""
    best, best_score = "", 0.0
    for delimiter in DELIMITERS:
        widths = [len(r.cells) for r in split(text, delimiter, quote) if r.filled]
        if not widths:
            continue
        width, times = Counter(widths).most_common(1)[0]
        if width < 2:
            continue
        share = times / len(widths)
        score = share + 0.5 * (widths[0] == width) + min(width, 50) / 1000
        if score > best_score:
            best, best_score = delimiter, score
    if not best:
        raise FileError(
            f"{name} has a single column: no comma, semicolon, tab or bar splits its lines. "
            "A sales file needs at least a date and a quantity; export it with one of these "
            "between the columns."
        )
    return best


def _table(records: list[Record], delimiter: str, quote: str, name: str, limits: Limits) -> Table:
    width = Counter(len(r.cells) for r in records).most_common(1)[0][0]
    if width < 2:
        raise FileError(
            f"{name} has a single column. A sales file needs at least a date and a quantity; "
            "export it with all its columns."
        )
    usual = statistics.median(r.filled for r in records if len(r.cells) == width)
    start = next(
        i for i, r in enumerate(records) if len(r.cells) == width and r.filled >= 0.6 * usual
    )
    if short := _short_header(records, start, width):
        start, records = start - 1, [*records[: start - 1], short, *records[start:]]
    first, rest = records[start], records[start + 1 :]
    has_header = is_header(first.cells, [r.cells for r in rest if len(r.cells) == width])
    if has_header and not rest:
        raise FileError(
            f"{name} has a header in line {first.line:,} but no rows under it. "
            "Check the export's filter and dates, and upload it again."
        )
    columns = unique_names(first.cells if has_header else [""] * width)
    check_width(first.cells if has_header else columns, name, limits)
    notes = []
    if start:
        notes.append(f"{name}: {start} line(s) above the header were left out.")
    if not has_header:
        notes.append(f"{name} has no header: its columns are numbered.")
    return Table(
        delimiter=delimiter,
        quote=quote,
        has_header=has_header,
        first_line=rest[0].line if has_header else first.line,
        columns=columns,
        notes=tuple(notes),
    )


def _short_header(records: list[Record], start: int, width: int) -> Record | None:
    """The header above row `start` that lacks one name, completed with an empty one.

    The rows have a cell more at the end (";" after each), or row numbers in front, as R writes.
    """
    above = records[start - 1] if start else None
    rows = [r.cells for r in records[start:] if len(r.cells) == width]
    if above is None or len(above.cells) != width - 1 or above.filled < width - 1:
        return None
    trails = all(not row[-1].strip() for row in rows)
    cells = (*above.cells, "") if trails else ("", *above.cells)
    return Record(above.line, cells) if is_header(cells, rows) else None


def is_header(first: tuple[str, ...], rows: list[tuple[str, ...]]) -> bool:
    """Whether `first` names the columns of `rows`, rather than being a row itself.

    A row fits its columns: a number over numbers, a date over dates. A header mostly does not.

    >>> is_header(("day", "sku", "units"), [("2025-01-31", "A1", "3")])
    True
    >>> is_header(("2025-01-30", "A1", "2"), [("2025-01-31", "A1", "3")])
    False
    """
    if any(names.is_known(cell) for cell in first):
        return True
    typed = misfits = 0
    for index, cell in enumerate(first):
        kinds = Counter(_shape(row[index]) for row in rows if row[index].strip())
        if not kinds:
            continue
        kind, times = kinds.most_common(1)[0]
        if kind == "text" or times < 0.8 * kinds.total():
            continue
        typed += 1
        misfits += bool(cell.strip()) and _shape(cell) != kind
    if typed:
        return misfits >= max(1, 0.3 * typed)
    return len(set(first)) == len(first) and all(cell.strip() for cell in first)


def _shape(cell: str) -> str:
    if numbers.looks_like_number(cell):
        return "number"
    return "date" if dates.looks_like_date(cell) else "text"


def check_width(header: tuple[str, ...], name: str, limits: Limits) -> None:
    """Raise `FileError` for more columns than a sales table has, unless most are days."""
    if len(header) <= limits.max_columns:
        return
    if len(header) > limits.max_date_columns or dates.share_of_headers(header) < 0.8:
        raise FileError(
            f"{name} has {len(header):,} columns and most of them are not dates; at most "
            f"{limits.max_columns:,} can be read. Keep the columns that matter: date, product, "
            "place, quantity, price."
        )


def unique_names(cells: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Names for all columns; SQL does not tell upper from lower case, so neither does this.

    >>> unique_names(["Price", "price ", ""])
    ('Price', 'price (2)', 'Column 3')
    """
    seen: set[str] = set()
    result = []
    for number, cell in enumerate(cells, start=1):
        clean = re.sub(r"[\x00-\x1f\ufeff]+", " ", cell).strip()
        base = clean or f"Column {number}"
        name, copy = base, 2
        while name.lower() in seen:
            name, copy = f"{base} ({copy})", copy + 1
        seen.add(name.lower())
        result.append(name)
    return tuple(result)
