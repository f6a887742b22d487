"""The app as a person meets it: deep links on a fresh server, the demo by click, the file."""

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle
from ui import navigation

pytestmark = pytest.mark.browser

ADDRESSES = ["" if entry.default else Path(entry.path).stem for entry in navigation.entries()]


def is_local(address: str, server: str) -> bool:
    return address.startswith((server, server.replace("http", "ws"), "data:", "blob:"))


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address or "home")
def test_when_a_fresh_server_gets_a_deep_link_then_the_page_opens_and_nothing_leaves_the_machine(
    address: str,
    page: Page,
    serve: Callable[[Path], str],
    demo_var: Path,
    tmp_path: Path,
    asked: list[str],
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    url = serve(tmp_path)
    page.goto(f"{url}/{address}")
    settle(page)
    expect(page.get_by_test_id("stSidebarNav")).to_be_visible()
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_load_state("networkidle")  # a dialog comes with a script of its own
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    assert [each for each in asked if not is_local(each, url)] == []
    title = next(
        entry.title
        for entry in navigation.entries()
        if address == ("" if entry.default else Path(entry.path).stem)
    )
    expect(page).to_have_title(f"{title} · Almanac")


def test_when_the_demo_is_loaded_by_click_then_its_forecast_can_be_taken_away(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    page.goto(serve(tmp_path))
    settle(page)
    page.get_by_role("button", name="Load the demo shop").click()
    expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=60_000)
    settle(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Forecast").click()
    expect(page.get_by_text("In words")).to_be_visible(timeout=60_000)
    settle(page)
    assert "dataset=1" in page.url
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).first.click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert len(rows) == 13
    assert download.value.suggested_filename == "forecast-demo-shop-all-products-all-places.csv"
    for row in rows:
        assert row["dataset"] == "Demo shop"
        assert row["unit"] == "€"
        levels = [float(row[f"q{level}"]) for level in ("0.025", "0.1", "0.5", "0.9", "0.975")]
        assert levels == sorted(levels)
        assert levels[1] < float(row["mean"]) < levels[3]
        assert float(row["last_year"]) > 0
    shown = page.get_by_test_id("stMetric").filter(has_text="Next 13 weeks").inner_text()
    total = sum(float(row["mean"]) for row in rows)
    assert f"€{total / 1e6:.2f}M" in shown


def test_when_a_link_is_sent_then_a_colleague_sees_the_same_screen(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    url = serve(tmp_path)
    page.goto(url)
    settle(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Forecast").click()
    settle(page)
    page.get_by_role("radio", name="Berlin").click()
    settle(page)
    page.get_by_test_id("stSidebar").get_by_role("radio", name="Units").click()
    settle(page)
    page.get_by_role("radio", name="26 weeks").click()
    settle(page)
    expect(page.get_by_test_id("stMetric").filter(has_text="Next 26 weeks")).to_be_visible()
    link, shown = page.url, page.get_by_test_id("stMetric").all_inner_texts()
    colleague = page.context.browser.new_context().new_page()  # type: ignore[union-attr]
    colleague.goto(link)
    settle(colleague)
    expect(colleague.get_by_test_id("stMetric").first).to_be_visible()
    assert colleague.get_by_test_id("stMetric").all_inner_texts() == shown
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Home").click()
    settle(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Forecast").click()
    settle(page)
    assert "place=2" in page.url
    colleague.context.close()


def test_when_a_dataset_is_deleted_then_it_is_asked_for_first_with_its_size(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.goto(serve(tmp_path))
    settle(page)
    page.get_by_role("button", name="Delete", exact=False).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("24 products")
    dialog.get_by_role("button", name="sales rows").click()
    expect(page.get_by_text("Nothing to forecast yet")).to_be_visible(timeout=30_000)
