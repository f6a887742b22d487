"""Sentences and verdicts about scenarios. Knows no Streamlit."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ui import format as fmt
from ui.what_if_asked import Share
from ui.what_if_work import Result

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NOTHING = 5e-4  # of a whole, below which a difference is none
SIBLINGS_HELP = (
    "A cheaper product takes sales from the rest of its category, a dearer one gives. Counted "
    "where past promotions show it; off: every product is taken alone."
)
BESIDE = {  # `Answerer.beside`: what is said of it
    "untold": "What a cheaper product takes from the rest of its category cannot be told from "
    "these sales (too few promotions beside others), so nothing is taken off.",
    "off": "What cheaper products take from the rest of their category is not counted.",
}
Verdict = tuple[str, str]  # words and the colour of their badge


def letter(number: int) -> str:
    """What a scenario is called in charts.

    >>> letter(0), letter(27)
    ('A', 'B2')
    """
    return LETTERS[number % 26] + (str(number // 26 + 1) if number >= 26 else "")


def verdict(result: Result) -> Verdict:
    """What a scenario does, in two or three words; a band with zero in it decides nothing.

    >>> up = {"difference": 9.0, "low": 5.0, "high": 12.0, "plan": 90.0}
    >>> off = {"difference": -1.0, "low": -3.0, "high": 1.0, "plan": 50.0}
    >>> verdict({"totals": {"units": up, "revenue": up, "margin": off}})
    ('more units, same margin', 'blue')
    >>> verdict({"totals": {"units": off, "revenue": off, "margin": off}})
    ('could be chance', 'gray')
    """
    totals = result["totals"]
    units, money, name = _sign(totals["units"]), _sign(totals["margin"]), "margin"
    if totals["margin"]["difference"] is None:
        money, name = _sign(totals["revenue"]), "revenue"
    if not any(_moves(totals[each]) for each in ("units", "revenue", "margin")):
        return "no effect", "gray"
    if totals["revenue"]["difference"] is None and name == "revenue":
        return (
            ("could be chance", "gray") if not units else
            ("more units", "blue") if units > 0 else ("fewer units", "orange")
        )  # fmt: skip
    if not units and not money:
        return "could be chance", "gray"
    if money > 0:
        return f"more {name}" if units >= 0 else f"fewer units, more {name}", "green"
    if money < 0:
        return f"more units, less {name}" if units > 0 else f"costs {name}", "orange"
    return ("more" if units > 0 else "fewer") + f" units, same {name}", "blue"


def _moves(total: Mapping[str, Any]) -> bool:
    return bool(total["difference"]) and abs(total["difference"]) > 1e-9


def _sign(total: Mapping[str, Any]) -> int:
    """1 or -1 where the whole band lies on one side of zero."""
    if total["low"] is None:
        return 0
    return int(total["low"] > 0) - int(total["high"] < 0)


def change(total: Mapping[str, Any]) -> float | None:
    """The relative difference to the plan; None where it is not known."""
    if total["difference"] is None or not total["plan"]:
        return None
    return float(total["difference"] / abs(total["plan"]))


def growth(value: float | None) -> str:
    """A relative difference with a decimal more where it is small.

    >>> growth(0.022), growth(-0.0042), growth(0.0004), growth(0.00001), growth(None)
    ('+2.2%', '−0.4%', '+0.04%', '0%', '–')
    """
    if value is not None and 5e-5 <= abs(value) < 5e-4:
        return f"{value:+.2%}".replace("-", fmt.MINUS)
    return fmt.growth(value) if value is None or abs(value) >= 5e-4 else "0%"


def between(total: Mapping[str, Any], measure: str, currency: str) -> str:
    """The difference and its band, for a hover."""
    if total["difference"] is None:
        return fmt.DASH
    low, high = (signed(total[name], measure, currency) for name in ("low", "high"))
    return (
        f"{signed(total['difference'], measure, currency)}; in 8 of 10 cases between "
        f"{low} and {high}"
    )


def signed(value: float | None, measure: str, currency: str) -> str:
    """An amount with its sign.

    >>> signed(1940, "quantity", ""), signed(-18400, "revenue", "€"), signed(0.2, "quantity", "")
    ('+1,940', '−€18.4K', '+0.2')
    """
    if value is None or pd.isna(value):
        return fmt.DASH
    text = fmt.amount(value, measure, currency)
    nothing = not any(character in "123456789" for character in text)
    return "0" if nothing else text if value < 0 else f"+{text}"


def cell(value: float | None) -> str:
    """Units for a cell of the grid, with plain signs.

    >>> cell(1940.4), cell(-310.0), cell(0.01), cell(None)
    ('+1,940', '-310', '0', '–')
    """
    if value is None or pd.isna(value):
        return fmt.DASH
    if abs(value) < 0.05:
        return "0"
    return f"{value:+,.0f}" if abs(value) >= 9.95 else f"{value:+,.1f}"


def stands_on(name: str, last_day: Any, *, first: str, last: str, series: int) -> str:
    """The caption: what answers, until when there are sales, and what is compared."""
    by = f"“{fmt.escape(name)}”" if name else "last year's weeks and measured price effects"
    span = fmt.span(pd.Timestamp(first), pd.Timestamp(last))
    return (
        f"Built on {by} and data through {fmt.day(last_day)} · compares {span}, "
        f"{fmt.count(series, 'product in places', 'products in places')}. Nothing changes until "
        "you make a scenario the plan."
    )


def shares(parts: Sequence[Share], rest: str) -> list[str]:
    """Which run answers for a part of what is asked, and why one in use does not."""
    found = []
    for part in parts:
        name, of = fmt.escape(part.name), fmt.escape(part.words)
        if part.asker is None:
            found.append(
                f"“{name}” is in use for {of}, but {part.why}: “{fmt.escape(rest)}” answers."
            )
        else:
            found.append(f"For {of} “{name}” answers, which is in use there.")
    return found


def warnings(result: Result, titles: Sequence[str]) -> list[str]:
    """One line each, most important first: lines that mean nothing, then what to know."""
    found = []
    for number, text in sorted(result["problems"].items(), key=lambda each: int(each[0])):
        at = int(number)
        title = f" ({fmt.escape(titles[at])})" if at < len(titles) else ""
        found.append(f":red-badge[Line {at + 1}] {fmt.escape(text)} :gray[Left out{title}.]")
    if below := result.get("below"):  # results kept by earlier versions do not say
        found.append(f":red[:material/warning:] {below}")
    found += [f":orange[:material/warning:] {_note(text)}" for text in result["notes"]]
    if result["totals"]["margin"]["plan"] is None:
        found.append(
            ":orange[:material/warning:] **No unit cost is known**, so margins are not. Set it "
            "under “How we order” on the Inventory page."
        )
    elif result["costless"]:
        count = fmt.count(result["costless"], "product in places", "products in places")
        found.append(f":orange[:material/warning:] Margins leave out {count} without a unit cost.")
    return found


def _note(text: str) -> str:
    """A note with the part that decides in bold."""
    head, sign, rest = text.partition(" (")
    if sign and "was never charged" in head:
        return f"**{fmt.escape(head)}** ({fmt.escape(rest)}"
    return fmt.escape(text)


def assumption(by: str) -> str:
    """What stands behind units, for a hover."""
    how = (
        f"“{by}” was asked twice, as planned and as changed; where the past contradicts its answer "
        "to a price, the measured elasticity answers."
        if by
        else "Last year's weeks, times what prices, promotions and the days around them did to "
        "each product so far."
    )
    return f"{how} Both see the same luck, so the band is that of the difference."
