"""From the worklist to a published decision, in two browsers: look, understand, change, agree."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from data import demo
from data.store import open_store
from tests.browser.test_plan import apply, choose, ready, say
from tests.stores import TODAY

pytestmark = pytest.mark.browser
SIZE = {"width": 1440, "height": 1800}
WEEK, ALL_WEEKS = 2, 14  # columns of the sheet
OVERRIDE, FINAL = 4, 5  # rows of it
DRAWN = """() => document.querySelector('.js-plotly-plot').data
    .filter(trace => trace.name === 'Override').map(trace => trace.text[0])"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Three years of a small demo shop: with a season, and a product unlike last year."""
    store = open_store(tmp_path / "almanac.duckdb")
    demo.load(store, today=TODAY, products=24, days=1095)
    store.close()
    return tmp_path


def test_when_an_item_is_worked_off_then_the_change_moves_the_totals_and_nobody_is_overwritten(
    page: Page, browser: Browser, serve: Callable[[Path], str], shop: Path
) -> None:
    url = serve(shop)
    page.set_viewport_size(SIZE)
    page.goto(f"{url}/?show=Units")
    ready(page)
    expect(page.get_by_text("Unlike last year").first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Review forecast").first.click()
    page.wait_for_function("() => location.search.includes('product=')", timeout=60_000)
    ready(page)
    expect(page.get_by_text("Below: what lifts or lowers it")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Start a plan").click()
    expect(page.get_by_text("mark one or more weeks")).to_be_visible(timeout=60_000)
    ready(page)
    address = page.url
    with browser.new_context(viewport=SIZE) as other:
        colleague = other.new_page()
        colleague.goto(address)
        ready(colleague)
        choose(colleague, "W48")  # marked on what was there before
        before, total = number(cell(page, WEEK, FINAL)), number(cell(page, ALL_WEEKS, FINAL))
        choose(page, "W48")
        say(page, "20")
        expect(page.get_by_text("revenue at the price paid lately")).to_be_visible()
        expect(page.get_by_text("lasts").first).to_be_visible()  # the stock of it
        apply(page)
        expect(cell(page, WEEK, OVERRIDE)).to_have_text("+20%", timeout=60_000)
        after = number(cell(page, WEEK, FINAL))
        assert after == pytest.approx(1.2 * before, abs=1)
        assert number(cell(page, ALL_WEEKS, FINAL)) == pytest.approx(total + after - before, abs=2)
        (mark,) = page.evaluate(DRAWN)
        assert mark.startswith("Override: +20% to ")
        say(colleague, "10")
        apply(colleague)
        expect(colleague.get_by_text("Somebody changed the same cells")).to_be_visible(
            timeout=60_000
        )
        expect(cell(colleague, WEEK, OVERRIDE)).to_have_text("+20%")  # theirs stands
        colleague.get_by_role("button", name="Leave theirs").click()
        expect(colleague.get_by_text("changed the same cells")).to_have_count(0, timeout=60_000)
        colleague.get_by_role("button", name="All products", exact=True).click()  # a wider node
        ready(colleague)
        expect(cell(colleague, WEEK, OVERRIDE)).to_have_text(re.compile(r"^\+\d+$"))
        assert number(cell(colleague, WEEK, OVERRIDE)) == pytest.approx(after - before, abs=1)
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text("Undone", exact=True)).to_be_visible(timeout=60_000)
    ready(page)
    assert number(cell(page, WEEK, FINAL)) == before
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Publish 13 weeks").click()
    expect(page.get_by_text("Not published")).to_have_count(0, timeout=60_000)


def cell(page: Page, column: int, row: int) -> Locator:
    """A cell of the sheet, which is the table that has a row of overrides."""
    head = page.get_by_test_id(f"glide-cell-0-{OVERRIDE}").filter(has_text="Override")
    sheet = page.get_by_test_id("stDataFrame").filter(has=head)
    return sheet.get_by_test_id(f"glide-cell-{column}-{row}")


def number(found: Locator) -> float:
    """What a cell says."""
    return float(found.inner_text().replace(",", ""))
