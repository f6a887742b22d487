"""Whether bands hold what they promise: nominal against observed shares, and the PIT.

A forecast is calibrated where actuals fall below its quantiles as often as the levels say
(Gneiting, Balabdaoui and Raftery, Probabilistic forecasts, calibration and sharpness, 2007).
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
    return _joined(_reliability(model, chances) for model, chances in _by_model(backtest))


def pit(backtest: Backtest) -> pd.DataFrame:
    """The probability integral transform: model, low, high (of a bin), density; 1 is calibrated.

    Heaped in the middle: bands too wide. Heaped at both ends: too narrow. Leaning to the right:
    forecasts too low. Actuals between two levels are spread evenly between them, those that tie
    over the whole range they tie with (Czado, Gneiting and Held, 2009, for counts).
    """
    return _joined(_pit(model, chances) for model, chances in _by_model(backtest))


def reliability_and_pit(backtest: Backtest) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both, for which the chances of all actuals are worked out once."""
    levels, bins = [], []
    for model, chances in _by_model(backtest):
        levels.append(_reliability(model, chances))
        bins.append(_pit(model, chances))
    return _joined(levels), _joined(bins)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Chances:
    """Of the actuals (N,) of a model that were observed, by its forecasts."""

    levels: tuple[float, ...]
    low: FloatArray  # of less than the actual
    high: FloatArray  # of at most the actual

    def share(self, bounds: tuple[float, float]) -> float:
        """Of actuals within a band of levels."""
        return float(np.nanmean(metrics.part_within(self.low, self.high, bounds)))


def _reliability(model: str, chances: _Chances) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": model,
            "level": chances.levels,
            "observed": [chances.share((0.0, level)) for level in chances.levels],
            "steps": len(chances.low),
        }
    )


def _pit(model: str, chances: _Chances) -> pd.DataFrame:
    edges = np.linspace(0.0, 1.0, BINS + 1)
    shares = [chances.share((float(a), float(b))) for a, b in itertools.pairwise(edges)]
    density = np.array(shares) * BINS
    return pd.DataFrame({"model": model, "low": edges[:-1], "high": edges[1:], "density": density})


def _joined(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def _by_model(backtest: Backtest) -> Iterator[tuple[str, _Chances]]:
    """Model by model, because the chances of all of them together are large."""
    windows: dict[str, list[Window]] = {}
    for window in backtest.windows:
        windows.setdefault(window.model, []).append(window)
    for model, mine in windows.items():
        yield model, _chances(mine)


def _chances(windows: list[Window]) -> _Chances:
    lows, highs = [], []
    for window in windows:
        known = ~np.isnan(window.actual)
        forecast = window.forecast
        low, high = metrics.probability_bounds(
            window.actual[known], forecast.quantiles[known], forecast.quantile_levels
        )
        lows.append(low)
        highs.append(high)
    return _Chances(
        levels=tuple(windows[0].forecast.quantile_levels),
        low=np.concatenate(lows),
        high=np.concatenate(highs),
    )
