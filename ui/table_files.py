"""A table as CSV, Excel or Parquet, exactly as it stands: made when it is clicked.

Words of users stay words: in CSV a cell that a spreadsheet would run begins with an apostrophe, in
Excel words are written as strings, and Parquet knows no formulas. Numbers and days keep their kind
and every digit, so that what is edited and uploaded again has lost nothing.
"""

import io
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.guards import unguarded
from ui import format as fmt

__all__ = ["buttons", "csv", "excel", "flat", "long", "menu", "parquet", "unguarded", "wide"]

MOST_ROWS = 1_000_000  # of an Excel sheet, below Excel's own end
_MOST_LETTERS = 32_000  # of an Excel cell
_WIDE = 40  # letters of a column at most
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMS: tuple[tuple[str, str, str], ...] = (
    ("CSV", "csv", "text/csv"),
    ("Excel", "xlsx", _EXCEL),
    ("Parquet", "parquet", "application/vnd.apache.parquet"),
)
Source = pd.DataFrame | Callable[[], pd.DataFrame]


def buttons(source: Source, label: str, *, stem: str, key: str) -> None:
    """A line of a Download menu: what it is, and its three forms. `source` may be a function."""

    def content(make: Callable[[pd.DataFrame], bytes]) -> Callable[[], bytes]:
        return lambda: make(source() if callable(source) else source)

    makers = {"csv": csv, "xlsx": excel, "parquet": parquet}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(label, width="content")
        st.space("stretch")
        for form, ending, mime in _FORMS:
            st.download_button(
                form,
                content(makers[ending]),
                file_name=f"{stem}.{ending}",
                mime=mime,
                on_click="ignore",
                type="tertiary",
                key=f"{key}_{ending}",
                help=f"{label} as {form}",
            )


def menu(place: DeltaGenerator, source: Source, label: str, *, stem: str, key: str) -> None:
    """A Download menu of one table."""
    with place.popover("Download", icon=":material/download:", type="tertiary"):
        buttons(source, label, stem=stem, key=key)


def csv(frame: pd.DataFrame) -> bytes:
    """The rows as CSV in UTF-8 with a mark, so that Excel reads the letters; days as ISO.

    >>> frame = pd.DataFrame({"name": ["=cmd()"], "day": [pd.Timestamp("2026-11-20")], "n": [0.1]})
    >>> csv(frame).decode("utf-8-sig")
    "name,day,n\\n'=cmd(),2026-11-20,0.1\\n"
    """
    table = fmt.cells(flat(frame))
    for name in table.columns:
        moments = table[name]
        if pd.api.types.is_datetime64_any_dtype(moments):
            days = moments.dropna()
            form = "%Y-%m-%d" if (days == days.dt.normalize()).all() else "%Y-%m-%dT%H:%M:%S"
            table[name] = moments.dt.strftime(form)
    table.columns = pd.Index([fmt.cell(str(name)) for name in table.columns])
    return table.to_csv(index=False).encode("utf-8-sig")


def parquet(frame: pd.DataFrame) -> bytes:
    """The rows as Parquet; lists stay lists, and columns of mixed kinds become words."""
    table = frame.reset_index(drop=True).copy()
    table.columns = pd.Index([str(name) for name in table.columns])
    for name in table.select_dtypes("object").columns:
        kinds = {type(each) for each in table[name] if not _is_missing(each)}
        if kinds <= {tuple, list}:
            lists: list[Any] = [None if _is_missing(each) else list(each) for each in table[name]]
            table[name] = lists
        elif len(kinds) > 1:
            table[name] = [None if _is_missing(each) else str(each) for each in table[name]]
    target = io.BytesIO()
    table.to_parquet(target, index=False, compression="zstd")
    return target.getvalue()


