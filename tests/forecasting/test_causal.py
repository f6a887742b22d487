"""Planted effects are found, bands hold them, placebos reject as often as they say."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.causal import Effect, effect_of

BEGIN, LENGTH = 110, 10


def shop(seed: int, *, effect: float = 0.0, controls: int = 12) -> tuple[pd.DataFrame, float]:
    """Daily sales of one touched and some untouched products with a common course; the truth."""
    rng = np.random.default_rng(seed)
    days = BEGIN + LENGTH + 10
    common = np.exp(np.cumsum(rng.normal(0, 0.02, days)) + 0.3 * np.sin(np.arange(days) * 0.9))
    level = rng.lognormal(3.5, 0.5, controls + 1)
    mean = level * common[:, None] ** rng.uniform(0.5, 1.5, controls + 1)
    span = slice(BEGIN, BEGIN + LENGTH)
    truth = float(mean[span, 0].sum() * effect)
    mean[span, 0] *= 1 + effect
    names = ["touched", *(f"c{n}" for n in range(controls))]
    index = pd.date_range("2026-01-01", periods=days)
    return pd.DataFrame(rng.poisson(mean).astype(float), index=index, columns=names), truth


def check(sales: pd.DataFrame) -> Effect:
    days = pd.DatetimeIndex(sales.index)
    return effect_of(sales, "touched", first=days[BEGIN], last=days[BEGIN + LENGTH - 1])


def test_when_effects_are_planted_then_bands_of_90_percent_hold_nine_in_ten() -> None:
    """120 draws: with a true 90 % fewer than 82 % or more than 97 % come once in a thousand."""
    held, rejected_time, rejected_space = [], [], []
    for seed in range(120):
        sales, truth = shop(seed, effect=0.3 * (seed % 2))
        found = check(sales)
        held.append(found.low <= truth <= found.high)
        if seed % 2 == 0:
            rejected_time.append(found.p_time <= 0.1)
            rejected_space.append(found.p_space <= 0.1)
    assert 0.82 <= np.mean(held) <= 0.97
    assert np.mean(rejected_time) <= 0.2
    assert np.mean(rejected_space) <= 0.2


def test_when_an_effect_is_large_then_it_is_clear_and_of_the_right_size() -> None:
    sales, truth = shop(1, effect=0.6)
    found = check(sales)
    assert found.verdict == "more"
    assert found.p_time < 0.05
    assert found.p_space <= 1 / 13 + 1e-9
    assert found.total == pytest.approx(truth, rel=0.35)
    assert found.share == pytest.approx(0.6, abs=0.2)
    inside = found.periods[found.periods["inside"]]
    assert len(inside) == LENGTH
    assert (inside["actual"] - inside["without"]).sum() == pytest.approx(found.total)


def test_when_nothing_happened_then_it_is_unclear() -> None:
    assert check(shop(2)[0]).verdict == "unclear"


def test_when_sales_in_the_span_change_then_what_would_have_been_does_not() -> None:
    sales, _ = shop(3)
    before = check(sales).periods["without"]
    sales.iloc[BEGIN : BEGIN + LENGTH, 0] *= 5
    pd.testing.assert_series_equal(check(sales).periods["without"], before)


def test_when_everything_is_sold_by_the_dozen_then_nothing_but_the_unit_changes() -> None:
    sales, _ = shop(4, effect=0.4)
    once, dozen = check(sales), check(sales * 12)
    assert dozen.total == pytest.approx(12 * once.total)
    assert dozen.p_time == pytest.approx(once.p_time)


def test_when_controls_are_few_then_space_is_not_judged_and_it_is_said() -> None:
    found = check(shop(5, controls=4)[0])
    assert np.isnan(found.p_space)
    assert "too few to compare" in found.notes[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda sales: sales.iloc[BEGIN - 15 :], "15 periods before it; 30 are needed"),
        (lambda sales: sales[["touched", "c1"]], "1 untouched products"),
        (lambda sales: sales.assign(touched=0.0), "sold nothing before"),
        (lambda sales: sales.drop(columns="touched"), "no column 'touched'"),
        (lambda sales: sales.iloc[:BEGIN], "no period from"),
    ],
)
def test_when_it_cannot_be_judged_then_it_is_said(change: object, words: str) -> None:
    sales, _ = shop(6)
    days = pd.DatetimeIndex(sales.index)
    with pytest.raises(fc.PanelError, match=words):
        effect_of(
            change(sales),  # type: ignore[operator]
            "touched",
            first=days[BEGIN],
            last=days[BEGIN + LENGTH - 1],
        )
