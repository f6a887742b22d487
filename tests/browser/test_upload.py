"""From a messy file to a forecast and a CSV, clicked through in a real browser."""

import os
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

ROWS = 1_500_000
REAL = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))


def messy_file(folder: Path) -> Path:
    """Two years of a shop: `;`, decimal commas, days that read both ways, and broken lines."""
    chance = random.Random(3)
    lines = ["Datum;Artikel;Filiale;Menge;Preis;Bemerkung"]
    for week in range(110):
        day = date(2024, 10, 7) + timedelta(weeks=week)
        day = day.replace(day=min(day.day, 12))  # no day above 12: the order cannot be told
        for name in ("Becher blau", "Becher rot", "Kaffee 1 kg"):
            lines.append(f"{day:%d/%m/%Y};{name};Köln;{chance.randint(5, 30)};12,50;")
    lines[20] = lines[20].replace(";Köln;", ";Köln;1O;", 1)  # a cell too many
    lines[30] = ";".join(["01/11/2024", "Becher blau", "Köln", "viele", "12,50", ""])
    path = folder / "verkäufe.csv"
    path.write_text("\n".join(lines) + "\n", encoding="cp1252")
    return path


def test_when_a_messy_file_is_uploaded_then_a_forecast_can_be_downloaded(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    url = serve(tmp_path / "var")
    page.goto(f"{url}/upload")
    settle(page)
    page.locator("input[type=file]").first.set_input_files(messy_file(tmp_path))
    page.get_by_text("Is 0").first.wait_for(timeout=30_000)
    assert page.get_by_role("button", name="Import").count() == 0
    page.get_by_role("radio").first.click()
    button = page.get_by_role("button", name="Import 328 rows")
    button.wait_for(timeout=30_000)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="left out").click()
    left_out = pd.read_csv(waiting.value.path())
    assert sorted(left_out["line"]) == [21, 31]
    assert "viele" in set(left_out["value"])
    button.click()
    page.wait_for_url(f"{url}/?dataset=1", timeout=30_000)
    expect(page.get_by_text("Imported 328 rows.")).to_be_visible(timeout=20_000)
    settle(page)
    page.goto(f"{url}/forecast?dataset=1")
    settle(page)
    expect(page.locator('[data-testid="stPlotlyChart"]').first).to_be_visible(timeout=60_000)
    assert page.locator('[data-testid="stException"]').count() == 0
    page.goto(f"{url}/imports")
    settle(page)
    page.get_by_role("button", name="Undo this import").click()
    page.get_by_role("button", name="Undo import 1").click()
    expect(page.get_by_text("Import 1 is undone.")).to_be_visible(timeout=20_000)


@pytest.mark.slow
def test_when_online_retail_is_uploaded_then_total_and_product_have_forecasts(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    source = REAL / "online_retail_ii" / "raw" / "online_retail_II.csv.xz"
    if not source.exists():
        pytest.skip(f"no real data: {source} is absent (set ALMANAC_DATA)")
    url = serve(tmp_path / "var")
    page.goto(f"{url}/upload")
    settle(page)
    page.locator("input[type=file]").first.set_input_files(source)
    button = page.get_by_role("button", name="Import 1,0")
    button.wait_for(timeout=120_000)
    for words in ("Cancelled orders", "Same row twice", "Not products", "Returns"):
        assert page.get_by_text(words).count() > 0
    button.click()
    page.wait_for_url(f"{url}/?dataset=1", timeout=120_000)
    for scope in ("", "&product=1000"):
        page.goto(f"{url}/forecast?dataset=1{scope}")
        settle(page)
        expect(page.locator('[data-testid="stPlotlyChart"]').first).to_be_visible(timeout=60_000)
        assert page.locator('[data-testid="stException"]').count() == 0
        with page.expect_download(timeout=60_000) as waiting:
            page.get_by_role("button", name="Download").first.click()
            page.get_by_role("button", name="CSV", exact=True).locator("visible=true").first.click()
        frame = pd.read_csv(waiting.value.path())
        assert len(frame) >= 13


def test_when_the_page_is_left_while_reading_then_the_work_goes_on_and_cancel_ends_it(
    page: Page, serve: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prices with a currency sign are slow to read: these take seconds, to leave or to cancel.

    By one thread, so that a machine of many cores is not through before that.
    """
    monkeypatch.setenv("ALMANAC_THREADS", "1")
    inbox = tmp_path / "var" / "inbox"
    inbox.mkdir(parents=True)
    duckdb.execute(f"""
        COPY (SELECT DATE '2020-01-01' + (i // 2000)::INTEGER AS date,
                     'item ' || i % 2000 AS product, i % 7 AS quantity,
                     'EUR ' || (i % 90 + 1) || '.50' AS price,
                     'EUR ' || (i % 80 + 1) || '.25' AS "unit cost"
              FROM range({ROWS}) t(i)) TO '{inbox / "big.csv"}' (HEADER)
    """)
    url = serve(tmp_path / "var")

    def visit(title: str) -> None:
        page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()

    def read() -> None:
        page.get_by_role("combobox").first.click()
        page.get_by_role("option").first.click()
        page.keyboard.press("Escape")
        settle(page)
        page.get_by_role("button", name="Read from the server").click()
        page.get_by_text("Reading every row").first.wait_for(timeout=30_000)

    page.goto(f"{url}/upload")
    settle(page)
    read()
    page.get_by_role("button", name="Cancel").click()
    settle(page)
    expect(page.get_by_role("button", name="Read from the server")).to_be_visible()
    read()
    visit("Imports")
    expect(page.get_by_text("No imports yet")).to_be_visible()
    visit("Upload")
    page.get_by_role("button", name=f"Import {ROWS:,} rows").wait_for(timeout=60_000)
    assert page.locator('[data-testid="stException"]').count() == 0
