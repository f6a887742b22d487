"""Values out of text by the SQL of the import, in a real DuckDB, on nasty cells."""

import math
from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from data.ingest import numbers
from data.ingest.plan import Column, Reading
from data.ingest.sql import empty_sql, value_sql

NASTY_NAME = 'pri"ce; DROP TABLE x --'


def column(reading: Reading, name: str = NASTY_NAME) -> Column:
    return Column(name=name, role="ignore", reading=reading, confidence="sure", reason="")


def run(expression: str, cells: list[str | None], name: str = NASTY_NAME) -> list[Any]:
    quoted = '"' + name.replace('"', '""') + '"'
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT {expression} FROM (SELECT unnest(?::VARCHAR[]) AS {quoted})", [cells]
        ).fetchall()
    return [row[0] for row in rows]


def values(reading: Reading, cells: list[str | None]) -> list[Any]:
    return run(value_sql(column(reading)), cells)


NUMBERS: list[tuple[Reading, dict[str | None, float | None]]] = [
    (
        Reading(kind="number"),
        {
            "12": 12, " 12.5 ": 12.5, "-3": -3, "+3": 3, "1e3": 1000, ".5": 0.5, "5.": 5,
            "$1.50": 1.5, "€ 3": 3, "3 €": 3, "USD 4": 4, "R$ 5.25": 5.25, "¥100": 100,
            "(12)": -12, "12-": -12, "−12": -12, "- 12": -12, "($ 7)": -7, "15%": 0.15,
            "1,234": None, "1.234.5": None, "1O": None, "12 pcs": None, "": None, None: None,
            "nan": None, "inf": None, "-inf": None, "1e999": None, "--5": None, "12 34": None,
            "=1+1": None, "'; DROP TABLE x": None, "１２": 12, "（５％）": -0.05,
        },
    ),
    (
        Reading(kind="number", thousands=","),
        {
            "1,234.50": 1234.5, "1,234": 1234, "1,234,567.8": 1234567.8, "999": 999,
            "$1,200.50": 1200.5, "(1,000)": -1000, "1,2": None, "1,23,4": None, "1.5": 1.5,
            "12345": 12345,
        },
    ),
    (
        Reading(kind="number", decimal=","),
        {
            "1,5": 1.5, "12": 12, "-0,25": -0.25, "2,50 €": 2.5, "1.234": None, "1.234,5": None,
            "1,2,3": None, "15,5%": 0.155, "3,5-": -3.5,
        },
    ),
    (
        Reading(kind="number", decimal=",", thousands="."),
        {
            "1.234,5": 1234.5, "1.234": 1234, "1.234.567": 1234567, "1,5": 1.5, "-1.000": -1000,
            "1.23": None, "12": 12, "€ 1.234,50": 1234.5, "(1.234)": -1234,
        },
    ),
    (
        Reading(kind="number", decimal=",", thousands=" "),
        {"1 234,5": 1234.5, "1\u00a0234,5": 1234.5, "1\u202f234": 1234, "12 34": None, "7": 7},
    ),
    (
        Reading(kind="number", thousands="'"),
        {"1'234.50": 1234.5, "1’234": 1234, "CHF 1'000": 1000, "12": 12},
    ),
    (
        Reading(kind="number", percent=True),
        {"15": 0.15, "15%": 0.15, "15 %": 0.15, "(5%)": -0.05, "0": 0, "x": None},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("reading", "expected"), NUMBERS)
def test_when_numbers_are_written_in_a_style_then_sql_reads_them(
    reading: Reading, expected: dict[str | None, float | None]
) -> None:
    found = values(reading, list(expected))
    for cell, value, wanted in zip(expected, found, expected.values(), strict=True):
        close = value is not None and wanted is not None and math.isclose(value, wanted)
        assert close or value is wanted is None, f"{cell!r} became {value!r}, not {wanted!r}"


@pytest.mark.parametrize(("reading", "expected"), NUMBERS)
def test_when_python_reads_the_sample_then_it_agrees_with_sql(
    reading: Reading, expected: dict[str | None, float | None]
) -> None:
    for cell, wanted in expected.items():
        if cell is not None and numbers.looks_like_number(cell):
            value = numbers.parse(cell, reading)
            if wanted is None:
                assert value is None or not math.isfinite(value), cell
            else:
                assert value == pytest.approx(wanted), cell


@pytest.mark.parametrize(
    ("date_format", "cells"),
    [
        ("%Y-%m-%d", {"2025-01-31": date(2025, 1, 31), "2025-1-5": date(2025, 1, 5),
                      " 2025-01-31 ": date(2025, 1, 31), "2025-02-30": None, "0025-01-31": None,
                      "infinity": None, "31.01.2025": None, "": None}),
        ("%Y-%m-%d %H:%M:%S", {"2025-01-31 07:45:00": datetime(2025, 1, 31, 7, 45),
                               "2025-01-31": datetime(2025, 1, 31), "x": None}),
        ("%Y-%m-%dT%H:%M:%S%z", {"2025-01-31T23:30:00-05:00": datetime(2025, 1, 31, 23, 30),
                                 "2025-01-31T10:00:00Z": datetime(2025, 1, 31, 10)}),
        ("%m/%d/%Y %H:%M", {"12/1/2009 7:45": datetime(2009, 12, 1, 7, 45),
                            "13/1/2009 7:45": None}),
        ("%d/%m/%Y", {"1/2/2025": date(2025, 2, 1), "01/02/25": None, "32/1/2025": None}),
        ("%d.%m.%y", {"31.01.25": date(2025, 1, 31)}),
        ("%Y年%m月%d日", {"2025年1月5日": date(2025, 1, 5)}),
        ("%Y%m%d", {"20250131": date(2025, 1, 31), "20251331": None}),
        ("%d %b %Y", {"5 Jan 2025": date(2025, 1, 5), "5 Xyz 2025": None}),
        ("%B %d, %Y", {"january 5, 2025": date(2025, 1, 5)}),
        ("%G-W%V", {"2025-W03": date(2025, 1, 13), "2025-W54": None}),
        ("%Y-%m", {"2025-03": date(2025, 3, 1)}),
        ("%d/%m/%Y %I:%M %p", {"1/2/2025 3:05 PM": datetime(2025, 2, 1, 15, 5)}),
        ("excel", {"45688": datetime(2025, 1, 31), "45688.5": datetime(2025, 1, 31, 12),
                   "0": None, "abc": None, "9999999": None}),
        ("unix", {"1738281600": datetime(2025, 1, 31), "-5": None, "x": None}),
        ("unix_ms", {"1738281600000": datetime(2025, 1, 31)}),
        ("", {"2025-01-31": date(2025, 1, 31), "someday": None}),
    ],
)  # fmt: skip
def test_when_dates_have_a_format_then_sql_reads_them(
    date_format: str, cells: dict[str | None, Any]
) -> None:
    reading = Reading(kind="date", date_format=date_format)
    assert dict(zip(cells, values(reading, list(cells)), strict=True)) == cells


def test_when_flags_are_words_or_names_then_sql_reads_them() -> None:
    cells: dict[str | None, bool] = {
        "1": True, "0": False, "Yes": True, "no": False, "TRUE": True, "f": False, "是": True,
        "否": False, "1.0": True, "0.0": False, "": False, None: False, "NA": False,
        "Black Friday": True, "2": True, "Nein": False,
    }  # fmt: skip
    assert dict(zip(cells, values(Reading(kind="flag"), list(cells)), strict=True)) == cells


def test_when_text_says_nothing_then_it_is_null() -> None:
    cells: list[str | None] = [" A1 ", "", "  ", "N/A", "null", "NaN", "-", None, "=cmd()", "No"]
    assert values(Reading(kind="text"), cells) == [
        "A1", None, None, None, None, None, None, None, "=cmd()", "No",
    ]  # fmt: skip


def test_when_codes_went_through_a_float_then_the_zero_goes() -> None:
    cells: list[str | None] = ["13085.0", "13085.50", "A1.0", "-7.00"]
    found = values(Reading(kind="text", whole=True), cells)
    assert found == ["13085", "13085.50", "A1.0", "-7"]


def test_when_a_cell_is_empty_then_sql_says_so_and_never_null() -> None:
    cells: list[str | None] = [None, "", " ", "NA", "n/a", "NULL", "--", "0", "no", "A"]
    found = run(empty_sql(column(Reading(kind="text"))), cells)
    assert found == [True] * 7 + [False] * 3
