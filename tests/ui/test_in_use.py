"""What is in use where: the nearest decision that covers a scope."""

from dataclasses import replace

import pytest

from data.scope import Scope
from engine.registry import About, Entry
from ui import in_use
from ui.in_use import InUse
from ui.run_forecasts import Nodes

WHOLE = Scope(dataset_id=1)
HOME = replace(WHOLE, categories=("Home",))
LAMPS = replace(WHOLE, categories=("Home", "Lamps"))
BERLIN = replace(WHOLE, place_id=2)
SEGMENT = replace(WHOLE, segment_id=7, segment_revision=2)
LAMP = replace(LAMPS, product_id=5)
NODES = Nodes(categories={5: ("Home", "Lamps"), 6: ("Toys",)}, segments={(7, 2): frozenset({5})})


def used(part: Scope, at: float = 1.0, name: str = "lstm") -> InUse:
    entry = Entry(
        number=1, run_id=name, name=name, tags=(), is_champion=True, about=About(model=name),
        metrics={},
    )  # fmt: skip
    return InUse(run=entry, part=part, is_exception=True, why="", who="", at=at)


@pytest.mark.parametrize(
    ("part", "asked", "expected"),
    [
        (WHOLE, LAMP, True),
        (HOME, LAMPS, True),
        (HOME, WHOLE, False),
        (LAMPS, HOME, False),
        (HOME, LAMP, True),
        (HOME, replace(WHOLE, product_id=5), True),  # its categories are looked up
        (HOME, replace(WHOLE, product_id=6), False),
        (BERLIN, replace(HOME, place_id=2), True),
        (BERLIN, HOME, False),
        (WHOLE, replace(HOME, place_id=2), True),
        (SEGMENT, replace(SEGMENT, segment_revision=3), True),
        (SEGMENT, replace(SEGMENT, categories=("Home",)), True),
        (SEGMENT, WHOLE, False),
        (SEGMENT, replace(WHOLE, product_id=5), True),
        (SEGMENT, replace(WHOLE, product_id=6), False),
        (LAMP, LAMP, True),
        (LAMP, LAMPS, False),
        (WHOLE, replace(LAMP, freq="D"), False),
        (WHOLE, replace(LAMP, measure="revenue"), False),
        (WHOLE, Scope(dataset_id=2), False),
    ],
)
def test_when_a_scope_lies_within_a_part_then_its_decision_covers_it(
    part: Scope, asked: Scope, expected: bool
) -> None:
    assert in_use.contains(part, asked, NODES) is expected


def test_when_several_decisions_cover_a_scope_then_the_narrowest_counts_then_the_latest() -> None:
    assert in_use.nearest([]) is None
    found = in_use.nearest([used(WHOLE, 9), used(LAMPS, 1), used(HOME, 5)])
    assert found is not None
    assert found.part == LAMPS
    latest = in_use.nearest([used(HOME, 1, "old"), used(HOME, 2, "new")])
    assert latest is not None
    assert latest.run.run_id == "new"
    of_product = in_use.nearest([used(SEGMENT, 9), used(LAMP, 1), used(BERLIN, 9)])
    assert of_product is not None
    assert of_product.part == LAMP
