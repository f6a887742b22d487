"""Rules of prices: kept per dataset, taken back, and refused where they cannot be."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from data import datasets, price_rules
from data.errors import NotFound, PriceError
from data.price_rules import LIMITS, ShopRules
from data.store import Store
from tests.data.shop import fill

DAY = date(2026, 11, 18)


@pytest.fixture
def shop(store: Store) -> Store:
    fill(store, [(product, 1, DAY, 2.0, 5.0) for product in (1, 2, 3)])
    return store


def limits(**rows: tuple[float, float, float]) -> pd.DataFrame:
    """Limits by product, given as p1=(competitor, at_least, at_most)."""
    found = {int(name[1:]): list(prices) for name, prices in rows.items()}
    frame = pd.DataFrame.from_dict(found, orient="index", columns=list(LIMITS), dtype=float)
    return frame.rename_axis("product_id")


def test_when_nobody_set_a_rule_then_those_of_a_usual_shop_hold(shop: Store) -> None:
    found = price_rules.kept(shop, 1)
    assert found.rules == ShopRules()
    assert found.edit_id == 0
    assert price_rules.limits(shop, 1).empty


def test_when_rules_and_limits_are_kept_then_both_hold_and_each_can_be_taken_back(
    shop: Store,
) -> None:
    ladder = ShopRules(shape="points", points=(4.99, 7.5), over_competitor=0.05, stock_weeks=4.0)
    price_rules.save(shop, 1, ladder, words="Ladder", author="Mia")
    price_rules.save_limits(shop, 1, limits(p1=(9.0, np.nan, 12.0), p2=(5, 4, 6)), words="2 prices")
    steps = ShopRules(shape="steps", step=0.5, under=0.01)
    price_rules.save(shop, 1, steps, words="Steps")
    assert price_rules.kept(shop, 1).rules == steps
    pd.testing.assert_frame_equal(
        price_rules.limits(shop, 1), limits(p1=(9.0, np.nan, 12.0), p2=(5, 4, 6)),
        check_index_type=False,
    )  # fmt: skip
    assert price_rules.undo(shop, 1) == "Steps"
    assert price_rules.kept(shop, 1).rules == ladder
    assert price_rules.undo(shop, 1) == "2 prices"
    assert price_rules.limits(shop, 1).empty
    found = price_rules.kept(shop, 1)
    assert (found.rules, found.author, found.words) == (ladder, "Mia", "Ladder")
    assert price_rules.undo(shop, 1) == "Ladder"
    with pytest.raises(PriceError, match="no change of the price rules"):
        price_rules.undo(shop, 1)


def test_when_limits_of_a_product_are_given_again_then_only_those_change(shop: Store) -> None:
    price_rules.save_limits(shop, 1, limits(p1=(9, 8, 12), p2=(5, 4, 6)), words="first")
    nothing = (np.nan, np.nan, np.nan)
    price_rules.save_limits(shop, 1, limits(p2=nothing, p3=(7, np.nan, np.nan)), words="second")
    assert price_rules.limits(shop, 1).index.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (limits(p1=(0, np.nan, np.nan)), "The competitor's price 0 of product 1"),
        (limits(p1=(5, -2, np.nan)), "The lowest price -2"),
        (limits(p1=(5, np.nan, np.inf)), "The highest price inf"),
        (limits(p2=(np.nan, 9, 4)), "at least 9 and at most 4"),
    ],
)
def test_when_a_limit_cannot_be_then_nothing_is_kept(
    shop: Store, given: pd.DataFrame, words: str
) -> None:
    with pytest.raises(PriceError, match=words):
        price_rules.save_limits(shop, 1, given, words="bad")
    assert price_rules.kept(shop, 1).edit_id == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shape": "odd"}, "no way to price"),
        ({"shape": "steps", "step": 0.0}, "Steps of 0 less 0.01"),
        ({"shape": "points"}, "ladder has no prices"),
        ({"shape": "points", "points": (5.0, -1.0)}, "a price of -1"),
        ({"most_change": 1.0}, "change of 100%"),
        ({"least_margin": 1.2}, "margin of 120%"),
        ({"over_competitor": -0.1}, "above the competitor cannot be"),
        ({"under_competitor": 2.0}, "below the competitor cannot be"),
        ({"category_from": 1.2, "category_to": 0.8}, "From 120% to 80%"),
        ({"category_to": 0.0}, "above 0%"),
        ({"stock_weeks": 0.0}, "stock of 0 weeks"),
    ],
)
def test_when_a_rule_cannot_be_then_it_is_refused_in_words(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(PriceError, match=words):
        ShopRules(**changes)  # type: ignore[arg-type]


def test_when_the_dataset_is_gone_then_its_rules_go_and_none_can_be_kept(shop: Store) -> None:
    price_rules.save(shop, 1, ShopRules(most_change=0.1), words="less")
    datasets.delete(shop, 1)
    assert price_rules.kept(shop, 1).edit_id == 0
    with pytest.raises(NotFound):
        price_rules.save(shop, 1, ShopRules(), words="again")
