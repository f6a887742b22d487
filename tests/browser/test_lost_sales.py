"""Accepting stock-outs in bulk with the mouse, using corrected sales on Forecast, and undoing."""

import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser


def test_when_stock_outs_are_accepted_in_bulk_then_forecast_can_use_them_until_undone(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size({"width": 1440, "height": 1800})
    page.goto(f"{serve(tmp_path)}/lost_sales")
    settle(page)
    accept = page.get_by_role("button", name="Accept all")
    expect(accept).to_be_visible(timeout=30_000)
    count = accept.inner_text().split()[-1]
    expect(page.get_by_text(f"To review {count}")).to_be_visible()
    page.get_by_role("textbox", name="Your name").fill("Ada")
    page.get_by_role("textbox", name="Your name").press("Enter")
    settle(page)
    accept.click()
    expect(page.get_by_text(f"Accepted {count}")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("To review 0")).to_be_visible()
    expect(page.get_by_text("Ada, ")).to_be_visible()

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Forecast").click()
    expect(page.locator("h1")).to_have_text("Forecast", timeout=30_000)
    settle(page)
    page.get_by_test_id("stPopover").first.click()
    page.get_by_text("Use corrected sales").click()
    expect(page.get_by_text("Corrected sales", exact=True)).to_be_visible(timeout=30_000)
    settle(page)
    assert parse_qs(urlsplit(page.url).query)["corrected"] == ["1"]
    page.keyboard.press("Escape")

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Lost sales").click()
    expect(page.locator("h1")).to_have_text("Lost sales", timeout=30_000)
    settle(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"To review {count}")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Undone by Ada")).to_be_visible()
    expect(page.get_by_role("button", name="Redo")).to_be_visible()


def test_when_two_spells_are_ticked_then_only_they_are_rejected(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size({"width": 1440, "height": 1800})
    page.goto(f"{serve(tmp_path)}/lost_sales")
    settle(page)
    expect(page.get_by_role("button", name="Accept all")).to_be_visible(timeout=30_000)
    grid = page.get_by_test_id("stDataFrame")
    box = grid.bounding_box()
    assert box is not None
    for row in (1, 2):  # 31 pixels a row, the header first
        page.mouse.click(box["x"] + 18, box["y"] + 31 * row + 16)
        page.wait_for_timeout(300)
        settle(page)
    page.get_by_role("button", name="Reject 2").click()
    expect(page.get_by_text("Rejected 2", exact=True)).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Rejected ", exact=False).last).to_be_visible()
