"""From the sales of a scope to their patterns, for the Seasonality page. Knows no Streamlit.

The four answers do not depend on the period that is looked at: the weekly pattern is judged by
days, the yearly one, the trend and the next peak by weeks, or by months where nothing is finer.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.scope import Freq, Measure
from forecasting import diagnostics as dx
from forecasting.arrays import BoolArray, FloatArray
from ui import forecasts

PERIODS: dict[Freq, tuple[int, ...]] = {"D": (7, 365), "W": (52,), "M": (12,)}
YEAR: dict[Freq, float] = {"D": 365.25, "W": 52.18, "M": 12.0}
KEPT: dict[Freq, int] = {"D": 5 * 366, "W": 5 * 53, "M": 50 * 12}  # older periods tell little
LONG_GAP: dict[Freq, int] = {"D": 28, "W": 8, "M": 3}  # without a sale, where it always sells
SELLS = 0.9  # share of the other periods with a sale, from which such a gap is none of demand
MOSTLY_OUT = 0.5  # share of product-days without stock
STRONG, MODERATE = 0.64, 0.3  # 0.64: from here R's nsdiffs takes seasonal differences
NEAR_ZERO = 0.05  # of the median; logarithms would make too much of anything smaller
CLEAR_EVENTS = 1  # days around an event's own that are no outliers either


@dataclass(frozen=True, kw_only=True, eq=False)
class Sales:
    """One series made ready: (T,) arrays, one place per period."""

    freq: Freq
    times: pd.DatetimeIndex
    values: FloatArray  # as sold; NaN where not known
    stocked_out: BoolArray  # mostly out of stock
    gap: BoolArray  # nothing sold for so long that it cannot be demand
    unusual: BoolArray  # outliers
    ended: pd.Timestamp | None  # the first period of nothing but zeros until the end, left out

    @property
    def left_out(self) -> BoolArray:
        """What no pattern is learned from."""
        return self.stocked_out | self.gap | self.unusual

    @property
    def clean(self) -> FloatArray:
        """The values with NaN for all that is left out."""
        return np.where(self.left_out, np.nan, self.values)


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Growth of the trend."""

    yearly: float  # share a year
    lately: float | None  # the same over the last year; None: not two years
    since: pd.Timestamp
    compared: bool = False  # against the same periods a year before, for want of two years


@dataclass(frozen=True, kw_only=True)
class Peak:
    """The highest period of the year to come."""

    start: pd.Timestamp
    above: float  # share above a usual period


@dataclass(frozen=True, kw_only=True, eq=False)
class Patterns:
    """What the page shows of one scope."""

    shown: Sales  # at the period that was chosen
    parts: dx.Decomposition | None  # of it; None: too short
    changes: tuple[dx.ChangePoint, ...]  # positions in `base`
    base: Sales  # weeks, or months
    base_parts: dx.Decomposition | None
    days: Sales | None  # None: the data has none
    yearly: float | None  # strength beyond chance, 0..1; None: not two years
    weekly: float | None  # None: no days, or not two weeks of them
    trend: Trend | None
    peak: Peak | None
    week: dx.Profile | None  # by weekday, Monday first
    year: dx.Profile | None  # by month, January first


