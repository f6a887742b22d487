"""Several products, categories or places side by side: each one's year, week and growth.

Knows no Streamlit. Judged as on the page itself: the year by weeks (or months), the week by days.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.scope import Freq, Measure
from forecasting import diagnostics as dx
from forecasting.arrays import FloatArray
from ui import format as fmt
from ui import seasonality_facts as facts
from ui.seasonality_charts import MONTHS, WEEKDAYS

MOST = 8  # small multiples at once
_DRAWN = 160  # points of a line in a small chart

Multiples = dict[str, tuple[str, list[str], FloatArray]]  # by child: title, names, values


@dataclass(frozen=True, kw_only=True, eq=False)
class Child:
    """What is compared of one member of the scope."""

    child_id: str
    label: str
    base: facts.Sales  # weeks, or months
    yearly: float | None
    weekly: float | None
    growth: float | None  # a year
    year: dx.Profile | None
    week: dx.Profile | None


def children(
    long: pd.DataFrame, *, frequency: Freq, measure: Measure, events: pd.DataFrame
) -> list[Child]:
    """From a `data.queries.parts` frame at the frequency of the data; those never sold are left
    out."""
    found = []
    for child_id, rows in long.groupby("child_id", sort=False):
        made = _child(str(child_id), rows, frequency, measure, events)
        if made is not None:
            found.append(made)
    return found


def table(found: list[Child]) -> pd.DataFrame:
    """A row per child: label, yearly and weekly strength out of 100, top month and day, growth."""
    return pd.DataFrame(
        {
            "label": [each.label for each in found],
            "yearly": [_hundred(each.yearly) for each in found],
            "month": [MONTHS[each.year.top] if each.year else None for each in found],
            "weekly": [_hundred(each.weekly) for each in found],
            "day": [WEEKDAYS[each.week.top] if each.week else None for each in found],
            "growth": [None if each.growth is None else each.growth * 100 for each in found],
        }
    ).astype({"yearly": float, "weekly": float, "growth": float})


def usual_years(found: list[Child]) -> Multiples:
    """Percent above the mean by month, of those that have a year."""
    return {
        each.child_id: (each.label, list(MONTHS), (each.year.factors - 1) * 100)
        for each in found
        if each.year is not None
    }


def usual_weeks(found: list[Child]) -> Multiples:
    """Percent above the mean by weekday, of those that have days."""
    return {
        each.child_id: (each.label, list(WEEKDAYS), (each.week.factors - 1) * 100)
        for each in found
        if each.week is not None
    }


def courses(found: list[Child]) -> Multiples:
    """Sales as percent of each one's own mean, so that small and large share a scale."""
    made: Multiples = {}
    for each in found:
        mean = float(np.nanmean(each.base.values))
        if mean > 0:
            values = each.base.values[-_DRAWN:] / mean * 100 - 100
            names = [_name(time, each.base.freq) for time in each.base.times[-_DRAWN:]]
            made[each.child_id] = (each.label, names, values)
    return made


def _name(time: pd.Timestamp, freq: Freq) -> str:
    name = fmt.period(time, freq)
    return name if freq == "M" else f"{name} {time.year}"


def _child(
    child_id: str, rows: pd.DataFrame, frequency: Freq, measure: Measure, events: pd.DataFrame
) -> Child | None:
    frame = rows.assign(stockout_share=np.nan)
    days = facts.prepare(frame, "D", measure, events, thorough=False) if frequency == "D" else None
    freq: Freq = "M" if frequency == "M" else "W"
    base = facts.prepare(
        _weeks(frame) if frequency == "D" else frame, freq, measure, events, thorough=False
    )
    if base is None:
        return None
    parts = facts.taken_apart(base, facts.PERIODS[freq])
    season = facts.PERIODS[freq][0]
    whole = parts if parts is not None and season in parts.seasons else None
    day_parts = facts.taken_apart(days, (7,))
    trend = facts.trend_of(base, whole)
    return Child(
        child_id=child_id,
        label=str(rows["label"].iloc[0]),
        base=base,
        yearly=facts.beyond(whole, season) if whole else None,
        weekly=facts.beyond(day_parts, 7) if day_parts and 7 in day_parts.seasons else None,
        growth=trend.yearly if trend else None,
        year=facts.usual_year(days or base, base, whole),
        week=facts.usual_week(days, day_parts, events) if days and day_parts else None,
    )


def _weeks(days: pd.DataFrame) -> pd.DataFrame:
    """Days summed to ISO weeks; a week is complete when all its days are."""
    monday = days["timestamp"] - pd.to_timedelta(days["timestamp"].dt.dayofweek, unit="D")
    weeks = days.assign(timestamp=monday).groupby("timestamp", as_index=False)
    frame = weeks.agg(
        quantity=("quantity", "sum"),
        revenue=("revenue", "sum"),
        days=("complete", "sum"),
    )
    return frame.assign(complete=frame["days"] == 7, stockout_share=np.nan)


def _hundred(value: float | None) -> float | None:
    return None if value is None else round(value * 100)
