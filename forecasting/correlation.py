"""How forecast errors go together: across series, by what they share, and across steps.

Bands of a sum are wrong when errors are taken as independent: a warm week lifts the sales of all
ice cream at once. The Gaussian copula of `paths` splits the normal score of each series into
factors that it shares with the other series of its nodes, and a rest of its own. Shape suffixes:
W windows, B series, H horizon, T = W x H columns, L levels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray
from forecasting.errors import ConfigError, PanelError
from forecasting.forecast import quantile_column
from forecasting.hierarchy import TOTAL, Hierarchy, Level
from forecasting.validation import first_of

UNMEASURED_STEP = 0.5  # as in Forecast
UNMEASURED_SHARE = 0.05  # of the total; M5 had 0.02 to 0.05 by window, monthly retail 0.03 to 0.10
BELIEF = 10.0  # independent observations that the unmeasured values count as
LARGEST_SHARE = 0.95  # of all factors together, so that each series keeps something of its own


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """Correlation of the normal scores of forecast errors.

    `shared` is, per level, the share of variance that comes from a factor common to the series of
    a node. Two series are correlated by the sum over the levels at which they share the node:
    with `{(): 0.05, ("category",): 0.15}` by 0.20 within a category and by 0.05 otherwise.
    """

    step: float = UNMEASURED_STEP  # of neighbouring steps of a series, AR(1)
    shared: Mapping[Level, float] = field(default_factory=lambda: {TOTAL: UNMEASURED_SHARE})

    def __post_init__(self) -> None:
        if not -1 < self.step <= 1:
            raise ConfigError(f"step={self.step} must be above -1 and at most 1.")
        shares = list(self.shared.values())
        if not all(share >= 0 for share in shares) or sum(shares) > 1:
            raise ConfigError(
                f"shared={dict(self.shared)} must be shares of variance: none negative, and at "
                f"most 1 together (now {sum(shares):g})."
            )

    @classmethod
    def independent(cls, *, step: float = UNMEASURED_STEP) -> Self:
        """No correlation across series: the narrowest bands of sums."""
        return cls(step=step, shared={})

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        shared = [{"level": list(level), "share": share} for level, share in self.shared.items()]
        return {"step": self.step, "shared": shared}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """What `to_json` wrote; other content raises `KeyError` or `TypeError`."""
        shared = {tuple(each["level"]): float(each["share"]) for each in content["shared"]}
        return cls(step=float(content["step"]), shared=shared)


def correlation_of(held_out: pd.DataFrame, hierarchy: Hierarchy) -> Correlation:
    """The correlation that the errors of a backtest had.

    `held_out` is `Backtest.forecasts` of one model: cutoff, series_id, timestamp, actual, mean and
    quantiles. Values are chosen so that sums over nodes and over the horizon vary by as much as
    the errors of these sums did, given the bands of the series; so they also cover errors that all
    series share because the model was wrong about the trend. Few windows are weighed against the
    values that are taken without measuring. Series without backtest do not count.
    """
    errors, spreads = _cubes(held_out, hierarchy)
    return correlation_of_errors(errors, spreads, hierarchy)


def correlation_of_errors(
    errors: FloatArray, spreads: FloatArray, hierarchy: Hierarchy
) -> Correlation:
    """As `correlation_of`, from errors and spreads (W, B, H); NaN errors do not count.

    A spread is the standard deviation of a normal band; `spread_of` has it for any quantiles.
    """
    known = ~np.isnan(errors) & (spreads > 0)
    errors, spreads = np.where(known, errors, 0.0), np.where(known, spreads, 0.0)
    series_windows = int(known.any(axis=2).sum())
    if not series_windows:
        raise PanelError(
            "No series of the hierarchy has both an actual and a band in the backtest. Backtest "
            "the series that are to be added up, with at least two quantile levels."
        )
    step = _matched_step(errors, spreads)
    step = _towards(step, series_windows, UNMEASURED_STEP)
    return Correlation(step=step, shared=_shared(errors, spreads, hierarchy))


def spread_of(quantiles: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Spreads (...) of quantile functions (..., Q): the mean slope over the normal score.

    >>> float(spread_of(np.array([-1.2815516, 0.0, 1.2815516]), (0.1, 0.5, 0.9)).round(6))
    1.0
    """
    if len(levels) < 2:
        raise ConfigError("A band needs at least two quantile levels.")
    slopes = np.diff(quantiles, axis=-1) / np.diff(normal_scores(levels))
    mass = np.diff([0.0, *levels[1:-1], 1.0])  # the outer slopes go on beyond the outer levels
    return np.asarray(slopes @ mass)


def normal_scores(levels: tuple[float, ...] | FloatArray) -> FloatArray:
    """Standard normal quantiles of probabilities."""
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf(float(level)) for level in levels])


