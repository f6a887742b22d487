"""Files of competitors' prices: what is read, and every cell that cannot be."""

import math

import pytest

from data import price_files
from data.errors import FileError

PRODUCTS = {"P1": 1, "P2": 2, "-P3": 3}


def read(text: str, currency: str = "€") -> price_files.Parsed:
    return price_files.read(text.encode(), PRODUCTS, currency=currency)


def test_when_a_file_is_right_then_prices_are_there_and_empty_cells_say_nothing() -> None:
    found = read("Product;Competitor;At most\nP1;€4,99;\n\n'-P3;1 250;1300\n")
    assert found.problems == ()
    assert found.limits.index.tolist() == [1, 3]
    assert found.limits["competitor"].tolist() == [4.99, 1250.0]
    assert found.limits.loc[3, "at_most"] == 1300
    assert math.isnan(found.limits.loc[1, "at_most"])
    assert found.limits["at_least"].isna().all()


def test_when_cells_are_wrong_then_line_column_value_and_reason_are_named() -> None:
    found = read(
        "product,competitor,at_least,at_most\n"
        "P1,cheap,,\nP9,5,,\nP2,0,-1,\nP1,5,9,4\nP2,$5,,\n,5,,\nP2,nan,,\n"
    )
    assert found.limits.empty
    assert [(each.line, each.column, each.value, each.reason) for each in found.problems] == [
        (2, "competitor", "cheap", "is not a number"),
        (3, "product", "P9", "is no product here; use its code"),
        (4, "competitor", "0", "is not above 0"),
        (4, "at_least", "-1", "is not above 0"),
        (5, "product", "P1", "stands in line 2 already"),
        (5, "at_least", "9", "is above at_most, 4"),
        (6, "product", "P2", "stands in line 4 already"),
        (6, "competitor", "$5", "is in another currency; this dataset is in €"),
        (7, "product", "", "no product given"),
        (8, "product", "P2", "stands in line 4 already"),
        (8, "competitor", "nan", "is not a number"),
    ]
    assert found.problem_count == 11


def test_when_very_many_cells_are_wrong_then_the_first_are_named_and_all_counted() -> None:
    found = read("product,competitor\n" + "P1,x\n" * 100)
    assert len(found.problems) == price_files.MOST_NAMED
    assert found.problem_count == 199


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("product,competitor\n", "no lines below"),
        ("item,competitor\nP1,5\n", "no column “product”"),
        ("product,cost\nP1,5\n", "no price"),
    ],
)
def test_when_the_file_is_none_of_prices_then_it_says_what_it_needs(text: str, words: str) -> None:
    with pytest.raises(FileError, match=words):
        read(text)
