"""Diagnostics of one series: equal to statsmodels, right on planted structure, calm on odd ones."""

import numpy as np
import pytest
from statsmodels.tsa.seasonal import MSTL, STL
from statsmodels.tsa.stattools import acf, adfuller, kpss, pacf

from forecasting import diagnostics as dx
from forecasting.arrays import FloatArray
from forecasting.diagnostics.decomposition import stl_options
from forecasting.errors import PanelError


def noise(count: int, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 1, count)


def days(years: int = 3, *, spread: float = 0.1) -> FloatArray:
    """Sales per day with a week, a year and growth, in logarithms around 5."""
    steps = np.arange(365 * years)
    yearly = 0.3 * np.sin(2 * np.pi * steps / 365)
    weekly = np.array([-0.2, -0.1, 0, 0, 0.1, 0.3, -0.1])[steps % 7]
    return np.exp(5 + 0.0002 * steps + yearly + weekly + spread * noise(len(steps)))


# --- Decomposition ---


def test_when_there_is_one_season_then_parts_equal_stl() -> None:
    values = days(1)[:200]
    found = dx.decompose(values, (7,))
    own = STL(
        values, period=7, seasonal=11, seasonal_deg=0, robust=False, trend_jump=1, low_pass_jump=1
    ).fit()
    np.testing.assert_array_equal(found.trend, own.trend)
    np.testing.assert_array_equal(found.seasons[7], own.seasonal)
    np.testing.assert_allclose(found.remainder, own.resid, atol=1e-9)


@pytest.mark.parametrize("robust", [False, True])
def test_when_there_are_two_seasons_then_parts_equal_mstl(robust: bool) -> None:
    hours = np.tile(np.arange(24.0), 40) + np.repeat(np.arange(40) % 7, 24) + noise(960)
    found = dx.decompose(hours, (24, 168), robust=robust)
    own = MSTL(hours, **stl_options(len(hours), (24, 168), robust=robust)).fit()
    np.testing.assert_array_equal(found.trend, own.trend)
    np.testing.assert_array_equal(found.seasons[24], own.seasonal[:, 0])
    np.testing.assert_array_equal(found.seasons[168], own.seasonal[:, 1])


def test_when_a_long_season_is_computed_with_jumps_then_it_is_nearly_that_without() -> None:
    values = np.log(days(3))
    found = dx.decompose(values, (7, 365))
    options = stl_options(len(values), (7, 365), robust=False)
    options["stl_kwargs"] |= {"trend_jump": 1, "low_pass_jump": 1}
    exact = MSTL(values, **options).fit()
    assert np.abs(found.trend - exact.trend).max() < 0.005
    assert np.abs(found.seasons[365] - exact.seasonal[:, 1]).max() < 0.02


def test_when_values_have_gaps_then_parts_add_up_and_gaps_are_marked() -> None:
    values = days(2)
    values[100:110] = np.nan
    found = dx.decompose(values, (7, 365), log=True)
    total = found.trend + sum(found.seasons.values()) + found.remainder
    np.testing.assert_allclose(total, found.values)
    assert (~found.observed).sum() == 10
    np.testing.assert_allclose(np.exp(found.values[found.observed]), values[found.observed])


def test_when_a_year_is_missing_then_it_is_filled_with_the_season() -> None:
    steps = np.arange(60)
    truth = 100 + steps + 20.0 * np.sin(2 * np.pi * steps / 12)
    values = truth.copy()
    values[24:36] = np.nan
    filled = dx.fill_gaps(values, 12)
    assert np.abs(filled - truth)[24:36].max() < 8
    assert (
        np.abs(np.interp(steps, steps[np.isfinite(values)], truth[np.isfinite(values)]) - truth)[
            24:36
        ].max()
        > 15
    )


def test_when_fewer_than_two_cycles_were_seen_then_the_season_is_left_out() -> None:
    assert list(dx.decompose(days(1), (7, 365)).seasons) == [7]
    short = dx.decompose(np.arange(10.0), (12,))
    assert short.seasons == {}
    np.testing.assert_allclose(short.trend, np.arange(10.0), atol=1e-6)


@pytest.mark.parametrize("values", [np.full(50, np.nan), np.arange(7.0), np.array([])])
def test_when_there_is_too_little_then_the_error_says_how_much_is_needed(
    values: FloatArray,
) -> None:
    with pytest.raises(PanelError, match="at least 8 observed values"):
        dx.decompose(values, (7,))


