"""Tables as JSON, CSV and Parquet, and the cursors between their pages."""

import base64
import binascii
import io
import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from api.operations import CSV, PARQUET
from api.problems import Problem
from api.wire import Table


def rendered(table: Table, kind: str) -> tuple[bytes, dict[str, str]]:
    """The rows in a media type, and headers; JSON carries `about` and `next` itself."""
    headers = {} if table.next is None else {"Almanac-Next": table.next}
    if kind == CSV:
        return _csv(table.rows), headers
    if kind == PARQUET:
        target = io.BytesIO()
        table.rows.to_parquet(target, index=False)
        return target.getvalue(), headers
    return dumped({**table.about, "rows": records(table.rows), "next": table.next}), headers


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON values: NaN is null, days are ISO days.

    >>> records(pd.DataFrame({"day": [pd.Timestamp("2026-01-05")], "mean": [float("nan")]}))
    [{'day': '2026-01-05', 'mean': None}]
    """
    columns = [_plain(frame[name]) for name in frame.columns]
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def dumped(content: Mapping[str, Any]) -> bytes:
    """JSON; what is no number cannot slip through."""
    return json.dumps(
        content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_text
    ).encode()


def cursor(of: str, start: int) -> str:
    """Where the next page begins, and of what.

    >>> place(cursor("run", 20))
    ('run', 20)
    """
    return base64.urlsafe_b64encode(f"{start}:{of}".encode()).decode().rstrip("=")


def place(cursor: str) -> tuple[str, int]:
    """What `cursor` said. Raises `Problem` (409) for a text that is no cursor of ours."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        start, _, of = text.partition(":")
        return of, max(0, int(start))
    except (binascii.Error, ValueError) as error:
        raise Problem(
            "conflict", f"cursor={cursor[:40]!r} is not one of ours. Begin again without it."
        ) from error


def page(frame: pd.DataFrame, of: str, start: int, limit: int) -> tuple[pd.DataFrame, str | None]:
    """The rows from `start`, and the cursor of what follows."""
    stop = start + limit
    return frame.iloc[start:stop], cursor(of, stop) if stop < len(frame) else None


def _csv(frame: pd.DataFrame) -> bytes:
    """CSV whose cells no spreadsheet takes for formulas."""
    from ui import format as fmt

    return fmt.cells(frame).to_csv(index=False).encode()


def _plain(column: pd.Series) -> list[Any]:
    """The values of a column as JSON has them."""
    if pd.api.types.is_datetime64_any_dtype(column):
        days = np.datetime_as_string(column.to_numpy().astype("datetime64[D]")).tolist()
        return [None if day == "NaT" else day for day in days]
    if pd.api.types.is_float_dtype(column):
        numbers = column.to_numpy(dtype=np.float64)
        values = np.round(numbers, 6).tolist()
        if np.isfinite(numbers).all():
            return values
        return [value if math.isfinite(value) else None for value in values]
    return [None if _is_missing(value) else value for value in column.tolist()]


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value


def _text(value: object) -> object:
    """What JSON does not know by itself."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not a JSON value")
