"""The forecast review: what will sell against last year, what moves, how far to trust it."""

from reports.blocks import (
    accuracy_blocks,
    fan,
    key_figures,
    moved,
    period_sheet,
    scope_words,
    share_of_year,
    with_rest,
)
from reports.content import (
    Block,
    Column,
    Kind,
    Review,
    Section,
    Table,
    Text,
)
from reports.exceptions import exceptions
from reports.facts import ForecastFacts, Parts
from reports.numbers import Writer
from reports.safe import isolated
from reports.words import Words

_LISTED = 12  # parts in a table
_NAMED = 4  # in a sentence


def forecast_review(facts: ForecastFacts) -> Review:
    """The review of one scope."""
    setting = facts.setting
    say = Words(setting.language)
    write = Writer(language=setting.language, measure=setting.measure, currency=setting.currency)
    made = facts.outlook
    sections = [
        Section(
            title=say("Summary"), blocks=(_summary(facts, say, write), key_figures(made, setting))
        ),
        Section(
            title=say("History and forecast"),
            blocks=(fan(made, setting), period_sheet(made, setting)),
        ),
    ]
    if movers := _movers(facts, say):
        sections.append(Section(title=say("What moves"), blocks=movers))
    if inside := _inside(facts, say):
        sections.append(Section(title=say("Inside"), blocks=inside))
    sections += [
        Section(title=say("Exceptions"), blocks=(exceptions(made, facts.parts, setting),)),
        Section(title=say("Accuracy"), blocks=accuracy_blocks(made, setting)),
        Section(title=say("Methods and data"), blocks=(_notes(facts, say, write),)),
    ]
    return Review(
        template=say("Forecast review"),
        title=scope_words(facts.name, facts.place, say),
        facts=(
            (say("Dataset"), _dataset_words(facts, say, write)),
            (say("Forecast"), _forecast_words(facts, say, write)),
            (say("Measure"), say("Revenue" if setting.measure == "revenue" else "Units")),
        ),
        sections=tuple(sections),
        language=setting.language,
        measure=setting.measure,
        currency=setting.currency,
        made_on=setting.made_on,
        rows=facts.rows,
        row_columns=_row_columns(say) if facts.rows is not None else (),
    )


def _dataset_words(facts: ForecastFacts, say: Words, write: Writer) -> str:
    until = write.period(facts.outlook.history["timestamp"].iloc[-1], facts.setting.freq)
    return say("{name}, sales through {period}", name=facts.setting.dataset, period=until)


def _forecast_words(facts: ForecastFacts, say: Words, write: Writer) -> str:
    made, freq = facts.outlook, facts.setting.freq
    model = say.model(made.model, freq)
    if facts.run and facts.run_from is not None:
        model = say(
            "{model}, trained {day} ({run})",
            model=model,
            day=write.day(facts.run_from),
            run=facts.run,
        )
    ahead = say.periods(made.horizon, freq)
    first = write.period(made.future["timestamp"].iloc[0], freq)
    return say("{ahead} from {first}, by {model}", ahead=ahead, first=first, model=model)


def _summary(facts: ForecastFacts, say: Words, write: Writer) -> Text:
    made, freq = facts.outlook, facts.setting.freq
    future = made.future
    texts = [_total(facts, say, write)]
    top = future.iloc[int(future["mean"].argmax())]
    if future["mean"].max() > 1.1 * future["mean"].median():
        texts.append(
            say(
                "Most is expected in {period}: about {value}, in 8 of 10 cases between {low} and "
                "{high}.",
                period=write.period(top["timestamp"], freq),
                value=write.brief(top["mean"], "amount"),
                low=write.brief(top["q0.1"], "amount"),
                high=write.brief(top["q0.9"], "amount"),
            )
        )
    texts += _mover_sentences(facts, say, write)
    if made.scores is not None and made.model in made.scores.index:
        texts.append(_error(facts, say, write))
    if facts.festivals:
        names = [
            f"{say.festival(name)} ({write.short_day(day)})"
            for name, day in facts.festivals[:_NAMED]
        ]
        texts.append(say("Ahead: {names}.", names=say.joined(names)))
    return Text(paragraphs=tuple(texts))


def _total(facts: ForecastFacts, say: Words, write: Writer) -> str:
    made, freq = facts.outlook, facts.setting.freq
    total = float(made.future["mean"].sum())
    ahead = say.periods(made.horizon, freq)
    growth = share_of_year(made.future["mean"], made.future["last_year"])
    value = write.brief(total, "amount")
    if growth is None:
        first = say("The next {ahead} bring about {value}.", ahead=ahead, value=value)
    elif abs(growth) < 0.0005:
        first = say(
            "The next {ahead} bring about {value}, as much as last year.", ahead=ahead, value=value
        )
    else:
        text = (
            "The next {ahead} bring about {value}, {change} more than last year."
            if growth > 0
            else "The next {ahead} bring about {value}, {change} less than last year."
        )
        change = write.full(abs(growth), "change").lstrip("+")
        first = say(text, ahead=ahead, value=value, change=change)
    band = say(
        "In 8 of 10 cases it is between {low} and {high}.",
        low=write.brief(made.total_low, "amount"),
        high=write.brief(made.total_high, "amount"),
    )
    return say.sentences(first, band)


