"""What a line of the grid means, and what is said of one that means nothing."""

from datetime import date

import pytest

from ui import what_if_rules as rules
from ui.what_if_kinds import Line, RuleError
from ui.what_if_rules import Rule, Shop, rule_of

FIRST, LAST = date(2026, 11, 20), date(2027, 11, 18)


def shop(currency: str = "€") -> Shop:
    """Two teas, a mug of the same category name elsewhere, two places."""
    return Shop(
        names={1: "Earl Grey", 2: "Sencha", 3: "Mug"},
        codes={"p1": 1, "p2": 2, "p3": 3},
        paths={1: ("Drinks", "Tea"), 2: ("Drinks", "Tea"), 3: ("Home", "Kitchen")},
        place_names={1: "Berlin", 2: "Online"},
        place_codes={"b": 1, "o": 2},
        pairs=frozenset({(1, 1), (1, 2), (2, 1), (3, 2)}),
        currency=currency,
        first_day=FIRST,
        last_day=LAST,
    )


def rule(value: str = "-10%", **fields: str) -> Rule:
    given = {"first": "2026-11-23", "last": "2026-11-29", "value": value} | fields
    return rule_of(0, Line(**given), shop())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("named", "products"),
    [
        ("All products", {1, 2, 3}),
        ("", {1, 2, 3}),
        ("Drinks", {1, 2}),
        ("Drinks › Tea", {1, 2}),
        ("tea", {1, 2}),
        ("Earl Grey · P1", {1}),
        ("p3", {3}),
        ("Sencha; Kitchen", {2, 3}),
    ],
)
def test_when_products_are_named_then_they_are_found(named: str, products: set[int]) -> None:
    assert rules.products_of(named, shop()) == products


@pytest.mark.parametrize(
    ("kind", "value", "how", "number"),
    [
        ("Price", "-10%", "percent", -10.0),
        ("Price", "−10 %", "percent", -10.0),
        ("Price", "€2,49", "to", 2.49),
        ("Price", "+0.20", "amount", 0.2),
        ("Promotion", "20%", "percent", -20.0),
        ("Promotion", "-20% off", "percent", -20.0),
        ("Promotion", "2 for 1.80", "to", 0.9),
        ("Promotion", "3 for 2", "percent", -100 / 3),
        ("Promotion", "", "percent", 0.0),
        ("Demand", "x1.5", "percent", 50.0),
        ("Launch", "80%", "percent", 80.0),
        ("Unit cost", "+5%", "percent", 5.0),
    ],
)
def test_when_a_value_is_written_then_it_means_this(
    kind: str, value: str, how: str, number: float
) -> None:
    (change,) = rule(value, kind=kind).changes
    assert change.how == how
    assert change.value == pytest.approx(number)


def test_when_a_price_point_is_named_then_the_price_ends_so() -> None:
    (plain,), (cut,) = rule("x.99").changes, rule("-10% x.99").changes
    assert (plain.value, plain.ending) == (0.0, 0.99)
    assert (cut.value, cut.ending) == (-10.0, 0.99)


def test_when_a_category_is_in_one_place_only_then_only_pairs_that_sell_are_touched() -> None:
    found = rule(products="Tea", places="Online")
    assert found.changes[0].series == ("1:2",)
    assert rule().changes[0].series is None  # all of them


def test_when_days_reach_beyond_then_they_are_cut_and_it_is_said() -> None:
    found = rule(first="2026-11-18", last="2028-01-01")
    assert found.changes[0].first.date() == FIRST
    assert found.changes[0].last.date() == LAST
    assert "the days before are sold" in found.notes[0]
    assert "where forecasts end" in found.notes[1]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"value": "0"}, "A price of 0 cannot be"),
        ({"value": "-100%"}, "zero or less"),
        ({"value": "cheaper"}, "“cheaper” says nothing for price"),
        ({"value": ""}, "An empty value"),
        ({"value": "£2.49"}, "not in €"),
        ({"value": "2.49 USD"}, "names USD"),
        ({"products": "Coffee"}, "no product or category here"),
        ({"places": "Paris"}, "no place here"),
        ({"products": "Mug", "places": "Berlin"}, "does not sell in Berlin"),
        ({"first": ""}, "no first day"),
        ({"first": "soon"}, "“soon” is no day"),
        ({"last": "2026-11-01"}, "before it begins"),
        ({"first": "2026-10-01", "last": "2026-10-07"}, "are sold and cannot change"),
        ({"first": "2028-10-01", "last": "2028-10-07"}, "forecasts end on"),
        ({"kind": "Magic"}, "no kind of change"),
        ({"kind": "Promotion", "value": "100%"}, "leaves no price"),
        ({"kind": "Demand", "value": "-150%"}, "below zero"),
        ({"kind": "Move promotion", "value": "to 23 Nov"}, "where it is"),
    ],
)
def test_when_a_line_means_nothing_then_it_is_said_why(fields: dict[str, str], said: str) -> None:
    with pytest.raises(RuleError, match=said):
        rule(**fields)


def test_when_a_line_comes_from_json_or_a_grid_then_missing_cells_are_as_usual() -> None:
    line = Line.of({"on": False, "kind": "Price", "products": None, "first": date(2026, 11, 23)})
    assert line == Line(on=False, kind="Price", first="2026-11-23")
