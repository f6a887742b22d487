"""How the numbers of a column are written: decimal sign, thousands, currency, percent."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from data.ingest.plan import Reading

EMPTY = frozenset(
    ("", "na", "n/a", "#n/a", "null", "none", "nan", "nat", "-", "--", "\\n", "nil", "#null!")
)
CURRENCY_SIGNS = ("US$", "R$", "$", "€", "£", "¥", "￥", "₹", "₽", "₩", "₺", "฿")
CURRENCY_WORDS = {
    "USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "RMB": "¥", "JPY": "¥", "CHF": "CHF",
    "INR": "₹", "BRL": "R$", "PLN": "zł", "zł": "zł", "SEK": "kr", "NOK": "kr", "DKK": "kr",
    "kr": "kr", "元": "¥", "円": "¥", "Kč": "Kč", "Rs": "₹",
}  # fmt: skip
CURRENCY = "|".join(re.escape(sign) for sign in (*CURRENCY_SIGNS, *CURRENCY_WORDS))
# Signs that are written in several ways, and what they are read as; full-width ones are Chinese.
FANCY = "\u2212’\u00a0\u202f\u2009０１２３４５６７８９．，％（）－"
FANCY_MEANS = "-'   0123456789.,%()-"
PLAIN = str.maketrans(FANCY, FANCY_MEANS)
STYLES: tuple[tuple[Literal[".", ","], str], ...] = (
    (".", ""), (".", ","), (",", "."), (",", ""), (".", " "), (",", " "), (".", "'"), (",", "'"),
)  # fmt: skip
LOOKS = re.compile(
    rf"^\(?[-+]?\s*(?:{CURRENCY})?\s*[-+]?(?:\d[\d.,' ]*|[.,]\d+)"
    rf"(?:[eE][-+]?\d+)?\s*(?:%|{CURRENCY})?\s*-?\)?$",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True)
class NumberFit:
    """How well a column reads as numbers, and how."""

    share: float  # of the filled cells
    reading: Reading
    values: tuple[float, ...]  # the cells that could be read
    other: Reading | None = None  # reads all cells as well, as other numbers: must be asked
    currency: str = ""
    example: str = ""  # a cell that the two readings differ on

    @property
    def whole_share(self) -> float:
        return _share(float(value).is_integer() for value in self.values)

    @property
    def negative_share(self) -> float:
        return _share(value < 0 for value in self.values)


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return sum(values) / len(values) if values else 0.0


def is_empty(value: str | None) -> bool:
    """Whether a cell says nothing: blank, NA, null, a dash."""
    return value is None or value.strip().lower() in EMPTY


def looks_like_number(cell: str) -> bool:
    """Whether a cell could be a number in any style.

    >>> [looks_like_number(c) for c in ("1.234,5", "€ 3", "(12)", "15%", "85048A", "1/2/2020")]
    [True, True, True, True, False, False]
    """
    return bool(LOOKS.match(cell.strip().translate(PLAIN)))


def core(cell: str) -> str:
    """A cell without currency, percent sign and outer spaces, minus in front.

    >>> core("(€ 1.234,5)"), core("12-"), core("15 %")
    ('-1.234,5', '-12', '15')
    """
    text = cell.strip().translate(PLAIN)
    text = re.sub(rf"{CURRENCY}|%", "", text).strip()
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1].strip()
    elif text.endswith("-"):
        text = "-" + text[:-1].strip()
    return text.replace("- ", "-") if text.startswith("- ") else text


def pattern(decimal: str, thousands: str) -> str:
    """The regular expression of a whole number cell in one style, for Python and for DuckDB."""
    point = re.escape(decimal)
    grouped = rf"|\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+" if thousands else ""
    return rf"[+-]?(?:(?:\d+{grouped})(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?"


def parse(cell: str, reading: Reading) -> float | None:
    """The number in a cell, None where it cannot be read; what `sql.value_sql` does in SQL."""
    text = core(cell)
    if not re.fullmatch(pattern(reading.decimal, reading.thousands), text):
        return None
    if reading.thousands:
        text = text.replace(reading.thousands, "")
    value = float(text.replace(reading.decimal, "."))
    return value / 100 if reading.percent or "%" in cell.translate(PLAIN) else value


def judge(cells: Sequence[str], *, like: Reading | None = None) -> NumberFit | None:
    """How filled cells read as numbers, None where fewer than half of them could be one.

    `like` is the style that other columns of the same file leave no doubt about.
    """
    candidates = [cell for cell in cells if looks_like_number(cell)]
    if not cells or len(candidates) < 0.5 * len(cells):
        return None
    cores = [core(cell) for cell in candidates]
    fits = {style: sum(bool(re.fullmatch(pattern(*style), c)) for c in cores) for style in STYLES}
    best = max(fits.values())
    winners = [style for style in STYLES if fits[style] == best]
    style, other = _choose(winners, cores, like)
    percent = sum("%" in cell.translate(PLAIN) for cell in candidates) >= 0.5 * len(candidates)
    reading = Reading(kind="number", decimal=style[0], thousands=style[1], percent=percent)
    values = [value for cell in candidates if (value := parse(cell, reading)) is not None]
    doubt = next((c for c in candidates if re.search(r"[.,]", core(c))), "") if other else ""
    return NumberFit(
        share=len(values) / len(cells),
        reading=reading,
        values=tuple(values),
        other=Reading(kind="number", decimal=other[0], thousands=other[1], percent=percent)
        if other
        else None,
        currency=_currency(candidates),
        example=doubt,
    )


Style = tuple[Literal[".", ","], str]


def _choose(
    winners: list[Style], cores: list[str], like: Reading | None
) -> tuple[Style, Style | None]:
    """The style, and another one that is as good but means other numbers."""
    if (".", "") in winners and not _three_digit_groups(cores, "."):
        # where points are decimals beyond doubt, commas further down can only part thousands
        return (".", "," if any(re.search(r"\.\d{1,2}$", c) for c in cores) else ""), None
    if like and (like.decimal, like.thousands) in winners:
        return (like.decimal, like.thousands), None
    if like and (same := [style for style in winners if style[0] == like.decimal]):
        return same[0], None
    for mark, opposite in ((",", "."), (".", ",")):
        if _three_digit_groups(cores, mark):
            grouped: Style = (".", ",") if mark == "," else (",", ".")
            decimal: Style = (",", "") if mark == "," else (".", "")
            if grouped in winners and decimal in winners and not _has(cores, opposite):
                return (decimal, grouped) if mark == "." else (grouped, decimal)
    return winners[0], None


def _three_digit_groups(cores: list[str], mark: str) -> bool:
    """Whether `mark` occurs and always as in 1,234: once, one to three digits before, three after.

    A leading zero (0.125) or an unmarked number above 999 rules out thousands written with a point.
    """
    marked = [c for c in cores if mark in c]
    shape = re.compile(rf"[+-]?[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}")
    if not marked or not all(shape.fullmatch(c) for c in marked):
        return False
    longer = any(mark not in c and len(re.sub(r"\D", "", c)) > 3 for c in cores)
    return mark == "," or not longer


def _has(cores: list[str], mark: str) -> bool:
    return any(mark in c for c in cores)


def _currency(cells: Sequence[str]) -> str:
    """The one currency sign beside the numbers, "" where there is none or more than one."""
    found: Counter[str] = Counter()
    for cell in cells:
        if sign := re.search(CURRENCY, cell):
            found[CURRENCY_WORDS.get(sign.group(), sign.group()).replace("￥", "¥")] += 1
    return next(iter(found)) if len(found) == 1 else ""
