"""Data quality of stored sales: coverage, findings, marks, and shops with hardly any data."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
import pytest

from data import quality
from data.quality import Quality, examine
from data.quality_findings import Found
from data.store import Store

MONDAY = date(2024, 1, 1)
Row = tuple[int, int, date, float, float | None, float | None]  # product, place, day, …


def fill(
    store: Store,
    rows: Sequence[Row],
    *,
    frequency: str = "D",
    categories: Sequence[Sequence[str]] = ((),),
    channel: str = "",
) -> None:
    """Write rows (product, place, day, quantity, price, stock) as dataset 1."""
    count = max(row[0] for row in rows)
    frame = pd.DataFrame(
        rows, columns=["product_id", "place_id", "day", "quantity", "price", "stock"]
    )
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT OR IGNORE INTO dataset (dataset_id, name, source, created_at, frequency) "
            "VALUES (1, 'Shop', 'upload', now()::TIMESTAMP, ?)",
            [frequency],
        )
        for product in range(1, count + 1):
            path = list(categories[(product - 1) % len(categories)])
            cursor.execute(
                "INSERT OR IGNORE INTO product (product_id, dataset_id, code, name, categories) "
                "VALUES (?, 1, ?, ?, ?)",
                [product, f"P{product}", f"Mug {product}", path],
            )
        cursor.register("given", frame)
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, channel, day, quantity, "
            "revenue, price, stock_on_hand, import_id) "
            "SELECT 1, product_id, place_id, ?, day, quantity, quantity * price::DOUBLE, "
            "price::DOUBLE, stock::DOUBLE, 1 FROM given",
            [channel],
        )


def steady(
    product: int,
    days: int,
    *,
    quantity: float = 5,
    price: float | None = 2.0,
    stock: float | None = None,
    start: date = MONDAY,
    without: Sequence[int] = (),
) -> list[Row]:
    """One product in place 1 that sells the same every day but those `without`."""
    return [
        (product, 1, start + timedelta(days=i), quantity, price, stock)
        for i in range(days)
        if i not in without
    ]


def examined(store: Store, place_id: int | None = None) -> Quality:
    found = examine(store, 1, place_id)
    assert found is not None
    return found


def found_in(store: Store, code: str) -> Found:
    found = examined(store).of(code)
    assert found is not None, [each.code for each in examined(store).found]
    return found


def marks(store: Store, product_id: int) -> list[str]:
    table = quality.products(store, 1).set_index("product_id")
    return list(table.at[product_id, "why"])


def test_when_nothing_is_stored_then_there_is_nothing_to_examine(store: Store) -> None:
    assert examine(store, 1) is None
    assert quality.products(store, 1).empty
    fill(store, steady(1, 3))
    assert examine(store, 1, place_id=9) is None


def test_when_days_are_missing_then_closed_days_are_told_apart(store: Store) -> None:
    """Day 10 is missing for all (closed), days 20 and 21 for the second product alone."""
    fill(store, [*steady(1, 60, without=[10]), *steady(2, 60, without=[10, 20, 21])])
    totals = examined(store).totals
    assert (totals.life, totals.closed, totals.missing) == (120, 2, 2)
    missing = found_in(store, "missing")
    assert (missing.rows, missing.of, missing.times) == (2, 118, 1)
    assert missing.examples == ("Mug 2: 3% of its days",)
    closed = found_in(store, "closed")
    assert (closed.rows, closed.of, closed.examples) == (1, 60, ("11 Jan 2024",))


def test_when_a_weekday_is_always_closed_then_it_is_named_before_single_days(
    store: Store,
) -> None:
    sundays = [i for i in range(70) if (MONDAY + timedelta(days=i)).weekday() == 6]
    fill(store, steady(1, 70, without=[*sundays, 30]))
    assert found_in(store, "closed").examples == ("Sundays", "31 Jan 2024")


def test_when_all_rows_of_a_day_are_zero_then_the_day_counts_as_closed(store: Store) -> None:
    rows = steady(1, 20, without=[5])
    rows.append((1, 1, MONDAY + timedelta(days=5), 0.0, None, None))
    fill(store, rows)
    assert found_in(store, "closed").rows == 1
    assert examined(store).totals.missing == 0


def test_when_stock_is_known_then_stock_outs_are_counted_and_not_guessed(store: Store) -> None:
    rows = steady(1, 80, stock=9.0, without=range(30, 40))
    rows += [(1, 1, MONDAY + timedelta(days=i), 0.0, 2.0, 0.0) for i in range(30, 40)]
    fill(store, rows)
    out = found_in(store, "out")
    assert (out.rows, out.of) == (10, 80)
    assert examined(store).of("likely") is None
    assert marks(store, 1) == ["Out of stock", "One price"]


def test_when_a_steady_seller_pauses_then_it_was_likely_out_of_stock(store: Store) -> None:
    """The second product pauses as long, but the shop was closed then; the third is slow."""
    rows = [*steady(1, 100, without=range(50, 58)), *steady(2, 100)]
    rows += steady(3, 100, without=[i for i in range(100) if i % 3])
    fill(store, rows)
    likely = found_in(store, "likely")
    assert (likely.times, likely.rows) == (1, 8)
    assert likely.examples == ("Mug 1: 8 days between 19 Feb 2024 and 28 Feb 2024",)
    assert "Likely out" in marks(store, 1)
    assert "Likely out" not in marks(store, 3)


def test_when_the_shop_is_closed_then_nobody_was_out_of_stock(store: Store) -> None:
    fill(store, steady(1, 100, without=range(50, 58)))
    assert examined(store).of("likely") is None


def test_when_a_day_is_far_above_the_usual_then_it_is_unusual(store: Store) -> None:
    """Large sellers are judged by their own days, small ones never below 20 units."""
    rows = [*steady(1, 200, without=[77]), *steady(2, 200, quantity=1, without=[77])]
    rows += [(1, 1, MONDAY + timedelta(days=77), 900.0, 2.0, None)]
    rows += [(2, 1, MONDAY + timedelta(days=77), 19.0, 2.0, None)]
    fill(store, rows)
    unusual = found_in(store, "unusual")
    assert unusual.rows == 1
    assert unusual.examples == ("Mug 1: 900 on 18 Mar 2024, usually 5",)
    assert "Large day" in marks(store, 1)
    assert "Large day" not in marks(store, 2)


def test_when_quantities_are_negative_then_returns_are_a_share_of_what_was_sold(
    store: Store,
) -> None:
    fill(store, [*steady(1, 20), (1, 1, MONDAY + timedelta(days=20), -25.0, 2.0, None)])
    totals = examined(store).totals
    assert (totals.sold, totals.returned) == (100, 25)
    negative = found_in(store, "negative")
    assert (negative.rows, negative.examples) == (1, ("Mug 1: −25 on 21 Jan 2024",))
    assert "Returns" in marks(store, 1)


def test_when_order_lines_are_kept_then_returns_come_from_them(store: Store) -> None:
    """The day's row has returns subtracted already; only the lines still tell."""
    fill(store, steady(1, 20))
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO order_line (dataset_id, import_id, product_id, place_id, sold_at, "
            "quantity, price, kind) VALUES (1, 1, 1, 1, now()::TIMESTAMP, -30, 9, 'return')"
        )
    totals = examined(store).totals
    assert (totals.sold, totals.returned) == (130, 30)