def test_when_logarithms_meet_zeros_then_the_error_says_what_to_do() -> None:
    with pytest.raises(PanelError, match=r"smallest here is 0\. Decompose without"):
        dx.decompose(np.arange(20.0), (7,), log=True)


# --- Strength ---


def test_when_strength_is_asked_then_it_is_hyndmans() -> None:
    found = dx.decompose(np.log(days()), (7,))
    season, rest = found.seasons[7], found.remainder
    assert found.strength(7) == pytest.approx(1 - rest.var() / (season + rest).var())
    assert found.trend_strength() == pytest.approx(1 - rest.var() / (found.trend + rest).var())


def test_when_a_series_is_noise_then_only_the_plain_strength_sees_a_season() -> None:
    plain, beyond = [], []
    for seed in range(20):
        found = dx.decompose(noise(156, seed), (52,))
        plain.append(found.strength(52))
        beyond.append(found.beyond_chance(52))
    assert np.mean(plain) > 0.3
    assert np.mean(beyond) < 0.1
    many = [dx.decompose(noise(1000, seed), (7,)).beyond_chance(7) for seed in range(5)]
    assert np.mean(many) < 0.1


def test_when_nothing_varies_then_strength_is_not_known() -> None:
    found = dx.decompose(np.full(60, 5.0), (7,))
    assert np.isnan(found.strength(7))
    assert np.isnan(found.beyond_chance(7))


# --- Outliers and change points ---


def test_when_two_values_are_wrong_then_exactly_they_are_found() -> None:
    values = np.log(days(2, spread=0.05))
    values[200] += 1.5
    values[500] -= 1.5
    assert np.flatnonzero(dx.outliers(values, 7, year=365.25)).tolist() == [200, 500]


def test_when_a_spike_comes_every_year_or_is_explained_then_it_is_no_outlier() -> None:
    values = np.log(days(3, spread=0.05))
    values[[330, 695]] += 1.5
    values[200] += 1.5
    assert np.flatnonzero(dx.outliers(values, 7, year=365.25)).tolist() == [200]
    explained = np.zeros(len(values), dtype=bool)
    explained[200] = True
    assert not dx.outliers(values, 7, year=365.25, explained=explained).any()


@pytest.mark.parametrize(
    "values", [np.zeros(100), np.full(100, 3.0), np.full(100, np.nan), np.tile([0, 0, 5.0], 40)]
)
def test_when_a_series_is_flat_or_mostly_zero_then_nothing_is_unusual(values: FloatArray) -> None:
    assert not dx.outliers(values, 7).any()


def test_when_the_level_steps_then_the_step_is_found_with_its_size() -> None:
    values = 100 + 3 * noise(156) + 10 * np.sin(2 * np.pi * np.arange(156) / 52)
    values[90:] += 30
    (change,) = dx.change_points(dx.decompose(values, (52,)))
    assert abs(change.position - 90) <= 1
    assert change.jump == pytest.approx(30, abs=6)


def test_when_growth_bends_then_the_bend_is_found() -> None:
    steps = np.arange(200)
    values = np.where(steps < 120, steps, 120 - 2 * (steps - 120)) + 2 * noise(200)
    (change,) = dx.change_points(dx.decompose(values, ()))
    assert abs(change.position - 120) <= 4
    assert change.slope_before == pytest.approx(1, abs=0.1)
    assert change.slope_after == pytest.approx(-2, abs=0.2)


def test_when_a_series_is_a_line_with_noise_then_nothing_changes() -> None:
    found = [dx.change_points(dx.decompose(0.2 * np.arange(156) + noise(156, i), (52,)))
             for i in range(20)]  # fmt: skip
    assert sum(bool(each) for each in found) <= 2
    assert dx.change_points(dx.decompose(np.full(60, 4.0), ())) == []
    assert dx.change_points(dx.decompose(np.arange(10.0), ())) == []


# --- Correlogram, unit roots, spectrum, transform ---


def test_when_a_correlogram_is_made_then_it_is_that_of_statsmodels() -> None:
    values = np.log(days(1))
    found = dx.correlogram(values, 28)
    assert found is not None
    np.testing.assert_array_equal(found.acf, acf(values, nlags=28, fft=True)[1:])
    np.testing.assert_array_equal(found.pacf, pacf(values, nlags=28, method="ywm")[1:])
    assert found.band == pytest.approx(1.96 / np.sqrt(365), rel=1e-3)
    assert set(found.peaks()) == {7, 14, 21}


