"""From the sales of many series to a list of findings, ranked by money. Knows no Streamlit.

A finding is a row of `Found.table`: one period of one series, a run of equal values, a price that
cannot be, or a day on which the whole scope sold far more or less than usual.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data.scope import Freq
from data.unusual import Cells
from forecasting import diagnostics as dx
from forecasting.arrays import BoolArray, FloatArray
from ui.seasonality_facts import YEAR, event_periods

REACH: dict[Freq, int] = {"D": 28, "W": 8, "M": 8}  # periods on each side that make the usual
TOLERANCE: dict[Freq, int] = {"D": 4, "W": 1, "M": 0}  # by which festivals move, in periods
SAME: dict[Freq, int] = {
    "D": 14,
    "W": 8,
    "M": 6,
}  # periods of one value from which it was filled in
PRICE_TIMES = 10.0  # above the usual price, or under its inverse, from which it cannot be one
UNIT_MISTAKE = 50.0  # times the usual
WHOLE = -1  # instead of the number of a series: all of them

COLUMNS = [
    "kind", "series", "product_id", "place_id", "at", "until", "first", "last", "sold", "expected",
    "low", "high", "price", "usual_price", "stake", "promoted", "event",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Everything unusual in a scope, and what it was judged by."""

    cells: Cells
    judged: dx.Unusual
    low: FloatArray  # (N, T) ends of the band of 95 in 100 periods
    high: FloatArray
    table: pd.DataFrame  # `COLUMNS`, dearest first; `at` and `until` are numbers of periods

    @property
    def judged_periods(self) -> int:
        """Series times periods that were judged."""
        return int(np.isfinite(self.judged.score).sum())

    def observed(self, at: int) -> BoolArray:
        """(N,) which series have a value in a period."""
        return np.isfinite(self.cells.quantity[:, int(at)])


def find(cells: Cells, events: pd.DataFrame) -> Found:
    """What is unusual in these sales, given the festivals and events that are known."""
    explained = event_periods(cells.times, cells.freq, events)
    steps = rhythm(cells.freq, cells.times)
    judged = dx.judge(
        cells.quantity,
        steps,
        promoted=cells.promoted,
        explained=explained,
        hidden=cells.empty,
    )
    low, high = judged.band()
    low, high = np.floor(low), np.ceil(high)
    parts = [
        _single(cells, judged),
        _repeated(cells),
        _prices(cells),
        _whole(dx.whole_days(judged, steps, explained=explained)),
    ]
    table = pd.concat(parts, ignore_index=True)
    table = _described(table, cells, judged, low, high)
    named = _events(cells.times, cells.freq, events)
    table["event"] = [named[at] for at in table["at"]]
    table = table.sort_values(["stake", "first"], ascending=[False, True], ignore_index=True)
    return Found(cells=cells, judged=judged, low=low, high=high, table=table[COLUMNS])


def rows(table: pd.DataFrame) -> list[tuple[int, dict[Any, Any]]]:
    """The findings with their numbers, one dictionary each."""
    return list(zip((int(i) for i in table.index), table.to_dict("records"), strict=True))


def rhythm(freq: Freq, times: pd.DatetimeIndex) -> dx.Rhythm:
    """How periods of this length follow each other: weekdays, or months of the year."""
    phase = np.zeros(len(times), dtype=np.int64)
    if freq == "D":
        phase = times.dayofweek.to_numpy()
    elif freq == "M" and len(times) >= 36:  # of fewer years a month's factor is the month itself
        phase = times.month.to_numpy() - 1
    return dx.Rhythm(phase=phase, reach=REACH[freq], year=YEAR[freq], tolerance=TOLERANCE[freq])


def period_end(first: pd.Timestamp, freq: Freq) -> pd.Timestamp:
    """The last day of the period that begins with a day."""
    if freq == "M":
        return first + pd.offsets.MonthEnd(1)
    return first + pd.Timedelta(days=6 if freq == "W" else 0)


def _single(cells: Cells, judged: dx.Unusual) -> pd.DataFrame:
    series, at = np.nonzero(judged.flagged)
    sold, score = cells.quantity[series, at], judged.score[series, at]
    kind = np.where(sold < 0, "negative", np.where(score > 0, "high", "low"))
    return pd.DataFrame({"kind": kind, "series": series, "at": at, "until": at})


def _repeated(cells: Cells) -> pd.DataFrame:
    runs = dx.repeats(cells.quantity, least=SAME[cells.freq])
    return pd.DataFrame(
        [("repeat", series, first, end - 1) for series, first, end in runs],
        columns=["kind", "series", "at", "until"],
    )


