"""Rows to learn from: at which origins they are made, which are drawn, and which are held back.

Shape suffixes: R rows, B series, H horizon, F features.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from forecasting.arrays import BoolArray, Float32Array, FloatArray, IntArray
from forecasting.panel import Panel
from forecasting.tabular import Layout, Table

CHUNK = 4096  # series whose rows are in memory at once
FEWEST_ROWS = 40  # below which there is nothing to learn from


@dataclass(frozen=True, eq=False)
class Rows:
    """What a model learns from."""

    features: Float32Array  # (R, F)
    target: FloatArray  # (R,), in units of the scale
    scale: FloatArray  # (R,)

    @classmethod
    def joined(cls, parts: "Sequence[Rows]") -> Self:
        """All rows of the parts."""
        return cls(
            features=np.concatenate([part.features for part in parts]),
            target=np.concatenate([part.target for part in parts]),
            scale=np.concatenate([part.scale for part in parts]),
        )

    def weight(self, power: float) -> FloatArray:
        """Weights (R,) of mean one: the scale to a power, 0 for all alike and 1 for WQL's."""
        weight = self.scale**power
        return np.asarray(weight / weight.mean())


@dataclass(frozen=True, eq=False)
class Block:
    """All steps of some series after one origin, to check forecasts by."""

    features: Float32Array  # (B, H, F)
    actual: FloatArray  # (B, H), NaN where nothing was observed
    scale: FloatArray  # (B,)
    series: IntArray  # (B,), rows of the panel

    @property
    def rows(self) -> Rows:
        """The observed steps as rows."""
        seen: BoolArray = ~np.isnan(self.actual)
        scale = np.broadcast_to(self.scale[:, None], self.actual.shape)[seen]
        return Rows(self.features[seen], self.actual[seen] / scale, scale)


@dataclass(frozen=True)
class Origins:
    """Steps that rows are made at; those of `before_validation` know nothing of its windows."""

    known: list[int]
    before_validation: list[int]
    validation: list[int]

    @classmethod
    def of(cls, panel: Panel, layout: Layout, most: int) -> Self:
        """At most `most` origins, over three long seasons or as many steps, with a fair history."""
        horizon, season = layout.horizon, layout.seasonality
        last = panel.length - 1 - horizon
        least = min(max(season, 8), max(last // 3, 3))
        windows = 2 if last - 3 * horizon > least + season else 1
        reach = max(last - max(3 * layout.long_season, 8 * horizon, 2 * most), least)
        return cls(
            known=_spaced(reach, last, most),
            before_validation=_spaced(reach, last - windows * horizon, most),
            validation=[last - k * horizon for k in range(windows)],
        )


def sample_rows(
    table: Table, panel: Panel, origins: list[int], *, most: int, seed: int
) -> Rows | None:
    """At most about `most` rows, drawn at random; None where there are too few to learn from."""
    rng = np.random.default_rng(seed)
    total = max(len(origins), 1) * panel.num_series * table.horizon
    of_series = min(1.0, 4 * most / total)  # a quarter of the steps of each series drawn
    of_steps = min(1.0, most / (total * of_series))
    parts = []
    for origin in origins:
        for block in blocks(table, panel, origin, rng, of_series):
            drawn = rng.random(block.actual.shape) < of_steps
            actual = np.where(drawn, block.actual, np.nan)
            parts.append(replace(block, actual=actual).rows)
    if sum(len(part.target) for part in parts) < FEWEST_ROWS:
        return None
    return Rows.joined(parts)


def sample_blocks(
    table: Table, panel: Panel, origins: list[int], *, most: int, seed: int
) -> list[Block]:
    """Whole windows of at most about `most` steps in all."""
    rng = np.random.default_rng(seed)
    total = max(len(origins), 1) * panel.num_series * table.horizon
    share = min(1.0, most / total)
    return [block for at in origins for block in blocks(table, panel, at, rng, share)]


def blocks(
    table: Table, panel: Panel, origin: int, rng: np.random.Generator, share: float
) -> Iterator[Block]:
    """Windows after the origin of a share of the series that had sold by then."""
    if origin < 0:
        return
    chosen = (panel.launched <= origin) & (rng.random(panel.num_series) < share)
    series = np.flatnonzero(chosen)
    scale = table.scale(origin, series)
    series, scale = series[scale > 0], scale[scale > 0]
    for start in range(0, len(series), CHUNK):
        some, its_scale = series[start : start + CHUNK], scale[start : start + CHUNK]
        features = table.rows(origin, some, its_scale)
        yield Block(features, table.actual(origin, some), its_scale, some)


def _spaced(first: int, last: int, most: int) -> list[int]:
    """At most `most` steps from first to last, the last among them."""
    if last < first:
        return []
    return sorted({round(each) for each in np.linspace(last, first, min(most, last - first + 1))})
