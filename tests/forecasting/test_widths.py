"""Widths: bands are widened or narrowed until they hold what they promise, and no further."""

import json

import numpy as np
import pytest

from forecasting import metrics
from forecasting.arrays import FloatArray
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS as LEVELS
from forecasting.simple import normal_quantiles
from forecasting.widths import Widths, rounded

BAND = (0.1, 0.9)


def normal_bands(sigma: FloatArray, centre: float = 0.0) -> FloatArray:
    """Quantiles (B, H, Q) of normal distributions with these spreads (B, H)."""
    return np.stack([normal_quantiles(np.full(len(row), centre), row, LEVELS) for row in sigma])


def poisson_quantiles(rates: FloatArray) -> FloatArray:
    """Quantiles (B, 1, Q) of Poisson distributions, by counting their chances."""
    found = np.zeros((len(rates), 1, len(LEVELS)))
    for b, rate in enumerate(rates):
        chances = np.exp(-rate) * np.cumprod([1.0, *(rate / k for k in range(1, 60))])
        found[b, 0] = np.searchsorted(np.cumsum(chances), LEVELS)
    return found


@pytest.mark.parametrize("told", [0.4, 1.0, 2.0])
@pytest.mark.parametrize("band", [(0.25, 0.75), (0.1, 0.9), (0.025, 0.975)])
def test_when_spreads_are_told_wrongly_then_every_band_holds_what_it_promises(
    told: float, band: tuple[float, float]
) -> None:
    rng = np.random.default_rng(0)
    actual, later = rng.normal(0, 1, (2, 600, 10))
    bands, volume = normal_bands(np.full((600, 10), told)), rng.random(600)
    moved = Widths.fit(bands, actual, volume, LEVELS).moved(bands, volume)
    covered = metrics.share_within(later, moved, LEVELS, band)
    assert covered == pytest.approx(band[1] - band[0], abs=0.025)
    np.testing.assert_allclose(moved[..., 4], bands[..., 4], atol=1e-12)


def test_when_thirds_by_volume_err_differently_then_each_third_is_right() -> None:
    rng = np.random.default_rng(1)
    volume = rng.permutation(np.repeat([1.0, 10.0, 100.0], 300)) * (1 + 0.01 * rng.random(900))
    spread = 0.4 * np.log10(volume)[:, None] + np.linspace(0.4, 1.2, 8)
    actual, later = rng.normal(0, 1, (2, 900, 8)) * spread
    bands = normal_bands(np.ones((900, 8)))
    moved = Widths.fit(bands, actual, volume, LEVELS).moved(bands, volume)
    third = np.searchsorted([5.0, 50.0], volume)
    for each in range(3):
        chosen = third == each
        before = metrics.share_within(later[chosen], bands[chosen], LEVELS, BAND)
        after = metrics.share_within(later[chosen], moved[chosen], LEVELS, BAND)
        assert after == pytest.approx(0.8, abs=0.03)
        assert abs(after - 0.8) < abs(before - 0.8)


def test_when_one_window_is_all_there_is_then_hardly_anything_moves() -> None:
    bands, far = normal_bands(np.ones((1, 4))), np.array([[-6.0, -3.0, 3.0, 6.0]])
    once = Widths.fit(bands, far, np.ones(1), LEVELS)
    many = Widths.fit(np.repeat(bands, 500, 0), np.repeat(far, 500, 0), np.ones(500), LEVELS)
    assert once.factors[..., 6].max() < 1.5
    assert (many.factors[..., 6] > 3 * once.factors[..., 6]).all()


def test_when_all_sold_more_than_forecast_then_bands_widen_to_both_sides() -> None:
    rng = np.random.default_rng(9)
    bands, actual = normal_bands(np.ones((500, 4))), 3 + rng.normal(0, 1, (500, 4))
    moved = Widths.fit(bands, actual, np.ones(500), LEVELS).moved(bands, np.ones(500))
    np.testing.assert_allclose(moved[..., 4], 0.0, atol=1e-12)
    np.testing.assert_allclose(moved[..., 6], -moved[..., 2])
    assert (moved[..., 6] > 1.5 * bands[..., 6]).all()


