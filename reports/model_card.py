"""The model card: what a model was made from, how it was tested, and where not to trust it."""

import pandas as pd

from reports.blocks import scope_words, writer
from reports.content import Bars, Block, Chart, Column, Line, Review, Section, Table, Text
from reports.facts import ModelFacts
from reports.numbers import Writer
from reports.words import Words

_NAIVE, _ARIMA = "seasonal_naive", "arima"
_OFF = 0.03  # shares of a level that count as a miss of calibration
_BIASED = 0.05
SPLITS = {
    "total": "as one series",
    "category": "by category",
    "product": "by product",
    "place": "by place",
    "product_place": "by product and place",
}
_FILLS = {
    "planned": "as planned",
    "last": "last value",
    "zero": "zero",
    "mean": "mean",
    "season": "same season",
}


def model_card(facts: ModelFacts) -> Review:
    """The card of one trained model."""
    setting = facts.setting
    say, write = Words(setting.language), writer(setting)
    sections = [
        Section(title=say("Summary"), blocks=(_summary(facts, say, write),)),
        Section(title=say("Data"), blocks=(_data(facts, say, write),)),
        Section(title=say("Options"), blocks=_options(facts, say)),
        Section(title=say("Test on the past"), blocks=_tested(facts, say)),
    ]
    if facts.reliability is not None and not facts.reliability.empty:
        sections.append(Section(title=say("Calibration"), blocks=_calibration(facts, say, write)))
    sections.append(Section(title=say("Limits"), blocks=(_limits(facts, say, write),)))
    return Review(
        template=say("Model card"),
        title=facts.name,
        facts=(
            (say("Model"), say.model(facts.model, setting.freq)),
            (say("Scope"), _scope(facts, say)),
            (say("Dataset"), setting.dataset),
            (say("Trained"), write.day(facts.trained_on)),
        ),
        sections=tuple(sections),
        language=setting.language,
        measure=setting.measure,
        currency=setting.currency,
        made_on=setting.made_on,
    )


def _scope(facts: ModelFacts, say: Words) -> str:
    """What it forecasts: of which products, how far apart, how often, and in what."""
    if facts.split not in SPLITS:
        return facts.scope
    setting = facts.setting
    return say.joined(
        [
            scope_words(facts.scope, facts.place, say),
            say(SPLITS[facts.split]),
            say({"D": "a day", "W": "a week", "M": "a month"}[setting.freq]),
            say("Revenue" if setting.measure == "revenue" else "Units").lower(),
            *([say("corrected sales")] if facts.is_corrected else []),
        ]
    )


def _summary(facts: ModelFacts, say: Words, write: Writer) -> Text:
    freq = facts.setting.freq
    texts = [
        say(
            "{model} forecasts {series} series {ahead} ahead, learned from sales until {day}.",
            model=say.model(facts.model, freq),
            series=f"{facts.series:,}",
            ahead=say.periods(facts.horizon, freq),
            day=write.day(pd.Timestamp(facts.data_until)),
        )
    ]
    errors = _errors(facts)
    if facts.model in errors:
        texts.append(
            say(
                "Tested on the past, it was off by {error}.",
                error=write.full(errors[facts.model], "share"),
            )
        )
        for rival in (_NAIVE, _ARIMA):
            if rival in errors and rival != facts.model:
                texts.append(
                    say(
                        "{model} would have been off by {error}.",
                        model=say.model(rival, freq),
                        error=write.full(errors[rival], "share"),
                    )
                )
    return Text(paragraphs=(say.sentences(*texts),))


def _errors(facts: ModelFacts) -> dict[str, float]:
    if facts.leaderboard is None:
        return {}
    known = facts.leaderboard.dropna(subset="WAPE")
    return dict(zip(known["model"].astype(str), known["WAPE"].astype(float), strict=True))


def _pairs(pairs: list[tuple[str, str]], say: Words) -> Table:
    return Table(
        title="",
        frame=pd.DataFrame(pairs, columns=["name", "value"]),
        columns=(
            Column(name="name", label=say("What"), kind="text"),
            Column(name="value", label=say("Value"), kind="text", width=3.0),
        ),
    )


def _data(facts: ModelFacts, say: Words, write: Writer) -> Table:
    known = [f"{name}: {say(_FILLS.get(fill, fill))}" for name, fill in facts.covariates.items()]
    return _pairs(
        [
            (say("Series"), f"{facts.series:,}"),
            (say("Data until"), write.day(pd.Timestamp(facts.data_until))),
            (say("Snapshot"), facts.snapshot or "–"),
            (say("Known ahead"), say.joined(known) or say("none")),
            (say("From"), facts.uploaded_from or say("trained here")),
        ],
        say,
    )


def _options(facts: ModelFacts, say: Words) -> tuple[Block, ...]:
    given = [(name, str(value)[:200]) for name, value in facts.options.items()]
    return (
        _pairs(
            [
                (say("Horizon"), say.periods(facts.horizon, facts.setting.freq)),
                (say("Seed"), str(facts.seed)),
                *given,
                (say("Code"), facts.code_version or "–"),
            ],
            say,
        ),
    )


