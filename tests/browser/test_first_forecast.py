"""A file is uploaded, and forecasts of all its products are on the screen; nothing was trained."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.first_forecast import EVERY_PRODUCT, IMPORT, write_shop
from tests.browser.conftest import settle

pytestmark = pytest.mark.browser
PRODUCTS = 40


def test_when_a_file_is_uploaded_then_forecasts_of_all_its_products_are_on_the_screen(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    url = serve(tmp_path / "var")
    page.set_viewport_size({"width": 1440, "height": 1600})
    page.goto(f"{url}/upload")
    settle(page)
    page.locator("input[type=file]").first.set_input_files(
        write_shop(tmp_path / "shop.csv", PRODUCTS)
    )
    button = page.get_by_role("button", name=IMPORT)
    button.wait_for(timeout=60_000)
    button.click()
    page.wait_for_url(f"{url}/?dataset=1", timeout=60_000)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Forecast").click()
    title = page.get_by_text(EVERY_PRODUCT)
    expect(title).to_be_visible(timeout=180_000)
    expect(title).to_contain_text(f"{PRODUCTS} products")
    expect(title).to_contain_text("First forecast, not trained on your data")
    table = page.locator("[data-testid=stDataFrame]").last
    expect(table).to_be_visible()
    assert page.locator("[data-testid=stException]").count() == 0
    rows = table.locator("tbody tr")  # the table is drawn on a canvas; this is what readers hear
    expect(rows.first).to_contain_text("Product", timeout=20_000)
    sums = [
        float(text.replace(",", "")) for text in rows.locator("td:nth-child(2)").all_inner_texts()
    ]
    assert len(sums) >= 8
    assert min(sums) > 0
    assert sums == sorted(sums, reverse=True)
