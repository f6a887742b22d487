"""The order proposal: what to order where, late ones first; what is too much; what to move."""

import math

import pandas as pd

from reports.blocks import scope_words, writer
from reports.content import Bars, Block, Column, Figure, Figures, Kind, Review, Section, Table, Text
from reports.facts import OrderFacts
from reports.numbers import Writer
from reports.words import Words

LATE = "Late"  # the word of `when` for lines that sell out before a delivery
_PER_PLACE = 60  # lines of a place in the PDF; all are in the workbook
_PLACES = 30  # with a list of their own
_LISTED = 40  # of what is too much, and of moves
_WHENS = {  # in the order of the lists
    "Late": "Late",
    "Today": "Today",
    "This week": "This week",
    "Later": "Later",
}
# Of `OrderFacts.notes`: what is said of one line or delivery, and of several.
NOTES = {
    "stale": (
        "1 line has stock over a week old, used as it is.",
        "{number} lines have stock over a week old, used as it is.",
    ),
    "costless": (
        "1 line has no unit cost and counts in units alone.",
        "{number} lines have no unit cost and count in units alone.",
    ),
    "gone": (
        "1 line is left out: its stock is over 13 weeks old.",
        "{number} lines are left out: their stock is over 13 weeks old.",
    ),
    "unforecast": (
        "1 line is left out: nothing is forecast for it.",
        "{number} lines are left out: nothing is forecast for them.",
    ),
    "late": (
        "1 delivery due by the day of the stock is taken to be in it.",
        "{number} deliveries due by the day of the stock are taken to be in it.",
    ),
    "unknown": ("No deliveries are known: what is on its way is ordered again.",) * 2,
}


def order_proposal(facts: OrderFacts) -> Review:
    """The proposal of a scope."""
    setting = facts.setting
    say, write = Words(setting.language), writer(setting)
    sections = [
        Section(
            title=say("Summary"), blocks=(_summary(facts, say, write), _figures(facts, say, write))
        ),
        *_lists(facts, say),
        Section(title=say("Too much"), blocks=_excess(facts, say)),
        Section(title=say("Move between places"), blocks=_moves(facts, say)),
        Section(title=say("Assumptions"), blocks=(_assumptions(facts, say, write),)),
    ]
    return Review(
        template=say("Order proposal"),
        title=scope_words(facts.name, facts.place, say),
        facts=(
            (say("Dataset"), setting.dataset),
            (say("Stock as of"), write.day(facts.stock_day)),
            (say("Planned on"), facts.source or say("the same weeks of last year")),
            (say("Service"), _service(facts, say)),
        ),
        sections=tuple(sections),
        language=setting.language,
        measure=setting.measure,
        currency=setting.currency,
        made_on=setting.made_on,
        rows=_in_words(facts.lines, say) if len(facts.lines) else None,
        row_columns=_row_columns(say),
    )


def _service(facts: OrderFacts, say: Words) -> str:
    low, high = facts.service
    if math.isnan(low):
        return say("least cost")
    if low == high:
        return f"{low:.1%}".replace(".0%", "%")
    return say("{low} to {high}, by class or item", low=f"{low:.0%}", high=f"{high:.0%}")


def _money_kind(facts: OrderFacts) -> Kind:
    return "money" if facts.setting.currency else "units"


def _summary(facts: OrderFacts, say: Words, write: Writer) -> Text:
    lines = facts.lines
    if lines.empty:
        return Text(paragraphs=(say("Nothing needs to be ordered today."),))
    cost = "" if math.isnan(facts.cost) else f" ({write.brief(facts.cost, 'money')})"
    texts = [
        say.counted(
            len(lines),
            "To order now: 1 line, {units} units{cost}.",
            "To order now: {number} lines, {units} units{cost}.",
            units=write.brief(facts.units, "units"),
            cost=cost,
        )
    ]
    if late := int((lines["when"] == LATE).sum()):
        texts.append(
            say.counted(
                late,
                "1 line is late: it probably sells out before a delivery ordered today.",
                "{number} lines are late: they probably sell out before a delivery ordered today.",
            )
        )
    if facts.margin_if_not > 0:
        texts.append(
            say(
                "Without these orders about {margin} of margin would be lost.",
                margin=write.brief(facts.margin_if_not, "money"),
            )
        )
    served = say(
        "With them {served} of demand is served until the next delivery, without {without}.",
        served=write.full(facts.served, "share"),
        without=write.full(facts.served_without, "share"),
    )
    approved = int(lines["approved"].sum())
    said = (
        say.counted(approved, "1 line is approved.", "{number} lines are approved.")
        if approved
        else say("Nothing is approved yet: these are proposals.")
    )
    return Text(paragraphs=(say.sentences(*texts), say.sentences(served, said)))


