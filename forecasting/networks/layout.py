"""Layout: all that a network must know of the panel it was fitted on, besides its weights.

It is written to config.json, so that a saved network reads any other panel in the same way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.errors import PanelError
from forecasting.networks.config import NetworkConfig
from forecasting.panel import Panel
from forecasting.validation import first_of

# By the first part of the frequency: context, patch, steps of a recent mean, lags in steps.
READING = {
    "h": (168, 24, 48, (24, 48, 168)),
    "D": (112, 7, 28, (7, 14, 28, 364)),
    "B": (100, 5, 20, (5, 10, 20, 260)),
    "W": (52, 4, 8, (1, 2, 4, 52)),
    "M": (12, 3, 6, (1, 2, 12, 24)),
    "Q": (16, 2, 4, (1, 4, 8)),
    "Y": (10, 1, 3, (1, 2)),
}
SHORT_SEASON = 31  # steps; of such seasons the mean over several is a candidate too
LONG_HISTORY = 500  # observations per series from which a vector per series pays
MOST_EMBEDDED = 5000  # series that get a vector each
ROWS = 1024  # series at a time where a whole panel is read
MOST_ZEROS = 0.3  # share of zeros above which it pays no more


@dataclass(frozen=True, kw_only=True)
class Covariate:
    """How a covariate becomes a number near zero."""

    name: str
    log: bool  # all its values are positive: ratios count, not differences
    centre: float
    spread: float
    own_spread: float  # around the mean of its series; 0 for a flag, which has no such channel


@dataclass(frozen=True, kw_only=True)
class Static:
    """How a static feature is read: the categories of a text, or centre and spread of a number."""

    name: str
    categories: tuple[str, ...] = ()
    centre: float = 0.0
    spread: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Sizes, lags, covariates and categories that a network was built for."""

    freq: str
    seasonality: int
    context_length: int
    patch_length: int
    recent: int  # steps of the recent mean
    lags: tuple[int, ...]
    known: tuple[Covariate, ...]
    past: tuple[Covariate, ...]
    statics: tuple[Static, ...]
    series: tuple[str, ...]  # series with a vector of their own
    unit: float  # geometric mean of the volumes, in which levels are measured
    non_negative: bool

    @property
    def steps_read(self) -> int:
        """Past steps that a forecast can depend on."""
        lagged = max([*self.lags, 4 * self.seasonality if self._has_season_mean else 1])
        return max(self.context_length, lagged)

    @property
    def _has_season_mean(self) -> bool:
        return 1 < self.seasonality <= SHORT_SEASON

    @property
    def season_means(self) -> tuple[int, ...]:
        """Seasons whose mean over the last four is a candidate."""
        return (self.seasonality,) if self._has_season_mean else ()


