"""Tables as files: exact, typed, never a formula, and read again without a loss."""

import io
from datetime import date

import numpy as np
import openpyxl
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from reports import ReportError
from ui import table_files

NASTY = [
    "=1+1",
    "+A1",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "Coffee, 250 g",
    'say "hi"',
    "咖啡",
    "'quoted",
    "",
]


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "=name": NASTY,
            "day": pd.date_range("2026-11-16", periods=10, freq="D").astype("datetime64[us]"),
            "amount": [0.1, 1 / 3, -5.0, 1e15, np.nan, np.inf, 0.0, 2.5, -0.001, 12_345.678901],
            "count": pd.array([1, 2, 3, 4, 5, 6, 7, 8, None, 10], dtype="Int64"),
            "is_new": [True, False] * 5,
        }
    )


def test_when_a_table_goes_through_csv_then_nothing_is_lost() -> None:
    content = table_files.csv(frame())
    assert content.startswith("\ufeff".encode())
    again = pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values={"amount": [""]})
    assert again.columns[0] == "'=name"
    assert [table_files.unguarded(each) for each in again["'=name"]] == NASTY
    assert not [each for each in again["'=name"] if each.startswith(("=", "+", "-", "@", "\t"))]
    np.testing.assert_array_equal(again["amount"].to_numpy(), frame()["amount"].to_numpy())
    assert again["day"].tolist() == [f"{day:%Y-%m-%d}" for day in frame()["day"]]


def test_when_a_table_goes_through_excel_then_kinds_stay_and_nothing_is_a_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(table_files.excel(frame())))
    rows = [[cell.value for cell in row] for row in book.active.iter_rows(min_row=2)]
    assert [row[0] or "" for row in rows] == NASTY
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert rows[0][1].date() == date(2026, 11, 16)
    assert rows[1][2] == pytest.approx(1 / 3, abs=1e-15)
    assert rows[4][2] is None
    assert rows[5][2] is None  # infinite: Excel has no such number
    assert rows[0][4] is True
    assert book.active.freeze_panes == "A2"


def test_when_a_table_goes_through_parquet_then_it_is_the_same() -> None:
    made = frame().assign(path=[("a", "b")] * 10, spark=[[1.0, 2.0]] * 10)
    again = pd.read_parquet(io.BytesIO(table_files.parquet(made)))
    plain = ["=name", "day", "amount", "count", "is_new"]
    assert_frame_equal(again[plain], made[plain], check_dtype=False)
    assert again["path"].iloc[0].tolist() == ["a", "b"]


def test_when_a_column_has_mixed_kinds_then_parquet_takes_words() -> None:
    mixed = pd.DataFrame({"x": ["a", 1, None, date(2026, 1, 1)]})
    again = pd.read_parquet(io.BytesIO(table_files.parquet(mixed)))
    assert again["x"].tolist() == ["a", "1", None, "2026-01-01"]


@pytest.mark.parametrize("make", [table_files.csv, table_files.excel, table_files.parquet])
@pytest.mark.parametrize("empty", [pd.DataFrame(), pd.DataFrame({"a": []})], ids=["none", "one"])
def test_when_there_is_no_row_then_there_is_still_a_file(make: object, empty: pd.DataFrame) -> None:
    assert make(empty)  # type: ignore[operator]


def test_when_rows_do_not_fit_on_a_sheet_then_it_says_what_to_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table_files, "MOST_ROWS", 5)
    with pytest.raises(ReportError, match="Take CSV or Parquet"):
        table_files.excel(frame())


def test_when_a_forecast_is_long_or_wide_then_both_hold_the_same_values() -> None:
    times = pd.date_range("2026-11-16", periods=3, freq="W-MON")
    made = pd.DataFrame(
        {
            "product": ["b"] * 3 + ["a"] * 3,
            "timestamp": [*times, *times],
            "mean": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "q0.9": [2.0, 3.0, 4.0, 5.0, 6.0, np.nan],
        }
    )
    long = table_files.long(made, ["product"], ["mean", "q0.9"])
    wide = table_files.wide(made, ["product"], ["mean", "q0.9"])
    assert len(long) == 12
    assert wide[["product", "what"]].to_numpy().tolist() == [
        ["a", "mean"],
        ["a", "q0.9"],
        ["b", "mean"],
        ["b", "q0.9"],
    ]
    assert wide.columns[2:].tolist() == ["2026-11-16", "2026-11-23", "2026-11-30"]
    back = wide.melt(id_vars=["product", "what"], var_name="timestamp").dropna()
    assert sorted(back["value"]) == sorted(long["value"].dropna())
