"""Lifts planted in the demo shop are measured again; `pytest -s` prints the recovery table."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd
import pytest

from data import calendar_store, demo, event_sums, events
from data.scope import Scope
from data.store import Store, open_store
from forecasting.diagnostics.events import Measured
from ui import calendar_queries as queries

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("calendar") / "almanac.duckdb")
    demo.load(opened, today=TODAY)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def measured(store: Store) -> dict[str, Measured]:
    scope = Scope(dataset_id=1, freq="D")
    sums = event_sums.sums(store, scope, by_category=True)
    found = events.occurrences(
        calendar_store.read(store, 1), date(2023, 11, 21), date(2026, 11, 19)
    )
    return queries.measured(sums, found, scope)


@pytest.fixture(scope="module")
def recovery(store: Store, measured: dict[str, Measured]) -> pd.DataFrame:
    """A row per department and window that came three times: true and found lift."""
    true = store.frame(
        "SELECT p.categories[1] AS department, t.name, avg(value) AS true FROM demo_truth t "
        "JOIN product p USING (product_id) WHERE topic = 'event lift' GROUP BY ALL"
    ).set_index(["department", "name"])["true"]
    rows = []
    for department, each in measured.items():
        for effect in each.effects:
            key = (department, effect.name + ("" if effect.phase == "on" else f": {effect.phase}"))
            if key in true.index and len(effect.past) >= 3:
                rows.append((*key, true[key], effect.lift, effect.low, effect.high))
    frame = pd.DataFrame(rows, columns=["department", "window", "true", "found", "low", "high"])
    frame["error"] = frame["found"] / frame["true"] - 1
    return frame


def test_when_events_came_three_times_then_their_lifts_are_within_15_percent_of_truth(
    recovery: pd.DataFrame,
) -> None:
    print("\n" + recovery.round(3).to_string(index=False))
    assert len(recovery) > 90
    assert recovery["error"].abs().max() <= 0.15
    assert np.sqrt((recovery["error"] ** 2).mean()) < 0.055


def test_when_ranges_say_8_in_10_then_most_of_them_hold_the_truth(recovery: pd.DataFrame) -> None:
    held = (recovery["low"] <= recovery["true"]) & (recovery["true"] <= recovery["high"])
    assert 0.6 <= held.mean() <= 0.95


def test_when_holidays_move_nothing_then_hardly_any_is_called_clear(
    measured: dict[str, Measured],
) -> None:
    """The demo shop sells on Labor Day as on any day."""
    effects = [
        e.is_clear
        for name, each in measured.items()
        if name != queries.TOTAL
        for e in each.effects
        if e.name in ("Labor Day", "German Unity Day", "Ascension Day", "Good Friday")
    ]
    assert len(effects) >= 20
    assert np.mean(effects) <= 0.2
