"""What established products tell of one that is new: its level, its shape and its bands.

The level lies on a grid. What is believed before any sale is a mixture over analogues; what was
sold makes some levels likelier. Shape suffixes: N established products, T steps since the first
cold product began, H horizon, Q quantile levels, G levels of the grid, D draws.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from forecasting.arrays import FloatArray, IntArray
from forecasting.forecast import Forecast
from forecasting.launches import Launches
from forecasting.panel import Panel

LIKEST = 200  # analogues of a product that its forecast is mixed from
GRID = 160  # levels
FAR_SHARE, FAR = 0.05, 4.0  # of the belief, in levels this many times farther from the analogue's
DRAWS = 300  # of an analogue and a level together
WITHIN = (np.arange(19) + 0.5) / 19  # probabilities at which the quantiles of each draw are taken
LEAST_DRIFT, MOST_DRIFT = 0.02, 3.0  # relative variance of a level from first sales to the horizon


@dataclass(frozen=True, eq=False)
class Answer:
    """The forecast of one product, and how much each established one had to do with it."""

    mean: FloatArray  # (H,)
    quantiles: FloatArray  # (H, Q)
    shares: FloatArray  # (N,)


@dataclass(frozen=True, kw_only=True, eq=False)
class Market:
    """The established products, as they sold lately and as they are forecast."""

    target: FloatArray  # (N, T)
    mean: FloatArray  # (N, H)
    quantiles: FloatArray  # (N, H, Q)
    quantile_levels: tuple[float, ...]
    levels: FloatArray  # (N,), mean of the forecast, above zero
    noise: FloatArray  # (N,), variance of a step over its mean
    drift: float
    spread: float  # of a log level around that of its analogue
    launches: Launches
    whole: bool  # the model's quantiles are whole numbers

    @classmethod
    def of(
        cls, panel: Panel, forecast: Forecast, established: IntArray, *, spread: float, first: int
    ) -> Self:
        """The market of these series; `first` is the step at which the first cold one began."""
        mean, quantiles = forecast.mean[established], forecast.quantiles[established]
        target, season = panel.target[established], panel.seasonality
        noise = _noise(target, season)
        return cls(
            target=target[:, first:],
            mean=mean,
            quantiles=quantiles,
            quantile_levels=forecast.quantile_levels,
            levels=mean.mean(axis=1),
            noise=noise,
            drift=_drift(target, noise, mean.shape[1]),
            spread=spread,
            launches=Launches.of(panel, established),
            whole=bool((quantiles == np.floor(quantiles)).all()),
        )

    def answer(self, sold: FloatArray, weights: FloatArray) -> Answer:
        """The forecast of a product that sold (T,), NaN where nothing was observed.

        `weights` (N,) are how alike its attributes are.
        """
        near = np.argsort(-weights, kind="stable")[:LIKEST]
        weight = weights[near] / weights[near].sum()
        curve = self.launches.curve(weights)
        logs = np.log(self.levels[near])
        margin = 2 * FAR * self.spread
        grid = np.linspace(logs.min() - margin, logs.max() + margin, GRID)
        belief = weight[:, None] * self._around(grid - logs[:, None])
        belief *= self._likelihood(sold, near, weight, grid, curve)
        belief /= belief.sum()
        seen = np.flatnonzero(~np.isnan(sold))
        age = len(sold) - int(seen[0]) if len(seen) else 0
        ahead = self.launches.factors(curve, age + np.arange(self.mean.shape[1]))
        share = (belief @ np.exp(grid)) / self.levels[near]
        shares = np.zeros(len(weights))
        shares[near] = belief.sum(axis=1)
        return Answer(
            mean=ahead * (share @ self.mean[near]),
            quantiles=self._quantiles(near, grid, belief, ahead),
            shares=shares,
        )

    def _around(self, apart: FloatArray) -> FloatArray:
        """Belief (N, G) in levels that lie apart from an analogue's; each row sums to one."""
        near, far = (
            np.exp(-0.5 * (apart / (self.spread * width)) ** 2) / width for width in (1.0, FAR)
        )
        both = (1 - FAR_SHARE) * near + FAR_SHARE * far
        return np.asarray(both / both.sum(axis=1, keepdims=True))

    def _likelihood(
        self,
        sold: FloatArray,
        near: IntArray,
        weight: FloatArray,
        grid: FloatArray,
        curve: FloatArray,
    ) -> FloatArray:
        """How likely (G,) the sum of what was sold is, up to a factor.

        A negative binomial in units of the noise: its variance is the noise of the steps, plus what
        levels drift, in proportion to the square. What analogues sold on the same days stands for
        season, holidays and trend.
        """
        seen = np.flatnonzero(~np.isnan(sold))
        if not len(seen):
            return np.ones(len(grid))
        values = self.target[near][:, seen]
        known = ~np.isnan(values)
        usual = weight @ (known * self.levels[near][:, None])
        index = weight @ np.nan_to_num(values) / np.where(usual > 0, usual, 1.0)
        exposure = float((index * self.launches.factors(curve, seen - seen[0])).sum())
        if exposure <= 0:
            return np.ones(len(grid))
        noise = float(weight @ (self.noise[near] * self.levels[near]))
        noise /= float(weight @ self.levels[near])
        total, size = max(float(sold[seen].sum()), 0.0) / noise, 1 / self.drift
        expected = np.exp(grid) * exposure / noise
        logs = total * np.log(expected) - (total + size) * np.log(expected + size)
        return np.asarray(np.exp(logs - logs.max()))

    def _quantiles(
        self, near: IntArray, grid: FloatArray, belief: FloatArray, ahead: FloatArray
    ) -> FloatArray:
        """Quantiles (H, Q) of the mixture: analogues' own, moved to the levels believed in."""
        cumulated = np.cumsum(belief.reshape(-1))
        drawn = np.searchsorted(cumulated / cumulated[-1], (np.arange(DRAWS) + 0.5) / DRAWS)
        analogue, level = np.divmod(drawn, len(grid))
        levels = self.quantile_levels
        between = np.stack([np.interp(WITHIN, levels, row) for row in np.eye(len(levels))])
        values = self.quantiles[near][analogue] @ between  # (D, H, within)
        ratio = np.exp(grid[level]) / self.levels[near][analogue]
        values = values * ratio[:, None, None] * ahead[:, None]
        if self.whole:
            values = np.floor(values + 0.5)
        pooled = np.moveaxis(values, 1, 0).reshape(len(ahead), -1)
        return np.asarray(np.quantile(pooled, self.quantile_levels, axis=1).T)


