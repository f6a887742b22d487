"""Metrics against plain loops, and their edges."""

import math

import numpy as np
import pytest

from forecasting import metrics

LEVELS = (0.1, 0.5, 0.9)


@pytest.fixture
def case() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Actual (3, 5) with holes, forecast (3, 5), quantiles (3, 5, 3), history (3, 20)."""
    rng = np.random.default_rng(5)
    actual = rng.poisson(4, (3, 5)).astype(float)
    actual[0, 1] = actual[2, 4] = np.nan
    quantiles = np.sort(rng.normal(4, 3, (3, 5, 3)), axis=-1)
    history = rng.poisson(4, (3, 20)).astype(float)
    history[1, :6] = np.nan
    return actual, rng.normal(4, 2, (3, 5)), quantiles, history


def cells(actual: np.ndarray) -> list[tuple[int, int]]:
    rows, steps = actual.shape
    return [(b, h) for b in range(rows) for h in range(steps) if not math.isnan(actual[b, h])]


def test_when_pooled_then_point_metrics_equal_plain_loops(case: tuple[np.ndarray, ...]) -> None:
    actual, forecast, _, _ = case
    errors, absolute, sizes, symmetric = [], 0.0, 0.0, []
    for b, h in cells(actual):
        error = forecast[b, h] - actual[b, h]
        errors.append(error)
        absolute += abs(error)
        sizes += abs(actual[b, h])
        symmetric.append(2 * abs(error) / (abs(actual[b, h]) + abs(forecast[b, h])))
    n = len(errors)
    assert metrics.mae(actual, forecast) == pytest.approx(absolute / n)
    assert metrics.mse(actual, forecast) == pytest.approx(sum(e * e for e in errors) / n)
    assert metrics.rmse(actual, forecast) == pytest.approx(
        math.sqrt(sum(e * e for e in errors) / n)
    )
    assert metrics.wape(actual, forecast) == pytest.approx(absolute / sizes)
    assert metrics.smape(actual, forecast) == pytest.approx(sum(symmetric) / n)
    assert metrics.bias(actual, forecast) == pytest.approx(sum(errors) / sizes)


def test_when_pooled_then_quantile_metrics_equal_plain_loops(case: tuple[np.ndarray, ...]) -> None:
    actual, _, quantiles, _ = case
    losses, sizes, inside = 0.0, 0.0, 0
    for b, h in cells(actual):
        sizes += abs(actual[b, h])
        inside += quantiles[b, h, 0] <= actual[b, h] <= quantiles[b, h, 2]
        for q, level in enumerate(LEVELS):
            error = actual[b, h] - quantiles[b, h, q]
            losses += level * error if error > 0 else (level - 1) * error
    n = len(cells(actual))
    assert metrics.pinball(actual, quantiles, LEVELS) == pytest.approx(losses / n / 3)
    assert metrics.wql(actual, quantiles, LEVELS) == pytest.approx(2 * losses / 3 / sizes)
    low, high = quantiles[:, :, 0], quantiles[:, :, 2]
    assert metrics.coverage(actual, low, high) == pytest.approx(inside / n)


def test_when_per_series_then_scaled_metrics_equal_plain_loops(
    case: tuple[np.ndarray, ...],
) -> None:
    actual, forecast, _, history = case
    absolute, squared = metrics.seasonal_errors(history, 7)
    for b in range(3):
        changes = [history[b, t] - history[b, t - 7] for t in range(7, 20)]
        changes = [each for each in changes if not math.isnan(each)]
        errors = [forecast[b, h] - actual[b, h] for c, h in cells(actual) if c == b]
        scale = sum(map(abs, changes)) / len(changes)
        mase = sum(map(abs, errors)) / len(errors) / scale
        mse_scale = sum(each**2 for each in changes) / len(changes)
        rmsse = math.sqrt(sum(each**2 for each in errors) / len(errors) / mse_scale)
        assert metrics.mase(actual, forecast, absolute)[b] == pytest.approx(mase)
        assert metrics.rmsse(actual, forecast, squared)[b] == pytest.approx(rmsse)


def test_when_per_series_then_each_row_equals_the_metric_of_that_row_alone(
    case: tuple[np.ndarray, ...],
) -> None:
    actual, forecast, quantiles, _ = case
    for b in range(3):
        one = slice(b, b + 1)
        for metric in (metrics.mae, metrics.wape, metrics.bias, metrics.smape, metrics.rmse):
            row = metric(actual, forecast, axis=-1)[b]
            assert row == pytest.approx(float(metric(actual[one], forecast[one])))
        row = metrics.wql(actual, quantiles, LEVELS, axis=-1)[b]
        assert row == pytest.approx(float(metrics.wql(actual[one], quantiles[one], LEVELS)))


def test_when_the_forecast_is_the_median_then_wql_equals_wape(
    case: tuple[np.ndarray, ...],
) -> None:
    actual, forecast, _, _ = case
    assert metrics.wql(actual, forecast[..., None], (0.5,)) == pytest.approx(
        float(metrics.wape(actual, forecast))
    )


def test_when_the_denominator_is_zero_then_the_metric_is_unknown_not_perfect() -> None:
    zeros, ones = np.zeros((1, 4)), np.ones((1, 4))
    assert math.isnan(metrics.wape(zeros, ones))
    assert math.isnan(metrics.bias(zeros, zeros))
    assert math.isnan(metrics.wql(zeros, ones[..., None], (0.5,)))
    assert math.isnan(metrics.smape(zeros, zeros))
    scale, _ = metrics.seasonal_errors(np.full((1, 20), 3.0), 7)
    assert math.isnan(metrics.mase(ones, zeros, scale)[0])


def test_when_nothing_was_observed_then_every_metric_is_unknown() -> None:
    nothing, some = np.full((1, 4), np.nan), np.ones((1, 4))
    for metric in (metrics.mae, metrics.mse, metrics.rmse, metrics.wape, metrics.bias):
        assert math.isnan(metric(nothing, some))
    assert math.isnan(metrics.coverage(nothing, some, some))


def test_when_the_history_is_shorter_than_a_season_then_there_is_no_scale() -> None:
    absolute, squared = metrics.seasonal_errors(np.ones((2, 7)), 7)
    assert np.isnan(absolute).all()
    assert np.isnan(squared).all()


def test_when_no_actual_ties_then_its_share_within_a_band_is_its_coverage(
    case: tuple[np.ndarray, ...],
) -> None:
    actual, _, quantiles, _ = case
    for axis in (None, -1):
        np.testing.assert_allclose(
            metrics.share_within(actual, quantiles, LEVELS, (0.1, 0.9), axis=axis),
            metrics.coverage(actual, quantiles[..., 0], quantiles[..., 2], axis=axis),
        )


def test_when_zeros_tie_with_the_lower_end_then_they_count_by_their_share() -> None:
    """Zero has a chance of 0.7 under this forecast, of which 0.6 lies within the band."""
    quantiles = np.tile([0.0, 0.0, 2.0], (10, 1))
    actual = np.array([0.0] * 7 + [1.0, 2.0, 3.0])
    assert metrics.coverage(actual, quantiles[:, 0], quantiles[:, 2]) == pytest.approx(0.9)
    of_two = (0.9 - 0.7) / (0.95 - 0.7)  # two pieces stand for the chances from 0.7 to 0.95
    expected = (7 * 0.6 / 0.7 + 1 + of_two + 0) / 10
    share = metrics.share_within(actual, quantiles, LEVELS, (0.1, 0.9))
    assert share == pytest.approx(expected)
    unknown = metrics.share_within(np.full(10, np.nan), quantiles, LEVELS, (0.1, 0.9))
    assert math.isnan(unknown)
