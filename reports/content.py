"""What a report says, before it is a PDF, a workbook or a page: sections of plain blocks.

Blocks hold frames, numbers and plain words, and never markup: the three renderers decide how a
kind of value is written. Words of users are data here as everywhere.
"""

import hashlib
import pickle
import unicodedata
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from reports.errors import ReportError

Language = Literal["en", "zh"]
Paper = Literal["a4", "letter"]
# An amount is units or money, as the report says; a gain is a difference of them, with its sign;
# whole is a share without decimals, soon a day near enough to go without its year.
Kind = Literal[
    "text", "amount", "units", "money", "gain", "gain_units", "gain_money", "price", "share",
    "change", "score", "day", "whole", "times", "soon",
]  # fmt: skip
Role = Literal["sold", "forecast", "last_year", "rival", "reference", "third", "fourth", "fifth"]

LANGUAGES: dict[Language, str] = {"en": "English", "zh": "中文"}
PAPERS: dict[Paper, str] = {"a4": "A4", "letter": "Letter"}
MOST_CHARACTERS = 300  # of a title; longer ones would fill the page


@dataclass(frozen=True, kw_only=True)
class Text:
    """Paragraphs, or points of a list."""

    paragraphs: tuple[str, ...]
    is_list: bool = False
    lead: str = ""  # a line before the points, which stays with them


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number that stands large, with what it is compared to."""

    label: str
    value: float | None  # None: not known
    kind: Kind
    change: float | None = None
    change_kind: Kind = "change"
    against: str = ""  # what the change is against, or a remark where there is none


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A row of key figures."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a chart: a column of its frame."""

    column: str
    name: str  # in the legend
    role: Role


@dataclass(frozen=True, kw_only=True)
class Band:
    """A shaded band between two columns."""

    low: str
    high: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Lines over time, or over plain numbers."""

    title: str
    remark: str = ""  # after the title, paler
    frame: pd.DataFrame  # a column "x" of timestamps or numbers, ascending; NaN breaks a line
    lines: tuple[Line, ...]
    band: Band | None = None
    kind: Kind = "amount"  # of the values
    x_kind: Kind = "day"
    cutoff: pd.Timestamp | None = None  # a thin line: known before, forecast after
    finding: str  # what it shows, in words, for who cannot see it


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Horizontal bars, the first on top."""

    title: str
    remark: str = ""
    labels: tuple[str, ...]
    values: tuple[float, ...]
    kind: Kind
    finding: str
    emphasis: int | None = None  # the bar that the report is about


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table."""

    name: str  # in the frame
    label: str
    kind: Kind
    width: float = 1.0  # relative to the other columns


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of a frame."""

    title: str
    remark: str = ""
    frame: pd.DataFrame
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a sheet of periods."""

    label: str
    kind: Kind
    values: tuple[float | None, ...]
    is_main: bool = False


@dataclass(frozen=True, kw_only=True)
class Periods:
    """Periods as columns; the last column is their sum."""

    title: str
    remark: str = ""
    heads: tuple[str, ...]
    subheads: tuple[str, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.values) != len(self.heads) or len(self.subheads) != len(self.heads):
                raise ReportError(
                    f"Row {row.label!r} has {len(row.values)} values for {len(self.heads)} "
                    "periods. Give one per period and one for the sum."
                )


Block = Text | Figures | Chart | Bars | Table | Periods


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with its blocks; also a sheet of the workbook."""

    title: str
    blocks: tuple[Block, ...]
    starts_page: bool = False


@dataclass(frozen=True, kw_only=True)
class Review:
    """A whole report in one language, ready to be rendered."""

    template: str  # what kind of report, in its language
    title: str  # what it is of; may be the user's own words
    facts: tuple[tuple[str, str], ...]  # label and value, under the title
    sections: tuple[Section, ...]
    language: Language
    measure: Literal["quantity", "revenue"]
    currency: str
    made_on: pd.Timestamp  # the day
    rows: pd.DataFrame | None = None  # every forecast value, for the workbook only
    row_columns: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        if not self.sections:
            raise ReportError("The report has no section. Choose a scope with sales.")

    def digest(self) -> str:
        """Equal for reports that read the same; pictures of pages are kept by it."""
        whole = hashlib.sha256(pickle.dumps(replace(self, rows=None, row_columns=())))
        return whole.hexdigest()


def shortened(text: str, length: int = MOST_CHARACTERS) -> str:
    """At most `length` letters.

    >>> shortened("Coffee beans", 8)
    'Coffee…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def fitted(text: str, length: int) -> str:
    """What fits on a line of `length` Latin letters; Chinese signs are twice as wide.

    >>> fitted("Coffee beans", 8), fitted("咖啡豆特级", 8), fitted("咖啡豆", 8)
    ('Coffee…', '咖啡豆…', '咖啡豆')
    """
    if sum(map(letters, text)) <= length:
        return text
    room, end = length - 1, 0
    while room >= letters(text[end]):
        room, end = room - letters(text[end]), end + 1
    return text[:end].rstrip() + "…"


def letters(sign: str) -> int:
    """How many Latin letters a sign is wide."""
    return 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