def _tested(facts: ModelFacts, say: Words) -> tuple[Block, ...]:
    if facts.leaderboard is None:
        return (Text(paragraphs=(say("This model was not compared with others on the past."),)),)
    board = facts.leaderboard.dropna(subset="WAPE").sort_values("WAPE")
    freq = facts.setting.freq
    names = [say.model(str(model), freq) for model in board["model"]]
    models = list(board["model"].astype(str))
    blocks: list[Block] = [
        Bars(
            title=say("Forecast error"),
            remark=say(
                "the last {windows} × {periods}, not seen by any model",
                windows=facts.windows,
                periods=say.periods(facts.horizon, freq),
            ),
            labels=tuple(names),
            values=tuple(float(value) for value in board["WAPE"]),
            kind="share",
            emphasis=models.index(facts.model) if facts.model in models else None,
            finding=say("{model} was closest.", model=names[0]),
        ),
        Table(
            title=say("In numbers"),
            frame=board.assign(name=names),
            columns=(
                Column(name="name", label=say("Model"), kind="text", width=2.0),
                Column(name="WAPE", label=say("Forecast error"), kind="share"),
                Column(name="WQL", label="WQL", kind="score"),
                Column(name="MASE", label="MASE", kind="score"),
                Column(name="bias", label=say("Bias"), kind="change"),
                Column(name="coverage", label=say("80% band held"), kind="whole"),
            ),
        ),
    ]
    if facts.steps is not None and len(facts.steps) > 1:
        blocks.append(_by_step(facts, say))
    return tuple(blocks)


def _by_step(facts: ModelFacts, say: Words) -> Chart:
    assert facts.steps is not None
    freq = facts.setting.freq
    roles = ((facts.model, "forecast"), (_NAIVE, "last_year"), (_ARIMA, "rival"))
    lines = tuple(
        Line(column=model, name=say.model(model, freq), role=role)  # type: ignore[arg-type]
        for model, role in roles
        if model in facts.steps.columns
    )
    return Chart(
        title=say("Forecast error by step ahead"),
        remark=say({"D": "days ahead", "W": "weeks ahead", "M": "months ahead"}[freq]),
        frame=facts.steps.rename(columns={"step": "x"}),
        lines=lines,
        kind="share",
        x_kind="units",
        finding=say("How the error grows with the distance."),
    )


def _calibration(facts: ModelFacts, say: Words, write: Writer) -> tuple[Block, ...]:
    assert facts.reliability is not None
    found = facts.reliability.sort_values("level")
    frame = pd.DataFrame(
        {"x": found["level"], "observed": found["observed"], "ideal": found["level"]}
    )
    return (
        Text(paragraphs=(_calibrated(facts, say, write),)),
        Chart(
            title=say("Promised and observed"),
            remark=say("share of periods below each quantile"),
            frame=frame.reset_index(drop=True),
            lines=(
                Line(column="ideal", name=say("right"), role="reference"),
                Line(column="observed", name=say("observed"), role="forecast"),
            ),
            kind="share",
            x_kind="whole",
            finding=_calibrated(facts, say, write),
        ),
    )


def _calibrated(facts: ModelFacts, say: Words, write: Writer) -> str:
    assert facts.reliability is not None
    off = (facts.reliability["observed"] - facts.reliability["level"]).abs()
    worst = facts.reliability.loc[off.idxmax()]
    if float(off.max()) <= _OFF:
        return say("The quantiles hold what they promise, within 3 points.")
    return say(
        "Furthest off: {observed} of periods fell below the quantile that promises {level}.",
        observed=write.full(float(worst["observed"]), "share"),
        level=write.full(float(worst["level"]), "share"),
    )


def _limits(facts: ModelFacts, say: Words, write: Writer) -> Text:
    freq, texts, errors = facts.setting.freq, [], _errors(facts)
    if facts.leaderboard is None:
        texts.append(say("Its error is not known: it was never tested on the past."))
    elif facts.windows < 3:
        texts.append(
            say("Tested on {windows} only: a small sample.", windows=_windows(facts.windows, say))
        )
    own, naive = errors.get(facts.model), errors.get(_NAIVE)
    if own is not None and naive is not None and own >= naive:
        texts.append(
            say("It was not closer than {model}: use that instead.", model=say.model(_NAIVE, freq))
        )
    if facts.leaderboard is not None:
        texts += _biased(facts, say, write)
    if not facts.covariates:
        texts.append(say("It knows nothing of prices, promotions or festivals ahead."))
    texts += [
        say(
            "{number} series got a simpler method: {reason}.",
            number=f"{number:,}",
            reason=say.told(reason),
        )
        for reason, number in facts.fallbacks.items()
    ]
    texts += [
        say("It was made for {ahead} ahead; further it says nothing.",
            ahead=say.periods(facts.horizon, freq)),
        say("It has seen no sales after {day}: what changed since, it does not know.",
            day=write.day(pd.Timestamp(facts.data_until))),
    ]  # fmt: skip
    return Text(paragraphs=tuple(texts), is_list=True)


def _biased(facts: ModelFacts, say: Words, write: Writer) -> list[str]:
    assert facts.leaderboard is not None
    own = facts.leaderboard[facts.leaderboard["model"] == facts.model]
    if own.empty:
        return []
    bias, held = float(own["bias"].iloc[0]), float(own["coverage"].iloc[0])
    texts = []
    if abs(bias) >= _BIASED:
        text = "Its forecasts were {bias} too high on the whole."
        if bias < 0:
            text = "Its forecasts were {bias} too low on the whole."
        texts.append(say(text, bias=write.full(abs(bias), "share")))
    if not 0.75 <= held <= 0.85:
        texts.append(say("Its 80% band held {held} of past periods.", held=f"{held:.0%}"))
    return texts


def _windows(number: int, say: Words) -> str:
    return say("1 window") if number == 1 else say("{number} windows", number=number)
