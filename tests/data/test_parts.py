"""The queries of small multiples and of the hours of a week."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from data import queries
from data.scope import Level, Scope
from data.store import Store, open_store

MONDAY = date(2024, 1, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three products of two categories in two places; the third sold only on the first day."""
    opened = open_store(tmp_path / "almanac.duckdb")
    with opened.transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, created_at) "
            "VALUES (1, 'Shop', 'upload', now()::TIMESTAMP)"
        )
        cursor.execute(
            "INSERT INTO product (product_id, dataset_id, code, name, categories) VALUES "
            "(1, 1, 'A', 'Apple', ['Fruit']), (2, 1, 'B', 'Bread', ['Bakery']), "
            "(3, 1, 'C', 'Cherry', ['Fruit'])"
        )
        cursor.execute(
            "INSERT INTO place (place_id, dataset_id, code, name) "
            "VALUES (1, 1, 'x', 'North'), (2, 1, 'y', 'South')"
        )
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, "
            "import_id) SELECT 1, p, 1 + i % 2, DATE '2024-01-01' + i::INTEGER, p * 10, p * 20, 1 "
            "FROM range(10) t(i), range(1, 3) u(p)"
        )
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, "
            "import_id) VALUES (1, 3, 1, DATE '2024-01-01', 7, 14, 1)"
        )
    yield opened
    opened.close()


@pytest.mark.parametrize("level", ["product", "category", "place"])
def test_when_children_are_compared_then_each_has_every_day_and_the_same_sum(
    store: Store, level: Level
) -> None:
    scope = Scope(dataset_id=1, freq="D")
    found, plain = queries.parts(store, scope, level), queries.children(store, scope, level)
    pd.testing.assert_series_equal(
        found.groupby("child_id")["quantity"].sum(), plain.groupby("child_id")["quantity"].sum()
    )
    assert found.groupby("child_id").size().unique().tolist() == [10]
    assert found["complete"].all()
    assert found["child_id"].unique().tolist() == plain["child_id"].unique().tolist()


def test_when_keys_are_given_then_only_they_come_and_gaps_are_zero(store: Store) -> None:
    found = queries.parts(store, Scope(dataset_id=1, freq="D"), "product", keys=("3", "1"))
    assert found["label"].unique().tolist() == ["Apple", "Cherry"]
    cherry = found[found["label"] == "Cherry"]
    assert cherry["quantity"].tolist() == [7.0] + [0.0] * 9
    assert queries.parts(store, Scope(dataset_id=1), "product", keys=("99",)).empty


def test_when_a_week_is_not_over_then_it_is_not_complete(store: Store) -> None:
    found = queries.parts(store, Scope(dataset_id=1, freq="W"), "product", limit=1)
    assert found["complete"].tolist() == [True, False]
    assert found["quantity"].tolist() == [140.0, 60.0]


def test_when_lines_have_times_then_hours_are_summed_by_weekday(store: Store) -> None:
    scope = Scope(dataset_id=1, product_id=1)
    assert queries.hours(store, scope).empty
    lines = [(MONDAY + timedelta(days=day), hour) for day in range(14) for hour in (9, 17)]
    with store.transaction() as cursor:
        for day, hour in lines:
            cursor.execute(
                "INSERT INTO order_line (dataset_id, import_id, product_id, place_id, sold_at, "
                "quantity, revenue, kind) VALUES (1, 1, 1, 1, ?::DATE + to_hours(?), 2, 4, 'sale')",
                [day, hour],
            )
    found = queries.hours(store, scope)
    assert len(found) == 14
    assert found["quantity"].unique().tolist() == [4.0]
    assert found["days"].unique().tolist() == [2]
    assert queries.hours(store, Scope(dataset_id=1, product_id=2)).empty


def test_when_lines_have_days_alone_then_there_are_no_hours(store: Store) -> None:
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO order_line (dataset_id, import_id, product_id, place_id, sold_at, "
            "quantity, revenue, kind) SELECT 1, 1, 1, 1, DATE '2024-01-01' + i::INTEGER, 1, 2, "
            "'sale' FROM range(20) t(i)"
        )
    assert queries.hours(store, Scope(dataset_id=1)).empty
