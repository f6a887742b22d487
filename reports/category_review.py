"""The category review: a year against the year before, what moved, what comes, what stands out."""

import pandas as pd

from reports.blocks import (
    accuracy_blocks,
    fan,
    key_figures,
    moved,
    period_sheet,
    scope_words,
    writer,
)
from reports.content import (
    Bars,
    Block,
    Chart,
    Column,
    Figure,
    Figures,
    Line,
    Review,
    Section,
    Table,
    Text,
)
from reports.exceptions import exceptions
from reports.facts import CategoryFacts
from reports.festivals import ahead_blocks
from reports.numbers import Writer
from reports.safe import isolated
from reports.words import Words

_ABC, _XYZ = ("A", "B", "C"), ("X", "Y", "Z")
_STRONG, _MODERATE, _WEAK = 0.64, 0.3, 0.1  # strengths of season, as on the Seasonality page
_STEPS = {
    "volume": "Volume",
    "price": "Price",
    "mix": "Mix",
    "more": "Sold more",
    "less": "Sold less",
    "new": "New",
    "gone": "Gone",
}


def category_review(facts: CategoryFacts) -> Review:
    """The review of a category, or of all of them."""
    setting = facts.setting
    say, write = Words(setting.language), writer(setting)
    sections = [
        Section(
            title=say("Summary"), blocks=(_summary(facts, say, write), _figures(facts, say, write))
        ),
        Section(title=say("Against last year"), blocks=_growth(facts, say, write)),
    ]
    if facts.movers is not None and facts.has_before:
        span = write.span(facts.first, facts.last)
        blocks = moved(facts.movers, setting, remark=span, column=say("This year"))
        sections.append(Section(title=say("What moved"), blocks=blocks))
    if not facts.classes.empty:
        sections.append(Section(title=say("Range"), blocks=_range(facts, say, write)))
    sections.append(Section(title=say("Season"), blocks=(_season(facts, say, write),)))
    sections.append(
        Section(title=say("Festivals ahead"), blocks=ahead_blocks(facts.festivals, say))
    )
    sections += _ahead(facts, say)
    sections.append(Section(title=say("Methods and data"), blocks=(_notes(facts, say),)))
    return Review(
        template=say("Category review"),
        title=scope_words(facts.name, facts.place, say),
        facts=(
            (say("Dataset"), setting.dataset),
            (say("Period"), write.span(facts.first, facts.last)),
            (say("Measure"), say("Revenue" if setting.measure == "revenue" else "Units")),
        ),
        sections=tuple(sections),
        language=setting.language,
        measure=setting.measure,
        currency=setting.currency,
        made_on=setting.made_on,
    )


def _change(value: float, before: float) -> float | None:
    return value / before - 1 if before > 0 else None


def _summary(facts: CategoryFacts, say: Words, write: Writer) -> Text:
    growth = _change(facts.value, facts.before) if facts.has_before else None
    value = write.brief(facts.value, "amount")
    if growth is None:
        first = say("Sold in the period: {value}. There is no year before.", value=value)
    else:
        first = say(
            "Sold in the period: {value}, {change} against last year ({difference}).",
            value=value,
            change=write.full(growth, "change"),
            difference=write.signed(facts.value - facts.before, "amount"),
        )
    parts = [
        f"{say(_STEPS[name])} {write.signed(value, 'amount')}"
        for name, value in facts.steps.items()
    ]
    split = say("The change is made of: {parts}.", parts=say.joined(parts)) if parts else ""
    texts = [say.sentences(first, split)]
    if facts.movers is not None and facts.has_before and len(changes := facts.movers.changes):
        top, low = changes.iloc[0], changes[changes["change"] < 0].head(1)
        text = "{name} gained most." if float(top["change"]) > 0 else "{name} lost most."
        texts.append(say(text, name=_with_change(top, write)))
        if len(low) and low.index[0] != changes.index[0]:
            lost = say("{name} lost most.", name=_with_change(low.iloc[0], write))
            texts[-1] = say.sentences(texts[-1], lost)
    if facts.outlook is not None:
        texts.append(_coming(facts, say, write))
    if near := [each for each in facts.festivals if each.is_clear and each.lift is not None]:
        each = max(near, key=lambda one: abs((one.lift or 1) - 1))
        texts.append(
            say(
                "{name} comes on {day}; in the past it sold {times} the usual.",
                name=say.festival(each.name),
                day=write.short_day(each.first_day),
                times=write.full(each.lift, "times"),
            )
        )
    return Text(paragraphs=tuple(texts))