def _mover_sentences(facts: ForecastFacts, say: Words, write: Writer) -> list[str]:
    parts = _finest(facts)
    if parts is None:
        return []
    changes = parts.changes
    texts = []
    for text, chosen in (
        ("Against last year, {names} gain most.", changes[changes["change"] > 0]),
        ("{names} lose most.", changes[changes["change"] < 0]),
    ):
        if not chosen.empty:
            names = [
                f"{isolated(str(label))} ({_signed(change, write)})"
                for label, change in zip(chosen["label"][:2], chosen["change"][:2], strict=True)
            ]
            texts.append(say(text, names=say.joined(names)))
    return [say.sentences(*texts)] if texts else []


def _signed(change: float, write: Writer) -> str:
    return ("+" if change > 0 else "") + write.brief(change, "amount")


def _error(facts: ForecastFacts, say: Words, write: Writer) -> str:
    made, freq = facts.outlook, facts.setting.freq
    assert made.scores is not None
    error = write.full(made.scores["wape"][made.model], "share")
    held = f"{float(made.scores['coverage'][made.model]):.0%}"
    windows, each = made.tested
    first = say(
        "Tested on the past ({windows} × {periods}), {model} was off by {error}.",
        windows=windows,
        periods=say.periods(each, freq),
        model=say.model(made.model, freq),
        error=error,
    )
    naive = ""
    if made.naive in made.scores.index and made.naive != made.model:
        naive = say(
            "{model} would have been off by {error}.",
            model=say.model(made.naive, freq),
            error=write.full(made.scores["wape"][made.naive], "share"),
        )
    band = say("The 80% band held in {held} of the periods.", held=held)
    return say.sentences(first, naive, band)


def _finest(facts: ForecastFacts) -> Parts | None:
    """The level at which movers are told: products, else categories, else places."""
    by_level = {each.level: each for each in facts.parts if len(each.changes) > 1}
    return next(
        (by_level[name] for name in ("product", "category", "place") if name in by_level), None
    )


def _movers(facts: ForecastFacts, say: Words) -> tuple[Block, ...]:
    parts = _finest(facts)
    if parts is None:
        return ()
    ahead = say.periods(facts.outlook.horizon, facts.setting.freq)
    return moved(
        parts,
        facts.setting,
        remark=say("next {periods}", periods=ahead),
        column=say("Next {periods}", periods=ahead),
    )


def _inside(facts: ForecastFacts, say: Words) -> tuple[Block, ...]:
    titles = {"category": "Categories", "product": "Products", "place": "Places"}
    heads = {"category": "Category", "product": "Product", "place": "Place"}
    blocks: list[Block] = []
    for parts in facts.parts:
        if parts.frame.empty:
            continue
        shown = with_rest(parts, _LISTED if parts.level != "product" else 2 * _LISTED, say)
        total = float(shown["forecast"].sum())
        frame = shown.assign(
            change=shown["forecast"] / shown["before"].where(shown["before"] > 0) - 1,
            share=shown["forecast"] / total if total else float("nan"),
        )
        blocks.append(
            Table(
                title=say(titles[parts.level]),
                frame=frame,
                columns=(
                    Column(name="label", label=say(heads[parts.level]), kind="text", width=2.4),
                    *(
                        Column(name=name, label=label, kind=kind)
                        for name, label, kind in _part_columns(facts, say)
                    ),
                ),
            )
        )
    return tuple(blocks)


def _part_columns(facts: ForecastFacts, say: Words) -> list[tuple[str, str, Kind]]:
    ahead = say.periods(facts.outlook.horizon, facts.setting.freq)
    return [
        ("forecast", say("Next {periods}", periods=ahead), "amount"),
        ("before", say("Last year"), "amount"),
        ("change", say("vs last year"), "change"),
        ("share", say("Share"), "share"),
    ]


def _notes(facts: ForecastFacts, say: Words, write: Writer) -> Text:
    made, freq = facts.outlook, facts.setting.freq
    history = made.history
    texts = [
        say(
            "Sales from {first} to {last}, {periods}.",
            first=write.period(history["timestamp"].iloc[0], freq),
            last=write.period(history["timestamp"].iloc[-1], freq),
            periods=say.periods(len(history), freq),
        )
    ]
    if made.partial is not None:
        texts.append(
            say(
                "{period} is not complete and left out.",
                period=_capital(write.period(made.partial, freq)),
            )
        )
    if made.fallback:
        texts.append(say("A simpler method was used: {reason}.", reason=say.told(made.fallback)))
    texts += [
        say(
            "Last year means the same weekdays 52 weeks before."
            if freq != "M"
            else "Last year means the same month a year before."
        ),
        say("The forecast is the mean; the band holds what happens in 8 of 10 cases."),
        say("Forecast error (WAPE) is the sum of all errors as a share of what sold."),
    ]
    if facts.parts:
        texts.append(
            say(
                "The parts are sums of the same run, so that every level adds up."
                if all(each.is_of_run for each in facts.parts)
                else "The parts add up to the forecast: each gets the share that a simple forecast "
                "of its own has in all of theirs."
            )
        )
    if made.scores is None:
        texts.append(say("There is too little history to test the forecast on the past."))
    return Text(paragraphs=tuple(texts), is_list=True)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _row_columns(say: Words) -> tuple[Column, ...]:
    return (
        Column(name="product", label=say("Product"), kind="text", width=2.4),
        Column(name="place", label=say("Place"), kind="text", width=1.4),
        Column(name="timestamp", label=say("Period from"), kind="day"),
        Column(name="mean", label=say("Forecast"), kind="amount"),
        Column(name="q0.1", label=say("8 in 10 from"), kind="amount"),
        Column(name="q0.9", label=say("8 in 10 to"), kind="amount"),
    )
