"""Runs of units as money: the price known ahead, else what was paid, and what has no price."""

import pandas as pd

from ui import run_prices
from ui.run_prices import Prices

WEEKS = pd.to_datetime(["2026-11-23", "2026-11-30"])
PAID = pd.Series({"1:1": 2.0, "1:2": 3.0})


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "series_id": pd.Categorical(["1:1", "1:1", "1:2", "9:9"]),
            "timestamp": [*WEEKS, WEEKS[0], WEEKS[0]],
            "mean": [10.0, 20.0, 5.0, 7.0],
            "q0.1": [5.0, 8.0, 1.0, 2.0],
            "actual": [9.0, float("nan"), 4.0, 1.0],
        }
    )


def prices(known: pd.DataFrame | None = None) -> Prices:
    empty = pd.DataFrame(columns=["series_id", "timestamp", "price"])
    return Prices(paid=PAID, known=empty if known is None else known, ahead=known is not None)


def test_when_no_price_is_known_ahead_then_units_count_at_what_was_paid() -> None:
    made = run_prices.in_money(rows(), prices())
    assert made["series_id"].tolist() == ["1:1", "1:1", "1:2"]
    assert made["mean"].tolist() == [20.0, 40.0, 15.0]
    assert made["q0.1"].tolist() == [10.0, 16.0, 3.0]
    assert made["actual"].iloc[[0, 2]].tolist() == [18.0, 12.0]
    assert made["actual"].isna().tolist() == [False, True, False]


def test_when_a_price_is_known_for_a_period_then_it_goes_before_what_was_paid() -> None:
    known = pd.DataFrame(
        {"series_id": ["1:1", "1:2"], "timestamp": [WEEKS[1], WEEKS[1]], "price": [1.5, 9.0]}
    )
    made = run_prices.in_money(rows(), prices(known))
    assert made["mean"].tolist() == [20.0, 30.0, 15.0]


def test_when_a_series_has_no_price_then_it_is_left_out_and_said() -> None:
    wanted = run_prices.only_priced(lambda series_id: series_id != "1:2", prices())
    assert [wanted(each) for each in ("1:1", "1:2", "9:9")] == [True, False, False]
    assert run_prices.words(prices(), 3, 1) == (
        "its units at the price paid lately; 1 of 3 series have no price and are left out"
    )
    assert run_prices.words(prices(), 3, 0) == "its units at the price paid lately"
