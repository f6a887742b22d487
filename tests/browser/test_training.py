"""A training as a person sees it: live, in another tab, stopped, shown, taken away."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser

WAIT = 90_000  # milliseconds; a worker needs its libraries first


def steps_done(page: Page) -> int:
    """The step in the line over the progress bar."""
    words = page.get_by_text(re.compile(r"step [\d,]+ of [\d,]+")).first
    words.wait_for(timeout=WAIT)
    found = re.search(r"step ([\d,]+) of", words.inner_text())
    assert found
    return int(found.group(1).replace(",", ""))


def test_when_a_network_is_trained_then_it_outlives_its_tab_and_what_it_learned_can_be_used(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    url = serve(tmp_path)
    page.goto(f"{url}/train?dataset=1")
    settle(page)
    page.get_by_role("button", name="LSTM").click()
    page.get_by_role("button", name="Transformer").click()
    page.get_by_text("Advanced:").click()
    steps = page.get_by_label("Steps", exact=True)
    steps.fill("20000")
    steps.press("Enter")
    settle(page)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/jobs?job=*", timeout=WAIT)
    steps_done(page)
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)
    link = page.url
    context = page.context
    page.close()
    again = context.new_page()
    again.goto(link)
    before = steps_done(again)
    again.wait_for_function(
        "before => { const found = document.body.innerText.match(/step ([\\d,]+) of/);"
        " return found && Number(found[1].replaceAll(',', '')) > before }",
        arg=before,
        timeout=WAIT,
    )
    sidebar = again.get_by_test_id("stSidebar")
    expect(sidebar.get_by_role("link", name=re.compile("2 jobs ·"))).to_be_visible()
    again.get_by_role("button", name="Stop and keep best").click()
    expect(again.get_by_text("the best so far kept").first).to_be_visible(timeout=WAIT)
    again.get_by_role("link", name="Show forecast").click()
    again.wait_for_url("**/forecast?*run=*", timeout=WAIT)
    settle(again)
    expect(again.get_by_text("LSTM, trained").first).to_be_visible(timeout=WAIT)
    legend = again.locator(".legendtext")
    expect(legend.filter(has_text="ARIMA")).to_be_visible(timeout=WAIT)
    expect(legend.filter(has_text="80% band")).to_be_visible()
    total = again.get_by_test_id("stMetric").filter(has_text="Next 13 weeks")
    shown = re.search(r"€[\d.]+[KM]", total.inner_text())
    assert shown
    again.goto(f"{url}/models?dataset=1")
    settle(again)
    with again.expect_download(timeout=WAIT) as waiting:
        again.get_by_test_id("stDownloadButton").get_by_role("button").click()
    file = tmp_path / "lstm.zip"
    waiting.value.save_as(file)
    again.get_by_role("button", name="Delete").click()
    again.get_by_role("button", name="Delete 1 model").click()
    expect(again.get_by_text("No models yet.")).to_be_visible(timeout=WAIT)
    again.get_by_role("button", name="Upload a model").click()
    again.locator("input[type=file]").set_input_files(file)
    again.get_by_role("button", name="Take it in").click()
    expect(again.get_by_role("button", name="Forecast with it")).to_be_visible(timeout=WAIT)
    again.keyboard.press("Escape")  # the popover lies over the page
    again.get_by_role("button", name="Forecast with it").click(timeout=WAIT)
    again.wait_for_url("**/jobs?job=*", timeout=WAIT)
    again.get_by_role("link", name="Show forecast").click(timeout=WAIT)
    again.wait_for_url("**/forecast?*run=*", timeout=WAIT)
    settle(again)
    total = again.get_by_test_id("stMetric").filter(has_text="Next 13 weeks")
    expect(total).to_contain_text(shown.group(), timeout=WAIT)
    expect(again.get_by_test_id("stException")).to_have_count(0)
