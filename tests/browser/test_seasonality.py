"""Seasonality in a real browser: a tab computes when it is opened, a click goes down the tree."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser


def test_when_a_tab_is_opened_then_it_computes_and_the_tree_can_be_walked(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.goto(f"{serve(tmp_path)}/seasonality?by=Day")
    settle(page)
    expect(page.get_by_test_id("stMetric")).to_have_count(4)
    expect(page.get_by_test_id("stMetric").filter(has_text="Weekly pattern")).to_contain_text(
        "of 100"
    )
    before = page.get_by_test_id("stPlotlyChart").count()
    assert before >= 5
    expect(page.get_by_text("Which periods repeat")).to_have_count(0)
    page.get_by_role("tab", name="Periods").click()
    expect(page.get_by_text("Which periods repeat")).to_be_visible(timeout=30_000)
    page.get_by_role("tab", name="Compare").click()
    expect(page.get_by_text("above or below the mean")).to_be_visible(timeout=30_000)
    settle(page)
    page.get_by_test_id("stDataFrame").first.click(position={"x": 60, "y": 48})
    page.wait_for_url("**category=**", timeout=30_000)
    settle(page)
    expect(page.get_by_role("button", name="All products")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
        page.get_by_role("button", name="Sales and their parts (CSV)").click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert text.splitlines()[0].startswith("scope,place,date,revenue,left_out,log,filled,trend")
