"""Blocks that several reports share: key figures, the fan, the sheet of periods, the movers."""

import pandas as pd

from reports.content import (
    Band,
    Bars,
    Block,
    Chart,
    Column,
    Figure,
    Figures,
    Line,
    Periods,
    Row,
    Table,
    Text,
)
from reports.facts import Outlook, Parts, Setting
from reports.numbers import Writer
from reports.words import Words

_SHOWN_BEFORE = {"D": 91, "W": 52, "M": 24}  # periods of history in the chart
_MOVERS = 8


def scope_words(name: str, place: str, say: Words) -> str:
    """A scope in words; what the user named stays as it is, even where we have the same word."""
    named = say("All products") if name == "All products" else name
    return f"{named} · {say('all places') if place == 'all places' else place}"


def share_of_year(values: pd.Series, year_ago: pd.Series) -> float | None:
    """The relative change of a sum; None where the year before is not known in full."""
    before = year_ago.sum(min_count=len(year_ago))
    return float(values.sum() / before - 1) if before > 0 else None


def writer(setting: Setting) -> Writer:
    """The numbers of a report."""
    return Writer(language=setting.language, measure=setting.measure, currency=setting.currency)


def key_figures(made: Outlook, setting: Setting) -> Figures:
    """Sums ahead and behind against last year, and how good the forecast was."""
    say, freq = Words(setting.language), setting.freq
    future, sold = made.future, made.history.tail(made.near)
    near, whole = say.periods(made.near, freq), say.periods(made.horizon, freq)
    sums = [
        (say("Last {periods}", periods=near), sold["value"], _a_year_before(made, sold, setting)),
        (
            say("Next {periods}", periods=near),
            future["mean"][: made.near],
            future["last_year"][: made.near],
        ),
    ]
    if made.horizon > made.near:
        label = say("Next {periods}", periods=whole)
        sums.append((label, future["mean"], future["last_year"]))
    figures = []
    for label, values, year_ago in sums:
        growth = share_of_year(values, year_ago)
        figures.append(
            Figure(
                label=label,
                value=float(values.sum()),
                kind="amount",
                change=growth,
                against=say("vs last year" if growth is not None else "no year before"),
            )
        )
    return Figures(figures=(*figures, *_quality(made, setting)))


def _quality(made: Outlook, setting: Setting) -> list[Figure]:
    if made.scores is None or made.model not in made.scores.index:
        return []
    say, score = Words(setting.language), made.scores.loc[made.model]
    naive = made.scores["wape"].get(made.naive)
    bias = float(score["bias"])
    return [
        Figure(
            label=say("Forecast error"),
            value=float(score["wape"]),
            kind="share",
            against=""
            if naive is None
            else say(
                "{model}: {error}",
                model=say.model(made.naive, setting.freq),
                error=writer(setting).full(float(naive), "share"),
            ),
        ),
        Figure(
            label=say("Bias"),
            value=bias,
            kind="change",
            against=say("too high" if bias > 0.005 else "too low" if bias < -0.005 else "balanced"),
        ),
        Figure(
            label=say("80% band held"),
            value=float(score["coverage"]),
            kind="whole",
            against=say("should be 80%"),
        ),
    ]


def _a_year_before(made: Outlook, sold: pd.DataFrame, setting: Setting) -> pd.Series:
    times = sold["timestamp"]
    if setting.freq == "M":
        before = times - pd.DateOffset(years=1)
    else:
        before = times - pd.Timedelta(days=364)
    values = made.history.set_index("timestamp")["value"]
    return pd.Series(values.reindex(before).to_numpy(), index=sold.index)


def fan(made: Outlook, setting: Setting) -> Chart:
    """History, last year and the forecast with its 80% band."""
    say, write = Words(setting.language), writer(setting)
    sold = made.history.tail(_SHOWN_BEFORE[setting.freq])
    last = sold.iloc[-1]
    past = pd.DataFrame({"x": sold["timestamp"], "sold": sold["value"]})
    past["last_year"] = _a_year_before(made, sold, setting).to_numpy()
    joint = past.index[-1]  # the forecast begins where the sales end
    past.loc[joint, ["mean", "low", "high"]] = last["value"]
    ahead = made.future.rename(columns={"timestamp": "x", "q0.1": "low", "q0.9": "high"})
    frame = pd.concat([past, ahead[["x", "last_year", "mean", "low", "high"]]], ignore_index=True)
    total, growth = (
        made.future["mean"].sum(),
        share_of_year(made.future["mean"], made.future["last_year"]),
    )
    return Chart(
        title=say("Revenue" if setting.measure == "revenue" else "Units"),
        remark=say({"D": "a day", "W": "a week", "M": "a month"}[setting.freq]),
        frame=frame,
        lines=(
            Line(column="last_year", name=say("Last year"), role="last_year"),
            Line(column="sold", name=say("Sold"), role="sold"),
            Line(column="mean", name=say("Forecast"), role="forecast"),
        ),
        band=Band(low="low", high="high", name=say("80% band")),
        cutoff=last["timestamp"],
        finding=say(
            "Sales and the forecast of {periods}: about {value}, {change} against last year.",
            periods=say.periods(made.horizon, setting.freq),
            value=write.brief(float(total), "amount"),
            change=write.full(growth, "change"),
        ),
    )


