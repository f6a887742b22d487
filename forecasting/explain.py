"""Explain: what level, season, calendar, price, promotion and recent history add to a forecast.

The drivers are the players of a game, and what a set of them is worth is the model's own forecast
where all other drivers are as usual (`forecasting.drivers`). Their Shapley values and the level,
the forecast where everything is as usual, add up to the forecast. A driver's effect that depends
on another's, such as a promotion at a lower price, is shared between the two.

Models that read the calendar would bring a season back from the dates alone, so a forecast without
season is the mean over dates of a whole season.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.drivers import LEVEL, SEASON, Ordinary, drivers_of
from forecasting.errors import ConfigError
from forecasting.future import KnownFuture, known_future_array
from forecasting.local import LocalForecaster
from forecasting.models.ensemble import Ensemble
from forecasting.panel import Panel
from forecasting.protocol import Forecaster
from forecasting.shapley import coalitions

MOST_SERIES = 1000
MOST_FITS = 500  # of a model that is fitted to each altered history anew
ROWS = 4096  # altered series that are predicted at once
PHASES = 13  # dates within a season at most, over which a forecast without season is averaged


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """Contributions in units of the target; over the drivers they add up to the mean."""

    contributions: FloatArray  # (B, H, D)
    drivers: tuple[str, ...]  # D names, level first
    mean: FloatArray  # (B, H), the forecast that is explained
    series_ids: pd.Index  # (B,)
    timestamps: pd.DatetimeIndex  # (H,)

    def to_frame(self) -> pd.DataFrame:
        """Columns series_id, timestamp, driver, contribution."""
        series, steps, drivers = self.contributions.shape
        return pd.DataFrame(
            {
                "series_id": np.repeat(self.series_ids.to_numpy(), steps * drivers),
                "timestamp": np.tile(np.repeat(self.timestamps.to_numpy(), drivers), series),
                "driver": np.tile(np.array(self.drivers, dtype=object), series * steps),
                "contribution": self.contributions.reshape(-1),
            }
        )

    def totals(self) -> pd.DataFrame:
        """One row per series and one column per driver: contributions to the sum over all steps."""
        return pd.DataFrame(
            self.contributions.sum(axis=1), index=self.series_ids, columns=list(self.drivers)
        )


def explain(
    model: Forecaster,
    panel: Panel,
    *,
    known_future: KnownFuture | None = None,
    series_ids: Sequence[Any] | None = None,
    roles: Mapping[str, str] | None = None,
    samples: int = 32,
    seed: int = 0,
) -> Explanation:
    """What each driver contributes to the mean that a fitted model forecasts.

    `series_ids` None explains all series. `roles` says which driver a known covariate belongs to,
    such as {"aktion": "promotion"}; without it names decide ("sell_price", "is_promo", "event"),
    and any other covariate is a driver of its own. An array `known_future` has a row for every
    series of the panel. Where more than seven drivers change a series, `samples` random orders
    and their reverses take the place of all.
    Local models are fitted anew for every combination of drivers, so they are asked for few
    series. Raises `ConfigError` for too many, or for roles of unknown columns.
    """
    if samples < 1:
        raise ConfigError(f"samples={samples} must be at least 1.")
    drivers = drivers_of(panel.known_names, roles)
    chosen = panel if series_ids is None else panel.subset(series_ids)
    _refuse_too_many(chosen)
    if isinstance(known_future, np.ndarray) and series_ids is not None:
        known_future = known_future[panel.series_ids.get_indexer(pd.Index(series_ids))]
    ahead = _ahead(model, chosen, known_future)
    ordinary = Ordinary(chosen, ahead, drivers)
    rest = _contributions(model, ordinary, samples, seed)
    mean = model.predict(chosen, known_future=ahead).mean
    level = mean - rest.sum(axis=2)
    return Explanation(
        contributions=np.concatenate([level[:, :, None], rest], axis=2),
        drivers=(LEVEL, *ordinary.names),
        mean=mean,
        series_ids=chosen.series_ids,
        timestamps=chosen.future_timestamps(model.config.horizon),
    )


def _refuse_too_many(panel: Panel) -> None:
    if panel.num_series > MOST_SERIES:
        raise ConfigError(
            f"{panel.num_series} series are too many to explain at once; at most {MOST_SERIES}. "
            "Name those of interest with series_ids."
        )


def _ahead(model: Forecaster, panel: Panel, known_future: KnownFuture | None) -> FloatArray:
    """Known covariates (N, H, K); a model that does not read them needs none."""
    horizon = model.config.horizon
    if known_future is None and not _reads_covariates(model):
        return np.full((panel.num_series, horizon, len(panel.known_names)), np.nan)
    return known_future_array(panel, known_future, horizon)


def _reads_covariates(model: Forecaster) -> bool:
    if isinstance(model, Ensemble):
        return any(_reads_covariates(member) for member, _ in model.members)
    return model.uses_known_covariates


def _contributions(model: Forecaster, ordinary: Ordinary, samples: int, seed: int) -> FloatArray:
    """Shapley values (N, H, drivers) of all drivers but the level.

    Those of an ensemble are the weighted sum of its members', as its mean is of theirs: members
    that read no covariates need not be asked about them.
    """
    if isinstance(model, Ensemble):
        parts = [
            weight * _contributions(member, ordinary, samples, seed)
            for member, weight in model.members
        ]
        return np.asarray(sum(parts[1:], parts[0]))
    active = ordinary.active(covariates=model.uses_known_covariates)
    games = {
        int(count): coalitions(int(count), orders=samples, seed=seed)
        for count in np.unique(active.sum(axis=1))
    }
    asked = [games[int(count)][0] for count in active.sum(axis=1)]
    _refuse_too_many_fits(model, sum(map(len, asked)))
    found = np.zeros((len(active), model.config.horizon, active.shape[1]))
    for some in _batches([len(each) for each in asked]):
        rows = np.repeat(some, [len(asked[i]) for i in some])
        absent = np.zeros((len(rows), active.shape[1]), dtype=bool)
        absent[active[rows]] = np.concatenate([~asked[i].reshape(-1) for i in some])
        worth = _worth(model, ordinary, rows, absent)
        for i in some:
            weights = games[int(active[i].sum())][1]
            found[i][:, active[i]] = worth[rows == i].T @ weights
    return found


def _refuse_too_many_fits(model: Forecaster, fits: int) -> None:
    if isinstance(model, LocalForecaster) and fits > MOST_FITS:
        raise ConfigError(
            f"{model.name!r} is fitted to each series on its own, so this explanation would take "
            f"{fits} fits; at most {MOST_FITS}. Name fewer series with series_ids."
        )


def _batches(sizes: list[int]) -> list[IntArray]:
    """Positions in groups of at most about ROWS altered series."""
    group = np.cumsum(sizes) // ROWS
    return [np.flatnonzero(group == each) for each in np.unique(group)]


def _worth(model: Forecaster, ordinary: Ordinary, rows: IntArray, absent: BoolArray) -> FloatArray:
    """The model's mean (R, H) for series `rows` without the drivers `absent` (R, drivers)."""
    target, known = ordinary.without(rows, absent)
    panel = ordinary.panel
    altered = replace(
        panel,
        target=target,
        series_ids=panel.series_ids[rows],
        known_covariates=known[:, : panel.length],
        past_covariates=panel.past_covariates[rows],
        static_features=panel.static_features.iloc[rows],
    )
    ahead = known[:, panel.length :]
    mean = model.predict(altered, known_future=ahead).mean.copy()
    flat = np.flatnonzero(absent[:, ordinary.names.index(SEASON)])
    phases = () if isinstance(model, LocalForecaster) else _phases(panel.seasonality)
    if not len(flat) or not len(phases):
        return mean
    others = [
        model.predict(_later(altered, flat, phase), known_future=ahead[flat]).mean
        for phase in phases
    ]
    mean[flat] = (mean[flat] + sum(others)) / (1 + len(phases))
    return mean


def _phases(season: int) -> IntArray:
    """Steps by which the dates are moved, evenly over a season, without zero."""
    return np.arange(0, season, -(-season // PHASES))[1:]


def _later(panel: Panel, rows: IntArray, steps: int) -> Panel:
    """These rows of the panel as if everything had happened some steps later."""
    first = pd.date_range(panel.timestamps[0], periods=steps + 1, freq=panel.freq)[-1]
    stamps = pd.date_range(first, periods=panel.length, freq=panel.freq, unit="ns")
    return replace(
        panel,
        target=panel.target[rows],
        timestamps=stamps,
        series_ids=panel.series_ids[rows],
        known_covariates=panel.known_covariates[rows],
        past_covariates=panel.past_covariates[rows],
        static_features=panel.static_features.iloc[rows],
    )
