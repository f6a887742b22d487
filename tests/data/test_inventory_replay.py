"""Past sales and stock as dense arrays: right cells, right first sale, nothing beyond the end."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from data import inventory_replay
from data.store import Store
from tests.data.shop import fill

UNTIL = date(2026, 11, 15)  # a Sunday
PAIRS = pd.DataFrame({"product_id": [2, 1], "place_id": [1, 1]})


@pytest.fixture
def shop(store: Store) -> Store:
    """Product 1 sells its day of the month for twenty days, product 2 only on the last three."""
    days = [UNTIL + timedelta(days=1) - timedelta(days=ago) for ago in range(20)]
    rows = [(1, 1, day, float(day.day), 5.0) for day in days]
    rows += [(2, 1, day, 7.0, 5.0) for day in days[:3]]
    fill(store, rows)
    with store.transaction() as cursor:
        cursor.execute("UPDATE sales SET stock_on_hand = 10 WHERE product_id = 1")
        cursor.execute(
            "UPDATE sales SET stock_on_hand = 0 WHERE product_id = 1 AND day = ?", [UNTIL]
        )
    return store


def test_when_sales_are_read_then_each_day_is_in_its_step(shop: Store) -> None:
    found = inventory_replay.sold(shop, 1, PAIRS, until=UNTIL, steps=14, step_days=1)
    assert found.sold[1].tolist() == [float(day) for day in range(2, 16)]
    assert found.sold[0].tolist() == [0.0] * 12 + [7.0, 7.0]
    assert found.first.tolist() == [12, 0]


def test_when_steps_are_weeks_then_days_are_summed_and_older_ones_left_out(shop: Store) -> None:
    found = inventory_replay.sold(shop, 1, PAIRS, until=UNTIL, steps=1, step_days=7)
    assert found.sold.tolist() == [[14.0], [float(sum(range(9, 16)))]]
    assert found.first.tolist() == [0, 0]


def test_when_stock_was_written_down_then_its_weeks_are_means_and_empty_days_counted(
    shop: Store,
) -> None:
    found = inventory_replay.recorded(shop, 1, PAIRS, until=UNTIL, weeks=2)
    assert np.isnan(found.stock[0]).all()
    assert found.stock[1].tolist() == [10.0, pytest.approx(60 / 7)]
    assert found.days.tolist() == [[0.0, 0.0], [7.0, 7.0]]
    assert found.out.tolist() == [[0.0, 0.0], [0.0, 1.0]]


def test_when_weeks_are_counted_then_only_whole_ones_are(shop: Store) -> None:
    assert inventory_replay.weeks_known(shop, 1, [1, 2], until=UNTIL) == 2
    assert inventory_replay.weeks_known(shop, 1, [1], until=UNTIL - timedelta(days=90)) == 0
    assert inventory_replay.weeks_known(shop, 1, [2], until=UNTIL) == 0
