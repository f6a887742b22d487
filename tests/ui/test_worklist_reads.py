"""What a forecast is said to have jumped from: the plan published last, else the run before."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from data import publications
from data.store import Store, open_store
from engine.registry import About, Entry
from tests.data.plan_shop import MONDAY, begin, sold
from ui import worklist_reads as reads
from ui.worklist_reads import Runs

DAY = date(2026, 11, 22)
ENTRY = Entry(
    number=1, run_id="new", name="LSTM", tags=(), is_champion=True,
    about=About(model="lstm", data_until="2026-11-16"), metrics={},
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "almanac.duckdb", threads=1)


def test_when_a_plan_is_published_then_jumps_are_against_its_forecast(store: Store) -> None:
    sold(store)
    plan = begin(store)
    made = publications.publish(store, plan, name="Week 47", author="Bea", based_on=plan.revision)
    chosen = Runs(entry=ENTRY, before=None, published=made, tests=None, tests_run="")
    found = reads._earlier(store, chosen, None, DAY)
    assert found is not None
    told, since = found
    assert told.to_dict() == {1: 160.0, 2: 80.0, 3: 180.0}
    assert since.startswith("“Week 47” of ")
    late = reads._earlier(store, chosen, None, MONDAY)
    assert late is None  # it does not reach four weeks from there, and there is no run before
    store.close()


def test_when_nothing_is_published_then_jumps_are_against_the_run_before(
    store: Store, tmp_path: Path
) -> None:
    weeks = pd.date_range(MONDAY, periods=5, freq="7D")
    frame = pd.DataFrame({"series_id": "1:1", "timestamp": weeks, "mean": 3.0})
    frame.to_parquet(tmp_path / "forecast.parquet")
    before = Runs(entry=ENTRY, before=ENTRY, published=None, tests=None, tests_run="")
    found = reads._earlier(store, before, tmp_path, DAY)
    assert found is not None
    assert found[0].to_dict() == {1: 12.0}
    assert found[1].endswith("16 Nov")
    store.close()
