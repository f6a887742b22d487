"""What cheaper products take from their siblings: found once in the demo shop, and kept."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from data import demo
from data.store import open_store
from ui import prices_facts
from ui import what_if_siblings as siblings


def test_when_promotions_are_flagged_then_siblings_are_found_once_and_kept(
    demo_var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    store = open_store(tmp_path / "almanac.duckdb", threads=1)
    found = siblings.find_once(store, 1)
    assert found is not None
    assert set(found.groups["group"]) == set(found.group_of["group"])
    assert (found.groups["slope"] <= 0).all()
    usual = found.groups["usual"].dropna()
    assert len(usual)
    assert usual.mean() > 0.05  # promotions of the demo shop sell
    sizes = found.sizes.groupby("group")["count"].max()
    assert sizes.sum() >= len(found.group_of) / 2

    def never(*_: object, **__: object) -> None:
        raise AssertionError("it is read back")

    monkeypatch.setattr(prices_facts, "sales", never)
    again = siblings.find_once(store, 1)
    assert again is not None
    assert again.groups.equals(found.groups)
    store.close()


def test_when_nothing_says_what_was_on_promotion_then_it_cannot_be_told(tmp_path: Path) -> None:
    store = open_store(tmp_path / "almanac.duckdb", threads=1)
    demo.load(store, today=date(2026, 11, 18), products=3, days=60)
    with store.transaction() as cursor:
        cursor.execute("UPDATE sales SET promo = NULL")
    assert siblings.find_once(store, 1) is None
    store.close()
