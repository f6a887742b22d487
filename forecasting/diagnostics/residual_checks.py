"""What is left in the errors of a forecast: memory, a lean to one side, tails.

Errors that resemble their neighbours hold something that a model could still learn. Errors h steps
ahead resemble h - 1 neighbours even of a perfect model; memory beyond that is what to look at.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.arrays import FloatArray, IntArray

FEWEST = 8  # errors for a check worth looking at
_USUAL_LAGS = 26
_NO_SPREAD = 1e-12  # of the largest error: below, they do not vary


@dataclass(frozen=True, kw_only=True, eq=False)
class ResidualChecks:
    """Errors (T,) in order of time, judged; lags 1 to L, each (L,)."""

    count: int  # errors that are known
    mean: float  # forecast minus actual, in the units given
    mean_p_value: float  # how often chance alone moves the mean this far from zero
    lags: IntArray
    acf: FloatArray
    band: float  # 95 % of the correlations of pure noise lie within ± this
    ljung_box: FloatArray  # statistic over lags 1 to l
    p_values: FloatArray  # of it: how often pure noise has this much memory
    normal: FloatArray  # (N,) quantiles of a normal distribution with the errors' mean and spread
    ordered: FloatArray  # (N,) the errors, smallest first

    @property
    def standing_out(self) -> list[int]:
        """Lags whose correlation is outside the band."""
        return [int(lag) for lag in self.lags[np.abs(self.acf) > self.band]]

    def p_value(self, lag: int) -> float:
        """Of Ljung and Box over lags 1 to `lag`, cut at the last there is."""
        return float(self.p_values[min(lag, len(self.p_values)) - 1])


def check_residuals(errors: FloatArray, *, lags: int = _USUAL_LAGS) -> ResidualChecks | None:
    """Checks of errors (T,), evenly spaced in time; NaN is a step without one.

    Lags are cut at half of the errors. ACF as statsmodels' with gaps (`missing="conservative"`),
    the test of Ljung and Box (1978) on it. None where fewer than eight are known or all are equal.

    >>> rng = np.random.default_rng(0)
    >>> found = check_residuals(rng.normal(size=200))
    >>> found.count, found.p_value(10) > 0.05
    (200, True)
    """
    from scipy.stats import norm, ttest_1samp
    from statsmodels.tsa.stattools import acf, q_stat

    known = errors[~np.isnan(errors)]
    if len(known) < FEWEST or np.ptp(known) <= _NO_SPREAD * float(np.abs(known).max()):
        return None
    reach = max(min(lags, len(known) // 2 - 1), 1)
    gaps = "conservative" if len(known) < len(errors) else "none"
    correlations = acf(errors, nlags=reach, fft=False, missing=gaps)[1:]
    statistic, p_values = q_stat(correlations, len(known))
    places = (np.arange(1, len(known) + 1) - 0.5) / len(known)
    return ResidualChecks(
        count=len(known),
        mean=float(known.mean()),
        mean_p_value=float(ttest_1samp(known, 0.0).pvalue),
        lags=np.arange(1, len(correlations) + 1),
        acf=np.asarray(correlations),
        band=float(1.959964 / np.sqrt(len(known))),
        ljung_box=np.asarray(statistic),
        p_values=np.asarray(p_values),
        normal=np.asarray(known.mean() + known.std(ddof=1) * norm.ppf(places)),
        ordered=np.sort(known),
    )