def patterns(
    frames: dict[Freq, pd.DataFrame], *, freq: Freq, measure: Measure, events: pd.DataFrame
) -> Patterns | None:
    """The patterns of a scope from its `data.queries.series` frames by period.

    `frames` holds the asked period, days where the data has them, and weeks or months. None where
    no period is complete or nothing but zeros was sold.
    """
    sales = {key: prepare(frame, key, measure, events) for key, frame in frames.items()}
    shown = sales[freq]
    base = sales.get("W") or sales.get("M") or shown
    days = sales.get("D")
    if shown is None or base is None:
        return None
    base_parts = taken_apart(base, PERIODS[base.freq])
    parts = base_parts if freq == base.freq else taken_apart(shown, PERIODS[freq])
    day_parts = taken_apart(days, (7,)) if days else None
    season = PERIODS[base.freq][0]
    has_year = base_parts is not None and season in base_parts.seasons
    return Patterns(
        shown=shown,
        parts=parts,
        # Before two years a season cannot be told from a change.
        changes=tuple(dx.change_points(base_parts, shortest=max(season // 4, 6)))
        if base_parts and has_year
        else (),
        base=base,
        base_parts=base_parts,
        days=days,
        yearly=beyond(base_parts, season) if base_parts and has_year else None,
        weekly=beyond(day_parts, 7) if day_parts and 7 in day_parts.seasons else None,
        trend=trend_of(base, base_parts if has_year else None),
        peak=_peak(base, base_parts) if base_parts and has_year else None,
        week=usual_week(days, day_parts, events) if days and day_parts else None,
        year=usual_year(days or base, base, base_parts if has_year else None),
    )


def prepare(
    frame: pd.DataFrame,
    freq: Freq,
    measure: Measure,
    events: pd.DataFrame,
    *,
    thorough: bool = True,
) -> Sales | None:
    """The complete periods of a `data.queries.series` frame, and which of them to leave out.

    Not `thorough`: outliers are told from their neighbours alone, and among days not at all.
    """
    history = forecasts.history_of(frame, measure).iloc[-KEPT[freq] :]
    values = history["value"].to_numpy(dtype=np.float64)
    times = pd.DatetimeIndex(history["timestamp"])
    if not len(values) or not np.nansum(np.abs(values)):
        return None
    gap = _long_gaps(values, freq)
    ended = None
    if gap[-1]:
        end = int(np.flatnonzero(~gap)[-1]) + 1
        ended, values, times, gap = times[end], values[:end], times[:end], gap[:end]
    out = (history["stockout_share"].to_numpy(dtype=np.float64)[: len(values)]) >= MOSTLY_OUT
    if out.mean() > MODERATE:  # then it is how the shop sells, not an exception
        out = np.zeros(len(values), dtype=bool)
    known = np.where(gap | out, np.nan, values)
    explained = event_periods(times, freq, events)
    unusual = np.zeros(len(known), dtype=bool)
    season = PERIODS[freq][0] if thorough else 1
    if thorough or freq != "D":
        unusual = dx.outliers(known, season, year=YEAR[freq], explained=explained)
    if unusual.any() and _multiplicative(known):  # small numbers are no outliers in logarithms
        unusual &= dx.outliers(np.log(known), season, year=YEAR[freq], explained=explained)
    return Sales(
        freq=freq,
        times=times,
        values=values,
        stocked_out=out & np.isfinite(values),
        gap=gap | ~np.isfinite(values),
        unusual=unusual,
        ended=ended,
    )


def event_periods(times: pd.DatetimeIndex, freq: Freq, events: pd.DataFrame) -> BoolArray:
    """Periods that an event or the days around it touch."""
    touched = np.zeros(len(times), dtype=bool)
    length = pd.Timedelta(days={"D": 0, "W": 6, "M": 30}[freq])
    for first, last, before, after in zip(
        pd.to_datetime(events["first_day"]),
        pd.to_datetime(events["last_day"]),
        events["days_before"],
        events["days_after"],
        strict=True,
    ):
        begins = first - pd.Timedelta(days=int(before) + CLEAR_EVENTS)
        ends = last + pd.Timedelta(days=int(after) + CLEAR_EVENTS)
        touched |= np.asarray((times <= ends) & (times + length >= begins))
    return touched


def taken_apart(sales: Sales | None, periods: tuple[int, ...]) -> dx.Decomposition | None:
    """The decomposition of what is left of a series; None below the fewest values."""
    if sales is None or np.isfinite(sales.clean).sum() < dx.FEWEST:
        return None
    clean = sales.clean
    return dx.decompose(clean, periods, log=_multiplicative(clean))


def level_of(parts: dx.Decomposition) -> FloatArray:
    """The trend in the units of the series: the mean of a whole season around each period."""
    if not parts.log:
        return parts.trend
    seasons = sum(parts.seasons.values(), np.zeros(len(parts.trend)))
    return np.asarray(np.exp(parts.trend) * np.exp(seasons).mean())


def season_percent(parts: dx.Decomposition, period: int) -> FloatArray | None:
    """A season as percent above its own mean; None where the level is not positive."""
    season = parts.seasons[period]
    if parts.log:
        factors = np.exp(season)
        return np.asarray((factors / factors.mean() - 1) * 100)
    mean = float(parts.trend.mean())
    return np.asarray(season / mean * 100) if mean > 0 else None


def rest_percent(sales: Sales, parts: dx.Decomposition) -> FloatArray | None:
    """What trend and seasons do not explain, in percent of them, also where it was left out."""
    expected = parts.trend + sum(parts.seasons.values(), np.zeros(len(parts.trend)))
    if parts.log:
        return np.asarray((sales.values / np.exp(expected) - 1) * 100)
    mean = float(parts.trend.mean())
    return np.asarray((sales.values - expected) / mean * 100) if mean > 0 else None


def _multiplicative(values: FloatArray) -> bool:
    """Whether all is well above zero: then seasons are shares of the level, as sales mostly are."""
    seen = values[np.isfinite(values)]
    return bool(len(seen) and seen.min() > NEAR_ZERO * np.median(seen) > 0)


def _long_gaps(values: FloatArray, freq: Freq) -> BoolArray:
    """Runs of zeros too long for demand, unless the same time of another year sells nothing too."""
    zero = ~(np.abs(np.nan_to_num(values, nan=1.0)) > 0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], zero.view(np.int8), [0]])))
    runs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= LONG_GAP[freq]]
    long = np.zeros(len(values), dtype=bool)
    for start, end in runs:
        long[start:end] = True
    if not runs or (~zero[~long]).mean() < SELLS:
        return np.zeros(len(values), dtype=bool)
    for start, end in runs:
        year = round(YEAR[freq])
        places = np.concatenate([np.arange(start, end) - year, np.arange(start, end) + year])
        places = places[(places >= 0) & (places < len(values))]
        places = places[(places < start) | (places >= end)]
        if len(places) >= (end - start) // 2 and long[places].mean() > 0.5:
            return np.zeros(len(values), dtype=bool)
    return long


