"""When a method cannot serve a series: what is used instead, and the sentence that says why.

The ladder: nothing observed -> zero; sales that have ended -> zero; one and the same value -> that
value; too short for a season -> seasonal naive, naive or mean; a failure or a forecast far outside
the history -> the same three.
"""

from dataclasses import dataclass

import numpy as np

from forecasting import simple
from forecasting.arrays import FloatArray
from forecasting.history import History

DIVERGED = 2.0  # spans of the history that a mean may lie outside it
WIDEST = 10.0  # spans of the history that a quantile may lie outside it
FEWEST = 8  # observations below which no method but the simplest is fitted


@dataclass(frozen=True, eq=False)
class SeriesForecast:
    """The forecast of one series; `used` and `reason` are empty when all went as asked."""

    mean: FloatArray  # (H,)
    quantiles: FloatArray  # (H, Q)
    used: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a method needs of a series to be fitted."""

    seasons: int  # whole seasons; 0 for a method without season
    observations: int = FEWEST


def without_a_model(
    history: History, horizon: int, levels: simple.Levels, needs: Needs
) -> SeriesForecast | None:
    """The forecast of a series that needs no model or allows none; None for all others."""
    seen = history.values[history.observed]
    if not len(seen):
        return _as(simple.constant(0.0, horizon, levels), "zero", "nothing was observed")
    if history.zeros_at_end >= _dead_after(history):
        reason = f"the last {history.zeros_at_end} observations are all zero"
        return _as(simple.constant(0.0, horizon, levels), "zero", reason)
    if np.ptp(seen) == 0:
        reason = f"all {len(seen)} observations are {seen[0]:g}"
        return _as(simple.constant(float(seen[0]), horizon, levels), "constant", reason)
    if len(seen) < needs.observations:
        return fall_back(history, horizon, levels, f"only {len(seen)} observations")
    steps = len(history.values)
    if history.seasonality > 1 and history.seasonality <= steps < needs.seasons * (
        history.seasonality
    ):
        reason = f"{steps} steps are fewer than {needs.seasons} seasons of {history.seasonality}"
        return fall_back(history, horizon, levels, reason)
    return None


def fall_back(history: History, horizon: int, levels: simple.Levels, reason: str) -> SeriesForecast:
    """Seasonal naive where there is a season, the mean of sporadic sales, else the last value."""
    values, seasonality = history.values, history.seasonality
    if 1 < seasonality <= len(values):
        prediction = simple.seasonal_naive(
            values, horizon, levels, seasonality=seasonality, observed=history.observed
        )
        return _as(prediction, "seasonal naive", reason)
    seen = values[history.observed]
    if (seen == 0).any():
        return _as(simple.mean(seen, horizon, levels), "mean", reason)
    return _as(simple.naive(seen, horizon, levels), "naive", reason)


def sane(forecast: SeriesForecast, history: History, levels: simple.Levels) -> SeriesForecast:
    """The forecast with ordered quantiles, never negative where the history is not.

    A mean that is not finite or lies more than DIVERGED spans outside the history is replaced by
    a fallback; quantiles are kept within WIDEST spans.
    """
    seen = history.values[history.observed]
    if not len(seen):
        return forecast
    low, high, span = float(seen.min()), float(seen.max()), float(np.ptp(seen))
    mean, quantiles = forecast.mean, np.sort(forecast.quantiles, axis=1)
    if not (np.isfinite(mean).all() and np.isfinite(quantiles).all()):
        return sane(fall_back(history, len(mean), levels, "not a finite forecast"), history, levels)
    if mean.max() > high + DIVERGED * span or mean.min() < low - DIVERGED * span:
        far = mean.max() if mean.max() > high + DIVERGED * span else mean.min()
        reason = f"diverged to {far:.6g}, history within {low:.6g} and {high:.6g}"
        return sane(fall_back(history, len(mean), levels, reason), history, levels)
    floor = 0.0 if low >= 0 else low - WIDEST * span
    return SeriesForecast(
        mean=np.clip(mean, 0.0 if low >= 0 else -np.inf, None),
        quantiles=np.clip(quantiles, floor, high + WIDEST * span),
        used=forecast.used,
        reason=forecast.reason,
    )


def _dead_after(history: History) -> int:
    """Zeros in a row after which sales count as ended.

    Eight short seasons or two long ones, and twice the longest pause so far: slow movers pause.
    In one M5 store a quarter to a half of the products that had paused for eight weeks sold
    again in the next four, so zero is the likeliest value but no certainty; the note tells.
    """
    season = history.seasonality
    return max(8, (8 if season <= 7 else 2) * season, 2 * history.longest_pause)


def _as(prediction: simple.Prediction, used: str, reason: str) -> SeriesForecast:
    return SeriesForecast(mean=prediction[0], quantiles=prediction[1], used=used, reason=reason)
