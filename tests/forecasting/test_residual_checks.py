"""Residual checks: equal to statsmodels, and they find what was put in."""

import numpy as np
import pytest

from forecasting.diagnostics.residual_checks import check_residuals


def test_when_errors_have_no_gaps_then_memory_is_as_statsmodels_says() -> None:
    from statsmodels.stats.diagnostic import acorr_ljungbox

    errors = np.random.default_rng(0).normal(size=120).cumsum()
    found = check_residuals(errors, lags=10)
    reference = acorr_ljungbox(errors, lags=10)
    assert found is not None
    np.testing.assert_allclose(found.ljung_box, reference["lb_stat"])
    np.testing.assert_allclose(found.p_values, reference["lb_pvalue"])


def test_when_errors_repeat_after_four_steps_then_lag_four_stands_out() -> None:
    rng = np.random.default_rng(1)
    errors = np.tile([3.0, 0.0, -3.0, 0.0], 20) + rng.normal(size=80)
    found = check_residuals(errors)
    assert found is not None
    assert 4 in found.standing_out
    assert found.p_value(8) < 0.001


def test_when_errors_lean_to_one_side_then_the_mean_is_more_than_chance() -> None:
    errors = np.random.default_rng(2).normal(0.5, 1.0, 100)
    found = check_residuals(errors)
    assert found is not None
    assert found.mean == pytest.approx(errors.mean())
    assert found.mean_p_value < 0.01


def test_when_a_gap_lies_between_windows_then_lags_do_not_reach_across_it_wrongly() -> None:
    """Alternating errors with an odd gap: closed up, the signs would no longer alternate."""
    signs = np.resize([1.0, -1.0], 41)
    signs[20] = np.nan
    found = check_residuals(signs + 0.01 * np.arange(41), lags=4)
    assert found is not None
    assert found.count == 40
    assert found.acf[1] > 0.85
    assert found.acf[0] < -0.85


def test_when_errors_are_few_or_all_alike_then_there_is_nothing_to_check() -> None:
    assert check_residuals(np.arange(7.0)) is None
    assert check_residuals(np.full(30, 0.1)) is None
    assert check_residuals(np.full(30, np.nan)) is None


def test_when_errors_are_normal_then_they_lie_on_the_line() -> None:
    found = check_residuals(np.random.default_rng(3).normal(1.0, 2.0, 500))
    assert found is not None
    inner = slice(25, 475)
    np.testing.assert_allclose(found.ordered[inner], found.normal[inner], atol=0.35)
