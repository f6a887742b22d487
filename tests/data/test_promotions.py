"""What a promotion is held against: untouched products of its places, its own category first."""

from datetime import date, timedelta

import pytest

from data import promotions
from data.store import Store
from tests.data.shop import fill

START = date(2025, 1, 6)
FIRST, LAST = START + timedelta(days=70), START + timedelta(days=76)


@pytest.fixture
def shop(store: Store) -> Store:
    """Products 1 to 6 of the categories Tea, Tea, Tea, Milk, Tea, Milk; 1 and 2 are promoted."""
    rows = [
        (product, place, START + timedelta(days=day), float(product), 4.0)
        for product in range(1, 7)
        for place in (1, 2)
        for day in range(80)
    ]
    tree = [["Tea"], ["Tea"], ["Tea"], ["Milk"], ["Tea"], ["Milk"]]
    fill(store, rows, categories=tree)
    with store.transaction() as cursor:
        span = [FIRST, LAST]
        cursor.execute(
            "UPDATE sales SET promo = product_id IN (1, 2) AND day BETWEEN $1 AND $2", span
        )
        cursor.execute(
            "UPDATE sales SET price = 3 WHERE product_id = 5 AND day BETWEEN $1 AND $2", span
        )
    return store


def test_when_asked_then_promoted_and_cut_products_are_left_out(shop: Store) -> None:
    found = promotions.beside(shop, 1, 1, [1, 2], first=FIRST, last=LAST, grain="D")
    assert found["product_id"].unique().tolist() == [1, 3, 4, 6]
    assert found["timestamp"].max().date() == LAST
    own = found[found["product_id"] == 1].set_index("timestamp")["quiet"]
    assert own[:"2025-03-16"].all()
    assert not own["2025-03-17":].any()
    assert found.loc[found["product_id"] == 3, "quantity"].eq(6.0).all()


def test_when_few_are_wanted_then_its_own_category_comes_first(shop: Store) -> None:
    found = promotions.beside(shop, 1, 1, [1], first=FIRST, last=LAST, grain="W", limit=1)
    assert found["product_id"].unique().tolist() == [1, 3]
    assert found.loc[found["product_id"] == 3, "quantity"].max() == 21.0
