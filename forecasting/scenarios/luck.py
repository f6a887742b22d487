"""What a scenario is worth under the same luck as the plan: paths of the difference, not of two.

Only series and steps that differ are drawn, because the others cancel exactly. Shape suffixes:
B series, H steps, S paths.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, Float32Array, FloatArray, IntArray
from forecasting.correlation import Correlation, normal_scores
from forecasting.errors import ConfigError
from forecasting.forecast import Forecast
from forecasting.scenarios.setting import MEASURES

BLOCK = 1024  # series drawn at once: their scores stay in the processor's cache
_BINS, _REACH = 2048, 5.0  # of the table that finds the level below a score
_MOST_DOUBT = 1.0  # of log sales: an unsure slope times a large step says nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """What one unit of the forecast becomes: (B, H) each, NaN where money is not known."""

    units: FloatArray
    revenue: FloatArray
    margin: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Doubt:
    """A slope that is not sure: its standard error (B,), and the move (B, H) that it answers."""

    error: FloatArray
    move: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Gains:
    """Scenario less plan: its mean, and how far each path is from it."""

    series: dict[str, FloatArray]  # by measure: (B, S) over all steps
    steps: dict[str, FloatArray]  # by measure: (H, S) over all series whose money is known
    known: dict[str, BoolArray]  # by measure: series (B,) whose money is known


def gains(
    plan: Forecast,
    scenario: Forecast,
    before: Side,
    after: Side,
    *,
    doubts: Sequence[Doubt] = (),
    correlation: Correlation | None = None,
    num_paths: int = 500,
    seed: int = 0,
) -> Gains:
    """Paths of the difference in units, revenue and margin, both with the same luck.

    `scenario` is `plan` itself where the difference lies in the sides alone, which is quicker.
    """
    if len(plan.quantile_levels) < 2:
        raise ConfigError("Sample paths need at least two quantile levels.")
    chosen = correlation or Correlation(step=plan.step_correlation)
    share = float(chosen.shared.get((), 0.0))
    count, steps = plan.mean.shape
    rng = np.random.default_rng(seed)
    found = _nothing(count, steps, num_paths, before, after)
    touched = _touched(plan, scenario, before, after, doubts)
    if not touched.any():
        return found
    wanted = np.flatnonzero(touched.any(axis=0))
    common = _common(len(wanted), num_paths, chosen.step, np.diff(wanted), rng)
    rows = np.flatnonzero(touched.any(axis=1))
    for begin in range(0, len(rows), BLOCK):
        block = rows[begin : begin + BLOCK]
        draws = _Draws.of(block, num_paths, doubts, rng)
        gap = np.diff(wanted, prepend=wanted[0])
        for at, step in enumerate(wanted):
            draws.advance(chosen.step ** float(gap[at]) if at else 0.0)
            mine = np.flatnonzero(touched[block, step])
            if not len(mine):
                continue
            places = _Places.of(
                draws.own[mine] * np.float32(np.sqrt(1 - share))
                + common[at] * np.float32(np.sqrt(share)),
                plan.quantile_levels,
            )
            ids = block[mine]
            was = places.values(plan.quantiles[ids, step])
            is_now = was if scenario is plan else places.values(scenario.quantiles[ids, step])
            _add(
                found,
                ids,
                int(step),
                was,
                is_now * draws.doubted(mine, ids, int(step)),
                before,
                after,
            )
    return found


def bands(
    values: FloatArray, difference: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """Low and high ends (...) of paths (..., S), moved so that their mean is the difference."""
    tail = (1 - level) / 2
    off = difference - values.mean(axis=-1)
    low, high = np.quantile(values, [tail, 1 - tail], axis=-1)
    return low + off, high + off


def _nothing(count: int, steps: int, paths: int, before: Side, after: Side) -> Gains:
    known = {
        name: np.isfinite(getattr(before, name)).all(axis=1)
        & np.isfinite(getattr(after, name)).all(axis=1)
        for name in MEASURES
    }
    return Gains(
        series={name: np.zeros((count, paths), dtype=np.float32) for name in MEASURES},
        steps={name: np.zeros((steps, paths)) for name in MEASURES},
        known=known,
    )


def _touched(
    plan: Forecast, scenario: Forecast, before: Side, after: Side, doubts: Sequence[Doubt]
) -> BoolArray:
    """The series and steps (B, H) at which anything differs."""
    differs = np.zeros(plan.mean.shape, dtype=bool)
    if scenario is not plan:
        differs |= (scenario.quantiles != plan.quantiles).any(axis=2)
        differs |= scenario.mean != plan.mean
    for name in MEASURES:
        one, other = getattr(before, name), getattr(after, name)
        differs |= (one != other) & (np.isfinite(one) | np.isfinite(other))
    for doubt in doubts:
        differs |= (np.nan_to_num(doubt.error)[:, None] > 0) & (np.nan_to_num(doubt.move) != 0)
    return differs


def _common(
    steps: int, paths: int, correlation: float, gaps: IntArray, rng: np.random.Generator
) -> Float32Array:
    """The factor (H, S) that all series share; its scores are equally likely ones in random order,

    because one factor decides the band of a total, which should not depend on the seed.
    """
    evenly = normal_scores((np.arange(paths) + 0.5) / paths).astype(np.float32)
    evenly /= max(float(evenly.std()), 1e-6)
    factors = rng.permuted(np.broadcast_to(evenly, (steps, paths)), axis=1)
    for step in range(1, steps):
        tie = correlation ** float(gaps[step - 1])
        factors[step] *= np.float32(np.sqrt(1 - tie**2))
        factors[step] += np.float32(tie) * factors[step - 1]
    return factors


@dataclass(eq=False)
class _Draws:
    """The luck of one block of series, step by step."""

    own: Float32Array  # (B, S) normal scores
    slopes: list[tuple[Float32Array, FloatArray]]  # (B, S) error of a slope, and its moves
    rng: np.random.Generator

    @classmethod
    def of(
        cls, block: IntArray, paths: int, doubts: Sequence[Doubt], rng: np.random.Generator
    ) -> "_Draws":
        slopes = []
        for doubt in doubts:
            error = np.nan_to_num(doubt.error[block]).astype(np.float32)
            if error.any():
                drawn = rng.standard_normal((len(block), paths), dtype=np.float32)
                slopes.append((drawn * error[:, None], np.nan_to_num(doubt.move)))
        return cls(own=np.zeros((len(block), paths), dtype=np.float32), slopes=slopes, rng=rng)

    def advance(self, tie: float) -> None:
        """On to a step that is tied to the last one so much."""
        fresh = self.rng.standard_normal(self.own.shape, dtype=np.float32)
        fresh *= np.float32(np.sqrt(1 - tie**2))
        if tie:
            fresh += np.float32(tie) * self.own
        self.own = fresh

    def doubted(self, mine: IntArray, ids: IntArray, step: int) -> Float32Array | float:
        """Factors (B, S) of sales, by how much the slopes may be wrong."""
        total: Float32Array | None = None
        for slope, moves in self.slopes:
            move = moves[ids, step].astype(np.float32)
            if move.any():
                part = slope[mine] * move[:, None]
                total = part if total is None else total + part
        if total is None:
            return 1.0
        return np.asarray(np.exp(np.clip(total, -_MOST_DOUBT, _MOST_DOUBT)))


@dataclass(frozen=True, eq=False)
class _Places:
    """Where scores (B, S) lie between the quantile levels, found by a table."""

    left: IntArray
    share: Float32Array

    @classmethod
    def of(cls, scores: Float32Array, levels: tuple[float, ...]) -> "_Places":
        knots = normal_scores(levels).astype(np.float32)
        grid = np.linspace(-_REACH, _REACH, _BINS, dtype=np.float32)
        below = np.clip(np.searchsorted(knots, grid) - 1, 0, len(knots) - 2).astype(np.int32)
        bins = (scores * np.float32((_BINS - 1) / (2 * _REACH)) + np.float32(_BINS / 2)).astype(
            np.int32
        )
        left = below[np.clip(bins, 0, _BINS - 1, out=bins)]
        return cls(left, (scores - knots[left]) * (1.0 / np.diff(knots))[left])

    def values(self, ladder: FloatArray) -> Float32Array:
        """Values (B, S) of quantile functions (B, Q), linear in normal scores, and not below zero

        where those are not.
        """
        low = ladder.astype(np.float32)
        width = low.shape[1]
        at = self.left + (np.arange(len(low), dtype=np.int32) * width)[:, None]
        values = np.diff(low, axis=1, append=0).ravel()[at]
        values *= self.share
        values += low.ravel()[at]
        floor = np.where(low[:, :1] >= 0, np.float32(0.0), np.float32(-np.inf))
        return np.asarray(np.maximum(values, floor, out=values))


def _add(
    found: Gains,
    ids: IntArray,
    step: int,
    was: Float32Array,
    is_now: Float32Array,
    before: Side,
    after: Side,
) -> None:
    for name in MEASURES:
        old = np.asarray(getattr(before, name)[ids, step], dtype=np.float32)[:, None]
        new = np.asarray(getattr(after, name)[ids, step], dtype=np.float32)[:, None]
        gain = (new - old) * was if is_now is was else new * is_now - old * was
        found.series[name][ids] += gain
        known = found.known[name][ids]
        if known.any():
            found.steps[name][step] += gain.sum(axis=0) if known.all() else gain[known].sum(axis=0)


def summed(
    plan: Forecast,
    scenario: Forecast,
    before: Side,
    after: Side,
    found: Gains,
    *,
    level: float,
    groups: IntArray | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Totals, rows per series and rows per step: plan, scenario, difference, low and high.

    Steps of one of the `groups` (H,), numbers that rise from 0, are taken together.
    """
    starts = np.arange(len(plan.timestamps))
    if groups is not None:
        starts = np.searchsorted(groups, np.arange(int(groups[-1]) + 1))
    totals, rows, steps = [], [], []
    for name in MEASURES:
        known = found.known[name]
        old, new = plan.mean * getattr(before, name), scenario.mean * getattr(after, name)
        sums = old.sum(axis=1), new.sum(axis=1)
        low, high = sums[1] - sums[0], sums[1] - sums[0]
        drawn = found.series[name].any(axis=1)
        if drawn.any():
            low, high = low.copy(), high.copy()
            low[drawn], high[drawn] = bands(found.series[name][drawn], low[drawn], level)
        rows.append(_frame(name, sums, low, high, {"series_id": plan.series_ids}))
        per_step = old[known].sum(axis=0), new[known].sum(axis=0)
        if not known.any():
            per_step = (np.full(old.shape[1], np.nan), np.full(old.shape[1], np.nan))
        grouped = np.add.reduceat(per_step[0], starts), np.add.reduceat(per_step[1], starts)
        paths = np.add.reduceat(found.steps[name], starts, axis=0)
        low, high = bands(paths, grouped[1] - grouped[0], level)
        steps.append(_frame(name, grouped, low, high, {"timestamp": plan.timestamps[starts]}))
        whole = found.steps[name].sum(axis=0)
        ends = bands(whole, np.asarray(per_step[1].sum() - per_step[0].sum()), level)
        centred = whole - whole.mean() + per_step[1].sum() - per_step[0].sum()
        totals.append(
            {
                "measure": name,
                "plan": per_step[0].sum(),
                "scenario": per_step[1].sum(),
                "difference": per_step[1].sum() - per_step[0].sum(),
                "low": float(ends[0]),
                "high": float(ends[1]),
                "better": float((centred > 0).mean()) if known.any() else np.nan,
            }
        )
    return (
        pd.DataFrame(totals),
        pd.concat(rows, ignore_index=True),
        pd.concat(steps, ignore_index=True),
    )


def _frame(
    name: str,
    sums: tuple[FloatArray, FloatArray],
    low: FloatArray,
    high: FloatArray,
    key: dict[str, pd.Index],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **key,
            "measure": name,
            "plan": sums[0],
            "scenario": sums[1],
            "difference": sums[1] - sums[0],
            "low": low,
            "high": high,
        }
    )
