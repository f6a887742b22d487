"""The scenario comparison: the plan beside one to five scenarios, each against it with its band."""

import pandas as pd

from reports.blocks import scope_words, writer
from reports.content import (
    Band,
    Bars,
    Block,
    Chart,
    Column,
    Kind,
    Line,
    Review,
    Role,
    Section,
    Table,
    Text,
)
from reports.errors import ReportError
from reports.facts import ScenarioFacts, ScenarioOne
from reports.numbers import DASH, Writer
from reports.words import Words

MOST = 5  # scenarios beside the plan
_MEASURES: tuple[tuple[str, str, Kind], ...] = (
    ("units", "Units", "units"),
    ("revenue", "Revenue", "money"),
    ("margin", "Margin", "money"),
)
_SIGNED: dict[Kind, Kind] = {"units": "gain_units", "money": "gain_money"}
_ROLES: tuple[Role, ...] = ("forecast", "rival", "third", "fourth", "fifth")


def scenario_comparison(facts: ScenarioFacts) -> Review:
    """The comparison of up to `MOST` scenarios. Raises `ReportError` for none, and for more."""
    if not 1 <= len(facts.scenarios) <= MOST:
        raise ReportError(
            f"{len(facts.scenarios)} scenarios cannot be compared. Choose 1 to {MOST} of them."
        )
    setting = facts.setting
    say, write = Words(setting.language), writer(setting)
    sections = [
        Section(
            title=say("Summary"),
            blocks=(
                Text(paragraphs=_summary(facts, say, write), is_list=True),
                *_beside(facts, say),
            ),
        ),
        Section(title=say("Difference over time"), blocks=_over_time(facts, say)),
        *(
            Section(title=each.name[:90], blocks=_one(each, facts, say, write))
            for each in facts.scenarios
        ),
        Section(title=say("Methods and data"), blocks=(_notes(facts, say),)),
    ]
    return Review(
        template=say("Scenario comparison"),
        title=scope_words(facts.name, facts.place, say),
        facts=(
            (say("Dataset"), setting.dataset),
            (say("Period"), write.span(facts.first, facts.last)),
            (say("Scenarios"), say.joined([each.name for each in facts.scenarios])),
            (say("Answered by"), facts.by or say("measured price elasticities")),
        ),
        sections=tuple(sections),
        language=setting.language,
        measure=setting.measure,
        currency=setting.currency,
        made_on=setting.made_on,
    )


def _deciding(each: ScenarioOne) -> tuple[str, str, Kind, pd.Series]:
    """The measure that a scenario is judged by: margin, else revenue, else units."""
    known = each.totals.dropna(subset="difference")
    for name, label, kind in reversed(_MEASURES):
        found = known[known["measure"] == name]
        if len(found):
            return name, label, kind, found.iloc[0]
    raise ReportError(f"The scenario {each.name[:40]!r} has no result. Work it out first.")


def _summary(facts: ScenarioFacts, say: Words, write: Writer) -> tuple[str, ...]:
    texts = []
    for each in facts.scenarios:
        _, label, kind, total = _deciding(each)
        said = say(
            "{name}: {measure} {difference} against the plan, in 8 of 10 cases between {low} and "
            "{high}.",
            name=each.name,
            measure=say(label).lower(),
            difference=write.signed(float(total["difference"]), kind),
            low=write.signed(float(total["low"]), kind),
            high=write.signed(float(total["high"]), kind),
        )
        if float(total["low"]) <= 0 <= float(total["high"]):
            said = say.sentences(said, say("This could be chance."))
        if each.is_stale:
            said = say.sentences(said, say("Worked out before the data changed."))
        texts.append(said)
    return tuple(texts)


def _beside(facts: ScenarioFacts, say: Words) -> tuple[Block, ...]:
    """A table per measure: the plan, and each scenario against it."""
    blocks: list[Block] = []
    for name, label, kind in _MEASURES:
        rows = []
        for each in facts.scenarios:
            totals = each.totals.set_index("measure")
            if name not in totals.index or pd.isna(totals.loc[name, "plan"]):
                continue
            total = totals.loc[name]
            plan = float(total["plan"])
            rows.append(
                {
                    "name": each.name,
                    **{key: float(total[key]) for key in ("plan", "scenario", "difference")},
                    "low": float(total["low"]),
                    "high": float(total["high"]),
                    "change": float(total["difference"]) / plan if plan > 0 else float("nan"),
                }
            )
        if rows:
            blocks.append(
                Table(
                    title=say(label),
                    frame=pd.DataFrame(rows),
                    columns=(
                        Column(name="name", label=say("Scenario"), kind="text", width=2.4),
                        Column(name="plan", label=say("Plan"), kind=kind),
                        Column(name="scenario", label=say("With it"), kind=kind),
                        Column(name="difference", label=say("Difference"), kind=_SIGNED[kind]),
                        Column(name="change", label=say("Change"), kind="change", width=0.8),
                        Column(name="low", label=say("8 in 10 from"), kind=_SIGNED[kind]),
                        Column(name="high", label=say("8 in 10 to"), kind=_SIGNED[kind]),
                    ),
                )
            )
    return tuple(blocks)


