"""What happens to each item if nothing is ordered: demand, shortage and sell-out along each path.

Now is the cutoff of the forecast. An order placed now comes after the lead time L; the next chance
to order is one review R later, and what is ordered then comes after L + R. So an order placed now
answers for the demand between L and L + R that stock does not meet: the need. Before L it is too
late to order. Unmet demand is lost, it does not wait. Shape suffixes: B items, S paths, H steps.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np

from forecasting.arrays import Float32Array, FloatArray
from forecasting.forecast import Forecast
from forecasting.planning.items import Items
from forecasting.planning.walk import walk

CHUNK = 1000  # items walked at a time: state of a chunk stays in the cache and under 100 MB


@dataclass(frozen=True, kw_only=True, eq=False)
class Exposure:
    """Of each item: how demand over its intervals varies, and what stock leaves unmet."""

    need: Float32Array  # (B, S), ascending: unmet between L and L + R
    demand_lead: Float32Array  # (B, S), ascending: demand until L
    demand_cycle: Float32Array  # (B, S), ascending: demand until L + R
    served: FloatArray  # (B,): mean demand between L and L + R, which the fill rate refers to
    lost_before: FloatArray  # (B,): mean demand unmet before L, which no order can save
    out_before: FloatArray  # (B,): share of paths that sell out before L
    out_at: Float32Array  # (B, S), ascending: steps until the stock is gone, inf for never
    sells_fresh: FloatArray  # (B,): mean unmet demand from L until the order would be spoilt
    mean_path: FloatArray  # (B, H): mean demand of each step


def expose(
    forecast: Forecast,
    items: Items,
    arrivals: FloatArray,
    *,
    step_days: float,
    num_paths: int,
    seed: int,
    n_jobs: int = 1,
    on_chunk: Callable[[int, int], None] | None = None,
) -> Exposure:
    """Walk all items; `arrivals` (B, H + 1) are units on order by step, the last column later ones.

    Beyond the horizon each path goes on at its own mean. `on_chunk` gets the items done and all.
    """
    count = len(items.series_ids)
    starts = range(0, count, CHUNK)

    def at(start: int) -> Exposure:
        rows = slice(start, start + CHUNK)
        return _walked(
            forecast,
            items.subset(rows),
            rows,
            arrivals[rows],
            step_days=step_days,
            num_paths=num_paths,
            rng=np.random.default_rng([seed, start]),
        )

    parts = []
    with ThreadPoolExecutor(max_workers=max(1, n_jobs)) as pool:  # numpy lets go of the lock
        for start, part in zip(starts, pool.map(at, starts), strict=True):
            parts.append(part)
            if on_chunk:
                on_chunk(min(start + CHUNK, count), count)
    joined = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Exposure)
    }
    return Exposure(**joined)


def lead_times(
    items: Items, num_paths: int, *, step_days: float, rng: np.random.Generator
) -> Float32Array:
    """Lead times in steps (B, S), gamma distributed; (B, 1) where none varies."""
    mean = items.lead_time_days[:, None] / step_days
    sd = items.lead_time_sd_days[:, None] / step_days
    varies = (sd > 0) & (mean > 0)
    if not varies.any():
        return mean.astype(np.float32)
    shape = np.where(varies, (mean / np.where(varies, sd, 1.0)) ** 2, 1.0)
    drawn = rng.gamma(shape, 1.0, size=(len(mean), num_paths)) * (mean / shape)
    return np.where(varies, drawn, mean).astype(np.float32)


def _walked(
    forecast: Forecast,
    items: Items,
    rows: slice,
    arrivals: FloatArray,
    *,
    step_days: float,
    num_paths: int,
    rng: np.random.Generator,
) -> Exposure:
    ends = _Ends.of(items, num_paths, step_days=step_days, rng=rng)
    walked = _Walk(items, ends, num_paths)
    mean_path = np.empty((len(items.series_ids), len(forecast.timestamps)))
    paths = walk(
        forecast.quantiles[rows],
        forecast.quantile_levels,
        num_paths,
        step_correlation=forecast.step_correlation,
        rng=rng,
    )
    for step, demand in enumerate(paths):
        walked.take(step, demand, arrivals[:, step])
        mean_path[:, step] = demand.mean(axis=1)
    walked.go_on(mean_path.shape[1], arrivals[:, -1])
    return walked.exposure(mean_path)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ends:
    """In steps from now (B, S), or (B, 1) where the lead time does not vary."""

    lead: Float32Array  # what is ordered now comes
    cycle: Float32Array  # what is ordered at the next review comes
    spoils: Float32Array  # what is ordered now is spoilt

    @classmethod
    def of(
        cls, items: Items, num_paths: int, *, step_days: float, rng: np.random.Generator
    ) -> "_Ends":
        lead = lead_times(items, num_paths, step_days=step_days, rng=rng)
        fresh = np.minimum(items.shelf_life_days / step_days, 1e6)
        return cls(
            lead=lead,
            cycle=lead + (items.review_days / step_days).astype(np.float32)[:, None],
            spoils=lead + fresh.astype(np.float32)[:, None],
        )


class _Walk:
    """The stock of a chunk of items along their paths (B, S), and what is added up on the way."""

    def __init__(self, items: Items, ends: _Ends, num_paths: int) -> None:
        self._items, self._ends = items, ends
        self._is_perishable = bool(np.isfinite(items.shelf_life_days).any())
        stock = np.maximum(items.on_hand, 0.0).astype(np.float32)
        self._stock = np.repeat(stock[:, None], num_paths, 1)
        zeros = [np.zeros(self._stock.shape, dtype=np.float32) for _ in range(6)]
        self._demand_lead, self._demand_cycle, self._total = zeros[:3]
        self._short_lead, self._short_cycle, self._short_fresh = zeros[3:]
        self._out_at = np.full(self._stock.shape, np.inf, dtype=np.float32)

    def take(self, step: int, demand: Float32Array, arrived: FloatArray) -> None:
        """One step: what arrived (B,) is there before the demand (B, S)."""
        self._stock += arrived.astype(np.float32)[:, None]
        sold = np.minimum(self._stock, demand)
        short = demand - sold
        self._stock -= sold
        first = (short > 0) & np.isinf(self._out_at)
        self._out_at[first] = step + (sold[first] / demand[first])
        within_lead = np.clip(self._ends.lead - step, 0, 1)
        within_cycle = np.clip(self._ends.cycle - step, 0, 1)
        self._demand_lead += within_lead * demand
        self._demand_cycle += within_cycle * demand
        self._short_lead += within_lead * short
        self._short_cycle += within_cycle * short
        if self._is_perishable:
            self._short_fresh += np.clip(self._ends.spoils - step, 0, 1) * short
        self._total += demand

    def go_on(self, steps: int, arriving: FloatArray) -> None:
        """Beyond the horizon of so many steps: each path goes on at its own mean."""
        rate = np.maximum(self._total / steps, 0)
        self._stock += arriving.astype(np.float32)[:, None]
        for ends, demanded, short in (
            (self._ends.lead, self._demand_lead, self._short_lead),
            (self._ends.cycle, self._demand_cycle, self._short_cycle),
            (self._ends.spoils, None, self._short_fresh),
        ):
            later = np.maximum(ends - steps, 0) * rate
            if demanded is not None:
                demanded += later
            short += np.maximum(later - self._stock, 0)
        never = np.full(rate.shape, np.inf, dtype=np.float32)
        lasts = np.divide(self._stock, rate, out=never, where=rate > 0)
        self._out_at = np.where(np.isinf(self._out_at), steps + lasts, self._out_at)

    def exposure(self, mean_path: FloatArray) -> Exposure:
        """What was added up."""
        owed = np.maximum(-self._items.on_hand, 0.0).astype(np.float32)[:, None]  # sold, not there
        fresh = (self._short_fresh - self._short_lead).mean(axis=1, dtype=np.float64)
        need = np.maximum(self._short_cycle - self._short_lead, 0) + owed
        return Exposure(
            need=np.sort(need, axis=1),
            demand_lead=np.sort(self._demand_lead, axis=1),
            demand_cycle=np.sort(self._demand_cycle, axis=1),
            served=(self._demand_cycle - self._demand_lead).mean(axis=1, dtype=np.float64),
            lost_before=self._short_lead.mean(axis=1, dtype=np.float64),
            out_before=(self._short_lead > 0).mean(axis=1),
            out_at=np.sort(self._out_at, axis=1),
            sells_fresh=fresh + owed[:, 0],
            mean_path=mean_path,
        )
