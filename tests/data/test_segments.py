"""Classes against plain loops over weeks, at the edges of their thresholds, and saved segments."""

import math
from datetime import date, timedelta

import pandas as pd
import pytest

from data.datasets import delete
from data.errors import ImportConflict, NotFound
from data.overview import overview
from data.queries import series
from data.saved_segments import delete as delete_segment
from data.saved_segments import rebuild, save, segments
from data.scope import Scope
from data.segments import Thresholds, classes, measures
from data.store import Store
from tests.data.shop import Row, fill
from tests.data.test_overview import random_rows, spans

MONDAY = date(2026, 11, 9)  # of the last whole week
SUNDAY = MONDAY + timedelta(days=6)


def weekly(amounts: dict[int, list[float]], *, price: float | None = 1.0) -> list[Row]:
    """A row per week for each product, oldest first, the last in the week of `MONDAY`."""
    rows: list[Row] = []
    for product, values in amounts.items():
        for ago, value in enumerate(reversed(values)):
            if value:
                rows.append((product, 1, MONDAY - timedelta(weeks=ago), value, price))
    return [*rows, (min(amounts), 1, SUNDAY, 0.0, price)]


def measured(store: Store, **scope: object) -> pd.DataFrame:
    return measures(store, Scope(dataset_id=1, **scope), "D")  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_when_shops_are_random_then_classes_equal_those_of_plain_loops(
    store: Store, seed: int
) -> None:
    rows = random_rows(seed, items=25, rows=2_500)
    fill(store, rows)
    limits = Thresholds(x_cv=0.9, y_cv=1.3)
    found = classes(measured(store, measure="revenue"), limits)
    last = MONDAY  # 17 November is a Tuesday: its week is not whole
    ever: dict[int, list[date]] = {}
    weeks: dict[int, dict[int, float]] = {}
    amounts: dict[int, float] = {}
    for product, _, day, quantity, price in rows:
        ago = (last - (day - timedelta(days=day.weekday()))).days // 7
        if quantity > 0:
            ever.setdefault(product, []).append(day)
        if ago >= 0:
            weeks.setdefault(product, {}).setdefault(ago, 0.0)
            weeks[product][ago] += quantity
            if ago < 52:
                amounts[product] = amounts.get(product, 0.0) + round(quantity * (price or 0), 2)
    assert set(found.index) == set(ever)
    ranked = sorted(ever, key=lambda product: (-amounts.get(product, 0.0), product))
    whole, run = sum(max(amounts.get(product, 0.0), 0) for product in ranked), 0.0
    for product in ranked:
        amount = amounts.get(product, 0.0)
        letter = "A" if run / whole < 0.8 else "B" if run / whole < 0.95 else "C"
        assert found.at[product, "abc"] == (letter if amount > 0 else "C")
        run += max(amount, 0)
        age = max((last - (min(ever[product]) - timedelta(min(ever[product]).weekday()))).days, 0)
        periods = min(age // 7 + 1, 52)
        values = [weeks.get(product, {}).get(ago, 0.0) for ago in range(periods)]
        mean = sum(values) / periods
        sizes = [value for value in values if value > 0]
        if mean <= 0:
            assert found.at[product, "xyz"] == ""
        else:
            cv = math.sqrt(sum((value - mean) ** 2 for value in values) / periods) / mean
            assert found.at[product, "xyz"] == ("X" if cv <= 0.9 else "Y" if cv <= 1.3 else "Z")
        if not sizes:
            assert found.at[product, "pattern"] == ""
            continue
        adi, size = periods / len(sizes), sum(sizes) / len(sizes)
        cv2 = sum((value - size) ** 2 for value in sizes) / len(sizes) / size**2
        names = {(0, 0): "Smooth", (0, 1): "Erratic", (1, 0): "Intermittent", (1, 1): "Lumpy"}
        assert found.at[product, "pattern"] == names[adi >= 1.32, cv2 >= 0.49]


def test_when_amounts_are_known_then_a_ends_with_the_product_that_reaches_its_share(
    store: Store,
) -> None:
    fill(store, weekly({1: [79.0], 2: [2.0], 3: [14.0], 4: [5.0]}))
    found = classes(measured(store), Thresholds())["abc"].to_dict()
    assert found == {1: "A", 3: "A", 4: "B", 2: "C"}


def test_when_demand_is_of_a_kind_then_its_pattern_says_so(store: Store) -> None:
    fill(
        store,
        weekly(
            {
                1: [10.0] * 52,
                2: [2.0, 40.0] * 26,
                3: [10.0, 0, 0, 0] * 13,
                4: [1.0, 0, 0, 60.0, 0, 0, 2.0, 0, 0, 0, 0, 0, 0] * 4,
            }
        ),
    )
    found = classes(measured(store), Thresholds())
    assert found["pattern"].to_dict() == {
        1: "Smooth",
        2: "Erratic",
        3: "Intermittent",
        4: "Lumpy",
    }
    assert found.at[1, "xyz"] == "X"
    assert found.at[1, "score"] == 100
    assert found.at[4, "score"] < 20


def test_when_products_come_and_go_then_their_stage_says_so(store: Store) -> None:
    """Weeks, oldest first: all series are 80 weeks long unless they begin late."""
    fill(
        store,
        weekly(
            {
                1: [10.0] * 5,
                2: [10.0] * 67 + [15.0] * 13,
                3: [10.0] * 67 + [6.0] * 13,
                4: [10.0] * 60 + [0.0] * 20,
                5: [10.0] * 80,
                6: [10.0] * 40,
            }
        ),
    )
    stages = classes(measured(store), Thresholds())["stage"].to_dict()
    assert stages == {
        1: "New",
        2: "Growing",
        3: "Declining",
        4: "Ended",
        5: "Steady",
        6: "Steady",
    }


def test_when_there_is_one_day_only_then_products_are_new_and_have_no_score(store: Store) -> None:
    fill(store, [(1, 1, SUNDAY - timedelta(days=3), 2.0, None)])
    found = classes(measured(store, measure="revenue"), Thresholds())
    assert found.at[1, "stage"] == "New"
    assert found.at[1, "abc"] == "C"  # without prices nothing earns
    assert math.isnan(found.at[1, "score"])
    assert found.at[1, "pattern"] == "Smooth"


def test_when_everything_was_returned_or_zero_then_no_class_is_guessed(store: Store) -> None:
    rows: list[Row] = [(1, 1, MONDAY, 1.0, 1.0), (1, 1, MONDAY - timedelta(days=14), -5.0, 1.0)]
    rows += [(2, 1, MONDAY - timedelta(days=day), 0.0, 1.0) for day in range(60)]
    fill(store, rows)
    found = classes(measured(store), Thresholds())
    assert list(found.index) == [1]
    assert (found.at[1, "xyz"], found.at[1, "abc"], found.at[1, "share"]) == ("", "C", 0.0)
    assert measured(store, product_id=2).empty


def test_when_the_data_are_monthly_then_months_are_the_periods(store: Store) -> None:
    months = [date(2024 + i // 12, i % 12 + 1, 1) for i in range(30)]
    fill(store, [(1, 1, day, 10.0, 1.0) for day in months], frequency="M")
    found = classes(measures(store, Scope(dataset_id=1), "M"), Thresholds())
    assert (found.at[1, "periods"], found.at[1, "amount"]) == (24, 120.0)
    assert (found.at[1, "pattern"], found.at[1, "stage"]) == ("Smooth", "Steady")


# --- Saved ---


def keep(store: Store, products: list[int], name: str = "Best") -> int:
    return save(store, 1, name, rule={"abc": ["A"]}, products=products, built_through=SUNDAY)


def test_when_a_segment_is_saved_then_it_is_a_scope_of_every_query(store: Store) -> None:
    rows = random_rows(1)
    fill(store, rows)
    segment = keep(store, [2, 5])
    scope = Scope(dataset_id=1, segment_id=segment)
    wanted = sum(row[3] for row in rows if row[0] in (2, 5))
    assert series(store, scope)["quantity"].sum() == wanted
    assert set(measures(store, scope, "D").index) == {2, 5}
    found = overview(store, scope, spans())
    assert found is not None
    assert found.totals.products <= 2
    one = Scope(dataset_id=1, segment_id=segment, product_id=3)
    assert series(store, one)["quantity"].sum() == sum(row[3] for row in rows if row[0] == 3)


def test_when_a_segment_is_built_again_then_its_members_and_revision_change(store: Store) -> None:
    fill(store, random_rows(1))
    keep(store, [2, 5])
    (before,) = segments(store, 1)
    rebuild(store, before, products=[3], built_through=SUNDAY + timedelta(days=7))
    (after,) = segments(store, 1)
    assert (before.products, before.revision) == (2, 1)
    assert (after.products, after.revision) == (1, 2)
    assert (after.segment_id, after.rule) == (before.segment_id, {"abc": ["A"]})
    with pytest.raises(ImportConflict, match="No product belongs"):
        rebuild(store, after, products=[], built_through=SUNDAY)
    delete_segment(store, after.segment_id)
    with pytest.raises(NotFound):
        rebuild(store, after, products=[1], built_through=SUNDAY)


def test_when_a_segment_cannot_be_kept_then_the_reason_is_said(store: Store) -> None:
    fill(store, random_rows(1))
    keep(store, [1])
    with pytest.raises(ImportConflict, match="already"):
        keep(store, [2], " Best ")
    with pytest.raises(ImportConflict, match="needs a name"):
        keep(store, [2], "  ")
    with pytest.raises(ImportConflict, match="no products"):
        keep(store, [], "None")
    assert [each.products for each in segments(store, 1)] == [1]


def test_when_a_dataset_is_deleted_then_its_segments_go_with_it(store: Store) -> None:
    fill(store, random_rows(1))
    keep(store, [1, 2])
    delete(store, 1)
    assert store.rows("SELECT count(*) FROM segment_product") == [(0,)]
    assert segments(store, 1) == []


def test_when_a_name_is_strange_then_it_comes_back_as_it_was(store: Store) -> None:
    fill(store, random_rows(1))
    name = ("'; DROP TABLE sales; -- 咖啡 قهوة 🥐" * 8)[:200]
    keep(store, [1], name)
    assert segments(store, 1)[0].name == name.strip()
