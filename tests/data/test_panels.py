"""Sales as panels: against plain sums over the rows, with plans ahead and gaps named."""

from datetime import date, timedelta

import pandas as pd
import pytest

from data.panels import panel
from data.scope import Freq, Scope, Split
from data.store import Store

MONDAY = date(2026, 9, 7)


@pytest.fixture
def shop(store: Store) -> Store:
    """Two products in two places for 31 days from a Monday; one starts late, one has a plan."""
    sales, plan = [], []
    for day in range(31):
        when = MONDAY + timedelta(days=day)
        rows = [(1, 1, day + 1, 2.0, day % 7 == 5), (1, 2, 10, 4.0, False)]
        if day >= 14 and day != 20:
            rows.append((2, 1, 3, 5.0, False))
        for product, place, quantity, price, promo in rows:
            sales.append((product, place, when, quantity, quantity * price, price, promo))
    for day in range(31, 60):
        plan.append((MONDAY + timedelta(days=day),))
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, created_at)"
            " VALUES (1, 'Shop', 'upload', '2026-01-01')"
        )
        cursor.execute(
            "INSERT INTO product (product_id, dataset_id, code, name, categories) VALUES"
            " (1, 1, 'a', 'Tea', ['Drinks', 'Hot']), (2, 1, 'b', 'Mug', ['Home', 'Cups'])"
        )
        cursor.execute(
            "INSERT INTO place (place_id, dataset_id, code, name) VALUES"
            " (1, 1, 'x', 'X'), (2, 1, 'y', 'Y')"
        )
        cursor.executemany(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, price,"
            " promo, import_id) VALUES (1, ?, ?, ?, ?, ?, ?, ?, 1)",
            sales,
        )
        cursor.executemany(
            "INSERT INTO plan (dataset_id, product_id, place_id, day, price, promo)"
            " VALUES (1, 1, NULL, ?, 3.0, true)",
            plan,
        )
    return store


def made(shop: Store, split: Split, freq: Freq = "W", **scope: object) -> pd.DataFrame:
    asked = Scope(dataset_id=1, freq=freq, **scope)  # type: ignore[arg-type]
    return panel(shop, asked, split, horizon=2)


def test_when_weeks_are_asked_then_the_incomplete_one_is_ahead_and_targets_are_plain_sums(
    shop: Store,
) -> None:
    frame = made(shop, "total")
    past = frame[~frame["ahead"]]
    expected = [
        sum(day + 1 + 10 + (3 if day >= 14 and day != 20 else 0) for day in range(7 * w, 7 * w + 7))
        for w in range(4)
    ]
    assert past["target"].tolist() == expected
    assert past["timestamp"].iloc[0] == pd.Timestamp(MONDAY)
    ahead = frame[frame["ahead"]]
    assert len(ahead) == 2
    assert ahead["target"].isna().all()
    assert ahead["timestamp"].iloc[0] == pd.Timestamp(MONDAY) + pd.Timedelta(weeks=4)


def test_when_a_series_starts_late_and_misses_a_day_then_it_has_zeros_only_after_its_start(
    shop: Store,
) -> None:
    frame = made(shop, "product_place", "D")
    mug = frame[(frame["series_id"] == "2:1") & ~frame["ahead"]].set_index("timestamp")
    assert mug.index[0] == pd.Timestamp(MONDAY) + pd.Timedelta(days=14)
    gap = pd.Timestamp(MONDAY) + pd.Timedelta(days=20)
    assert mug.loc[gap, "target"] == 0
    assert mug.loc[gap, "price"] == 5.0  # carried
    assert mug.loc[gap, "promo"] == 0
    assert set(frame["series_id"]) == {"1:1", "1:2", "2:1"}


def test_when_days_without_a_row_are_unknown_then_they_stay_missing(shop: Store) -> None:
    with shop.transaction() as cursor:
        cursor.execute("UPDATE dataset SET gap_policy = 'missing'")
    frame = made(shop, "product", "D")
    gap = pd.Timestamp(MONDAY) + pd.Timedelta(days=20)
    mug = frame[(frame["series_id"] == "2") & (frame["timestamp"] == gap)]
    assert mug["target"].isna().all()


def test_when_a_plan_is_there_then_prices_ahead_mix_sold_and_planned_days_and_others_are_missing(
    shop: Store,
) -> None:
    frame = made(shop, "product")
    ahead = frame[frame["ahead"]].set_index(["series_id", "timestamp"])
    week = pd.Timestamp(MONDAY) + pd.Timedelta(weeks=4)
    # Three sold days at 2 and 4 in two places, then four planned ones at 3 in both.
    assert ahead.loc[("1", week), "price"] == pytest.approx((3 * (2 + 4) + 4 * 2 * 3) / 14)
    assert ahead.loc[("1", week + pd.Timedelta(weeks=1)), "price"] == 3.0
    assert ahead.loc[("1", week + pd.Timedelta(weeks=1)), "promo"] == 1.0
    assert pd.isna(ahead.loc[("2", week + pd.Timedelta(weeks=1)), "price"])


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("total", {"total"}),
        ("category", {"Drinks", "Home"}),
        ("place", {"1", "2"}),
        ("product", {"1", "2"}),
        ("product_place", {"1:1", "1:2", "2:1"}),
    ],
)
def test_when_a_scope_is_split_then_the_parts_add_up_to_the_total(
    shop: Store, split: Split, names: set[str]
) -> None:
    frame, total = made(shop, split), made(shop, "total")
    assert set(frame["series_id"]) == names
    sums = frame[~frame["ahead"]].groupby("timestamp")["target"].sum()
    assert sums.tolist() == total.loc[~total["ahead"], "target"].tolist()


def test_when_nothing_is_complete_then_the_panel_is_empty(shop: Store) -> None:
    assert made(shop, "total", "M", product_id=2).empty  # its first whole month is not over
    assert made(shop, "total", product_id=77).empty


def test_when_the_order_of_a_sum_shows_in_its_last_bits_then_it_does_not_in_the_panel(
    shop: Store,
) -> None:
    with shop.transaction() as cursor:
        cursor.execute("UPDATE sales SET revenue = 0.1")
    total = made(shop, "total", measure="revenue")
    week = total.loc[~total["ahead"], "target"].iloc[0]
    assert sum([0.1] * 14) != 1.4
    assert week == 1.4
