"""Sums of the forecasts of series: bands lie where the errors of such sums did."""

import numpy as np
import pandas as pd
import pytest

from forecasting.correlation import UNMEASURED_SHARE, Correlation
from forecasting.hierarchy import TOTAL
from ui import run_sums

STAMPS = pd.date_range("2026-01-05", periods=3, freq="W-MON")
SCORES = {0.1: -1.2815516, 0.5: 0.0, 0.9: 1.2815516}


def normal(
    series: int, *, mean: float = 100.0, spread: float = 10.0, stamps: pd.DatetimeIndex = STAMPS
) -> pd.DataFrame:
    """Forecasts of equal series with normal bands."""
    frame = pd.DataFrame(
        {
            "series_id": np.repeat([str(each) for each in range(series)], len(stamps)),
            "timestamp": np.tile(stamps, series),
            "mean": mean,
        }
    )
    return frame.assign(**{f"q{level}": mean + spread * at for level, at in SCORES.items()})


def backtest_of(series: int, windows: int, common: float, seed: int = 0) -> pd.DataFrame:
    """A backtest whose errors share a factor of this share of variance."""
    rng, parts = np.random.default_rng(seed), []
    for window in range(windows):
        stamps = STAMPS + pd.Timedelta(weeks=3 * window)
        frame = normal(series, stamps=stamps).assign(cutoff=stamps[0] - pd.Timedelta(weeks=1))
        shared = np.sqrt(common) * rng.standard_normal(3)
        own = np.sqrt(1 - common) * rng.standard_normal((series, 3))
        frame["actual"] = frame["mean"] + 10 * (shared + own).reshape(-1)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def half_width(found: run_sums.Total) -> float:
    return float((found.frame["q0.9"] - found.frame["mean"]).mean())


def test_when_errors_share_nothing_or_all_then_bands_are_the_known_ones() -> None:
    apart = run_sums.total(normal(25), Correlation.independent())
    together = run_sums.total(normal(25), Correlation(shared={TOTAL: 1.0}))
    assert apart.frame["mean"].tolist() == pytest.approx([2500.0] * 3)
    assert half_width(apart) == pytest.approx(12.8 * 5, rel=0.1)
    assert half_width(together) == pytest.approx(12.8 * 25, rel=0.02)


def test_when_errors_went_together_in_the_tests_then_the_band_is_wider_than_without_tests() -> None:
    found = run_sums.measured(backtest_of(25, 12, common=0.6))
    assert 0.3 < found.shared[TOTAL] < 0.8
    apart = run_sums.measured(backtest_of(25, 12, common=0.0))
    assert apart.shared[TOTAL] < 0.1
    usual = run_sums.measured(None)
    assert usual.shared == {TOTAL: UNMEASURED_SHARE}
    widths = [half_width(run_sums.total(normal(25), each)) for each in (apart, usual, found)]
    assert widths == sorted(widths)
    assert widths[2] > 1.5 * widths[1]


def test_when_sums_are_forecast_with_what_was_measured_then_eight_in_ten_lie_inside() -> None:
    correlation = run_sums.measured(backtest_of(25, 20, common=0.5, seed=1))
    fresh, inside = backtest_of(25, 40, common=0.5, seed=2), []
    for _, window in fresh.groupby("cutoff"):
        table = run_sums.total(window, correlation).frame
        inside += table["actual"].between(table["q0.1"], table["q0.9"]).tolist()
    assert 0.7 < np.mean(inside) < 0.9


def test_when_one_series_is_chosen_then_its_forecast_is_unchanged() -> None:
    own = normal(1, spread=30.0)
    found = run_sums.total(own, Correlation()).frame
    for column in ("mean", "q0.1", "q0.5", "q0.9"):
        assert found[column].tolist() == pytest.approx(own[column].tolist())


def test_when_nothing_can_sell_below_zero_then_no_band_of_a_sum_does() -> None:
    lumpy = normal(3, mean=1.0, spread=0.0).assign(**{"q0.1": 0.0, "q0.5": 0.0, "q0.9": 4.0})
    found = run_sums.total(lumpy, Correlation())
    assert (found.frame[["q0.1", "q0.5", "q0.9"]] >= 0).all(axis=None)
    low, high = run_sums.over_horizon(found)
    assert 0 <= low < 9 < high


def test_when_periods_are_added_up_then_the_band_lies_between_apart_and_together() -> None:
    found = run_sums.total(normal(1), Correlation(step=0.5))
    low, high = run_sums.over_horizon(found)
    assert 12.8 * np.sqrt(3) < (high - low) / 2 < 12.8 * 3
    assert (low + high) / 2 == pytest.approx(300, abs=3)


def test_when_a_series_ends_early_then_the_others_are_summed_on() -> None:
    ended = normal(3).query("series_id != '2' or timestamp < '2026-01-19'")
    found = run_sums.total(ended, Correlation())
    assert found.frame["mean"].tolist() == pytest.approx([300, 300, 200])


def test_when_the_tests_say_nothing_then_the_usual_correlation_is_taken() -> None:
    nothing = backtest_of(3, 2, common=0.5).assign(actual=np.nan)
    for held_out in (nothing, nothing.iloc[:0], None):
        assert run_sums.measured(held_out) == Correlation()
