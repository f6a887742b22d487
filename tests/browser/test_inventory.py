"""Ticking an order in the list, approving it, and opening the exported files again."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from data.store import open_store
from tests.browser.conftest import settle

pytestmark = pytest.mark.browser


def test_when_an_order_is_ticked_and_exported_then_the_file_opens_with_that_order(
    page: Page, serve: Callable[[Path], str], demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    store = open_store(tmp_path / "almanac.duckdb")
    with store.transaction() as cursor:  # a name that a spreadsheet would run
        cursor.execute("UPDATE product SET name = '=1+1 ' || name")
    store.close()
    page.set_viewport_size({"width": 1440, "height": 1600})
    page.goto(f"{serve(tmp_path)}/inventory")
    settle(page)
    grid = page.get_by_test_id("stDataFrame").first
    expect(grid).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile(r"^0 of \d+ approved"))).to_be_visible()
    expect(page.get_by_text("Why ").first).to_be_visible()
    page.get_by_role("textbox", name="Your name").fill("Ada")
    page.get_by_role("textbox", name="Your name").press("Enter")
    settle(page)
    page.wait_for_timeout(1000)  # the list is drawn again below what the name may have changed
    grid = page.get_by_test_id("stDataFrame").first
    box = grid.bounding_box()
    assert box is not None
    approve = page.get_by_role("button", name="Approve 1", exact=True)
    page.mouse.click(box["x"] + 22, box["y"] + 31 + 16)  # the tick of the first row
    expect(approve).to_be_visible(timeout=30_000)
    approve.click()
    expect(page.get_by_text(re.compile(r"^1 of \d+ approved"))).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Take back")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Export 1 approved").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="1 approved order (Excel)").click()
    download.value.save_as(tmp_path / "orders.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "orders.xlsx").active
    assert sheet is not None
    heads, first = ([cell.value for cell in row] for row in sheet.iter_rows(max_row=2))
    order = dict(zip(heads, first, strict=True))
    assert sheet.max_row == 2
    assert order["Decided by"] == "Ada"
    assert order["Quantity"] > 0
    assert order["Quantity"] == order["Proposed"]
    assert order["Cost"] == pytest.approx(order["Quantity"] * order["Unit cost"], abs=0.01)
    product = sheet.cell(2, heads.index("Product") + 1)
    assert str(product.value).startswith("=1+1 ")
    assert product.data_type == "s"  # a word, not a formula
    with page.expect_download() as download:
        page.get_by_role("button", name="1 approved order (CSV)").click()
    download.value.save_as(tmp_path / "orders.csv")
    again = pd.read_csv(tmp_path / "orders.csv", encoding="utf-8-sig")
    assert list(again.columns) == heads
    assert again["Product"].tolist() == ["'" + str(product.value)]
    assert again["Quantity"].tolist() == [order["Quantity"]]
    assert again["Delivery expected"].tolist() == [f"{order['Delivery expected']:%Y-%m-%d}"]
    with page.expect_download() as download:
        page.get_by_role("button", name="Excel", exact=True).first.click()
    download.value.save_as(tmp_path / "proposals.xlsx")
    proposals = pd.read_excel(tmp_path / "proposals.xlsx")
    assert list(proposals.columns) == heads
    assert len(proposals) > 1
    assert order["Product"] in set(proposals["Product"])
