"""Analogues: which established products a new one resembles, as far as attributes can tell.

How much an attribute counts is learned from the established products: by how much do the levels of
two of them differ more where the attribute differs? How much nearer ones are preferred, and how far
a level may lie from its analogue's, is what would have made the levels of products left out
likeliest. Shape suffixes: M newcomers, N established products, F attributes, P pairs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from forecasting.arrays import FloatArray, IntArray

REACHES = (0.05, 0.1, 0.2, 0.4, 0.8, np.inf)  # differences of log levels that halve a weight
SPREADS = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0)  # of a log level around that of its analogue
PAIRS = 10_000  # at random, and a third as many that share an attribute, to learn from
JUDGED = 400  # products left out to choose reach and spread by
FEWEST = 8  # established products below which nothing is learned
FARTHEST = 3.0  # spreads of a number beyond which products are equally unlike


@dataclass(frozen=True, eq=False)
class Likeness:
    """How attributes tell levels apart."""

    attributes: pd.DataFrame  # (N, F) of established products: categories or numbers
    log_levels: FloatArray  # (N,)
    worth: FloatArray  # (F,), difference of log levels per unit of unlikeness
    reach: float
    spread: float

    @classmethod
    def learn(cls, attributes: pd.DataFrame, levels: FloatArray, *, seed: int) -> Self:
        """From established products whose levels (N,) are above zero."""
        rng = np.random.default_rng(seed)
        logs = np.log(levels)
        wide = float(logs.std()) or SPREADS[0]
        even = cls(attributes, logs, np.zeros(attributes.shape[1]), np.inf, wide)
        if len(levels) < FEWEST:
            return even
        worth = _worth(attributes, logs, rng)
        return cls(attributes, logs, worth, *_reach_and_spread(attributes, logs, worth, rng))

    def weights(self, attributes: pd.DataFrame) -> FloatArray:
        """Weights (M, N) of the established products for newcomers; each row sums to one."""
        return _nearness(_distance(attributes, self.attributes, self.worth), self.reach)

    @property
    def telling(self) -> list[str]:
        """Attributes that tell levels apart, the most telling first."""
        order = np.argsort(-self.worth, kind="stable")
        return [str(self.attributes.columns[f]) for f in order if self.worth[f] > 0]


def _worth(attributes: pd.DataFrame, logs: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Coefficients (F,) of unlikeness for the difference of log levels, none below zero."""
    left, right = (np.concatenate(each) for each in zip(*_pairs(attributes, rng), strict=True))
    differing = left != right
    left, right = left[differing], right[differing]
    columns = [_unlikeness(attributes[name], left, right) for name in attributes.columns]
    found = np.zeros(attributes.shape[1])
    kept = [f for f, column in enumerate(columns) if len(column) and np.ptp(column) > 0]
    while kept:
        regressors = np.column_stack([np.ones(len(left)), *(columns[f] for f in kept)])
        solved = np.linalg.lstsq(regressors, np.abs(logs[left] - logs[right]), rcond=None)[0][1:]
        if (solved >= 0).all():
            found[kept] = solved
            break
        kept = [f for f, value in zip(kept, solved, strict=True) if value > 0]
    return found


def _pairs(
    attributes: pd.DataFrame, rng: np.random.Generator
) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs at random, and pairs that share a category, which chance would rarely draw."""
    count = len(attributes)
    yield rng.integers(count, size=PAIRS), rng.integers(count, size=PAIRS)
    for name in attributes.columns:
        if is_numeric_dtype(attributes[name]):
            continue
        mixed = rng.permutation(count)
        codes = pd.factorize(attributes[name].astype(str))[0][mixed]
        order = mixed[np.argsort(codes, kind="stable")]
        yield order[:-1][: PAIRS // 3], order[1:][: PAIRS // 3]


def _unlikeness(column: pd.Series, left: IntArray, right: IntArray) -> FloatArray:
    """For pairs of positions (P,): 0 or 1 for categories, spreads apart for numbers."""
    if not is_numeric_dtype(column):
        codes = pd.factorize(column.astype(str))[0]
        return np.asarray(codes[left] != codes[right], dtype=np.float64)
    values, _ = _scaled(column, column)
    return np.clip(np.abs(values[left] - values[right]), 0, FARTHEST)


def _scaled(column: pd.Series, established: pd.Series) -> tuple[FloatArray, FloatArray]:
    """Both in spreads of the established; ratios count where all are positive; unknown is usual."""
    given = column.to_numpy(dtype=np.float64)
    base = established.to_numpy(dtype=np.float64)
    if (base[~np.isnan(base)] > 0).all() and (given[~np.isnan(given)] > 0).all():
        given, base = np.log(given), np.log(base)
    known = base[~np.isnan(base)]
    centre, spread = (known.mean(), known.std()) if len(known) else (0.0, 1.0)
    scaled = [(each - centre) / (spread or 1.0) for each in (given, base)]
    return np.nan_to_num(scaled[0]), np.nan_to_num(scaled[1])


def _distance(attributes: pd.DataFrame, established: pd.DataFrame, worth: FloatArray) -> FloatArray:
    """Expected differences (M, N) of log levels, above those of equal attributes."""
    total = np.zeros((len(attributes), len(established)))
    for f, name in enumerate(established.columns):
        if not worth[f]:
            continue
        if is_numeric_dtype(established[name]):
            ours, theirs = _scaled(attributes[name], established[name])
            apart = np.clip(np.abs(ours[:, None] - theirs), 0, FARTHEST)
        else:
            own = attributes[name].astype(str).to_numpy()
            unlike = own[:, None] != established[name].astype(str).to_numpy()
            apart = unlike.astype(np.float64)
        total += worth[f] * apart
    return total


def _nearness(distance: FloatArray, reach: float) -> FloatArray:
    nearest = distance.min(axis=1, keepdims=True)
    weights = np.exp2(-(distance - nearest) / reach)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _reach_and_spread(
    attributes: pd.DataFrame, logs: FloatArray, worth: FloatArray, rng: np.random.Generator
) -> tuple[float, float]:
    """The pair under which levels of products left out are likeliest."""
    judged = rng.permutation(len(logs))[:JUDGED]
    distance = _distance(attributes.iloc[judged], attributes, worth)
    distance[np.arange(len(judged)), judged] = np.inf
    near = {reach: _left_out(distance, reach) for reach in REACHES}
    apart = logs[judged][:, None] - logs
    likely = {each: np.exp(-0.5 * (apart / each) ** 2) / each for each in SPREADS}
    scores = {
        (reach, spread): float(np.log((near[reach] * likely[spread]).sum(axis=1) + 1e-6).mean())
        for reach, spread in product(REACHES, SPREADS)
    }
    return max(scores, key=lambda pair: scores[pair])


def _left_out(distance: FloatArray, reach: float) -> FloatArray:
    """Nearness where the product itself, at an infinite distance, does not count."""
    if np.isfinite(reach):
        return _nearness(distance, reach)
    others = np.isfinite(distance)
    return np.asarray(others / others.sum(axis=1, keepdims=True))