def _cubes(held_out: pd.DataFrame, hierarchy: Hierarchy) -> tuple[FloatArray, FloatArray]:
    """Errors and spreads (W, B, H) of the series of a hierarchy, NaN where nothing is known."""
    needed = ["cutoff", "series_id", "timestamp", "actual", "mean"]
    if missing := [name for name in needed if name not in held_out.columns]:
        raise PanelError(
            f"held_out lacks the columns {first_of(missing)}. Give Backtest.forecasts, the rows of "
            "one model."
        )
    if "model" in held_out.columns and held_out["model"].nunique() > 1:
        raise PanelError(
            f"held_out has the models {first_of(list(held_out['model'].unique()))}. Give the rows "
            "of one."
        )
    names = [name for name in held_out.columns if name[:1] == "q" and _is_level(name[1:])]
    levels = tuple(sorted(float(name[1:]) for name in names))
    columns = [quantile_column(level) for level in levels]
    series = hierarchy.series_ids.get_indexer(pd.Index(held_out["series_id"]))
    window = pd.factorize(held_out["cutoff"], sort=True)[0]
    steps = held_out.groupby("cutoff")["timestamp"].rank(method="dense").to_numpy(dtype=np.int64)
    shape = (int(window.max()) + 1, hierarchy.num_series, int(steps.max()))
    errors, spreads = np.full(shape, np.nan), np.zeros(shape)
    kept = series >= 0
    at = (window[kept], series[kept], steps[kept] - 1)
    errors[at] = (held_out["actual"] - held_out["mean"]).to_numpy(dtype=np.float64)[kept]
    spreads[at] = spread_of(held_out[columns].to_numpy(dtype=np.float64), levels)[kept]
    return errors, spreads


def _is_level(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _matched_step(errors: FloatArray, spreads: FloatArray) -> float:
    """AR(1) correlation with which sums over the horizon vary as the errors' sums did.

    Each series counts by its spread: equal weights would leave it to the ones that hardly sell.
    """
    size = np.sqrt((spreads**2).sum(axis=2, keepdims=True))
    weight = np.divide(1.0, np.sqrt(size), out=np.zeros_like(size), where=size > 0)
    e, c = errors * weight, spreads * weight
    wanted = float((e.sum(axis=2) ** 2 - (e**2).sum(axis=2)).sum()) / 2
    lags = range(1, errors.shape[2])
    pairs = np.array([float((c[:, :, lag:] * c[:, :, :-lag]).sum()) for lag in lags])
    low, high = 0.0, 0.99
    for _ in range(40):  # the sum grows with the correlation, so halving finds it
        middle = (low + high) / 2
        reached = float((pairs * middle ** np.array(lags)).sum())
        low, high = (middle, high) if reached < wanted else (low, middle)
    return (low + high) / 2


def _shared(errors: FloatArray, spreads: FloatArray, hierarchy: Hierarchy) -> dict[Level, float]:
    """Shares per level with which sums over nodes vary as the errors' sums did.

    Products of errors, summed over the pairs of series that share a node, are on average the sum
    over levels of share x products of spreads of the pairs that share a node of that level too.
    """
    from scipy.optimize import nnls

    levels = list(hierarchy.levels)
    e, c = _columns(errors), _columns(spreads)
    found = np.array([_pair_products(e, hierarchy.sums(e, level)) for level in levels])
    design = np.array([[_common(c, hierarchy, a, b) for b in levels] for a in levels])
    scale = np.diag(design).copy()
    usable = scale > 0  # a level whose nodes hold one series each has no pairs
    shares = np.zeros(len(levels))
    if usable.any():
        square = design[np.ix_(usable, usable)] / scale[usable][:, None]
        shares[usable] = nnls(square, found[usable] / scale[usable])[0]
    count = _independent_columns(errors.sum(axis=1))
    for at, level in enumerate(levels):
        nodes = len(hierarchy.nodes[at])
        shares[at] = _towards(shares[at], count * nodes, 0.0 if level else UNMEASURED_SHARE)
    shares *= min(1.0, LARGEST_SHARE / max(shares.sum(), 1e-12))
    return {level: float(share) for level, share in zip(levels, shares, strict=True)}


def _columns(values: FloatArray) -> FloatArray:
    """(B, T) from (W, B, H)."""
    return np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)


def _pair_products(values: FloatArray, sums: FloatArray) -> float:
    """Sum of products over ordered pairs of different series with a node in common."""
    return float((sums**2).sum() - (values**2).sum())


def _common(spreads: FloatArray, hierarchy: Hierarchy, one: Level, other: Level) -> float:
    """Products of spreads (B, T) over pairs that share nodes of both levels."""
    at, to = hierarchy.levels.index(one), hierarchy.levels.index(other)
    both = hierarchy.codes[at] * np.int64(len(hierarchy.nodes[to])) + hierarchy.codes[to]
    order = np.argsort(both, kind="stable")
    starts = np.flatnonzero(np.diff(both[order], prepend=-1))
    return _pair_products(spreads, np.add.reduceat(spreads[order], starts, axis=0))


def _independent_columns(totals: FloatArray) -> float:
    """How many independent observations the errors (W, H) of the total are worth."""
    windows, horizon = totals.shape
    power = float((totals**2).sum())
    if horizon < 2 or not power:
        return float(windows)
    lag = float((totals[:, 1:] * totals[:, :-1]).sum()) / power
    lag = min(max(lag, 0.0), 1.0)
    return windows + windows * (horizon - 1) * (1 - lag) / (1 + lag)


def _towards(measured: float, count: float, belief: float) -> float:
    return float((count * measured + BELIEF * belief) / (count + BELIEF))
