"""The rules of the worklist: what is listed, with which sum, in which words, and what is not."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ui import worklist_rules as rules
from ui.worklist_rules import Limits, Sold

LIMITS = Limits()


def sold(now: float, before: float, ahead_before: float, products: int = 1) -> Sold:
    """A year of weeks: 10 units each, but for the last four and those a year before and after."""
    weeks = pd.DataFrame(10.0, index=range(1, products + 1), columns=range(56))
    weeks[[0, 1, 2, 3]] = now / 4
    weeks[[52, 53, 54, 55]] = before / 4
    weeks[[48, 49, 50, 51]] = ahead_before / 4
    return Sold(weeks=weeks.rename_axis("product_id"), price=pd.Series({1: 2.0, 2: 3.0}))


def ahead(units: float) -> "pd.Series[float]":
    return pd.Series({1: units}).rename_axis("product_id")


def test_when_the_forecast_leaves_last_year_and_sales_did_not_then_it_is_listed() -> None:
    found = rules.off_last_year(sold(100, 100, 200), ahead(80.0), LIMITS)
    assert found["what"].tolist() == ["Next 4 weeks 60% below last year; the last 4: like it"]
    assert found["units"].tolist() == [120.0]


def test_when_sales_grew_as_much_as_the_forecast_says_then_nothing_is_listed() -> None:
    assert rules.off_last_year(sold(200, 100, 100), ahead(200.0), LIMITS).empty


def test_when_the_data_has_no_last_year_then_nothing_is_listed() -> None:
    known = sold(100, 100, 100)
    short = replace(known, weeks=known.weeks[range(20)])
    assert rules.off_last_year(short, ahead(900.0), LIMITS).empty


def test_when_a_forecast_changed_since_the_one_before_then_the_day_is_said() -> None:
    found = rules.forecast_jumped(ahead(142.0), ahead(100.0), "Fri 13 Nov", LIMITS)
    assert found["what"].tolist() == ["Next 4 weeks up 42% since Fri 13 Nov"]
    assert rules.forecast_jumped(ahead(110.0), ahead(100.0), "Fri", LIMITS).empty


def errors_of(newest: float, earlier: float) -> pd.DataFrame:
    wrong = np.array([newest, earlier, earlier])
    return pd.DataFrame(
        {
            "product_id": 1,
            "window": [0, 1, 2],
            "wrong": wrong,
            "off": -wrong,
            "actual": 100.0,
        }
    )


def test_when_the_newest_test_went_much_worse_then_accuracy_slipped() -> None:
    (found,) = rules.accuracy_slipped(errors_of(31.0, 12.0), LIMITS).to_dict("records")
    assert found["what"] == "Error 31.0% lately, usually 12.0%; sold more than forecast"
    assert found["units"] == 19.0


def test_when_errors_are_small_or_as_ever_then_nothing_slipped() -> None:
    assert rules.accuracy_slipped(errors_of(15.0, 5.0), LIMITS).empty
    assert rules.accuracy_slipped(errors_of(31.0, 30.0), LIMITS).empty
    assert rules.accuracy_slipped(errors_of(31.0, 12.0).head(1), LIMITS).empty


def test_when_a_silence_is_longer_than_chance_then_the_product_is_likely_out() -> None:
    silent = pd.DataFrame(
        {
            "product_id": [1, 2],
            "place_id": [4, 4],
            "last_sold": pd.Timestamp("2026-11-10"),
            "silent": [8, 8],
            "sold_share": [0.9, 0.2],
            "a_day": [46.0, 1.0],
        }
    )
    (found,) = rules.likely_out(silent, LIMITS).to_dict("records")
    assert found["key"] == "likely_out:1:4"
    assert found["units"] == 368.0
    assert found["what"].startswith("No sales since Tue 10 Nov")


def test_when_an_event_sold_more_last_year_then_only_what_has_no_plan_and_still_sells_is_listed(
) -> None:  # fmt: skip
    around = pd.DataFrame(
        {
            "event": "Black Friday",
            "product_id": [1, 2, 3],
            "quantity": [310.0, 310.0, 310.0],
            "usual": [100.0, 100.0, 100.0],
        }
    )
    found = rules.event_no_plan(
        around, sold(100, 100, 100, 2), {"Black Friday": 8}, {"Black Friday": {2}}, LIMITS
    )
    assert found["product_id"].tolist() == [1]  # 2 has a plan, 3 sells no more
    assert found["what"].tolist() == ["Black Friday in 8 days; 3.1 × usual last year, no plan"]
    assert found["units"].tolist() == [210.0]


def test_when_actuals_leave_the_band_often_then_the_product_is_listed() -> None:
    arrived = pd.DataFrame(
        {"product_id": [1, 2], "periods": [10, 10], "outside": [4, 2], "off": [-120.0, 5.0]}
    )
    (found,) = rules.outside_band(arrived, ("day", "days")).to_dict("records")
    assert found["what"] == "4 of 10 days outside the 95% band; sold 120 less than forecast"


def test_when_items_are_ranked_then_money_decides_and_small_sums_are_left_out() -> None:
    known = sold(1000, 1000, 1000, 2)
    new = pd.DataFrame(
        {
            "product_id": [1, 2],
            "first_day": pd.Timestamp("2026-11-01"),
            "quantity": [90.0, 80.0],
        }
    )
    items = rules.new_products(new, pd.Timestamp("2026-11-20"))
    found = rules.ranked([items], known, LIMITS, has_money=True)
    assert found["at_stake"].tolist() == [240.0, 180.0]
    assert found["product_id"].tolist() == [2, 1]
    high = replace(LIMITS, least_share=4.0)  # of 5,000
    assert rules.ranked([items], known, high, has_money=True)["product_id"].tolist() == [2]
    assert rules.ranked([], known, LIMITS, has_money=True).empty


def test_when_stock_runs_out_or_lies_too_long_then_the_words_say_by_when() -> None:
    lines = pd.DataFrame(
        {
            "product_id": [1, 2, 3],
            "place_id": [1, 1, 1],
            "late": [True, False, True],
            "ordered": [5.0, 0.0, 5.0],
            "approved": [False, False, True],
            "on_hand": [3.0, 810.0, 3.0],
            "sells_out": pd.Timestamp("2026-11-26"),
            "delivery": pd.Timestamp("2026-12-08"),
            "lost_if_not": [1940.0, 0.0, 9.0],
            "margin_if_not": [18_400.0, 0.0, 9.0],
            "excess": [0.0, 640.0, 0.0],
            "excess_cost": [0.0, 9_700.0, 0.0],
            "weeks_of_cover": [1.0, 31.0, 1.0],
        }
    )
    out, much = rules.of_stock(lines).to_dict("records")  # the third is ordered already
    assert out["what"] == "Runs out Thu 26 Nov, delivery 8 Dec; about 1,940 short"
    assert out["money"] == 18_400.0
    assert much["what"] == "31 weeks of cover; 640 of 810 will not sell in 13 weeks"


def test_when_thresholds_are_changed_by_name_then_only_those_differ() -> None:
    changed = Limits().with_changes({"growth": 50.0, "of another version": 1.0})
    assert changed.changes() == {"growth": 50.0}
    assert Limits().changes() == {}
