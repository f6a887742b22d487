"""What was understood of an upload, as plain frozen values: sources, columns, questions, plan.

`sources.py` fills `Source`, `understand.py` guesses a `Plan`, the Upload page edits it through
`Plan.with_column` and `Plan.answer`, `staging.py` turns it into SQL. Nothing here touches a file.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

Role = Literal[
    "date",  # day or timestamp of the sale
    "product",  # product code, the key of a product
    "product_name",
    "place",  # shop, warehouse, region, country
    "channel",
    "quantity",  # units
    "price",  # per unit
    "revenue",  # money of the row
    "discount",  # share of the list price, 0..1
    "promo",  # flag
    "stock",  # units on hand at the end of the day
    "unit_cost",
    "lead_time",  # days
    "category",  # one level of the tree; order of columns is order of levels, widest first
    "order",  # invoice or order number: makes the layout "orders"
    "customer",
    "status",  # order status: says which lines are cancelled
    "date_column",  # wide: the header is a date, the cells are quantities
    "product_column",  # one column per product: the header is a product, the cells are quantities
    "key",  # joins a lookup file to the main file, nothing else
    "ignore",
]
SPECIAL_DATES = {  # values of Reading.date_format that are no strptime pattern
    "excel": "Excel day number",
    "unix": "Unix seconds",
    "unix_ms": "Unix milliseconds",
}
Confidence = Literal["sure", "likely", "ask"]
Layout = Literal["long", "wide", "orders", "product_columns", "lookup"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One readable table after unpacking and transcoding; `path` is what DuckDB will read."""

    name: str  # as the user knows it: "sales.zip › orders.csv", "book.xlsx › Sheet1"
    path: Path  # UTF-8 delimited text, or Parquet
    format: Literal["csv", "parquet"]
    columns: tuple[str, ...]  # unique header names in file order, at least one
    sample: tuple[tuple[str | None, ...], ...]  # up to 1,000 rows as text, spread over the file
    size_bytes: int  # of the file as uploaded
    fingerprint: str  # SHA-256 of the uploaded bytes, the same for the same file
    encoding: str = "UTF-8"  # as found, before transcoding
    delimiter: str = ","
    quote: str = '"'
    has_header: bool = True
    first_line: int = 2  # line (or sheet row) of the first data row, in `path` too: skip one less
    rows: int | None = None  # data rows where known without a full read (Parquet, Excel)
    notes: tuple[str, ...] = ()  # plain sentences: "Sheet Notes is empty and was left out."


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the text of a column becomes a value."""

    kind: Literal["text", "number", "date", "flag"]
    date_format: str = ""  # strptime pattern of DuckDB, such as "%d/%m/%Y %H:%M"
    decimal: Literal[".", ","] = "."
    thousands: str = ""  # "", ",", ".", " " or "'"
    percent: bool = False  # 15 and "15%" mean 0.15
    whole: bool = False  # text: "13085.0" means 13085, a code that went through a float

    @property
    def label(self) -> str:
        """The words of the Upload page: "decimal comma", "day/month/year", "text"."""
        if self.kind == "number":
            style = "decimal comma" if self.decimal == "," else "number"
            return "percent" if self.percent else style
        if self.kind == "date":
            return date_words(self.date_format)
        return "yes / no" if self.kind == "flag" else "text"


def date_words(pattern: str) -> str:
    """A strptime pattern in words.

    >>> date_words("%d/%m/%Y %H:%M")
    'day/month/year h:min'
    """
    if pattern in SPECIAL_DATES:
        return SPECIAL_DATES[pattern]
    words = {"%d": "day", "%-d": "day", "%m": "month", "%-m": "month", "%Y": "year", "%y": "yy"}
    words |= {"%H": "h", "%-H": "h", "%I": "h", "%M": "min", "%S": "s", "%p": "am/pm"}
    words |= {"%u": "weekday", "%z": " zone"}
    words |= {"%b": "month", "%B": "month", "%f": "ms", "%W": "week", "%V": "week", "%G": "year"}
    for code, word in words.items():
        pattern = pattern.replace(code, word)
    return pattern


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of one source, and what it is used as."""

    name: str
    role: Role
    reading: Reading
    confidence: Confidence
    reason: str  # "Name; 1.9% start with C"
    examples: tuple[str, ...] = ()
    # What the header itself says: the ISO day of a date_column ("2016-01-31"), the product code of
    # a product_column; the reading of such a column is that of its cells, a number.
    meaning: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something that the file does not say and nobody may guess; import waits for the answer."""

    id: str  # stable: "date:orders.csv:InvoiceDate"
    text: str  # "Is 01/02/2025 the 1st of February or the 2nd of January?"
    detail: str  # "Both readings fit every row."
    options: tuple[tuple[str, str], ...]  # (value, label); empty: an ISO day is asked for
    answer: str | None = None


@dataclass(frozen=True, kw_only=True)
class FilePlan:
    source: Source
    layout: Layout
    columns: tuple[Column, ...]

    def having(self, role: Role) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.role == role)


@dataclass(frozen=True, kw_only=True)
class Join:
    """`lookup` adds its columns to `main` where the two keys are equal (left join, keys unique)."""

    main: str  # source name of the file with the rows to import, or of a lookup joined earlier
    lookup: str
    main_column: str
    lookup_column: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything needed to stage an upload; JSON-able through `dataclasses.asdict`."""

    files: tuple[FilePlan, ...]  # main files first; all main files share layout and header
    joins: tuple[Join, ...] = ()
    questions: tuple[Question, ...] = ()
    notes: tuple[str, ...] = field(default=())  # "Each line counts as one unit."
    currency: str = ""  # sign found beside money, "" where the file shows none or several

    def with_column(self, file: str, column: str, **changes: object) -> "Plan":
        """A copy in which one column has another role or reading; the user's word is sure."""
        changes = {"confidence": "sure", "reason": "Your choice", **changes}
        files = tuple(
            replace(
                plan,
                columns=tuple(
                    replace(c, **changes) if c.name == column else c  # type: ignore[arg-type]
                    for c in plan.columns
                ),
            )
            if plan.source.name == file
            else plan
            for plan in self.files
        )
        return replace(self, files=files)

    @property
    def main_files(self) -> tuple[FilePlan, ...]:
        return tuple(plan for plan in self.files if plan.layout != "lookup")

    @property
    def open_questions(self) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.answer is None)