def test_when_all_was_cancelled_the_same_day_then_the_doubt_has_the_price_of_the_lines(
    store: Store,
) -> None:
    fill(store, [*steady(1, 1, quantity=0, price=None), *steady(2, 20)])
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO order_line (dataset_id, import_id, product_id, place_id, sold_at, "
            "quantity, price, kind) SELECT 1, 1, 1, 1, now()::TIMESTAMP, unnest([80, -80]), 2.5, "
            "'cancelled'"
        )
    table = quality.products(store, 1)
    assert table.loc[0, ["product_id", "doubt_units", "doubt_revenue"]].tolist() == [1, 80, 200]


@pytest.mark.parametrize("price", [None, 0.0])
def test_when_some_sales_have_no_price_then_they_are_to_fix(
    store: Store, price: float | None
) -> None:
    rows: list[Row] = [*steady(1, 30), (1, 1, MONDAY + timedelta(days=30), 8.0, price, None)]
    fill(store, rows)
    found = found_in(store, "priceless")
    assert (found.rows, found.of, found.examples) == (1, 31, ("Mug 1: 8 units on 1 day",))
    assert "No price" in marks(store, 1)
    table = quality.products(store, 1)
    assert table.at[0, "doubt_units"] == 8
    assert table.at[0, "doubt_revenue"] == 16  # at the price of the other days


def test_when_no_sale_has_a_price_then_that_is_one_note_and_no_mark(store: Store) -> None:
    fill(store, steady(1, 30, price=None))
    codes = [found.code for found in examined(store).found]
    assert "no_prices" in codes
    assert not {"priceless", "one_price"} & set(codes)
    assert marks(store, 1) == []


def test_when_products_come_and_go_then_new_and_ended_ones_are_named(store: Store) -> None:
    fill(
        store,
        [
            *steady(1, 300),
            *steady(2, 300 - 91),  # last sale 91 days before the shop's
            *steady(3, 300 - 90),
            *steady(4, 56, start=MONDAY + timedelta(days=244)),  # first 55 days before the end
            *steady(5, 57, start=MONDAY + timedelta(days=243)),
        ],
    )
    assert found_in(store, "dead").examples == ("Mug 2: last sold 27 Jul 2024",)
    assert found_in(store, "new").examples == ("Mug 4: first sold 1 Sep 2024",)