def test_when_there_is_one_spike_then_the_tests_still_answer() -> None:
    assert dx.stationarity(np.eye(1, 300, 150)[0]) is not None


@pytest.mark.parametrize("values", [np.full(50, 2.0), np.arange(5.0), np.zeros(0)])
def test_when_nothing_can_be_correlated_then_there_is_no_correlogram(values: FloatArray) -> None:
    assert dx.correlogram(values, 28) is None
    assert dx.stationarity(values) is None
    assert dx.spectrum(values) is None


def test_when_tests_are_made_then_they_are_those_of_statsmodels() -> None:
    values = noise(300)
    found = dx.stationarity(values)
    assert found is not None
    root = adfuller(values, result_object=True)
    assert (
        (found.adf, found.adf_p) == (root.adf_stat, root.pvalue)
        if hasattr(root, "adf_stat")
        else found.adf == pytest.approx(adfuller(values, result_object=False)[0])
    )
    with pytest.warns(match="p-value"):
        level = kpss(values, nlags="legacy", result_object=False)
    assert found.kpss == level[0]
    assert found.verdict == "steady"


def test_when_a_series_is_a_random_walk_then_both_tests_say_it_wanders() -> None:
    found = dx.stationarity(np.cumsum(noise(400)))
    assert found is not None
    assert found.verdict == "wanders"


def test_when_week_and_year_are_planted_then_the_spectrum_finds_both() -> None:
    found = dx.spectrum(np.log(days(4)))
    assert found is not None
    periods = sorted(cycle.period for cycle in found.cycles)
    assert periods[0] == pytest.approx(7, abs=0.1)
    assert periods[-1] == pytest.approx(365, rel=0.05)
    assert found.power.sum() == pytest.approx(1)


def test_when_a_series_is_noise_then_no_period_is_claimed() -> None:
    spectra = [dx.spectrum(noise(300, seed)) for seed in range(30)]
    assert sum(bool(each.cycles) for each in spectra if each) <= 2


def test_when_the_season_is_a_sharp_peak_then_its_period_is_that_of_the_peak() -> None:
    values = noise(240) * 0.2
    values[::12] += 5
    found = dx.spectrum(values)
    assert found is not None
    assert found.cycles[0].period == pytest.approx(12, rel=0.01)
    assert found.cycles[0].share > 0.8


def test_when_swings_grow_with_the_level_then_logarithms_are_advised() -> None:
    steps = np.arange(240)
    swing = 1 + 0.3 * np.sin(2 * np.pi * steps / 12)
    growing = np.exp(0.02 * steps)
    assert dx.advise_transform(growing * swing, 12).transform == "log"
    assert dx.advise_transform(10 + 0.1 * steps + swing, 12).transform == "none"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.arange(100.0), "has zeros"),
        (np.arange(100.0) - 5, "has values below zero"),
        (np.arange(1, 9.0), "too short to tell"),
        (np.full(90, 4.0), "does not vary"),
    ],
)
def test_when_box_cox_cannot_be_told_then_the_reason_is_given(
    values: FloatArray, reason: str
) -> None:
    advice = dx.advise_transform(values, 12)
    assert (advice.transform, advice.exponent, advice.reason) == ("none", None, reason)


# --- Profiles ---


def test_when_weekdays_differ_then_the_profile_gives_their_factors() -> None:
    factors = np.array([0.8, 0.9, 1.0, 1.0, 1.1, 1.4, 0.8])
    steps = np.arange(70)
    values = factors[steps % 7] * 50
    values[3] = np.nan
    found = dx.profile(values, np.full(70, 50.0), steps % 7, steps // 35, 7)
    assert found is not None
    np.testing.assert_allclose(found.factors, factors / factors.mean())
    assert found.top == 5
    assert found.cycles.tolist() == [2] * 7


def test_when_the_sum_is_not_positive_then_there_is_no_profile() -> None:
    steps = np.arange(28)
    assert dx.profile(np.zeros(28), np.ones(28), steps % 7, steps // 7, 7) is None
    assert dx.profile(-np.ones(28), np.ones(28), steps % 7, steps // 7, 7) is None
