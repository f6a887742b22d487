"""The product sheet: a page for each product, to hand to a buyer."""

from dataclasses import replace

import pandas as pd

from reports.blocks import (
    accuracy_blocks,
    fan,
    key_figures,
    period_sheet,
    share_of_year,
    with_rest,
    writer,
)
from reports.content import Block, Column, Kind, Review, Section, Table, Text, shortened
from reports.errors import ReportError
from reports.facts import ProductFacts, Setting
from reports.words import Words

MOST = 40  # sheets in one report
_PLACES = 8
_SHELF: tuple[tuple[str, str, Kind], ...] = (
    ("price", "mean price {value}", "price"),
    ("promo_share", "on promotion {value} of the time", "share"),
    ("stockout_share", "out of stock {value} of the time", "share"),
)


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
        title=one.name if one else say.counted(len(products), "1 product", "{number} products"),
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
        sections=(
            *(() if one else (_cover(products, setting, say),)),
            *(
                Section(
                    title=say("Summary") if one else shortened(each.name, 90),
                    blocks=_sheet(each, setting, say),
                    starts_page=one is None,
                )
                for each in products
            ),
        ),
        language=setting.language,
        measure=setting.measure,
        currency=setting.currency,
        made_on=setting.made_on,
    )


def _models(products: tuple[ProductFacts, ...], setting: Setting, say: Words) -> list[str]:
    return list(dict.fromkeys(say.model(each.outlook.model, setting.freq) for each in products))


def _cover(products: tuple[ProductFacts, ...], setting: Setting, say: Words) -> Section:
    """All products beside each other, before the sheet of each."""
    made = [each.outlook.future for each in products]
    frame = pd.DataFrame(
        {
            "name": [each.name for each in products],
            "forecast": [future["mean"].sum() for future in made],
            "before": [future["last_year"].sum(min_count=len(future)) for future in made],
        }
    )
    ahead = say.periods(products[0].outlook.horizon, setting.freq)
    table = Table(
        title=say("Next {periods}", periods=ahead),
        frame=frame.assign(
            change=frame["forecast"] / frame["before"].where(frame["before"] > 0) - 1
        ),
        columns=(
            Column(name="name", label=say("Product"), kind="text", width=2.4),
            Column(name="forecast", label=say("Forecast"), kind="amount"),
            Column(name="before", label=say("Last year"), kind="amount"),
            Column(name="change", label=say("vs last year"), kind="change"),
        ),
    )
    return Section(title=say("Products"), blocks=(table,))


def _sheet(product: ProductFacts, setting: Setting, say: Words) -> tuple[Block, ...]:
    made = product.outlook
    path = " / ".join(product.categories)
    head = " · ".join(part for part in (product.code, path) if part)
    blocks: list[Block] = [Text(paragraphs=(head,))] if head else []
    blocks += [
        Text(paragraphs=(_sentence(product, setting, say),)),
        key_figures(made, setting),
        fan(made, setting),
        period_sheet(made, setting),
    ]
    if product.places is not None and len(product.places.frame) > 1:
        blocks.append(_places(product, setting, say))
    if made.scores is not None:
        board = accuracy_blocks(made, setting)[-1]
        assert isinstance(board, Table)
        blocks.append(replace(board, title=say("Accuracy")))
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
    simpler = made.fallback and say(
        "A simpler method was used: {reason}.", reason=say.told(made.fallback)
    )
    return say.sentences(first, band, against, _shelf(product, setting, say), simpler)


def _shelf(product: ProductFacts, setting: Setting, say: Words) -> str:
    """Price, promotion and stock of the last periods, where they are known."""
    recent, write = product.prices.tail(product.outlook.near), writer(setting)
    known = []
    for column, text, kind in _SHELF:
        value = recent[column].mean()
        if pd.notna(value) and (setting.currency or kind != "price"):
            known.append(say(text, value=write.full(float(value), kind)))
    if not known:
        return ""
    near = say.periods(product.outlook.near, setting.freq)
    return say("Last {periods}: {facts}.", periods=near, facts=say.joined(known))


def _places(product: ProductFacts, setting: Setting, say: Words) -> Table:
    assert product.places is not None
    frame = with_rest(product.places, _PLACES, say)
    ahead = say.periods(product.outlook.horizon, setting.freq)
    return Table(
        title=say("Places"),
        frame=frame.assign(
            change=frame["forecast"] / frame["before"].where(frame["before"] > 0) - 1
        ),
        columns=(
            Column(name="label", label=say("Place"), kind="text", width=2.4),
            Column(name="forecast", label=say("Next {periods}", periods=ahead), kind="amount"),
            Column(name="before", label=say("Last year"), kind="amount"),
            Column(name="change", label=say("vs last year"), kind="change"),
        ),
    )
