"""A review as a workbook: a sheet per section with native charts, and every forecast value.

Cells hold numbers and days, formatted; words are written as strings, so none is ever a formula or
a link. Rows go to disk as they are written, and memory stays flat however many there are.
"""

import io
import math
import re
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from reports.content import Bars, Block, Chart, Figures, Paper, Periods, Review, Section, Table
from reports.errors import ReportError
from reports.numbers import Writer
from reports.safe import clean
from reports.sheets import Grid, Styles
from reports.style import Style
from reports.words import Words

MOST_ROWS = 1_000_000  # of a sheet; Excel ends at 1,048,576
_PAPER = {"a4": 9, "letter": 1}  # as Excel numbers them
_WIDTHS = (38, 14)  # letters of the first column, and of the others
_DATA = 12  # the first column that the numbers behind charts may stand in
_CHART_ROWS = 17  # that lines take
_PIXELS = 20  # of a row
_DASHES = {
    "last_year": "round_dot",
    "reference": "dash",
    "third": "dash",
    "fourth": "long_dash",
    "fifth": "round_dot",
}


def excel(review: Review, *, paper: Paper = "a4", style: Style | None = None) -> bytes:
    """The workbook. Raises `ReportError` where the disk is full or a name cannot be written."""
    if review.rows is not None and len(review.rows) > MOST_ROWS:
        raise ReportError(
            f"{len(review.rows):,} forecast rows do not fit on a sheet ({MOST_ROWS:,} at most). "
            "Narrow the scope, or take the CSV file."
        )
    target = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    try:
        with xlsxwriter.Workbook(target, options) as book:
            _write(book, review, paper, style or Style())
    except (OSError, XlsxWriterException) as error:
        raise ReportError(
            f"The workbook cannot be written: {error}. Free space on the disk of the server."
        ) from error
    return target.getvalue()


def _write(book: Any, review: Review, paper: Paper, look: Style) -> None:
    write = Writer(language=review.language, measure=review.measure, currency=review.currency)
    say, styles, names = Words(review.language), Styles(book, write), _Names()
    book.set_properties({"title": clean(review.title)[:200], "author": "Almanac"})
    for number, section in enumerate(review.sections):
        sheet = book.add_worksheet(names.fresh(section.title))
        _set_up(sheet, paper)
        grid = Grid(sheet, styles)
        grid.text(0, 0, review.title if not number else section.title, "title")
        if not number:
            grid.text(1, 0, review.template, "pale")
            _logo(sheet, look)
        last = _section(book, grid, section, write, look)
        grid.flush()
        if any(isinstance(block, Chart | Bars) for block in section.blocks):
            sheet.print_area(0, 0, last, _free_column(section) - 3)
    if review.rows is not None:
        _all_rows(book, review, names.fresh(say("All rows")), styles, paper)
    sheet = book.add_worksheet(names.fresh(say("Notes")))
    _set_up(sheet, paper)
    sheet.set_column(1, 1, 90)
    grid = Grid(sheet, styles)
    made = say("Made with Almanac, {day}", day=write.day(review.made_on))
    facts = (*review.facts, ("", made))
    for row, (label, value) in enumerate(((review.template, review.title), *facts)):
        grid.text(row, 0, label, "pale")
        grid.text(row, 1, value, "wrapped")
    grid.flush()


def _logo(sheet: Any, look: Style) -> None:
    """An own logo at the right of the title; Almanac's has no place in a workbook."""
    if look.is_own:
        options = {"x_scale": 0.45, "y_scale": 0.45, "description": "Logo"}
        sheet.insert_image(0, 5, "logo.png", {**options, "image_data": io.BytesIO(look.png())})


def _set_up(sheet: Any, paper: Paper) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, _WIDTHS[0])
    sheet.set_column(1, 100, _WIDTHS[1])
    sheet.set_landscape()
    sheet.set_paper(_PAPER[paper])
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")
    sheet.freeze_panes(1, 1)


def _section(book: Any, grid: Grid, section: Section, write: Writer, look: Style) -> int:
    """Fill a sheet; its last row."""
    row, data = 3, _free_column(section)
    filtered: tuple[int, tuple[int, int, int, int]] = (0, (0, 0, 0, 0))
    for block in section.blocks:
        if isinstance(block, Chart | Bars):
            drawn, used = _drawn(book, grid, block, (row, data), write, look)
            grid.sheet.insert_chart(row, 0, drawn)
            row, data = row + _rows_of(block) + 1, data + used + 2
            continue
        start = row
        row = _written(grid, block, row, write) + 1
        if isinstance(block, Table) and len(block.frame) > max(filtered[0], 3):
            head = start + bool(block.title)
            area = (head, 0, head + len(block.frame), len(block.columns) - 1)
            filtered = (len(block.frame), area)
    if filtered[0]:
        grid.sheet.autofilter(*filtered[1])
    return row


