"""A plan as a table to edit, and files of such tables as cells: CSV, Excel and Parquet.

The filled template has a line for every product, place and period that may be changed, each saying
what the plan says now. Edited and imported again, only the lines that say something else count.
"""

import csv
import io
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine as calamine

from data.calendar_files import decode
from data.errors import FileError
from data.guards import guarded, unguarded
from data.plans import Plan
from data.queries import where
from data.scope import Scope
from data.store import Store

COLUMNS = ("product", "place", "period", "kind", "amount", "reason", "comment")
LARGEST = 20_000_000  # bytes
MOST_LINES = 200_000
DECIMALS = 3  # of an amount in a file


# The cells with the reason and the comment of the line that changed them last: the line of the very
# product and place, of the product, of the place, or the one of a wider node.
_SAID = """lines AS (
            SELECT edit_id, timestamp, coalesce(product_id, -1) AS product,
                   coalesce(place_id, -1) AS place, any_value(reason) AS reason,
                   any_value(comment) AS comment
            FROM demand_line WHERE plan_id = $plan_id GROUP BY ALL
        ), said AS (
            SELECT c.*, coalesce(a.reason, b.reason, d.reason, w.reason, '') AS reason,
                   coalesce(nullif(coalesce(a.comment, b.comment, d.comment, w.comment), ''),
                            e.comment, '') AS comment
            FROM cells c LEFT JOIN demand_edit e ON e.edit_id = c.last_edit
                LEFT JOIN lines a ON (a.edit_id, a.timestamp, a.product, a.place)
                    = (c.last_edit, c.timestamp, c.product_id, c.place_id)
                LEFT JOIN lines b ON (b.edit_id, b.timestamp, b.product, b.place)
                    = (c.last_edit, c.timestamp, c.product_id, -1)
                LEFT JOIN lines d ON (d.edit_id, d.timestamp, d.product, d.place)
                    = (c.last_edit, c.timestamp, -1, c.place_id)
                LEFT JOIN lines w ON (w.edit_id, w.timestamp, w.product, w.place)
                    = (c.last_edit, c.timestamp, -1, -1)
        )"""


def filled(store: Store, plan: Plan, scope: Scope) -> pd.DataFrame:
    """The plan of a scope as lines that `plan_files.read` takes, with names and the forecast.

    product, name, place, period, forecast, kind ("to"), amount, reason, comment; what is locked or
    frozen is left out, for no line may change it. Raises `FileError` for too many lines.
    """
    condition, bound = where(scope)
    frame = store.frame(
        f"""
        WITH cells AS (
            SELECT * FROM demand_cell WHERE plan_id = $plan_id AND {condition} AND NOT locked
                AND timestamp > coalesce($frozen::DATE, DATE '1900-01-01')
        ), {_SAID}
        SELECT p.code AS product, p.name AS name, coalesce(s.code, '') AS place,
               c.timestamp AS period, round(c.mean, {DECIMALS}) AS forecast, 'to' AS kind,
               round(c.final, {DECIMALS}) AS amount, c.reason, c.comment
        FROM said c JOIN product p USING (product_id) LEFT JOIN place s ON s.place_id = c.place_id
        ORDER BY p.code, s.code, c.timestamp LIMIT {MOST_LINES + 1}
        """,
        bound | {"plan_id": plan.plan_id, "frozen": plan.frozen_until},
    )
    if len(frame) > MOST_LINES:
        raise FileError(
            f"The plan of this scope has over {MOST_LINES:,} lines, more than a file may have. "
            "Narrow the scope to a category, a product or a place."
        )
    return frame


def in_force(store: Store, plan: Plan) -> pd.DataFrame:
    """The changes in force as such lines; of wider nodes, what each product got."""
    return store.frame(
        f"""
        WITH cells AS (
            SELECT * FROM demand_cell WHERE plan_id = $plan_id AND last_edit IS NOT NULL
        ), {_SAID}
        SELECT p.code AS product, coalesce(s.code, '') AS place, c.timestamp AS period,
               'to' AS kind, round(final, {DECIMALS}) AS amount, c.reason, c.comment
        FROM said c JOIN product p USING (product_id) LEFT JOIN place s ON s.place_id = c.place_id
        ORDER BY c.timestamp, p.code, c.place_id
        """,
        {"plan_id": plan.plan_id},
    )


def written(frame: pd.DataFrame) -> str:
    """Such lines as CSV; no word in it is a formula."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(frame.columns)
    days = frame.assign(period=pd.to_datetime(frame["period"]).dt.strftime("%Y-%m-%d"))
    for row in days.itertuples(index=False, name=None):
        table.writerow([guarded(each) if isinstance(each, str) else each for each in row])
    return text.getvalue()


def cells(content: bytes, name: str) -> list[list[Any]]:
    """The cells of a file, the column names first, words as they were before they were guarded.

    Raises `FileError` for what is no CSV, workbook or Parquet file, and for one too large.
    """
    if len(content) > LARGEST:
        raise FileError(f"{name} has {len(content):,} bytes; at most {LARGEST:,} can be read.")
    if content[:4] == b"PAR1":
        rows = _of_parquet(content, name)
    elif content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        rows = _of_workbook(content, name)
    else:
        text = decode(content)
        sign = max(",;\t", key=text.split("\n", 1)[0].count)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=sign))
    return [[unguarded(each) if isinstance(each, str) else each for each in row] for row in rows]


def _of_workbook(content: bytes, name: str) -> Sequence[Sequence[Any]]:
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        return book.get_sheet_by_index(0).to_python()
    except (calamine.CalamineError, IndexError) as error:
        raise FileError(f"{name} cannot be read as a workbook: {error}.") from error


def _of_parquet(content: bytes, name: str) -> Sequence[Sequence[Any]]:
    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FileError(f"{name} cannot be read as Parquet: {error}.") from error
    columns = [column.to_pylist() for column in table.columns]
    return [list(table.column_names), *(list(row) for row in zip(*columns, strict=True))]