def _with_change(moved: pd.Series, write: Writer) -> str:
    change = write.signed(float(moved["change"]), "amount")
    return f"{isolated(str(moved['label']))} ({change})"


def _coming(facts: CategoryFacts, say: Words, write: Writer) -> str:
    made = facts.outlook
    assert made is not None
    return say(
        "The next {ahead} bring about {value}.",
        ahead=say.periods(made.horizon, facts.setting.freq),
        value=write.brief(float(made.future["mean"].sum()), "amount"),
    )


def _figures(facts: CategoryFacts, say: Words, write: Writer) -> Figures:
    def against(change: float | None) -> str:
        return say("vs last year" if change is not None else "no year before")

    units = _change(facts.units, facts.units_before) if facts.has_before else None
    growth = _change(facts.value, facts.before) if facts.has_before else None
    found = [
        Figure(
            label=say("Revenue" if facts.setting.measure == "revenue" else "Units"),
            value=facts.value,
            kind="amount",
            change=growth,
            against=against(growth),
        )
    ]
    if facts.setting.measure == "revenue":
        found.append(
            Figure(
                label=say("Units"),
                value=facts.units,
                kind="units",
                change=units,
                against=against(units),
            )
        )
    if facts.price is not None and facts.setting.currency:
        dearer = _change(facts.price, facts.price_before or 0.0)
        found.append(
            Figure(
                label=say("Mean price"),
                value=facts.price,
                kind="price",
                change=dearer,
                against=against(dearer),
            )
        )
    remark = say("{new} new, {gone} gone", new=facts.new, gone=facts.gone)
    found.append(
        Figure(
            label=say("Products sold"),
            value=float(facts.products),
            kind="units",
            against=remark if facts.has_before else "",
        )
    )
    if facts.stockout_share is not None:
        found.append(
            Figure(
                label=say("Out of stock"),
                value=facts.stockout_share,
                kind="share",
                against=say("of product-days"),
            )
        )
    return Figures(figures=tuple(found))


def _growth(facts: CategoryFacts, say: Words, write: Writer) -> tuple[Block, ...]:
    frame = facts.line.rename(columns={"timestamp": "x"})
    lines = [Line(column="value", name=say("This year"), role="sold")]
    if facts.has_before:
        lines.insert(0, Line(column="before", name=say("Last year"), role="last_year"))
    blocks: list[Block] = []
    if len(frame):
        blocks.append(
            Chart(
                title=say("Revenue" if facts.setting.measure == "revenue" else "Units"),
                remark=say({"D": "a day", "W": "a week", "M": "a month"}[facts.setting.freq]),
                frame=frame,
                lines=tuple(lines),
                finding=say(
                    "This year beside last year: {value} against {before}.",
                    value=write.brief(facts.value, "amount"),
                    before=write.brief(facts.before, "amount") if facts.has_before else "–",
                ),
            )
        )
    if facts.steps:
        blocks.append(
            Bars(
                title=say("What the change is made of"),
                remark=say("the parts add up"),
                labels=tuple(say(_STEPS[name]) for name in facts.steps),
                values=tuple(facts.steps.values()),
                kind="gain",
                finding=say("The parts of the change against last year."),
            )
        )
    elif not facts.has_before:
        text = say("There is no full year before to compare with.")
        blocks.append(Text(paragraphs=(text,)))
    return tuple(blocks)


