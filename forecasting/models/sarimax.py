"""sarimax: seasonal ARIMA with known covariates (price, promotion, holidays), one series at a time.

statsforecast chooses the orders on what a regression on the covariates leaves over; statsmodels
then fits all at once by a Kalman filter, in which gaps stay gaps.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.arrays import FloatArray
from forecasting.fourier import best_pairs, fourier_terms
from forecasting.history import History
from forecasting.local import LocalConfig, LocalForecaster
from forecasting.simple import Prediction, normal_quantiles

LONGEST_SEASON = 12  # steps; the state of a longer season makes the filter slow


@dataclass(frozen=True, kw_only=True)
class SarimaxConfig(LocalConfig):
    """Options of sarimax."""

    max_history: int | None = 730  # steps; the filter takes time in proportion
    max_order: int = 2  # most autoregressive and most moving-average terms
    max_iterations: int = 50  # of the likelihood's optimiser


class Sarimax(LocalForecaster):
    """ARIMA errors around a regression on the panel's known covariates."""

    name = "sarimax"
    config_class = SarimaxConfig
    config: SarimaxConfig
    uses_known_covariates = True

    def forecast_series(self, history: History) -> Prediction:
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        season = history.seasonality if history.seasonality <= LONGEST_SEASON else 1
        past, ahead = _regressors(history, self.config.horizon)
        order, seasonal_order, constant = self._orders(history.values, past, season)
        model = SARIMAX(
            np.where(history.observed, history.values, np.nan),
            exog=past if past.shape[1] else None,
            order=order,
            seasonal_order=seasonal_order,
            trend="c" if constant else None,
        )
        # The exact start solves an equation of 400 unknowns at every step of the optimiser, which
        # took 11 s instead of 2 s where BLAS threads competed for busy cores.
        model.initialize_approximate_diffuse(1e4)
        model.loglikelihood_burn = model.k_states
        # The covariance of the coefficients is not needed, and it takes as long as the fit.
        fitted = model.fit(disp=False, maxiter=self.config.max_iterations, cov_type="none")
        result = fitted.get_forecast(self.config.horizon, exog=ahead if past.shape[1] else None)
        mean = np.asarray(result.predicted_mean, dtype=np.float64)
        sigma = np.asarray(result.se_mean, dtype=np.float64)
        return mean, normal_quantiles(mean, sigma, self.config.quantile_levels)

    def _orders(self, values: FloatArray, past: FloatArray, season: int) -> tuple[Any, Any, bool]:
        """(p, d, q), (P, D, Q, season) and whether a constant is needed."""
        from statsforecast.models import AutoARIMA

        regressors = np.column_stack([np.ones(len(values)), past])
        rest = values - regressors @ np.linalg.lstsq(regressors, values, rcond=None)[0]
        choice = AutoARIMA(
            season_length=season,
            max_p=self.config.max_order,
            max_q=self.config.max_order,
            max_P=1,
            max_Q=1,
            nmodels=20,
            approximation=True,
        ).fit(rest)
        p, q, seasonal_p, seasonal_q, _, d, seasonal_d = choice.model_["arma"]
        if season == 1:
            return (p, d, q), (0, 0, 0, 0), d == 0
        return (p, d, q), (seasonal_p, seasonal_d, seasonal_q, season), d + seasonal_d == 0


def _regressors(history: History, horizon: int) -> tuple[FloatArray, FloatArray]:
    """Past (T, K) and future (H, K) regressors: covariates that vary, and terms of a long season.

    Unknown values take the last known one, so that nothing is read from later steps. Covariates
    are in units of their own spread; one that repeats others would make the fit ambiguous.
    """
    steps = len(history.values)
    both = np.concatenate([history.covariates, history.future_covariates])
    both = np.column_stack([_carried_forward(column) for column in both.T] or [both])
    if history.seasonality > LONGEST_SEASON and steps >= 2 * history.seasonality:
        pairs = best_pairs(history.values, history.seasonality)
        times = np.arange(steps + horizon, dtype=np.float64)
        both = np.column_stack([both, fourier_terms(times, history.seasonality, pairs)])
    kept: list[FloatArray] = []
    for column in both.T:
        spread = column[:steps].std()
        if spread <= 1e-9 * max(1.0, float(np.abs(column).max())):
            continue
        candidate = (column - column[:steps].mean()) / spread
        trial = np.column_stack([*kept, candidate])[:steps]
        if np.linalg.matrix_rank(trial, tol=1e-6 * steps**0.5) == trial.shape[1]:
            kept.append(candidate)
    chosen = np.column_stack(kept) if kept else np.empty((steps + horizon, 0))
    return chosen[:steps], chosen[steps:]


def _carried_forward(column: FloatArray) -> FloatArray:
    """The column with each unknown value replaced by the last known one, at first by zero."""
    known = np.where(np.isnan(column), 0, np.arange(1, len(column) + 1))
    last = np.maximum.accumulate(known)
    return np.concatenate([[0.0], column])[last]
