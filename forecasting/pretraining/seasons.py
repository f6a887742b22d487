"""The seasons of a frequency as the pretrained network reads them."""

from pandas.tseries.frequencies import to_offset

from forecasting.pretraining.inference import Seasons
from forecasting.seasonality import default_seasonality

# Steps of the season that is longer than the usual one, by the first part of a frequency code.
LONGER = {"h": 168, "D": 364, "B": 260, "C": 260}


def seasons_of(freq: str, seasonality: int | None) -> Seasons:
    """The season asked for, else the frequency's, and a longer one where the frequency has it.

    >>> seasons_of("D", None), seasons_of("W-SUN", None)
    (Seasons(season=7, long_season=364), Seasons(season=52, long_season=0))
    """
    offset = to_offset(freq)
    longer, rest = divmod(LONGER.get(offset.rule_code.split("-")[0], 0), offset.n)
    season = seasonality or default_seasonality(freq)
    return Seasons(season=season, long_season=longer if not rest and longer > season else 0)
