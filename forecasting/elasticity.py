"""Price elasticity and promotion uplift of every product, with what they share and how sure it is.

Sales of a series at a time are Poisson-like around
level of series x factor of its group at that time x price^elasticity x uplift^promotion x trend.
The group's factor takes what moves all of its products (season, weekday, events, weather), so that
only what a product does differently from its siblings is put down to its price.

Estimated by Poisson pseudo-maximum likelihood, which needs no logarithm of zero sales (Santos Silva
and Tenreyro, The log of gravity, 2006), the levels and factors in closed form and the few slopes of
each product by Newton steps (Correia, Guimaraes and Zylkin, 2020, for the same with one slope for
all). Then shrunk towards the group, as far as the estimates are unsure and the group is alike
(Efron and Morris, 1975). Suffixes: N rows, P products, K slopes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.errors import PanelError
from forecasting.shrinkage import Shrunk, shrink

SMALL_GROUP = 5  # products; smaller groups are taken together, one product has no siblings
LEAST_MOVE = 0.01  # standard deviation of log price below which a price counts as unmoved
LEAST_PRICES = 2  # distinct prices
ONE_PRICE, SELDOM = 0.005, 0.01  # prices closer than this are one; rarer ones do not count
BLOCK = 28  # days whose errors may hang together
SWEEPS, CLOSE = 40, 0.05  # of the estimation, until no slope moves by more of its standard error
DAMPED = 2  # sweeps of half steps, from the start far away
LEAST_SIBLINGS = 0.2  # share of a cell below which errors are not blown up further
RIDGE = 1e-3  # in units of one sale, so that a slope without any data stays 0
REACH = 6.0  # largest slope that a Newton step may reach
PRICE, PROMO, AFTER, BEFORE = 0, 1, 2, 3  # columns of slopes; the last one is the trend


@dataclass(frozen=True, kw_only=True)
class Elasticities:
    """What was found, per product and per group."""

    products: pd.DataFrame  # as `elasticities` says
    groups: pd.DataFrame  # group, elasticity, low, high, spread (between products), products


def elasticities(
    frame: pd.DataFrame,
    *,
    level: float = 0.9,
    halo_days: int = 7,
    freq_days: int = 1,
    on_progress: Callable[[float], object] | None = None,
) -> Elasticities:
    """Estimate from rows with series_id, product, group, timestamp, target and price.

    `promo` (share of the time on promotion, 0..1) is used where it is there, and days around it
    (`halo_days` before and after) get slopes of their own. Rows whose `usable` is False (out of
    stock, unusual) and rows without price or target do not count; returns (negative) neither.
    `freq_days` is the length of a row: 1 for daily, 7 for weekly rows. `on_progress` is told the
    share done (0..1) after each sweep; what it raises ends the work.

    `products` has one row each: product, group, elasticity (shrunk; -2 means one per cent dearer
    sells two per cent less), low and high (of the `level` band), own and own_error (by its own
    sales alone, NaN where the price never moved), weight (0..1, how much of the elasticity is the
    product's own), uplift (factor of a promotion beside its price), uplift_low, uplift_high, after
    and before (factors of the days around a promotion), prices (distinct), lowest and highest
    price, verdict ('own', 'shared', 'group', 'odd').
    """
    rows = _Rows.of(frame, halo_days=halo_days, freq_days=freq_days)
    slopes, errors = _estimated(rows, on_progress or (lambda share: None))
    distinct, lowest, highest = rows.prices()
    z = NormalDist().inv_cdf((1 + level) / 2)
    own, error = slopes[:, PRICE], errors[:, PRICE]
    known = rows.moved(distinct) & np.isfinite(error)
    shrunk = shrink(own, error**2, known, rows.group_of_product)
    found = pd.DataFrame(
        {
            "product": rows.products,
            "group": rows.groups.to_numpy()[rows.group_of_product],
            "elasticity": shrunk.mean,
            "low": shrunk.mean - z * np.sqrt(shrunk.variance),
            "high": shrunk.mean + z * np.sqrt(shrunk.variance),
            "own": np.where(known, own, np.nan),
            "own_error": np.where(known, error, np.nan),
            "weight": shrunk.weight,
        }
    )
    for name, column in (("uplift", PROMO), ("after", AFTER), ("before", BEFORE)):
        promoted = rows.promoted & np.isfinite(errors[:, column])
        each = shrink(slopes[:, column], errors[:, column] ** 2, promoted, rows.group_of_product)
        ends = z * np.sqrt(each.variance)
        nothing = ~rows.promoted.any()
        found[name] = np.nan if nothing else np.exp(each.mean)
        if column == PROMO:
            found["uplift_low"] = np.nan if nothing else np.exp(each.mean - ends)
            found["uplift_high"] = np.nan if nothing else np.exp(each.mean + ends)
    found["prices"], found["lowest"], found["highest"] = distinct, lowest, highest
    odd = known & (own - 2 * error > 0)
    found["verdict"] = np.select(
        [odd, ~known, shrunk.weight > 0.5], ["odd", "group", "own"], default="shared"
    )
    return Elasticities(products=found, groups=_groups(rows, shrunk, z))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows:
    """The rows that count, as codes and numbers."""

    target: FloatArray  # (N,)
    features: FloatArray  # (N, K): log price, promotion, after, before, years; centred per series
    log_price: FloatArray  # (N,)
    series: IntArray  # (N,)
    product: IntArray  # (N,)
    cell: IntArray  # (N,): group and time
    pair: IntArray  # (N,): cell and product
    block: IntArray  # (N,): product and block of days
    blocks: int  # of days, per product
    products: pd.Index  # (P,)
    groups: pd.Index
    group_of_product: IntArray  # (P,)
    promoted: BoolArray  # (P,)

    @classmethod
    def of(cls, frame: pd.DataFrame, *, halo_days: int, freq_days: int) -> "_Rows":
        frame = _checked(frame)
        series, _ = pd.factorize(frame["series_id"], sort=False)
        product, products = pd.factorize(frame["product"], sort=True)
        group, groups = pd.factorize(frame["group"], sort=True)
        group_of_product = np.zeros(len(products), dtype=np.intp)
        group_of_product[product] = group
        control = _siblings(group_of_product)[product]
        time, times = pd.factorize(frame["timestamp"], sort=True)
        days = ((times - times[0]) / pd.Timedelta(days=1)).to_numpy()[time]
        log_price = np.log(frame["price"].to_numpy(np.float64))
        promo = (
            frame["promo"].fillna(0).to_numpy(np.float64)
            if "promo" in frame
            else np.zeros(len(frame))
        )
        reach = max(1, round(halo_days / freq_days))
        after, before = _around(promo, series, reach)
        features = np.column_stack([log_price, promo, after, before, days / 365.25])
        counts = np.maximum(np.bincount(series), 1)
        for k in range(features.shape[1]):
            features[:, k] -= (np.bincount(series, weights=features[:, k]) / counts)[series]
        cell = _dense(control * len(times) + time)
        blocks = (days // BLOCK).astype(np.intp)
        promoted = np.bincount(product, weights=promo, minlength=len(products)) > 0
        return cls(
            target=frame["target"].to_numpy(np.float64),
            features=features,
            log_price=log_price,
            series=series,
            product=product,
            cell=cell,
            pair=_dense(cell * len(products) + product),
            block=product * (int(blocks.max()) + 1) + blocks,
            blocks=int(blocks.max()) + 1,
            products=products,
            groups=groups,
            group_of_product=group_of_product,
            promoted=promoted,
        )

    def sums(self, values: FloatArray, codes: IntArray) -> FloatArray:
        return np.asarray(np.bincount(codes, weights=values), dtype=np.float64)

    def moved(self, distinct: IntArray) -> BoolArray:
        """Products (P,) with so many `distinct` prices whose price varied enough within a series
        to learn from."""
        count = np.bincount(self.product, minlength=len(self.products))
        square = np.bincount(
            self.product, weights=self.features[:, PRICE] ** 2, minlength=len(self.products)
        )
        return (np.sqrt(square / np.maximum(count, 1)) > LEAST_MOVE) & (distinct >= LEAST_PRICES)

    def prices(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Distinct prices of each product, the lowest and the highest."""
        frame = pd.DataFrame({"product": self.product, "price": np.exp(self.log_price)})
        frame["level"] = np.rint(self.log_price / ONE_PRICE)
        seen = frame.groupby(["product", "level"]).size().rename("rows").reset_index()
        share = seen["rows"] / seen.groupby("product")["rows"].transform("sum")
        distinct = seen[share >= SELDOM].groupby("product").size()
        ends = frame.groupby("product")["price"].agg(["min", "max"])
        order = np.arange(len(self.products))
        return (
            distinct.reindex(order, fill_value=0).to_numpy(),
            ends["min"].reindex(order).to_numpy(),
            ends["max"].reindex(order).to_numpy(),
        )


def _groups(rows: _Rows, shrunk: Shrunk, z: float) -> pd.DataFrame:
    """A row per group: what its products have in common, and how far they lie apart."""
    half = z * np.sqrt(shrunk.group_variance)
    return pd.DataFrame(
        {
            "group": rows.groups,
            "elasticity": shrunk.group_mean,
            "low": shrunk.group_mean - half,
            "high": shrunk.group_mean + half,
            "spread": np.sqrt(shrunk.spread),
            "products": np.bincount(rows.group_of_product, minlength=len(rows.groups)),
        }
    )


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that count, by series and time."""
    needed = ["series_id", "product", "group", "timestamp", "target", "price"]
    if missing := [name for name in needed if name not in frame.columns]:
        raise PanelError(f"The rows have no column {', '.join(missing)}.")
    counts = (frame["target"] >= 0) & (frame["price"] > 0)
    if "usable" in frame:
        counts &= frame["usable"].astype(bool)
    if not counts.any():
        raise PanelError(
            "No row has both a price above 0 and sales of at least 0. Elasticities need prices."
        )
    return frame[counts].sort_values(["series_id", "timestamp"], kind="stable")


def _siblings(group_of_product: IntArray) -> IntArray:
    """The group (P,) whose factor a product is held against; small groups are taken together."""
    sizes = np.bincount(group_of_product)
    rest = len(sizes)
    return np.where(sizes[group_of_product] < SMALL_GROUP, rest, group_of_product)


def _around(promo: FloatArray, series: IntArray, reach: int) -> tuple[FloatArray, FloatArray]:
    """Shares (N,) of the `reach` rows before and after a row that were on promotion, off it."""
    start = np.flatnonzero(np.r_[True, series[1:] != series[:-1]])
    first = np.repeat(start, np.diff(np.r_[start, len(series)]))
    last = np.repeat(np.r_[start[1:], len(series)], np.diff(np.r_[start, len(series)]))
    total = np.r_[0.0, np.cumsum(promo)]
    row = np.arange(len(promo))
    low, high = np.maximum(row - reach, first), np.minimum(row + 1 + reach, last)
    after = (total[row] - total[low] > 0) & (promo == 0)
    before = (total[high] - total[row + 1] > 0) & (promo == 0)
    return after.astype(np.float64), before.astype(np.float64)


def _dense(codes: IntArray) -> IntArray:
    """The same codes without holes."""
    return np.asarray(pd.factorize(codes)[0])


def _estimated(
    rows: _Rows, on_progress: Callable[[float], object]
) -> tuple[FloatArray, FloatArray]:
    """Slopes (P, K) of each product by its own sales, and their standard errors."""
    count, width = len(rows.products), rows.features.shape[1]
    slopes = np.zeros((count, width))
    sold_series, sold_cell = (rows.sums(rows.target, code) for code in (rows.series, rows.cell))
    level = np.ones(len(sold_series))
    factor = np.ones(len(sold_cell))
    mean = rows.target
    far, share = 0.0, 0.0
    for sweep in range(SWEEPS):
        response = np.exp((rows.features * slopes[rows.product]).sum(axis=1))
        for _ in range(2):
            level = _quotient(sold_series, rows.sums(factor[rows.cell] * response, rows.series))
            factor = _quotient(sold_cell, rows.sums(level[rows.series] * response, rows.cell))
        mean = level[rows.series] * factor[rows.cell] * response
        step, sharpness = _newton(rows, mean)
        damping = 0.5 if sweep < DAMPED else 1.0
        updated = np.clip(slopes + damping * step, -REACH, REACH)
        moved = float((np.abs(updated - slopes) * sharpness).max(initial=0.0))
        slopes = updated
        if moved < CLOSE:
            break
        far = max(far, moved)
        share = max(share, (sweep + 1) / SWEEPS, _way(far, moved))
        on_progress(share)
    return slopes, _errors(rows, mean)


def _way(far: float, moved: float) -> float:
    """The share of the way from steps of `far` to ones of `CLOSE`; each is a part of the last.

    >>> _way(5.0, 5.0), _way(5.0, 0.5), _way(0.05, 0.05)
    (0.0, 0.5, 1.0)
    """
    return 1.0 - math.log(moved / CLOSE) / math.log(far / CLOSE) if far > CLOSE else 1.0


def _newton(rows: _Rows, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One step (P, K) of every product's slopes, and how sharply its likelihood knows each."""
    gradient = _moments(rows, (rows.target - mean)[:, None] * rows.features)
    information = _information(rows, mean * _others(rows, mean))
    step = np.linalg.solve(information, gradient[:, :, None])[:, :, 0]
    sharpness = np.sqrt(np.diagonal(information, axis1=1, axis2=2))
    return np.asarray(step), np.asarray(sharpness)


def _others(rows: _Rows, mean: FloatArray) -> FloatArray:
    """The share (N,) of a cell that other products have.

    A product that is most of its group moves the group's factor itself: of its own sales only this
    share tells its slope from the factor.
    """
    whole = rows.sums(mean, rows.cell)[rows.cell]
    return 1.0 - _quotient(rows.sums(mean, rows.pair)[rows.pair], whole)


def _information(rows: _Rows, weights: FloatArray) -> FloatArray:
    """Curvature (P, K, K) of each product's likelihood."""
    width = rows.features.shape[1]
    information = np.empty((len(rows.products), width, width))
    for k in range(width):
        sums = _moments(rows, (weights * rows.features[:, k])[:, None] * rows.features[:, : k + 1])
        information[:, k, : k + 1] = sums
        information[:, : k + 1, k] = sums
    return information + RIDGE * np.eye(width)


def _errors(rows: _Rows, mean: FloatArray) -> FloatArray:
    """Standard errors (P, K), right for errors that hang together within a block of days.

    The group's factors were fitted to the same sales, so the errors left are too small by the share
    of the cell that is the product's own (the leverage of HC3, MacKinnon and White, 1985).
    """
    others = _others(rows, mean)
    left = _quotient(rows.target - mean, np.maximum(others, LEAST_SIBLINGS))
    scores = left[:, None] * rows.features
    count = len(rows.products)
    cells = count * rows.blocks
    sums = np.column_stack(
        [np.bincount(rows.block, weights=column, minlength=cells) for column in scores.T]
    )
    per_product = sums.reshape(count, -1, sums.shape[1])
    meat = np.einsum("pbk,pbj->pkj", per_product, per_product)
    used = (np.abs(per_product).sum(axis=2) > 0).sum(axis=1)
    meat *= (used / np.maximum(used - 1, 1))[:, None, None]
    bread = np.linalg.inv(_information(rows, mean * others))
    variance = np.einsum("pij,pjk,pkl->pil", bread, meat, bread)
    errors = np.sqrt(np.maximum(np.diagonal(variance, axis1=1, axis2=2), 0.0))
    return np.where(errors > 0, errors, np.nan)


def _moments(rows: _Rows, values: FloatArray) -> FloatArray:
    """Sums (P, K) per product of values (N, K)."""
    count = len(rows.products)
    return np.column_stack(
        [np.bincount(rows.product, weights=column, minlength=count) for column in values.T]
    )


def _quotient(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """The quotient, 0 where there is nothing to divide by."""
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=denominator > 0)
