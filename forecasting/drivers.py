"""Drivers of a forecast, and what a panel would be without them: the ordinary case.

Without a covariate's driver its value ahead is what is usual; without season the history has no
seasonal pattern; without recent history the last weeks were ordinary ones. The lower price of a
promotion is part of the promotion: nobody reads "price" where the leaflet says 30 % off. Shape
suffixes: N series, T steps, H horizon, K known covariates, S steps per season.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, Float32Array, FloatArray, IntArray
from forecasting.errors import ConfigError
from forecasting.panel import Panel
from forecasting.validation import first_of

LEVEL, SEASON, RECENT = "level", "season", "recent history"
STANDARD = (LEVEL, SEASON, "calendar", "price", "promotion", RECENT)

# Words that begin a part of a covariate's name, by the driver it then belongs to.
WORDS = {
    "price": ("price", "sellprice", "unitprice"),
    "promotion": (
        "promo",
        "deal",
        "feature",
        "discount",
        "campaign",
        "coupon",
        "markdown",
        "offer",
    ),
    "calendar": (
        *("holiday", "event", "festival", "snap", "school", "weekend", "open", "closed", "payday"),
        *("easter", "christmas", "thanksgiving", "blackfriday", "ramadan"),
    ),
}
RECENT_STEPS = {24: 48, 7: 28, 5: 20, 52: 8, 12: 6, 4: 4}  # by steps per season
OTHER_RECENT = 4
LONGEST_SHORT_SEASON = 11  # steps; of shorter seasons eight are looked at for what is usual
MOST_SEASONS = 52  # the latest, that a seasonal pattern is taken from
LONGEST_ROUGH_SEASON = 26  # steps; the pattern of a longer season is smoothed
PLAIN_SEASONS = 0.5  # seasons without pattern, that count beside those seen
CLOSED = 0.2  # of the level: on lower days of the season dividing by the pattern says nothing


def drivers_of(names: tuple[str, ...], roles: Mapping[str, str] | None) -> dict[str, str]:
    """The driver of each known covariate: as given, else by its name, else its own name.

    >>> drivers_of(("sell_price", "is_promo", "snap", "rain"), {"rain": "weather"})
    {'sell_price': 'price', 'is_promo': 'promotion', 'snap': 'calendar', 'rain': 'weather'}
    """
    given = dict(roles or {})
    if foreign := [name for name in given if name not in names]:
        raise ConfigError(
            f"roles name {first_of(foreign)}, which the panel does not have as known covariates. "
            f"It has {first_of(names) or 'none'}."
        )
    if history := sorted(set(given.values()) & {LEVEL, SEASON, RECENT}):
        raise ConfigError(
            f"A covariate cannot have the role {first_of(history)}: that is taken from the "
            "history. Use 'price', 'promotion', 'calendar' or a name of its own."
        )
    return {name: given.get(name) or _by_name(name) for name in names}


def _by_name(name: str) -> str:
    parts = re.split(r"[^a-z]+", name.lower())
    for driver, words in WORDS.items():
        if any(part.startswith(words) for part in parts):
            return driver
    return f"covariate {name}" if name in STANDARD else name


def usual_steps(panel: Panel) -> int:
    """Steps over which something is usual: eight short seasons or one long."""
    season = panel.seasonality
    return 8 * season if season <= LONGEST_SHORT_SEASON else season


def usual_covariates(panel: Panel, drivers: Mapping[str, str]) -> FloatArray:
    """The usual value (N, K) of each known covariate; NaN for one that was never known.

    No promotion is usual; otherwise the middle of the values of the last season or so.
    """
    usual = np.full((panel.num_series, len(panel.known_names)), np.nan)
    for k, name in enumerate(panel.known_names):
        if drivers[name] == "promotion":
            usual[:, k] = 0.0
            continue
        column = panel.known_covariates[:, :, k].astype(np.float64)
        recent = pd.DataFrame(column[:, -usual_steps(panel) :].T).median()
        usual[:, k] = recent.fillna(pd.DataFrame(column.T).ffill().iloc[-1]).to_numpy()
    return usual


@dataclass(frozen=True, kw_only=True, eq=False)
class Season:
    """The seasonal pattern of each series, taken from its whole history."""

    pattern: FloatArray  # (N, S): factors of mean one, or summands of mean zero
    multiplies: BoolArray  # (N,), True where nothing is negative
    trend: FloatArray  # (N, T), mean over a season around each step
    known: BoolArray  # (N,), False where the history is too short for a pattern

    @classmethod
    def of(cls, panel: Panel, special: BoolArray) -> "Season":
        """The pattern of the panel's seasonality; needs two seasons of a series.

        Special steps (N, T) are left out, or last year's promotion would count as this year's
        season.
        """
        season = panel.seasonality
        values = np.where(special, np.nan, panel.target)
        enough = -(-season // 2)
        rolling = pd.DataFrame(values.T).rolling(season, center=True, min_periods=enough)
        trend = rolling.mean().to_numpy().T
        multiplies: BoolArray = np.asarray((np.nan_to_num(panel.target) >= 0).all(axis=1))
        usable = ~np.isnan(values) & ~np.isnan(trend)
        usable[:, : max(panel.length - MOST_SEASONS * season, 0)] = False
        position = np.arange(panel.length) % season
        neutral = multiplies[:, None].astype(np.float64)
        pattern = np.repeat(neutral, season, axis=1)
        level = np.where(usable, trend, 0.0).sum(axis=1) / np.maximum(usable.sum(axis=1), 1)
        for at in range(season):
            here = usable & (position == at)
            count = here.sum(axis=1)
            sales = np.where(here, values, 0.0).sum(axis=1)
            usual = np.where(here, trend, 0.0).sum(axis=1)
            # Half a season more, without pattern: what only one or two show is partly chance.
            plain = PLAIN_SEASONS * level
            factor = (sales + plain) / np.where(usual + plain > 0, usual + plain, 1.0)
            summand = (sales - usual) / (count + PLAIN_SEASONS)
            pattern[:, at] = np.where(multiplies, factor, summand)
        if season > LONGEST_ROUGH_SEASON:
            around = np.roll(pattern, 1, axis=1) + np.roll(pattern, -1, axis=1)
            pattern = (2 * pattern + around) / 4
        known = (usable.sum(axis=1) >= 2 * season) & (season > 1) & (~multiplies | (level > 0))
        mean = pattern.mean(axis=1, keepdims=True)
        factors = pattern / np.where(mean > 0, mean, 1.0)
        pattern = np.where(multiplies[:, None], factors, pattern - mean)
        pattern = np.where(known[:, None], pattern, neutral)
        return cls(pattern=pattern, multiplies=multiplies, trend=trend, known=known)

    def at(self, steps: IntArray) -> FloatArray:
        """The pattern (N, steps) at steps of the calendar."""
        return np.asarray(self.pattern[:, steps % self.pattern.shape[1]])

    def without(self, values: FloatArray) -> FloatArray:
        """Values (N, T) freed of the pattern; NaN stays."""
        pattern = self.at(np.arange(values.shape[1]))
        level = np.where(np.isnan(self.trend), values, self.trend)
        level = np.where(np.isnan(values), np.nan, level)
        divided = np.where(pattern >= CLOSED, values / np.maximum(pattern, CLOSED), level)
        return np.where(self.multiplies[:, None], divided, values - pattern)

    def onto(self, level: FloatArray, steps: IntArray) -> FloatArray:
        """Values (N, steps) of a level (N,) with the pattern put onto it."""
        pattern = self.at(steps)
        return np.where(
            self.multiplies[:, None], level[:, None] * pattern, level[:, None] + pattern
        )


class Ordinary:
    """A panel of some series with any of its drivers taken away."""

    def __init__(self, panel: Panel, ahead: FloatArray, drivers: Mapping[str, str]) -> None:
        self.panel, self.ahead = panel, ahead
        self.drivers = drivers
        self.usual = usual_covariates(panel, drivers)
        self.special = self._special()
        self.season = Season.of(panel, self.special)
        recent = RECENT_STEPS.get(panel.seasonality, OTHER_RECENT)
        self.recent = np.arange(max(panel.length - recent, 0), panel.length)
        self.names = tuple(dict.fromkeys([*STANDARD[1:], *drivers.values()]))
        self.owners = self._owners()

    def active(self, *, covariates: bool) -> BoolArray:
        """(N, drivers), True where taking a driver away changes anything at all."""
        found = np.zeros((self.panel.num_series, len(self.names)), dtype=bool)
        found[:, self.names.index(SEASON)] = self.season.known
        found[:, self.names.index(RECENT)] = np.isfinite(self.usual_level)
        if covariates:
            known = ~np.isnan(self.usual)[:, None] & ~np.isnan(self.ahead)
            differs = known & ~np.isclose(self.ahead, self.usual[:, None])
            for at in range(len(self.names)):
                found[:, at] |= (differs & (self.owners == at)).any(axis=(1, 2))
        return found

    def _owners(self) -> IntArray:
        """The driver (N, H, K) of each covariate ahead, as its place in `names`.

        A price below the usual one belongs to the promotion that is on with it.
        """
        columns = [self.drivers[name] for name in self.panel.known_names]
        owners = np.empty(self.ahead.shape, dtype=np.int64)
        owners[:] = [self.names.index(driver) for driver in columns]
        usual = self.usual[:, None]
        promotions = [k for k, driver in enumerate(columns) if driver == "promotion"]
        above: BoolArray = np.asarray(self.ahead > usual)
        promoted: BoolArray = np.asarray(above[:, :, promotions].any(axis=2))
        cut = (self.ahead < usual) & (owners == self.names.index("price"))
        owners[cut & promoted[:, :, None]] = self.names.index("promotion")
        return owners

    @cached_property
    def usual_level(self) -> FloatArray:
        """(N,), the level before the recent steps; NaN where that was not seen for long enough."""
        before = slice(
            max(self.panel.length - len(self.recent) - usual_steps(self.panel), 0),
            self.panel.length - len(self.recent),
        )
        least = max(self.panel.seasonality // 2, 4)
        flat = np.where(self.special, np.nan, self._flat)[:, before]
        scarce = (~np.isnan(flat)).sum(axis=1) < least
        flat = np.where(scarce[:, None], self._flat[:, before], flat)
        seen = (~np.isnan(flat)).sum(axis=1)
        return np.where(seen >= least, np.nansum(flat, axis=1) / np.maximum(seen, 1), np.nan)

    def _special(self) -> BoolArray:
        """(N, T), True in promotions and events; nowhere for a series that has them mostly."""
        found = np.zeros((self.panel.num_series, self.panel.length), dtype=bool)
        for k, name in enumerate(self.panel.known_names):
            if self.drivers[name] in ("promotion", "calendar"):
                values, usual = self.panel.known_covariates[:, :, k], self.usual[:, k][:, None]
                found |= ~np.isnan(values) & ~np.isnan(usual) & ~np.isclose(values, usual)
        launched = np.maximum(self.panel.observed.sum(axis=1), 1)
        mostly = (found & self.panel.observed).sum(axis=1) > launched / 2
        return np.asarray(found & ~mostly[:, None])

    @cached_property
    def _flat(self) -> FloatArray:
        return self.season.without(self.panel.target)

    def without(self, rows: IntArray, absent: BoolArray) -> tuple[FloatArray, Float32Array]:
        """Target (R, T) and known covariates (R, T + H, K) of series `rows` without drivers.

        `absent` is (R, drivers).
        """
        panel, recent = self.panel, self.recent
        flat, past = absent[:, self.names.index(SEASON)], absent[:, self.names.index(RECENT)]
        target = np.where(flat[:, None], self._flat[rows], panel.target[rows])
        patterned = self.season.onto(self.usual_level, recent)[rows]
        plain = np.broadcast_to(self.usual_level[rows][:, None], patterned.shape)
        ordinary = np.where(flat[:, None], plain, patterned)
        target[:, recent] = np.where(past[:, None], ordinary, target[:, recent])
        known = np.concatenate([panel.known_covariates, self.ahead], axis=1)[rows]
        usual = self.usual[rows]
        gone = np.take_along_axis(absent[:, None], self.owners[rows], axis=2)
        gone &= ~np.isnan(usual)[:, None]
        future = known[:, panel.length :]
        future[gone] = np.broadcast_to(usual[:, None], future.shape)[gone]
        for k in range(len(panel.known_names)):
            # Weeks without special sales had no special prices or promotions either.
            ordinary_weeks = np.flatnonzero(past & ~np.isnan(usual[:, k]))
            known[ordinary_weeks[:, None], recent, k] = usual[ordinary_weeks, k][:, None]
        return target, known.astype(np.float32)
