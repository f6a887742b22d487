"""Frequencies from hour to year: reading them, fitting their anchor to the data, going on in time.

A frequency is a pandas code such as "h", "D", "B", "W-MON", "MS", "QE-DEC", "YS" or a multiple such
as "2W". A code without its anchor ("W", "QS") takes the anchor of the data, and the short codes of
older pandas ("H", "M", "Q", "Y", "A") take start or end of the period, whichever the data use.
"""

import re

import pandas as pd
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset

from forecasting.errors import ConfigError
from forecasting.seasonality import STEPS_PER_SEASON

WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
OLD_CODES = {"H": ("h",), "M": ("MS", "ME"), "Q": ("QS", "QE"), "Y": ("YS", "YE")}
OLD_CODES |= {"A": ("YS", "YE"), "AS": ("YS",), "BM": ("BME",), "BQ": ("BQE",)}
ANCHORS = {"W": WEEKDAYS, "QS": MONTHS[:3], "QE": (MONTHS[11], *MONTHS[:2])}
ANCHORS |= {"YS": MONTHS, "YE": (MONTHS[11], *MONTHS[:11])}
PLAIN = ("YS", "YE", "QS", "QE", "MS", "ME", "W", "B", "D", "h")  # coarse to fine, for hints


def resolve(freq: str, stamps: pd.DatetimeIndex) -> str | None:
    """The full code of `freq` on whose grid all sorted unique `stamps` lie, or None.

    >>> resolve("W", pd.DatetimeIndex(["2024-01-01", "2024-01-15"]))
    'W-MON'
    """
    for code in candidates(freq):
        if stamps.isin(grid(stamps[0], stamps[-1], code)).all():
            return code
    return None


def grid(first: pd.Timestamp, last: pd.Timestamp, freq: str) -> pd.DatetimeIndex:
    """All timestamps of the frequency from first to last, both included where they are on it."""
    return pd.date_range(first, last, freq=freq, unit="ns")


def future_timestamps(cutoff: pd.Timestamp, freq: str, horizon: int) -> pd.DatetimeIndex:
    """The `horizon` timestamps that follow the cutoff.

    >>> future_timestamps(pd.Timestamp("2024-01-31"), "ME", 2).strftime("%Y-%m-%d").tolist()
    ['2024-02-29', '2024-03-31']
    """
    return pd.date_range(cutoff, periods=horizon + 1, freq=freq, unit="ns")[1:]


def is_shorter_than_a_day(freq: str) -> bool:
    """Whether times of day belong to the timestamps of this frequency."""
    return _offset(candidates(freq)[0]).rule_code == "h"


def fitting_frequency(stamps: pd.DatetimeIndex) -> str | None:
    """The coarsest plain frequency on which the stamps lie with some direct neighbours."""
    for plain in PLAIN:
        code = resolve(plain, stamps)
        if code is None:
            continue
        positions = grid(stamps[0], stamps[-1], code).get_indexer(stamps)
        if len(stamps) > 1 and (positions[1:] - positions[:-1]).min() == 1:
            return code
    return None


def candidates(freq: str) -> list[str]:
    """Full codes that a code may mean, the likeliest first."""
    match = re.fullmatch(r"\s*(\d*)([A-Za-z]+)(-[A-Za-z]{3})?\s*", freq)
    if match is None:
        raise ConfigError(_unknown(freq))
    multiple, base, anchor = match.groups()
    bases = OLD_CODES.get(base.upper() if base.upper() in {"H", "D", "W"} else base, (base,))
    codes = []
    for written in bases:
        name = written if written == "h" else written.upper()
        if name not in STEPS_PER_SEASON:
            raise ConfigError(_unknown(freq))
        anchors = [anchor] if anchor else [f"-{each}" for each in ANCHORS.get(name, ())] or [""]
        codes += [f"{multiple}{name}{each.upper()}" for each in anchors]
    return [_offset(code, freq).freqstr for code in codes]


def _offset(code: str, asked: str = "") -> BaseOffset:
    try:
        offset = to_offset(code)
    except ValueError as error:
        raise ConfigError(_unknown(asked or code)) from error
    if offset.n < 1:
        raise ConfigError(_unknown(asked or code))
    return offset


def _unknown(freq: str) -> str:
    return (
        f"freq={freq!r} is not a frequency from hour to year. Use a pandas code such as 'h', 'D', "
        "'B', 'W-MON', 'MS', 'ME', 'QS', 'YS', or a multiple such as '2W'; sum finer data first."
    )
