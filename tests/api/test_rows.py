"""Buckets, cursors, and frames as JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from api import rows
from api.limits import Rates
from api.memory import Kept
from api.problems import Problem
from api.wire import Table


def test_when_a_client_asks_too_often_then_others_may_still_ask() -> None:
    now = [0.0]
    rates = Rates(2, clock=lambda: now[0])
    for _ in range(4):
        rates.take("a")
    with pytest.raises(Problem) as refused:
        rates.take("a")
    assert refused.value.retry_seconds == 1
    rates.take("b")
    now[0] = 0.5
    rates.take("a")


def test_when_a_frame_has_holes_then_json_has_null_and_nothing_else() -> None:
    frame = pd.DataFrame(
        {
            "day": [pd.Timestamp("2026-11-20"), pd.NaT],
            "mean": [np.nan, np.inf],
            "units": pd.array([1, None], dtype="Int64"),
            "code": ["=A1", None],
        }
    )
    content, headers = rows.rendered(Table(rows=frame, next="x"), "application/json")
    told = json.loads(content)
    assert told["rows"] == [
        {"day": "2026-11-20", "mean": None, "units": 1, "code": "=A1"},
        {"day": None, "mean": None, "units": None, "code": None},
    ]
    assert headers == {"Almanac-Next": "x"}
    csv, _ = rows.rendered(Table(rows=frame), "text/csv")
    assert b"'=A1" in csv  # no spreadsheet takes it for a formula


def test_when_a_value_is_old_or_one_too_many_then_it_is_made_again() -> None:
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name

    kept: Kept[str] = Kept(most=2)
    for name in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(name, lambda name=name: make(name)) == name
    assert made == ["a", "b", "c", "b"]
    fleeting: Kept[str] = Kept(most=2, seconds=0.0)
    for _ in range(2):
        fleeting.get("x", lambda: make("x"))
    assert made[-2:] == ["x", "x"]
