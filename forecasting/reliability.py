"""Whether bands hold what they promise: nominal against observed shares, and the PIT.

A forecast is calibrated where actuals fall below its quantiles as often as the levels say
(Gneiting, Balabdaoui and Raftery, Probabilistic forecasts, calibration and sharpness, 2007).
"""

import itertools

import numpy as np
import pandas as pd

from forecasting import metrics
from forecasting.arrays import FloatArray
from forecasting.backtest import Backtest, Window

BINS = 20  # of the PIT


def reliability(backtest: Backtest) -> pd.DataFrame:
    """One row per model and quantile level: level, observed, steps.

    `observed` is the share of actuals at most the quantile; one that ties with quantiles counts by
    its share, so that counts of zero are judged fairly. A calibrated forecast has observed = level.
    """
    rows = []
    for model, windows in _by_model(backtest).items():
        levels = windows[0].forecast.quantile_levels
        low, high = _bounds(windows)
        for level in levels:
            share = metrics.part_within(low, high, (0.0, level))
            rows.append((model, level, float(np.nanmean(share)), len(low)))
    return pd.DataFrame(rows, columns=["model", "level", "observed", "steps"])


def pit(backtest: Backtest) -> pd.DataFrame:
    """The probability integral transform: model, low, high (of a bin), density; 1 is calibrated.

    Heaped in the middle: bands too wide. Heaped at both ends: too narrow. Leaning to the right:
    forecasts too low. Actuals between two levels are spread evenly between them, those that tie
    over the whole range they tie with (Czado, Gneiting and Held, 2009, for counts).
    """
    edges = np.linspace(0.0, 1.0, BINS + 1)
    parts = []
    for model, windows in _by_model(backtest).items():
        low, high = _bounds(windows)
        shares = [
            float(np.nanmean(metrics.part_within(low, high, (float(a), float(b)))))
            for a, b in itertools.pairwise(edges)
        ]
        frame = pd.DataFrame({"model": model, "low": edges[:-1], "high": edges[1:]})
        parts.append(frame.assign(density=np.array(shares) * BINS))
    return pd.concat(parts, ignore_index=True)


def _by_model(backtest: Backtest) -> dict[str, list[Window]]:
    found: dict[str, list[Window]] = {}
    for window in backtest.windows:
        found.setdefault(window.model, []).append(window)
    return found


def _bounds(windows: list[Window]) -> tuple[FloatArray, FloatArray]:
    """The chances (N,) of less than and of at most each actual that was observed."""
    lows, highs = [], []
    for window in windows:
        known = ~np.isnan(window.actual)
        forecast = window.forecast
        low, high = metrics.probability_bounds(
            window.actual[known], forecast.quantiles[known], forecast.quantile_levels
        )
        lows.append(low)
        highs.append(high)
    return np.concatenate(lows), np.concatenate(highs)
