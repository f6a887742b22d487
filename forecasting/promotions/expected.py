"""What would have sold without promotions: level of a series x factor of its group x its price.

The factor of a group at a time comes from the other products of the group, freed of what their own
prices and promotions did; where those sell little it leans on all products.
Shapes: N series, T periods, P products.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray, IntArray
from forecasting.promotions.grid import Grid

SWEEPS = 6  # of levels and factors in turn
LEAN = 20.0  # units of expected sales at which a group's own factor counts as much as that of all


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """Expected sales, as far as the series counts there."""

    without: FloatArray  # (N, T) at the usual price, with nothing on promotion
    given: FloatArray  # (N, T) at the price and promotion that were


def expected(grid: Grid, products: pd.DataFrame, *, halo: int, wide: bool = False) -> Expected:
    """By the slopes of `products` as `Elasticities` has them; `halo` periods around a promotion.

    `wide` takes the factor of the parent group, with the product itself.
    """
    by = products.set_index("product").reindex(grid.products)
    response, base = _responses(grid, by, halo)
    counted = np.where(grid.counts, response, 0.0)
    group = grid.parent if wide else grid.group
    level = np.ones(len(grid.series))
    factor = np.ones((len(grid.products), len(grid.times)))
    for _ in range(SWEEPS):
        level = _quotient(grid.sold.sum(axis=1), (counted * factor[grid.product]).sum(axis=1))
        factor = _factor(grid, counted * level[:, None], group, wide)
    scale = level[:, None] * factor[grid.product]
    return Expected(
        without=np.where(grid.counts, scale * base, 0.0),
        given=np.where(grid.counts, scale * response, 0.0),
    )


def around(grid: Grid, halo: int) -> tuple[FloatArray, FloatArray]:
    """1 (N, T) in the `halo` periods after, and before, a promotion, outside of all promotions."""
    total = np.cumsum(np.pad(grid.promoted, ((0, 0), (1, 0))), axis=1)
    at = np.arange(len(grid.times))
    low, high = np.maximum(at - halo, 0), np.minimum(at + 1 + halo, len(at))
    after = (total[:, at] > total[:, low]) & ~grid.promoted
    before = (total[:, high] > total[:, at + 1]) & ~grid.promoted
    return after.astype(np.float64), before.astype(np.float64)


def _responses(grid: Grid, by: pd.DataFrame, halo: int) -> tuple[FloatArray, FloatArray]:
    """Response (N, T) to price and promotion as they were, and to the usual price alone."""

    def logs(name: str) -> FloatArray:
        values = np.log(by[name].to_numpy(np.float64)) if name in by else np.zeros(len(by))
        return np.asarray(np.nan_to_num(values)[grid.product][:, None])

    elasticity = np.nan_to_num(by["elasticity"].to_numpy(np.float64))[grid.product][:, None]
    after, before = around(grid, halo)
    base = elasticity * np.log(grid.usual)
    given = elasticity * np.log(grid.price) + logs("uplift") * grid.promoted
    given = given + logs("after") * after + logs("before") * before
    return np.exp(np.clip(given, -20, 20)), np.exp(np.clip(base, -20, 20))


def _factor(grid: Grid, response: FloatArray, group: IntArray, wide: bool) -> FloatArray:
    """Factors (P, T) of the group of each product, without the product itself unless `wide`."""
    sold, usual = grid.by_product(grid.sold), grid.by_product(response)
    sold_all, usual_all = sold.sum(axis=0), usual.sum(axis=0)
    everything = _quotient(sold_all, usual_all)
    sold_group = grid.by_group(sold, group)[group]
    usual_group = grid.by_group(usual, group)[group]
    if not wide:
        sold_group, usual_group = sold_group - sold, usual_group - usual
    return (sold_group + LEAN * everything) / (np.maximum(usual_group, 0.0) + LEAN)


def _quotient(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=denominator > 0)