def period_sheet(made: Outlook, setting: Setting) -> Periods:
    """The forecast period by period, with the sum in the last column."""
    say, write, future = Words(setting.language), writer(setting), made.future
    heads = [write.heads(pd.Timestamp(moment), setting.freq) for moment in future["timestamp"]]
    year_ago = future["last_year"].sum(min_count=len(future))
    growth = (future["mean"] / future["last_year"].where(future["last_year"] > 0) - 1).tolist()
    whole = share_of_year(future["mean"], future["last_year"])

    def row(label: str, column: str, total: float, *, main: bool = False) -> Row:
        values = (*(float(each) for each in future[column]), float(total))
        return Row(label=say(label), kind="amount", values=values, is_main=main)

    return Periods(
        title=say({"D": "By day", "W": "By week", "M": "By month"}[setting.freq]),
        remark=say("the last column is the sum of all"),
        heads=(*(head for head, _ in heads), say("Sum")),
        subheads=(*(below for _, below in heads), ""),
        rows=(
            row("Last year", "last_year", year_ago),
            row("Forecast", "mean", future["mean"].sum(), main=True),
            row("8 in 10 from", "q0.1", made.total_low),
            row("8 in 10 to", "q0.9", made.total_high),
            Row(label=say("vs last year"), kind="change", values=(*growth, whole)),
        ),
    )


def with_rest(parts: Parts, most: int, say: Words) -> pd.DataFrame:
    """The largest parts and the sum of all others, so that the rows add up to the whole."""
    shown, cut = parts.frame.head(most), parts.frame.iloc[most:]
    shown = shown.assign(label=[_label(str(label), say) for label in shown["label"]])
    forecast = float(cut["forecast"].sum()) + parts.rest
    before = float(cut["before"].sum()) + parts.rest_before
    if cut.empty and not forecast and not before:
        return shown
    rest = {"label": [say("All others")], "forecast": [forecast], "before": [before]}
    return pd.concat([shown, pd.DataFrame(rest)], ignore_index=True)


def _label(label: str, say: Words) -> str:
    return say("No category") if label == "No category" else label


def moved(parts: Parts, setting: Setting, *, remark: str, column: str) -> tuple[Block, ...]:
    """What gains and loses most against last year, as bars and as tables; of which periods."""
    say = Words(setting.language)
    changes = parts.changes
    top = pd.concat(
        [
            changes[changes["change"] > 0].head(_MOVERS),
            changes[changes["change"] < 0].head(_MOVERS).iloc[::-1],
        ]
    )
    if top.empty:
        return (Text(paragraphs=(say("Nothing changes against last year."),)),)
    bars = Bars(
        title=say("Change against last year"),
        remark=remark,
        labels=tuple(str(label) for label in top["label"]),
        values=tuple(float(change) for change in top["change"]),
        kind="gain",
        finding=say("{number} that gain or lose most.", number=len(top)),
    )
    head = {"category": "Category", "product": "Product", "place": "Place"}[parts.level]
    table = Table(
        title=say("In numbers"),
        frame=top.assign(growth=top["change"] / top["before"].where(top["before"] > 0)),
        columns=(
            Column(name="label", label=say(head), kind="text", width=2.4),
            Column(name="forecast", label=column, kind="amount"),
            Column(name="before", label=say("Last year"), kind="amount"),
            Column(name="change", label=say("Change"), kind="gain"),
            Column(name="growth", label=say("vs last year"), kind="change"),
        ),
    )
    return bars, table


def accuracy_blocks(made: Outlook, setting: Setting) -> tuple[Block, ...]:
    """How far every tested model was off; one sentence where none could be tested."""
    say, freq = Words(setting.language), setting.freq
    if made.scores is None:
        text = say("There is too little history to test the forecast on the past.")
        return (Text(paragraphs=(text,)),)
    board = made.scores.sort_values("wape")
    names = [say.model(str(model), freq) for model in board.index]
    emphasis = list(board.index).index(made.model) if made.model in board.index else None
    windows, each = made.tested
    remark = say(
        "the last {windows} × {periods}, not seen by any model",
        windows=windows,
        periods=say.periods(each, freq),
    )
    return (
        Bars(
            title=say("Forecast error"),
            remark=remark,
            labels=tuple(names),
            values=tuple(float(value) for value in board["wape"]),
            kind="share",
            emphasis=emphasis,
            finding=say("{model} was closest.", model=names[0]),
        ),
        Table(
            title=say("In numbers"),
            frame=board.assign(name=names),
            columns=(
                Column(name="name", label=say("Model"), kind="text", width=2.0),
                Column(name="wape", label=say("Forecast error"), kind="share"),
                Column(name="bias", label=say("Bias"), kind="change"),
                Column(name="coverage", label=say("80% band held"), kind="whole"),
            ),
        ),
    )
