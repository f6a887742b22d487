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
    shape, steps = (len(items.series_ids), num_paths), len(forecast.timestamps)
    lead = lead_times(items, num_paths, step_days=step_days, rng=rng)
    cycle = lead + (items.review_days / step_days).astype(np.float32)[:, None]
    spoils = lead + np.minimum(items.shelf_life_days / step_days, 1e6).astype(np.float32)[:, None]
    perishable = bool(np.isfinite(items.shelf_life_days).any())
    stock = np.repeat(np.maximum(items.on_hand, 0.0).astype(np.float32)[:, None], num_paths, 1)
    zeros = [np.zeros(shape, dtype=np.float32) for _ in range(6)]
    demand_lead, demand_cycle, short_lead, short_cycle, short_fresh, total = zeros
    out_at = np.full(shape, np.inf, dtype=np.float32)
    mean_path = np.empty((shape[0], steps))
    paths = walk(
        forecast.quantiles[rows],
        forecast.quantile_levels,
        num_paths,
        step_correlation=forecast.step_correlation,
        rng=rng,
    )
    for step, demand in enumerate(paths):
        stock += arrivals[:, step].astype(np.float32)[:, None]
        sold = np.minimum(stock, demand)
        short = demand - sold
        stock -= sold
        first = (short > 0) & np.isinf(out_at)
        out_at[first] = step + (sold[first] / demand[first])
        within_lead = np.clip(lead - step, 0, 1)
        within_cycle = np.clip(cycle - step, 0, 1)
        demand_lead += within_lead * demand
        demand_cycle += within_cycle * demand
        short_lead += within_lead * short
        short_cycle += within_cycle * short
        if perishable:
            short_fresh += np.clip(spoils - step, 0, 1) * short
        total += demand
        mean_path[:, step] = demand.mean(axis=1)
    rate = np.maximum(total / steps, 0)  # beyond the horizon each path goes on at its mean
    stock += arrivals[:, steps].astype(np.float32)[:, None]
    for ends, demanded, short in (
        (lead, demand_lead, short_lead),
        (cycle, demand_cycle, short_cycle),
        (spoils, None, short_fresh),
    ):
        later = np.maximum(ends - steps, 0) * rate
        if demanded is not None:
            demanded += later
        short += np.maximum(later - stock, 0)
    lasts = np.divide(stock, rate, out=np.full(shape, np.inf, dtype=np.float32), where=rate > 0)
    out_at = np.where(np.isinf(out_at), steps + lasts, out_at)
    owed = np.maximum(-items.on_hand, 0.0).astype(np.float32)[:, None]  # sold and not yet there
    return Exposure(
        need=np.sort(np.maximum(short_cycle - short_lead, 0) + owed, axis=1),
        demand_lead=np.sort(demand_lead, axis=1),
        demand_cycle=np.sort(demand_cycle, axis=1),
        served=(demand_cycle - demand_lead).mean(axis=1, dtype=np.float64),
        lost_before=short_lead.mean(axis=1, dtype=np.float64),
        out_before=(short_lead > 0).mean(axis=1),
        out_at=np.sort(out_at, axis=1),
        sells_fresh=(short_fresh - short_lead).mean(axis=1, dtype=np.float64) + owed[:, 0],
        mean_path=mean_path,
    )