def beyond(parts: dx.Decomposition, season: int) -> float | None:
    strength = parts.beyond_chance(season)
    return None if np.isnan(strength) else strength


def trend_of(base: Sales, parts: dx.Decomposition | None) -> Trend | None:
    """Growth a year by a straight line through the trend; before two years, against last year."""
    year = PERIODS[base.freq][0]
    if parts is None:
        return _against_last_year(base, year)
    growth = _growth(parts, parts.trend, year)
    if growth is None:
        return None
    return Trend(yearly=growth, lately=_lately(level_of(parts), year), since=base.times[0])


def _growth(parts: dx.Decomposition, trend: FloatArray, year: int) -> float | None:
    slope, start = np.polyfit(np.arange(len(trend)), trend, 1)
    if parts.log:
        return float(np.expm1(slope * year))
    level = start + slope * len(trend) / 2
    return float(slope * year / level) if level > 0 else None


def _lately(level: FloatArray, year: int) -> float | None:
    """The last year of the trend against the one before."""
    before = float(level[-2 * year : -year].mean())
    return float(level[-year:].mean()) / before - 1 if before > 0 else None


def _against_last_year(base: Sales, year: int) -> Trend | None:
    clean = base.clean
    overlap = len(clean) - year
    if overlap < max(year // 12, 1):
        return None
    now, before = clean[-overlap:], clean[:overlap]
    both = np.isfinite(now) & np.isfinite(before)
    if not both.any() or before[both].sum() <= 0:
        return None
    return Trend(
        yearly=float(now[both].sum() / before[both].sum() - 1),
        lately=None,
        since=base.times[year],
        compared=True,
    )


def _peak(base: Sales, parts: dx.Decomposition) -> Peak | None:
    year = PERIODS[base.freq][0]
    whole = season_percent(parts, year)
    if whole is None or base.ended is not None:
        return None
    season = whole[-year:]
    ahead = int(np.argmax(season)) + 1
    step = pd.Timedelta(days=7 * ahead) if base.freq == "W" else pd.DateOffset(months=ahead)
    return Peak(start=base.times[-1] + step, above=float(season.max()) / 100)


def usual_week(days: Sales, parts: dx.Decomposition, events: pd.DataFrame) -> dx.Profile | None:
    if len(days.times) < 14:
        return None
    usual = ~event_periods(days.times, "D", events)
    use = usual if usual.sum() >= 14 else None
    return dx.profile(
        days.clean,
        level_of(parts),
        days.times.dayofweek.to_numpy(),
        days.times.year.to_numpy(),
        7,
        use=use,
    )


def usual_year(fine: Sales, base: Sales, parts: dx.Decomposition | None) -> dx.Profile | None:
    """By month, from days where there are any; None before a full year."""
    if len(fine.times) < round(YEAR[fine.freq]) - 1:
        return None
    level: FloatArray = np.full(len(fine.times), 1.0)
    if parts is not None:
        at = fine.times - pd.Timedelta(days=0 if fine is base else 3)  # weeks by their middle
        level = np.interp(_days_of(at), _days_of(base.times), level_of(parts)).clip(min=0.0)
    middle = fine.times + pd.Timedelta(days=3 if fine.freq == "W" else 0)
    return dx.profile(fine.clean, level, middle.month.to_numpy() - 1, middle.year.to_numpy(), 12)


def _days_of(times: pd.DatetimeIndex) -> FloatArray:
    return np.asarray((times - pd.Timestamp(0)) / pd.Timedelta(days=1), dtype=np.float64)
