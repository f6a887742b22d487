"""What to order now of each item: enough for the service asked, in packs, within a budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, Float32Array, FloatArray
from forecasting.errors import ConfigError, PanelError
from forecasting.forecast import Forecast
from forecasting.planning.exposure import Exposure, expose
from forecasting.planning.items import Items
from forecasting.planning.service import (
    Asked,
    asking,
    at_target,
    levels_of,
    quantile,
    up_to_level,
)
from forecasting.validation import first_of

EXCESS_DAYS = 91.0  # what does not sell within 13 weeks is too much
TOLERANCE = 1e-6  # of a pack, so that 24.0000001 is two packs of 12
SEARCH = 60  # halvings of the marginal return that spends a budget


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """The proposal for every item, and what is needed to change it.

    `lines` has, per series: quantity (whole packs to order now, NaN where the stock is not known),
    cost, and the sum it comes from: expected_demand (until what is ordered at the next review
    arrives) + safety - on_hand - on_order + rounding; reorder_point (with less in stock and on
    order, stock is likely to end before a delivery ordered now), order_up_to, safety_stock
    (order_up_to less the expected demand); sells_out (middle of the paths, NaT when beyond ten
    horizons), order_by (last day that keeps the service; past where it is too late), out_before
    (chance of selling out before a delivery ordered now), lost_before (units that no order saves),
    weeks_of_cover, excess (units beyond the sales of 13 weeks), lost_if_not and margin_if_not
    (units and money that ordering saves), note.
    """

    lines: pd.DataFrame  # one row per item
    items: Items
    need: Float32Array  # (B, S), ascending

    def within(self, budget: float) -> "Plan":
        """The proposal that loses least margin for at most this much money.

        Every item is cut back to the same return: expected margin of the last unit over its cost.
        Items whose cost or margin is not known are left out, and say so. Raises `PanelError` where
        the budget buys nothing at all.
        """
        if not budget >= 0:
            raise ConfigError(f"budget={budget} must be at least 0.")
        cost, margin = self.items.unit_cost, self.items.margin
        known = (cost > 0) & (margin > 0)
        wanted = np.where(known, self.lines["quantity"].fillna(0.0).to_numpy(), 0.0)
        if wanted @ np.where(known, cost, 0.0) <= budget:
            return self._at(wanted, known)
        low, high = 0.0, float(np.max((margin / cost)[known]))  # of the marginal return
        for _ in range(SEARCH):
            middle = (low + high) / 2
            if self._at_return(middle, wanted, known) @ np.where(known, cost, 0.0) > budget:
                low = middle
            else:
                high = middle
        bought = self._at_return(high, wanted, known)
        more = self._at_return(low, wanted, known) - bought  # of items on the very edge
        left = budget - float(bought @ np.where(known, cost, 0.0))
        for row in np.flatnonzero(more > 0):
            pack = self.items.pack_size[row]
            units = np.floor(min(more[row], left / cost[row]) / pack + TOLERANCE) * pack
            if bought[row] + units >= min(self.items.min_order[row], wanted[row]):
                bought[row] += units
                left -= units * cost[row]
        if not bought.any():
            smallest = np.min((cost * np.maximum(self.items.pack_size, 1.0))[wanted > 0])
            raise PanelError(
                f"A budget of {budget:,.2f} buys nothing: the cheapest pack that is needed costs "
                f"{smallest:,.2f}. Raise the budget."
            )
        return self._at(bought, known)

    def _at_return(self, least: float, wanted: FloatArray, known: BoolArray) -> FloatArray:
        """Quantities (B,) whose last unit still returns `least` per unit of money."""
        with np.errstate(invalid="ignore", divide="ignore"):
            chance = np.where(known, least * self.items.unit_cost / self.items.margin, 1.0)
        quantity = quantile(self.need, np.clip(1.0 - chance, 0.0, 1.0))
        quantity = np.where(chance >= 1.0, 0.0, quantity)
        packs = np.floor(quantity / self.items.pack_size + TOLERANCE)
        cut = np.minimum(packs * self.items.pack_size, wanted)
        return np.where(cut >= np.minimum(self.items.min_order, wanted), cut, 0.0)

    def _at(self, quantity: FloatArray, known: BoolArray) -> "Plan":
        lines = self.lines.copy()
        left_out = ~known & (lines["quantity"].to_numpy() > 0)
        lines["rounding"] += quantity - lines["quantity"].fillna(0.0)
        lines["quantity"] = quantity
        lines["cost"] = quantity * self.items.unit_cost
        lines["lost_if_not"] = _saved(self.need, quantity)
        lines["margin_if_not"] = lines["lost_if_not"] * self.items.margin
        lines.loc[left_out, "note"] = "left out of the budget: price or unit cost is not known"
        return Plan(lines=lines, items=self.items, need=self.need)


def plan_orders(
    forecast: Forecast,
    items: Items | pd.DataFrame,
    *,
    on_order: pd.DataFrame | None = None,
    num_paths: int = 500,
    seed: int = 0,
    n_jobs: int = 1,
    on_chunk: Callable[[int, int], None] | None = None,
) -> Plan:
    """Propose an order for every series of the forecast, as of its cutoff.

    `on_order` has series_id, timestamp and quantity of deliveries to come; late ones (before the
    first step) count as due now. `on_chunk` gets the items done and all.
    """
    if isinstance(items, pd.DataFrame):
        items = Items.from_frame(items, forecast.series_ids)
    step_days = _step_days(forecast)
    arrivals = _arrivals(forecast, on_order)
    known = ~np.isnan(items.on_hand)
    exposure = expose(
        forecast,
        items,
        arrivals,
        step_days=step_days,
        num_paths=num_paths,
        seed=seed,
        n_jobs=n_jobs,
        on_chunk=on_chunk,
    )
    level, unpriced = levels_of(items)
    raw = at_target(exposure.need, exposure.served, items, level)
    limit = np.where(np.isfinite(items.shelf_life_days), exposure.sells_fresh, np.inf)
    fresh = np.minimum(raw, np.maximum(limit, 0.0))
    quantity, due = _in_packs(fresh, items), arrivals.sum(axis=1)
    up_to = up_to_level(exposure, items, level)
    expected = exposure.demand_cycle.mean(axis=1, dtype=np.float64)
    position = np.where(known, items.on_hand, 0.0) + due
    stock = _stock_lasts(forecast, items, exposure, level, position)
    lines = pd.DataFrame(
        {
            "series_id": forecast.series_ids,
            "quantity": np.where(known, quantity, np.nan),
            "cost": np.where(known, quantity * items.unit_cost, np.nan),
            "expected_demand": expected,
            "safety": fresh - expected + position,
            "on_hand": items.on_hand,
            "on_order": due,
            "rounding": quantity - fresh,
            "reorder_point": at_target(exposure.demand_lead, exposure.served, items, level),
            "order_up_to": up_to,
            "safety_stock": up_to - expected,
            **stock,
            "lost_if_not": np.where(known, _saved(exposure.need, quantity), np.nan),
        }
    )
    lines["margin_if_not"] = lines["lost_if_not"] * items.margin
    lines["note"] = _notes(items, forecast, step_days, raw, quantity, limit, unpriced)
    lines.loc[~known, [*stock, "safety", "rounding"]] = np.nan
    return Plan(lines=lines, items=items, need=exposure.need)


def order_up_to(
    forecast: Forecast,
    items: Items,
    *,
    asked: Sequence[Asked] = (None,),
    num_paths: int = 500,
    seed: int = 0,
) -> FloatArray:
    """The level (A, B) of stock and orders to fill up to, for each service that is asked for.

    The same as `order_up_to` of a plan, on one walk for all of them; but no more than is likely to
    sell before it spoils.
    """
    bare = replace(items, on_hand=np.zeros(len(items.series_ids)))
    step_days = _step_days(forecast)
    near = _until_cycle(forecast, items, step_days)
    exposure = expose(
        near,
        bare,
        _arrivals(near, None),
        step_days=step_days,
        num_paths=num_paths,
        seed=seed,
    )
    sells = exposure.demand_lead.mean(axis=1, dtype=np.float64) + exposure.sells_fresh
    limit = np.where(np.isfinite(items.shelf_life_days), sells, np.inf)
    each_asked = (asking(bare, each) for each in asked)
    return np.stack(
        [np.minimum(up_to_level(exposure, them, level), limit) for them, level in each_asked]
    )


def _until_cycle(forecast: Forecast, items: Items, step_days: float) -> Forecast:
    """The steps that a level answers for: paths need not be walked beyond the longest cycle."""
    if (items.lead_time_sd_days > 0).any() or np.isfinite(items.shelf_life_days).any():
        return forecast
    longest = float(np.max(items.lead_time_days + items.review_days, initial=0.0))
    steps = max(int(np.ceil(longest / step_days)), 1)
    if steps >= len(forecast.timestamps):
        return forecast
    return replace(
        forecast,
        mean=forecast.mean[:, :steps],
        quantiles=forecast.quantiles[:, :steps],
        timestamps=forecast.timestamps[:steps],
    )


def _stock_lasts(
    forecast: Forecast, items: Items, exposure: Exposure, level: FloatArray, position: FloatArray
) -> dict[str, pd.DatetimeIndex | FloatArray]:
    """The columns of a plan (B,) that say how long the stock lasts, by their names."""
    step_days = _step_days(forecast)
    order_at = quantile(exposure.out_at, 1 - level) - items.lead_time_days / step_days
    return {
        "sells_out": _dates(forecast, step_days, quantile(exposure.out_at, 0.5)),
        "order_by": _dates(forecast, step_days, order_at),
        "out_before": exposure.out_before,
        "lost_before": exposure.lost_before,
        "weeks_of_cover": _cover(exposure.mean_path, position) * step_days / 7,
        "excess": np.maximum(position - _sold_within(exposure.mean_path, step_days), 0.0),
    }


def _in_packs(quantity: FloatArray, items: Items) -> FloatArray:
    """Whole packs, and the smallest order where anything is needed."""
    least = np.where(quantity > TOLERANCE, np.maximum(quantity, items.min_order), 0.0)
    packs = np.maximum(np.ceil(least / items.pack_size - TOLERANCE), 0.0)  # never minus zero
    return np.asarray(packs * items.pack_size)


def _saved(need: Float32Array, quantity: FloatArray) -> FloatArray:
    """Units (B,) of the need that an order serves, on average."""
    return np.minimum(need, quantity[:, None]).mean(axis=1, dtype=np.float64)


def _cover(mean_path: FloatArray, position: FloatArray) -> FloatArray:
    """Steps (B,) that stock and deliveries last at the mean demand; inf where nothing sells."""
    cumulated = np.cumsum(mean_path, axis=1)
    steps = mean_path.shape[1]
    rate = cumulated[:, -1] / steps
    at = (cumulated < position[:, None]).sum(axis=1)
    inside = np.minimum(at, steps - 1)
    rows = np.arange(len(position))
    before = np.where(inside > 0, cumulated[rows, inside - 1], 0.0)
    today = mean_path[rows, inside]
    share = np.divide(position - before, today, out=np.zeros(len(today)), where=today > 0)
    left = position - cumulated[:, -1]
    later = np.divide(left, rate, out=np.full(len(rate), np.inf), where=rate > 0)
    return np.where(at < steps, inside + np.clip(share, 0.0, 1.0), steps + later)


def _sold_within(mean_path: FloatArray, step_days: float) -> FloatArray:
    """Mean demand (B,) of the next 13 weeks, at the mean of the horizon beyond it."""
    steps = mean_path.shape[1]
    wanted = EXCESS_DAYS / step_days
    share = np.clip(wanted - np.arange(steps), 0.0, 1.0)
    return np.asarray(mean_path @ share + max(wanted - steps, 0.0) * mean_path.mean(axis=1))


def _step_days(forecast: Forecast) -> float:
    """Days of a step, on average."""
    days = (forecast.timestamps[-1] - forecast.cutoff) / pd.Timedelta(days=1)
    return float(days / len(forecast.timestamps))


def _arrivals(forecast: Forecast, on_order: pd.DataFrame | None) -> FloatArray:
    """Units on order (B, H + 1) by step; the last column comes after the horizon."""
    series, steps = len(forecast.series_ids), len(forecast.timestamps)
    arrivals = np.zeros((series, steps + 1))
    if on_order is None or on_order.empty:
        return arrivals
    rows = forecast.series_ids.get_indexer(pd.Index(on_order["series_id"]))
    if (rows < 0).any():
        unknown = on_order.loc[rows < 0, "series_id"].unique()
        raise PanelError(f"On order for series without a forecast: {first_of(list(unknown))}.")
    quantity = on_order["quantity"].to_numpy(np.float64)
    if not (quantity >= 0).all():
        wrong = on_order.loc[~(quantity >= 0), "series_id"]
        raise PanelError(
            f"Quantities on order must be at least 0; they are not for {first_of(list(wrong))}."
        )
    when = pd.DatetimeIndex(on_order["timestamp"])
    due = np.maximum(forecast.timestamps.searchsorted(when, side="right") - 1, 0)
    length = (forecast.timestamps[-1] - forecast.cutoff) / steps
    due = np.where(when >= forecast.timestamps[-1] + length, steps, due)
    np.add.at(arrivals, (rows, due), quantity)
    return arrivals


def _dates(forecast: Forecast, step_days: float, steps: FloatArray) -> pd.DatetimeIndex:
    """Days on which a number of steps is over; NaT beyond ten horizons."""
    far = ~(steps <= 10 * len(forecast.timestamps))
    days = np.where(far, 0.0, np.floor(np.where(far, 0.0, steps) * step_days))
    dates = forecast.timestamps[0].normalize() + pd.to_timedelta(days, unit="D")
    return pd.DatetimeIndex(np.where(far, np.datetime64("NaT"), dates.to_numpy()))


def _notes(
    items: Items,
    forecast: Forecast,
    step_days: float,
    raw: FloatArray,
    quantity: FloatArray,
    limit: FloatArray,
    unpriced: BoolArray,
) -> list[str]:
    """The first thing to know about each item, "" for nothing."""
    horizon_days = len(forecast.timestamps) * step_days
    beyond = items.lead_time_days + items.review_days > horizon_days
    with np.errstate(invalid="ignore"):
        no_margin = (items.target == "cost") & (items.margin <= 0)
    unsure = (items.target == "cost") & unpriced
    said = [
        (np.isnan(items.on_hand), "no stock known: nothing can be proposed"),
        (items.on_hand < 0, "stock is negative: counted as units already promised"),
        (no_margin, "sold at or below cost: ordering more costs money"),
        (unsure, "price or unit cost is not known: ordered by service level instead"),
        (
            (quantity > limit + items.pack_size) & (raw > 0),
            "the smallest order is more than sells before it spoils",
        ),
        (limit < raw, "held down so that it sells before it spoils"),
        (
            beyond,
            f"lead time and review reach beyond the {horizon_days:.0f} days of the forecast; "
            "later demand is taken as its mean",
        ),
    ]
    notes = [""] * len(items.series_ids)
    for flags, text in reversed(said):
        for row in np.flatnonzero(flags):
            notes[row] = text
    return notes
