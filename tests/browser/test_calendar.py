"""The calendar in a real browser: a festival is turned off, gone from Train, and back."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser

WAIT = 60_000
ROW = 31  # pixels, and so is the header


def covariates(page: Page) -> str:
    """The text of the table of what is known ahead, which is drawn on a canvas."""
    table = page.get_by_test_id("stDataFrame").first
    table.wait_for(timeout=WAIT)
    return table.locator("canvas table").inner_text(timeout=WAIT)


def toast(page: Page, words: str) -> Locator:
    """What a toast says; the same words stand hidden in the list of edits."""
    return page.get_by_test_id("stToast").get_by_text(words)


def test_when_a_festival_is_turned_off_then_models_do_not_know_it_until_that_is_undone(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    url = serve(tmp_path)
    page.set_viewport_size({"width": 1440, "height": 2400})
    page.goto(f"{url}/train?dataset=1")
    settle(page)
    assert "11.11" in covariates(page)
    page.goto(f"{url}/calendar?dataset=1")
    settle(page)
    expect(page.get_by_text("The next 13 weeks")).to_be_visible(timeout=WAIT)
    save = page.get_by_role("button", name="Save changes")
    expect(save).to_be_disabled(timeout=WAIT)
    grid = page.get_by_test_id("stDataFrame").last
    grid.scroll_into_view_if_needed()
    rows = grid.locator("canvas table tbody tr")
    rows.filter(has_text="11.11").first.wait_for(state="attached", timeout=WAIT)
    lines = rows.all_inner_texts()
    at = next(number for number, line in enumerate(lines, start=1) if "11.11" in line)
    grid.click(position={"x": 50, "y": 15 + ROW * at})  # its tick
    expect(save).to_be_enabled(timeout=WAIT)
    save.click()
    expect(toast(page, "Saved: 11.11 off")).to_be_visible(timeout=WAIT)
    settle(page)
    page.goto(f"{url}/train?dataset=1")
    settle(page)
    assert "11.11" not in covariates(page)
    page.goto(f"{url}/calendar?dataset=1")
    settle(page)
    page.get_by_role("button", name="Undo").click()
    expect(toast(page, "Undone: 11.11 off")).to_be_visible(timeout=WAIT)
    settle(page)
    page.goto(f"{url}/train?dataset=1")
    settle(page)
    assert "11.11" in covariates(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
