"""What a replay says, in sentences: which way did better, and what to ask for."""

import math

from ui import format as fmt
from ui import inventory_replay_results as results
from ui.inventory_replay_results import BOOK, OURS, RECORDED, Found
from ui.inventory_words import percent

SAME = 0.005  # a share of stock that makes no difference
SAME_POINTS = 0.05
NEAR = 0.005  # service, within which what was asked for was served


def verdict(found: Found) -> str:
    """Ours against the textbook rule, in one sentence; in a second one with the same stock."""
    ours, book = results.sums(found, OURS), results.sums(found, BOOK)
    points = (ours.served - book.served) * 100
    if not math.isfinite(points):
        return "Nothing was sold in these weeks, so nothing can be compared."
    stock = _stock(ours, book)
    if abs(points) < SAME_POINTS:
        said = f"Would have served as much as the {BOOK.lower()}, {stock}."
    else:
        more = "more" if points > 0 else "less"
        said = (
            f"Would have served {abs(points):.1f} points {more} than the {BOOK.lower()}, {stock}."
        )
    same = (results.at_stock_of(found, BOOK) - book.served) * 100
    if math.isfinite(same) and abs(same) >= SAME_POINTS:
        said += (
            f" With as much stock as it: {abs(same):.1f} points {'more' if same > 0 else 'less'}."
        )
    return said


def hint(found: Found) -> str:
    """What was asked for, what was served, and what to ask for instead; "" where it is right."""
    asked = results.service_asked(found.items)
    served = results.sums(found, OURS).served
    if asked is None or not math.isfinite(served):
        return ""
    target, level = asked
    if target == "fill":
        said = f"Asked for {percent(level)} of units, this served {fmt.share(served)}"
    else:
        said = (
            f"Asked for {percent(level)} of order cycles without a stock-out, this served "
            f"{fmt.share(served)} of units"
        )
    other = results.to_ask(found, level)
    if not math.isfinite(other) or (target == "fill" and abs(served - level) < NEAR):
        return f"{said}."
    return f"{said}; to serve {percent(level)} of units, ask for {other:.0%}."


def against_the_shop(found: Found) -> str:
    """What the shop itself held, where its stock was written down."""
    ours, was = results.sums(found, OURS), results.sums(found, RECORDED)
    if not was.stock > 0:
        return ""
    if math.isfinite(was.served):
        points = (ours.served - was.served) * 100
        more = "more" if points >= 0 else "less"
        return f"The shop served {fmt.share(was.served)} of what was probably wanted, so ours is " \
            f"{abs(points):.1f} points {more}, {_stock(ours, was)} than it held."  # fmt: skip
    return f"Against what the shop held: {_stock(ours, was)}."


def _stock(ours: results.Sums, other: results.Sums) -> str:
    """How much more or less stock, at cost where that is known."""
    known = ours.stock_cost > 0 and other.stock_cost > 0
    a, b = (ours.stock_cost, other.stock_cost) if known else (ours.stock, other.stock)
    ratio = a / b - 1 if b > 0 else 0.0
    if abs(ratio) < SAME:
        return "with as much stock"
    return f"with {abs(ratio):.0%} {'more' if ratio > 0 else 'less'} stock"
