"""Unusual sales in a real browser: a spike is capped by rule, seen on Seasonality, and undone."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.store import open_store
from tests.browser.conftest import settle

pytestmark = pytest.mark.browser


def with_spike(source: Path, target: Path) -> str:
    """The shop with one day of its best seller a hundred times too high; gives its name."""
    shutil.copy(source / "almanac.duckdb", target / "almanac.duckdb")
    store = open_store(target / "almanac.duckdb")
    with store.transaction() as cursor:
        cursor.execute(
            """
            UPDATE sales SET quantity = 5000, revenue = 5000 * price
            WHERE place_id = 1 AND day = DATE '2026-06-03' AND product_id = (
                SELECT product_id FROM sales GROUP BY 1 ORDER BY sum(revenue) DESC LIMIT 1)
            """
        )
    ((name,),) = store.rows(
        "SELECT name FROM product JOIN sales USING (product_id) WHERE quantity = 5000"
    )
    store.close()
    return str(name)


def test_when_a_spike_is_capped_by_rule_then_seasonality_says_so_until_it_is_undone(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    name = with_spike(demo_var, tmp_path)
    page.set_viewport_size({"width": 1440, "height": 1700})
    page.goto(f"{serve(tmp_path)}/unusual?by=Day")
    settle(page)
    expect(page.get_by_text("times the usual: a unit mistake?")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stMarkdown").filter(has_text=name).first).to_be_visible()
    page.get_by_role("radio", name="All above").click()
    page.get_by_role("spinbutton", name="Times the usual, or more").fill("50")
    page.get_by_role("spinbutton", name="Times the usual, or more").press("Enter")
    expect(
        page.get_by_text(re.compile(r"Changes \d product-days? of 1 finding: 5,0"))
    ).to_be_visible()
    page.get_by_role("combobox", name="Why").click()
    page.get_by_role("option", name="Wrong unit").click()
    page.get_by_role("button", name="Cap 1 finding").click()
    expect(page.get_by_text(re.compile(r"Capped \d product-day"))).to_be_visible(timeout=30_000)
    settle(page)
    page.get_by_role("link", name="See them in Seasonality").click()
    page.wait_for_url("**/seasonality**", timeout=30_000)
    settle(page)
    expect(page.get_by_text(re.compile(r"With \d corrected day"))).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Unusual sales").click()
    settle(page)
    page.get_by_test_id("stMain").get_by_role("button", name="Undo").last.click()
    expect(page.get_by_text("Undone", exact=True)).to_be_visible(timeout=30_000)
    settle(page)
    page.get_by_role("link", name="Seasonality").click()
    settle(page)
    expect(page.get_by_text("corrected day")).to_have_count(0)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
