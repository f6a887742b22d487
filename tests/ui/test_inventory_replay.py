"""The replay behind the Inventory page: nothing seen ahead, sums that agree, true words."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import inventory, inventory_settings
from data.store import Store, open_store
from ui import inventory_facts, inventory_replay_charts
from ui import inventory_replay_facts as facts
from ui import inventory_replay_results as results
from ui import inventory_replay_words as words
from ui.inventory_replay_results import BOOK, OURS, RECORDED, Found, Span, Way


@pytest.fixture
def shop(demo_var: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    store = open_store(tmp_path / "almanac.duckdb")
    yield store
    store.close()


def replayed(store: Store) -> Found:
    known = inventory.stock(store, 1)
    settled = inventory_settings.resolved(
        known,
        inventory_settings.settings(store, 1),
        inventory_settings.records(store, 1),
        pd.Series(dtype=object),
    )
    items = inventory_facts.items(known, settled, inventory.prices(store, 1))
    found = facts.replayed(store, 1, items.head(30), until=known["day"].max().date())
    assert found is not None
    return found


def test_when_the_last_weeks_sell_otherwise_then_the_weeks_before_are_replayed_the_same(
    shop: Store,
) -> None:
    before = replayed(shop)
    changed = before.span.until - timedelta(days=7 * 6)
    with shop.transaction() as cursor:
        cursor.execute("UPDATE sales SET quantity = quantity * 9 WHERE day > ?", [changed])
    after = replayed(shop)
    assert before.model == "gbm"
    for name in (OURS, BOOK, RECORDED):
        kept = before.ways[name].weekly.iloc[:-6]
        pd.testing.assert_frame_equal(after.ways[name].weekly.iloc[:-6], kept)
    assert after.ways[OURS].weekly["lost"].sum() > before.ways[OURS].weekly["lost"].sum()
    both = [results.sums(before, name) for name in (OURS, BOOK)]
    assert all(0.6 < each.served <= 1 and each.stock_cost > 0 for each in both)
    assert (np.diff(before.tried[:, 1]) > 0).all()  # more stock for more service


def test_when_too_few_weeks_are_known_then_nothing_is_replayed(shop: Store) -> None:
    with shop.transaction() as cursor:
        cursor.execute("DELETE FROM sales WHERE day < DATE '2026-06-01'")
    known = inventory.stock(shop, 1)
    frame = known.assign(lead_time_days=7.0, review_days=7.0)
    assert facts.replayed(shop, 1, frame, until=known["day"].max().date()) is None


def made(ours: tuple[float, float], book: tuple[float, float]) -> Found:
    """Two lines over two weeks; of each way units lost and mean stock, of 100 units asked for."""

    def way(name: str, lost: float, stock: float) -> Way:
        lines = {"demand": 50.0, "lost": lost / 2, "mean_stock": stock / 2, "spoilt": 0.0,
                 "orders": 3.0, "out": 0.1}  # fmt: skip
        weekly = {"demand": 50.0, "lost": lost / 2, "stock": stock}
        return Way(
            name=name,
            lines=pd.DataFrame(lines, index=range(2)),
            weekly=pd.DataFrame(weekly, index=range(2)),
        )

    items = {"series_id": ["1:1", "2:1"], "product_id": [1, 2], "place_id": 1, "target": "fill",
             "service_level": 0.95, "unit_cost": 2.0, "price": 5.0}  # fmt: skip
    return Found(
        span=Span(until=date(2026, 11, 15), weeks=2, warm_up=2, step_days=1),
        items=pd.DataFrame(items),
        ways={
            OURS: way(OURS, *ours),
            BOOK: way(BOOK, *book),
            RECORDED: way(RECORDED, np.nan, 90.0),
        },
        model="gbm",
        asked=(0.9, 0.95),
        tried=np.array([[6.0, 80.0, 160.0], [2.0, 120.0, 240.0]]),
    )


def test_when_ours_serves_more_with_less_then_the_verdict_says_both() -> None:
    found = made((2.1, 86.0), (4.2, 100.0))
    assert words.verdict(found) == (
        "Would have served 2.1 points more than the textbook rule, with 14% less stock. "
        "With as much stock as it: 0.2 points more."
    )
    assert words.hint(found) == (
        "Asked for 95% of units, this served 97.9%; to serve 95% of units, ask for 91%."
    )
    assert words.against_the_shop(found) == "Against what the shop held: with 4% less stock."


def test_when_ours_is_worse_or_the_same_then_the_verdict_says_so() -> None:
    assert "4.0 points less" in words.verdict(made((8.0, 120.0), (4.0, 100.0)))
    assert "with 20% more stock" in words.verdict(made((8.0, 120.0), (4.0, 100.0)))
    same = words.verdict(made((4.0, 100.0), (4.0, 100.0)))
    assert same.startswith("Would have served as much as the textbook rule, with as much stock.")


def test_when_lines_ask_for_different_services_then_nothing_is_advised() -> None:
    found = made((2.0, 86.0), (4.0, 100.0))
    mixed = found.items.assign(service_level=[0.9, 0.95])
    assert words.hint(replace(found, items=mixed)) == ""
    cost = found.items.assign(target="cost")
    assert words.hint(replace(found, items=cost)) == ""


def test_when_lost_sales_were_estimated_then_they_are_of_the_lines_and_weeks_alone() -> None:
    found = made((2.0, 86.0), (4.0, 100.0))
    days = pd.DataFrame(
        {
            "product_id": [1, 1, 2, 9],
            "place_id": 1,
            "day": pd.to_datetime(["2026-11-15", "2026-10-01", "2026-11-02", "2026-11-03"]),
            "lost": [3.0, 50.0, 2.0, 40.0],
        }
    )
    known = results.with_lost(found, days)
    was = results.sums(known, RECORDED)
    assert was.lost == 5.0
    assert was.lost_money == 25.0
    assert was.served == pytest.approx(1 - 5 / 105)
    assert known.ways[RECORDED].weekly["lost"].tolist() == [2.0, 3.0]
    assert results.with_lost(found, days.head(0)).ways[RECORDED].lines["lost"].sum() == 0
    assert results.sums(found, RECORDED).served != results.sums(found, RECORDED).served


def test_when_drawn_then_a_way_without_the_measure_has_no_line() -> None:
    found = made((2.0, 86.0), (4.0, 100.0))
    served = inventory_replay_charts.by_week(found, inventory_replay_charts.SERVED)
    assert [trace.name for trace in served.data] == [OURS, BOOK]
    assert list(served.data[0].y) == pytest.approx([0.98, 0.98])
    stock = inventory_replay_charts.by_week(found, inventory_replay_charts.STOCK)
    assert [trace.name for trace in stock.data] == [OURS, BOOK, RECORDED]
    assert stock.layout.yaxis.range[0] == 0