def _free_column(section: Section) -> int:
    """Where the numbers behind charts stand: two columns right of all that is to be read."""
    widest = 0
    for block in section.blocks:
        if isinstance(block, Periods):
            widest = max(widest, 1 + len(block.heads))
        elif isinstance(block, Table):
            widest = max(widest, len(block.columns))
    return max(_DATA, widest + 2)


def _written(grid: Grid, block: Block, row: int, write: Writer) -> int:
    """Write a block from a row on; the row below it."""
    if isinstance(block, Figures):
        for each in block.figures:
            grid.text(row, 0, each.label, "plain")
            grid.value(row, 1, each.value, each.kind)
            if each.change is not None:
                grid.value(row, 2, each.change, each.change_kind)
            grid.text(row, 3, each.against, "pale")
            row += 1
        return row
    if isinstance(block, Table):
        row = _titled(grid, block, row)
        for across, column in enumerate(block.columns):
            grid.text(row, across, column.label, "head" if column.kind == "text" else "head_right")
            for down, value in enumerate(block.frame[column.name]):
                grid.value(row + 1 + down, across, value, column.kind)
        return row + 1 + len(block.frame)
    if isinstance(block, Periods):
        return _periods(grid, block, row)
    assert not isinstance(block, Chart | Bars)
    if block.lead:
        grid.paragraph(row, block.lead)
        row += 1
    for text in block.paragraphs:
        grid.paragraph(row, ("• " if block.is_list else "") + text)
        row += 1
    return row


def _titled(grid: Grid, block: Table | Periods, row: int) -> int:
    if not block.title:
        return row
    remark = f" ({block.remark})" if block.remark else ""
    grid.text(row, 0, block.title + remark, "strong")
    return row + 1


def _periods(grid: Grid, block: Periods, row: int) -> int:
    row = _titled(grid, block, row)
    grid.text(row, 0, "", "head")
    grid.text(row + 1, 0, "", "head")
    for across, (head, below) in enumerate(zip(block.heads, block.subheads, strict=True), 1):
        grid.text(row, across, head, "head_right")
        grid.text(row + 1, across, below, "head_right")
    for down, line in enumerate(block.rows, row + 2):
        grid.text(down, 0, line.label, "strong" if line.is_main else "plain")
        for across, value in enumerate(line.values, 1):
            grid.value(down, across, value, line.kind, strong=line.is_main)
    return row + 2 + len(block.rows)


def _drawn(
    book: Any,
    grid: Grid,
    block: Chart | Bars,
    place: tuple[int, int],
    write: Writer,
    look: Style,
) -> tuple[Any, int]:
    """A native chart, its numbers written beside; and the columns that they take."""
    top, left = place
    if isinstance(block, Bars):
        return _bar_chart(book, grid, block, (top, left), write, look), 2
    names = [(line.column, line.name, line.role) for line in block.lines]
    drawn = book.add_chart(
        {"type": "line"} if block.x_kind == "day" else {"type": "scatter", "subtype": "straight"}
    )
    band = [] if block.band is None else [block.band.low, block.band.high]
    heads = [(name, label) for name, label, _ in names]
    heads += (
        [(each, f"{block.band.name} {mark}") for each, mark in zip(band, "↓↑", strict=True)]
        if block.band
        else []
    )
    grid.text(top, left, "", "head")
    for down, value in enumerate(block.frame["x"], top + 1):
        grid.value(down, left, value, block.x_kind)
    for across, (name, label) in enumerate(heads, left + 1):
        grid.text(top, across, label, "head_right")
        for down, value in enumerate(block.frame[name], top + 1):
            grid.value(down, across, value, block.kind)
    last = top + len(block.frame)
    looks = [(look.colour(role), _DASHES.get(role, "solid"), 2.0) for _, _, role in names]
    looks += [(look.pale, "solid", 0.75)] * len(band)
    for across, (colour, dash, width) in enumerate(looks, left + 1):
        drawn.add_series(
            {
                "name": [grid.sheet.name, top, across],
                "categories": [grid.sheet.name, top + 1, left, last, left],
                "values": [grid.sheet.name, top + 1, across, last, across],
                "line": {"color": colour, "dash_type": dash, "width": width},
                "marker": {"type": "none"},
            }
        )
    drawn.show_blanks_as("gap")
    _styled(drawn, block, write, wide=True)
    if block.x_kind == "day":
        drawn.set_x_axis(
            {
                "date_axis": True,
                "num_format": _day_format(block, write),
                "num_font": {"color": "#667085", "size": 8},
            }
        )
    return drawn, len(heads) + 1


