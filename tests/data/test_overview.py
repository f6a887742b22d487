"""The overview against pandas on random shops, and on shops with hardly anything in them."""

import random
from datetime import date, timedelta

import pandas as pd
import pytest

from data.comparison import Alignment, By, Comparison, Reach, compare
from data.overview import TILES, Overview, overview, products
from data.scope import Measure, Scope
from data.store import Store
from tests.data.shop import Row, fill

LAST = date(2026, 11, 17)


def random_rows(seed: int, *, items: int = 12, rows: int = 1_500) -> list[Row]:
    """Some products begin late, some end early; some rows have no price, some are returns."""
    draw = random.Random(seed)
    starts = [draw.randrange(0, 700) for _ in range(items)]
    ends = [start + draw.randrange(1, 760) for start in starts]
    made: dict[tuple[int, int, date], Row] = {}
    while len(made) < rows:
        item, place = draw.randrange(items), draw.randrange(1, 4)
        back = draw.randrange(760)
        if starts[item] <= 760 - back <= ends[item]:
            day = LAST - timedelta(days=back)
            quantity = float(draw.choice([1, 2, 3, 7, -1, 0]))
            price = draw.choice([None, 2.5, 2.99]) if item % 3 == 0 else 1.0 + item
            made[item + 1, place, day] = (item + 1, place, day, quantity, price)
    return [*made.values(), (1, 1, LAST, 1.0, 2.5), (1, 2, LAST - timedelta(days=760), 1.0, 2.5)]


def spans(reach: Reach = "year", by: By = "weekday") -> Comparison:
    return compare(
        data_first=LAST - timedelta(days=760),
        data_last=LAST,
        reach=reach,
        alignment=Alignment(by=by),
        freq="D",
    )


def seen(store: Store, comparison: Comparison, **scope: object) -> Overview:
    found = overview(store, Scope(dataset_id=1, **scope), comparison)  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("reach", ["year", "13 weeks"])
@pytest.mark.parametrize("measure", ["revenue", "quantity"])
def test_when_shops_are_random_then_all_sums_equal_those_of_pandas(
    store: Store, seed: int, reach: Reach, measure: Measure
) -> None:
    rows = random_rows(seed)
    fill(store, rows, categories=[("A", "x"), ("A", "y"), ("B",), ()])
    comparison = spans(reach)
    found = seen(store, comparison, measure=measure)
    frame = pd.DataFrame(rows, columns=["product", "place", "day", "quantity", "price"])
    frame["revenue"] = (frame["quantity"] * frame["price"].astype(float)).round(2)
    now = frame[frame["day"].between(comparison.first, comparison.last)]
    before = frame[frame["day"].between(comparison.before_first, comparison.before_last)]
    totals = found.totals
    assert totals.units == now["quantity"].sum()
    assert totals.revenue == pytest.approx(now["revenue"].sum())
    assert totals.revenue_before == pytest.approx(before["revenue"].sum())
    priced = now[now["price"].notna()]
    assert totals.price == pytest.approx(priced["revenue"].sum() / priced["quantity"].sum())
    sold = now.groupby("product")["quantity"].sum()
    ever = frame[(frame["quantity"] > 0) & (frame["day"] <= comparison.before_last)]["product"]
    selling = sold[sold > 0].index
    assert (totals.products, totals.new) == (len(selling), len(set(selling) - set(ever)))
    recent = frame[(frame["quantity"] > 0) & (frame["day"] > LAST - timedelta(days=90))]
    known = before.groupby("product")["quantity"].sum()
    known = known[known > 0].index
    assert (totals.known, totals.gone) == (len(known), len(set(known) - set(recent["product"])))
    total, total_before = now[measure].sum(), before[measure].sum()
    for part in (found.line, found.places, found.tiles):
        assert part["value"].sum() == pytest.approx(total)
        assert part["before"].sum() == pytest.approx(total_before)
    by_place = now.groupby("place")[measure].sum().sort_values(ascending=False)
    assert found.places["value"].tolist() == pytest.approx(by_place.tolist())
    assert found.split is not None
    assert sum(found.split.steps.values()) == found.split.growth
    assert found.split.growth == pytest.approx((total - total_before) * 100, abs=1)
    change = (
        now.groupby("product")[measure]
        .sum()
        .sub(before.groupby("product")[measure].sum(), fill_value=0)
    )
    best = change[change > 0].sort_values(ascending=False)
    assert found.gained["change"].tolist() == pytest.approx(best.head(8).tolist())
    worst = change[change < 0].sort_values()
    assert found.lost["change"].tolist() == pytest.approx(worst.head(8).tolist())
    listed = products(store, Scope(dataset_id=1, measure=measure), comparison)
    assert listed["units"].sum() == now["quantity"].sum()


