"""The Forecast page in a browser: drivers below the fan, others beside it, a step down the tree."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser
SHAPES = """() => {
    const figure = document.querySelector('.js-plotly-plot');
    const bars = figure.data.filter(trace => trace.type === 'bar').map(trace => trace.name);
    const axes = Object.keys(figure._fullLayout).filter(name => /^xaxis/.test(name));
    return {bars, boxes: axes.length, height: figure.clientHeight};
}"""


def test_when_drivers_and_rivals_are_chosen_then_the_chart_shows_them_and_a_click_leads_down(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size({"width": 1440, "height": 1500})
    base = serve(tmp_path)
    page.goto(f"{base}/forecast?by=Day&model=theta&show=Units")
    settle(page)
    expect(page.get_by_text("Below: what lifts or lowers it")).to_be_visible(timeout=60_000)
    drawn = page.evaluate(SHAPES)
    assert "Season" in drawn["bars"]
    assert drawn["boxes"] == 1  # one axis of time, so that one hover box lists both
    assert drawn["height"] == 540
    page.get_by_role("button", name="Beside it").click()
    page.get_by_role("combobox", name="Other models and runs").click()
    page.get_by_role("option", name="Last week's days").click()
    settle(page)
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot')?.data?.some("
        'trace => trace.name === "Last week\'s days")',
        timeout=60_000,
    )
    assert "beside=seasonal_naive" in page.url
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Drivers").click()
    settle(page)
    expect(page.get_by_text("Below: what lifts or lowers it")).to_have_count(0, timeout=60_000)
    page.goto(f"{base}/forecast?by=Day&model=theta&show=Units&lines_d=Last+year")
    settle(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(1, timeout=60_000)
    assert page.evaluate(SHAPES)["bars"] == []
    page.get_by_test_id("stDataFrame").first.click(position={"x": 60, "y": 48})
    page.wait_for_function("() => location.search.includes('category=')", timeout=60_000)
