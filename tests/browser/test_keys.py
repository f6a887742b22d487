"""API keys in a browser: made in a dialog, shown once, used by a program, revoked for good."""

from collections.abc import Callable
from pathlib import Path

import requests
from playwright.sync_api import Page, expect


def test_when_a_key_is_made_and_revoked_then_a_program_may_ask_until_then(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    url = serve(tmp_path)
    page.goto(f"{url}/keys")
    page.get_by_role("button", name="New key").click(timeout=30_000)
    dialog = page.get_by_role("dialog")
    make = dialog.get_by_role("button", name="Make the key")
    make.click()
    expect(dialog).to_contain_text("has 0 characters")
    dialog.get_by_test_id("stTextInputField").fill("erp")
    make.click()
    expect(dialog).to_contain_text("not shown again")
    secret = dialog.get_by_test_id("stCode").inner_text().strip()
    expect(make).to_have_count(0)  # a second click would want another name
    header = {"Authorization": f"Bearer {secret}"}
    asked = f"{url}/api/v1/datasets"
    assert requests.get(asked, headers=header, timeout=30).json() == {"datasets": []}
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Tick a key to revoke it.")).to_be_visible(timeout=30_000)
    assert secret not in page.content()
    page.get_by_test_id("stDataFrame").click(position={"x": 18, "y": 52})  # the mark of a row
    page.get_by_role("button", name="Revoke erp").click()
    expect(dialog).to_contain_text("cannot be undone")
    dialog.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_text("erp does not work any more").first).to_be_visible()
    assert requests.get(asked, headers=header, timeout=30).status_code == 401
