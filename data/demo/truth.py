"""The demo shop's true parameters as rows, so that every screen's estimate can be checked."""

import calendar as names_of_days

import numpy as np
import pandas as pd

from data.calendars import Festival
from data.demo.demand import CANNIBALISATION, RAMP_DAYS, Demand, seasons
from data.demo.departments import DEPARTMENTS
from data.demo.prices import CLEARANCE
from data.demo.stock import Shelves
from data.demo.traits import Floats, Integers, Traits

COLUMNS = ["topic", "product_id", "place_id", "day", "name", "value"]


def collect(
    products: pd.DataFrame,
    traits: Traits,
    demand: Demand,
    shelves: Shelves,
    calendar: pd.DatetimeIndex,
    events: list[Festival],
) -> pd.DataFrame:
    """Columns as in `COLUMNS`; product_id, place_id and day are empty where a row has none.

    Topics: elasticity, promo uplift, promo dip, cannibalisation, trend (log per year), return
    rate, weekday and month (factors with mean 1), event lift (name: the event, or the event with
    ': before' or ': after'), launch, delisting, and stock-out (units lost on a day).
    """
    parts = [
        _per_product("elasticity", "own price", traits.elasticity),
        _per_product("promo uplift", "flag", traits.promo_uplift),
        _per_product("promo dip", "week after", _of_department(products, "promo_dip")),
        _per_product(
            "cannibalisation", "log, whole range", np.full(len(products), CANNIBALISATION)
        ),
        _per_product("trend", "log per year", traits.trend),
        _return_rates(traits),
        _weekdays(traits, demand),
        _months(products, calendar),
        *_lifts(products, events),
        _lives(traits, calendar, len(shelves.sold)),
        _stock_outs(shelves, calendar),
    ]
    return pd.concat(parts, ignore_index=True)


def _frame(
    topic: str,
    name: str,
    value: Floats,
    product_id: Integers,
    place_id: Integers | None = None,
    day: pd.DatetimeIndex | None = None,
) -> pd.DataFrame:
    count = len(value)
    nowhere = pd.array([pd.NA] * count, dtype="Int64")
    never = np.full(count, "NaT", dtype="datetime64[s]")
    return pd.DataFrame(
        {
            "topic": topic,
            "product_id": pd.array(product_id, dtype="Int64"),
            "place_id": nowhere if place_id is None else pd.array(place_id, dtype="Int64"),
            "day": never if day is None else day,
            "name": name,
            "value": value,
        },
        columns=COLUMNS,
    )


def _per_product(topic: str, name: str, value: Floats) -> pd.DataFrame:
    return _frame(topic, name, value, product_id=np.arange(len(value)) + 1)


def _of_department(products: pd.DataFrame, trait: str) -> Floats:
    values = {name: getattr(each, trait) for name, each in DEPARTMENTS.items()}
    return products["department"].map(values).to_numpy(dtype=np.float64)


def _return_rates(traits: Traits) -> pd.DataFrame:
    product, place = np.nonzero(traits.listed)
    rate = traits.return_rate[product, place]
    return _frame("return rate", "share of units", rate, product_id=product + 1, place_id=place + 1)


def _weekdays(traits: Traits, demand: Demand) -> pd.DataFrame:
    product, place = np.nonzero(traits.listed)
    parts = [
        _frame(
            "weekday",
            name,
            demand.weekday[number, product, place],
            product_id=product + 1,
            place_id=place + 1,
        )
        for number, name in enumerate(names_of_days.day_name)
    ]
    return pd.concat(parts)


def _months(products: pd.DataFrame, calendar: pd.DatetimeIndex) -> pd.DataFrame:
    """Mean factor of each month, named '01' to '12', in the last full year of the calendar."""
    year = pd.date_range(calendar[-1] - pd.Timedelta(days=364), calendar[-1])
    factors = pd.DataFrame(seasons(year)).groupby(year.strftime("%m")).mean()
    leaf = products["leaf"].to_numpy()
    parts = [
        _per_product("month", str(month), factors.loc[month].to_numpy()[leaf])
        for month in factors.index
    ]
    return pd.concat(parts)


def _lifts(products: pd.DataFrame, events: list[Festival]) -> list[pd.DataFrame]:
    parts: list[pd.DataFrame] = []
    for event in {each.name: each for each in events}.values():
        lifts = [DEPARTMENTS[name].lifts[event.name] for name in products["department"]]
        parts.append(_per_product("event lift", event.name, np.array([x.on for x in lifts])))
        if event.days_before:
            before = np.array([x.before for x in lifts])
            parts.append(_per_product("event lift", f"{event.name}: before", before))
        if event.days_after:
            after = np.array([x.after for x in lifts])
            parts.append(_per_product("event lift", f"{event.name}: after", after))
    return parts


def _lives(traits: Traits, calendar: pd.DatetimeIndex, days: int) -> pd.DataFrame:
    """Launches (value: days until a product is known) and delistings (value: final discount)."""
    new = np.flatnonzero((traits.first_day > 0) & (traits.first_day < days))
    gone = np.flatnonzero(traits.last_day < days)
    launches = _frame(
        "launch",
        "first day",
        np.full(len(new), float(RAMP_DAYS)),
        product_id=new + 1,
        day=calendar[traits.first_day[new]],
    )
    delistings = _frame(
        "delisting",
        "last day",
        np.full(len(gone), CLEARANCE),
        product_id=gone + 1,
        day=calendar[traits.last_day[gone]],
    )
    return pd.concat([launches, delistings])


def _stock_outs(shelves: Shelves, calendar: pd.DatetimeIndex) -> pd.DataFrame:
    """The days on which more was wanted than lay on the shelf."""
    day, product, place = np.nonzero(shelves.lost)
    return _frame(
        "stock-out",
        "lost units",
        shelves.lost[day, product, place].astype(np.float64),
        product_id=product + 1,
        place_id=place + 1,
        day=calendar[day],
    )