def _noise(target: FloatArray, season: int) -> FloatArray:
    """Variance of a step over its mean (N,), from changes over a season."""
    recent = target[:, -max(8 * season, 56) - season :]
    squares = (recent[:, season:] - recent[:, :-season]) ** 2 / 2
    known = np.maximum((~np.isnan(squares)).sum(axis=1), 1)
    seen = np.maximum((~np.isnan(recent)).sum(axis=1), 1)
    mean = np.nansum(recent, axis=1) / seen
    found = np.nansum(squares, axis=1) / known / np.where(mean > 0, mean, 1.0)
    usable = (mean > 0) & (found > 0)
    typical = float(np.median(found[usable])) if usable.any() else 1.0
    return np.where(usable, found, typical)


def _drift(target: FloatArray, noise: FloatArray, horizon: int) -> float:
    """Relative variance, beyond noise, of what products sold before the last horizon steps."""
    steps = min(horizon, target.shape[1] // 2)
    before, last = target[:, -2 * steps : -steps], target[:, -steps:]
    seen = ~np.isnan(before).any(axis=1) & ~np.isnan(last).any(axis=1)
    seen &= np.nan_to_num(last).sum(axis=1) > 0
    if seen.sum() < 8:
        return LEAST_DRIFT
    sold, later = before[seen].sum(axis=1), last[seen].sum(axis=1)
    expected = later * sold.sum() / later.sum()
    by_chance = 2 * noise[seen] / expected
    squares = ((sold - expected) / expected) ** 2 - by_chance
    kept = squares <= np.quantile(squares, 0.98)
    informative = 1 / (1 + by_chance)
    found = float(np.average(squares[kept], weights=informative[kept]))
    return float(np.clip(found, LEAST_DRIFT, MOST_DRIFT))
