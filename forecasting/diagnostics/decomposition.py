"""Trend, seasons and remainder of a series by STL and MSTL, and how strong each of them is.

R. B. Cleveland and others, "STL: a seasonal-trend decomposition procedure based on loess", Journal
of Official Statistics 6 (1990); K. Bandara, R. J. Hyndman and C. Bergmeir, "MSTL" (2021).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.arrays import BoolArray, FloatArray
from forecasting.errors import PanelError

FEWEST = 8  # observations without which there is nothing to take apart
PERIODIC_BELOW = 8  # cycles: fewer cannot show how a season changes, so it is held fixed
TREND_SHARE = 0.3  # of the series, that a trend without any season looks at
_LONG = 100  # steps per season from which loess is computed at every fifth step only


@dataclass(frozen=True, kw_only=True, eq=False)
class Decomposition:
    """values = trend + all seasons + remainder, each (T,), in the units given or in logarithms."""

    values: FloatArray  # gaps filled
    trend: FloatArray
    seasons: dict[int, FloatArray]  # by steps per season, short to long
    remainder: FloatArray
    observed: BoolArray  # False where a gap was filled
    log: bool  # whether everything is in natural logarithms

    @property
    def adjusted(self) -> FloatArray:
        """The values without their seasons."""
        return self.trend + self.remainder

    def strength(self, period: int) -> float:
        """Strength of a season, 0 to 1: max(0, 1 - Var(remainder) / Var(season + remainder)).

        X. Wang, K. Smith and R. Hyndman, "Characteristic-based clustering for time series data"
        (2006). NaN where neither varies. See `beyond_chance` for short series.
        """
        return _strength(self.seasons[period], self.remainder)

    def trend_strength(self) -> float:
        """Strength of the trend, 0 to 1, by the same rule."""
        return _strength(self.trend, self.remainder)

    def beyond_chance(self, period: int) -> float:
        """`strength` less what pure noise would show, 0 to 1, like an adjusted R².

        A season that is estimated from few cycles takes part of the noise with it: from three
        years, noise alone has strength 1/3. The variance of the remainder is therefore divided by
        the share of noise that the seasonal smoother leaves in it.
        """
        season, n = self.seasons[period], len(self.values)
        left = _noise_left(n / period, _window(n, period))
        return _strength(season, self.remainder, scale=1 / left)


def decompose(
    values: FloatArray, periods: Sequence[int], *, log: bool = False, robust: bool = False
) -> Decomposition:
    """STL for one season, MSTL for several, LOWESS for the trend where there is none.

    Seasons of which fewer than two full cycles were seen are left out. `robust` gives unusual
    values less weight. NaN are filled first, see `fill_gaps`; `log` needs positive values. Equal to
    `statsmodels.tsa.seasonal` with the options of `stl_options`.
    Raises `PanelError` for fewer than `FEWEST` observed values.
    """
    given = np.asarray(values, dtype=np.float64)
    observed = np.isfinite(given)
    if observed.sum() < FEWEST:
        raise PanelError(
            f"A decomposition needs at least {FEWEST} observed values; this series has "
            f"{int(observed.sum())}. Use a shorter period, such as days instead of weeks."
        )
    if log and (given[observed] <= 0).any():
        raise PanelError(
            f"Logarithms need positive values; the smallest here is {given[observed].min():g}. "
            "Decompose without log=True."
        )
    usable = sorted({period for period in periods if 1 < period <= len(given) / 2})
    if len(usable) > 1:  # MSTL wants more than two cycles, STL two
        usable = [period for period in usable if period < len(given) / 2]
    filled = fill_gaps(np.log(given) if log else given, usable[-1] if usable else 1)
    trend, seasons = _components(filled, usable, robust=robust)
    remainder = filled - trend - sum(seasons.values(), np.zeros(len(filled)))
    return Decomposition(
        values=filled,
        trend=trend,
        seasons=seasons,
        remainder=remainder,
        observed=observed,
        log=log,
    )


def stl_options(length: int, periods: Sequence[int], *, robust: bool) -> dict[str, Any]:
    """The arguments of statsmodels' MSTL that `decompose` uses; those of STL are in `stl_kwargs`.

    As in R: seasons are smoothed by local constants, over all cycles where these are few; loess
    over a long season is computed at every fifth step and drawn straight between (four times
    faster, and within 0.2% of the amplitude).
    """
    jump = 5 if max(periods) >= _LONG else 1
    return {
        "periods": tuple(periods),
        "windows": tuple(_window(length, period) for period in periods),
        "stl_kwargs": {
            "seasonal_deg": 0,
            "robust": robust,
            "trend_jump": jump,
            "low_pass_jump": jump,
        },
    }


def fill_gaps(values: FloatArray, period: int) -> FloatArray:
    """The values (T,) with NaN replaced: straight lines between neighbours, bent by the season.

    >>> fill_gaps(np.array([1.0, 2.0, np.nan, 4.0]), 1).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    missing = ~np.isfinite(values)
    if not missing.any():
        return values
    steps = np.arange(len(values))
    line = np.interp(steps, steps[~missing], values[~missing])
    if period < 2 or len(values) < 2 * period:
        return line
    size = min(period | 1, len(values) | 1)
    padded = np.pad(line, size // 2, mode="edge")
    level = np.convolve(padded, np.full(size, 1 / size), mode="valid")[: len(values)]
    phase = steps % period
    away = np.where(missing, 0.0, values - level)
    seen = np.bincount(phase[~missing], minlength=period)
    usual = (np.bincount(phase, weights=away, minlength=period) / np.maximum(seen, 1))[phase]
    line = np.interp(steps, steps[~missing], (values - usual)[~missing])
    return np.where(missing, line + usual, values)


def _components(
    values: FloatArray, periods: list[int], *, robust: bool
) -> tuple[FloatArray, dict[int, FloatArray]]:
    from statsmodels.nonparametric.smoothers_lowess import lowess
    from statsmodels.tsa.seasonal import MSTL, STL

    if not periods:
        steps = np.arange(len(values), dtype=np.float64)
        frac = max(TREND_SHARE, min(1.0, 5 / len(values)))
        return lowess(values, steps, frac=frac, it=3 if robust else 0, return_sorted=False), {}
    options = stl_options(len(values), periods, robust=robust)
    if len(periods) == 1:
        (window,) = options["windows"]
        found = STL(values, period=periods[0], seasonal=window, **options["stl_kwargs"]).fit()
        return found.trend, {periods[0]: found.seasonal}
    found = MSTL(values, **options).fit()
    return found.trend, {period: found.seasonal[:, i] for i, period in enumerate(periods)}


def _window(length: int, period: int) -> int:
    """Cycles that a season is smoothed over: all of them ("periodic" in R), or eleven."""
    cycles = length // period
    return 10 * length + 1 if cycles < PERIODIC_BELOW else 11


def _noise_left(cycles: float, window: int) -> float:
    """Share of the variance of pure noise that stays in the remainder of a seasonal smoother."""
    reach = min(window // 2, max(round(cycles) - 1, 1))
    if window > 2 * cycles:  # periodic: the mean over all cycles
        return 1 - 1 / max(cycles, 2.0)
    distance = np.abs(np.arange(-reach, reach + 1)) / (window / 2)
    weights = (1 - distance**3) ** 3
    weights /= weights.sum()
    return float(1 - 2 * weights[reach] + (weights**2).sum())


def _strength(part: FloatArray, remainder: FloatArray, *, scale: float = 1.0) -> float:
    together = float(np.var(part + remainder))
    spread = float(np.var(remainder))
    if together <= 1e-18 * max(1.0, float(np.abs(part).max()) ** 2):
        return float("nan")
    return float(np.clip(1 - scale * spread / together, 0.0, 1.0))
