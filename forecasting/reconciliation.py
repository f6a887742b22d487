"""Means of all nodes made coherent: bottom-up, or by MinT of hierarchicalforecast.

Weighted least squares uses sparse matrices and so works for tens of thousands of series; only
`mint_shrink` needs the covariance of all nodes and is kept to small hierarchies. Shape suffixes:
N nodes, B series, H horizon, T observed errors.
"""

import warnings
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from forecasting.arrays import BoolArray, FloatArray
from forecasting.errors import ConfigError
from forecasting.hierarchy import BOTTOM, Hierarchy

Method = Literal["bottom_up", "ols", "wls_struct", "wls_var", "mint_shrink"]
DENSE_NODES = 1_000  # above it the covariance of all nodes takes minutes and gigabytes
EXACT_CELLS = 200_000  # nodes x steps that the exact solution takes some ten seconds for
SMALLEST_VARIANCE = (
    0.1  # of the median node's; smaller ones slow the solver twentyfold, for nothing
)


@dataclass(frozen=True, eq=False)
class Reconciled:
    """Means of the series whose sums are coherent, and how they came about."""

    means: FloatArray  # (B, H)
    method: str  # the one used
    reason: str = ""  # a sentence where something was done otherwise than asked


def reconciled(
    base: FloatArray, hierarchy: Hierarchy, *, method: Method, errors: FloatArray | None
) -> Reconciled:
    """Means of the series from base means (N, H) of all nodes; none negative where no base mean is.

    `errors` (N, T) are held-out errors of the base forecasts, NaN where unknown.
    """
    if method not in get_args(Method):
        raise ConfigError(
            f"method={method!r} is unknown. Use one of {', '.join(get_args(Method))}."
        )
    if method == "bottom_up":
        return Reconciled(base[hierarchy.rows(BOTTOM)], method)
    if method in ("ols", "wls_struct"):
        return _least_squares(base, hierarchy, method, None)
    if errors is None:
        raise ConfigError(
            f"method={method!r} weighs nodes by their errors. Give errors=, for example "
            "errors_of(backtest.forecasts), or use 'wls_struct'."
        )
    variances = _variances(errors, hierarchy)
    if method == "wls_var":
        return _least_squares(base, hierarchy, method, variances)
    if len(base) <= DENSE_NODES:
        return Reconciled(_mint_shrink(base, hierarchy, errors, variances), method)
    found = _least_squares(base, hierarchy, "wls_var", variances)
    reason = (
        f"mint_shrink needs a dense {len(base):,} x {len(base):,} matrix and is kept to "
        f"{DENSE_NODES:,} nodes; wls_var weighs nodes by their own errors"
    )
    return Reconciled(found.means, found.method, "; ".join(filter(None, (reason, found.reason))))


def _least_squares(
    base: FloatArray, hierarchy: Hierarchy, method: str, variances: FloatArray | None
) -> Reconciled:
    """Sparse; the slow exact non-negative solution only for steps whose free one is negative."""
    from hierarchicalforecast.methods import MinTraceSparse  # type: ignore[import-untyped, unused-ignore]

    given = {} if variances is None else _insample(variances)
    matrix, bottom = hierarchy.summing_matrix, hierarchy.rows(BOTTOM)
    means = _solved(MinTraceSparse(method), matrix, base, bottom, given)
    wrong = _negative(means, base)
    if not wrong.any():
        return Reconciled(_floored(means, base), method)
    if int(wrong.sum()) * len(base) > EXACT_CELLS:
        reason = (
            f"{len(base):,} nodes are too many for the exact non-negative solution; negative means "
            "were set to zero"
        )
        return Reconciled(_floored(means, base), method, reason)
    solver = MinTraceSparse(method, nonnegative=True, qp=True)
    exact = solver.fit_predict(matrix, base[:, wrong], **given)["mean"]
    means[:, wrong] = np.asarray(exact)[bottom]
    return Reconciled(_floored(means, base), method)