def _figures(facts: OrderFacts, say: Words, write: Writer) -> Figures:
    is_money = not math.isnan(facts.cost)
    costless = ""
    if facts.without_cost:
        costless = say("{number} without a cost", number=f"{facts.without_cost:,}")
    is_dear = not math.isnan(facts.excess_cost)
    return Figures(
        figures=(
            Figure(
                label=say("To order now"),
                value=facts.cost if is_money else facts.units,
                kind="money" if is_money else "units",
                against=costless or say.counted(len(facts.lines), "1 line", "{number} lines"),
            ),
            Figure(
                label=say("Sells out before delivery"),
                value=float(facts.late_products),
                kind="units",
                against=say.counted(facts.late_products, "product", "products"),
            ),
            Figure(
                label=say("Excess stock"),
                value=facts.excess_cost if is_dear else facts.excess_units,
                kind="money" if is_dear else "units",
                against=say("over 13 weeks"),
            ),
            Figure(
                label=say("Service"),
                value=facts.served,
                kind="share",
                against=say(
                    "{share} without orders", share=write.full(facts.served_without, "share")
                ),
            ),
        )
    )


def _lists(facts: OrderFacts, say: Words) -> list[Section]:
    """The orders by place, the place with the dearest orders first."""
    if facts.lines.empty:
        return []
    rank = facts.lines["when"].map({word: number for number, word in enumerate(_WHENS)})
    lines = facts.lines.iloc[rank.fillna(len(_WHENS)).argsort(kind="stable")]
    worth = lines["order_cost"].fillna(0.0)
    by_place = worth.groupby(lines["place"]).sum().sort_values(ascending=False, kind="stable")
    if not by_place.any():
        by_place = lines.groupby("place")["ordered"].sum().sort_values(ascending=False)
    sections = []
    if len(by_place) > 1:
        shown = by_place.head(_PLACES)
        bars = Bars(
            title=say("What the orders cost" if worth.any() else "Units to order"),
            remark=say("the largest {number}", number=len(shown))
            if len(shown) < len(by_place)
            else "",
            labels=tuple(str(place) for place in shown.index),
            values=tuple(float(value) for value in shown),
            kind=_money_kind(facts) if worth.any() else "units",
            finding=say("{place} orders most.", place=str(shown.index[0])),
        )
        sections.append(Section(title=say("Orders by place"), blocks=(bars,)))
    for place in by_place.index[:_PLACES]:
        mine = lines[lines["place"] == place]
        title = say("Order list") if len(by_place) == 1 else str(place)
        sections.append(Section(title=title[:90], blocks=(_orders(mine, facts, say),)))
    return sections


def _orders(mine: pd.DataFrame, facts: OrderFacts, say: Words) -> Table:
    shown = _in_words(mine.head(_PER_PLACE), say)
    remark = ""
    if len(shown) < len(mine):
        remark = say("{number} of {all}; all are in the workbook", number=len(shown), all=len(mine))
    money = _money_kind(facts)
    return Table(
        title=say("Orders, late ones first"),
        remark=remark,
        frame=shown,
        columns=(
            Column(name="product", label=say("Product"), kind="text", width=2.6),
            Column(name="when", label=say("Order"), kind="text", width=0.9),
            Column(name="sells_out", label=say("Sells out"), kind="soon"),
            Column(name="delivery", label=say("Delivery"), kind="soon"),
            Column(name="on_hand", label=say("In stock"), kind="units", width=0.8),
            Column(name="on_order", label=say("Coming"), kind="units", width=0.8),
            Column(name="ordered", label=say("Quantity"), kind="units", width=0.85),
            Column(name="order_cost", label=say("Cost"), kind=money, width=0.85),
        ),
    )


