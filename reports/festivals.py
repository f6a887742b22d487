"""Festivals ahead, with what they did to sales before."""

import pandas as pd

from reports.content import Block, Column, Table, Text
from reports.facts import Festival
from reports.words import Words

_FESTIVALS = 12  # in the table


def ahead_blocks(festivals: tuple[Festival, ...], say: Words) -> tuple[Block, ...]:
    """The festivals of the next weeks as a table; one sentence where there is none."""
    if not festivals:
        return (Text(paragraphs=(say("No festival in the calendar for the next weeks."),)),)
    shown = festivals[:_FESTIVALS]
    frame = pd.DataFrame(
        [
            {
                "name": say.festival(each.name),
                "day": each.first_day,
                "lift": _known(each.lift),
                "low": _known(each.low),
                "high": _known(each.high),
                "times": float(each.times) if each.times else float("nan"),
                "extra": _known(each.extra if each.is_clear else None),
                "said": say(_judged(each)),
            }
            for each in shown
        ]
    )
    table = Table(
        title=say("What they did before"),
        remark=say(
            "times what is usual without them, on their own days; what they add, with the days "
            "before and after"
        ),
        frame=frame,
        columns=(
            Column(name="name", label=say("Festival"), kind="text", width=1.7),
            Column(name="day", label=say("First day"), kind="soon"),
            Column(name="lift", label=say("Times usual"), kind="times"),
            Column(name="low", label=say("8 in 10 from"), kind="times"),
            Column(name="high", label=say("8 in 10 to"), kind="times"),
            Column(name="times", label=say("Seen"), kind="units", width=0.7),
            Column(name="extra", label=say("Adds about"), kind="gain", width=1.1),
            Column(name="said", label=say("Effect"), kind="text", width=1.9),
        ),
    )
    return (table,)


def _judged(each: Festival) -> str:
    if each.lift is None:
        return "never measured"
    if not each.is_clear:
        return "could be chance"
    extra = each.extra or 0.0
    if each.lift > 1:
        return "more, with less around it" if extra < 0 else "sells more"
    return "less, with more around it" if extra > 0 else "sells less"


def _known(value: float | None) -> float:
    return float("nan") if value is None else value
