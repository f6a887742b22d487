"""Scenarios that name products which an undone import took away."""

from datetime import timedelta
from pathlib import Path

import pytest

from data import scenarios
from data.ingest.undo import undo
from data.store import open_store
from tests.data.shop import fill
from tests.ui.test_what_if_work import LAST, answerer_of_one, line
from ui import what_if_work as work
from ui.what_if_kinds import Line
from ui.what_if_rules import Shop
from ui.what_if_work import Weeks


def test_when_products_go_with_an_undone_import_then_their_lines_say_so_and_others_stand(
    tmp_path: Path,
) -> None:
    store = open_store(tmp_path / "almanac.duckdb", threads=1)
    days = [LAST - timedelta(days=number) for number in range(200)]
    fill(store, [(product, 1, day, 5.0, 4.0) for product in (1, 2) for day in days])
    with store.transaction() as cursor:
        cursor.execute("UPDATE sales SET import_id = 2 WHERE product_id = 2")
        cursor.execute(
            "INSERT INTO import_log (import_id, dataset_id, mode, files, mapping, rows_read,"
            " rows_accepted, rows_set_aside, rows_refused, sales_added, sales_replaced,"
            " sales_skipped, started_at, seconds)"
            " VALUES (2, 1, 'append', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, $1, 1)",
            [LAST],
        )
    asked = [
        line(kind="Demand", products="Mug 2 · P00002", value="+10%"),
        line(kind="Demand", products="Mug 1", value="+10%"),
    ]
    made = scenarios.create(
        store, 1, "Both", author="Ann", scope={}, changes=[each.to_json() for each in asked]
    )
    before = scenarios.state(store, 1)
    undo(store, 2)
    assert scenarios.state(store, 1) != before  # what was kept of it is marked stale
    (kept,) = scenarios.listed(store, 1)
    assert kept.scenario_id == made
    left = store.rows("SELECT product_id, name FROM product")
    assert left == [(1, "Mug 1")]
    bare = answerer_of_one(store)
    store.close()
    shop = Shop(
        names={1: "Mug 1"}, codes={"p00001": 1}, paths={1: ()}, place_names={1: "Store 1"},
        place_codes={"s1": 1}, pairs=frozenset({(1, 1)}), currency="€",
        first_day=bare.first_day, last_day=bare.last_day,
    )  # fmt: skip
    result = work.run(bare, [Line.of(each) for each in kept.changes], shop, Weeks())
    assert set(result["problems"]) == {"0"}
    assert "“Mug 2 · P00002” is no product or category here (any more)" in result["problems"]["0"]
    assert [part["line"] for part in result["parts"]] == [1]
    assert result["totals"]["units"]["difference"] == pytest.approx(3.5, rel=0.01)
