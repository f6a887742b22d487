"""The recovery table on a shop of a few products, and its place in the documentation."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.recovery import HEADING, Row, classes, odd_days, stock_outs, table, written
from data import demo
from data.store import Store, open_store
from tests.stores import TODAY


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = open_store(tmp_path_factory.mktemp("recovery") / "almanac.duckdb", threads=1)
    demo.load(store, today=TODAY, products=12, days=420)
    return store


def test_when_a_small_shop_is_recovered_then_every_line_is_a_number_and_what_is_sure_holds(
    shop: Store,
) -> None:
    rows = [*odd_days(shop, count=10), *classes(shop), *stock_outs(shop, "stock known")]
    assert len(rows) == 12
    assert all(np.isfinite(row.value) for row in rows)
    found = {row.what: row for row in rows}
    for name in ("ABC", "XYZ", "pattern"):
        assert found[f"{name} as computed apart"].value == 1.0
    for name in ("precision", "recall"):
        assert found[f"stock-outs, stock known: {name}"].reached
        assert found[f"stock-outs, stock known: {name}"].goal == ">= 0.9 *"


def test_when_a_goal_is_missed_then_the_table_says_so() -> None:
    rows = [
        Row(what="a", of="1", value=0.2, high=0.1),
        Row(what="b", of="2", value=1.0, low=0.85, high=1.15, asked=True),
    ]
    assert table(rows).splitlines()[2:] == [
        "| a | 1 | 0.200 | <= 0.1 | MISSED |",
        "| b | 2 | 1.000 | 0.85 to 1.15 * | reached |",
    ]


def test_when_the_table_is_written_then_it_replaces_the_older_one_alone() -> None:
    page = "# Benchmarks\n\nOther.\n"
    first = written(page, "Today.", "| one |")
    assert first.startswith(page)
    again = written(first + "\n## Later\n\nKept.\n", "Tomorrow.", "| two |")
    assert again.count(HEADING) == 1
    assert "| one |" not in again
    assert "| two |" in again
    assert again.endswith("\n## Later\n\nKept.\n")


def test_when_the_page_is_the_real_one_then_it_has_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert HEADING in page