def _rows_of(block: Chart | Bars) -> int:
    """Rows below a chart; every bar needs room for its name."""
    if isinstance(block, Chart):
        return _CHART_ROWS
    return max(8, 4 + math.ceil(0.9 * len(block.labels)))


def _day_format(block: Chart, write: Writer) -> str:
    """Of the axis below; over more than a year months with their year."""
    moments = pd.DatetimeIndex(block.frame["x"])
    if len(moments) > 1 and (moments[-1] - moments[0]).days > 400:
        return 'yyyy"年"m"月"' if write.language == "zh" else "mmm yyyy"
    return 'm"月"d"日"' if write.language == "zh" else "d mmm"


def _bar_chart(
    book: Any, grid: Grid, block: Bars, place: tuple[int, int], write: Writer, look: Style
) -> Any:
    top, left = place
    grid.text(top, left, "", "head")
    grid.text(top, left + 1, block.title, "head_right")
    for down, (label, value) in enumerate(zip(block.labels, block.values, strict=True), top + 1):
        grid.text(down, left, label, "plain")
        grid.value(down, left + 1, value, block.kind)
    last = top + len(block.labels)
    drawn = book.add_chart({"type": "bar"})
    drawn.add_series(
        {
            "name": [grid.sheet.name, top, left + 1],
            "categories": [grid.sheet.name, top + 1, left, last, left],
            "values": [grid.sheet.name, top + 1, left + 1, last, left + 1],
            "fill": {"color": look.accent},
            "invert_if_negative": True,
            "invert_if_negative_color": look.second,
            "gap": 60,
        }
    )
    _styled(drawn, block, write, wide=False)
    drawn.set_y_axis({"reverse": True, "label_position": "low", "num_font": {"size": 8}})
    drawn.set_legend({"none": True})
    return drawn


def _styled(drawn: Any, block: Chart | Bars, write: Writer, *, wide: bool) -> None:
    title = clean(block.title + (f" · {block.remark}" if block.remark else ""))
    drawn.set_title({"name": title, "name_font": {"size": 11}, "overlay": False})
    axis = {
        "num_format": write.excel_format(block.kind),
        "num_font": {"color": "#667085", "size": 8},
        "major_gridlines": {"visible": True, "line": {"color": "#DDE2EA", "width": 0.5}},
        "line": {"none": True},
    }
    if wide:
        drawn.set_y_axis(axis)
    else:
        drawn.set_x_axis(axis)
    drawn.set_legend({"position": "top"})
    drawn.set_size({"width": 900, "height": _PIXELS * _rows_of(block)})


def _all_rows(book: Any, review: Review, name: str, styles: Styles, paper: Paper) -> None:
    """Every forecast value, with a frozen, filtered head."""
    assert review.rows is not None
    rows, columns = review.rows, review.row_columns
    sheet = book.add_worksheet(name)
    sheet.set_paper(_PAPER[paper])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    writers = []
    for across, column in enumerate(columns):
        sheet.set_column(across, across, 13 * column.width, styles.of_kind(column.kind))
        sheet.write_string(0, across, clean(column.label), styles["head"])
        if column.kind == "text":
            writers.append(sheet.write_string)
        else:
            writers.append(sheet.write_datetime if column.kind == "day" else sheet.write_number)
    values = [_plain(rows[column.name], column.kind) for column in columns]
    for down, line in enumerate(zip(*values, strict=True), 1):
        for across, value in enumerate(line):
            if value is not None:
                writers[across](down, across, value)


def _plain(column: pd.Series, kind: str) -> list[Any]:
    """The values as Python's own; None where there is none. Words are cleaned once each."""
    if kind == "text":
        known = {value: clean(str(value))[:1000] for value in column.dropna().unique()}
        return [known.get(value) for value in column]
    if kind == "day":
        moments = pd.to_datetime(column)
        return [None if pd.isna(each) else each.to_pydatetime() for each in moments]
    return [
        value if value - value == 0 else None for value in column.astype(float).round(3).tolist()
    ]


class _Names:
    """Names of sheets: at most 31 letters, without signs that Excel refuses, none twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def fresh(self, wanted: str) -> str:
        base = re.sub(r"[\[\]:*?/\\]", " ", clean(wanted)).strip().strip("'")[:28].strip() or "–"
        name, number = base, 1
        while name.lower() in self._taken or name.lower() == "history":
            number += 1
            name = f"{base[:26]} {number}"
        self._taken.add(name.lower())
        return name
