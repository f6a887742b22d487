"""Charts under the mouse: pictures and numbers to take away, a time to look closer at, a lasso."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser
WIDE = {"width": 1440, "height": 1500}


def chart(page: Page, number: int) -> Locator:
    found = page.locator(".js-plotly-plot").nth(number)
    found.scroll_into_view_if_needed()
    return found


def drag(page: Page, target: Locator, *stops: tuple[float, float]) -> None:
    """Through places of a chart, given as shares of its width and height."""
    box = target.bounding_box()
    assert box is not None
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in stops]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def picture(page: Page, target: Locator) -> tuple[str, bytes]:
    """What the camera of a chart saves: the name of the file and its bytes."""
    target.hover()
    with page.expect_download(timeout=30_000) as download:
        target.locator('[data-title^="Download plot"]').click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_when_a_chart_is_taken_away_then_it_is_a_picture_or_its_numbers(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path, asked: list[str]
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size(WIDE)
    base = serve(tmp_path)
    page.goto(f"{base}/overview")
    settle(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(4, timeout=30_000)
    name, png = picture(page, chart(page, 0))
    assert name == "revenue-a-week.png"
    assert png.startswith(b"\x89PNG")
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="What sells (CSV)").click()
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0] == "label,revenue,revenue_last_year"
    assert len(lines) > 3
    page.get_by_role("radio", name="SVG").click()
    settle(page)
    page.keyboard.press("Escape")
    name, svg = picture(page, chart(page, 0))
    assert name == "revenue-a-week.svg"
    assert svg.startswith(b"<svg")
    assert "Source Sans" in svg.decode()
    assert all(url.startswith((base, "data:", "blob:")) for url in asked)


def test_when_a_time_is_dragged_over_then_it_is_kept_while_other_things_change(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size(WIDE)
    page.goto(f"{serve(tmp_path)}/overview")
    settle(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(4, timeout=30_000)
    drag(page, chart(page, 0), (0.4, 0.5), (0.7, 0.6))
    window = page.get_by_role("button", name=" – ")
    expect(window).to_be_visible(timeout=30_000)
    said = window.inner_text()
    page.get_by_test_id("stSidebar").get_by_text("Units", exact=True).click()
    expect(page.get_by_text("Units a week", exact=True)).to_be_visible(timeout=30_000)
    settle(page)
    assert window.inner_text() == said
    months = chart(page, 0).locator(".xtick").all_inner_texts()
    assert 1 < len(months) < 14
    window.click()
    expect(window).to_have_count(0, timeout=30_000)
    assert chart(page, 0).locator(".xtick").all_inner_texts() != months


def test_when_points_are_lassoed_then_they_alone_are_listed_and_can_be_saved(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size(WIDE)
    page.goto(f"{serve(tmp_path)}/segments?drawn=Points")
    settle(page)
    number = page.get_by_test_id("stMetricValue").first
    expect(number).to_have_text("24", timeout=30_000)
    drag(page, chart(page, 0), (0.12, 0.2), (0.6, 0.2), (0.6, 0.55), (0.12, 0.55))
    expect(number).not_to_have_text("24", timeout=30_000)
    settle(page)
    count = number.inner_text()
    assert 0 < int(count) < 24
    expect(page.get_by_text("chosen in the chart")).to_be_visible()
    page.get_by_role("button", name="Save as segment").click()
    page.get_by_role("textbox", name="Name").fill("By hand")
    page.get_by_role("textbox", name="Name").press("Enter")
    page.get_by_role("button", name=f"Save {count} product").click()
    expect(page.get_by_text("chosen one by one")).to_be_visible(timeout=30_000)


def test_when_a_time_of_the_forecast_is_dragged_over_then_other_lines_keep_it(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size(WIDE)
    page.goto(f"{serve(tmp_path)}/forecast")
    settle(page)
    expect(page.get_by_role("button", name="All since")).to_be_visible(timeout=60_000)
    drag(page, chart(page, 0), (0.4, 0.6), (0.7, 0.7))
    window = page.get_by_role("button", name=" – ")
    expect(window).to_be_visible(timeout=30_000)
    said = window.inner_text()
    page.get_by_role("button", name="Stock-outs").click()
    settle(page)
    assert window.inner_text() == said
    window.click()
    expect(page.get_by_role("button", name="All since")).to_be_visible(timeout=30_000)
