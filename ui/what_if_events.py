"""Events of a scenario: what an event did so far is taken off its days, and put on others.

Knows no Streamlit. What it did is measured per widest category, as on the Calendar page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from data import events
from data.calendar_entries import Entry
from forecasting.diagnostics.events import Effect, Measured
from forecasting.scenarios import Change
from ui import calendar_facts
from ui import what_if_kinds as kinds
from ui import what_if_rules as rules
from ui import what_if_values as values
from ui.what_if_kinds import Line, RuleError
from ui.what_if_rules import Rule, Shop

TOTAL = "total"  # as in `ui.calendar_queries`


@dataclass(frozen=True, kw_only=True)
class Events:
    """When events come, and what they did to each of the widest categories."""

    entries: tuple[Entry, ...]
    measured: Mapping[str, Measured]

    def dated(self, rule: Rule, shop: Shop) -> Rule:
        """The rule with the changes that its event makes. Raises `RuleError`."""
        name, to = values.event_of(rule.line)
        occurrence = self.occurrence(name, rule.line, shop)
        moved = _moved(occurrence, to, shop) if to else None
        changes: list[Change] = []
        for category, ids in _series(rule, shop).items():
            measured = self.measured.get(category) or self.measured.get(TOTAL)
            effects = _effects(measured, str(occurrence["name"].iloc[0]))
            for phase, first, last in _phases(occurrence):
                if effect := effects.get(phase):
                    changes += _times(1 / max(effect.lift, 0.02), first, last, ids, rule, shop)
            for phase, first, last in _phases(moved) if moved is not None else ():
                if effect := effects.get(phase):
                    changes += _times(effect.lift, first, last, ids, rule, shop)
        if not changes:
            raise RuleError(
                f"What {name} does was never measured: it has not come while there were sales."
            )
        return replace(rule, changes=tuple(changes), notes=(self._note(name, rule, shop),))

    def occurrence(self, name: str, line: Line, shop: Shop) -> pd.DataFrame:
        """The one occurrence of an event in the days of a line. Raises `RuleError`."""
        first, last, _ = rules.days_of(line, shop)
        found = events.occurrences(self.entries, shop.first_day, shop.last_day)
        named = found[found["name"].str.lower() == name.lower()]
        if named.empty:
            soon = ", ".join(dict.fromkeys(found.loc[found["kind"] != "holiday", "name"].head(5)))
            more = f" Those that do: {soon}." if soon else ""
            raise RuleError(f"“{name}” is not in the calendar of the days to come.{more}")
        inside = named[
            (named["last_day"] >= pd.Timestamp(first)) & (named["first_day"] <= pd.Timestamp(last))
        ]
        if inside.empty:
            when = kinds.said(pd.Timestamp(named["first_day"].iloc[0]).date())
            raise RuleError(f"{name} is not in these days; it comes on {when}.")
        return inside.head(1)

    def _note(self, name: str, rule: Rule, shop: Shop) -> str:
        measured = self.measured.get(TOTAL) or next(iter(self.measured.values()))
        on = _effects(measured, name).get("on")
        if on is None:
            return f"What {name} did is measured by category."
        between = calendar_facts.between(on.low, on.high)
        return (
            f"{name} sold {calendar_facts.times(on.lift)} times as much as usual so far ({between} "
            "in 8 of 10 cases). The band does not hold this doubt."
        )


def planned(line: Line, entries: list[Entry], known: Events, shop: Shop) -> list[Entry]:
    """The calendar with an own event off or moved. Raises `RuleError`.

    What comes by rule every year stays: the calendar has no single year of it, and without it in
    the past nothing would be learned of it.
    """
    name, to = values.event_of(line)
    occurrence = known.occurrence(name, line, shop)
    entry = next(
        (each for each in entries if each.name.lower() == name.lower() and each.is_on), None
    )
    if entry is None:
        raise RuleError(f"“{name}” is not in the calendar any more.")
    if entry.kind != "own" or entry.yearly:
        raise RuleError(f"{name} comes every year by rule; the calendar cannot change one year.")
    changed = replace(entry, is_on=False)
    if to:
        moved = _moved(occurrence, to, shop)
        changed = replace(
            entry,
            first_day=pd.Timestamp(moved["first_day"].iloc[0]).date(),
            last_day=pd.Timestamp(moved["last_day"].iloc[0]).date(),
        )
    return [changed if each is entry else each for each in entries]


def _series(rule: Rule, shop: Shop) -> dict[str, tuple[str, ...]]:
    """The series of a rule by their widest category."""
    found: dict[str, list[str]] = {}
    for product, place in sorted(shop.pairs):
        if product in rule.products and (rule.places is None or place in rule.places):
            path = shop.paths.get(product, ())
            found.setdefault(path[0] if path else "", []).append(f"{product}:{place}")
    return {category: tuple(ids) for category, ids in found.items()}


def _effects(measured: Measured | None, name: str) -> dict[str, Effect]:
    if measured is None:
        return {}
    named = [each for each in measured.effects if each.name.lower() == name.lower()]
    return {each.phase: each for each in named}


def _phases(occurrence: pd.DataFrame) -> list[tuple[str, date, date]]:
    return [(each.phase, each.first.date(), each.last.date()) for each in events.phases(occurrence)]


def _moved(occurrence: pd.DataFrame, to: str, shop: Shop) -> pd.DataFrame:
    """The same occurrence on other days."""
    begins = pd.Timestamp(occurrence["first_day"].iloc[0])
    shift = kinds.near(to, begins.date()) - begins.date()
    if not shift:
        raise RuleError("It is moved to where it is. Choose another day.")
    first = (begins + shift).date()
    if not shop.first_day <= first <= shop.last_day:
        raise RuleError(f"{kinds.said(first)} is not among the days that are forecast.")
    return occurrence.assign(
        first_day=occurrence["first_day"] + shift, last_day=occurrence["last_day"] + shift
    )


def _times(
    factor: float, first: date, last: date, ids: tuple[str, ...], rule: Rule, shop: Shop
) -> list[Change]:
    """Demand times a factor on the days that are forecast; none where there are none."""
    first, last = max(first, shop.first_day), min(last, shop.last_day)
    if last < first:
        return []
    return [
        Change(
            kind="demand",
            how="percent",
            value=100 * (factor - 1),
            first=pd.Timestamp(first),
            last=pd.Timestamp(last) + timedelta(0),
            series=ids,
            name=rule.line.title,
        )
    ]
