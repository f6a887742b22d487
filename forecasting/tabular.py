"""Panels as tables for models that learn from rows: one row per series, origin and step ahead.

An origin is the last step a row may see. Everything in units of sales is divided by the recent mean
of its series, so that small and large series share one model; features of the future are the
calendar and known covariates alone. Shape suffixes: B series, H horizon, K covariates, F features.
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.errors import PanelError
from forecasting.panel import Panel
from forecasting.validation import first_of

# Steps of the rolling means, by steps per season; the last but one is also the scale's.
WINDOWS = {
    24: (6, 24, 72, 168, 672),
    7: (7, 14, 28, 56, 182),
    5: (5, 10, 20, 60, 130),
    52: (4, 8, 13, 26, 52),
    12: (3, 6, 12, 24),
    4: (2, 4, 8),
}
LONG_SEASON = {24: 168, 7: 364, 5: 260}  # a week of hours, a year of whole weeks of days
SEASONAL_LAGS = 4  # values of the same weekday (hour, month) in the last seasons
LEAST_SCALE = 0.1  # of the long mean: a pause must not make the first sale after it enormous


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which features a table has; chosen from the panel of the fit and saved with the model."""

    horizon: int
    seasonality: int  # steps per season
    calendar: tuple[str, ...]  # parts of the timestamp that vary at this frequency
    known_names: tuple[str, ...]
    past_names: tuple[str, ...]
    static_names: tuple[str, ...]
    categories: tuple[tuple[str, ...] | None, ...]  # per static feature; None for numbers
    typical: float  # size of sales; features tell sizes against it, so that units do not matter

    @classmethod
    def of(cls, panel: Panel, *, horizon: int, seasonality: int) -> Self:
        """The layout for a panel."""
        statics = panel.static_features
        categories = tuple(
            tuple(map(str, statics[name].cat.categories)) if _is_category(statics[name]) else None
            for name in statics.columns
        )
        return cls(
            horizon=horizon,
            seasonality=seasonality,
            calendar=_calendar_parts(panel.freq),
            known_names=panel.known_names,
            past_names=panel.past_names,
            static_names=tuple(map(str, statics.columns)),
            categories=categories,
            typical=_typical(panel.target),
        )

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The layout that `to_json` wrote. Raises `TypeError` or `KeyError` for other content."""
        names = ("calendar", "known_names", "past_names", "static_names")
        lists = {name: tuple(content[name]) for name in names}
        categories = tuple(None if each is None else tuple(each) for each in content["categories"])
        return cls(**{**content, **lists, "categories": categories})

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @property
    def windows(self) -> tuple[int, ...]:
        """Steps of the rolling means, ascending."""
        season = self.seasonality
        return WINDOWS.get(season, (season, 2 * season, 4 * season) if season > 1 else (2, 4, 8))

    @property
    def long_season(self) -> int:
        return LONG_SEASON.get(self.seasonality, self.seasonality)

    @property
    def num_lags(self) -> int:
        """Latest values, unaggregated."""
        return 14 if 5 <= self.seasonality <= 7 else min(max(self.seasonality // 2, 4), 12)

    @property
    def scale_window(self) -> int:
        return self.windows[-2]

    @property
    def names(self) -> list[str]:
        """Names (F) of the features, in the order of `Table.rows`."""
        return [
            *self.static_names,
            *("log scale", "since launch", "since sale", "share of zeros"),
            *(f"last {lag}" for lag in range(self.num_lags, 0, -1)),
            *(f"mean {window}" for window in self.windows),
            *(f"deviation {window}" for window in self.windows[1:3]),
            *(f"past {name}{kind}" for name in self.past_names for kind in (" last", " change")),
            "step",
            *self.calendar,
            *(f"season {lag}" for lag in range(1, SEASONAL_LAGS + 1)),
            *("season mean", "long season", "long season change"),
            *(
                f"{name}{kind}"
                for name in self.known_names
                for kind in ("", " change", " before", " after", " a season ago")
            ),
        ]

    @property
    def categorical(self) -> list[str]:
        """Features whose numbers are codes."""
        return [
            name
            for name, known in zip(self.static_names, self.categories, strict=True)
            if known is not None
        ]

    def check(self, panel: Panel) -> None:
        """Raise `PanelError` where a panel lacks what the model was fitted with."""
        season = panel.seasonality
        parts = _calendar_parts(panel.freq)
        if parts != self.calendar:
            raise PanelError(
                f"The panel has the frequency {panel.freq!r} ({season} steps per season), the "
                "model was fitted on another one. Fit it on a panel of this frequency."
            )
        given = (panel.known_names, panel.past_names, tuple(map(str, panel.static_features)))
        wanted = (self.known_names, self.past_names, self.static_names)
        words = ("known covariates", "past covariates", "static features")
        for word, have, want in zip(words, given, wanted, strict=True):
            if have != want:
                raise PanelError(
                    f"The panel's {word} are {first_of(list(have)) or 'none'}; the model was "
                    f"fitted with {first_of(list(want)) or 'none'}. Give the same, in this order."
                )


class Table:
    """The rows of one panel, made origin by origin."""

    def __init__(self, panel: Panel, layout: Layout, known_future: FloatArray | None) -> None:
        self._panel, self._layout = panel, layout
        self._target = panel.target
        self._known = panel.known_covariates
        if known_future is not None and panel.known_names:
            self._known = np.concatenate([self._known, known_future.astype(np.float32)], axis=1)
        ahead = panel.future_timestamps(layout.horizon)
        stamps = pd.DatetimeIndex(panel.timestamps.append(ahead))
        self._calendar = _calendar(stamps, layout.calendar)

    @property
    def horizon(self) -> int:
        return self._layout.horizon

    @property
    def long_season(self) -> int:
        return self._layout.long_season

    def scale(self, origin: int, series: IntArray) -> FloatArray:
        """Scale (B,): the mean size of recent sales; 0 where nothing but zeros was observed."""
        window, long = self._layout.scale_window, 4 * self._layout.windows[-1]
        recent = _mean(np.abs(self._past(origin, window, series)))
        overall = _mean(np.abs(self._past(origin, long, series)))
        return np.fmax(recent, LEAST_SCALE * np.nan_to_num(overall))

    def actual(self, origin: int, series: IntArray) -> FloatArray:
        """What happened after the origin (B, H), NaN where nothing was observed."""
        return self._target[series, origin + 1 : origin + 1 + self._layout.horizon]

    def rows(self, origin: int, series: IntArray, scale: FloatArray) -> Float32Array:
        """Features (B, H, F) of these series, all of whose scales (B,) are above zero."""
        layout = self._layout
        of_origin = np.concatenate(
            [
                self._statics[series],
                self._levels(origin, series, scale),
                self._past_covariates(origin, series),
            ],
            axis=1,
        )
        blocks = [
            np.broadcast_to(of_origin[:, None], (len(series), layout.horizon, of_origin.shape[1])),
            np.broadcast_to(self._dates(origin), (len(series), *self._dates(origin).shape)),
            self._seasons(origin, series) / scale[:, None, None],
            self._long_season_change(origin, series)[:, :, None],
            self._known_covariates(origin, series),
        ]
        return np.concatenate([block.astype(np.float32) for block in blocks], axis=2)

    @cached_property
    def _statics(self) -> FloatArray:
        columns = []
        statics = self._panel.static_features
        for name, known in zip(self._layout.static_names, self._layout.categories, strict=True):
            if known is None:
                columns.append(statics[name].to_numpy(dtype=np.float64))
                continue
            codes = pd.Index(known).get_indexer(pd.Index(statics[name].astype(str)))
            columns.append(np.where(codes < 0, np.nan, codes))  # unseen is unknown
        return np.stack(columns, axis=1) if columns else np.empty((self._panel.num_series, 0))

    def _past(self, origin: int, window: int, series: IntArray) -> FloatArray:
        """The last `window` values (B, window) until the origin, NaN before the calendar."""
        start = origin + 1 - window
        values = self._target[series, max(start, 0) : origin + 1]
        return np.pad(values, ((0, 0), (max(-start, 0), 0)), constant_values=np.nan)

    def _levels(self, origin: int, series: IntArray, scale: FloatArray) -> FloatArray:
        """Level, spread and sparsity of the past."""
        layout = self._layout
        longest = self._past(origin, max(layout.windows[-1], layout.num_lags), series)
        sold = longest > 0
        since_sale = np.where(sold.any(axis=1), sold[:, ::-1].argmax(axis=1), longest.shape[1])
        launched = self._panel.launched[series]
        scaled = longest / scale[:, None]
        zeros = _mean(np.where(np.isnan(longest), np.nan, longest == 0))
        age = np.minimum(origin - launched, layout.long_season)
        columns = [np.log(scale / layout.typical), age, since_sale, zeros]
        columns += list(scaled[:, -layout.num_lags :].T)
        columns += [_mean(scaled[:, -window:]) for window in layout.windows]
        columns += [_deviation(scaled[:, -window:]) for window in layout.windows[1:3]]
        return np.stack(columns, axis=1)

    def _past_covariates(self, origin: int, series: IntArray) -> FloatArray:
        window = self._layout.windows[min(2, len(self._layout.windows) - 1)]
        recent = self._panel.past_covariates[series, max(origin + 1 - window, 0) : origin + 1]
        last = recent[:, -1]
        change = _change(last, _mean(np.moveaxis(recent, 1, -1)))
        return np.stack([last, change], axis=2).reshape(len(series), -1).astype(np.float64)

    def _dates(self, origin: int) -> FloatArray:
        """Step ahead and calendar (H, 1 + parts)."""
        horizon = self._layout.horizon
        steps = np.arange(1, horizon + 1, dtype=np.float64)[:, None]
        return np.concatenate([steps, self._calendar[origin + 1 : origin + 1 + horizon]], axis=1)

    def _seasons(self, origin: int, series: IntArray) -> FloatArray:
        """Values of the same part of earlier seasons, their mean, and of the long season."""
        lags = np.stack([self._seasons_ago(origin, series, back) for back in range(SEASONAL_LAGS)])
        long = self._seasons_ago(origin, series, 0, season=self._layout.long_season)
        return np.moveaxis(np.concatenate([lags, [_mean(np.moveaxis(lags, 0, -1)), long]]), 0, -1)

    def _seasons_ago(
        self, origin: int, series: IntArray, back: int, *, season: int | None = None
    ) -> FloatArray:
        """The value (B, H) at each future step, `back` seasons before the latest that is known."""
        at = _known_seasonal_steps(origin, self._layout.horizon, season or self._layout.seasonality)
        at = at - back * (season or self._layout.seasonality)
        return np.where(at >= 0, self._target[np.ix_(series, np.maximum(at, 0))], np.nan)

    def _long_season_change(self, origin: int, series: IntArray) -> FloatArray:
        """How a year ago (a week, for hours) the step compared with the origin's level, (B, H)."""
        layout = self._layout
        half = layout.long_season // 100  # three days, no months
        at = _known_seasonal_steps(origin, layout.horizon, layout.long_season)
        window = layout.windows[min(2, len(layout.windows) - 1)]
        base = _mean(self._past_from(origin - layout.long_season, window, series))
        around = np.stack(
            [
                np.where(at + k >= 0, self._target[np.ix_(series, np.maximum(at + k, 0))], np.nan)
                for k in range(-half, half + 1)
                if (at + k <= origin).all()
            ],
            axis=-1,
        )
        base = np.where(base > 0, base, np.nan)[:, None]
        return np.asarray(_mean(around) / base)

    def _past_from(self, origin: int, window: int, series: IntArray) -> FloatArray:
        if origin < 0:
            return np.full((len(series), window), np.nan)
        return self._past(origin, window, series)

    def _known_covariates(self, origin: int, series: IntArray) -> FloatArray:
        """Value, change against the recent mean, neighbours, and value a season ago (B, H, 5K)."""
        horizon, layout = self._layout.horizon, self._layout
        count = len(layout.known_names)
        if not count:
            return np.empty((len(series), horizon, 0))
        ahead = np.full((len(series), horizon + 2, count), np.nan)  # origin, horizon, one beyond
        found = self._known[series, origin : origin + horizon + 2]
        ahead[:, : found.shape[1]] = found
        ahead[:, horizon + 1] = np.nan  # beyond the horizon nothing is promised to be known
        window = layout.windows[min(2, len(layout.windows) - 1)]
        recent = self._known[series, max(origin + 1 - window, 0) : origin + 1]
        usual = _mean(np.moveaxis(recent, 1, -1))[:, None]
        at = _known_seasonal_steps(origin, horizon, layout.seasonality)
        season_ago = self._known[np.ix_(series, np.maximum(at, 0))].astype(np.float64)
        season_ago[:, at < 0] = np.nan
        now = ahead[:, 1:-1]
        stacked = [now, _change(now, usual), ahead[:, :-2], ahead[:, 2:], season_ago]
        return np.stack(stacked, axis=-1).reshape(len(series), horizon, -1)


