"""Exploring with the mouse: down the tree and back, a cell of the matrix, a segment as scope."""

import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def click_chart(page: Page, number: int, across: float, down: float) -> None:
    """Click at a place of the n-th chart, given as shares of its width and height."""
    chart = page.locator(".js-plotly-plot").nth(number)
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
    page.wait_for_timeout(400)  # plotly looks for the bar under the mouse at most every 50 ms
    page.mouse.down()
    page.mouse.up()


def wait_for_address(page: Page, name: str, count: int) -> None:
    page.wait_for_function(
        "([name, count]) => new URLSearchParams(location.search).getAll(name).length == count",
        arg=[name, count],
        timeout=30_000,
    )
    settle(page)


def test_when_tiles_are_clicked_then_the_page_goes_down_the_tree_and_back(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size({"width": 1440, "height": 1500})
    page.goto(f"{serve(tmp_path)}/overview")
    settle(page)
    expect(page.get_by_text("What sells", exact=True)).to_be_visible(timeout=30_000)
    whole = page.get_by_test_id("stMetricValue").first.inner_text()
    click_chart(page, 2, 0.1, 0.2)
    wait_for_address(page, "category", 1)
    expect(page.get_by_test_id("stMetricValue").first).not_to_have_text(whole)
    click_chart(page, 2, 0.1, 0.2)
    wait_for_address(page, "category", 2)
    page.get_by_role("button", name="All products").click()
    wait_for_address(page, "category", 0)
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(whole)
    click_chart(page, 3, 0.3, 0.15)
    wait_for_address(page, "place", 1)


def test_when_a_cell_is_saved_as_segment_then_it_is_a_scope_on_other_pages(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size({"width": 1440, "height": 1500})
    page.goto(f"{serve(tmp_path)}/segments")
    settle(page)
    expect(page.get_by_text("What earns and how it sells")).to_be_visible(timeout=30_000)
    click_chart(page, 0, 0.2, 0.3)
    wait_for_address(page, "class_abc", 1)
    assert asked(page)["class_abc"] == ["A"]
    assert asked(page)["class_xyz"] == ["X"]
    count = page.get_by_test_id("stMetricValue").first.inner_text()
    page.get_by_role("button", name="Save as segment").click()
    page.get_by_role("textbox", name="Name").fill("Bread and butter")
    page.get_by_role("textbox", name="Name").press("Enter")
    page.get_by_role("button", name=f"Save {count} product").click()
    expect(page.get_by_text("Saved segments")).to_be_visible(timeout=30_000)
    settle(page)
    page.get_by_role("button", name="Open", exact=True).last.click()
    expect(page.locator("h1")).to_have_text("Overview", timeout=30_000)
    settle(page)
    assert asked(page)["segment"] == ["1"]
    expect(page.get_by_test_id("stPopover").first).to_contain_text("Bread and butter")
    revenue = page.get_by_test_id("stMetricValue").first.inner_text()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Forecast").click()
    expect(page.locator("h1")).to_have_text("Forecast", timeout=30_000)
    settle(page)
    assert asked(page)["segment"] == ["1"]
    expect(page.get_by_text("In words")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Leave the segment").click()
    wait_for_address(page, "segment", 0)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Overview").click()
    expect(page.locator("h1")).to_have_text("Overview", timeout=30_000)
    settle(page)
    expect(page.get_by_test_id("stMetricValue").first).not_to_have_text(revenue)
