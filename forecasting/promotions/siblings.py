"""What a promotion takes from the other products of its group: cannibalisation.

Too little to see in one promotion, so it is measured over all of them: how sales of a product move,
against those of a wider group, with the share of its siblings on promotion. Slopes of groups are
drawn to what all groups share.
Shapes: N series, T periods, P products, G groups.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray
from forecasting.promotions.expected import expected
from forecasting.promotions.grid import Grid
from forecasting.shrinkage import shrink

BLOCK_DAYS = 28  # whose errors may hang together
_LEAST = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Siblings:
    """`groups`: group, slope (log of sales when all siblings are promoted), low, high, seen."""

    groups: pd.DataFrame
    slope: FloatArray  # (G,) 0 where the data cannot tell
    error: FloatArray  # (G,)

    @property
    def seen(self) -> BoolArray:
        """Groups (G,) in which the data can tell that sales move from siblings to promotions."""
        return np.asarray(self.groups["seen"].to_numpy(dtype=bool))


def cannibalisation(
    grid: Grid, products: pd.DataFrame, *, halo: int, level: float = 0.9
) -> Siblings:
    """The slope of every group, by the slopes of `products` as `Elasticities` has them.

    Groups without siblings or promotions get that of all; where its band holds 0 the data cannot
    tell, and `slope` is 0.
    """
    share = promoted_siblings(grid)  # (N, T)
    model = expected(grid, products, halo=halo, wide=True)
    mean, rest = model.given, np.where(grid.counts, grid.sold - model.given, 0.0)
    centred = _centred(grid, share, mean)
    own, errors = _slopes(grid, centred, mean, rest)
    known = np.isfinite(own) & np.isfinite(errors)
    one = np.zeros(len(own), dtype=np.intp)
    drawn = shrink(np.nan_to_num(own), np.where(known, errors**2, 1.0), known, one)
    spread = np.sqrt(drawn.variance)
    z = NormalDist().inv_cdf((1 + level) / 2)
    low, high = drawn.mean - z * spread, drawn.mean + z * spread
    seen = np.nan_to_num(high, nan=1.0) < 0
    return Siblings(
        groups=pd.DataFrame(
            {"group": grid.groups, "slope": drawn.mean, "low": low, "high": high, "seen": seen}
        ),
        slope=np.where(seen, np.nan_to_num(drawn.mean), 0.0),
        error=np.where(seen, np.nan_to_num(spread), 0.0),
    )


def promoted_siblings(grid: Grid) -> FloatArray:
    """Share (N, T) of the other series of the group in the same place that are on promotion."""
    key = grid.group[grid.product] * (int(grid.place.max()) + 1) + grid.place
    number = np.asarray(pd.factorize(key)[0])
    promoted = grid.promoted.astype(np.float64)
    others = grid.by_group(promoted, number)[number] - promoted
    return np.asarray(others / np.maximum(np.bincount(number)[number] - 1, 1)[:, None])


def _centred(grid: Grid, share: FloatArray, weights: FloatArray) -> FloatArray:
    """The share less what the level of each series and the factor of its parent take of it."""
    made = share.copy()
    parent = grid.parent
    for _ in range(3):
        mass = weights.sum(axis=1, keepdims=True)
        made -= (weights * made).sum(axis=1, keepdims=True) / np.maximum(mass, _LEAST)
        whole = grid.by_group(grid.by_product(weights), parent)
        mean = grid.by_group(grid.by_product(weights * made), parent) / np.maximum(whole, _LEAST)
        made -= mean[parent][grid.product]
    return made


def _slopes(
    grid: Grid, centred: FloatArray, mean: FloatArray, rest: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """A Poisson step from 0, and its error with blocks of days: (G,) each, NaN without data."""
    scores = grid.by_group(grid.by_product(centred * rest), grid.group)  # (G, T)
    information = grid.by_group(grid.by_product(centred**2 * mean), grid.group).sum(axis=1)
    blocks = ((grid.times - grid.times[0]).days // BLOCK_DAYS).to_numpy()
    summed = np.zeros((len(grid.groups), int(blocks.max()) + 1))
    np.add.at(summed.T, blocks, scores.T)
    safe = np.where(information > _LEAST, information, np.nan)
    return scores.sum(axis=1) / safe, np.sqrt((summed**2).sum(axis=1)) / safe
