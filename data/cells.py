"""Cells of files that people write: numbers and codes, or what is wrong with them."""

from collections.abc import Mapping


class WrongCell(Exception):
    """A cell that cannot be read; caught where its line is known."""

    def __init__(self, value: str, reason: str) -> None:
        super().__init__(reason)
        self.value, self.reason = value, reason


def number(text: str) -> float:
    """A finite number, with a point or one comma; 95% is 0.95.

    >>> number("1 250.5"), number("4,99"), number("95%")
    (1250.5, 4.99, 0.95)
    """
    plain = text.replace(" ", "").replace("\u00a0", "")
    if plain.endswith("%"):
        return number(plain[:-1]) / 100
    if "," in plain and "." not in plain and plain.count(",") == 1:
        plain = plain.replace(",", ".")
    try:
        value = float(plain)
    except ValueError as error:
        raise WrongCell(text, "is not a number") from error
    if value != value or abs(value) == float("inf"):
        raise WrongCell(text, "is not a number")
    return value


def code(text: str, known: Mapping[str, int], what: str) -> int:
    """What a code stands for; an apostrophe before it guards it against spreadsheets.

    >>> code("'-7", {"-7": 3}, "product")
    3
    """
    text = text[1:] if text.startswith("'") and text not in known else text
    if text not in known:
        raise WrongCell(text, f"is no {what} here; use its code" if text else f"no {what} given")
    return known[text]
