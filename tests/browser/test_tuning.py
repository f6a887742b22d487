"""A search for better settings as a person sees it: twelve trials, a killed worker, a resume."""

import json
import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser

WAIT = 120_000  # milliseconds; a worker needs its libraries first
PRODUCT = 3


def fill(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Enter")
    settle(page)


def line(page: Page, words: str) -> None:
    """Wait for the words over the progress bar."""
    found = page.get_by_test_id("stProgress").filter(has_text=re.compile(words)).first
    found.wait_for(timeout=WAIT)


def test_when_the_worker_of_a_search_is_killed_then_its_trials_go_on_and_the_best_is_kept(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    """Twelve trials under a limit of two minutes; the settings are small, so that it takes less."""
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    url = serve(tmp_path)
    page.goto(f"{url}/train?dataset=1&product={PRODUCT}")
    settle(page)
    page.get_by_role("radio", name="Search for better settings").click()
    settle(page)
    fill(page, "Weeks ahead", "4")
    fill(page, "Steps of a trial", "40")
    fill(page, "Time limit, minutes", "2")
    expect(page.get_by_text("12 × 1 window")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Start search").click()
    page.wait_for_url("**/jobs?*job=*", timeout=WAIT)
    line(page, "Trial [3-9] of 12, LSTM.*left")
    found = re.search(r"job=([\w-]+)", page.url)
    assert found
    run = tmp_path / "runs" / found.group(1)
    os.kill(json.loads((run / "status.json").read_text())["pid"], signal.SIGKILL)
    expect(page.get_by_text("Its finished trials were kept.")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("link", name="Show forecast")).to_be_visible(timeout=WAIT)
    trials = page.get_by_test_id("stMetric").filter(has_text="12 of 12")
    expect(trials).to_contain_text(re.compile(r"[1-9]\d? pruned"))
    expect(page.locator(".legendtext").filter(has_text="Pruned")).to_be_visible()
    expect(page.get_by_text(re.compile("Best settings, trial|usual settings are"))).to_be_visible()
    cells = page.get_by_test_id("stDataFrame").last.locator("td")
    expect(cells.filter(has_text="Pruned").first).to_be_attached()
    expect(cells.filter(has_text="Best").first).to_be_attached()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.get_by_role("link", name="Show forecast").click()
    page.wait_for_url("**/forecast?*run=*", timeout=WAIT)
    settle(page)
    expect(page.get_by_text("LSTM, trained").first).to_be_visible(timeout=WAIT)
