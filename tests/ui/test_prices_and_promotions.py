"""Words, classes and figures of prices and promotions, without a browser."""

import numpy as np
import pandas as pd
import pytest

from ui import prices_charts, prices_words, promotions_charts, promotions_facts, promotions_words

LINE = {
    "price": 9.99, "best": 8.99, "change": -0.1, "gain": 120.0, "gain_low": 20.0,
    "gain_high": 220.0, "units_now": 100.0, "units_then": 130.0, "regret": 4.0, "regret_now": 124.0,
    "beyond": False, "trust": "own", "note": "",
}  # fmt: skip


def test_when_a_price_is_advised_then_price_gain_and_doubt_are_in_the_sentence() -> None:
    text = prices_words.advice(LINE, "margin", "$")
    assert "\\$8.99** instead of \\$9.99" in text
    assert "−10%" in text
    assert "8 of 10 cases" in text
    assert "nothing" not in text
    unsure = prices_words.advice(LINE | {"gain_low": -5.0}, "margin", "€")
    assert "could turn out to be nothing" in unsure
    assert "Keep €9.99" in prices_words.advice(LINE | {"best": 9.99}, "margin", "€")
    none = LINE | {"best": np.nan, "note": "The rules leave no price."}
    assert "No advice" in prices_words.advice(none, "margin", "€")
    assert prices_words.effects(LINE) == "130 units a week instead of 100 (+30%)."


def test_when_a_promotion_is_told_then_verdict_and_sum_agree() -> None:
    line = {
        "has_cost": True, "net": -40.0, "net_low": -70.0, "net_high": -10.0, "verdict": "lost",
        "note": "", "sold": 120.0, "without": 80.0, "lift": 40.0, "before": -3.0, "after": -9.0,
        "others": -5.2, "net_units": 22.8,
    }  # fmt: skip
    text = promotions_words.headline(line, "$")
    assert "**It cost \\$40** of margin" in text
    parts = dict(promotions_words.parts(line))
    assert parts["More"] == "+40"
    assert parts["The week after"] == "−9"
    assert parts["Net units"] == "+23"
    assert "Could be chance" in promotions_words.headline(line | {"verdict": "chance"}, "€")
    unknown = line | {"verdict": "unknown", "note": "Too little sold around it to tell."}
    assert "Too little sold" in promotions_words.headline(unknown, "€")


def test_when_lines_are_described_then_classes_and_the_money_that_counts_are_named() -> None:
    lines = pd.DataFrame(
        {
            "product": [1, 2], "depth": [0.0, 0.31], "days": [5, 30], "places": [1, 4],
            "of_places": [4, 4], "net_margin": [np.nan, 7.0], "net_margin_low": [np.nan, 1.0],
            "net_margin_high": [np.nan, 9.0], "net_revenue": [3.0, 20.0],
            "net_revenue_low": [2.0, 10.0], "net_revenue_high": [4.0, 30.0],
        }
    )  # fmt: skip
    goods = pd.DataFrame(
        {"name": ["Mug", "Tea"], "categories": [(), ("Drinks", "Tea")]}, index=[1, 2]
    )
    made = promotions_facts.described(lines, goods)
    assert made["depth_class"].tolist() == ["Not cheaper", "30% off"]
    assert made["length"].tolist() == ["Up to a week", "Longer"]
    assert made["reach"].tolist() == ["Some places", "Everywhere"]
    assert made["net"].tolist() == [3.0, 7.0]
    assert made["net_low"].tolist() == [2.0, 1.0]
    assert made["category"].tolist() == ["No category", "Drinks"]


@pytest.mark.parametrize("outcome", ["units", "revenue", "margin"])
def test_when_a_curve_is_drawn_then_best_and_now_stand_on_it(outcome: str) -> None:
    price = np.linspace(8, 12, 9)
    points = pd.DataFrame({"price": price, "tested": price < 11})
    for name in ("units", "revenue", "margin"):
        values = 100.0 - (price - 9) ** 2
        points = points.assign(
            **{name: values, f"{name}_low": values - 5, f"{name}_high": values + 5}
        )
    tried = pd.DataFrame({"price": [9.0, 10.0], "value": [90.0, 101.0], "days": [7, 70]})
    figure = prices_charts.curve(
        points, tried, outcome=outcome, now=10.0, best=9.0, tested=(8.5, 11.0), currency="€"
    )
    by_name = {trace.name: trace for trace in figure.data}
    assert by_name["Best €9.00"].y[0] == pytest.approx(100.0)
    assert by_name["Now €10.00"].y[0] == pytest.approx(99.0)
    assert by_name["Past prices"].marker.size[1] > by_name["Past prices"].marker.size[0]
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == (8.5, 11.0)


def test_when_a_promotion_is_drawn_then_gaps_stay_gaps_and_zones_are_shaded() -> None:
    days = pd.date_range("2026-01-01", periods=10)
    time = pd.DataFrame(
        {"timestamp": days, "sold": 5.0, "without": 4.0, "low": 2.0, "high": 6.0,
         "zone": ["", "before", "before", "during", "during", "after", "after", "", "", ""]}
    )  # fmt: skip
    time.loc[3, ["sold", "without", "low", "high"]] = np.nan
    figure = promotions_charts.timeline(time, grain="D")
    assert len(figure.layout.shapes) == 3
    assert [trace.name for trace in figure.data] == ["8 in 10 cases", "Without it", "Sold"]


def test_when_kinds_are_ranked_then_the_best_is_at_the_top_and_losses_are_red() -> None:
    summed = pd.DataFrame(
        {"promotions": [3, 2], "net": [40.0, -20.0], "net_low": [20.0, -30.0],
         "net_high": [60.0, -10.0], "per_week": [10.0, -5.0]},
        index=["10% off", "30% off"],
    )  # fmt: skip
    figure = promotions_charts.ranked(summed, "€")
    (bars,) = figure.data
    assert list(bars.marker.color) == [promotions_charts.PROMOTION, promotions_charts.RED]
    assert list(bars.error_x.array) == [5.0, 2.5]
    assert figure.layout.yaxis.autorange == "reversed"
