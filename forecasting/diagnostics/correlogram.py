"""How much a series resembles itself some steps earlier."""

from dataclasses import dataclass

import numpy as np

from forecasting.arrays import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Correlogram:
    """Autocorrelations of lags 1 to L, each (L,), and the band of pure noise."""

    lags: IntArray
    acf: FloatArray
    pacf: FloatArray  # what a lag adds beyond all shorter ones
    band: float  # 95% of the correlations of pure noise lie within ± this

    def peaks(self, *, most: int = 3) -> list[int]:
        """Lags above the band and above both neighbours, the most alike first; never lag 1."""
        inner = self.acf[1:-1]
        higher = (inner > self.acf[:-2]) & (inner >= self.acf[2:]) & (inner > self.band)
        places = np.flatnonzero(higher) + 1
        order = np.argsort(-self.acf[places], kind="stable")[:most]
        return [int(self.lags[place]) for place in places[order]]


def correlogram(values: FloatArray, lags: int) -> Correlogram | None:
    """ACF and PACF (Yule-Walker) of values (T,) without gaps, as statsmodels computes them.

    The band is that of white noise, ±1.96 / √T (G. E. P. Box and G. M. Jenkins, 1970). Lags are cut
    at a third of the length; None where the values do not vary or are fewer than six.
    """
    from statsmodels.tsa.stattools import acf, pacf

    lags = min(lags, len(values) // 3)
    if lags < 2 or np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None
    return Correlogram(
        lags=np.arange(1, lags + 1),
        acf=acf(values, nlags=lags, fft=True)[1:],
        pacf=pacf(values, nlags=lags, method="ywm")[1:],
        band=float(1.959964 / np.sqrt(len(values))),
    )
