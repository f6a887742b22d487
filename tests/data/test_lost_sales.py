"""What looking for stock-outs reads: candidates, totals and dense pieces, against plain sums."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from data import lost_sales
from data.store import Store
from tests.data.shop import Row, fill

START = date(2026, 1, 5)


def day(number: int) -> date:
    return START + timedelta(days=number)


@pytest.fixture
def shop(store: Store) -> Store:
    """Product 1 sells daily but for a pause of ten days in place 1, product 2 every 20 days."""
    rows: list[Row] = []
    for number in range(200):
        if not 100 <= number < 110:
            rows.append((1, 1, day(number), 5.0, 2.0))
        rows.append((1, 2, day(number), 3.0, 2.5))
        if number % 20 == 0:
            rows.append((2, 1, day(number), 7.0, 4.0))
    fill(store, rows, categories=(["Drinks", "Tea"], ["Home", "Mugs"]))
    return store


def test_when_series_are_looked_at_then_those_with_improbable_pauses_are_candidates(
    shop: Store,
) -> None:
    ground = lost_sales.ground(shop, 1, day(0), day(199))
    assert ground.series[["product_id", "place_id"]].to_numpy().tolist() == [[1, 1]]
    assert not ground.has_stock
    assert len(ground.days) == 200
    assert ground.of_place[:, 100].tolist() == [7, 3]
    assert ground.of_range.sum() == 190 * 5 + 200 * 3 + 10 * 7
    assert ground.of_group.sum() == ground.of_place.sum() == ground.of_range.sum()
    life = ground.life.set_index(["product_id", "place_id"])["days"]
    assert life.to_dict() == {(1, 1): 200, (1, 2): 200, (2, 1): 200}


def test_when_stock_was_out_once_then_the_series_is_a_candidate(shop: Store) -> None:
    with shop.transaction() as cursor:
        cursor.execute(
            "UPDATE sales SET stock_on_hand = CASE WHEN day = $1 THEN 0 ELSE 5 END "
            "WHERE product_id = 2",
            [day(180)],
        )
    ground = lost_sales.ground(shop, 1, day(0), day(199))
    assert ground.has_stock
    assert ground.series["product_id"].tolist() == [1, 2]
    (piece,) = lost_sales.pieces(shop, ground)
    assert piece.stock is not None
    assert piece.stock[1, 180] == 0
    assert piece.stock[1, 160] == 5
    assert np.isnan(piece.stock[1, 161])


def test_when_pieces_are_small_then_together_they_are_all_candidates(
    shop: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop.transaction() as cursor:
        cursor.execute("UPDATE sales SET stock_on_hand = 0 WHERE day = $1", [day(180)])
    ground = lost_sales.ground(shop, 1, day(0), day(199))
    monkeypatch.setattr(lost_sales, "CELLS", 200)
    pieces = list(lost_sales.pieces(shop, ground))
    assert len(pieces) == 2
    together = pd.concat([piece.series for piece in pieces])
    assert together["product_id"].tolist() == ground.series["product_id"].tolist()
    first = pieces[0]
    assert first.sold[:, 99:101].tolist() == [[5, 0], [3, 3]]
    assert first.of_product[:, 99:101].tolist() == [[8, 3]]
    assert first.promo is None


def test_when_days_without_a_row_are_unknown_then_so_they_are_in_a_piece(shop: Store) -> None:
    with shop.transaction() as cursor:
        cursor.execute("UPDATE dataset SET gap_policy = 'missing'")
    (piece,) = lost_sales.pieces(shop, lost_sales.ground(shop, 1, day(0), day(199)))
    assert np.isnan(piece.sold[0, 100])


def test_when_the_span_is_short_then_days_before_it_are_read_to_learn_from(shop: Store) -> None:
    assert lost_sales.span(shop, 1, days=30) == (day(170), day(199))
    assert lost_sales.span(shop, 1, days=None) == (day(0), day(199))
    ground = lost_sales.ground(shop, 1, day(170), day(199))
    assert ground.days[0] == pd.Timestamp(day(170 - lost_sales.CONTEXT))
    assert ground.life["days"].max() == 30


def test_when_sales_are_by_week_or_none_then_there_is_no_span(store: Store) -> None:
    assert lost_sales.span(store, 1, days=None) is None
    fill(store, [(1, 1, day(0), 5.0, 2.0)], frequency="W")
    assert lost_sales.span(store, 1, days=None) is None


def test_when_prices_are_asked_then_they_are_of_the_day_or_the_nearest_known(shop: Store) -> None:
    with shop.transaction() as cursor:
        cursor.execute("UPDATE sales SET price = 9, revenue = NULL WHERE day >= $1", [day(150)])
    asked = pd.DataFrame(
        {
            "product_id": [1, 1, 2, 2],
            "place_id": [1, 1, 1, 2],
            "day": pd.to_datetime([day(105), day(160), day(5), day(5)]),
        }
    )
    found = lost_sales.prices(shop, 1, asked)
    assert found[:3].tolist() == [2, 9, 4]
    assert np.isnan(found[3])


def test_when_there_are_too_many_totals_then_all_sales_stand_for_each(
    shop: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_sales, "MOST_TOTALS", 300)
    ground = lost_sales.ground(shop, 1, day(0), day(199))
    assert ground.of_place[0, 100] == ground.of_place[1, 100] == 10
