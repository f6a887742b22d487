"""A small shop with a plan: two products of Fruit and one of Bakery, in two places, four weeks."""

from datetime import date, timedelta

import pandas as pd

from data import plans
from data.plans import Plan
from data.store import Store
from tests.data.shop import Row, fill

MONDAY = date(2026, 11, 23)
WEEKS = tuple(MONDAY + timedelta(days=7 * step) for step in range(4))
MEANS = {(1, 1): 10.0, (1, 2): 30.0, (2, 1): 20.0, (2, 2): 0.0, (3, 1): 40.0, (3, 2): 5.0}


def sold(store: Store, *, until: date = MONDAY - timedelta(days=1), weeks: int = 60) -> None:
    """Sales of every product and place: on a Monday, as many as the forecast, for 2 each."""
    last = until - timedelta(days=until.weekday())
    rows: list[Row] = [
        (product, place, last - timedelta(days=7 * ago), units, 2.0)
        for ago in range(weeks)
        for (product, place), units in MEANS.items()
        if units
    ]
    rows.append((2, 1, until, 0.0, 2.0))
    fill(
        store,
        rows,
        categories=(("Fruit",), ("Fruit", "Soft"), ("Bakery",)),
        names=("Apple", "Berry", "Bread"),
    )


def forecast(weeks: tuple[date, ...] = WEEKS, scale: float = 1.0) -> pd.DataFrame:
    """The same forecast every week."""
    return pd.DataFrame(
        [
            (product, place, week, mean * scale, mean * scale * 0.5, mean * scale, mean * 2)
            for (product, place), mean in MEANS.items()
            for week in weeks
        ],
        columns=["product_id", "place_id", "timestamp", "mean", "q10", "q50", "q90"],
    )


def begin(store: Store, frame: pd.DataFrame | None = None) -> Plan:
    """The plan of the shop on its forecast."""
    return plans.begin(
        store, 1, "W", forecast() if frame is None else frame, model="theta", author="Ada"
    )