def _known_seasonal_steps(origin: int, horizon: int, season: int) -> IntArray:
    """For each future step the latest known step in the same part of the season.

    >>> _known_seasonal_steps(9, 4, 3).tolist()
    [7, 8, 9, 7]
    """
    steps = np.arange(1, horizon + 1)
    return np.asarray(origin + steps - season * (-(-steps // season)))


def _change(values: Any, usual: Any) -> Any:
    """Values against what is usual: relative, or the plain difference where usual is zero."""
    return (values - usual) / np.where(usual == 0, 1.0, np.abs(usual))


def _mean(values: Any) -> FloatArray:
    """Mean over the last axis of what is known, NaN for nothing."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _deviation(values: FloatArray) -> FloatArray:
    return np.sqrt(_mean((values - _mean(values)[..., None]) ** 2))


def _typical(target: FloatArray) -> float:
    """The mean size of what was sold, 1 where nothing was."""
    sold = np.abs(target[(target != 0) & ~np.isnan(target)])
    return float(sold.mean()) if len(sold) else 1.0


def _is_category(column: "pd.Series[Any]") -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype)


def _calendar_parts(freq: str) -> tuple[str, ...]:
    """Parts of a timestamp that say something at this frequency.

    >>> _calendar_parts("D"), _calendar_parts("W-MON"), _calendar_parts("YS")
    (('weekday', 'day', 'week', 'month'), ('week', 'month', 'day'), ())
    """
    code = to_offset(freq).rule_code.split("-")[0]
    if code == "h":
        return ("hour", "weekday", "day", "week", "month")
    if code in ("D", "B", "C"):
        return ("weekday", "day", "week", "month")
    if code == "W":
        return ("week", "month", "day")
    return () if code in ("YS", "YE", "BYS", "BYE") else ("month",)


def _calendar(stamps: pd.DatetimeIndex, parts: tuple[str, ...]) -> FloatArray:
    """Numbers (steps, parts)."""
    columns = [
        stamps.isocalendar()["week"].to_numpy(dtype=np.float64)
        if part == "week"
        else np.asarray(getattr(stamps, part), dtype=np.float64)
        for part in parts
    ]
    return np.stack(columns, axis=1) if columns else np.empty((len(stamps), 0))
