"""Prices in the words of a merchandiser. Knows no Streamlit."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from data.cells import WrongCell, number
from data.errors import PriceError
from data.price_rules import ShopRules
from ui import format as fmt

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

TRUST = {  # badge, colour, what it means
    "own": ("Own", "green"),
    "shared": ("Partly own", "blue"),
    "category": ("Category's", "orange"),
    "odd": ("Category's", "orange"),
    "none": ("None", "gray"),
}
TRUST_HELP = (
    "Own: the product's own price changes say how its sales answer. Partly own: drawn to what its "
    "category does, because its own say little. Category's: its price never moved, or its own "
    "sales make no sense. None: no price of its category moved enough, or its sales rise with it."
)
ELASTICITY_HELP = (
    "Price elasticity: what a 1% higher price does to units, apart from season, promotions, growth "
    "and what the rest of the category does."
)
REGRET_HELP = (
    "Expected loss a week against the price that would turn out best, since the answer of sales is "
    "only known within its band. Small: little can go wrong, and testing more prices would teach "
    "little."
)


SHAPES = {"nines": "End in 9", "steps": "Steps", "points": "Price points", "any": "Any cent"}


def points(text: str) -> tuple[float, ...]:
    """The prices of a ladder as somebody typed them, ascending and each once.

    >>> points("7,99; 4.99 9.99\\n4.99")
    (4.99, 7.99, 9.99)
    """
    found = set()
    for part in text.replace(";", " ").split():
        try:
            found.add(number(part))
        except WrongCell as error:
            raise PriceError(
                f"“{error.value}” in the price points {error.reason}. Write them apart by blanks, "
                "such as 4.99 7.99 9.99."
            ) from error
    return tuple(sorted(found))


def rules(given: ShopRules, limited: int, currency: str, *, has_cost: bool) -> str:
    """The rules in force besides the change, in a line; "" where nothing is asked for.

    >>> rules(ShopRules(over_competitor=0.05), 12, "€", has_cost=True)
    'prices end in 9 · at most 5% above the competitor · limits of 12 products'
    """
    shapes = {
        "nines": "prices end in 9",
        "steps": f"prices {fmt.price(given.step, currency)} apart"
        + (f", less {fmt.price(given.under, currency)}" if given.under else ""),
        "points": fmt.count(len(given.points), "price point"),
        "any": "any cent",
    }
    said = [shapes[given.shape]]
    if given.least_margin is not None and has_cost:
        said.append(f"margin at least {_percent(given.least_margin)}")
    near = [
        f"at most {_percent(share)} {way}"
        for share, way in ((given.over_competitor, "above"), (given.under_competitor, "below"))
        if share is not None
    ]
    said += [" or ".join(near) + " the competitor"] if near else []
    ends = [
        f"{way} {_percent(share)}"
        for share, way in ((given.category_from, "from"), (given.category_to, "to"))
        if share is not None
    ]
    said += [" ".join(ends) + " of its category"] if ends else []
    if given.stock_weeks is not None:
        said.append(f"the stock lasts {fmt.count(round(given.stock_weeks), 'week')}")
    if given.tested_only:
        said.append("only prices charged before")
    if limited:
        said.append(f"limits of {fmt.count(limited, 'product')}")
    return " · ".join(said)


def _percent(share: float) -> str:
    return f"{round(share * 100, 2):g}%"


def answer(elasticity: float | None) -> str:
    """What a one percent higher price does.

    >>> answer(-1.84), answer(-0.003), answer(None)
    ('sells 1.8% less', 'sells the same', '–')
    """
    if elasticity is None or math.isnan(elasticity):
        return fmt.DASH
    shown = f"{abs(elasticity):.1f}"
    if shown == "0.0":
        return "sells the same"
    return f"sells {shown}% {'less' if elasticity < 0 else 'more'}"


def answer_band(elasticity: float, error: float, z: float) -> str:
    """The band of that answer.

    >>> answer_band(-1.8, 0.2, 1.2816), answer_band(-0.2, 0.5, 1.2816)
    ('1.5% to 2.1% less', '0.0% to 0.8% less')
    """
    low, high = (max(-(elasticity + way * z * error), 0.0) for way in (1, -1))
    return f"{low:.1f}% to {high:.1f}% less"


def money_range(low: float | None, high: float | None, currency: str) -> str:
    """From one amount to another.

    >>> money_range(-12, 40, "€"), money_range(None, 1, "€")
    ('−€12 to €40', '–')
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return fmt.DASH
    return f"{fmt.money(low, currency)} to {fmt.money(high, currency)}"


def advice(line: dict[str, Any], goal: str, currency: str) -> str:
    """The answer for one product, in Markdown: best price, gain and how sure."""
    if math.isnan(line["best"]):
        return "**No advice.** " + fmt.escape(line["note"])
    price = fmt.price(line["best"], currency)
    if line["best"] == line["price"]:
        return f"**Keep {_safe(price)}.** No allowed price is expected to bring more {goal}."
    gain = fmt.money(line["gain"], currency)
    band = money_range(line["gain_low"], line["gain_high"], currency)
    text = (
        f"**{_safe(price)}** instead of {_safe(fmt.price(line['price'], currency))} "
        f"({fmt.growth(line['change'])}) is best for {goal}: **{_safe(gain)} more a week**, in "
        f"8 of 10 cases {_safe(band)}."
    )
    if line["gain_low"] <= 0:
        text += " It could turn out to be nothing."
    return text


def effects(line: dict[str, Any]) -> str:
    """What the best price does to units."""
    change = line["units_then"] / line["units_now"] - 1 if line["units_now"] > 0 else None
    return (
        f"{fmt.units(line['units_then'])} units a week instead of {fmt.units(line['units_now'])} "
        f"({fmt.growth(change)})."
    )


def regret(line: dict[str, Any], currency: str) -> str:
    """The price of being wrong."""
    then, stay = (_safe(fmt.money(line[name], currency)) for name in ("regret", "regret_now"))
    return f"Expected loss for not knowing better: {then} a week; {stay} if the price stays."


def short(line: dict[str, Any]) -> str:
    """A note for a cell of a table.

    >>> short({"best": 4.9, "beyond": True, "trust": "own", "note": "..."})
    'never charged so far'
    """
    if math.isnan(line["best"]):
        return str(line["note"])
    if line["beyond"]:
        return "never charged so far"
    return "own price never moved" if line["trust"] == "category" else ""


def table(
    frame: pd.DataFrame, *, percents: Sequence[str], money: Sequence[str], currency: str
) -> "Styler":
    """A table whose columns read as signed percents and as money, and still sort by their values.

    A printf format would write €-127.
    """
    styled = fmt.with_signed_percents(frame, dict.fromkeys(percents, 0))

    def written(value: object) -> str:
        return _full(float(value), currency)  # type: ignore[arg-type]

    return styled.format(written, subset=list(money))


def _full(value: float, currency: str) -> str:
    """Whole money, never shortened, with a plain sign as cells have it.

    >>> _full(-1127.4, "€"), _full(-0.2, "€"), _full(float("nan"), "€")
    ('-€1,127', '€0', '–')
    """
    if math.isnan(value):
        return fmt.DASH
    whole = round(value)
    return f"{'-' if whole < 0 else ''}{currency}{abs(whole):,}"


def _safe(text: str) -> str:
    return text.replace("$", "\\$")
