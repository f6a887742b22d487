"""How everything is shared out to products and places where nothing is trained."""

from datetime import date, timedelta

from data import plan_quick
from data.store import Store
from tests.data.shop import Row, fill

MONDAY = date(2026, 11, 23)


def weekly(product: int, place: int, units: list[float], last: date) -> list[Row]:
    """A row a week, the last one first."""
    return [
        (product, place, last - timedelta(days=7 * ago), quantity, 1.0)
        for ago, quantity in enumerate(units)
    ]


def test_when_products_are_old_new_or_gone_then_each_gets_what_is_known_of_it(
    store: Store,
) -> None:
    last = MONDAY - timedelta(days=7)
    old = [13.0] * 13 + [2.0] * 38 + [7.0] + [2.0] * 10  # 7 in the week a year before the first
    rows = weekly(1, 1, old, last) + weekly(2, 1, [26.0], last)
    rows += weekly(2, 2, [3.0] * 5, last) + weekly(3, 1, [9.0] * 40, last - timedelta(days=120))
    fill(store, rows)
    found = plan_quick.shares(store, 1, "W", [MONDAY], by_place=True)
    weights = found.set_index(["product_id", "place_id"])["weight"]
    assert weights.round(6).to_dict() == {
        (1, 1): (7 + 13) / 2,
        (2, 1): 26 / 13,
        (2, 2): round(15 / 13, 6),
    }
    together = plan_quick.shares(store, 1, "W", [MONDAY], by_place=False)
    assert together["place_id"].unique().tolist() == [0]
    assert together.set_index("product_id")["weight"].round(6).to_dict() == {
        1: 10.0,
        2: round(41 / 13, 6),
    }


def test_when_periods_are_days_or_months_then_each_has_its_year_before(store: Store) -> None:
    first = MONDAY - timedelta(days=400)
    rows: list[Row] = [(1, 1, first + timedelta(days=at), 2.0, 1.0) for at in range(400)]
    fill(store, rows)
    days = plan_quick.shares(store, 1, "D", [MONDAY, MONDAY + timedelta(days=1)], by_place=True)
    assert days["weight"].tolist() == [2.0, 2.0]
    months = plan_quick.shares(store, 1, "M", [date(2026, 12, 1)], by_place=True)
    assert 59 <= months["weight"][0] <= 63
