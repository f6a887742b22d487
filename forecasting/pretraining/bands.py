"""Bands of a panel: what forecasts of its past windows say about the width of bands.

The network has not learned from these windows, so all of them count alike. Few suffice, and few
keep `fit` quick.

Shape suffixes: N series, T steps, B windows, H horizon, Q levels.
"""

from collections.abc import Callable

import numpy as np

from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.dependence import normal_scores, step_correlation
from forecasting.networks.bands import Bands
from forecasting.networks.tensors import volumes_of
from forecasting.panel import Panel
from forecasting.pretraining.covariates import readable
from forecasting.widths import Widths, rounded, whole_series

CUTOFFS = 3  # a horizon apart
WINDOWS = 384  # in all
FEWEST = 16  # steps of history before a cutoff

Forecasts = Callable[[FloatArray, Float32Array], tuple[FloatArray, FloatArray]]


def measured_bands(
    forecasts: Forecasts,
    panel: Panel,
    *,
    horizon: int,
    levels: tuple[float, ...],
    round_counts: bool,
    seed: int,
) -> Bands:
    """Bands by which past windows were covered; unchanged where the panel is too short for any."""
    rng = np.random.default_rng(seed)
    found, actuals, picked = [], [], []
    nothing = np.empty((panel.num_series, 0, len(panel.known_names)))
    known = readable(panel.known_covariates, nothing)
    for back in range(1, CUTOFFS + 1):
        cutoff = panel.length - back * horizon
        rows = np.flatnonzero(panel.launched <= cutoff - FEWEST)
        rows = np.sort(rng.permutation(rows)[: WINDOWS // CUTOFFS])
        if cutoff < FEWEST or not len(rows):
            break
        ends = cutoff + horizon
        quantiles, _ = forecasts(panel.target[rows, :cutoff], known[rows, :ends])
        found.append(quantiles)
        actuals.append(panel.target[rows, cutoff:ends])
        picked.append(rows)
    if not found:
        return Bands.unchanged(levels)
    return _bands(
        panel, np.concatenate(found), np.concatenate(actuals), np.concatenate(picked), levels,
        round_counts=round_counts,
    )  # fmt: skip


def _bands(
    panel: Panel,
    quantiles: FloatArray,
    actual: FloatArray,
    rows: IntArray,
    levels: tuple[float, ...],
    *,
    round_counts: bool,
) -> Bands:
    """From quantiles (B, H, Q) and actuals (B, H) of windows of these rows."""
    volume = volumes_of(panel)[rows]
    whole = whole_series(panel.target[rows]) & round_counts
    widths = Widths.fit(quantiles, actual, volume, levels, whole=whole)
    if len(levels) < 2:
        return Bands(widths=widths)
    moved = rounded(widths.moved(quantiles, volume), whole)
    scores = normal_scores(actual, moved, levels)
    weights = np.ones(len(actual))
    return Bands(widths=widths, step_correlation=step_correlation(scores, weights))
