"""A scenario worked out on a small shop: numbers, problems, files, and what becomes of the plan."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import FileError
from data.store import Store, open_store
from tests.data.shop import fill
from ui import prices_facts
from ui import what_if_charts as charts
from ui import what_if_file as files
from ui import what_if_ground as grounds
from ui import what_if_siblings as siblings
from ui import what_if_words as words
from ui import what_if_work as work
from ui.what_if_charts import Compared
from ui.what_if_kinds import Line
from ui.what_if_rules import Shop
from ui.what_if_work import Answerer, Weeks

LAST = date(2026, 11, 19)
DAYS = 400


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    """Two teas and a mug in two places; prices move now and then, an elasticity of -2."""
    store = open_store(tmp_path_factory.mktemp("shop") / "almanac.duckdb", threads=1)
    rng, rows = np.random.default_rng(0), []
    for product in (1, 2, 3):
        cheap = rng.random(DAYS // 7 + 1) < 0.4
        for number in range(DAYS):
            day = LAST - timedelta(days=DAYS - 1 - number)
            price = 8.0 if cheap[number // 7] else 10.0
            for place in (1, 2):
                sold = float(rng.poisson(20 * product * (price / 10) ** -2.0))
                rows.append((product, place, day, sold, price))
    fill(store, rows, categories=(("Drinks",), ("Drinks",), ("Home",)))
    _plan(store)
    yield _answerer(store)
    store.close()


def _plan(store: Store) -> None:
    """Ten planned days of product 1, five of them on promotion; costs and stock of product 3."""
    with store.transaction() as cursor:
        cursor.execute("UPDATE product SET unit_cost = 6.0")
        for number in range(10):
            promo = number >= 5
            cursor.execute(
                "INSERT INTO plan VALUES (1, 1, NULL, ?, ?, ?, ?)",
                [LAST + timedelta(days=number + 1), 8.0 if promo else 10.0, promo, 0.2 * promo],
            )
        cursor.execute(
            "INSERT INTO stock_count VALUES (1, 3, 1, ?, 900.0), (1, 3, 2, ?, 90000.0)",
            [LAST, LAST],
        )


def _answerer(store: Store) -> Answerer:
    measured = prices_facts.find(store, 1)
    ground = grounds.make(
        store,
        1,
        products=[1, 2, 3],
        place_id=None,
        until=LAST,
        by_week=False,
        horizon=26,
        measured=measured,
        tell=lambda share: None,
    )
    assert ground is not None
    return Answerer(ahead=ground.ahead, forecast=ground.forecast, response=ground.response)


@pytest.fixture(scope="module")
def shop(answerer: Answerer) -> Shop:
    pairs = answerer.ahead.pairs
    return Shop(
        names={1: "Mug 1", 2: "Mug 2", 3: "Mug 3"},
        codes={"m1": 1, "m2": 2, "m3": 3},
        paths={1: ("Drinks",), 2: ("Drinks",), 3: ("Home",)},
        place_names={1: "Berlin", 2: "Online"},
        place_codes={"b": 1, "o": 2},
        pairs=frozenset(zip(pairs["product_id"].tolist(), pairs["place_id"].tolist(), strict=True)),
        currency="€",
        first_day=answerer.first_day,
        last_day=answerer.last_day,
    )


def line(**fields: object) -> Line:
    given = {"first": "2026-11-23", "last": "2026-11-29", "value": "-10%"} | fields
    return Line(**given)  # type: ignore[arg-type]


def run(answerer: Answerer, shop: Shop, *lines: Line) -> work.Result:
    return work.run(answerer, lines, shop, Weeks())


def test_when_a_price_falls_then_units_follow_the_measured_elasticity(
    answerer: Answerer, shop: Shop
) -> None:
    assert answerer.response.elasticity == pytest.approx([-2.0] * 6, abs=0.4)
    result = run(answerer, shop, line(products="Home"))
    units = result["totals"]["units"]
    week = answerer.forecast.mean[4:, :1].sum()  # about what a week of it sells
    assert units["difference"] == pytest.approx(week * (0.9**-2 - 1), rel=0.35)
    assert units["low"] < units["difference"] < units["high"]
    assert words.verdict(result) == ("more units, less margin", "orange")
    assert result["parts"][0]["units"] == pytest.approx(units["difference"], rel=1e-6)
    assert result["steps"]["units"]["difference"][5:] == [0.0] * 8


def test_when_lines_cannot_be_then_the_others_are_worked_out_and_each_is_named(
    answerer: Answerer, shop: Shop
) -> None:
    result = run(
        answerer,
        shop,
        line(value="-40%", products="Mug 3"),
        line(products="Coffee"),
        line(kind="No promotion", products="Mug 2", value=""),
        line(value="-12.00", products="Mug 1"),
        line(value="-8%", products="Mug 2", on=False),
    )
    assert set(result["problems"]) == {"1", "2", "3"}
    assert "no product or category" in result["problems"]["1"]
    assert "No promotion is planned" in result["problems"]["2"]
    assert "zero or negative for Mug 1 in Berlin" in result["problems"]["3"]
    assert [part["line"] for part in result["parts"]] == [0]
    assert (
        "€4.80 was never charged for Mug 3 in Berlin (lowest so far: €8.00)" in result["notes"][0]
    )
    said = words.warnings(result, ["a", "b", "c", "d", "e"])
    assert said[0].startswith(":red-badge[Line 2]")


def test_when_a_product_is_out_of_stock_then_what_it_sold_is_gone_and_stock_lasts_longer(
    answerer: Answerer, shop: Shop
) -> None:
    nothing = run(answerer, shop, line(kind="Demand", products="Mug 3", value="+0%"))
    empty = run(answerer, shop, line(kind="Out of stock", products="Mug 3", value=""))
    assert nothing["stock"]["plan"] == nothing["stock"]["scenario"] == 1
    assert empty["stock"]["scenario"] == 0
    assert empty["totals"]["units"]["difference"] < 0
    assert words.verdict(nothing) == ("no effect", "gray")


def test_when_changes_lie_far_ahead_then_stock_of_today_says_nothing(
    answerer: Answerer, shop: Shop
) -> None:
    far = line(first="2027-04-05", last="2027-04-11")
    weeks = work.weeks_of([far], answerer.first_day, 26)
    assert (weeks.first, weeks.last) == (13, 26)
    result = work.run(answerer, [far], shop, weeks)
    assert result["stock"] is None
    assert len(result["weeks"]) == 13


def test_when_a_promotion_moves_then_plan_rows_hold_both_its_old_and_new_days(
    answerer: Answerer, shop: Shop
) -> None:
    moved = line(kind="Move promotion", products="Mug 1", value="+7 days", last="2026-12-10")
    rows, left_out = work.plan_rows(answerer, [moved], shop, everywhere=True)
    assert left_out == {}
    assert rows["place_id"].isna().all()  # the same everywhere is written once
    by_day = rows.set_index("day")
    assert by_day["promo"].tolist() == [False] * 5 + [True] * 5
    assert by_day["price"].tolist() == [10.0] * 5 + [8.0] * 5
    assert by_day["discount"].tolist() == [0.0] * 5 + [0.2] * 5
    one = line(products="Mug 1", places="Berlin", value="9.00")
    rows, _ = work.plan_rows(answerer, [one, line(kind="Demand")], shop, everywhere=True)
    assert rows["place_id"].tolist() == [1] * 7
    rows, _ = work.plan_rows(answerer, [line(kind="Demand")], shop, everywhere=True)
    assert rows.empty


def test_when_a_file_is_read_then_good_lines_stand_and_bad_ones_are_named(shop: Shop) -> None:
    text = (
        "Change;Product;Store;Start;End;New value\n"
        "price;Drinks;All places;2026-11-23;29.11.2026;-10%\n"
        ";;;;;\n"
        "Promotion;m3;Berlin;2026-12-01;;2 for 1.80\n"
        "Price;Coffee;;2026-11-23;;-10%\n"
        "Price;m1;;2026-11-23;;0\n"
    )
    parsed = files.read(text.encode(), "plan.csv", shop)
    assert [each.kind for each in parsed.lines] == ["Price", "Promotion"]
    assert parsed.lines[0].last == "2026-11-29"
    assert [number for number, _ in parsed.problems] == [5, 6]
    assert "A price of 0" in parsed.problems[1][1]
    book = io.BytesIO()
    frame = pd.DataFrame(
        {"change": ["Price"], "from": [pd.Timestamp("2026-11-23")], "value": [9.5]}
    )
    frame.to_excel(book, index=False)
    assert files.read(book.getvalue(), "plan.xlsx", shop).lines[0].value == "9.5"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"change,from\n", "a.csv", "no lines below"),
        (b"change,value\nPrice,-10%\n", "a.csv", "no column “from”"),
        (b"PK broken", "a.xlsx", "cannot be read"),
    ],
)
def test_when_a_file_is_no_list_of_changes_then_it_is_said(
    shop: Shop, content: bytes, name: str, said: str
) -> None:
    with pytest.raises(FileError, match=said):
        files.read(content, name, shop)


def test_when_results_are_drawn_then_parts_add_up_and_marks_tell_scenarios_apart(
    answerer: Answerer, shop: Shop
) -> None:
    one = run(answerer, shop, line(), line(kind="Promotion", products="Mug 3", value="20%"))
    other = run(answerer, shop, line(kind="Demand", value="-5%"))
    parts = charts.parts_of(one, "quantity")
    assert sum(value for _, value in parts) == pytest.approx(
        one["totals"]["units"]["difference"], rel=0.02
    )
    assert parts[-1][0] == "Together"
    shown = [
        Compared(letter="A", name="x", result=one),
        Compared(letter="B", name="y", result=other),
    ]
    figure = charts.difference(shown, 1, "quantity", "€")
    lines = [trace for trace in figure.data if trace.name]
    assert [trace.name for trace in lines] == ["B, with 80% band", "A"]
    assert "plan" in figure.layout.yaxis.ticktext
    assert charts.describe(shown, 0, "revenue", "€").startswith("Difference of A x to the plan")
    assert len(charts.margins(shown, 0, "€").data) == 4
    blank = {**one, "totals": {**one["totals"], "margin": dict.fromkeys(one["totals"]["margin"])}}
    assert charts.margin_measure([replace(shown[0], result=blank)]) == ("revenue", "Revenue")
    assert words.verdict(blank)[0] == "more revenue"


def test_when_no_price_is_known_then_demand_is_answered_and_prices_are_refused(
    tmp_path: Path,
) -> None:
    store = open_store(tmp_path / "almanac.duckdb", threads=1)
    rows = [(1, 1, LAST - timedelta(days=number), 5.0, None) for number in range(200)]
    fill(store, rows)
    bare = answerer_of_one(store)
    shop = Shop(
        names={1: "Mug 1"}, codes={"m1": 1}, paths={1: ()}, place_names={1: "Shop"},
        place_codes={"s": 1}, pairs=frozenset({(1, 1)}), currency="",
        first_day=bare.first_day, last_day=bare.last_day,
    )  # fmt: skip
    result = work.run(bare, [line(kind="Demand", value="+10%"), line()], shop, Weeks())
    store.close()
    assert result["totals"]["units"]["difference"] == pytest.approx(3.5, rel=0.01)
    assert result["totals"]["margin"]["difference"] is None
    assert "No price is known" in result["problems"]["1"]
    assert words.verdict(result) == ("more units", "blue")


def answerer_of_one(store: Store) -> Answerer:
    ground = grounds.make(
        store, 1, products=[1], place_id=None, until=LAST, by_week=False, horizon=13,
        measured=None, tell=lambda share: None,
    )  # fmt: skip
    assert ground is not None
    return Answerer(ahead=ground.ahead, forecast=ground.forecast, response=ground.response)


def test_when_siblings_are_counted_then_the_breakdown_names_them_and_adds_up(
    answerer: Answerer, shop: Shop
) -> None:
    tell_none = run(answerer, shop, line(products="Mug 1"))
    assert tell_none["beside"] == "untold"
    assert "cannot be told" in words.BESIDE["untold"]
    known = siblings.Siblings(
        groups=pd.DataFrame(
            {"group": ["Drinks"], "slope": [-0.4], "error": [0.1], "usual": [0.3], "seen": [True]}
        ),
        sizes=pd.DataFrame({"group": ["Drinks"] * 2, "place": [1, 2], "count": [2, 2]}),
        group_of=pd.DataFrame({"product": [1, 2], "group": ["Drinks"] * 2}),
    )
    cross = known.cross(answerer.ahead.pairs)
    assert cross is not None
    assert cross.slope.tolist() == [-0.4] * 4 + [0.0] * 2
    assert len(set(cross.group[:4].tolist())) == 2  # a group in each place
    told = replace(answerer, cross=cross, beside="told")
    result = run(told, shop, line(products="Mug 1"))
    parts = dict(charts.parts_of(result, "quantity"))
    assert parts["Rest of the category"] < 0
    assert sum(parts.values()) == pytest.approx(result["totals"]["units"]["difference"], rel=0.01)
    money = dict(charts.parts_of(result, "revenue"))
    assert money["Rest of the category"] < 0
    nothing = known.cross(answerer.ahead.pairs[answerer.ahead.pairs["product_id"] == 3])
    assert nothing is None


def test_when_a_price_falls_below_the_unit_cost_then_products_and_margin_are_named(
    answerer: Answerer, shop: Shop
) -> None:
    fine = run(answerer, shop, line(products="Mug 1"))
    assert fine["below"] == ""
    cheap = run(answerer, shop, line(products="Drinks", value="-45%"))
    # Mug 1 is on promotion at €8 from 25 November on, so its lowest price is €4.40.
    assert cheap["below"].startswith(
        "**2 products are sold below cost**: Mug 1 at €4.40, which costs €6.00 (€1.60 lost on "
        "each), Mug 2 at "
    )
    assert "already as planned" not in cheap["below"]
    warned = words.warnings(cheap, ["a"])
    assert warned[0].startswith(":red[:material/warning:] **2 products are sold below cost**")
    dear = run(answerer, shop, line(kind="Unit cost", products="Mug 3", value="12.00"))
    total = dear["totals"]["margin"]
    assert "Mug 3 at €8.00, which costs €12.00 (€4.00 lost on each)" in dear["below"]
    assert total["difference"] < 0
    ahead = replace(answerer.ahead, unit_cost=np.full(6, 11.0))
    always = run(replace(answerer, ahead=ahead), shop, line(kind="Demand", value="+0%"))
    assert "All of them already as planned" in always["below"]
    assert always["below"].endswith(", as planned.")


def test_when_some_unit_costs_are_missing_then_margins_count_the_others_and_it_is_said(
    answerer: Answerer, shop: Shop
) -> None:
    cost = np.array([np.nan] * 4 + [6.0, 6.0])  # of both Drinks none
    some = replace(answerer, ahead=replace(answerer.ahead, unit_cost=cost))
    result = run(
        some, shop, line(), line(kind="Unit cost", products="Drinks", value="+5%"),
        line(kind="Unit cost", products="Home", value="+5%"),
    )  # fmt: skip
    said = words.warnings(result, ["a", "b", "c"])
    assert "No unit cost is known of these" in said[0]
    assert "Line 2" in said[0]
    assert "Margins leave out 4 products in places without a unit cost." in said[-1]
    home = run(some, shop, line(products="Home"))["totals"]
    all_known = run(answerer, shop, line(products="Home"))["totals"]
    assert home["margin"]["difference"] == pytest.approx(all_known["margin"]["difference"])
    assert home["margin"]["plan"] < all_known["margin"]["plan"]
    none = replace(answerer, ahead=replace(answerer.ahead, unit_cost=np.full(6, np.nan)))
    blank = run(none, shop, line())
    assert blank["totals"]["margin"]["plan"] is None
    assert "**No unit cost is known**, so margins are not" in words.warnings(blank, ["a"])[-1]


def test_when_a_promotion_is_moved_past_the_horizon_then_it_is_said(
    answerer: Answerer, shop: Shop
) -> None:
    def moved(by: str) -> work.Result:
        return run(
            answerer, shop,
            line(kind="Move promotion", products="Mug 1", value=by, first="2026-11-20"),
            line(products="Home"),
        )  # fmt: skip

    inside, partly, past = moved("+7 days"), moved("+83 days"), moved("+300 days")
    assert not inside["problems"]
    assert not any("moves a promotion" in x for x in inside["notes"])
    assert not partly["problems"]
    assert any("Line 1 moves a promotion past" in note for note in partly["notes"])
    assert "the promotion lies outside of what is compared" in past["problems"]["0"]
    assert [part["line"] for part in past["parts"]] == [1]  # the other line is worked out
    assert past["totals"]["units"]["difference"] > 0