def _range(facts: CategoryFacts, say: Words, write: Writer) -> tuple[Block, ...]:
    """How many products of each class there are, and what they sell."""
    classes = facts.classes
    whole = float(classes["amount"].clip(lower=0).sum())
    rows = []
    for abc in _ABC:
        mine = classes[classes["abc"] == abc]
        counts = {xyz: float((mine["xyz"] == xyz).sum()) for xyz in _XYZ}
        rows.append(
            {
                "class": abc,
                **counts,
                "other": float(len(mine) - sum(counts.values())),
                "products": float(len(mine)),
                "share": mine["amount"].clip(lower=0).sum() / whole if whole > 0 else float("nan"),
            }
        )
    frame = pd.DataFrame(rows)
    table = Table(
        title=say("Products by class"),
        remark=say("A sells 80%, B the next 15%; X is steady, Z erratic"),
        frame=frame,
        columns=(
            Column(name="class", label=say("Class"), kind="text"),
            *(Column(name=xyz, label=xyz, kind="units") for xyz in _XYZ),
            Column(name="other", label=say("too new"), kind="units"),
            Column(name="products", label=say("Products"), kind="units"),
            Column(name="share", label=say("Share"), kind="share"),
        ),
    )
    tail = say(
        "{number} of {all} products bring 80% of the sales.",
        number=f"{int(frame['products'].iloc[0]):,}",
        all=f"{len(classes):,}",
    )
    steady = int(frame["X"].iloc[0])
    firm = say("{number} of them sell steadily and need little attention.", number=f"{steady:,}")
    return table, Text(paragraphs=(say.sentences(tail, firm),))


def _season(facts: CategoryFacts, say: Words, write: Writer) -> Text:
    found, texts = facts.pattern, []
    if found.yearly is None:
        texts.append(say("A yearly season cannot be told before two full years."))
    else:
        texts.append(
            say("Yearly season: {strength}, {number} of 100.", **_strength(found.yearly, say))
        )
        if found.top_month is not None and found.yearly >= _WEAK:
            month = write.month_name(found.top_month)
            texts[-1] = say.sentences(texts[-1], say("Most sells in {month}.", month=month))
    if found.weekly is not None:
        texts.append(
            say("Weekly season: {strength}, {number} of 100.", **_strength(found.weekly, say))
        )
        if found.top_weekday is not None and found.weekly >= _WEAK:
            day = say(
                "{day} is the best day, {above} against a mean day.",
                day=write.weekday_name(found.top_weekday),
                above=write.full(found.weekday_above, "change"),
            )
            texts[-1] = say.sentences(texts[-1], day)
    if found.trend is not None and found.since is not None:
        texts.append(
            say(
                "Trend: {change} a year since {month}.",
                change=write.full(found.trend, "change"),
                month=write.month(found.since),
            )
        )
    return Text(paragraphs=tuple(texts), is_list=True)


def _strength(value: float, say: Words) -> dict[str, str]:
    value = round(value, 2)
    steps = ((_STRONG, "strong"), (_MODERATE, "moderate"), (_WEAK, "weak"))
    word = next((word for least, word in steps if value >= least), "none")
    said = {
        "strong": say("strong"),
        "moderate": say("moderate"),
        "weak": say("weak"),
        "none": say("none"),
    }
    return {"strength": said[word], "number": f"{value * 100:.0f}"}


def _ahead(facts: CategoryFacts, say: Words) -> list[Section]:
    """The forecast, and what stands out in it."""
    made, setting = facts.outlook, facts.setting
    if made is None:
        text = Text(paragraphs=(say("There is no complete period of sales to forecast from."),))
        return [Section(title=say("Forecast"), blocks=(text,))]
    blocks: list[Block] = [key_figures(made, setting), fan(made, setting)]
    blocks.append(period_sheet(made, setting))
    return [
        Section(title=say("Forecast"), blocks=tuple(blocks)),
        Section(title=say("Exceptions"), blocks=(exceptions(made, facts.parts, setting),)),
        Section(title=say("Accuracy"), blocks=accuracy_blocks(made, setting)),
    ]


def _notes(facts: CategoryFacts, say: Words) -> Text:
    freq, made = facts.setting.freq, facts.outlook
    texts = [
        say(
            "Last year means the same weekdays 52 weeks before."
            if freq != "M"
            else "Last year means the same month a year before."
        )
    ]
    if facts.setting.measure == "revenue" and facts.steps:
        texts.append(
            say(
                "Volume is the change in units at last year's mean price; price that of products "
                "sold in both years; mix is the rest."
            )
        )
    texts += [
        say("Classes look at the last 52 weeks, 24 months in data of months."),
        say("What festivals did is measured beyond weekday, season, trend, promotion and price."),
    ]
    if made is not None:
        model = say.model(made.model, freq) + (f" ({facts.run})" if facts.run else "")
        texts.append(say("The forecast is by {model}.", model=model))
        if made.fallback:
            texts.append(
                say("A simpler method was used: {reason}.", reason=say.told(made.fallback))
            )
    return Text(paragraphs=tuple(texts), is_list=True)
