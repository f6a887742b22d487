"""Excel workbooks as UTF-8 CSV, one file per sheet, one line per sheet row.

Values are those that Excel saved: results of formulas, real dates, full numbers. A workbook is
measured before it is read, because its reader lays every sheet out in memory.
"""

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import python_calamine as calamine

from data.errors import FileError
from data.ingest.archives import BLOCK, Budget, new_file, size_words
from data.ingest.limits import Limits

CELL_SCAN = re.compile(rb'r="([A-Z]{2,3})\d|<row[^>]{0,200}? r="(\d{1,9})"|<f[ >/]')
OVERLAP = 256  # bytes carried into the next block, so that a tag cut in two is still seen
SAVE_AS = "Save it as .xlsx or CSV and upload that."


@dataclass(frozen=True)
class Sheet:
    name: str
    path: Path  # CSV, UTF-8, comma
    rows: int  # of the sheet, blank ones and those above the header included
    notes: tuple[str, ...] = ()


def is_workbook(archive: zipfile.ZipFile, name: str) -> bool:
    """Whether a zip is an Excel workbook; other office documents are a `FileError`."""
    members = set(archive.namelist())
    if "xl/workbook.xml" in members:
        return True
    for inside, words in (
        ("word/document.xml", "a Word document"),
        ("ppt/presentation.xml", "a PowerPoint presentation"),
        ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
        ("mimetype", "an OpenDocument file"),
    ):
        if inside in members:
            raise FileError(f"{name} is {words}, which cannot be read. {SAVE_AS}")
    return False


def refuse_encrypted(path: Path, name: str) -> None:
    """Raise `FileError` where an OLE file is an encrypted workbook or not a workbook at all."""
    with path.open("rb") as file:
        content = file.read(64 * BLOCK)
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise locked(name)
    if not any(stream.encode("utf-16-le") in content for stream in ("Workbook", "Book")):
        raise FileError(f"{name} is an old Office document without a table. {SAVE_AS}")


def locked(name: str) -> FileError:
    return FileError(
        f"{name} is protected by a password. In Excel, save a copy without the password "
        "(File, Info, Protect Workbook) and upload that."
    )


def measure(archive: zipfile.ZipFile, budget: Budget) -> int:
    """How many formulas an .xlsx holds; raises `FileError` where it would not fit into memory."""
    name, limits = budget.name, budget.limits
    sheets = [i for i in archive.infolist() if i.filename.startswith("xl/")]
    total = sum(info.file_size for info in sheets)
    budget.check(budget.written + total)
    if total > limits.max_sheet_bytes:
        raise FileError(
            f"{name} is too large for a workbook: {size_words(total)} unpacked, at most "
            f"{size_words(limits.max_sheet_bytes)}. Save it as CSV, which has no such limit."
        )
    formulas = 0
    for info in sheets:
        if info.flag_bits & 0x1:
            raise locked(name)
        if re.fullmatch(r"xl/worksheets/[^/]+\.xml", info.filename):
            formulas += _scan(archive, info, name, limits)
    return formulas


def _scan(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, limits: Limits) -> int:
    """Formulas of one sheet; a lone cell far out would make its reader fill all between."""
    rows = columns = formulas = 0
    rest = b""
    try:
        with archive.open(info) as file:
            while block := file.read(BLOCK):
                text = rest + block
                end = 0
                for match in CELL_SCAN.finditer(text):
                    column, row = match.groups()
                    if column:
                        columns = max(columns, _column_number(column))
                    elif row:
                        rows = max(rows, int(row))
                    else:
                        formulas += 1
                    end = match.end()
                rest = text[max(end, len(text) - OVERLAP) :]
    except (zlib.error, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(name, error) from error
    if rows * max(columns, 26) > limits.max_sheet_cells:
        raise FileError(
            f"{name} spans {rows:,} rows and {max(columns, 26):,} columns, too many to read at "
            "once; often a single cell stands far away from the table. Delete the rows and "
            "columns beyond the table, or save the sheet as CSV."
        )
    return formulas


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def read_sheets(path: Path, folder: Path, stem: str, budget: Budget) -> Iterator[Sheet]:
    """Write each sheet that holds anything to `folder`; empty ones are passed over."""
    name = budget.name
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        for number, about in enumerate(book.sheets_metadata):
            if about.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(about.name)
            if not sheet.height or not sheet.width:
                continue
            target = folder / f"{stem}-{number}.csv"
            rows = _write(sheet, target, budget)
            hidden = about.visible != calamine.SheetVisibleEnum.Visible
            notes = (f"Sheet {about.name} is hidden in the workbook.",) if hidden else ()
            yield Sheet(about.name, target, rows, notes)
    except calamine.PasswordError as error:
        raise locked(name) from error
    except calamine.CalamineError as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> FileError:
    return FileError(
        f"{name} cannot be read as a workbook: it is damaged or was cut off ({error}). "
        "Open it in Excel, save it again and upload that."
    )


def _write(sheet: calamine.CalamineSheet, target: Path, budget: Budget) -> int:
    """Write all rows from the first of the sheet on, so that line and sheet row are the same."""
    rows = 0
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    with new_file(target, budget) as out:
        above, left = sheet.start or (0, 0)
        for _ in range(above):
            writer.writerow([""] * (left + sheet.width))
        for row in sheet.iter_rows():
            writer.writerow([""] * left + [cell_text(cell) for cell in row])
            rows += 1
            if buffer.tell() > BLOCK:
                out.write(buffer.getvalue().encode())
                buffer.seek(0)
                buffer.truncate()
        out.write(buffer.getvalue().encode())
    return rows + above


def cell_text(cell: object) -> str:
    """A cell as text on one line: ISO dates, numbers in full.

    >>> cell_text(12.0), cell_text(0.1), cell_text(dt.datetime(2025, 1, 31)), cell_text("a\\nb")
    ('12', '0.1', '2025-01-31', 'a b')
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time()
        return cell.date().isoformat() if midnight else cell.isoformat(" ", "seconds")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return re.sub(r"[\r\n]+", " ", str(cell))
