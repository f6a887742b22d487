"""Corrections: what counts, what is refused, and what charts and panels make of them."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data import corrections, datasets, queries
from data.errors import CorrectionError, NotFound
from data.panels import panel
from data.scope import Scope
from data.store import Store
from tests.data.shop import Row, fill

MONDAY = date(2026, 9, 7)
AS_SOLD = Scope(dataset_id=1, freq="D")
CORRECTED = Scope(dataset_id=1, freq="D", corrected=True)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


@pytest.fixture
def shop(store: Store) -> Store:
    """Ten of product 1 and two of product 2 a day for 8 weeks; product 1 has no row on day 30."""
    rows: list[Row] = []
    for number in range(56):
        if number != 30:
            rows.append((1, 1, day(number), 10.0, 2.0))
        rows.append((2, 1, day(number), 2.0, 5.0))
    fill(store, rows)
    return store


def cells(*given: tuple[int, int, date, float]) -> pd.DataFrame:
    return pd.DataFrame(given, columns=["product_id", "place_id", "day", "quantity"])


def correct(store: Store, frame: pd.DataFrame, **changed: Any) -> int:
    said: dict[str, Any] = {
        "action": "replace", "reason": "typing error", "author": "Ada", "rule": {"z": 4}
    } | changed  # fmt: skip
    kind = said.pop("kind", "outlier")
    return corrections.correct(store, 1, kind, frame, **said)


def units(store: Store, scope: Scope) -> list[float]:
    return queries.series(store, scope)["quantity"].tolist()


def test_when_days_are_corrected_then_only_a_scope_that_asks_sees_it(shop: Store) -> None:
    before = units(shop, AS_SOLD)
    correct(shop, cells((1, 1, day(5), 25.0), (1, 1, day(30), 8.0)))
    assert units(shop, AS_SOLD) == before
    after = queries.series(shop, CORRECTED)
    assert after["quantity"][5] == 27
    assert after["revenue"][5] == 25 * 2 + 10
    assert before[30] == 2
    assert after["quantity"][30] == 10  # a day without a row
    assert after["revenue"][30] == 8 * 2 + 10
    untouched = [number for number in range(56) if number not in (5, 30)]
    assert after["quantity"][untouched].tolist() == [before[number] for number in untouched]


def test_when_a_day_is_corrected_then_parts_children_and_panel_have_it(shop: Store) -> None:
    correct(shop, cells((1, 1, day(30), 8.0)))
    parts = queries.parts(shop, CORRECTED, "product").set_index(["child_id", "timestamp"])
    children = queries.children(shop, CORRECTED, "product").set_index(["child_id", "timestamp"])
    made = panel(shop, CORRECTED, "product_place", horizon=1).set_index(["series_id", "timestamp"])
    when = pd.Timestamp(day(30))
    assert parts["quantity"]["1", when] == children["quantity"]["1", when] == 8
    assert made["target"]["1:1", when] == 8
    assert made["price"]["1:1", when] == 2
    assert panel(shop, AS_SOLD, "product", horizon=1)["target"].min() == 0


def test_when_a_day_is_excluded_then_it_is_unknown_alone_and_usual_in_a_sum(shop: Store) -> None:
    correct(shop, cells((1, 1, day(5), np.nan)), action="exclude")
    one = panel(shop, CORRECTED, "product", horizon=1)
    assert one.loc[one["target"].isna() & ~one["ahead"], "timestamp"].tolist() == [
        pd.Timestamp(day(5))
    ]
    weeks = Scope(dataset_id=1, product_id=1, corrected=True)
    assert units(shop, weeks)[0] == 70
    assert np.isnan(units(shop, Scope(dataset_id=1, product_id=1, freq="D", corrected=True))[5])


def test_when_batches_overlap_then_the_later_counts_until_it_is_undone(shop: Store) -> None:
    first = correct(shop, cells((1, 1, day(5), 11.0), (1, 1, day(6), 11.0)))
    second = correct(shop, cells((1, 1, day(5), 12.0)))
    assert units(shop, CORRECTED)[5:7] == [14, 13]
    corrections.undo(shop, second, "Bob")
    assert units(shop, CORRECTED)[5:7] == [13, 13]
    corrections.redo(shop, second)
    assert units(shop, CORRECTED)[5:7] == [14, 13]
    third = correct(shop, cells((1, 1, day(5), 0.0)), action="keep", reason="it was a fair")
    assert units(shop, CORRECTED)[5:7] == [12, 13]
    log = corrections.batches(shop, 1)
    assert [each.batch_id for each in log] == [third, second, first]
    assert [each.in_force for each in log] == [1, 0, 1]
    assert [each.units for each in log] == [0, 2, 2]
    assert (log[0].reason, log[0].author, log[0].rule) == ("it was a fair", "Ada", {"z": 4})
    assert corrections.count(shop, AS_SOLD) == 1


def test_when_a_batch_is_undone_then_the_log_says_by_whom_and_it_cannot_be_twice(
    shop: Store,
) -> None:
    batch = correct(shop, cells((1, 1, day(5), 11.0)))
    revision = corrections.revision(shop, 1)
    corrections.undo(shop, batch, "Bob")
    assert corrections.revision(shop, 1) > revision
    (logged,) = corrections.batches(shop, 1)
    assert logged.undone_by == "Bob"
    assert logged.undone_at is not None
    assert corrections.in_force(shop, 1).empty
    with pytest.raises(NotFound, match="no batch of corrections"):
        corrections.undo(shop, batch, "Bob")
    corrections.redo(shop, batch)
    with pytest.raises(NotFound):
        corrections.redo(shop, batch)


def test_when_sales_are_imported_again_then_corrections_stay_and_changed_originals_are_marked(
    shop: Store,
) -> None:
    correct(shop, cells((1, 1, day(5), 11.0), (1, 1, day(6), 11.0), (1, 1, day(30), 9.0)))
    assert not corrections.in_force(shop, 1)["changed"].any()
    with shop.transaction() as cursor:
        cursor.execute("UPDATE sales SET quantity = 99 WHERE product_id = 1 AND day = $1", [day(6)])
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, import_id) "
            "VALUES (1, 1, 1, $1, 1, 2)",
            [day(30)],
        )
    assert corrections.in_force(shop, 1)["changed"].tolist() == [False, True, True]
    assert corrections.batches(shop, 1)[0].changed == 2
    assert units(shop, CORRECTED)[6] == 13


def test_when_a_product_goes_with_its_import_then_its_corrections_count_for_nothing(
    shop: Store,
) -> None:
    correct(shop, cells((1, 1, day(5), 11.0)))
    with shop.transaction() as cursor:
        cursor.execute("DELETE FROM sales WHERE product_id = 1")
        cursor.execute("DELETE FROM product WHERE product_id = 1")
    assert units(shop, CORRECTED) == [2.0] * 56


def test_when_there_are_channels_then_a_correction_is_of_all_of_them(shop: Store) -> None:
    with shop.transaction() as cursor:
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, channel, day, quantity, "
            "import_id) VALUES (1, 1, 1, 'web', $1, 5, 1)",
            [day(5)],
        )
    correct(shop, cells((1, 1, day(5), 20.0)))
    assert corrections.in_force(shop, 1)["original"].tolist() == [15]
    assert units(shop, CORRECTED)[5] == 22


@pytest.mark.parametrize(
    ("frame", "changed", "message"),
    [
        (cells((1, 1, day(5), -1.0)), {}, "-1 for product 1 in place 1 on 12 Sep 2026"),
        (cells((1, 1, day(5), np.inf)), {}, "inf"),
        (cells((1, 1, day(5), np.nan)), {}, "a number from 0"),
        (cells((1, 1, day(5), 3.0)), {"action": "exclude"}, "nothing for an excluded day"),
        (cells((1, 1, day(5), 1.0), (1, 1, day(5), 2.0)), {}, "two corrections"),
        (cells((1, 1, day(5), 1.0)), {"reason": " "}, "needs a reason"),
        (cells(), {}, "No day is chosen"),
        (cells((1, 1, day(5), 1.0)).drop(columns="quantity"), {}, "no column 'quantity'"),
    ],
)
def test_when_a_correction_cannot_be_kept_then_it_says_why_and_nothing_is(
    shop: Store, frame: pd.DataFrame, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(CorrectionError, match=message):
        correct(shop, frame, **changed)
    assert corrections.batches(shop, 1) == []


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ((9, 1, day(5), 1.0), "no product 9"),
        ((1, 9, day(5), 1.0), "no place 9"),
        ((1, 1, day(99), 1.0), "15 Dec 2026 is outside the days of sales"),
    ],
)
def test_when_a_cell_is_unknown_then_nothing_of_the_batch_is_kept(
    shop: Store, cell: tuple[int, int, date, float], message: str
) -> None:
    with pytest.raises(NotFound, match=message):
        correct(shop, cells((1, 1, day(5), 1.0), cell))
    assert corrections.batches(shop, 1) == []


def test_when_the_dataset_is_deleted_then_its_corrections_go_with_it(shop: Store) -> None:
    correct(shop, cells((1, 1, day(5), 11.0)))
    datasets.delete(shop, 1)
    assert shop.rows("SELECT count(*) FROM correction") == [(0,)]
    assert shop.rows("SELECT count(*) FROM correction_batch") == [(0,)]


def test_when_many_days_are_corrected_at_once_then_all_are_in_force(store: Store) -> None:
    rows = [(1 + n % 100, 1, day(n // 100), float(n % 7), 2.0) for n in range(20_000)]
    fill(store, rows)
    frame = pd.DataFrame(rows, columns=["product_id", "place_id", "day", "quantity", "price"])
    frame["quantity"] += 1
    correct(store, frame)
    assert len(corrections.in_force(store, 1)) == 20_000
    assert sum(units(store, CORRECTED)) == sum(units(store, AS_SOLD)) + 20_000
