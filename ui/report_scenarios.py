"""From the results that What-if keeps to what the scenario comparison is given.

A result is plain JSON: `totals` by measure (plan, scenario, difference, low, high), `weeks` with
`steps` by measure (plan, difference, low, high), `parts` (title, units, revenue, margin), `notes`,
and the `first` and `last` day.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

import reports

_TOTALS = ("plan", "scenario", "difference", "low", "high")
_STEPS = ("plan", "difference", "low", "high")
_MEASURES = ("units", "revenue", "margin")


def one(name: str, result: Mapping[str, Any], *, is_stale: bool = False) -> reports.ScenarioOne:
    """A scenario with its result."""
    totals = [
        {"measure": measure, **{each: total.get(each) for each in _TOTALS}}
        for measure, total in result["totals"].items()
    ]
    weeks = pd.to_datetime(pd.Series(result["weeks"], dtype=object))
    steps = [
        pd.DataFrame(
            {
                "timestamp": weeks,
                "measure": measure,
                **{each: pd.Series(values[each], dtype=float) for each in _STEPS},
            }
        )
        for measure, values in result["steps"].items()
    ]
    columns = ["change", *_MEASURES]
    parts = [
        {"change": part["title"], **{each: part.get(each) for each in _MEASURES}}
        for part in result["parts"]
    ]
    numbers = dict.fromkeys(_MEASURES, float)
    return reports.ScenarioOne(
        name=name,
        totals=pd.DataFrame(totals).astype(dict.fromkeys(_TOTALS, float)),
        steps=pd.concat(steps, ignore_index=True),
        parts=pd.DataFrame(parts, columns=columns).astype(numbers),
        notes=tuple(str(note) for note in result["notes"]),
        is_stale=is_stale,
    )


def comparison(
    setting: reports.Setting,
    name: str,
    place: str,
    scenarios: Sequence[tuple[str, Mapping[str, Any], bool]],
    *,
    by: str = "",
) -> reports.ScenarioFacts:
    """The facts of scenarios, each a name, a result and whether it is stale; `by` names the run."""
    results = [result for _, result, _ in scenarios]
    return reports.ScenarioFacts(
        setting=setting,
        name=name,
        place=place,
        by=by,
        first=min(pd.Timestamp(each["first"]) for each in results),
        last=max(pd.Timestamp(each["last"]) for each in results),
        scenarios=tuple(one(*each[:2], is_stale=each[2]) for each in scenarios),
    )