def _prices(cells: Cells) -> pd.DataFrame:
    """Periods whose money per unit is nothing, or far from the series' own.

    Less than nothing is the money of returns that were dearer than what was sold: no mistake.
    """
    paid = _paid(cells)
    with np.errstate(invalid="ignore"):
        strange = (paid <= cells.price / PRICE_TIMES) | (paid >= cells.price * PRICE_TIMES)
        strange &= (cells.price > 0) & (paid >= 0)
    common = strange.sum(axis=1) > np.maximum(0.02 * np.isfinite(paid).sum(axis=1), 1)
    strange[common] = False  # then it is how this product is sold
    series, at = np.nonzero(strange)
    return pd.DataFrame({"kind": "price", "series": series, "at": at, "until": at})


def _paid(cells: Cells) -> FloatArray:
    """(N, T) money per unit; NaN where nothing was sold or the money is not known."""
    sold = (cells.quantity > 0) & np.isfinite(cells.revenue)
    return np.where(sold, cells.revenue / np.where(sold, cells.quantity, 1.0), np.nan)


def _whole(days: BoolArray) -> pd.DataFrame:
    at = np.flatnonzero(days)
    return pd.DataFrame({"kind": "day", "series": WHOLE, "at": at, "until": at})


def _described(
    table: pd.DataFrame, cells: Cells, judged: dx.Unusual, low: FloatArray, high: FloatArray
) -> pd.DataFrame:
    """The table with what was sold, what is usual, and what is at stake."""
    usual_price = cells.price[:, 0] if cells.has_revenue else np.full(len(cells.keys), np.nan)
    money = np.nan_to_num(usual_price) if cells.has_revenue else np.ones(len(cells.keys))
    paid = _paid(cells)
    rows: list[tuple[float, ...]] = []
    for kind, i, at, until in table[["kind", "series", "at", "until"]].itertuples(index=False):
        if i == WHOLE:
            rows.append(_whole_facts(cells, judged, int(at), money))
            continue
        span = (int(i), slice(int(at), int(until) + 1))
        sold, usual = cells.quantity[span], judged.expected[span]
        stake = float(np.nansum(np.abs(sold - usual))) * money[i]
        if kind == "price":
            stake = float(np.nansum(np.abs(cells.revenue[span] - sold * money[i])))
        parts = (sold, usual, low[span], high[span], paid[span])
        rows.append((*map(_mean, parts), usual_price[i], stake, bool(cells.promoted[span].any())))
    names = ["sold", "expected", "low", "high", "price", "usual_price", "stake", "promoted"]
    facts = pd.DataFrame(rows, columns=names, index=table.index).astype({"promoted": bool})
    products, places = (
        pd.array([None if i == WHOLE else of[i] for i in table["series"]], dtype="Int64")
        for of in (cells.products, cells.places)
    )
    ends = pd.DatetimeIndex([period_end(time, cells.freq) for time in cells.times])
    table = table.assign(
        product_id=products,
        place_id=places,
        first=cells.times[table["at"].to_numpy(dtype=np.int64)],
        last=ends[table["until"].to_numpy(dtype=np.int64)],
    )
    return pd.concat([table, facts], axis=1)


def _whole_facts(cells: Cells, judged: dx.Unusual, at: int, money: FloatArray) -> tuple[float, ...]:
    """Of a day of the whole scope; its band is that of other days against their usual."""
    sold, usual = cells.quantity[:, at], np.nan_to_num(judged.expected[:, at])
    low, high = np.quantile(judged.day, [0.025, 0.975]) * usual.sum()
    stake = abs(float(np.nansum((sold - usual) * money)))
    nothing = float("nan")
    promoted = bool(cells.promoted[:, at].mean() > 0.5)
    return (
        float(np.nansum(sold)), float(usual.sum()), float(np.floor(low)), float(np.ceil(high)),
        nothing, nothing, stake, promoted,
    )  # fmt: skip


def _mean(values: FloatArray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _events(times: pd.DatetimeIndex, freq: Freq, events: pd.DataFrame) -> list[str]:
    """Names of the events that touch each period, "" where there is none."""
    names: list[list[str]] = [[] for _ in times]
    begins = pd.to_datetime(events["first_day"]) - pd.to_timedelta(events["days_before"], unit="D")
    ends = pd.to_datetime(events["last_day"]) + pd.to_timedelta(events["days_after"], unit="D")
    lasts = pd.DatetimeIndex([period_end(time, freq) for time in times])
    for name, begin, end in zip(events["name"], begins, ends, strict=True):
        for number in range(lasts.searchsorted(begin), times.searchsorted(end, side="right")):
            if name not in names[number]:
                names[number].append(str(name))
    return [", ".join(each) for each in names]
