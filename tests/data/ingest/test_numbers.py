"""How numbers are written, judged on a whole column."""

import pytest

from data.ingest import numbers
from data.ingest.plan import Reading


@pytest.mark.parametrize(
    ("cells", "decimal", "thousands"),
    [
        (["1", "25", "-3"], ".", ""),
        (["1.5", "2.25"], ".", ","),
        (["0.125", "0.250"], ".", ""),
        (["１２", "３"], ".", ""),
        (["1234", "1.234"], ".", ""),
        (["1,5", "12,25"], ",", "."),
        (["1.234,5", "2,5"], ",", "."),
        (["1,234.50", "3.5"], ".", ","),
        (["1,234,567", "3"], ".", ","),
        (["1.234.567", "3"], ",", "."),
        (["1 234,5", "2,5"], ",", " "),
        (["1'234.50", "2.5"], ".", "'"),
    ],
)
def test_when_a_style_is_clear_then_it_is_found(
    cells: list[str], decimal: str, thousands: str
) -> None:
    fit = numbers.judge(cells)
    assert fit is not None
    assert (fit.reading.decimal, fit.reading.thousands) == (decimal, thousands)
    assert (fit.share, fit.other) == (1.0, None)


@pytest.mark.parametrize("cells", [["1,234", "5,678"], ["1,234", "12"], ["1.234", "5.678"]])
def test_when_a_mark_has_three_digits_behind_it_then_two_readings_are_kept(
    cells: list[str],
) -> None:
    fit = numbers.judge(cells)
    assert fit is not None
    assert fit.other is not None
    assert {fit.reading.decimal, fit.other.decimal} == {".", ","}
    assert numbers.parse(cells[0], fit.reading) != numbers.parse(cells[0], fit.other)


def test_when_another_column_shows_the_style_then_it_decides() -> None:
    like = Reading(kind="number", decimal=",", thousands=".")
    fit = numbers.judge(["1.234", "5.678"], like=like)
    assert fit is not None
    assert (fit.reading.decimal, fit.reading.thousands, fit.other) == (",", ".", None)


def test_when_cells_have_percent_signs_then_they_are_shares() -> None:
    fit = numbers.judge(["15%", "20 %"])
    assert fit is not None
    assert fit.reading.percent
    assert fit.values == (0.15, 0.2)


@pytest.mark.parametrize(
    ("cells", "sign"),
    [(["$1.50", "2"], "$"), (["3 EUR"], "€"), (["￥9"], "¥"), (["$1", "€1"], ""), (["1"], "")],
)
def test_when_money_has_one_sign_then_it_is_the_currency(cells: list[str], sign: str) -> None:
    fit = numbers.judge(cells)
    assert fit is not None
    assert fit.currency == sign


def test_when_cells_are_mostly_text_then_they_are_no_numbers() -> None:
    assert numbers.judge(["85048", "79323P", "POST", "M"]) is None
    assert numbers.judge([]) is None


@pytest.mark.parametrize("cell", [None, "", " ", "NA", "n/a", "NULL", "-", "nan", "None"])
def test_when_a_cell_says_nothing_then_it_is_empty(cell: str | None) -> None:
    assert numbers.is_empty(cell)


@pytest.mark.parametrize("cell", ["0", "no", "a", "--x"])
def test_when_a_cell_says_something_then_it_is_not_empty(cell: str) -> None:
    assert not numbers.is_empty(cell)
