"""Results in files: read back whole, gone with what they came from, never in the way."""

from pathlib import Path

import pandas as pd
import pytest

from data import kept
from data.kept import Kept
from data.store import Store
from tests.data.shop import fill

RESULT = Kept(
    frames={"days": pd.DataFrame({"day": pd.to_datetime(["2026-01-05"]), "lost": [2.5]})},
    facts={"first": "2026-01-05"},
)


@pytest.fixture
def shop(store: Store) -> Store:
    from datetime import date

    fill(store, [(1, 1, date(2026, 1, 5), 3.0, 2.0)])
    return store


def test_when_a_result_is_kept_then_it_is_read_back_and_replaced_by_the_next(shop: Store) -> None:
    kept.keep(shop, 1, "lost", "aaa", RESULT)
    found = kept.read(shop, 1, "lost", "aaa")
    assert found is not None
    assert found.facts == RESULT.facts
    pd.testing.assert_frame_equal(found.frames["days"], RESULT.frames["days"], check_dtype=False)
    assert kept.read(shop, 1, "lost", "bbb") is None
    kept.keep(shop, 1, "lost", "bbb", RESULT)
    assert kept.read(shop, 1, "lost", "aaa") is None
    assert kept.read(shop, 1, "lost", "bbb") is not None


def test_when_sales_or_the_way_change_then_the_digest_is_another(
    shop: Store, tmp_path: Path
) -> None:
    way = tmp_path / "way.py"
    way.write_text("a")
    first = kept.digest(shop, 1, [str(way)])
    assert kept.digest(shop, 1, [str(way)]) == first
    with shop.transaction() as cursor:
        cursor.execute("UPDATE dataset SET gap_policy = 'missing'")
    second = kept.digest(shop, 1, [str(way)])
    way.write_text("b")
    assert len({first, second, kept.digest(shop, 1, [str(way)])}) == 3


def test_when_a_dataset_is_deleted_then_what_was_kept_of_it_goes(shop: Store) -> None:
    kept.keep(shop, 1, "lost", "aaa", RESULT)
    kept.keep(shop, 9, "lost", "aaa", RESULT)
    assert kept.read(shop, 1, "lost", "aaa") is not None
    assert not (shop.folder / "kept" / "9").exists()


def test_when_a_file_is_damaged_then_the_result_counts_as_not_kept(
    shop: Store, caplog: pytest.LogCaptureFixture
) -> None:
    kept.keep(shop, 1, "lost", "aaa", RESULT)
    (shop.folder / "kept" / "1" / "lost-aaa" / "days.parquet").write_bytes(b"no parquet")
    assert kept.read(shop, 1, "lost", "aaa") is None
    assert "cannot be read" in caplog.text


def test_when_nothing_can_be_written_then_it_is_logged_and_no_page_fails(
    shop: Store, caplog: pytest.LogCaptureFixture
) -> None:
    (shop.folder / "kept").write_text("a file in the way")
    kept.keep(shop, 1, "lost", "aaa", RESULT)
    assert "was not kept" in caplog.text
