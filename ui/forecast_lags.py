"""How good what was published before turned out to be, one and four periods ahead.

The numbers come from publications; `summary` needs nothing but a frame of them. Knows no Streamlit.
"""

from dataclasses import dataclass

import pandas as pd

from data.scope import Freq
from ui import forecast_words
from ui import format as fmt

LAGS = (1, 4)


@dataclass(frozen=True, kw_only=True)
class Lag:
    """What was published some periods before it was sold."""

    lag: int  # periods between
    error: float  # WAPE
    bias: float  # above zero: published more than sold
    periods: int


def summary(frame: pd.DataFrame) -> tuple[Lag, ...]:
    """The error of each lag over the periods that were published and sold.

    `frame` has the columns timestamp, published_lag1, published_lag4 and actual, NaN where not
    known; a lag without a period that sold is left out.
    """
    found = []
    for lag in LAGS:
        known = frame[[f"published_lag{lag}", "actual"]].dropna()
        sold = float(known["actual"].abs().sum())
        if not sold:
            continue
        off = known[f"published_lag{lag}"] - known["actual"]
        found.append(
            Lag(
                lag=lag,
                error=float(off.abs().sum()) / sold,
                bias=float(off.sum()) / sold,
                periods=len(known),
            )
        )
    return tuple(found)


def in_words(found: tuple[Lag, ...], freq: Freq) -> str:
    """The summary as a sentence; "" where nothing was published in time.

    >>> one = Lag(lag=1, error=0.081, bias=0.02, periods=6)
    >>> in_words((one, Lag(lag=4, error=0.12, bias=-0.04, periods=3)), "W")
    'Published before: 8.1% off 1 week ahead (6 weeks), 12.0% off 4 weeks ahead (3 weeks).'
    """
    if not found:
        return ""
    parts = [
        f"{fmt.share(each.error)} off {forecast_words.periods(each.lag, freq)} ahead "
        f"({forecast_words.periods(each.periods, freq)})"
        for each in found
    ]
    return f"Published before: {', '.join(parts)}."
