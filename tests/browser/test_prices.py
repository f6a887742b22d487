"""Prices and promotions as a merchandiser sees them: a product's curve, a check, a file."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser


def test_when_a_price_is_looked_at_and_a_promotion_checked_then_both_answer(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size({"width": 1440, "height": 1600})
    url = serve(tmp_path)
    page.goto(f"{url}/prices")
    settle(page)
    expect(page.get_by_text("What to charge")).to_be_visible(timeout=120_000)
    expect(page.get_by_text(re.compile(r"^A 1% higher price sells .* less"))).to_be_visible()
    page.get_by_text("Sell off the stock of").click()
    expect(page.get_by_text("Price cuts at most")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("is expected to sell for")).to_be_visible(timeout=30_000)
    settle(page)
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).first.click()
    download.value.save_as(tmp_path / "prices.csv")
    head = (tmp_path / "prices.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert head.startswith("Product,Code,Price now,Best price")
    page.goto(f"{url}/promotions")
    settle(page)
    expect(page.get_by_text("What it came to")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Check", exact=True).click()
    answer = page.get_by_text(re.compile("earlier spans of that length|cannot be checked"))
    expect(answer.first).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_when_rules_are_set_in_the_dialog_then_they_hold_until_they_are_taken_back(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    (tmp_path / "bad.csv").write_text("product,competitor\nP00001,0\nNOBODY,$5\n")
    page.set_viewport_size({"width": 1440, "height": 1600})
    page.goto(f"{serve(tmp_path)}/prices")
    settle(page)
    rules = page.get_by_role("button", name="Rules", exact=True)
    expect(page.get_by_text("What to charge")).to_be_visible(timeout=120_000)
    rules.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Price points").click()
    points = dialog.get_by_label(re.compile("^Price points"))
    points = points.and_(dialog.locator("textarea"))
    points.fill("4.99 cheap")
    points.press("Control+Enter")
    expect(dialog.get_by_text("“cheap” in the price points is not a number")).to_be_visible()
    points.fill("4.99 7.99 9.99 14.99")
    points.press("Control+Enter")
    expect(dialog.get_by_text("is not a number")).to_have_count(0)
    dialog.get_by_role("button", name="Keep these rules").click()
    expect(page.get_by_text("Rules: 4 price points")).to_be_visible(timeout=60_000)
    rules.click()
    dialog.get_by_role("tab", name="From a file").click()
    dialog.locator("input[type=file]").set_input_files(tmp_path / "bad.csv")
    expect(dialog.get_by_text(re.compile("cells cannot be read. Nothing was kept"))).to_be_visible()
    dialog.get_by_role("button", name="Undo it").click()
    expect(page.get_by_text("Rules: prices end in 9")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)
