"""Three scenarios compared, one made the plan and taken back, in a real browser."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser
WAIT = 120_000  # milliseconds, of a busy machine; usually two seconds


def test_when_three_scenarios_are_compared_and_one_becomes_the_plan_then_it_can_be_taken_back(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    page.set_viewport_size({"width": 1440, "height": 1500})
    page.goto(f"{serve(tmp_path)}/what_if")
    settle(page)
    page.get_by_role("button", name=re.compile("^Price −10% on .* in the week of 11")).click()
    expect(page.get_by_text("Side by side")).to_be_visible(timeout=WAIT)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=WAIT)
    for letter, example in (("B", "a week later"), ("C", "out of stock in")):
        settle(page)
        page.get_by_role("button", name="New", exact=True).click()
        page.get_by_role("button", name=re.compile(example)).click()
        switch = page.get_by_role("radio", name=re.compile(f"^{letter} "))
        expect(switch).to_be_visible(timeout=WAIT)
        expect(page.get_by_role("button", name=f"Make {letter} the plan")).to_be_visible(
            timeout=WAIT
        )
    expect(page.get_by_text("baseline").first).to_be_visible(timeout=WAIT)
    expect(page.get_by_test_id("stTable")).to_have_count(4, timeout=WAIT)
    page.get_by_role("radio", name=re.compile("^B ")).click()
    make = page.get_by_role("button", name="Make B the plan")
    expect(make).to_be_visible(timeout=WAIT)
    settle(page)
    link = page.url
    make.click()
    expect(page.get_by_text("Overwrites", exact=False).first).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name=re.compile(r"^Plan \d+ days of products")).click()
    back = page.get_by_role("button", name="Take back from the plan")
    expect(back).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("is the plan").first).to_be_visible(timeout=WAIT)
    stale = page.get_by_text("Stale", exact=True)  # A and C stand on the old plan
    expect(stale.first).to_be_visible(timeout=WAIT)
    settle(page)
    back.click()
    expect(page.get_by_role("button", name="Make B the plan")).to_be_visible(timeout=WAIT)
    expect(stale).to_have_count(0, timeout=WAIT)
    page.goto(link)
    expect(page.get_by_role("button", name="Make B the plan")).to_be_visible(timeout=WAIT)
