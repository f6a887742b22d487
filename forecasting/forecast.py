"""Forecast: mean and quantiles for every series and future step, and what to know about them.

Shape suffixes: B series, H horizon, Q quantile levels, S samples.
"""

import itertools
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray
from forecasting.errors import ConfigError

# Bands of 50, 80, 90 and 95 %, and the median.
DEFAULT_QUANTILE_LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)


@dataclass(frozen=True)
class Note:
    """Why a series was not forecast as asked."""

    series_id: object
    used: str  # the method used instead, such as "seasonal naive"
    reason: str  # a sentence for a person


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """A forecast of every series over the same future timestamps; quantiles never cross."""

    mean: FloatArray  # (B, H)
    quantiles: FloatArray  # (B, H, Q)
    quantile_levels: tuple[float, ...]  # Q ascending probabilities
    series_ids: pd.Index  # (B,)
    timestamps: pd.DatetimeIndex  # (H,)
    cutoff: pd.Timestamp  # last timestamp the model saw
    notes: tuple[Note, ...] = ()  # series that got a fallback
    step_correlation: float = 0.5  # of neighbouring steps, used by `sample`

    def __post_init__(self) -> None:
        shape = (len(self.series_ids), len(self.timestamps), len(self.quantile_levels))
        if self.quantiles.shape != shape or self.mean.shape != shape[:2]:
            raise ConfigError(
                f"mean {self.mean.shape} and quantiles {self.quantiles.shape} do not fit "
                f"{shape[0]} series, {shape[1]} timestamps and {shape[2]} quantile levels."
            )

    def quantile(self, level: float) -> FloatArray:
        """Quantiles (B, H) at one of the forecast's levels."""
        if level not in self.quantile_levels:
            raise ConfigError(
                f"quantile level {level} was not forecast. Levels: {self.quantile_levels}."
            )
        return self.quantiles[:, :, self.quantile_levels.index(level)]

    def to_frame(self) -> pd.DataFrame:
        """Columns series_id, timestamp, mean, and one per quantile level, such as q0.05."""
        series, steps = self.mean.shape
        columns = {
            "series_id": np.repeat(self.series_ids.to_numpy(), steps),
            "timestamp": np.tile(self.timestamps.to_numpy(), series),
            "mean": self.mean.reshape(-1),
        }
        for q, level in enumerate(self.quantile_levels):
            columns[quantile_column(level)] = self.quantiles[:, :, q].reshape(-1)
        return pd.DataFrame(columns)

    def notes_frame(self) -> pd.DataFrame:
        """Columns series_id, used, reason: one row per series that got a fallback."""
        rows = [(note.series_id, note.used, note.reason) for note in self.notes]
        return pd.DataFrame(rows, columns=["series_id", "used", "reason"])

    def sample(self, n: int, *, seed: int = 0, step_correlation: float | None = None) -> FloatArray:
        """Sample paths (B, S, H) whose steps have the forecast's quantiles.

        Neighbouring steps are tied by a Gaussian copula with AR(1) correlation: `step_correlation`
        of this call, else the forecast's. Networks measure it, by how sums of past errors varied;
        for other models it is an assumption (0.5), so bands of sums over several steps are
        approximate: 0 gives the narrowest, 1 the widest.
        Between levels the quantile function is linear in normal scores, and beyond the outermost
        it goes on in the same slope, but not below zero where the lowest quantile is not.
        """
        correlation = self.step_correlation if step_correlation is None else step_correlation
        if not -1 < correlation <= 1:
            raise ConfigError(f"step_correlation={correlation} must be above -1 and at most 1.")
        series, steps = self.mean.shape
        noise = np.random.default_rng(seed).standard_normal((series, n, steps))
        for step in range(1, steps):
            noise[:, :, step] *= np.sqrt(1 - correlation**2)
            noise[:, :, step] += correlation * noise[:, :, step - 1]
        return self._at_normal_scores(noise)

    def _at_normal_scores(self, noise: FloatArray) -> FloatArray:
        """Values (B, S, H) of the quantile functions at standard normal scores (B, S, H)."""
        if len(self.quantile_levels) < 2:
            raise ConfigError("sample() needs at least two quantile levels.")
        knots = np.array([NormalDist().inv_cdf(level) for level in self.quantile_levels])
        left = np.clip(np.searchsorted(knots, noise) - 1, 0, len(knots) - 2)
        share = (noise - knots[left]) / (knots[left + 1] - knots[left])
        ladder = np.moveaxis(self.quantiles, 1, 2)  # (B, Q, H), so that Q can be gathered per path
        low = np.take_along_axis(ladder, left, axis=1)
        high = np.take_along_axis(ladder, left + 1, axis=1)
        values = low + share * (high - low)
        floor = np.where(self.quantiles[:, :, 0] >= 0, 0.0, -np.inf)[:, None, :]
        return np.asarray(np.maximum(values, floor))


def quantile_column(level: float) -> str:
    """The column of a quantile level.

    >>> quantile_column(0.05), quantile_column(0.975)
    ('q0.05', 'q0.975')
    """
    return f"q{level:g}"


def check_quantile_levels(levels: tuple[float, ...]) -> None:
    """Levels are ascending probabilities between 0 and 1, at least one."""
    ascending = all(low < high for low, high in itertools.pairwise(levels))
    if not levels or not ascending or not (levels[0] > 0 and levels[-1] < 1):
        raise ConfigError(
            f"quantile_levels={levels} must be ascending probabilities between 0 and 1, such as "
            "(0.1, 0.5, 0.9)."
        )
