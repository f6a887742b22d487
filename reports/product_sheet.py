"""The product sheet: a page for each product, to hand to a buyer."""

import pandas as pd

from reports.blocks import accuracy_blocks, fan, key_figures, period_sheet, share_of_year, writer
from reports.content import Block, Column, Figure, Figures, Review, Section, Table, Text, shortened
from reports.errors import ReportError
from reports.facts import ProductFacts, Setting
from reports.words import Words

MOST = 40  # sheets in one report
_PLACES = 8


def product_sheets(products: tuple[ProductFacts, ...], setting: Setting) -> Review:
    """One section per product, in the given order. Raises `ReportError` where there is none."""
    if not products:
        raise ReportError("No product of this scope has sales to forecast from. Widen the scope.")
    say, write = Words(setting.language), writer(setting)
    one = products[0] if len(products) == 1 else None
    made = products[0].outlook
    ahead = say.periods(made.horizon, setting.freq)
    return Review(
        template=say("Product sheet"),
        title=one.name if one else say("{number} products", number=len(products)),
        facts=(
            (say("Dataset"), setting.dataset),
            (
                say("Forecast"),
                say(
                    "{ahead} from {first}, by {model}",
                    ahead=ahead,
                    first=write.period(made.future["timestamp"].iloc[0], setting.freq),
                    model=say.joined(_models(products, setting, say)),
                ),
            ),
            (say("Measure"), say("Revenue" if setting.measure == "revenue" else "Units")),
        ),
        sections=tuple(
            Section(
                title=shortened(each.name, 90),
                blocks=_sheet(each, setting, say),
                starts_page=number > 0,
            )
            for number, each in enumerate(products)
        ),
        language=setting.language,
        measure=setting.measure,
        currency=setting.currency,
        made_on=setting.made_on,
    )


def _models(products: tuple[ProductFacts, ...], setting: Setting, say: Words) -> list[str]:
    return list(dict.fromkeys(say.model(each.outlook.model, setting.freq) for each in products))


def _sheet(product: ProductFacts, setting: Setting, say: Words) -> tuple[Block, ...]:
    made = product.outlook
    path = " / ".join(product.categories)
    head = " · ".join(part for part in (product.code, path) if part)
    blocks: list[Block] = [Text(paragraphs=(head,))] if head else []
    blocks += [
        Text(paragraphs=(_sentence(product, setting, say),)),
        key_figures(made, setting),
        *_shelf(product, setting, say),
        fan(made, setting),
        period_sheet(made, setting),
    ]
    if product.places is not None and len(product.places.frame) > 1:
        blocks.append(_places(product, setting, say))
    if made.scores is not None:
        blocks.append(accuracy_blocks(made, setting)[-1])
    return tuple(blocks)


def _sentence(product: ProductFacts, setting: Setting, say: Words) -> str:
    made, write = product.outlook, writer(setting)
    growth = share_of_year(made.future["mean"], made.future["last_year"])
    first = say(
        "The next {ahead} bring about {value}.",
        ahead=say.periods(made.horizon, setting.freq),
        value=write.brief(float(made.future["mean"].sum()), "amount"),
    )
    band = say(
        "In 8 of 10 cases it is between {low} and {high}.",
        low=write.brief(made.total_low, "amount"),
        high=write.brief(made.total_high, "amount"),
    )
    against = (
        say("There is no full year before to compare with.")
        if growth is None
        else say("Against last year: {change}.", change=write.full(growth, "change"))
    )
    return say.sentences(first, band, against)


def _shelf(product: ProductFacts, setting: Setting, say: Words) -> list[Block]:
    """Price, promotion and stock of the last periods, where they are known."""
    recent = product.prices.tail(product.outlook.near)
    near = say.periods(product.outlook.near, setting.freq)
    against = say("last {periods}", periods=near)
    figures = []
    price = recent["price"].dropna()
    if not price.empty and setting.currency:
        figures.append(
            Figure(label=say("Mean price"), value=price.mean(), kind="price", against=against)
        )
    for column, label in (("promo_share", "On promotion"), ("stockout_share", "Out of stock")):
        share = recent[column].mean()
        if pd.notna(share):
            figures.append(
                Figure(label=say(label), value=float(share), kind="share", against=against)
            )
    return [Figures(figures=tuple(figures))] if figures else []


def _places(product: ProductFacts, setting: Setting, say: Words) -> Table:
    assert product.places is not None
    frame = product.places.frame.head(_PLACES)
    ahead = say.periods(product.outlook.horizon, setting.freq)
    return Table(
        title=say("Places"),
        frame=frame.assign(change=frame["forecast"] / frame["before"] - 1),
        columns=(
            Column(name="label", label=say("Place"), kind="text", width=2.4),
            Column(name="forecast", label=say("Next {periods}", periods=ahead), kind="amount"),
            Column(name="before", label=say("Last year"), kind="amount"),
            Column(name="change", label=say("vs last year"), kind="change"),
        ),
    )