def test_when_counts_are_forecast_rightly_then_rounded_bands_stay_as_they_are() -> None:
    rng = np.random.default_rng(2)
    rates = rng.uniform(0.1, 3.0, 6000)
    bands, actual = poisson_quantiles(rates), rng.poisson(rates[:, None]).astype(float)
    assert metrics.coverage(actual, bands[..., 2], bands[..., 6]) > 0.9
    assert metrics.share_within(actual, bands, LEVELS, BAND) == pytest.approx(0.8, abs=0.03)
    whole = np.ones(6000, dtype=bool)
    widths = Widths.fit(bands, actual, rates, LEVELS, whole=whole)
    moved = rounded(widths.moved(bands, rates), whole)
    assert np.mean(moved == bands) > 0.9
    np.testing.assert_array_equal(moved, np.floor(moved))


def test_when_some_windows_weigh_nothing_then_they_do_not_count() -> None:
    rng = np.random.default_rng(3)
    bands, actual = normal_bands(np.ones((800, 3))), rng.normal(0, 1, (800, 3))
    actual[400:] *= 9
    volume, weights = np.ones(800), np.repeat([1.0, 0.0], 400)
    weighed = Widths.fit(bands, actual, volume, LEVELS, weights=weights)
    assert weighed.factors.max() < 1.2 < Widths.fit(bands, actual, volume, LEVELS).factors.min()


def test_when_actuals_are_missing_or_levels_have_no_mirror_then_nothing_moves() -> None:
    bands = normal_bands(np.ones((40, 3)))
    unknown = np.full((40, 3), np.nan)
    nothing = Widths.fit(bands, unknown, np.ones(40), LEVELS)
    np.testing.assert_array_equal(nothing.moved(bands, np.ones(40)), bands)
    for levels, chosen in (((0.9,), [6]), ((0.5, 0.9), [4, 6])):
        one_sided = Widths.fit(bands[..., chosen], np.ones((40, 3)), np.ones(40), levels)
        np.testing.assert_array_equal(one_sided.factors, 1.0)


def test_when_no_quantile_was_negative_then_none_becomes_so_and_none_cross() -> None:
    rng = np.random.default_rng(4)
    bands = np.sort(rng.gamma(1.0, 1.0, (300, 6, len(LEVELS))), axis=-1)
    volume = rng.gamma(1.0, 1.0, 300)
    moved = Widths.fit(bands, rng.gamma(0.2, 20.0, (300, 6)), volume, LEVELS).moved(bands, volume)
    assert (moved >= 0).all()
    assert (np.diff(moved, axis=-1) >= 0).all()


def test_when_everything_is_in_other_units_then_so_is_what_comes_out() -> None:
    rng = np.random.default_rng(5)
    bands, actual = normal_bands(np.ones((200, 3)), centre=20), rng.normal(20, 2, (200, 3))
    volume = np.round(rng.gamma(2.0, 5.0, 200))  # with equal ones at the edges of groups
    moved = Widths.fit(bands, actual, volume, LEVELS).moved(bands, volume)
    scaled = Widths.fit(0.3 * bands, 0.3 * actual, 0.3 * volume, LEVELS)
    np.testing.assert_allclose(scaled.moved(0.3 * bands, 0.3 * volume), 0.3 * moved, rtol=1e-9)


def test_when_written_as_json_and_read_then_it_moves_alike() -> None:
    rng = np.random.default_rng(6)
    bands, volume = normal_bands(np.full((200, 5), 0.7)), rng.random(200)
    widths = Widths.fit(bands, rng.normal(0, 1, (200, 5)), volume, LEVELS)
    again = Widths.from_json(json.loads(json.dumps(widths.to_json())))
    np.testing.assert_array_equal(again.moved(bands, volume), widths.moved(bands, volume))
    with pytest.raises(ValueError, match="factors"):
        Widths.from_json(widths.to_json() | {"volume_edges": []})
