"""What the new value of a line says: "-10%", "1.99", "x.99", "2 for 1.80" or "to 30 Nov".

Knows no Streamlit.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pandas as pd

from forecasting.scenarios import Change
from ui import what_if_kinds as kinds
from ui.what_if_kinds import Line, RuleError

_NUMBER = r"(\d+(?:[.,]\d+)?|[.,]\d+)"
_CURRENCIES = "€$£¥₹₩₽₺zł"


def change_of(line: Line, days: Mapping[str, Any], currency: str) -> Change:
    """The change of a line that is not of an event. Raises `RuleError`."""
    if line.kind == kinds.OUT:
        return Change(kind="stock_out", **days)
    if line.kind == kinds.NO_PROMOTION:
        return Change(kind="no_promotion", **days)
    if line.kind == kinds.MOVE:
        return Change(kind="move_promotion", shift=shift_of(line.value, days["first"]), **days)
    text = _without_currency(line.value, currency)
    if line.kind == kinds.DEMAND:
        return Change(kind="demand", how="percent", value=_percent(text, line), **days)
    if line.kind == kinds.LAUNCH:
        share = _percent(text or "100%", line)
        if share <= 0:
            raise RuleError("A launch sells more than nothing. Give a share, as 80%.")
        return Change(kind="demand", how="percent", value=share, **days)
    if line.kind == kinds.PROMOTION:
        how, value = _promotion(text, line)
        return Change(kind="promotion", how=how, value=value, **days)
    how, value, ending = _amount(text, line)
    if line.kind == kinds.COST:
        return Change(kind="cost", how=how, value=value, **days)
    return Change(column="price", how=how, value=value, ending=ending, **days)


def shift_of(text: str, first: pd.Timestamp) -> int:
    """Days by which a promotion moves. Raises `RuleError`.

    >>> shift_of("+7 days", pd.Timestamp("2026-11-23")), shift_of("1 week", pd.Timestamp(0))
    (7, 7)
    >>> shift_of("to 2026-11-20", pd.Timestamp("2026-11-23"))
    -3
    """
    if found := re.fullmatch(r"([+−-]?)\s*(\d+)\s*(day|week)s?", text.strip().lower()):
        days = int(found[2]) * (7 if found[3] == "week" else 1)
        shift = -days if found[1] in ("-", "−") else days
    else:
        wanted = re.sub(r"^to\s+", "", text.strip(), flags=re.IGNORECASE)
        if not wanted:
            raise RuleError("Say where to, as “to 30 Nov” or “+7 days”.")
        shift = (kinds.near(wanted, first.date()) - first.date()).days
    if not shift:
        raise RuleError("It is moved to where it is. Choose another day.")
    return shift


def event_of(line: Line) -> tuple[str, str]:
    """The name of the event of a line, and where it moves to ("": it is off)."""
    text = line.value.strip()
    if line.kind == kinds.MOVE_EVENT:
        name, sign, to = text.rpartition(" to ")
        if not sign or not name.strip() or not to.strip():
            raise RuleError("Say which event and where to, as “11.11 to 18 Nov”.")
        return name.strip(), to.strip()
    if not text:
        raise RuleError("Say which event, as “Black Friday”.")
    return text, ""


def _without_currency(text: str, currency: str) -> str:
    for sign in set(re.findall(f"[{_CURRENCIES}]", text)):
        if currency and sign not in currency:
            raise RuleError(f"“{text}” is not in {currency}, the currency of these sales.")
        text = text.replace(sign, "")
    if found := re.search(r"\b(EUR|USD|GBP|CHF|CNY|JPY|SEK|PLN)\b", text):
        raise RuleError(
            f"“{text}” names {found[1]}. Give the number alone, in the sales' currency."
        )
    return text.strip().replace("−", "-").replace("–", "-")


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _percent(text: str, line: Line) -> float:
    """A change in percent: +15%, 15%, x1.5."""
    if found := re.fullmatch(rf"[x×]\s*{_NUMBER}", text.lower()):
        return 100 * (_number(found[1]) - 1)
    found = re.fullmatch(rf"([+-]?)\s*{_NUMBER}\s*%", text)
    if not found:
        raise _unclear(line)
    value = _number(found[2]) * (-1 if found[1] == "-" else 1)
    if value < -100:
        raise RuleError(f"{line.value} would go below zero. Use at most -100%.")
    return value


def _amount(
    text: str, line: Line
) -> tuple[Literal["to", "percent", "amount"], float, float | None]:
    """How, value and price ending of a price or cost."""
    ending = None
    if line.kind == kinds.PRICE and (found := re.search(r"\s*\bx[.,](\d+)$", text.lower())):
        ending, text = float(f"0.{found[1]}"), text[: found.start()].strip()
        if not text:
            return "percent", 0.0, ending
    if re.fullmatch(rf"[+-]?\s*{_NUMBER}\s*%", text):
        value = _percent(text, line)
        if value <= -100 and line.kind == kinds.PRICE:
            raise RuleError(f"{line.value} makes the price zero or less. Give a price above zero.")
        return "percent", value, ending
    found = re.fullmatch(rf"([+-]?)\s*{_NUMBER}", text)
    if not found:
        raise _unclear(line)
    value = _number(found[2])
    if found[1]:
        return "amount", -value if found[1] == "-" else value, ending
    if value <= 0 and line.kind == kinds.PRICE:
        raise RuleError(f"A price of {line.value} cannot be. Give one above zero.")
    return "to", value, ending


def _promotion(text: str, line: Line) -> tuple[Literal["to", "percent", "amount"], float]:
    """How and value: of 20% and -20% off, 1.99, 2 for 1.80, 3 for 2, or announced only."""
    if not text:
        return "percent", 0.0
    if found := re.fullmatch(rf"(\d+)\s*(?:for|x)\s*{_NUMBER}", text.lower()):
        pieces, paid = int(found[1]), _number(found[2])
        if not pieces or not paid:
            raise _unclear(line)
        if found[2].isdecimal() and paid < pieces:  # three for the price of two
            return "percent", 100 * (paid / pieces - 1)
        return "to", paid / pieces
    if found := re.fullmatch(rf"[+-]?\s*{_NUMBER}\s*%(?:\s*off)?", text.lower()):
        depth = _number(found[1])
        if depth >= 100:
            raise RuleError(f"{line.value} off leaves no price. Use less than 100%.")
        return "percent", -depth
    how, value, _ = _amount(text, replace(line, kind=kinds.PRICE))
    return how, value


def _unclear(line: Line) -> RuleError:
    shown = f"“{line.value}”" if line.value else "An empty value"
    return RuleError(
        f"{shown} says nothing for {line.kind.lower()}. Write {kinds.EXAMPLES[line.kind]}."
    )
