"""Events off and moved: what they did is taken off their days, and kept where it must stay."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.calendar_entries import Entry
from forecasting.diagnostics.events import Effect, Measured
from ui.what_if_events import TOTAL, Events, planned
from ui.what_if_kinds import Line, RuleError
from ui.what_if_rules import Rule, Shop, rule_of

FAIR = Entry(
    kind="own", name="Tea fair", first_day=date(2026, 11, 25), last_day=date(2026, 11, 26),
    days_after=2,
)  # fmt: skip
YEARLY = Entry(
    kind="own", name="Birthday", first_day=date(2025, 12, 1), last_day=date(2025, 12, 1),
    yearly=True,
)  # fmt: skip
SHOP = Shop(
    names={1: "Earl Grey", 2: "Mug"}, codes={"p1": 1, "p2": 2},
    paths={1: ("Drinks",), 2: ("Home",)}, place_names={1: "Berlin"}, place_codes={"b": 1},
    pairs=frozenset({(1, 1), (2, 1)}), currency="€", first_day=date(2026, 11, 20),
    last_day=date(2027, 11, 18),
)  # fmt: skip


def effect(phase: str, lift: float) -> Effect:
    return Effect(
        name="Tea fair", phase=phase, lift=lift, low=lift * 0.9, high=lift * 1.1, next_low=lift,
        next_high=lift, is_clear=True, error=0.1, spread=0.1, degrees=5.0, past=(),
    )  # fmt: skip


def known() -> Events:
    drinks = Measured(
        effects=(effect("on", 2.0), effect("after", 0.8)), usual=np.ones(3), leaning=0.0
    )
    total = Measured(effects=(effect("on", 1.25),), usual=np.ones(3), leaning=0.0)
    return Events(entries=(FAIR, YEARLY), measured={"Drinks": drinks, TOTAL: total})


def line(**fields: str) -> Line:
    given = {
        "kind": "Event off", "first": "2026-11-23", "last": "2026-11-30", "value": "tea fair"
    } | fields  # fmt: skip
    return Line(**given)  # type: ignore[arg-type]


def dated(**fields: str) -> Rule:
    return known().dated(rule_of(0, line(**fields), SHOP), SHOP)


def test_when_an_event_is_off_then_each_category_loses_what_it_did_there() -> None:
    rule = dated()
    found = {(each.series, each.first.day): each.value for each in rule.changes}
    assert found == pytest.approx(
        {(("1:1",), 25): -50.0, (("1:1",), 27): 25.0, (("2:1",), 25): -20.0}
    )
    assert "The band does not hold this doubt" in rule.notes[0]


def test_when_an_event_moves_then_its_effect_comes_on_the_new_days() -> None:
    rule = dated(kind="Move event", value="Tea fair to 2 Dec", products="Drinks")
    new = [each for each in rule.changes if each.first >= pd.Timestamp("2026-12-02")]
    assert [(each.first.day, each.value) for each in new] == [(2, 100.0), (4, pytest.approx(-20.0))]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"value": "Eurovision"}, "not in the calendar of the days to come. Those that do: Tea"),
        ({"first": "2026-12-10", "last": "2026-12-12"}, "not in these days; it comes on Wed 25"),
        ({"kind": "Move event"}, "which event and where to"),
        ({"kind": "Move event", "value": "Tea fair to 25 Nov"}, "where it is"),
        ({"value": ""}, "Say which event"),
    ],
)
def test_when_an_event_cannot_be_changed_then_it_is_said_why(
    fields: dict[str, str], said: str
) -> None:
    with pytest.raises(RuleError, match=said):
        dated(**fields)


def test_when_an_own_event_is_planned_then_it_is_off_or_moved_and_yearly_ones_stay() -> None:
    entries = [FAIR, YEARLY]
    assert [each.is_on for each in planned(line(), entries, known(), SHOP)] == [False, True]
    moved = planned(line(kind="Move event", value="Tea fair to 2 Dec"), entries, known(), SHOP)
    assert (moved[0].first_day, moved[0].last_day) == (date(2026, 12, 2), date(2026, 12, 3))
    birthday = line(value="Birthday", first="2026-12-01", last="2026-12-01")
    with pytest.raises(RuleError, match="comes every year by rule"):
        planned(birthday, entries, known(), SHOP)
