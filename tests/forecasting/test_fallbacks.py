"""The ladder of fallbacks: which rung a history takes, and the reason it gives."""

import numpy as np
import pytest

from forecasting.fallbacks import Needs, SeriesForecast, fall_back, sane, without_a_model
from forecasting.history import History, fill_gaps, history_of
from forecasting.local import LocalConfig, LocalForecaster, forecast_history
from forecasting.simple import Prediction

LEVELS = (0.1, 0.5, 0.9)
NOTHING = np.empty((0, 0))


def history(values: list[float], seasonality: int = 7, max_history: int | None = None) -> History:
    return history_of(
        np.array(values, dtype=float),
        seasonality=seasonality,
        max_history=max_history,
        covariates=np.empty((len(values), 0)),
        future_covariates=NOTHING,
    )


WAVE = [10.0 + step % 7 + (step % 3) for step in range(40)]


@pytest.mark.parametrize(
    ("values", "used", "reason"),
    [
        ([np.nan] * 5, "zero", "nothing was observed"),
        ([*WAVE, *[0.0] * 56], "zero", "the last 56 observations are all zero"),
        ([4.0], "constant", "all 1 observations are 4"),
        ([0.0] * 50, "constant", "all 50 observations are 0"),
        ([1.0, 2.0, 3.0], "naive", "only 3 observations"),
        ([1.0, 0.0, 3.0], "mean", "only 3 observations"),
        (WAVE[:7], "seasonal naive", "only 7 observations"),
        (WAVE[:13], "seasonal naive", "13 steps are fewer than 2 seasons of 7"),
    ],
)
def test_when_no_model_can_serve_then_the_rung_and_its_reason_are_given(
    values: list[float], used: str, reason: str
) -> None:
    forecast = without_a_model(history(values), 3, LEVELS, Needs(seasons=2))
    assert forecast is not None
    assert (forecast.used, forecast.reason) == (used, reason)


def test_when_a_model_can_serve_then_no_rung_is_taken() -> None:
    assert without_a_model(history(WAVE), 3, LEVELS, Needs(seasons=2)) is None


def test_when_a_slow_mover_has_paused_as_long_before_then_it_is_not_dead() -> None:
    sporadic = [1.0, *[0.0] * 40, 2.0, *[0.0] * 70]
    assert without_a_model(history(sporadic), 3, LEVELS, Needs(seasons=0)) is None
    longer = history([*sporadic, *[0.0] * 12])
    forecast = without_a_model(longer, 3, LEVELS, Needs(seasons=0))
    assert forecast is not None
    assert forecast.used == "zero"
    recent = history([*sporadic], max_history=20)  # the pause before counts, though not read
    assert recent.longest_pause == 40
    assert recent.zeros_at_end == 70


def test_when_the_mean_leaves_the_history_far_behind_then_it_is_replaced() -> None:
    wild = SeriesForecast(np.array([12.0, 900.0]), np.zeros((2, 3)))
    forecast = sane(wild, history(WAVE), LEVELS)
    assert forecast.used == "seasonal naive"
    assert forecast.reason == "diverged to 900, history within 10 and 18"
    np.testing.assert_array_equal(forecast.mean, WAVE[-7:-5])


def test_when_the_forecast_is_not_finite_then_it_is_replaced() -> None:
    broken = SeriesForecast(np.array([np.nan, 1.0]), np.zeros((2, 3)))
    assert sane(broken, history(WAVE), LEVELS).reason == "not a finite forecast"


def test_when_history_is_not_negative_then_negative_quantiles_become_zero_and_are_ordered() -> None:
    crossed = SeriesForecast(np.array([10.0]), np.array([[12.0, 10.0, -3.0]]))
    forecast = sane(crossed, history(WAVE), LEVELS)
    np.testing.assert_array_equal(forecast.quantiles, [[0.0, 10.0, 12.0]])
    negative = history([value - 14 for value in WAVE])
    assert sane(crossed, negative, LEVELS).quantiles[0, 0] == -3.0


class Breaking(LocalForecaster):
    """A method that always fails."""

    name = "breaking"

    def forecast_series(self, history: History) -> Prediction:
        raise ZeroDivisionError("no luck")


class Seasonless(LocalForecaster):
    """A method that tells the season it was given."""

    name = "seasonless"

    def forecast_series(self, history: History) -> Prediction:
        return np.full(2, float(history.seasonality)), np.full((2, 3), 1.0)


def test_when_a_method_fails_then_the_note_keeps_its_error() -> None:
    config = LocalConfig(horizon=2, quantile_levels=LEVELS)
    forecast = forecast_history(Breaking, config, history(WAVE))
    assert forecast.used == "seasonal naive"
    assert forecast.reason == "breaking failed: no luck"


def test_when_history_is_under_one_season_then_the_method_is_fitted_without_it() -> None:
    config = LocalConfig(horizon=2, quantile_levels=LEVELS)
    forecast = forecast_history(Seasonless, config, history(WAVE, seasonality=52))
    assert forecast.used == "seasonless without season"
    assert forecast.reason == "40 steps are fewer than one season of 52"
    assert forecast.mean[0] == pytest.approx(np.mean(WAVE))  # 1 in units of the mean


def test_when_values_are_missing_then_only_earlier_ones_fill_them() -> None:
    values = np.array([1.0, 2.0, 3.0, np.nan, np.nan, 9.0, np.nan])
    np.testing.assert_array_equal(fill_gaps(values, 3), [1, 2, 3, 1, 2, 9, 1])
    np.testing.assert_array_equal(fill_gaps(values, 7), [1, 2, 3, 3, 3, 9, 9])
    later = values.copy()
    later[5] = 100.0
    np.testing.assert_array_equal(fill_gaps(later, 3)[:5], fill_gaps(values, 3)[:5])


def test_when_history_is_limited_then_the_last_steps_are_read() -> None:
    assert history([np.nan, 1, 2, 3]).values.tolist() == [1, 2, 3]
    assert history([np.nan, 1, 2, 3], max_history=2).values.tolist() == [2, 3]
    ended = history([1, 2, np.nan, np.nan], seasonality=1, max_history=2)
    assert ended.values.tolist() == [1, 2, 2, 2]


def test_when_falling_back_then_bands_widen_with_seasons() -> None:
    forecast = fall_back(history(WAVE), 21, LEVELS, "why")
    width = forecast.quantiles[:, 2] - forecast.quantiles[:, 0]
    assert width[0] < width[7] < width[14]
    np.testing.assert_allclose(width[:7], width[0])