def _over_time(facts: ScenarioFacts, say: Words) -> tuple[Block, ...]:
    """The difference to the plan of every scenario, by period."""
    blocks: list[Block] = []
    for name, label, kind in _MEASURES:
        lines, frame = [], pd.DataFrame()
        for number, each in enumerate(facts.scenarios):
            steps = each.steps[each.steps["measure"] == name].set_index("timestamp")["difference"]
            if steps.notna().any():
                frame[f"s{number}"] = steps
                lines.append(Line(column=f"s{number}", name=each.name[:40], role=_ROLES[number]))
        if not lines or (name == "units" and facts.setting.measure == "revenue" and blocks):
            continue
        blocks.append(
            Chart(
                title=say(label),
                remark=say("difference to the plan"),
                frame=frame.rename_axis("x").reset_index(),
                lines=tuple(lines),
                kind=_SIGNED[kind],
                finding=say("How far each scenario is from the plan, over time."),
            )
        )
    return tuple(blocks)


def _one(each: ScenarioOne, facts: ScenarioFacts, say: Words, write: Writer) -> tuple[Block, ...]:
    """One scenario: its band over time, where the difference comes from, what to know."""
    name, label, kind, _ = _deciding(each)
    blocks: list[Block] = []
    steps = each.steps[each.steps["measure"] == name].rename(columns={"timestamp": "x"})
    if len(steps) > 1:
        blocks.append(
            Chart(
                title=say(label),
                remark=say("difference to the plan"),
                frame=steps[["x", "difference", "low", "high"]].reset_index(drop=True),
                lines=(Line(column="difference", name=say("Difference"), role="forecast"),),
                band=Band(low="low", high="high", name=say("80% band")),
                kind=_SIGNED[kind],
                finding=say("The difference to the plan with its band."),
            )
        )
    if len(each.parts):
        blocks.append(_parts(each, name, label, kind, say))
        if len(each.parts) > 1 and each.parts[name].notna().any():
            worth = each.parts.loc[each.parts[name].abs().idxmax()]
            text = say(
                "Most comes from {change}: {difference} by it alone.",
                change=say.change_told(str(worth["change"])),
                difference=write.signed(float(worth[name]), kind),
            )
            blocks.append(Text(paragraphs=(text,)))
    blocks.append(_changes(each, say))
    if each.notes:
        notes = tuple(say.told(note) for note in each.notes)
        lead = say("What to know before believing it:")
        blocks.append(Text(paragraphs=notes, is_list=True, lead=lead))
    return tuple(blocks)


def _parts(each: ScenarioOne, name: str, label: str, kind: Kind, say: Words) -> Bars:
    known = each.parts.dropna(subset=name)
    if known.empty:
        known, name, label, kind = each.parts.fillna({"units": 0.0}), "units", "Units", "units"
    return Bars(
        title=say("What each change does by itself"),
        remark=say(label).lower(),
        labels=tuple(say.change_told(str(change)) for change in known["change"]),
        values=tuple(float(value) for value in known[name]),
        kind=_SIGNED[kind],
        finding=say("The difference that each change makes alone."),
    )


def _changes(each: ScenarioOne, say: Words) -> Block:
    """Its changes, with what each does alone."""
    if each.parts.empty:
        return Text(paragraphs=(say("It changes nothing."),))
    return Table(
        title=say("Its changes"),
        frame=each.parts.assign(change=[say.change_told(str(one)) for one in each.parts["change"]]),
        columns=(
            Column(name="change", label=say("Change"), kind="text", width=3.4),
            *(
                Column(name=name, label=say(label), kind=_SIGNED[kind])
                for name, label, kind in _MEASURES
            ),
        ),
    )


def _notes(facts: ScenarioFacts, say: Words) -> Text:
    return Text(
        paragraphs=(
            say("Plan and scenario see the same luck, so the band is that of the difference."),
            say("A band with zero in it decides nothing: the difference could be chance."),
            say("Changes do not add up to the whole where they act on each other."),
            say("{dash} means that cost or price is not known.", dash=DASH),
        ),
        is_list=True,
    )
