"""Channels: covariates of a panel near zero, stored as small as they allow, and read by index.

What all series share, such as holidays, is kept once; large panels keep the rest in half precision.

Shape suffixes: N series, T steps, K covariates, B windows, X steps of a window.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from forecasting.arrays import BoolArray, Float32Array
from forecasting.networks.layout import Covariate, blocks

FARTHEST = 5.0  # spreads from the centre at which a covariate is cut off
LARGE = 50_000_000  # numbers from which half precision, good to a thousandth, is worth its memory


@dataclass(frozen=True, kw_only=True, eq=False)
class Channels:
    """Covariates (N, T, K) of a layout, in its order when read."""

    own_NTK: Tensor  # those that differ between series
    shared_TK: Tensor
    order_K: Tensor  # where each covariate lies in the two, side by side

    def at(self, rows_B: Tensor, steps_BX: Tensor) -> Tensor:
        """Values (B, X, K); steps outside read the nearest inside."""
        steps = self.shared_TK.shape[0]
        inside_BX = steps_BX.clamp(0, steps - 1)
        flat_BX = (rows_B * steps)[:, None] + inside_BX
        own_BXK = self.own_NTK.flatten(0, 1)[flat_BX].float()
        if not self.shared_TK.shape[1]:
            return own_BXK
        both_BXK = torch.cat([own_BXK, self.shared_TK[inside_BX]], dim=-1)
        return both_BXK[..., self.order_K]


def channels_of(
    values: Float32Array,
    names: tuple[str, ...],
    covariates: tuple[Covariate, ...],
    device: torch.device,
) -> Channels:
    """The layout's covariates out of values (N, T, K'), unknown ones carried forward, else 0."""
    columns = [names.index(each.name) for each in covariates]
    common = _common(values, columns)
    shared = [k for k, each in enumerate(common) if each is not None]
    own = [k for k, each in enumerate(common) if each is None]
    series, steps = values.shape[:2]
    large = series * steps * len(own) >= LARGE
    found = np.empty((series, steps, len(own)), dtype=np.float16 if large else np.float32)
    for rows, block in blocks(values):
        for at, k in enumerate(own):
            found[rows, :, at] = _near_zero(block[:, :, columns[k]], covariates[k])
    once = [_near_zero(each[None], covariates[k])[0] for k, each in _numbered(common)]
    return Channels(
        own_NTK=torch.as_tensor(found, device=device),
        shared_TK=torch.as_tensor(
            np.stack(once, axis=1) if once else np.empty((steps, 0), np.float32), device=device
        ),
        order_K=torch.as_tensor(np.argsort([*own, *shared]), device=device),
    )


def _numbered(common: list[Float32Array | None]) -> Iterator[tuple[int, Float32Array]]:
    return ((k, each) for k, each in enumerate(common) if each is not None)


def _common(values: Float32Array, columns: list[int]) -> list[Float32Array | None]:
    """For each column the values (T,) that all series share where they know any, else None."""
    steps = values.shape[1]
    low = np.full((len(columns), steps), np.nan, dtype=np.float32)
    high = low.copy()
    differs: BoolArray = np.zeros(len(columns), dtype=bool)
    for _, block in blocks(values):
        for k in np.flatnonzero(~differs):
            column = block[:, :, columns[k]]
            low[k] = np.fmin(low[k], np.fmin.reduce(column, axis=0))
            high[k] = np.fmax(high[k], np.fmax.reduce(column, axis=0))
        differs = np.any(low < high, axis=1)
    return [None if differs[k] else low[k] for k in range(len(columns))]


def _near_zero(column: Float32Array, covariate: Covariate) -> Float32Array:
    """Values (N, T) in spreads from the centre."""
    column = _carried_forward(column)
    if covariate.log:
        column = np.log(np.maximum(column, 1e-12))
    scaled = (column - covariate.centre) / covariate.spread
    return np.nan_to_num(np.clip(scaled, -2 * FARTHEST, 2 * FARTHEST), nan=0.0)


def _carried_forward(values: Float32Array) -> Float32Array:
    """Each unknown value (N, T) is the last known one before it.

    >>> _carried_forward(np.array([[np.nan, 3.0, np.nan, 1.0]], dtype=np.float32)).tolist()
    [[nan, 3.0, 3.0, 1.0]]
    """
    unknown: BoolArray = np.isnan(values)
    if not unknown.any():
        return values
    last = np.where(unknown, 0, np.arange(values.shape[1]))
    return np.take_along_axis(values, np.maximum.accumulate(last, axis=1), axis=1)
