"""Peers of statsforecast, called series by series, so that every fallback is seen and counted.

Its own `fallback_model` would hide an error behind another method's numbers.
"""

from typing import Any

import numpy as np

from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.outcome import LEVELS, Outcome, window_frame
from benchmarks.accuracy.rivals import Rival
from forecasting.arrays import FloatArray
from forecasting.history import fill_gaps

BANDS = (50, 80, 90, 95)  # per cent, which together with the median are LEVELS
POINT_ONLY = ("CrostonSBA",)  # asked for intervals it raises: its quantiles stay empty
LONGEST_SEASON = 24  # beyond which a seasonal ARIMA does not end
ARIMA_STEPS = 730  # of history that AutoARIMA reads: two years of days


def run(rival: Rival, contest: Contest, *, smoke: bool) -> Outcome:
    """Every series at every cutoff; `smoke` changes nothing, as there is no training to cut."""
    del smoke
    outcome = Outcome()
    season = contest.panel.seasonality
    model = _create(rival.model, season)
    for cutoff in contest.cutoffs:
        past = contest.past(cutoff)
        results = []
        for row in range(past.num_series):
            values = fill_gaps(past.target[row, past.launched[row] :], season)
            with outcome.fit.measured():
                results.append(_forecast(rival.model, model, values, contest.horizon, outcome))
        mean, quantiles = (np.stack(each) for each in zip(*results, strict=True))
        stamps = past.future_timestamps(contest.horizon)
        frame = window_frame(past.cutoff, past.series_ids, stamps, mean, quantiles)
        outcome.frames.append(frame)
    return outcome


def _create(name: str, season: int) -> Any:
    from statsforecast import models

    if name == "CrostonSBA":
        return models.CrostonSBA()
    if name == "AutoARIMA":
        return models.AutoARIMA(season_length=season if season <= LONGEST_SEASON else 1)
    return getattr(models, name)(season_length=season)


def _forecast(
    name: str, model: Any, values: FloatArray, horizon: int, outcome: Outcome
) -> tuple[FloatArray, FloatArray]:
    """Mean (H,) and quantiles (H, Q) of one series; the last value where the method fails."""
    level = None if name in POINT_ONLY else list(BANDS)
    recent = values[-ARIMA_STEPS:] if name == "AutoARIMA" else values
    try:
        found = model.forecast(y=recent, h=horizon, level=level)
        mean, quantiles = _laid_out(found, horizon, point_only=level is None)
        reason = "" if np.isfinite(mean).all() else "forecast is not finite"
    except Exception as error:  # numerical libraries raise anything; the note keeps what it was
        reason = f"{type(error).__name__}: {error}"
    if not reason:
        return mean, quantiles
    outcome.fallbacks += 1
    outcome.note = outcome.note or f"last value repeated, first because: {reason}"
    return np.full(horizon, values[-1]), np.full((horizon, len(LEVELS)), values[-1])


def _laid_out(
    found: dict[str, Any], horizon: int, *, point_only: bool
) -> tuple[FloatArray, FloatArray]:
    """The library's answer as mean (H,) and quantiles (H, Q) of LEVELS, whose median is the mean.

    Bands it cannot give, as for a series without errors, are the mean itself.
    """
    mean = np.asarray(found["mean"], dtype=np.float64)
    if point_only:
        return mean, np.full((horizon, len(LEVELS)), np.nan)
    lows = [np.asarray(found[f"lo-{band}"], dtype=np.float64) for band in reversed(BANDS)]
    highs = [np.asarray(found[f"hi-{band}"], dtype=np.float64) for band in BANDS]
    quantiles = np.stack([*lows, mean, *highs], axis=-1)
    return mean, np.where(np.isfinite(quantiles), quantiles, mean[:, None])
