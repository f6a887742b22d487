"""Stock-outs in made-up series whose truth is known, and demand that emptied a shelf."""

import numpy as np
import pytest

from forecasting.arrays import BoolArray, FloatArray
from forecasting.diagnostics.stockouts import LONGEST, Sales, demand, stock_outs, unmet

DAYS = 400
WEEK = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.8])


def sales(sold: FloatArray, stock: FloatArray | None = None) -> Sales:
    """Series in one place and one department, each a range of its own."""
    count, length = sold.shape
    total = np.nan_to_num(sold).clip(min=0)
    return Sales(
        sold=sold,
        stock=stock,
        promo=None,
        group=np.zeros(count, dtype=int),
        place=np.zeros(count, dtype=int),
        range_=np.arange(count),
        product=np.arange(count),
        of_group=total.sum(axis=0, keepdims=True),
        of_place=total.sum(axis=0, keepdims=True),
        of_range=total,
        of_product=total,
        weekday=np.arange(length) % 7,
    )


def drawn(rates: list[float], seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    factor = WEEK[np.arange(DAYS) % 7]
    return rng.poisson(np.array(rates)[:, None] * factor).astype(float)


def days_of(found: object, series: int, last: int = DAYS) -> list[int]:
    frame = found[found["series"] == series]  # type: ignore[index]
    return [int(step) for step in frame["step"]]


def test_when_a_steady_seller_pauses_then_the_pause_is_found_and_what_was_lost() -> None:
    sold = drawn([10, 8, 6])
    true = sold[0, 200:207].copy()
    sold[0, 200:207] = 0
    found = stock_outs(sales(sold))
    assert days_of(found, 0) == list(range(200, 207))
    assert found["probability"].min() > 0.99
    expected = 10 * WEEK[np.arange(200, 207) % 7]
    assert found["expected"].to_numpy() == pytest.approx(expected, rel=0.25)
    assert ((found["low"] <= true) & (true <= found["high"])).mean() >= 0.7
    assert found["run"].nunique() == 1


def test_when_a_slow_seller_pauses_then_nothing_is_said() -> None:
    sold = drawn([0.15, 0.15, 5])
    sold[0, 200:207] = 0
    assert stock_outs(sales(sold)).empty


@pytest.mark.parametrize("seed", range(3))
def test_when_nothing_is_planted_then_next_to_nothing_is_found(seed: int) -> None:
    sold = drawn([0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 4] * 5, seed)
    assert len(stock_outs(sales(sold))) < 0.004 * sold.size


def test_when_orders_are_of_many_units_then_their_many_zeros_are_usual() -> None:
    rng = np.random.default_rng(1)
    orders = rng.poisson(0.15, (40, DAYS))
    sold = rng.negative_binomial(np.maximum(orders, 1) * 3, 0.5) * (orders > 0)
    assert len(stock_outs(sales(sold.astype(float)))) < 0.002 * sold.size


def test_when_the_whole_place_is_closed_then_no_product_is_out_of_stock() -> None:
    sold = drawn([5.0] * 30)
    sold[:, 250] = 0
    assert 250 not in set(stock_outs(sales(sold))["step"])


def test_when_a_product_ended_or_has_not_begun_then_its_zeros_are_no_stock_outs() -> None:
    sold = drawn([10, 10, 5])
    sold[0, DAYS - LONGEST - 5 :] = 0
    sold[1, :100] = 0
    assert stock_outs(sales(sold)).empty


def test_when_stock_is_known_then_it_decides() -> None:
    sold, stock = drawn([10] * 20), np.full((20, DAYS), 50.0)
    sold[0, 200:205], stock[0, 200:205] = 0, 0  # out
    sold[1, 200:205] = 0  # on the shelf, and nobody came
    sold[2, 200], stock[2, 200] = 4, 0  # sold out in the course of the day
    found = stock_outs(sales(sold, stock))
    assert days_of(found, 0) == list(range(200, 205))
    assert days_of(found, 1) == []
    assert days_of(found, 2) == [200]
    assert found["by_stock"].all()
    last = found.iloc[-1]
    assert last["sold"] == 4
    assert last["expected"] > 9


def test_when_days_have_no_row_then_the_last_known_stock_holds() -> None:
    sold, stock = drawn([10, 10]), np.full((2, DAYS), 50.0)
    sold[:, 200:205] = 0
    stock[0, 199], stock[:, 200:205] = 0, np.nan
    assert days_of(stock_outs(sales(sold, stock)), 0)[-5:] == list(range(200, 205))
    assert days_of(stock_outs(sales(sold, stock)), 1) == []


def test_when_days_are_unknown_then_they_are_neither_zero_nor_found() -> None:
    sold = drawn([10, 10])
    sold[0, 200:207] = np.nan
    assert stock_outs(sales(sold)).empty


def test_when_usable_days_change_then_days_left_out_do_not_matter() -> None:
    sold = drawn([10, 10])
    usable: BoolArray = np.ones(sold.shape, dtype=bool)
    usable[0, 100:110] = False
    other = sold.copy()
    other[0, 100:110] = 0
    before, after = demand(sales(sold), usable), demand(sales(other), usable)
    assert after.mean[0] == pytest.approx(before.mean[0])
    assert after.dispersion[0] == pytest.approx(before.dispersion[0])
    assert np.isfinite(before.mean).all()


def test_when_a_series_is_too_short_to_know_then_nothing_is_said() -> None:
    sold = np.array([[5.0, 4.0, 0.0, 6.0, 5.0]])
    assert stock_outs(sales(sold, np.array([[9.0, 9.0, 0.0, 9.0, 9.0]]))).empty


def test_when_a_shelf_is_emptied_then_demand_is_the_tail_of_its_distribution() -> None:
    """Against draws: what was wanted, given that it was at least what was sold."""
    rng = np.random.default_rng(0)
    mean, spread, sold = 8.0, 0.3, 6.0
    draws = rng.poisson(mean * rng.gamma(1 / spread, spread, 400_000))
    tail = draws[draws >= sold]
    wanted, low, high, more = (
        float(each[0]) for each in unmet(np.array([sold]), np.array([mean]), np.array([spread]))
    )
    assert wanted == pytest.approx(tail.mean(), rel=0.01)
    assert more == pytest.approx((tail > sold).mean(), abs=0.01)
    assert low == pytest.approx(np.quantile(tail, 0.1), abs=1)
    assert high == pytest.approx(np.quantile(tail, 0.9), abs=1)


def test_when_more_was_sold_than_ever_before_then_nothing_was_lost() -> None:
    wanted, low, high, more = unmet(np.array([900.0]), np.array([2.0]), np.array([0.01]))
    assert (wanted[0], low[0], high[0], more[0]) == (900, 900, 900, 0)
