"""A change of the plan in a browser, undo, publication, and a colleague who comes between."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import READY

pytestmark = pytest.mark.browser
WEEK = 1  # the second column


def ready(page: Page) -> None:
    """Wait until the script has run and nothing is loading.

    Asked from outside: of two pages, the browser may draw one so rarely that what runs in it to
    wait is hardly ever called.
    """
    page.wait_for_timeout(700)
    expect(page.locator(READY)).to_have_count(1, timeout=90_000)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=90_000)


def mark(page: Page, column: int) -> None:
    """Click a cell of a week in the sheet."""
    grid = page.get_by_test_id("stDataFrame").last
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 104 + 66 * column + 30, box["y"] + 31 * 5 + 15)
    ready(page)


def choose(page: Page, week: str) -> None:
    """Choose a week without the table."""
    page.get_by_role("combobox", name="Weeks").click()
    page.get_by_role("option", name=week).click()
    page.keyboard.press("Escape")
    ready(page)


def say(page: Page, percent: str) -> None:
    amount = page.get_by_role("spinbutton", name="Amount")
    amount.fill(percent)
    amount.press("Enter")
    ready(page)
    page.get_by_role("combobox", name="Reason").click()
    page.get_by_role("option", name="Promotion").click()
    ready(page)


def apply(page: Page) -> None:
    button = page.get_by_role("button", name="Apply", exact=True)
    expect(button).to_be_enabled(timeout=60_000)
    button.click()
    ready(page)


def test_when_two_people_plan_the_same_week_then_the_second_is_told_and_the_plan_is_published(
    page: Page, browser: Browser, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    url = serve(tmp_path)
    page.set_viewport_size({"width": 1440, "height": 1800})
    page.goto(f"{url}/forecast?show=Units&product=1")
    ready(page)
    page.get_by_role("button", name="Start a plan").click()
    expect(page.get_by_text("mark one or more weeks")).to_be_visible(timeout=60_000)
    ready(page)
    colleague = browser.new_page(viewport={"width": 1440, "height": 1800})
    colleague.goto(f"{url}/forecast?show=Units&product=1")
    ready(colleague)
    choose(colleague, "W48")  # sees the plan before the change
    page.bring_to_front()
    mark(page, WEEK)
    say(page, "20")
    expect(page.get_by_text("as their forecast")).to_be_visible()
    apply(page)
    expect(page.get_by_role("strong").filter(has_text="+20%")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("glide-cell-2-4")).to_have_text("+20%")
    colleague.bring_to_front()
    say(colleague, "10")
    apply(colleague)
    expect(colleague.get_by_text("Somebody changed the same cells")).to_be_visible(timeout=60_000)
    expect(colleague.get_by_text("You saw")).to_be_visible()
    colleague.get_by_role("button", name="Apply on top").click()
    ten = colleague.get_by_role("strong").filter(has_text="+10%")
    expect(ten).to_be_visible(timeout=60_000)
    ready(colleague)
    colleague.get_by_role("button", name="Undo").first.click()
    expect(colleague.get_by_text("Undone", exact=True)).to_be_visible(timeout=60_000)
    ready(colleague)
    colleague.get_by_role("button", name="Publish", exact=True).click()
    total = colleague.get_by_role("dialog").get_by_text("All of Demo shop")
    expect(total).to_contain_text("by 1 change of 1 person")
    colleague.get_by_role("textbox", name="Name", exact=True).fill("November")
    colleague.get_by_role("button", name="Publish 13 weeks").click()
    expect(colleague.get_by_text("Not published")).to_have_count(0, timeout=60_000)
    ready(colleague)
    colleague.close()
