"""Cells of a sheet, collected in any order and written row by row."""

import datetime
import math
from typing import Any

import pandas as pd

from reports.content import Kind, letters
from reports.numbers import Writer
from reports.safe import clean

_MOST_LETTERS = 32_000  # of a cell; Excel ends at 32,767
_ACROSS = 7  # columns that a paragraph runs over, besides the first
_LETTERS = 118  # that fit there on a line; Chinese signs count twice
_LINE = 15  # points
_LOOKS: dict[str, dict[str, object]] = {
    "plain": {},
    "title": {"bold": True, "font_size": 15},
    "strong": {"bold": True},
    "pale": {"font_color": "#667085"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "head": {"bold": True, "font_color": "#4A5568", "bg_color": "#F4F6F9", "bottom": 1,
             "bottom_color": "#DDE2EA", "text_wrap": True, "valign": "top"},
    "head_right": {"bold": True, "font_color": "#4A5568", "bg_color": "#F4F6F9", "bottom": 1,
                   "bottom_color": "#DDE2EA", "align": "right", "text_wrap": True,
                   "valign": "top"},
}  # fmt: skip


class Styles:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Any, write: Writer) -> None:
        self._book, self._write = book, write
        self._made = {name: book.add_format(look) for name, look in _LOOKS.items()}

    def __getitem__(self, look: str) -> Any:
        return self._made[look]

    def of_kind(self, kind: Kind, *, strong: bool = False) -> Any:
        """The format of a value."""
        name = f"{kind}{strong}"
        if name not in self._made:
            look = {"num_format": self._write.excel_format(kind), "bold": strong}
            self._made[name] = self._book.add_format(look)
        return self._made[name]


class Grid:
    """A sheet whose cells may be set in any order before `flush`."""

    def __init__(self, sheet: Any, styles: Styles) -> None:
        self.sheet = sheet
        self._styles = styles
        self._cells: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._lines: dict[int, int] = {}  # of paragraphs, by row

    def text(self, row: int, column: int, text: str, look: str) -> None:
        """Words, never a formula."""
        self._cells[row, column] = (clean(text)[:_MOST_LETTERS], self._styles[look])

    def paragraph(self, row: int, text: str) -> None:
        """Words over several columns, broken into lines; the row is as high as they need."""
        self.text(row, 0, text, "wrapped")
        self._lines[row] = math.ceil(sum(map(letters, clean(text))) / _LETTERS)

    def value(
        self, row: int, column: int, value: object, kind: Kind, *, strong: bool = False
    ) -> None:
        """A number, a day or words; nothing where it is not known."""
        if kind == "text":
            self.text(row, column, str(value), "plain")
        elif value is not None and not pd.isna(value):  # type: ignore[call-overload]
            self._cells[row, column] = (value, self._styles.of_kind(kind, strong=strong))

    def flush(self) -> None:
        """Write the cells, rows downwards as a workbook of constant memory needs them."""
        for (row, column), (value, style) in sorted(self._cells.items(), key=lambda item: item[0]):
            if column == 0 and row in self._lines:
                self.sheet.set_row(row, _LINE * max(1, self._lines[row]))
                self.sheet.merge_range(row, 0, row, _ACROSS, "", style)
            if isinstance(value, str):
                self.sheet.write_string(row, column, value, style)
            elif isinstance(value, pd.Timestamp):
                self.sheet.write_datetime(row, column, value.to_pydatetime(), style)
            elif isinstance(value, datetime.date):
                self.sheet.write_datetime(row, column, value, style)
            elif math.isfinite(value):
                self.sheet.write_number(row, column, value, style)
