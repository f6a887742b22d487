"""Finished changes of a price, as they stand in the sales."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from data import price_changes
from data.store import open_store
from tests.data.shop import fill

FIRST = date(2026, 1, 5)  # a Monday


def test_when_a_price_changes_and_stands_then_it_is_found_with_its_days(tmp_path: Path) -> None:
    store = open_store(tmp_path / "almanac.duckdb", threads=1)
    rows = []
    for day in range(182):
        steady = 10.0 if day < 98 else 9.0
        blip = 8.0 if 98 <= day < 105 else 10.0  # a week only
        rows.append((1, 1, FIRST + timedelta(days=day), 5.0, steady))
        rows.append((2, 1, FIRST + timedelta(days=day), 5.0, blip))
        rows.append((3, 1, FIRST + timedelta(days=day), 5.0, 10.0 + 0.05 * (day >= 98)))
    fill(store, rows)
    found = price_changes.finished(store, 1)
    (row,) = found.to_dict("records")
    assert (row["product_id"], row["before"], row["after"]) == (1, 10.0, pytest.approx(9.0))
    assert row["first"] == FIRST + timedelta(days=98)
    assert row["last"] == FIRST + timedelta(days=181)
    with store.transaction() as cursor:
        cursor.execute("UPDATE sales SET promo = true WHERE product_id = 1 AND price < 10")
    assert price_changes.finished(store, 1).empty  # a promotion is no change of the usual price
    with store.transaction() as cursor:
        cursor.execute("UPDATE sales SET price = NULL, revenue = NULL")
    assert price_changes.finished(store, 1).empty
    store.close()
