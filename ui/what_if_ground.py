"""What scenarios stand on: a quick forecast by week, prices to come, and what prices did so far.

Works on any shop without training, in seconds. Knows no Streamlit. Series are products in places,
named "product:place"; suffixes: B series, D days, W past weeks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

import forecasting as fc
from data import inventory, inventory_settings, what_if
from data.inventory import PAIR
from data.store import Store
from forecasting.arrays import FloatArray
from forecasting.scenarios import Base, DailyPlan, Response
from ui import inventory_source as sources
from ui.background import Tell
from ui.prices_facts import LEVEL, Found

LONG, SHORT = 65, 26  # weeks ahead: until the same event next year, or half a year for large shops
MANY = 5_000  # series, from which the long look ahead waits until it is needed
PAST = 156  # weeks that are learned from


@dataclass(frozen=True, kw_only=True, eq=False)
class Ahead:
    """Prices, costs and stock of series (B), whatever forecasts them."""

    pairs: pd.DataFrame  # product_id and place_id, a row per series
    last_day: date  # of the sales
    plan: pd.DataFrame  # of `data.what_if.ahead`
    regular: FloatArray  # (B,) price without promotion, NaN where not known
    lowest: FloatArray
    highest: FloatArray
    unit_cost: FloatArray
    on_hand: FloatArray  # units, NaN where not known
    coming: pd.DataFrame  # product_id, place_id, day, quantity of deliveries
    weekday: FloatArray  # (B, 7) share of a week from Monday on

    @property
    def ids(self) -> pd.Index:
        return sources.ids(self.pairs)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """A forecast without training, and what prices and promotions did."""

    ahead: Ahead
    forecast: fc.Forecast  # weeks from the day after the sales
    response: Response


def make(
    store: Store,
    dataset_id: int,
    *,
    products: Sequence[int],
    place_id: int | None,
    until: date,
    by_week: bool,
    horizon: int,
    measured: Found | None,
    tell: Tell,
) -> Ground | None:
    """The ground of some products; None where none of them sold."""
    weeks = what_if.periods(
        store, dataset_id, until=until, count=PAST, days=7, products=products, place_id=place_id
    )
    if weeks.empty or not (weeks["quantity"] > 0).any():
        return None
    tell(0.3)
    forecast = _quick(weeks, until, horizon, inventory.counts_gaps_as_zero(store, dataset_id))
    tell(0.7)
    pairs = sources.pairs(forecast.series_ids)
    found = ahead(store, dataset_id, pairs, until=until, days=7 * horizon, by_week=by_week)
    return Ground(ahead=found, forecast=forecast, response=responses(measured, pairs))


def ahead(
    store: Store, dataset_id: int, pairs: pd.DataFrame, *, until: date, days: int, by_week: bool
) -> Ahead:
    """Prices, costs and stock of these pairs."""
    last = (pd.Timestamp(until) + pd.Timedelta(days=days)).date()
    products = sorted({int(each) for each in pairs["product_id"]})
    known = what_if.ahead(store, dataset_id, after=until, until=last, products=products)
    prices = pairs.merge(known.prices, on=PAIR, how="left")
    costs = inventory_settings.resolved(
        pairs,
        inventory_settings.settings(store, dataset_id),
        inventory_settings.records(store, dataset_id),
        pd.Series(dtype=object),
    )
    stock = pairs.merge(inventory.stock(store, dataset_id), on=PAIR, how="left")
    fresh = (pd.Timestamp(until) - stock["day"]).dt.days <= 28
    return Ahead(
        pairs=pairs,
        last_day=until,
        plan=known.plan,
        regular=prices["regular"].to_numpy(float),
        lowest=prices["lowest"].to_numpy(float),
        highest=prices["highest"].to_numpy(float),
        unit_cost=costs["unit_cost"].to_numpy(float),
        on_hand=stock["on_hand"].where(fresh).to_numpy(float),
        coming=inventory.coming(store, dataset_id, until),
        weekday=_weekdays(store, dataset_id, pairs, until, by_week),
    )


def _quick(weeks: pd.DataFrame, until: date, horizon: int, zero_gaps: bool) -> fc.Forecast:
    """Last year's weeks with the band of past errors."""
    panel = sources.weekly_panel(weeks, until, zero_gaps=zero_gaps)
    model = fc.create("seasonal_naive", horizon=horizon)
    model.fit(panel)
    made = model.predict(panel)
    return replace(made, mean=made.mean.clip(0.0), quantiles=made.quantiles.clip(0.0))


def _weekdays(
    store: Store, dataset_id: int, pairs: pd.DataFrame, until: date, by_week: bool
) -> FloatArray:
    """How a week of each series is spread over its days: as its widest category's."""
    even = np.full((len(pairs), 7), 1 / 7)
    if by_week:
        return even
    found = what_if.weekdays(store, dataset_id, until=until)
    wide = found.pivot_table(
        index="category", columns="weekday", values="quantity", fill_value=0.0
    ).reindex(columns=range(1, 8), fill_value=0.0)
    totals = wide.sum(axis=1)
    shares = wide[totals > 0].div(totals[totals > 0], axis=0)
    rows = store.frame(
        "SELECT product_id, coalesce(categories[1], '') AS category FROM product "
        "WHERE dataset_id = $1",
        [dataset_id],
    ).set_index("product_id")["category"]
    spread = np.asarray(shares.reindex(pairs["product_id"].map(rows)), dtype=float)
    return np.where(np.isfinite(spread) & (spread > 0), spread, 1 / 7) if len(spread) else even


