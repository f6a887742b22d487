"""Stock, settings, deliveries and decisions: what counts, what is replaced, what is refused."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from data import datasets, inventory, inventory_files, inventory_settings
from data.errors import FileError, InventoryError
from data.inventory import Decision
from data.inventory_settings import Setting
from data.store import Store
from tests.data.shop import fill

DAY = date(2026, 11, 18)


@pytest.fixture
def shop(store: Store) -> Store:
    """Two mugs in two stores over two weeks; stock is known of the first mug."""
    days = [DAY - timedelta(days=ago) for ago in range(14)]
    fill(store, [(p, s, day, 2.0, 5.0) for p in (1, 2) for s in (1, 2) for day in days])
    with store.transaction() as cursor:
        cursor.execute(
            "UPDATE sales SET stock_on_hand = 10 + place_id WHERE product_id = 1 AND day <= $1",
            [DAY],
        )
        cursor.execute(
            "UPDATE sales SET stock_on_hand = 0 WHERE product_id = 1 AND place_id = 2 AND day > $1",
            [DAY - timedelta(days=3)],
        )
        cursor.execute("UPDATE product SET unit_cost = 3, lead_time_days = 9 WHERE product_id = 1")
    return store


def decision(**changed: object) -> Decision:
    usual = Decision(
        product_id=1,
        place_id=1,
        due_day=DAY + timedelta(days=7),
        proposed=24.0,
        quantity=24.0,
        approved=True,
        unit_cost=3.0,
    )
    return replace(usual, **changed)  # type: ignore[arg-type]


def settled(store: Store, classes: dict[int, str]) -> pd.DataFrame:
    pairs = pd.DataFrame({"product_id": [1, 1, 2, 2], "place_id": [1, 2, 1, 2]})
    return inventory_settings.resolved(
        pairs,
        inventory_settings.settings(store, 1),
        inventory_settings.records(store, 1),
        pd.Series(classes, dtype=object),
    )


def test_when_stock_is_known_then_the_last_day_counts_and_a_newer_count_goes_first(
    shop: Store,
) -> None:
    found = inventory.stock(shop, 1)
    assert found[["product_id", "place_id", "on_hand"]].to_numpy().tolist() == [
        [1, 1, 11],
        [1, 2, 0],
    ]
    assert (found["day"] == pd.Timestamp(DAY)).all()
    parsed = inventory_files.read(
        f"product,place,day,quantity\nP00001,S2,{DAY + timedelta(days=1)},40\n".encode(),
        "stock",
        inventory_files.codes(shop, 1),
    )
    inventory_files.keep(shop, 1, parsed)
    assert inventory.stock(shop, 1)["on_hand"].tolist() == [11, 40]


def test_when_weeks_are_summed_then_they_end_on_the_day_and_count_days_without_stock(
    shop: Store,
) -> None:
    found = inventory.weekly_sales(shop, 1, until=DAY, weeks=2, products=[1])
    assert found["quantity"].tolist() == [14.0] * 4
    assert found.set_index(["place_id", "ago"])["out"].to_dict() == {
        (1, 0): 0,
        (1, 1): 0,
        (2, 0): 3,
        (2, 1): 0,
    }


def test_when_settings_overlap_then_the_most_particular_counts_column_by_column(
    shop: Store,
) -> None:
    inventory_settings.save(
        shop,
        1,
        [
            Setting(service_level=0.9, lead_time_days=5.0),
            Setting(class_="A", service_level=0.97, pack_size=6.0),
            Setting(class_="AX", service_level=0.99),
            Setting(product_id=1, pack_size=12.0),
            Setting(product_id=1, place_id=2, lead_time_days=3.0),
        ],
    )
    found = settled(shop, {1: "AX", 2: "AY"})
    assert found["service_level"].tolist() == [0.99, 0.99, 0.97, 0.97]
    assert found["pack_size"].tolist() == [12, 12, 6, 6]
    assert found["lead_time_days"].tolist() == [9, 3, 5, 5]  # 9: the product's own record
    assert found["unit_cost"].tolist()[:2] == [3, 3]
    assert np.isnan(found["unit_cost"].iloc[2])
    assert found["target"].tolist() == ["cycle"] * 4
    inventory_settings.save(shop, 1, [Setting(class_="AX")])  # says nothing: taken away
    assert settled(shop, {1: "AX"})["service_level"].tolist() == [0.97, 0.97, 0.9, 0.9]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"service_level": 1.0}, "between 0 and 1"),
        ({"pack_size": 0.0}, "above 0"),
        ({"lead_time_days": -1.0}, "0 or more"),
        ({"class_": "D"}, "no class"),
        ({"place_id": 1}, "needs a product"),
        ({"target": "luck"}, "no target"),
    ],
)
def test_when_a_setting_cannot_be_then_a_sentence_says_why(
    given: dict[str, object], words: str
) -> None:
    with pytest.raises(InventoryError, match=words):
        Setting(**given)  # type: ignore[arg-type]


def test_when_a_record_is_odd_then_it_says_nothing(shop: Store) -> None:
    with shop.transaction() as cursor:
        cursor.execute("UPDATE product SET unit_cost = -3, lead_time_days = -9")
    found = settled(shop, {})
    assert found["lead_time_days"].tolist() == [7.0] * 4
    assert found["unit_cost"].isna().all()


def test_when_orders_are_approved_then_they_come_until_due_or_until_a_list_replaces_them(
    shop: Store,
) -> None:
    inventory.decide(shop, 1, DAY, [decision(), decision(place_id=2)], author="Ada")
    inventory.decide(
        shop, 1, DAY, [decision(place_id=2, approved=False)], author="Ada"
    )  # taken back
    made = inventory.decisions(shop, 1, DAY)
    assert made["approved"].tolist() == [True, False]
    assert inventory.coming(shop, 1, DAY).empty  # still a proposal on this stock
    later = DAY + timedelta(days=3)
    coming = inventory.coming(shop, 1, later)
    assert coming[["place_id", "quantity"]].to_numpy().tolist() == [[1, 24]]
    assert inventory.coming(shop, 1, DAY + timedelta(days=7)).empty  # has come
    content = f"product,place,day,quantity\nP00002,S1,{later + timedelta(days=1)},7\n"
    parsed = inventory_files.read(content.encode(), "deliveries", inventory_files.codes(shop, 1))
    inventory_files.keep(shop, 1, parsed)
    assert inventory.coming(shop, 1, later)["quantity"].tolist() == [7]
    assert inventory.late(shop, 1, later + timedelta(days=1)) == 1


def test_when_a_quantity_is_changed_without_a_reason_then_nothing_is_kept(shop: Store) -> None:
    with pytest.raises(InventoryError, match="needs a reason"):
        inventory.decide(shop, 1, DAY, [decision(), decision(quantity=30.0)], author="Ada")
    with pytest.raises(InventoryError, match="cannot be ordered"):
        inventory.decide(shop, 1, DAY, [decision(quantity=-1.0, reason="x")], author="Ada")
    assert inventory.decisions(shop, 1, DAY).empty
    inventory.decide(shop, 1, DAY, [decision(quantity=30.0, reason="Fair")], author="Ada")
    history = inventory.history(shop, 1)
    assert history["reason"].tolist() == ["Fair"]
    assert history["product"].tolist() == ["Mug 1"]


def test_when_lines_of_a_file_are_wrong_then_each_is_named_and_nothing_is_kept(
    shop: Store,
) -> None:
    content = (
        "product;place;day;quantity\n"
        "P00001;S1;2026-11-26;1O\n"
        "P9;S1;2026-11-26;5\n"
        "P00001;S1;26/11/2026;5\n"
        "\n"
        "P00001;S1;2026-11-26;-5\n"
        "P00001;;2026-11-26;5\n"
        "P00001;S1;2026-11-26;5\n"
    )
    parsed = inventory_files.read(content.encode(), "deliveries", inventory_files.codes(shop, 1))
    assert [(each.line, each.value) for each in parsed.problems] == [
        (2, "1O"),
        (3, "P9"),
        (4, "26/11/2026"),
        (6, "-5"),
        (7, ""),
    ]
    assert parsed.rows == 0
    with pytest.raises(InventoryError, match="5 lines are wrong"):
        inventory_files.keep(shop, 1, parsed)
    assert inventory.coming(shop, 1, DAY).empty


def test_when_settings_come_as_a_file_then_percent_and_commas_are_read(shop: Store) -> None:
    content = "Class;Product;Place;Service_Level;Lead_Time_Days\n;;;97%;\nA;;;0,99;\n;P00002;S1;;14"
    known = inventory_files.codes(shop, 1)
    parsed = inventory_files.read(content.encode(), "settings", known)
    assert not parsed.problems
    inventory_files.keep(shop, 1, parsed)
    found = settled(shop, {1: "AX"})
    assert found["service_level"].tolist() == [0.99, 0.99, 0.97, 0.97]
    assert found["lead_time_days"].tolist() == [9, 9, 14, 7]
    twice = inventory_files.read(b"class,pack_size\nA,6\nA,12\n", "settings", known)
    assert "line 2" in twice.problems[0].reason
    bad = inventory_files.read(b"class,pack_size\nA,0\nQ,1\n", "settings", known)
    assert [each.line for each in bad.problems] == [2, 3]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"product,place,day\n1,1,2026-11-26\n", "no column “quantity”"),
        (b"product,place,day,quantity\n", "no lines"),
        (b"", "no lines"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
    ],
)
def test_when_a_file_has_not_what_is_needed_then_it_is_refused(
    shop: Store, content: bytes, words: str
) -> None:
    with pytest.raises(FileError, match=words):
        inventory_files.read(content, "deliveries", inventory_files.codes(shop, 1))


def test_when_examples_are_read_then_only_their_codes_are_unknown(shop: Store) -> None:
    known = inventory_files.codes(shop, 1)
    for kind, text in inventory_files.EXAMPLES.items():
        assert not inventory_files.read(text.encode(), kind, known).problems


def test_when_a_dataset_is_deleted_then_its_stock_is_too(shop: Store) -> None:
    inventory_settings.save(shop, 1, [Setting(service_level=0.9)])
    inventory.decide(shop, 1, DAY, [decision()], author="Ada")
    assert inventory.revision(shop, 1) == 1
    datasets.delete(shop, 1)
    assert inventory.revision(shop, 1) == 0
    assert inventory.last_decision(shop, 1) == 0
    assert inventory_settings.settings(shop, 1).empty
