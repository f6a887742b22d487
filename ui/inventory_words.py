"""The words of the Inventory page: why an order, the sum behind it, captions. No Streamlit."""

from typing import Any

import pandas as pd

from ui import format as fmt
from ui.inventory_facts import LATE

LONGEST = 45  # characters of a reason in the list
PEAK = 1.3  # times the last weeks, from which demand is said to grow
TARGETS = {
    "cycle": "Share of order cycles without a stock-out",
    "fill": "Share of units served from stock",
    "cost": "Least cost: margin lost against holding",
}
Row = dict[str, Any]


def why(line: Row, move: Row | None, currency: str) -> str:
    """The one thing to know about a line, in at most 45 characters."""
    for text in _reasons(line, move, currency):
        if text and len(text) <= LONGEST:
            return text
    return ""


def _reasons(line: Row, move: Row | None, currency: str) -> list[str]:
    out = line["sells_out"]
    lead = days(line["lead_time_days"])
    found = []
    if line["stale"] >= 7:
        found.append(f"Stock is from {short_day(line['stock_day'])}: count it")
    if line["on_hand"] < 0:
        found.append("Stock is negative: promised already?")
    if line["note"].startswith("left out of the budget"):
        found.append("Not in the budget: cost is not known")
    if line["note"].startswith("held down"):
        found.append("Less, so that it sells before it spoils")
    if line["note"].startswith("the smallest order is more"):
        found.append("Smallest order is more than sells fresh")
    if move is not None:
        found.append(f"Move {fmt.units(move['quantity'])} from {move['from']} instead")
        found.append(f"Move {fmt.units(move['quantity'])} from elsewhere instead")
    if line["when"] == LATE and line["on_hand"] <= 0 and line["on_order"] > 0:
        found.append(f"Empty; {fmt.units(line['on_order'])} on order")
    if line["when"] == LATE and line["on_hand"] <= 0:
        found.append(f"Empty; delivery {short_day(line['delivery'])} at the earliest")
    if line["when"] == LATE and pd.notna(out):
        short = (line["delivery"] - out).days
        found.append(
            f"Delivery {short_day(line['delivery'])} is {fmt.count(short, 'day')} too late"
        )
    if line["recent"] > 0 and line["weekly"] >= PEAK * line["recent"]:
        times = line["weekly"] / line["recent"]
        found.append(f"Will sell {times:.1f} × its last 4 weeks")
    if line["quantity"] > 0 and line["rounding"] >= 0.3 * line["quantity"]:
        what = "Smallest order" if line["min_order"] > line["pack_size"] else "Full packs"
        size = max(line["min_order"], line["pack_size"])
        found.append(f"{what} of {fmt.units(size)} adds {fmt.units(line['rounding'])}")
    if line["unit_cost"] >= line["price"]:
        found.append(f"Sold at or below its cost of {fmt.price(line['unit_cost'], currency)}")
    if line["quantity"] > 0:
        found.append(f"Lead time {lead}; sells {fmt.units(line['weekly'])} a week")
    if line["excess"] >= 1:
        found.append(f"Sells {fmt.units(line['weekly'])} a week")
    return [*found, "Stock and deliveries are enough"]


def excess_why(line: Row, to: Row | None) -> str:
    """What to do about too much stock, in at most 45 characters."""
    if to is not None:
        text = f"Move {fmt.units(to['quantity'])} to {to['to']}"
        if len(text) <= LONGEST:
            return text
    if line["weekly"] < 0.05:
        return "Nearly nothing sells: mark down or return"
    if line["shelf_life_days"] < line["weeks_of_cover"] * 7:
        return "Spoils before it sells: mark down"
    return f"Sells {fmt.units(line['weekly'])} a week: order none for now"


def percent(value: float) -> str:
    """A share that somebody chose, as they would write it.

    >>> percent(0.95), percent(0.985)
    ('95%', '98.5%')
    """
    return f"{round(value * 100, 2):g}%"


def days(value: float) -> str:
    """A time in days.

    >>> days(1.0), days(14.0), days(2.5)
    ('1 day', '14 days', '2.5 days')
    """
    return f"{value:g} {'day' if value == 1 else 'days'}"


def short_day(value: object) -> str:
    """A day without its weekday, for narrow places.

    >>> short_day(pd.Timestamp("2026-12-08"))
    '8 Dec'
    """
    moment = pd.Timestamp(value)  # type: ignore[arg-type]
    return fmt.DASH if pd.isna(moment) else f"{moment.day} {moment:%b}"


def sum_rows(line: Row) -> list[tuple[str, str]]:
    """“Why 2,400?”: label and amount of each part; whole units that add up to the last row."""
    cycle = days(line["lead_time_days"] + line["review_days"])
    parts = [
        (f"Demand until the next delivery ({cycle})", line["expected_demand"]),
        ("Lost before this delivery comes", -line["lost_before"]),
        (_safety(line), line["safety"] + line["lost_before"]),
        ("In stock", -line["on_hand"]),
        ("On order", -line["on_order"]),
        (_rounding(line), line["rounding"]),
    ]
    whole = [round(float(value)) for _, value in parts]
    whole[2] += round(float(line["quantity"])) - sum(whole)  # what rounding leaves is safety
    shown = [
        (label, _signed(value) if at else fmt.units(value))
        for at, ((label, _), value) in enumerate(zip(parts, whole, strict=True))
        if value or at in (0, 3)
    ]
    return [*shown, ("Order", fmt.units(round(float(line["quantity"]))))]


def service(line: Row) -> str:
    """What an item is ordered for, in words."""
    level = percent(line["service_level"])
    return {
        "cycle": f"no stock-out in {level} of order cycles",
        "fill": f"{level} of units served from stock",
        "cost": "least cost of margin lost and stock held",
    }[str(line["target"])]


def _safety(line: Row) -> str:
    if line["quantity"] <= 0:
        return "Left over by then"
    if line["target"] == "cost":
        return "Safety, for least cost"
    return f"Safety, for {percent(line['service_level'])} service"


def _rounding(line: Row) -> str:
    if line["rounding"] < 0:
        return "Cut to the budget"
    if line["min_order"] > line["pack_size"] and line["quantity"] <= line["min_order"]:
        return f"Up to the smallest order of {fmt.units(line['min_order'])}"
    if line["pack_size"] == 1:
        return "Up to whole units"
    return f"Up to full packs of {fmt.units(line['pack_size'])}"


def _signed(value: int) -> str:
    """A part of a sum, with its sign.

    >>> _signed(610), _signed(-1120), _signed(0)
    ('+610', '−1,120', '0')
    """
    return f"+{fmt.units(value)}" if value > 0 else fmt.units(value)


def assumptions(line: Row, paths: int) -> str:
    """One sentence below the sum: where it comes from."""
    spread = ""
    if line["lead_time_sd_days"] > 0:
        low = max(line["lead_time_days"] - 1.28 * line["lead_time_sd_days"], 0)
        high = line["lead_time_days"] + 1.28 * line["lead_time_sd_days"]
        spread = f", {low:.0f}–{high:.0f} in 8 of 10 cases"
    return (
        f"From {paths:,} possible futures of demand and of the lead time "
        f"({days(line['lead_time_days'])}{spread}). Ordered every {days(line['review_days'])}, for "
        f"{service(line)}."
    )