def responses(measured: Found | None, pairs: pd.DataFrame) -> Response:
    """The slopes of each series: those of its product, where they are to be trusted."""
    ids = sources.ids(pairs)
    if measured is None:
        return Response.of(pd.DataFrame({"series_id": ids}), ids)
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    of = measured.answers.set_index("product").reindex(pairs["product_id"])
    table = pd.DataFrame(
        {
            "series_id": ids,
            "elasticity": of["elasticity"].to_numpy(float),
            "error": of["error"].to_numpy(float),
            "uplift": np.log(of["uplift"].to_numpy(float)),
            "uplift_error": np.log((of["uplift_high"] / of["uplift_low"]).to_numpy(float))
            / (2 * z),
            "after": np.log(of["after"].to_numpy(float)),
            "before": np.log(of["before"].to_numpy(float)),
        }
    )
    return Response.of(table, ids)


def base(ground: Ahead, forecast: fc.Forecast, first: int = 0, last: int | None = None) -> Base:
    """The steps `first` to `last` (exclusive) of a forecast, with the plan of their days."""
    count = len(forecast.timestamps)
    last = count if last is None else min(last, count)
    part = replace(
        forecast,
        mean=forecast.mean[:, first:last],
        quantiles=forecast.quantiles[:, first:last],
        timestamps=forecast.timestamps[first:last],
    )
    days = days_of(forecast, first, last)
    return Base.of(
        part,
        daily_plan(ground, days),
        (ground.lowest, ground.highest),
        shares=ground.weekday[:, days.weekday.to_numpy()],
    )


def days_of(forecast: fc.Forecast, first: int, last: int) -> pd.DatetimeIndex:
    """The days of the steps `first` to `last` (exclusive) of a forecast."""
    ends = forecast.timestamps.append(pd.DatetimeIndex([_next(forecast)]))
    return pd.date_range(ends[first], ends[last] - pd.Timedelta(days=1))


def _next(forecast: fc.Forecast) -> pd.Timestamp:
    """The first timestamp after a forecast."""
    times = forecast.timestamps
    step = times[-1] - times[-2] if len(times) > 1 else times[0] - forecast.cutoff
    return pd.Timestamp(times[-1] + step)


def daily_plan(ground: Ahead, days: pd.DatetimeIndex) -> DailyPlan:
    """What is planned on some days; where nothing is, the regular price goes on."""
    count, ids = len(ground.pairs), ground.ids
    shape = (count, len(days))
    price, regular = np.full(shape, np.nan), np.full(shape, np.nan)
    promo = np.zeros(shape)
    for row, day, line in _planned_cells(ground, days):
        asked = ground.plan["price"].to_numpy(float)[line]
        cut = np.nan_to_num(ground.plan["discount"].to_numpy(float)[line]).clip(0.0, 0.99)
        known = np.isfinite(asked) & (asked > 0)
        price[row[known], day[known]] = asked[known]
        regular[row[known], day[known]] = (asked / (1 - cut))[known]
        announced = ground.plan["promo"].astype("boolean").fillna(False).to_numpy(bool)[line]
        promo[row, day] = announced
    regular = _carried(regular, ground.regular)
    price = np.where(np.isfinite(price), price, regular)
    return DailyPlan.of(
        ids, days, price=price, regular=regular, promo=promo, unit_cost=ground.unit_cost
    )


def _planned_cells(ground: Ahead, days: pd.DatetimeIndex) -> list[tuple[Any, Any, Any]]:
    """Rows, days and lines of the plan: first what is planned everywhere, then by place."""
    plan, pairs = ground.plan, ground.pairs
    at = days.get_indexer(pd.DatetimeIndex(plan["day"]))
    lines = pd.DataFrame(
        {"line": np.arange(len(plan)), "day": at, "product_id": plan["product_id"]}
    )
    lines["place_id"] = plan["place_id"].astype("Int64")
    lines = lines[lines["day"] >= 0]
    numbered = pairs.assign(row=np.arange(len(pairs)))
    everywhere = lines[lines["place_id"].isna()].drop(columns="place_id")
    somewhere = lines.dropna(subset="place_id").astype({"place_id": "int64"})
    found = [
        everywhere.merge(numbered[["product_id", "row"]], on="product_id"),
        somewhere.merge(numbered, on=PAIR),
    ]
    return [
        (each["row"].to_numpy(), each["day"].to_numpy(), each["line"].to_numpy()) for each in found
    ]


def _carried(values: FloatArray, start: FloatArray) -> FloatArray:
    """Values (B, D) with holes filled by the last one before, at first by `start` (B,)."""
    whole = pd.DataFrame(np.column_stack([start, values])).ffill(axis=1)
    return whole.to_numpy(float)[:, 1:]