def layout_of(panel: Panel, config: NetworkConfig, volumes: FloatArray) -> Layout:
    """The layout for a panel; `volumes` (N,) are mean absolute values."""
    context, patch, recent, lags = _reading(panel.freq)
    season = config.seasonality or panel.seasonality
    patch = config.patch_length or patch
    context = config.context_length or context
    room = max(patch, (panel.length - config.horizon) * 2 // 3)
    context = max(patch, min(context, room) // patch * patch)
    usable = {lag for lag in {*lags, season} if panel.length >= 1.5 * lag + config.horizon}
    positive = volumes[volumes > 0]
    return Layout(
        freq=panel.freq,
        seasonality=season,
        context_length=context,
        patch_length=patch,
        recent=min(recent, context),
        lags=tuple(sorted(usable)) or (1,),
        known=_covariates(panel.known_names, panel.known_covariates),
        past=_covariates(panel.past_names, panel.past_covariates),
        statics=tuple(_static(panel.static_features[name]) for name in panel.static_features),
        series=_embedded(panel, config),
        unit=float(np.exp(np.log(positive).mean())) if len(positive) else 1.0,
        non_negative=bool(np.nanmin(panel.target) >= 0),
    )


def check_panel(layout: Layout, panel: Panel, model: str) -> None:
    """The panel has the frequency and columns the network was fitted on, or `PanelError`."""
    if panel.freq != layout.freq:
        raise PanelError(
            f"Model {model!r} was fitted on data of frequency {layout.freq!r}; this panel has "
            f"{panel.freq!r}. Fit it on this panel."
        )
    statics = tuple(map(str, panel.static_features.columns))
    for kind, needed, given in (
        ("known covariates", [each.name for each in layout.known], panel.known_names),
        ("past covariates", [each.name for each in layout.past], panel.past_names),
        ("static features", [each.name for each in layout.statics], statics),
    ):
        if missing := [name for name in needed if name not in given]:
            raise PanelError(
                f"Model {model!r} was fitted with {kind} that this panel lacks: "
                f"{first_of(missing)}. Add these columns, or fit it on this panel."
            )


def _reading(freq: str) -> tuple[int, int, int, tuple[int, ...]]:
    """Context, patch, recent steps and lags; a multiple of a frequency knows no usual lags."""
    offset = to_offset(freq)
    base = offset.rule_code.split("-")[0]
    key = {"h": "h", "D": "D", "B": "B", "C": "B", "W": "W"}.get(base) or base.lstrip("BS")[0]
    context, patch, recent, lags = READING[key]
    return context, patch, recent, lags if offset.n == 1 else (1, 2)


def blocks(values: FloatArray | Float32Array) -> Iterator[tuple[slice, Any]]:
    """The rows of an array, some at a time, so that what is computed of them stays small."""
    for first in range(0, len(values), ROWS):
        rows = slice(first, first + ROWS)
        yield rows, values[rows]


def _covariates(names: tuple[str, ...], values: Float32Array) -> tuple[Covariate, ...]:
    return tuple(_covariate(name, values[:, :, k]) for k, name in enumerate(names))


def _covariate(name: str, values: Float32Array) -> Covariate:
    """Centre and spread of all values (N, T), and the spread within series."""
    if all(((block == 0) | (block == 1) | np.isnan(block)).all() for _, block in blocks(values)):
        return Covariate(name=name, log=False, centre=0.0, spread=1.0, own_spread=0.0)
    log = all(((block > 0) | np.isnan(block)).all() for _, block in blocks(values))
    counts, means, within = _by_series(values, log=log)
    total = counts.sum()
    centre = float((counts * means).sum() / total)
    between = (counts * (means - centre) ** 2).sum()
    spread = float(np.sqrt((within.sum() + between) / total)) or 1.0
    return Covariate(
        name=name,
        log=log,
        centre=centre,
        spread=spread,
        own_spread=max(float(np.sqrt(within.sum() / total)), 1e-3 * spread),
    )


def _by_series(values: Float32Array, *, log: bool) -> tuple[IntArray, FloatArray, FloatArray]:
    """Known values of each series (N,): their count, mean, and squared distances from it."""
    found = []
    for _, block in blocks(values):
        seen = np.log(block.astype(np.float64)) if log else block.astype(np.float64)
        counts = (~np.isnan(seen)).sum(axis=1)
        means = np.nansum(seen, axis=1) / np.maximum(counts, 1)
        found.append((counts, means, np.nansum((seen - means[:, None]) ** 2, axis=1)))
    counts, means, within = (np.concatenate(each) for each in zip(*found, strict=True))
    return counts, means, within


def _static(column: "pd.Series[Any]") -> Static:
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=np.float64)
        known = numbers[np.isfinite(numbers)]
        centre = float(known.mean()) if len(known) else 0.0
        spread = float(known.std()) if len(known) else 0.0
        return Static(name=str(column.name), centre=centre, spread=spread or 1.0)
    found = sorted({str(each) for each in column.dropna()})
    return Static(name=str(column.name), categories=tuple(found))


def _embedded(panel: Panel, config: NetworkConfig) -> tuple[str, ...]:
    seen = max(1, int(panel.observed.sum()))
    pays = (
        panel.num_series <= MOST_EMBEDDED
        and float(np.median(panel.observed.sum(axis=1))) >= LONG_HISTORY
        and int((panel.target == 0).sum()) <= MOST_ZEROS * seen
    )
    wanted = pays if config.series_embedding is None else config.series_embedding
    return tuple(map(str, panel.series_ids)) if wanted and panel.num_series > 1 else ()
