"""Scenarios kept, renamed, deleted and brought back; results beside the data they stand on."""

from datetime import date

import pytest

from data import scenarios
from data.errors import NotFound, ScenarioError
from data.store import Store

LINE = {"on": True, "kind": "Price", "products": "Tea", "value": "-10%"}


@pytest.fixture
def shop(store: Store) -> Store:
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, created_at)"
            " VALUES (1, 'Shop', 'upload', '2026-01-01'), (2, 'Other', 'upload', '2026-01-01')"
        )
    return store


def made(shop: Store, name: str = "Earlier promotion") -> int:
    return scenarios.create(shop, 1, name, author="Ada", scope={"place": 2}, changes=[LINE])


def test_when_a_scenario_is_made_then_it_is_listed_with_all_it_says(shop: Store) -> None:
    key = made(shop)
    (found,) = scenarios.listed(shop, 1)
    assert (found.scenario_id, found.name, found.author) == (key, "Earlier promotion", "Ada")
    assert found.changes == (LINE,)
    assert found.scope == {"place": 2}
    assert found.status == "draft"
    assert scenarios.listed(shop, 2) == []
    assert scenarios.find(shop, 2, key) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [("  ", "needs a name"), ("Earlier  promotion", "Another scenario"), ("x" * 61, "longer than")],
)
def test_when_a_name_cannot_be_then_nothing_is_made(shop: Store, name: str, said: str) -> None:
    made(shop)
    with pytest.raises(ScenarioError, match=said):
        made(shop, name)
    assert len(scenarios.listed(shop, 1)) == 1


def test_when_a_scenario_is_duplicated_and_renamed_then_both_stand(shop: Store) -> None:
    key = made(shop)
    copy = scenarios.duplicate(shop, 1, key, author="Bo")
    again = scenarios.duplicate(shop, 1, key, author="Bo")
    names = [each.name for each in scenarios.listed(shop, 1)]
    assert names == ["Earlier promotion", "Earlier promotion copy", "Earlier promotion copy 2"]
    scenarios.rename(shop, 1, copy, "Later promotion")
    with pytest.raises(ScenarioError, match="Another scenario"):
        scenarios.rename(shop, 1, again, "Later promotion")
    found = scenarios.find(shop, 1, copy)
    assert found is not None
    assert (found.name, found.author, found.changes) == ("Later promotion", "Bo", (LINE,))


def test_when_a_scenario_is_deleted_then_it_can_be_brought_back_under_a_free_name(
    shop: Store,
) -> None:
    key = made(shop)
    assert scenarios.delete(shop, 1, key) == "Earlier promotion"
    assert scenarios.listed(shop, 1) == []
    assert scenarios.deleted(shop, 1)[0].status == "discarded"
    with pytest.raises(NotFound):
        scenarios.change(shop, 1, key, [])
    made(shop)
    assert scenarios.restore(shop, 1, key) == "Earlier promotion 2"
    assert [each.status for each in scenarios.listed(shop, 1)] == ["draft", "draft"]


def test_when_a_result_is_kept_then_the_next_of_its_place_replaces_it(shop: Store) -> None:
    key = made(shop)
    scenarios.keep(shop, 1, key, "all", "a|1", {"units": 1.5})
    scenarios.keep(shop, 1, key, "all", "b|1", {"units": 2.5})
    scenarios.keep(shop, 1, key, "berlin", "b|1", {"units": None})
    found = scenarios.kept(shop, key, "all")
    assert found is not None
    assert (found.stand, found.result) == ("b|1", {"units": 2.5})
    assert scenarios.kept(shop, key, "hamburg") is None


def test_when_an_import_comes_and_goes_then_the_state_is_as_before(shop: Store) -> None:
    before = scenarios.state(shop, 1)
    with shop.transaction() as cursor:
        cursor.execute(
            "INSERT INTO import_log (import_id, dataset_id, mode, files, mapping, rows_read,"
            " rows_accepted, rows_set_aside, rows_refused, sales_added, sales_replaced,"
            " sales_skipped, started_at, seconds)"
            " VALUES (7, 1, 'append', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, $1, 1)",
            [date(2026, 11, 20)],
        )
    assert scenarios.state(shop, 1) != before
    with shop.transaction() as cursor:
        cursor.execute("UPDATE import_log SET undone_at = now()::TIMESTAMP WHERE import_id = 7")
    assert scenarios.state(shop, 1) == before


def test_when_the_dataset_is_gone_then_no_scenario_is_made(shop: Store) -> None:
    with pytest.raises(NotFound):
        scenarios.create(shop, 9, "x", author="", scope={})
