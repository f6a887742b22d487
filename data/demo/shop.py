"""The demo shop as frames that fit the database's tables: the same for a seed and a day."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import calendars
from data.demo import catalogue, demand, prices, stock, traits, truth
from data.demo.departments import EVENTS, PLACES
from data.errors import DataError

PLAN_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class DemoShop:
    """Frames with the columns of their tables; product_id and place_id count from 1."""

    products: pd.DataFrame  # product_id, code, name, categories, unit_cost, lead_time_days
    places: pd.DataFrame  # place_id, code, name, country
    sales: pd.DataFrame  # one row per product, place and day on sale, in this order
    events: pd.DataFrame  # as of `calendars.festivals`, until a year after today
    plan: pd.DataFrame  # product_id, place_id (empty: everywhere), day, price, promo, discount
    truth: pd.DataFrame  # see `truth.collect`

    def priced_sales(self) -> pd.DataFrame:
        """The sales as `forecasting.elasticity` learns from them; days without stock not usable."""
        sales = self.sales
        groups = self.products["categories"].map("/".join).to_numpy()
        return pd.DataFrame(
            {
                "series_id": sales["product_id"] * 10 + sales["place_id"],
                "product": sales["product_id"],
                "group": groups[sales["product_id"].to_numpy() - 1],
                "timestamp": sales["day"],
                "target": sales["quantity"].clip(lower=0),
                "price": sales["price"],
                "promo": sales["promo"].astype(float),
                "usable": sales["stock_on_hand"] > 0,
            }
        )


def build(*, seed: int = 11, today: date, products: int = 300, days: int = 1095) -> DemoShop:
    """A shop whose sales end yesterday after `days` days, and whose plan covers the next 90.

    Raises `DataError` where the catalogue has fewer products than asked for, or without days.
    """
    if days < 1:
        raise DataError(f"The demo shop cannot have {days} days of sales. Ask for at least one.")
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5)]
    start = today - timedelta(days=days)
    calendar = pd.date_range(start, periods=days + PLAN_DAYS, unit="s")
    last = today + timedelta(days=365)
    events = [each for each in calendars.list_festivals(start, last) if each.name in EVENTS]
    goods = catalogue.choose(products, streams[0])
    nature = traits.draw(goods, days, streams[1])
    tags = prices.draw(goods, nature, calendar, events, days, streams[2])
    wish = demand.draw(goods, nature, tags, calendar, events, days, streams[3])
    shelves = stock.simulate(wish, nature, days, streams[4])
    return DemoShop(
        products=_products(goods, nature),
        places=_places(),
        sales=_sales(wish, tags, shelves, calendar[:days]),
        events=_events(start, last),
        plan=_plan(nature, tags, calendar, days),
        truth=truth.collect(goods, nature, wish, shelves, calendar, events),
    )


def _events(start: date, last: date) -> pd.DataFrame:
    found = calendars.festivals(start, last)
    found = found[found["name"].isin(EVENTS)].reset_index(drop=True)
    return found.assign(place_id=pd.array([pd.NA] * len(found), dtype="Int64"))


def _products(goods: pd.DataFrame, nature: traits.Traits) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "product_id": np.arange(len(goods)) + 1,
            "code": goods["code"],
            "name": goods["name"],
            "categories": goods["categories"],
            "unit_cost": nature.unit_cost,
            "lead_time_days": nature.lead_time.astype(np.float64),
        }
    )


def _places() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "place_id": np.arange(len(PLACES)) + 1,
            "code": [place[0] for place in PLACES],
            "name": [place[1] for place in PLACES],
            "country": "DE",
        }
    )


def _sales(
    wish: demand.Demand, tags: prices.Prices, shelves: stock.Shelves, calendar: pd.DatetimeIndex
) -> pd.DataFrame:
    """Every product and place on every day on sale, also where nothing was sold."""
    days = len(calendar)
    rows = wish.on_sale[:days].transpose(1, 2, 0)
    product, place, day = np.nonzero(rows)

    def of(values: NDArray[Any]) -> NDArray[Any]:
        return values[:days].transpose(1, 2, 0)[rows]

    per_place = demand.CHANNEL_OF_PLACE
    quantity = of(shelves.sold - shelves.returned).astype(np.float64)
    price = of(tags.price[:, :, per_place]).astype(np.float64)
    return pd.DataFrame(
        {
            "product_id": (product + 1).astype(np.int32),
            "place_id": (place + 1).astype(np.int32),
            "day": calendar.to_numpy()[day],
            "quantity": quantity,
            "revenue": np.round(quantity * price, 2),
            "price": price,
            "discount": of(tags.discount[:, :, per_place]),
            "promo": of(tags.promo[:, :, per_place]),
            "stock_on_hand": of(shelves.stock).astype(np.float64),
        },
        copy=False,
    )


def _plan(
    nature: traits.Traits, tags: prices.Prices, calendar: pd.DatetimeIndex, days: int
) -> pd.DataFrame:
    """The next days' price, promotion and discount of what is still on sale, everywhere."""
    kept = np.flatnonzero(nature.last_day >= days)
    ahead = len(calendar) - days
    here = (slice(days, None), kept, 0)  # both channels are the same in the plan
    return pd.DataFrame(
        {
            "product_id": np.repeat(kept + 1, ahead),
            "place_id": pd.array([pd.NA] * (len(kept) * ahead), dtype="Int64"),
            "day": np.tile(calendar[days:].to_numpy(), len(kept)),
            "price": tags.price[here].T.ravel(),
            "promo": tags.promo[here].T.ravel(),
            "discount": tags.discount[here].T.ravel(),
        }
    )
