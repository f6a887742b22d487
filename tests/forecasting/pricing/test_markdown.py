"""Markdowns: sold in time, never dearer, better than waiting."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.pricing import MarkdownRules, plan_markdowns


def coat(**changes: object) -> pd.DataFrame:
    row = {"product": "coat", "price": 80.0, "units": 10.0, "elasticity": -2.0, "error": 0.2,
           "stock": 200.0, "lowest": 40.0}  # fmt: skip
    return pd.DataFrame([row | changes])


def test_when_there_is_too_much_stock_then_falling_prices_sell_it_in_time() -> None:
    made = plan_markdowns(coat(), MarkdownRules(weeks=8))
    line, weeks = made.lines.iloc[0], made.weeks
    assert line["sold"] >= 0.95
    assert line["kept_sold"] < 0.5
    assert line["revenue"] > line["kept_revenue"]
    assert (np.diff(weeks["price"]) <= 1e-9).all()
    assert weeks["price"].nunique() <= 3
    assert (weeks["stock"] >= -1e-6).all()
    assert weeks["units"].sum() == pytest.approx(200 * line["sold"])


def test_when_stock_sells_anyway_then_the_price_stays() -> None:
    made = plan_markdowns(coat(stock=30.0), MarkdownRules(weeks=8))
    assert made.weeks["price"].eq(80.0).all()


def test_when_it_cannot_sell_in_time_then_the_most_is_sold_and_it_is_said() -> None:
    line = plan_markdowns(coat(stock=5000.0), MarkdownRules(weeks=2)).lines.iloc[0]
    assert line["sold"] < 0.5
    assert "of it sells in time" in line["note"]
    assert "Prices under 40.00 were never charged" in line["note"]


def test_when_demand_fades_then_cuts_come_earlier() -> None:
    rules = MarkdownRules(weeks=8, most_steps=1)
    level = plan_markdowns(coat(stock=120.0), rules).weeks["price"]
    fading = plan_markdowns(coat(stock=120.0), rules, season=np.linspace(1.6, 0.2, 8))
    assert fading.weeks["price"].mean() < level.mean() + 1e-9
    assert fading.weeks["price"].lt(80).argmax() <= level.lt(80).argmax()


def test_when_a_product_has_no_elasticity_or_stock_then_it_says_so_and_others_are_planned() -> None:
    rows = pd.concat([coat(), coat(product="hat", elasticity=np.nan), coat(product="cap", stock=0)])
    made = plan_markdowns(rows, MarkdownRules(weeks=4))
    assert made.lines["note"].tolist()[1:] == [
        "There is no elasticity to plan by.",
        "There is no stock to sell.",
    ]
    assert made.weeks["product"].unique().tolist() == ["coat"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weeks": 0}, "weeks=0"),
        ({"weeks": 4, "most_steps": 9}, "too many"),
        ({"weeks": 4, "cuts": (1.2,)}, "no shares"),
    ],
)
def test_when_a_rule_is_wrong_then_it_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(fc.ConfigError, match=words):
        MarkdownRules(**options)  # type: ignore[arg-type]
