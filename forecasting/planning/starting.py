"""A forecast seen from a later day than its cutoff: what has passed is cut off."""

from dataclasses import replace

import numpy as np
import pandas as pd

from forecasting.errors import PanelError
from forecasting.forecast import Forecast

FEWEST = 2  # steps that must be left


def starting(forecast: Forecast, day: pd.Timestamp) -> Forecast:
    """The same forecast with steps that begin on `day`, which is in or before its horizon.

    Steps that have passed are gone. Where the day lies within a step, each new step is made of the
    rest of one and the beginning of the next; means are exact for even demand, quantiles take both
    parts to be high or low together. Raises `PanelError` where fewer than two steps are left.
    """
    times = forecast.timestamps
    length = (times[-1] - forecast.cutoff) / len(times)
    passed = max((day - times[0]) / length, 0.0)
    whole, part = int(passed + 1e-6), passed % 1.0 if passed % 1.0 > 1e-6 else 0.0
    left = len(times) - whole - (part > 0)
    if left < FEWEST:
        raise PanelError(f"All that was forecast has passed by {day:%d %b %Y}. Forecast again.")
    if not passed:
        return forecast

    def mixed(values: np.ndarray) -> np.ndarray:
        first = values[:, whole : whole + left]
        if not part:
            return first
        return (1 - part) * first + part * values[:, whole + 1 : whole + 1 + left]

    offset = times[whole : whole + left] + part * length
    return replace(
        forecast,
        mean=mixed(forecast.mean),
        quantiles=mixed(forecast.quantiles),
        timestamps=pd.DatetimeIndex(offset).round("s"),
        cutoff=pd.Timestamp(offset[0] - length),
    )