def excel(frame: pd.DataFrame) -> bytes:
    """The rows as a sheet with a fixed, filtered head. Raises `ReportError` for too many rows."""
    import xlsxwriter  # late: most pages never write one

    from reports import ReportError

    if len(frame) > MOST_ROWS:
        raise ReportError(
            f"{len(frame):,} rows do not fit on a sheet ({MOST_ROWS:,} at most). Take CSV or "
            "Parquet."
        )
    table, target = flat(frame), io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet("Table")
        head = book.add_format({"bold": True, "bg_color": "#F4F6F9", "bottom": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.freeze_panes(1, 0)
        if len(table.columns):
            sheet.autofilter(0, 0, max(len(table), 1), len(table.columns) - 1)
        for across, name in enumerate(table.columns):
            longest = max([len(str(name)), *(len(str(each)) for each in table[name].head(50))])
            sheet.set_column(across, across, min(longest + 2, _WIDE))
            sheet.write_string(0, across, str(name), head)
        for down, values in enumerate(zip(*_columns(table), strict=True), 1):
            for across, value in enumerate(values):
                _write(sheet, down, across, value, (day, moment))
    return target.getvalue()


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with lists as words: a path of categories as `a > b`, numbers with blanks between.

    >>> flat(pd.DataFrame({"path": [("a", "b")], "spark": [[1.0, 2.0]]})).iloc[0].tolist()
    ['a > b', '1.0 2.0']
    """
    table = frame.reset_index(drop=True).copy()
    for name in table.select_dtypes("object").columns:
        words: list[Any] = [_joined(each) for each in table[name]]
        table[name] = words
    return table


def long(frame: pd.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """A row per series, period and value: the keys, timestamp, what, value."""
    named = frame.melt(
        id_vars=[*keys, "timestamp"], value_vars=list(values), var_name="what", value_name="value"
    )
    return named.sort_values([*keys, "timestamp"], kind="stable", ignore_index=True)


def wide(frame: pd.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """A row per series and value, a column per period: the keys, what, then days as ISO.

    >>> made = pd.DataFrame({"product": ["a", "a"], "mean": [1.0, 2.0],
    ...                      "timestamp": pd.to_datetime(["2026-11-16", "2026-11-23"])})
    >>> wide(made, ["product"], ["mean"]).columns.tolist()
    ['product', 'what', '2026-11-16', '2026-11-23']
    """
    named = long(frame, keys, values)
    order = {name: number for number, name in enumerate(values)}
    table = named.assign(
        timestamp=named["timestamp"].dt.strftime("%Y-%m-%d"), _order=named["what"].map(order)
    ).pivot(index=[*keys, "_order", "what"], columns="timestamp", values="value")
    return table.reset_index().drop(columns="_order").rename_axis(None, axis=1)


def _joined(value: object) -> object:
    if isinstance(value, list | tuple) or (hasattr(value, "tolist") and hasattr(value, "shape")):
        parts = list(value)  # type: ignore[call-overload]
        words = any(isinstance(part, str) for part in parts)
        return (" > " if words else " ").join(str(part) for part in parts)
    return value


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and value != value)


def _columns(table: pd.DataFrame) -> list[list[Any]]:
    """The values of each column as Python's own; None where there is none."""
    found = []
    for name in table.columns:
        column = table[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            plain = column.dt.tz_localize(None) if column.dt.tz is not None else column
            found.append([None if pd.isna(each) else each.to_pydatetime() for each in plain])
        else:
            values: list[Any] = [
                None if _is_missing(each) or each is pd.NA else each for each in column
            ]
            found.append([each.item() if hasattr(each, "item") else each for each in values])
    return found


def _write(sheet: Any, down: int, across: int, value: Any, formats: tuple[Any, Any]) -> None:
    day, moment = formats
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(down, across, value)
    elif isinstance(value, int | float):
        if value - value == 0:  # neither infinite nor unknown
            sheet.write_number(down, across, value)
    elif isinstance(value, date):  # a moment is one too
        is_day = not isinstance(value, datetime) or value.time() == time(0)
        sheet.write_datetime(down, across, value, day if is_day else moment)
    else:
        sheet.write_string(down, across, str(value)[:_MOST_LETTERS])
