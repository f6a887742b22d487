"""Christmas and SNAP show in a real shop (M5, store CA_1) with the right sign."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import events
from data.calendar_entries import Entry
from forecasting.diagnostics.events import Measured, Window, measure

REAL = Path(os.environ.get("ALMANAC_DATA", "../shared/data")) / "m5"


@pytest.fixture(scope="module")
def food() -> Measured:
    """Foods of one store by day, with the first ten days of a month as SNAP days."""
    path = REAL / "sales_daily" / "CA_1.parquet"
    if not path.exists():
        pytest.skip(f"no real data: {path} is absent (set ALMANAC_DATA)")
    sales = pd.read_parquet(path, columns=["cat_id", "date", "units"])
    daily = sales[sales["cat_id"] == "FOODS"].groupby("date")["units"].sum()
    times = pd.DatetimeIndex(pd.to_datetime(daily.index))
    calendar = [Entry(kind="holidays", name="US")]
    found = events.occurrences(calendar, times[0].date(), times[-1].date())
    windows = [Window(*each) for each in events.phases(found)]
    snap = pd.read_parquet(REAL / "calendar.parquet", columns=["date", "snap_CA"])
    days = pd.DatetimeIndex(pd.to_datetime(snap.loc[snap["snap_CA"] == 1, "date"]))
    # An occurrence is a month; its days are told apart by month, not by year.
    for month in days.to_period("M").unique():
        own = days[days.to_period("M") == month]
        number = month.year * 12 + month.month
        windows += [Window("SNAP", "on", own[0], own[-1], number)]
    made = measure(times, daily.to_numpy(dtype=np.float64), windows)
    assert made is not None
    return made


def test_when_food_stamps_are_paid_out_then_more_food_sells(food: Measured) -> None:
    effect = food.of("SNAP", "on")
    assert effect is not None
    assert effect.is_clear
    assert 1.05 < effect.lift < 1.3
    assert len(effect.past) > 50


def test_when_it_is_christmas_then_the_shop_is_closed(food: Measured) -> None:
    effect = food.of("Christmas Day", "on")
    assert effect is not None
    assert effect.is_clear
    assert effect.lift < 0.4  # in 2011 the day off on the 26th belongs to it, when it is open
    assert sum(once.lift < 0.02 for once in effect.past) == 4
    assert len(effect.past) == 5
