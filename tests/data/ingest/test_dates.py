"""Which patterns a column's dates are in, and when nobody can tell."""

import pytest

from data.ingest import dates


@pytest.mark.parametrize(
    ("cells", "pattern"),
    [
        (["2025-01-31", "2025-02-01"], "%Y-%m-%d"),
        (["2025-01-31 07:45:00"], "%Y-%m-%d %H:%M:%S"),
        (["2025-01-31T07:45:00.123Z"], "%Y-%m-%dT%H:%M:%S.%f%z"),
        (["31/01/2025", "01/02/2025"], "%d/%m/%Y"),
        (["1/31/2025 7:45", "2/1/2025 18:00"], "%m/%d/%Y %H:%M"),
        (["1/31/2025 7:45 PM", "2/1/2025 8:00 AM"], "%m/%d/%Y %I:%M %p"),
        (["31.12.2024", "01.02.2025"], "%d.%m.%Y"),
        (["01.02.2025", "03.04.2025"], "%d.%m.%Y"),
        (["31.12.24", "01.02.25"], "%d.%m.%y"),
        (["12/31/24", "1/2/25"], "%m/%d/%y"),
        ([f"{day:02d}/02/25" for day in range(1, 29)], "%d/%m/%y"),
        ([f"25/02/{day:02d}" for day in range(1, 29)], "%y/%m/%d"),
        (["20250131", "20250201"], "%Y%m%d"),
        (["2025年1月31日", "2025年2月1日"], "%Y年%m月%d日"),
        (["2025年1月", "2025年2月"], "%Y年%m月"),
        (["5 Jan 2025", "31 Dec 2024"], "%d %b %Y"),
        (["5-Jan-25", "31-Dec-24"], "%d-%b-%y"),
        (["January 5, 2025", "May 7, 2025"], "%B %d, %Y"),
        (["2025-W03", "2025-W52"], "%G-W%V"),
        (["2025-01", "2025-12"], "%Y-%m"),
        (["Jan 2025", "Feb 2025"], "%b %Y"),
    ],
)
def test_when_dates_can_be_told_then_their_pattern_is_found(cells: list[str], pattern: str) -> None:
    fit = dates.judge(cells * 5)
    assert fit is not None
    assert (fit.reading.date_format, fit.share, fit.others) == (pattern, 1.0, ())


@pytest.mark.parametrize(
    ("cells", "others"),
    [
        (["01/02/2025", "03/04/2025"], ("%m/%d/%Y",)),
        (["01-02-2025", "03-04-2025"], ("%m-%d-%Y",)),
        (["01/02/2025 10:00"], ("%m/%d/%Y %H:%M",)),
        (["01/02/03", "04/05/06"], ("%m/%d/%y", "%y/%m/%d")),
        (["25/12/31", "25/01/02"], ("%y/%m/%d",)),
    ],
)
def test_when_both_readings_fit_every_row_then_nothing_is_guessed(
    cells: list[str], others: tuple[str, ...]
) -> None:
    fit = dates.judge(cells)
    assert fit is not None
    assert fit.others == others
    assert fit.example == cells[0]


def test_when_both_readings_give_the_same_days_then_nothing_is_asked() -> None:
    fit = dates.judge(["01/01/2025", "02/02/2025"])
    assert fit is not None
    assert fit.others == ()


def test_when_one_row_decides_then_it_is_the_proof() -> None:
    fit = dates.judge(["01/02/2025"] * 99 + ["13/02/2025"])
    assert fit is not None
    assert (fit.reading.date_format, fit.proof) == ("%d/%m/%Y", "13/02/2025")


def test_when_a_few_cells_are_junk_then_the_share_says_so() -> None:
    fit = dates.judge(["2025-01-31"] * 9 + ["unknown"])
    assert fit is not None
    assert fit.share == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("cells", "pattern"),
    [
        (["45688", "45689.5"], "excel"),
        (["1738281600", "1738368000"], "unix"),
        (["1738281600000", "1738368000000"], "unix_ms"),
        (["202501", "202512"], "%Y%m"),
        (["31012025", "01022025"], "%d%m%Y"),
    ],
)
def test_when_digits_stand_under_a_date_header_then_they_are_dates(
    cells: list[str], pattern: str
) -> None:
    assert dates.judge(cells) is None
    fit = dates.judge(cells, named=True)
    assert fit is not None
    assert fit.reading.date_format == pattern


@pytest.mark.parametrize("cells", [["A1", "A2"], ["3", "4"], ["85048", "22041"], [], ["1.5"]])
def test_when_cells_are_no_dates_then_none_is_found(cells: list[str]) -> None:
    assert dates.judge(cells) is None
