"""The season a frequency has unless told otherwise: a day of hours, a week of days, a year else."""

from pandas.tseries.frequencies import to_offset

# Steps per season by the first part of a pandas frequency code.
STEPS_PER_SEASON = {
    "h": 24,
    "D": 7,
    "B": 5,
    "C": 5,
    "W": 52,
    "SMS": 24,
    "SME": 24,
    "MS": 12,
    "ME": 12,
    "BMS": 12,
    "BME": 12,
    "QS": 4,
    "QE": 4,
    "BQS": 4,
    "BQE": 4,
    "YS": 1,
    "YE": 1,
    "BYS": 1,
    "BYE": 1,
}


def default_seasonality(freq: str) -> int:
    """Steps per season of a pandas frequency; 1 where a multiple does not divide the season.

    >>> [default_seasonality(freq) for freq in ("h", "D", "W-MON", "MS", "QE-DEC", "YS", "4h")]
    [24, 7, 52, 12, 4, 1, 6]
    """
    offset = to_offset(freq)
    steps, rest = divmod(STEPS_PER_SEASON[offset.rule_code.split("-")[0]], offset.n)
    return steps if steps and not rest else 1
