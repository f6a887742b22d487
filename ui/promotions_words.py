"""Promotions in the words of a merchandiser. Knows no Streamlit."""

import math
from typing import Any

from forecasting.causal import Effect
from ui import format as fmt
from ui import prices_words

VERDICT = {  # badge, colour
    "earned": ("Earned", "green"),
    "lost": ("Cost money", "red"),
    "chance": ("Could be chance", "gray"),
    "unknown": ("Too little sold", "gray"),
}
VERDICT_HELP = (
    "Earned or cost money: in at least 9 of 10 cases the net effect is above or below zero. Could "
    "be chance: the same might have come about without it."
)
NET_HELP = (
    "What it brought, less what the same days would have brought without it, with the days around "
    "it and what it took from the rest of its category. In margin where the unit cost is known, "
    "else in revenue. Costs of advertising are not known here."
)
WITHOUT_HELP = (
    "Units of the same days at the usual price: the product's own level of eight weeks around it, "
    "times what the rest of its category did on those days."
)
AROUND_HELP = (
    "A week after, people have stock at home; a week before, some wait. Negative: sales that were "
    "only moved."
)
OTHERS_HELP = (
    "What the rest of its category sold less because of it. Too small to see in one promotion, so "
    "it is measured over all of them."
)


def headline(line: dict[str, Any], currency: str) -> str:
    """What a promotion came to, in Markdown."""
    what = "margin" if line["has_cost"] else "revenue"
    net, band = line["net"], prices_words.money_range(line["net_low"], line["net_high"], currency)
    if line["verdict"] == "unknown":
        return f"**Nothing can be said.** {line['note']}"
    word = {"earned": "earned", "lost": "cost"}.get(line["verdict"])
    amount = fmt.money(abs(net), currency)
    if word is None:
        signed = fmt.money(net, currency)
        text = f"**Could be chance.** Net {what} {signed}, in 8 of 10 cases {band}."
    else:
        text = f"**It {word} {amount}** of {what}, all counted; in 8 of 10 cases {band}."
    return text.replace("$", "\\$").replace(fmt.MINUS, fmt.MINUS + "\u2060")  # kept on one line


def parts(line: dict[str, Any]) -> list[tuple[str, str]]:
    """How its units add up: a row each."""

    def signed(value: float) -> str:
        text = fmt.units(round(value))
        return f"+{text}" if value > 0 and text != "0" else text

    return [
        ("Sold", fmt.units(round(line["sold"]))),
        ("Would have sold without it", fmt.units(round(line["without"]))),
        ("More", signed(line["lift"])),
        ("The week before", signed(line["before"])),
        ("The week after", signed(line["after"])),
        ("Rest of its category", signed(line["others"])),
        ("Net units", signed(line["net_units"])),
    ]


def check(effect: Effect, controls: int) -> str:
    """The causal check in words, in Markdown."""
    band = f"{fmt.units(round(effect.low))} to {fmt.units(round(effect.high))}"
    amount = fmt.units(round(abs(effect.total)))
    more = "more" if effect.total >= 0 else "less"
    head = {
        "more": f"**It sold {amount} units more than untouched products say it would have.**",
        "less": f"**It sold {amount} units less than untouched products say it would have.**",
        "unclear": f"**No clear effect.** {amount} units {more}, which chance alone can do.",
    }[effect.verdict]
    text = f"{head} In 8 of 10 cases {band}. "
    spans = len(effect.placebos_time)
    text += (
        f"The same sum was done for {spans} earlier spans of that length, where nothing happened: "
        f"an effect as large comes up in {chance(effect.p_time)} of cases."
    )
    if not math.isnan(effect.p_space):
        text += (
            f" Done for each of the {controls} untouched products, {chance(effect.p_space)} "
            "show as much."
        )
    return text


def chance(p: float) -> str:
    """A p value as a share.

    >>> chance(0.0004), chance(0.034), chance(0.6)
    ('fewer than 1%', '3%', '60%')
    """
    return "fewer than 1%" if p < 0.01 else f"{p:.0%}"
