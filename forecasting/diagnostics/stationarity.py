"""Whether a series keeps coming back to one level: two tests with opposite null hypotheses."""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecasting.arrays import FloatArray

LEVEL = 0.05  # of significance
FEWEST = 20  # observations for the tests
Verdict = Literal["steady", "wanders", "mixed", "unclear"]


@dataclass(frozen=True, kw_only=True)
class UnitRoots:
    """Augmented Dickey-Fuller (null: it wanders) beside KPSS (null: it is steady)."""

    adf: float  # statistic
    adf_p: float
    adf_lags: int
    kpss: float  # statistic
    kpss_p: float  # cut at 0.01 and 0.10, where the table ends
    kpss_lags: int

    @property
    def verdict(self) -> Verdict:
        """steady: both say so; wanders: both; mixed: both reject; unclear: neither rejects."""
        no_root, not_steady = self.adf_p < LEVEL, self.kpss_p < LEVEL
        if no_root:
            return "mixed" if not_steady else "steady"
        return "wanders" if not_steady else "unclear"


def stationarity(values: FloatArray) -> UnitRoots | None:
    """Both tests around a constant level, for values (T,) without gaps.

    D. A. Dickey and W. A. Fuller (1979), lags by AIC; D. Kwiatkowski, P. C. B. Phillips, P. Schmidt
    and Y. Shin (1992), lags by G. W. Schwert's rule, 12 (T / 100)^¼, because the automatic choice
    divides by zero for a single spike. None where the values are too few or constant.
    """
    from statsmodels.tools.sm_exceptions import InterpolationWarning
    from statsmodels.tsa.stattools import adfuller, kpss

    if len(values) < FEWEST or np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None
    root = adfuller(values, regression="c", autolag="AIC", result_object=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InterpolationWarning)  # p beyond the table is cut
        level = kpss(values, regression="c", nlags="legacy", result_object=False)
    return UnitRoots(
        adf=float(root[0]),
        adf_p=float(root[1]),
        adf_lags=int(root[2]),
        kpss=float(level[0]),
        kpss_p=float(level[1]),
        kpss_lags=int(level[2]),
    )