def test_when_products_lack_things_then_each_gets_its_note(store: Store) -> None:
    fill(
        store,
        [*steady(1, 30), *steady(2, 9), *steady(3, 30, price=3.0)[:15], (3, 1, MONDAY, 1, 4, None)],
        categories=(("Cups",), (), ("Cups",)),
    )
    assert found_in(store, "uncategorised").examples == ("Mug 2",)
    assert found_in(store, "few_sales").examples == ("Mug 2: 9 days",)
    assert found_in(store, "one_price").examples == ("Mug 1",)
    assert marks(store, 2) == ["Few sales", "No category"]


def test_when_nothing_was_ever_sold_then_that_is_the_one_finding(store: Store) -> None:
    fill(store, steady(1, 10, quantity=0))
    found = examined(store)
    assert [each.code for each in found.found] == ["nothing_sold"]
    assert found.bins["series"].tolist() == [0, 0]
    assert not found.days["sells"].any()


def test_when_there_is_one_day_of_one_product_then_everything_holds_one_row(
    store: Store,
) -> None:
    fill(store, steady(1, 1))
    found = examined(store)
    assert (found.totals.life, found.totals.missing) == (1, 0)
    assert (len(found.days), len(found.bins), found.bin) == (1, 1, "week")
    assert found.days["share"].tolist() == [1.0]


def test_when_rows_are_weeks_then_days_between_are_no_gaps(store: Store) -> None:
    weeks = [MONDAY + timedelta(weeks=i) for i in range(60) if i != 30]
    rows: list[Row] = [(1, 1, day, 5.0, 2.0, None) for day in weeks]
    rows += [(2, 1, MONDAY + timedelta(weeks=i), 5.0, 2.0, None) for i in range(60) if i != 40]
    fill(store, rows, frequency="W")
    found = examined(store)
    assert (found.totals.life, found.totals.closed, found.totals.missing) == (120, 0, 2)
    assert found.of("closed") is None
    assert found.of("likely") is None
    assert found_in(store, "missing").examples[0] == "Mug 1: 2% of its weeks"
    assert len(found.days) == 60
    assert found.products.empty or all(len(spark) == 26 for spark in found.products["spark"])


def test_when_rows_are_months_then_the_sparkline_counts_months(store: Store) -> None:
    days = [date(2021 + i // 12, i % 12 + 1, 1) for i in range(30)]
    rows: list[Row] = [(1, 1, day, float(i), 2.0, None) for i, day in enumerate(days)]
    fill(store, [*rows, (1, 2, days[-1], -50.0, 2.0, None)], frequency="M")
    found = examined(store, place_id=1)
    assert found.totals.missing == 0
    table = quality.products(store, 1, 1)
    assert table.at[0, "spark"] == [float(i) for i in range(4, 30)]


def test_when_a_day_has_several_channels_then_it_counts_once(store: Store) -> None:
    fill(store, steady(1, 30), channel="shop")
    fill(store, steady(1, 20), channel="web")
    totals = examined(store).totals
    assert (totals.life, totals.missing, totals.sold_days) == (30, 0, 30)
    assert totals.sold == 250


def test_when_a_place_is_chosen_then_only_its_sales_count(store: Store) -> None:
    fill(store, [*steady(1, 30), *((1, 2, *row[2:]) for row in steady(1, 10))])
    assert examined(store).totals.series == 2
    here = examined(store, place_id=2)
    assert (here.totals.series, here.totals.life) == (1, 10)


def test_when_days_are_counted_then_the_share_is_of_the_series_alive(store: Store) -> None:
    fill(store, [*steady(1, 10), *steady(2, 6, start=MONDAY + timedelta(days=4), without=[2])])
    days = examined(store).days
    assert days["rows"].tolist() == [1, 1, 1, 1, 2, 2, 1, 2, 2, 2]
    assert days["share"].tolist() == [1, 1, 1, 1, 1, 1, 0.5, 1, 1, 1]


def test_when_a_month_sold_nothing_then_its_bar_is_zero(store: Store) -> None:
    fill(store, [*steady(1, 31), *steady(1, 61, start=date(2024, 3, 1))])
    found = examined(store)
    assert found.bin == "month"
    assert found.bins["series"].tolist() == [1, 0, 1, 1]


def test_when_more_is_marked_than_listed_then_both_orders_are_in_the_table(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest doubt in units is product 1, in revenue product 3."""
    monkeypatch.setattr(quality, "LISTED", 1)
    rows: list[Row] = []
    for product, price, returned in ((1, 1.0, 300), (2, 1.0, 20), (3, 100.0, 30)):
        rows += steady(product, 20, price=price)
        rows.append((product, 2, MONDAY, -float(returned), price, None))
    fill(store, rows)
    assert sorted(examined(store).products["product_id"]) == [1, 3]
    assert quality.products(store, 1)["product_id"].tolist() == [1, 3, 2]
