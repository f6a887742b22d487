"""Several models as one: each forecasts the series that it is in charge of.

Where one model is used for a category and another for the rest, a scenario over both asks each for
its own series, and what comes back is one forecast. Shape suffixes: B series, H steps, K columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray, IntArray
from forecasting.errors import ConfigError
from forecasting.forecast import Forecast
from forecasting.future import KnownFuture, known_future_array
from forecasting.panel import Panel
from forecasting.scenarios.setting import Answering


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """A model with the series that it is in charge of, as it reads them."""

    model: Answering
    panel: Panel  # with the columns of this model, and ids as it learned them
    ids: pd.Index  # (B,) what these series are called beside those of other models
    future: FloatArray  # (B, H, K) as planned, for all steps of this model


@dataclass(frozen=True, kw_only=True)
class RoutedConfig:
    """What scenarios ask of a model."""

    horizon: int
    quantile_levels: tuple[float, ...]


class Routed:
    """Models that answer together, each for its own series."""

    name = "routed"
    uses_known_covariates = True

    def __init__(self, members: Sequence[Member]) -> None:
        """Raises `ConfigError` where cutoffs or frequencies differ, or a series has two models."""
        _check(members)
        self.members = tuple(members)
        shared = set.intersection(*(set(each.model.config.quantile_levels) for each in members))
        self.config = RoutedConfig(
            horizon=min(each.future.shape[1] for each in members),
            quantile_levels=tuple(sorted(shared)),
        )

    @classmethod
    def of(cls, members: Sequence[Member]) -> "tuple[Routed, Panel, FloatArray]":
        """The models as one, one panel of all their series, and one known future (B, H, K).

        H is the shortest horizon. The columns are those of all; a model never sees those of
        others.
        """
        made = cls(members)
        ids = _ids(members)
        names = tuple(dict.fromkeys(name for each in members for name in each.panel.known_names))
        order = np.argsort(ids.to_numpy(), kind="stable")
        future = np.concatenate(
            [_wide(m.future[:, : made.config.horizon], m.panel, names) for m in members]
        )
        return made, _joined(members, ids, order, names), future[order]

    def predict(self, panel: Panel, *, known_future: KnownFuture | None = None) -> Forecast:
        """Every series by its own model, at the levels that all of them forecast."""
        future = known_future_array(panel, known_future, self.config.horizon)
        made, order = [], []
        for member in self.members:
            rows = np.flatnonzero(panel.series_ids.isin(member.ids))
            if len(rows):
                made.append(self._asked(member, panel, future, rows))
                order.append(rows)
        if sum(len(rows) for rows in order) < panel.num_series:
            raise ConfigError("Some of the series are in the charge of no model.")
        back = np.argsort(np.concatenate(order), kind="stable")
        weights = [len(each.series_ids) for each in made]
        return Forecast(
            mean=np.concatenate([each.mean for each in made])[back],
            quantiles=np.concatenate([each.quantiles for each in made])[back],
            quantile_levels=self.config.quantile_levels,
            series_ids=panel.series_ids,
            timestamps=made[0].timestamps,
            cutoff=made[0].cutoff,
            notes=tuple(note for each in made for note in each.notes),
            step_correlation=float(
                np.average([each.step_correlation for each in made], weights=weights)
            ),
        )

    def _asked(self, member: Member, panel: Panel, future: FloatArray, rows: IntArray) -> Forecast:
        """What one model says of its series, as many steps as all can."""
        at, steps = member.ids.get_indexer(panel.series_ids[rows]), self.config.horizon
        own = member.future[at].copy()
        columns = [panel.known_names.index(name) for name in member.panel.known_names]
        own[:, :steps] = future[rows][:, :, columns]
        made = member.model.predict(
            member.panel.subset(member.panel.series_ids[at]), known_future=own
        )
        levels = self.config.quantile_levels
        kept = [made.quantile_levels.index(level) for level in levels]
        return replace(
            made,
            mean=made.mean[:, :steps],
            quantiles=made.quantiles[:, :steps, kept],
            quantile_levels=levels,
            timestamps=made.timestamps[:steps],
        )


def _ids(members: Sequence[Member]) -> pd.Index:
    return pd.Index(np.concatenate([each.ids.to_numpy() for each in members]))


def _check(members: Sequence[Member]) -> None:
    if not members:
        raise ConfigError("There is no model to ask.")
    ends = {(each.panel.freq, each.panel.cutoff) for each in members}
    if len(ends) > 1:
        said = " and ".join(f"{freq} until {end:%Y-%m-%d}" for freq, end in sorted(ends))
        raise ConfigError(f"The models know different data, {said}. Train them on the same.")
    ids = _ids(members)
    if ids.has_duplicates:
        raise ConfigError(f"The series {ids[ids.duplicated()][0]!r} has two models. Use one.")


def _wide(values: Any, panel: Panel, names: Sequence[str]) -> FloatArray:
    """Values (B, T, K) of a panel's columns laid out for all columns; others are 0."""
    made = np.zeros((*values.shape[:2], len(names)))
    made[:, :, [names.index(name) for name in panel.known_names]] = values
    return made


def _joined(
    members: Sequence[Member], ids: pd.Index, order: IntArray, names: tuple[str, ...]
) -> Panel:
    """All series on one calendar; those that begin later have NaN before."""
    longest = max((each.panel for each in members), key=lambda panel: panel.length)
    targets, known = [], []
    for each in members:
        ahead = longest.length - each.panel.length
        targets.append(np.pad(each.panel.target, ((0, 0), (ahead, 0)), constant_values=np.nan))
        wide = _wide(each.panel.known_covariates, each.panel, names)
        known.append(np.pad(wide, ((0, 0), (ahead, 0), (0, 0)), constant_values=np.nan))
    return Panel(
        target=np.concatenate(targets)[order],
        timestamps=longest.timestamps,
        freq=longest.freq,
        series_ids=ids[order],
        known_covariates=np.concatenate(known)[order].astype(np.float32),
        known_names=names,
        past_covariates=np.empty((len(ids), longest.length, 0), dtype=np.float32),
        past_names=(),
        static_features=pd.DataFrame(index=ids[order]),
    )
