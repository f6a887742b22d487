"""The best price against its closed form, and every reason to give none or to doubt it."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.pricing import PriceRules, advise


def mug(**changes: object) -> pd.DataFrame:
    """One product at 10.00, cost 4.00, 50 a week, elasticity -2, tried from 8.00 to 12.00."""
    row = {
        "product": "mug", "group": "mugs", "price": 10.0, "units": 50.0, "elasticity": -2.0,
        "error": 0.2, "trust": "own", "lowest": 7.0, "highest": 13.0, "unit_cost": 4.0,
    }  # fmt: skip
    return pd.DataFrame([row | changes])


WIDE = PriceRules(most_change=0.5, ending=False)


def test_when_the_elasticity_is_known_then_the_best_margin_is_that_of_the_textbook() -> None:
    """Lerner: price = cost * e / (1 + e), which is 8.00 for a cost of 4 and an elasticity of -2."""
    line = advise(mug(error=1e-6, lowest=4.0, highest=16.0), WIDE).lines.iloc[0]
    assert line["best"] == pytest.approx(8.0, abs=0.1)
    assert line["now"] == pytest.approx(300.0)
    assert line["then"] == pytest.approx(4.0 * 50 * (10 / 8) ** 2, rel=0.01)
    assert line["units_then"] == pytest.approx(50 * (10 / line["best"]) ** 2, rel=1e-3)
    assert line["regret"] == pytest.approx(0.0, abs=0.1)
    assert line["regret_now"] == pytest.approx(line["gain"], rel=0.01)


def test_when_demand_hardly_answers_then_revenue_wants_the_highest_allowed_price() -> None:
    rules = PriceRules(goal="revenue", most_change=0.2, ending=False)
    line = advise(mug(elasticity=-0.5), rules).lines.iloc[0]
    assert line["best"] == pytest.approx(12.0)
    assert line["gain"] > 0


def test_when_the_elasticity_is_less_sure_then_band_and_regret_are_wider_but_not_the_price() -> (
    None
):
    sure, unsure = (advise(mug(error=error), WIDE).lines.iloc[0] for error in (0.05, 0.5))
    assert sure["best"] == unsure["best"]
    assert unsure["regret"] > 3 * sure["regret"]
    assert unsure["gain_high"] - unsure["gain_low"] > sure["gain_high"] - sure["gain_low"]
    assert sure["gain_low"] <= sure["gain"] <= sure["gain_high"]


def test_when_the_best_price_was_never_charged_then_it_is_said_and_its_band_is_wider() -> None:
    inside = advise(mug(), WIDE).lines.iloc[0]
    beyond = advise(mug(lowest=9.5, highest=10.5), WIDE).lines.iloc[0]
    assert not inside["beyond"]
    assert beyond["beyond"]
    assert "was never charged (lowest so far: 9.50)" in beyond["note"]
    assert beyond["gain_high"] - beyond["gain_low"] > inside["gain_high"] - inside["gain_low"]
    tested = advise(
        mug(lowest=9.5, highest=10.5), PriceRules(ending=False, tested_only=True)
    ).lines.iloc[0]
    assert 9.5 <= tested["best"] <= 10.5


@pytest.mark.parametrize(
    ("rules", "changes", "low", "high"),
    [
        (PriceRules(most_change=0.05), {}, 9.5, 10.5),
        (PriceRules(most_change=0.5, least_margin=0.55), {}, 4 / 0.45, 15.0),
        (PriceRules(most_change=0.5, competitor=(0.95, 1.05)), {"competitor": 9.0}, 8.55, 9.45),
        (PriceRules(most_change=0.5, category=(0.97, 1.0)), {}, 9.7, 10.0),
        (PriceRules(most_change=0.5, category=(1.1, 1.2)), {"group_price": 9.0}, 9.9, 10.8),
        (PriceRules(most_change=0.5, competitor=(0.0, 0.8)), {"competitor": 9.0}, 0.0, 7.2),
        (PriceRules(most_change=0.5), {"at_least": 9.2, "at_most": 9.4}, 9.2, 9.4),
    ],
)
def test_when_there_are_rules_then_the_best_price_keeps_them(
    rules: PriceRules, changes: dict[str, float], low: float, high: float
) -> None:
    best = advise(mug(**changes), rules).lines["best"][0]
    assert low - 1e-6 <= best <= high + 1e-6


def test_when_there_is_a_ladder_then_only_its_prices_are_advised() -> None:
    line = advise(mug(), PriceRules(most_change=0.5, ladder=(6.5, 8.5, 12.5))).lines.iloc[0]
    assert line["best"] == 8.5


@pytest.mark.parametrize(
    ("step", "under", "best"), [(1.0, 0.01, 7.99), (0.5, 0.0, 8.0), (2.5, 0.01, 7.49)]
)
def test_when_prices_go_by_steps_then_only_those_are_advised(
    step: float, under: float, best: float
) -> None:
    """Its best price of all is 8.00, as of the textbook."""
    rules = PriceRules(most_change=0.5, step=step, under=under)
    advice = advise(mug(error=1e-6, lowest=4.0, highest=16.0), rules)
    assert advice.lines["best"][0] == best
    prices, allowed = rules.candidates(advice.products)
    steps = (prices[0, 1:][allowed[0, 1:]] + under) / step
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert prices[0, 1:].min() >= 5.0
    assert prices[0, 1:].max() <= 15.0


def test_when_the_shelf_is_large_then_the_middle_of_a_category_is_that_of_all_of_it() -> None:
    """Products are looked at in parts of 400, and curves one at a time."""
    prices = np.linspace(8.0, 12.0, 900)
    shelf = pd.concat([mug(product=f"p{n}", price=price) for n, price in enumerate(prices)])
    advice = advise(shelf, PriceRules(most_change=0.9, category=(1.0, 1.0), ending=False))
    np.testing.assert_allclose(advice.lines["best"], 10.0)
    curve = advice.curve("p0")
    np.testing.assert_allclose(curve.loc[curve["allowed"], "price"], 10.0)


def test_when_prices_end_in_nine_then_the_best_does() -> None:
    lines = advise(
        pd.concat([mug(), mug(product="pot", price=40.0, lowest=30.0, unit_cost=18.0)]),
        PriceRules(most_change=0.4),
    ).lines
    assert [f"{price:.2f}"[-1] for price in lines["best"]] == ["9", "9"]
    assert f"{lines['best'].iloc[1]:.2f}".endswith(".99")


def test_when_the_stock_is_short_then_a_lower_price_sells_no_more() -> None:
    plenty, short = (
        advise(mug(stock=stock), PriceRules(most_change=0.3, ending=False, weeks=4)).lines.iloc[0]
        for stock in (10_000.0, 160.0)
    )
    assert plenty["best"] < 10
    assert short["best"] > 10
    assert short["units_then"] <= 40.01


@pytest.mark.parametrize(
    ("changes", "rules", "words"),
    [
        ({"trust": "none", "elasticity": np.nan, "error": np.nan}, WIDE, "there is no estimate"),
        ({"unit_cost": np.nan}, WIDE, "unit cost is not known"),
        ({"at_least": 20.0}, WIDE, "at least 20.00, another for at most 15.00"),
        (
            {"at_most": 9.5},
            PriceRules(most_change=0.1, ladder=(5.0, 20.0)),
            "none of those allowed lies in 9.00 to 9.50",
        ),
    ],
)
def test_when_nothing_can_be_advised_then_it_says_why(
    changes: dict[str, object], rules: PriceRules, words: str
) -> None:
    line = advise(mug(**changes), rules).lines.iloc[0]
    assert np.isnan(line["best"])
    assert np.isnan(line["gain"])
    assert words in line["note"]


def test_when_the_cost_is_over_the_price_then_the_price_goes_up() -> None:
    line = advise(mug(unit_cost=11.0), PriceRules(ending=False)).lines.iloc[0]
    assert line["now"] < 0
    assert line["best"] == pytest.approx(12.0)


def test_when_the_price_never_moved_then_the_category_s_answer_is_named() -> None:
    assert "its category's" in advise(mug(trust="category"), WIDE).lines["note"][0]


def test_when_a_curve_is_asked_for_then_it_meets_the_line_and_marks_tested_prices() -> None:
    advice = advise(mug(), PriceRules(most_change=0.5, ending=False))
    curve = advice.curve("mug").set_index("price")
    assert curve.loc[10.0, "units"] == pytest.approx(50.0)
    assert curve.loc[10.0, "margin_low"] == pytest.approx(300.0)
    assert curve["units"].is_monotonic_decreasing
    assert curve.loc[curve.index < 6.9, "tested"].sum() == 0
    assert curve.loc[7.0:13.0, "tested"].all()
    assert (curve["units_low"] <= curve["units"] + 1e-9).all()


def test_when_a_product_is_one_of_many_then_its_line_is_the_same() -> None:
    many = pd.concat([mug(product=f"p{n}", elasticity=-1.0 - n / 500) for n in range(900)])
    lines = advise(many, PriceRules()).lines.set_index("product")
    alone = advise(mug(product="p700", elasticity=-1.0 - 700 / 500), PriceRules()).lines.iloc[0]
    assert len(lines) == 900
    assert lines.loc["p700", "best"] == alone["best"]
    assert lines.loc["p700", "regret"] == pytest.approx(alone["regret"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"goal": "fame"}, "goal='fame' is unknown"),
        ({"most_change": 1.5}, "no share of a price"),
        ({"ladder": (0.0, 5.0)}, "price of 0"),
        ({"competitor": (1.1, 0.9)}, "no range of shares"),
        ({"step": 0.5, "under": 0.5}, "step of 0.5 less 0.5 is no price"),
        ({"step": 0.0}, "step of 0 less 0 is no price"),
    ],
)
def test_when_a_rule_is_wrong_then_it_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(fc.ConfigError, match=words):
        PriceRules(**options)  # type: ignore[arg-type]


def test_when_a_price_is_zero_or_a_column_is_missing_then_it_is_refused() -> None:
    for price in (0.0, -2.0):
        with pytest.raises(fc.PanelError, match="'mug' is not above zero"):
            advise(mug(price=price), WIDE)
    with pytest.raises(fc.PanelError, match="no column units"):
        advise(mug().drop(columns="units"), WIDE)