def _mint_shrink(
    base: FloatArray, hierarchy: Hierarchy, errors: FloatArray, variances: FloatArray
) -> FloatArray:
    """MinT with the shrunk covariance of all nodes' errors, in units of the typical error.

    Nodes that were never wrong, or never tested, get uncorrelated errors of their level's size.
    """
    from hierarchicalforecast.methods import MinTrace  # type: ignore[import-untyped, unused-ignore]

    counted = (~np.isnan(errors)).sum(axis=1)
    spread = np.nanmax(np.nan_to_num(errors), axis=1) - np.nanmin(np.nan_to_num(errors), axis=1)
    unknown = (counted < 2) | (spread <= 0)
    noise = np.random.default_rng(0).standard_normal(errors.shape)
    filled = np.where(unknown[:, None], noise * np.sqrt(variances)[:, None], errors)
    filled = filled / np.sqrt(np.median(variances))
    given = {"y_insample": filled, "y_hat_insample": np.zeros_like(filled)}
    matrix, bottom = hierarchy.summing_matrix.toarray(), hierarchy.rows(BOTTOM)
    means = _solved(MinTrace("mint_shrink"), matrix, base, bottom, given)
    wrong = _negative(means, base)
    if wrong.any():
        solver = MinTrace("mint_shrink", nonnegative=True)
        with warnings.catch_warnings():  # of a conversion inside hierarchicalforecast
            warnings.filterwarnings("ignore", message="Converted matrix")
            exact = solver.fit_predict(matrix, base[:, wrong], **given)["mean"]
        means[:, wrong] = np.asarray(exact)[bottom]
    return _floored(means, base)


def _solved(
    solver: Any, matrix: Any, base: FloatArray, bottom: slice, given: dict[str, FloatArray]
) -> FloatArray:
    """Means (B, H) without a bound. What is solved for is the gap between a node and its series:

    forecasts that already add up then stay exactly as they are, and the iterative solver's
    tolerance is one of the gap, not of the level.
    """
    gap = base - matrix @ base[bottom]
    if not gap.any():
        return base[bottom].copy()
    return base[bottom] + np.asarray(solver.fit_predict(matrix, gap, **given)["mean"])[bottom]


def _negative(means: FloatArray, base: FloatArray) -> BoolArray:
    """Steps (H,) with a mean below zero, where no base mean is; rounding does not count."""
    tolerance = 1e-6 * np.abs(base).mean(axis=0)
    return np.asarray((means < -tolerance).any(axis=0) & bool((base >= 0).all()))


def _floored(means: FloatArray, base: FloatArray) -> FloatArray:
    return np.maximum(means, 0.0) if (base >= 0).all() else means


def _variances(errors: FloatArray, hierarchy: Hierarchy) -> FloatArray:
    """Mean squared errors (N,), all above zero; a node without errors gets its level's median.

    The floor keeps a series that never sold from being weighed a billion times more than others.
    """
    known = ~np.isnan(errors)
    counts = known.sum(axis=1)
    squares = np.where(known, errors, 0.0) ** 2
    variances = np.where(counts > 0, squares.sum(axis=1) / np.maximum(counts, 1), np.nan)
    positive = variances[variances > 0]
    if not len(positive):
        raise ConfigError("errors are all zero or unknown. Use method='wls_struct'.")
    for level in (*hierarchy.levels, BOTTOM):
        part = variances[hierarchy.rows(level)]
        typical = np.nanmedian(part) if not np.isnan(part).all() else np.median(positive)
        part[np.isnan(part)] = typical
    return np.asarray(np.maximum(variances, SMALLEST_VARIANCE * np.median(positive)))


def _insample(variances: FloatArray) -> dict[str, FloatArray]:
    """Errors (N, 2) that have these variances: hierarchicalforecast takes nothing else."""
    errors = np.zeros((len(variances), 2))
    errors[:, 0] = np.sqrt(2 * variances / np.median(variances))
    return {"y_insample": errors, "y_hat_insample": np.zeros_like(errors)}