def _in_words(lines: pd.DataFrame, say: Words) -> pd.DataFrame:
    """The lines with the time to order in the language of the report."""
    said = {word: say(text) for word, text in _WHENS.items()}
    yes = {True: say("yes"), False: ""}
    return lines.assign(
        when=lines["when"].map(said).fillna(""), approved=lines["approved"].map(yes).fillna("")
    )


def _excess(facts: OrderFacts, say: Words) -> tuple[Block, ...]:
    frame = facts.excess.head(_LISTED)
    if frame.empty:
        return (Text(paragraphs=(say("Nothing lasts for more than 13 weeks."),)),)
    table = Table(
        title=say("More than sells in 13 weeks"),
        remark=_cut(len(frame), len(facts.excess), say),
        frame=frame,
        columns=(
            Column(name="product", label=say("Product"), kind="text", width=2.6),
            Column(name="place", label=say("Place"), kind="text", width=1.4),
            Column(name="on_hand", label=say("In stock"), kind="units"),
            Column(name="excess", label=say("Too much"), kind="units"),
            Column(name="excess_cost", label=say("Worth"), kind=_money_kind(facts)),
        ),
    )
    return (table,)


def _moves(facts: OrderFacts, say: Words) -> tuple[Block, ...]:
    frame = facts.moves.head(_LISTED)
    if frame.empty:
        return (Text(paragraphs=(say("No move between places pays."),)),)
    table = Table(
        title=say("From where there is too much to where it lacks"),
        remark=_cut(len(frame), len(facts.moves), say),
        frame=frame,
        columns=(
            Column(name="product", label=say("Product"), kind="text", width=2.6),
            Column(name="source", label=say("From place"), kind="text", width=1.3),
            Column(name="destination", label=say("To place"), kind="text", width=1.3),
            Column(name="quantity", label=say("Units"), kind="units"),
            Column(name="money", label=say("Margin saved"), kind=_money_kind(facts)),
        ),
    )
    return (table,)


def _cut(shown: int, of: int, say: Words) -> str:
    return say("the largest {number}", number=shown) if shown < of else ""


def _assumptions(facts: OrderFacts, say: Words, write: Writer) -> Text:
    texts = [
        say("A line is a product in a place. Today is the day after the newest stock."),
        say("An order covers what is missed between its delivery and that of the next order."),
        say("Quantities are rounded to packs and least orders; approved ones count as decided."),
        say("Shares and dates come from 500 possible futures; what is not served is lost."),
    ]
    if facts.budget is not None:
        budget = write.full(facts.budget, "money")
        texts.append(say("Orders are cut to a budget of {budget}.", budget=budget))
    if not facts.source:
        texts.append(say("The same weeks of last year stand in for a trained forecast."))
    for name, number in facts.notes.items():
        if number:
            texts.append(say.counted(number, *NOTES[name]))
    return Text(paragraphs=tuple(texts), is_list=True)


def _row_columns(say: Words) -> tuple[Column, ...]:
    return (
        Column(name="place", label=say("Place"), kind="text", width=1.4),
        Column(name="code", label=say("Product code"), kind="text", width=1.2),
        Column(name="product", label=say("Product"), kind="text", width=2.4),
        Column(name="when", label=say("Order"), kind="text"),
        Column(name="ordered", label=say("Quantity"), kind="units"),
        Column(name="unit_cost", label=say("Unit cost"), kind="price"),
        Column(name="order_cost", label=say("Cost"), kind="price"),
        Column(name="delivery", label=say("Delivery"), kind="day"),
        Column(name="sells_out", label=say("Sells out"), kind="day"),
        Column(name="on_hand", label=say("In stock"), kind="units"),
        Column(name="on_order", label=say("Coming"), kind="units"),
        Column(name="approved", label=say("Approved"), kind="text"),
        Column(name="reason", label=say("Reason"), kind="text", width=1.6),
    )
