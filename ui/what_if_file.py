"""Changes of a scenario from a CSV or Excel file: good lines are shown before they are taken.

Knows no Streamlit. Every line that means nothing is named with its number and the reason.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.calendar_files import decode
from data.errors import FileError
from ui import what_if_kinds as kinds
from ui import what_if_rules as rules
from ui import what_if_values as values
from ui.what_if_kinds import Line, RuleError
from ui.what_if_rules import Shop

LARGEST = 20_000_000  # bytes
MOST_LINES = 2_000
HEADS = ("change", "products", "places", "from", "to", "value")
EXAMPLE = (
    "change,products,places,from,to,value\n"
    "Price,Coffee,All places,2026-11-23,2026-11-29,-10%\n"
    "Promotion,P00001,Berlin,2026-12-01,2026-12-07,2 for 1.80\n"
)
_SYNONYMS = {
    "kind": "change", "type": "change", "product": "products", "item": "products",
    "category": "products", "place": "places", "store": "places", "first": "from",
    "first day": "from", "start": "from", "last": "to", "last day": "to", "end": "to",
    "new value": "value", "amount": "value",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """The lines of a file that mean something, and those that do not."""

    lines: tuple[Line, ...]
    problems: tuple[tuple[int, str], ...]  # number of the line in the file, and the reason


def read(content: bytes, name: str, shop: Shop) -> Parsed:
    """The lines of a file. Raises `FileError` for a file that cannot be read as one."""
    if len(content) > LARGEST:
        raise FileError(f"The file has {len(content):,} bytes; at most {LARGEST:,} can be read.")
    rows = _sheet(content) if name.lower().endswith((".xlsx", ".xls")) else _csv(content)
    if len(rows) < 2:
        raise FileError(f"The file has no lines below its column names. {_wanted()}")
    if len(rows) > MOST_LINES + 1:
        raise FileError(
            f"The file has {len(rows) - 1:,} lines; a scenario takes at most {MOST_LINES:,}. Use "
            "categories instead of single products."
        )
    heads = [_head(each) for each in rows[0]]
    if missing := [head for head in ("change", "from") if head not in heads]:
        raise FileError(f"The file has no column “{missing[0]}”. {_wanted()}")
    good, problems = [], []
    for number, row in enumerate(rows[1:], start=2):
        cells = {head: cell for head, cell in zip(heads, row, strict=False) if cell}
        if not cells:
            continue
        try:
            good.append(_line(cells, shop))
        except RuleError as error:
            problems.append((number, str(error)))
    return Parsed(lines=tuple(good), problems=tuple(problems))


def _line(cells: Mapping[str, str], shop: Shop) -> Line:
    known = {kind.lower(): kind for kind in kinds.KINDS}
    given = cells.get("change", "").lower()
    if given not in known:
        raise RuleError(
            f"“{cells.get('change', '')}” is no kind of change. Use {', '.join(kinds.KINDS)}."
        )
    line = Line(
        kind=known[given],
        products=cells.get("products", kinds.ALL_PRODUCTS),
        places=cells.get("places", kinds.ALL_PLACES),
        first=_iso(cells.get("from", "")),
        last=_iso(cells.get("to", "")),
        value=cells.get("value", ""),
    )
    rules.rule_of(0, line, shop)
    if line.kind in kinds.EVENTS:
        values.event_of(line)
    return line


def _iso(text: str) -> str:
    return kinds.day(text).isoformat() if text else ""


def _csv(content: bytes) -> list[list[str]]:
    text = decode(content)
    first = text.split("\n", 1)[0]
    sign = max(",;\t", key=first.count)
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=sign)]


def _sheet(content: bytes) -> list[list[str]]:
    try:
        frame = pd.read_excel(io.BytesIO(content), engine="calamine", header=None)
    except Exception as error:  # of calamine, which has no error of its own for a damaged file
        raise FileError(f"The workbook cannot be read: {str(error).splitlines()[0]}.") from error
    return [[_text(cell) for cell in row] for row in frame.to_numpy(dtype=object).tolist()]


def _text(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and pd.isna(cell)) or cell is pd.NaT:
        return ""
    if hasattr(cell, "strftime"):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, float):
        return f"{cell:.10g}"
    return str(cell).strip()


def _head(text: str) -> str:
    plain = text.strip().lower().lstrip("\ufeff")
    return _SYNONYMS.get(plain, plain)


def _wanted() -> str:
    return f"It needs the columns {', '.join(HEADS)}."
