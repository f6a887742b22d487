"""Sales as arrays, what lies under a finding, and what order lines know of it."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from data.queries import series
from data.scope import Scope
from data.store import Store
from data.unusual import causes, cells, rows_under
from tests.data.shop import Row, fill

MONDAY = date(2025, 1, 6)


def days(product: int, place: int, count: int, *, start: int = 0, units: float = 5) -> list[Row]:
    return [(product, place, MONDAY + timedelta(days=start + i), units + i % 3, 2.0)
            for i in range(count)]  # fmt: skip


def shop(store: Store) -> None:
    rows = days(1, 1, 60) + days(1, 2, 60, units=1) + days(2, 1, 20, start=10) + days(3, 2, 60)
    fill(store, rows, categories=[["Tea"], ["Mugs"], ["Tea"]])


@pytest.mark.parametrize("split", ["product", "product_place", "category", "place", "total"])
def test_when_sales_are_split_then_the_parts_add_up_to_the_series(store: Store, split: str) -> None:
    shop(store)
    for freq in ("D", "W", "M"):
        scope = Scope(dataset_id=1, freq=freq)  # type: ignore[arg-type]
        found = cells(store, scope, split)  # type: ignore[arg-type]
        assert found is not None
        whole = series(store, scope)
        whole = whole[whole["complete"]]
        assert list(found.times) == list(whole["timestamp"])
        np.testing.assert_allclose(np.nansum(found.quantity, axis=0), whole["quantity"])
        np.testing.assert_allclose(np.nansum(found.revenue, axis=0), whole["revenue"])


def test_when_a_product_sold_for_a_while_then_it_is_not_known_before_and_after(
    store: Store,
) -> None:
    shop(store)
    found = cells(store, Scope(dataset_id=1, freq="D"), "product")
    assert found is not None
    assert found.products == (1, 3, 2)
    assert found.places == (None, None, None)
    known = np.isfinite(found.quantity[2])
    assert np.flatnonzero(known).tolist() == list(range(10, 30))
    assert found.price.ravel().tolist() == [2.0, 2.0, 2.0]


def test_when_there_are_too_many_series_then_the_largest_are_kept_and_counted(
    store: Store,
) -> None:
    shop(store)
    found = cells(store, Scope(dataset_id=1, freq="D"), "product_place", most=125)
    assert found is not None
    assert (len(found.keys), found.series) == (2, 4)
    assert list(zip(found.products, found.places, strict=True)) == [(1, 1), (3, 2)]
    assert np.nansum(found.quantity[0]) == 60 * 6


def test_when_days_without_a_row_are_not_known_then_they_stay_so(store: Store) -> None:
    fill(store, [row for row in days(1, 1, 40) if row[2].day != 20])
    zero = cells(store, Scope(dataset_id=1, freq="D"), "total")
    with store.transaction() as cursor:
        cursor.execute("UPDATE dataset SET gap_policy = 'missing'")
    unknown = cells(store, Scope(dataset_id=1, freq="D"), "total")
    assert zero is not None
    assert unknown is not None
    assert zero.quantity[0, 14] == 0
    assert np.isnan(unknown.quantity[0, 14])


def test_when_a_scope_has_no_complete_period_then_there_is_nothing(store: Store) -> None:
    fill(store, days(1, 1, 3))
    assert cells(store, Scope(dataset_id=1, freq="M"), "product") is None
    assert cells(store, Scope(dataset_id=1, product_id=99, freq="D"), "product") is None


def test_when_rows_lie_under_a_finding_then_places_have_their_own_usual(store: Store) -> None:
    shop(store)
    day = pd.Timestamp(MONDAY + timedelta(days=30))
    wanted = pd.DataFrame(
        {"finding": [7], "product_id": [1], "place_id": [None], "first": [day], "last": [day]}
    )
    found = rows_under(store, Scope(dataset_id=1), wanted)
    assert found[["finding", "product_id", "place_id"]].to_numpy().tolist() == [
        [7, 1, 1],
        [7, 1, 2],
    ]
    assert found["quantity"].tolist() == [5.0, 1.0]
    assert found["usual"].to_numpy() == pytest.approx([6.0, 2.0], abs=0.1)
    there = rows_under(store, Scope(dataset_id=1, place_id=2), wanted)
    assert there["place_id"].tolist() == [2]


def test_when_nothing_was_written_on_a_day_then_it_can_be_raised_all_the_same(
    store: Store,
) -> None:
    gap = MONDAY + timedelta(days=30)
    fill(store, [row for row in days(1, 1, 60) if row[2] != gap])
    wanted = pd.DataFrame(
        {"finding": [0], "product_id": [1], "first": [pd.Timestamp(gap)],
         "last": [pd.Timestamp(gap)]}
    )  # fmt: skip
    found = rows_under(store, Scope(dataset_id=1), wanted)
    assert found["day"].dt.date.tolist() == [gap]
    assert found["quantity"].tolist() == [0.0]
    assert found["usual"].iloc[0] > 4


def test_when_lines_are_known_then_the_largest_order_and_return_are_named(store: Store) -> None:
    shop(store)
    with store.transaction() as cursor:
        for quantity, customer in ((380, "13085"), (4, "2"), (-200, "9")):
            cursor.execute(
                "INSERT INTO order_line VALUES (1, 1, 'O', 1, 1, '', ?, ?, ?, 2.0, 4.0, 'sale')",
                [f"{MONDAY + timedelta(days=30)} 23:59", customer, quantity],
            )
    day = pd.Timestamp(MONDAY + timedelta(days=30))
    wanted = pd.DataFrame(
        {"finding": [0, 1], "product_id": [1, 2], "first": [day, day], "last": [day, day]}
    )
    found = causes(store, Scope(dataset_id=1), wanted)
    assert found["finding"].tolist() == [0]
    row = found.iloc[0]
    assert (row["lines"], row["bought"], row["returned"]) == (3, 380, -200)
    assert (row["quantity"], row["customer"]) == (380, "13085")