@pytest.mark.parametrize("by", ["weekday", "iso", "fiscal"])
@pytest.mark.parametrize("freq", ["D", "W", "M"])
def test_when_the_line_is_cut_then_every_day_stands_beside_its_counterpart(
    store: Store, by: By, freq: str
) -> None:
    fill(store, random_rows(5))
    comparison = spans("year", by)
    line = seen(store, comparison, freq=freq).line
    assert line["value"].sum() == seen(store, comparison).totals.units
    assert line["before"].sum() == seen(store, comparison).totals.units_before
    assert line["start"].is_monotonic_increasing
    if freq == "W":
        weekday = {"weekday": 0, "iso": 0, "fiscal": 6}[by]
        assert set(line["start"].dt.weekday) == {weekday}
    if freq == "D":
        assert line["complete"].all()
        assert len(line) == comparison.days


def test_when_the_tree_is_walked_then_tiles_are_the_next_level_and_products_at_its_end(
    store: Store,
) -> None:
    path = tuple(f"level {i}" for i in range(9))
    rows: list[Row] = [(1, 1, LAST, 2.0, 3.0), (2, 1, LAST, 1.0, 3.0)]
    fill(store, rows, categories=[path, (*path[:3], "other")])
    comparison = spans("4 weeks")
    for depth in range(9):
        tiles = seen(store, comparison, categories=path[:depth]).tiles
        assert tiles["kind"].tolist()[0] == "category"
        assert tiles["key"].tolist()[0] == path[depth]
        assert len(tiles) == (2 if depth == 3 else 1)
    bottom = seen(store, comparison, categories=path).tiles
    assert (bottom["kind"].tolist(), bottom["key"].tolist()) == (["product"], ["1"])


def test_when_there_are_many_products_then_the_small_ones_share_a_tile(store: Store) -> None:
    fill(store, [(i, 1, LAST, 100.0 - i, 1.0) for i in range(1, 61)])
    tiles = seen(store, spans("4 weeks")).tiles
    assert len(tiles) == TILES
    assert (tiles["kind"].iloc[-1], tiles["label"].iloc[-1]) == ("other", f"{61 - TILES} others")
    assert tiles["value"].sum() == sum(100 - i for i in range(1, 61))


def test_when_a_product_moves_up_in_one_place_then_the_scope_of_a_place_says_so(
    store: Store,
) -> None:
    year = timedelta(days=364)
    fill(store, [(1, 1, LAST, 5, 1), (1, 2, LAST, 1, 1), (1, 1, LAST - year, 1, 1),
                 (1, 2, LAST - year, 5, 1)])  # fmt: skip
    comparison = spans("4 weeks")
    assert seen(store, comparison, place_id=1).gained["change"].tolist() == [4.0]
    assert seen(store, comparison, place_id=2).lost["change"].tolist() == [-4.0]
    assert seen(store, comparison).gained.empty
    assert seen(store, comparison).split.steps == {"more": 0, "less": 0, "new": 0, "gone": 0}  # type: ignore[union-attr]


def test_when_there_is_one_day_only_then_nothing_is_compared(store: Store) -> None:
    fill(store, [(1, 1, LAST, 2.0, 3.0)])
    comparison = compare(
        data_first=LAST, data_last=LAST, reach="year", alignment=Alignment(), freq="D"
    )
    found = seen(store, comparison, measure="revenue")
    assert (found.totals.revenue, found.totals.new, found.totals.gone) == (6.0, 0, 0)
    assert found.split is None
    assert found.line["before"].isna().all()
    assert found.gained.empty


def test_when_nothing_was_sold_in_either_span_then_there_is_no_overview(store: Store) -> None:
    fill(store, [(1, 1, LAST - timedelta(days=200), 2.0, 3.0), (2, 1, LAST, 1.0, 1.0)])
    assert overview(store, Scope(dataset_id=1, product_id=1), spans("4 weeks")) is None
