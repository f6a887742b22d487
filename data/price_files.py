"""Competitors' prices and limits of products as CSV files; every wrong cell is named.

Products are named by their codes. Nothing of a file is kept where a cell is wrong.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from data.calendar_files import decode
from data.cells import WrongCell, code, number
from data.errors import FileError
from data.price_rules import LIMITS

HEAD = ("product", *LIMITS)
LARGEST = 50_000_000  # bytes
MOST_NAMED = 50  # wrong cells
_MONEY = re.compile(r"([^\d.,+-]*)([-+\d.,\s]+)([^\d.,]*)")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One cell that cannot be read."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Parsed:
    """A file in memory: limits as `data.price_rules.limits` gives them, or problems."""

    limits: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    problem_count: int = 0


def read(content: bytes, products: Mapping[str, int], *, currency: str) -> Parsed:
    """The limits of a CSV file; a wrong cell is a problem, and then there are no limits.

    `products` are ids by code, `currency` is the sign or code of the dataset's money. Raises
    `FileError` for a file without lines, or without a column that is needed.
    """
    heads, rows = _table(content)
    found: dict[int, tuple[int, list[float]]] = {}
    problems: list[Problem] = []
    for line, row in enumerate(rows, start=2):
        cells = {head: cell.strip() for head, cell in zip(heads, row, strict=False)}
        if not any(cells.values()):
            continue
        wrong, product, prices = _line(cells, products, currency)
        if product in found:
            reason = f"stands in line {found[product][0]} already"
            wrong = [("product", cells["product"], reason), *wrong]
        problems += [
            Problem(line=line, column=column, value=value, reason=reason)
            for column, value, reason in wrong
        ]
        if product is not None:
            found.setdefault(product, (line, prices))
    kept = {} if problems else {product: prices for product, (_, prices) in found.items()}
    limits = pd.DataFrame.from_dict(kept, orient="index", columns=list(LIMITS), dtype=float)
    return Parsed(
        limits=limits.rename_axis("product_id"),
        problems=tuple(problems[:MOST_NAMED]),
        problem_count=len(problems),
    )


def _table(content: bytes) -> tuple[list[str], list[list[str]]]:
    """The names of the columns and the lines below them."""
    if len(content) > LARGEST:
        raise FileError(f"The file has {len(content):,} bytes; at most {LARGEST:,} can be read.")
    text = decode(content)
    first = text.split("\n", 1)[0]
    sign = max(",;\t", key=first.count)
    rows = list(csv.reader(io.StringIO(text), delimiter=sign))
    if len(rows) < 2:
        raise FileError("The file has no lines below its column names. " + _WANTED)
    heads = [head.strip().lower().replace(" ", "_") for head in rows[0]]
    if "product" not in heads:
        raise FileError("The file has no column “product”. " + _WANTED)
    if not set(heads) & set(LIMITS):
        raise FileError("The file has no price. " + _WANTED)
    return heads, rows[1:]


def _line(
    cells: Mapping[str, str], products: Mapping[str, int], currency: str
) -> tuple[list[tuple[str, str, str]], int | None, list[float]]:
    """What is wrong with a line (column, value, reason), its product and its prices."""
    wrong: list[tuple[str, str, str]] = []
    product: int | None = None
    try:
        product = code(cells.get("product", ""), products, "product")
    except WrongCell as error:
        wrong.append(("product", error.value, error.reason))
    prices = []
    for name in LIMITS:
        try:
            prices.append(_price(cells.get(name, ""), currency))
        except WrongCell as error:
            wrong.append((name, error.value, error.reason))
            prices.append(float("nan"))
    _, least, most = prices
    if least > most:
        wrong.append(("at_least", cells["at_least"], f"is above at_most, {cells['at_most']}"))
    return wrong, product, prices


def _price(text: str, currency: str) -> float:
    """A price above 0; NaN for an empty cell. Another currency's sign is refused.

    >>> _price("€4,99", "€"), _price("", "€")
    (4.99, nan)
    """
    if not text:
        return float("nan")
    if found := _MONEY.fullmatch(text):
        sign = (found.group(1) + found.group(3)).strip()
        if sign == currency:
            text = found.group(2)
        elif _is_currency(sign):
            raise WrongCell(text, f"is in another currency; this dataset is in {currency}")
    value = number(text)
    if value <= 0:
        raise WrongCell(text, "is not above 0")
    return value


def _is_currency(sign: str) -> bool:
    """Whether it is the sign of a currency, or a code of three capitals.

    >>> _is_currency("$"), _is_currency("CHF"), _is_currency("x")
    (True, True, False)
    """
    return any(unicodedata.category(letter) == "Sc" for letter in sign) or (
        len(sign) == 3 and sign.isalpha() and sign.isupper()
    )


_WANTED = (
    f"It needs a line of column names ({', '.join(HEAD)}) and a line per product; prices may be "
    "left empty."
)
