"""A long read in a real browser: progress, Cancel, other pages meanwhile, and beginning again."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.store import open_store
from tests.browser.conftest import settle

pytestmark = pytest.mark.browser

WAIT = 60_000


def with_many_series(folder: Path) -> None:
    """6,000 products in places over 400 days: looking for stock-outs takes many seconds."""
    store = open_store(folder / "almanac.duckdb")
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, currency, category_levels, created_at) "
            "VALUES (1, 'Wide', 'upload', '€', [], now()::TIMESTAMP)"
        )
        cursor.execute(
            "INSERT INTO product (product_id, dataset_id, code, name, categories) "
            "SELECT i, 1, 'P' || i, 'Product ' || i, [] FROM range(1, 301) t(i)"
        )
        cursor.execute(
            "INSERT INTO place (place_id, dataset_id, code, name) "
            "SELECT i, 1, 'S' || i, 'Store ' || i FROM range(1, 21) t(i)"
        )
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, price, "
            "import_id) SELECT 1, p, s, $last - d::INTEGER, 1 + hash(p, s, d) % 4, 9, 3, 1 "
            "FROM range(1, 301) a(p), range(1, 21) b(s), range(400) c(d) "
            "WHERE hash(p, s, d, 1) % 3 > 0",
            {"last": date(2026, 11, 17)},
        )
    store.close()


def test_when_a_long_read_is_cancelled_then_it_ends_and_can_be_begun_again(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    with_many_series(tmp_path)
    url = serve(tmp_path)
    page.goto(f"{url}/lost_sales?dataset=1")
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("Looking for days without stock")).to_be_visible()
    cancel.click()
    expect(page.get_by_text("was stopped.")).to_be_visible(timeout=WAIT)
    expect(cancel).to_have_count(0)

    page.get_by_role("button", name="Start again").click()
    expect(cancel).to_be_visible(timeout=WAIT)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Overview").click()
    expect(page.locator("h1")).to_have_text("Overview", timeout=WAIT)
    expect(page.get_by_text("Mean price paid")).to_be_visible(timeout=WAIT)  # it does not wait
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Lost sales").click()
    expect(page.locator("h1")).to_have_text("Lost sales", timeout=WAIT)
    found = page.get_by_text("Units lost").or_(page.get_by_text("No lost sales found"))
    expect(found.first).to_be_visible(timeout=4 * WAIT)
    settle(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
