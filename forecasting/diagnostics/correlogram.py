"""How much a series resembles itself some steps earlier."""

from dataclasses import dataclass

import numpy as np

from forecasting.arrays import FloatArray, IntArray

FEWEST = 8  # values for a correlation worth looking at


@dataclass(frozen=True, kw_only=True, eq=False)
class Correlogram:
    """Autocorrelations of lags 1 to L, each (L,), and the band of pure noise."""

    lags: IntArray
    acf: FloatArray
    pacf: FloatArray  # what a lag adds beyond all shorter ones
    band: float  # 95% of the correlations of pure noise lie within ± this

    def peaks(self, *, most: int = 3) -> list[int]:
        """Lags that stand out of their neighbours by more than the band, the most alike first."""
        from scipy.signal import find_peaks

        places, _ = find_peaks(np.append(self.acf, -1.0), height=self.band, prominence=self.band)
        order = np.argsort(-self.acf[places], kind="stable")[:most]
        return [int(self.lags[place]) for place in places[order]]

    @property
    def reach(self) -> int:
        """The first lags, without a break, that are above the band."""
        inside = np.flatnonzero(self.acf <= self.band)
        return int(inside[0]) if len(inside) else len(self.acf)


def correlogram(values: FloatArray, lags: int) -> Correlogram | None:
    """ACF and PACF (Yule-Walker) of values (T,) without gaps, as statsmodels computes them.

    The band is that of white noise, ±1.96 / √T (G. E. P. Box and G. M. Jenkins, 1970). Lags are cut
    at half the length; None where the values do not vary or are fewer than eight.
    """
    from statsmodels.tsa.stattools import acf, pacf

    lags = min(lags, len(values) // 2 - 1)
    if len(values) < FEWEST or np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None
    return Correlogram(
        lags=np.arange(1, lags + 1),
        acf=acf(values, nlags=lags, fft=True)[1:],
        pacf=pacf(values, nlags=lags, method="ywm")[1:],
        band=float(1.959964 / np.sqrt(len(values))),
    )
