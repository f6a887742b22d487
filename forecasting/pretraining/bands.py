"""Past windows of a panel: what forecasts of them say about bands, and about covariates.

Only windows that the network has not learned from are asked for. Few suffice, and few keep `fit`
quick.

Shape suffixes: N series, T steps, B windows, H horizon, Q levels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecasting import metrics
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

# Shares of what covariates were found to do, of which past windows choose one. Elasticities are
# measured from step to step; of a price that falls and stays down, less is left than they say.
STRENGTHS = (1.0, 0.75, 0.5, 0.0)

Forecasts = Callable[[FloatArray, Float32Array, float], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, kw_only=True, eq=False)
class PastWindows:
    """Some rows of a panel at some of its last cutoffs."""

    panel: Panel
    horizon: int
    rows: tuple[IntArray, ...]  # at each cutoff, the last one first

    @property
    def actual(self) -> FloatArray:
        """What came (B, H)."""
        return np.concatenate(
            [self.panel.target[rows, end - self.horizon : end] for end, rows in self._ends()]
        )

    def best(
        self, forecasts: Forecasts, strengths: tuple[float, ...], levels: tuple[float, ...]
    ) -> tuple[float, FloatArray]:
        """The strength of covariates by which these windows were forecast best, and how."""
        found = {each: self.forecast(forecasts, strength=each) for each in strengths}
        best = min(found, key=lambda each: self.wql(found[each], levels))
        return best, found[best]

    def forecast(self, forecasts: Forecasts, *, strength: float) -> FloatArray:
        """Quantiles (B, H, Q) from what was known at each cutoff."""
        nothing = np.empty((self.panel.num_series, 0, len(self.panel.known_names)))
        known = readable(self.panel.known_covariates, nothing)
        known = known if strength else known[..., :0]
        return np.concatenate(
            [
                forecasts(
                    self.panel.target[rows, : end - self.horizon], known[rows, :end], strength
                )[0]
                for end, rows in self._ends()
            ]
        )

    def wql(self, quantiles: FloatArray, levels: tuple[float, ...]) -> float:
        """Weighted quantile loss of quantiles (B, H, Q)."""
        return float(metrics.wql(self.actual, quantiles, levels))

    def bands(
        self, quantiles: FloatArray, levels: tuple[float, ...], *, round_counts: bool
    ) -> Bands:
        """Bands by which these windows were covered as they should be."""
        rows, actual = np.concatenate(self.rows), self.actual
        volume = volumes_of(self.panel)[rows]
        whole = whole_series(self.panel.target[rows]) & round_counts
        widths = Widths.fit(quantiles, actual, volume, levels, whole=whole)
        if len(levels) < 2:
            return Bands(widths=widths)
        moved = rounded(widths.moved(quantiles, volume), whole)
        scores = normal_scores(actual, moved, levels)
        correlation = step_correlation(scores, np.ones(len(actual)))
        return Bands(widths=widths, step_correlation=correlation)

    def _ends(self) -> list[tuple[int, IntArray]]:
        length, horizon = self.panel.length, self.horizon
        return [(length - back * horizon, rows) for back, rows in enumerate(self.rows)]


def past_windows(
    panel: Panel, *, horizon: int, seed: int, cutoffs: int = CUTOFFS
) -> PastWindows | None:
    """Windows before the panel's cutoff at the last `cutoffs`; None where it is too short."""
    rng = np.random.default_rng(seed)
    picked: list[IntArray] = []
    for back in range(1, cutoffs + 1):
        usable = np.flatnonzero(panel.launched <= panel.length - back * horizon - FEWEST)
        if not len(usable):
            break
        picked.append(np.sort(rng.permutation(usable)[: WINDOWS // cutoffs]))
    return PastWindows(panel=panel, horizon=horizon, rows=tuple(picked)) if picked else None
