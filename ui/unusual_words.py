"""Why a period is unusual, in words; and what was decided, as sentences and files."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from data.corrections import Batch
from data.scope import Freq
from ui import format as fmt
from ui.forecasts import NOUN
from ui.unusual_cells import Effect
from ui.unusual_facts import UNIT_MISTAKE, WHOLE

KINDS = {
    "high": "High",
    "low": "Low",
    "negative": "Returns",
    "repeat": "Repeated",
    "price": "Price",
    "day": "Whole scope",
}
COLOURS = {
    "High": "orange", "Low": "blue", "Returns": "violet", "Repeated": "gray", "Price": "yellow",
    "Whole scope": "red",
}  # fmt: skip
DONE = {"keep": "Kept", "cap": "Capped", "replace": "Replaced", "exclude": "Excluded"}
STATES = {**DONE, "accept": "Out of stock"}
LARGE = 0.5  # share of what was sold, from which one order is the reason

Row = Mapping[Any, Any]


def in_thousand(count: int, of: int) -> str:
    """How many of a thousand, with no more decimals than say something.

    >>> in_thousand(23, 42_000), in_thousand(2, 4_000_000), in_thousand(0, 10), in_thousand(9, 300)
    ('0.55', 'under 0.01', '0', '30')
    """
    share = 1000 * count / max(of, 1)
    if not count:
        return "0"
    return "under 0.01" if share < 0.01 else f"{share:.2f}" if share < 10 else f"{share:.0f}"


def times(row: Row) -> float:
    """How many times the usual was sold, by size."""
    return abs(float(row["sold"])) / max(float(row["expected"]), 0.01)


def when(row: Row, freq: Freq) -> str:
    """The period, or the span of a run, always with its year."""
    first = pd.Timestamp(row["first"])
    if row["at"] != row["until"]:
        return fmt.span(first, row["last"])
    if freq == "M":
        return f"{first:%b} {first.year}"
    return f"{'week of ' if freq == 'W' else f'{first:%a} '}{first.day} {first:%b} {first.year}"


def why(row: Row, cause: Row | None, freq: Freq) -> str:
    """The reason in at most about 45 characters, for a table."""
    kind = row["kind"]
    if kind == "repeat":
        return f"Same value {_length(row)} {NOUN[freq][1]} in a row"
    if kind == "price":
        return "Price 0" if not row["price"] else "Price ten times off or more"
    if kind == "day":
        more = row["sold"] > row["expected"]
        return f"Everything sold {'much more' if more else 'far less'} than usual"
    if cause is not None and (named := _order(row, cause, short=True)):
        return named
    if kind == "negative":
        return "More came back than was sold"
    if kind == "low":
        return "Nothing sold" if not row["sold"] else f"{_share(row)} of the usual"
    if row["expected"] < 0.05:
        return "Hardly sells around then"
    if times(row) >= UNIT_MISTAKE:
        return f"{times(row):,.0f} times the usual: unit mistake?"
    return f"{times(row):.{0 if times(row) >= 9.95 else 1}f} times the usual"


def sentence(row: Row, cause: Row | None, freq: Freq, currency: str) -> str:
    """All that is known of a finding, as a few short sentences; not escaped."""
    kind, sold = row["kind"], fmt.units(row["sold"])
    moment = when(row, freq)
    if kind == "repeat":
        parts = [f"Sold {sold} in each of {_length(row)} {NOUN[freq][1]}, {moment}"]
        parts.append("numbers that never vary were mostly filled in, not sold")
    elif kind == "price":
        parts = [
            f"{sold} sold at {fmt.price(row['price'], currency)} ({moment}); "
            f"usually {fmt.price(row['usual_price'], currency)}"
        ]
    else:
        what = "All products together sold" if row["series"] == WHOLE else "Sold"
        parts = [f"{what} {sold} ({moment}); {_usual(row, freq)}: {band(row)}"]
        if kind == "high" and times(row) >= UNIT_MISTAKE and row["expected"] >= 0.05:
            parts.append(f"{times(row):,.0f} times the usual: a unit mistake?")
        if kind == "negative":
            parts.append("more came back than was sold")
    parts.append(_known(row))
    if cause is not None and (named := _order(row, cause, short=False)):
        parts.append(named)
    return " ".join(
        f"{part[0].upper()}{part[1:]}{'' if part[-1] in '?.' else '.'}" for part in parts
    )


def band(row: Row) -> str:
    """The ends of the usual."""
    low, high = (fmt.units(row[end]) for end in ("low", "high"))
    return low if low == high else f"{low}–{high}"


def preview(effect: Effect, action: str, freq: Freq, currency: str) -> str:
    """What a decision would change, in a sentence."""
    left = f" {fmt.count(effect.left, 'finding')} cannot be changed so." if effect.left else ""
    if not effect.findings or effect.rows.empty:
        return f"Nothing would change.{left}"
    days = fmt.count(len(effect.rows), "product-day")
    found = fmt.count(effect.findings, "finding")
    if action == "keep":
        return f"Keeps {found} ({days}) as sold; not listed as open any more.{left}"
    if action == "exclude":
        return (
            f"Leaves out {days} of {found} with {fmt.units(effect.units_before)} units: a gap in "
            f"charts, nothing for models to learn from.{left}"
        )
    money = "" if pd.isna(effect.money) else f", revenue {_signed(effect.money, currency)}"
    return (
        f"Changes {days} of {found}: {fmt.units(effect.units_before)} → "
        f"{fmt.units(effect.units_after)} units{money}.{left}"
    )


def batch(entry: Batch) -> str:
    """What was done in a batch."""
    rule = str(entry.rule.get("words") or "")
    days = fmt.count(entry.days, "product-day")
    units = ""
    if entry.action in ("cap", "replace", "accept"):
        sign = "+" if entry.units > 0 else ""
        units = f", {sign}{fmt.units(entry.units)} units"
    return f"{STATES.get(entry.action, entry.action)} {days}{units}{': ' + rule if rule else ''}"


def findings_csv(table: pd.DataFrame, names: list[str], whys: list[str], freq: Freq) -> str:
    """The findings as a file: text that a spreadsheet could take for a formula is guarded."""
    return pd.DataFrame(
        {
            "kind": [KINDS[kind] for kind in table["kind"]],
            "series": [fmt.cell(name) for name in names],
            "first_day": table["first"].dt.strftime("%Y-%m-%d"),
            "last_day": table["last"].dt.strftime("%Y-%m-%d"),
            "period": NOUN[freq][0],
            "sold": table["sold"].round(2),
            "usual": table["expected"].round(2),
            "usual_from": table["low"],
            "usual_to": table["high"],
            "price": table["price"].round(4),
            "at_stake": table["stake"].round(2),
            "promotion": table["promoted"],
            "event": [fmt.cell(name) for name in table["event"]],
            "why": whys,
            "state": table["state"].replace("", "Open"),
        }
    ).to_csv(index=False)


def log_csv(entries: list[Batch]) -> str:
    """The log as a file, guarded like the findings."""
    return pd.DataFrame(
        [
            {
                "number": each.batch_id,
                "made_at": each.made_at.isoformat(sep=" ", timespec="seconds"),
                "who": fmt.cell(each.author),
                "action": STATES.get(each.action, each.action),
                "what": fmt.cell(str(each.rule.get("words") or "")),
                "why": fmt.cell(each.reason),
                "product_days": each.days,
                "in_force": each.in_force,
                "units": round(each.units, 2),
                "undone_at": each.undone_at.isoformat(sep=" ", timespec="seconds")
                if each.undone_at
                else "",
                "undone_by": fmt.cell(each.undone_by or ""),
            }
            for each in entries
        ]
    ).to_csv(index=False)


def _signed(money: float, currency: str) -> str:
    """An amount with its sign, kept on one line by a word joiner."""
    text = fmt.money(money, currency)
    return f"+\u2060{text}" if money > 0 else text.replace(fmt.MINUS, fmt.MINUS + "\u2060")


def _length(row: Row) -> int:
    return int(row["until"]) - int(row["at"]) + 1


def _share(row: Row) -> str:
    return f"{float(row['sold']) / max(float(row['expected']), 0.01):.0%}"


def _usual(row: Row, freq: Freq) -> str:
    if freq == "D":
        return f"a usual {pd.Timestamp(row['first']):%A} then"
    return f"a usual {NOUN[freq][0]} then"


def _known(row: Row) -> str:
    promotion = "on promotion" if row["promoted"] else "no promotion"
    return f"{promotion}, {'around ' + row['event'] if row['event'] else 'no event'}"


def _order(row: Row, cause: Row, *, short: bool) -> str:
    """The order or return that makes the period what it is; "" where none does."""
    size = LARGE * max(abs(float(row["sold"])), 1.0)
    quantity = float(cause["bought"] if row["kind"] == "high" else cause["returned"])
    if abs(quantity) < size or not quantity:
        return ""
    if row["kind"] == "high":
        what = "one order of" if cause["lines"] > 1 else "one order alone, of"
    else:
        what = "a return of"
    if short:
        return f"{what[0].upper()}{what[1:]} {fmt.units(abs(quantity))}"
    largest = cause["customer"] and float(cause["quantity"]) == quantity
    who = f" by customer {cause['customer']}" if largest else ""
    return f"{what} {fmt.units(abs(quantity))} units{who}"
