"""The forecast that orders are planned on: of a finished run, or last year's weeks. No Streamlit.

Series are products in places, named "product:place" as in a run by product and place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

import forecasting as fc
from data.inventory import PAIR
from data.publications import Publication
from engine.registry import Entry
from forecasting.forecast import quantile_column
from forecasting.planning import starting

HORIZON = 13  # weeks of the quick forecast, as many as excess stock is measured over
WEEKS = 156  # that it learns from
MOSTLY_OUT = 4  # days without stock, from which a week says nothing about demand
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A forecast that begins on the day after the stock was taken."""

    forecast: fc.Forecast
    entry: Entry | None  # the run; None: the plan, or last year's weeks
    why_quick: str = ""  # why it is neither run nor plan, for the caption
    plan: Publication | None = None  # the published version
    simple_bands: float = 0.0  # share of the plan's cells with the band of last year's weeks

    @property
    def is_quick(self) -> bool:
        return self.entry is None and self.plan is None

    @property
    def today(self) -> pd.Timestamp:
        return pd.Timestamp(self.forecast.timestamps[0])


def ids(pairs: pd.DataFrame) -> pd.Index:
    """The series ids of product_id and place_id.

    >>> ids(pd.DataFrame({"product_id": [7], "place_id": [2]})).tolist()
    ['7:2']
    """
    return pd.Index(pairs["product_id"].astype(str) + ":" + pairs["place_id"].astype(str))


def pairs(series_ids: pd.Index) -> pd.DataFrame:
    """product_id and place_id of series ids.

    >>> pairs(pd.Index(["7:2"])).to_dict("records")
    [{'product_id': 7, 'place_id': 2}]
    """
    parts = series_ids.astype(str).str.partition(":").to_frame(index=False)
    return pd.DataFrame(
        {name: parts[at].astype(int) for name, at in zip(PAIR, (0, 2), strict=True)}
    )


def of_run(
    frame: pd.DataFrame, wanted: pd.Index, today: pd.Timestamp, *, only_place: int | None = None
) -> fc.Forecast | None:
    """The run's forecast of the wanted series from `today` on; None where none of it is left.

    `frame` is the run's forecast file. `only_place` completes ids of a run by product.
    """
    named = frame["series_id"].astype(str)
    if only_place is not None:
        named = named + f":{only_place}"
    chosen = frame.assign(series_id=named)[named.isin(wanted)]
    if chosen.empty:
        return None
    chosen = chosen.sort_values(["series_id", "timestamp"])
    series = pd.Index(chosen["series_id"].unique(), name="series_id")
    times = pd.DatetimeIndex(np.sort(chosen["timestamp"].unique()))
    if len(times) < 2 or len(chosen) != len(series) * len(times):
        return None
    levels = sorted(float(name[1:]) for name in frame.columns if name.startswith("q0."))
    shape = (len(series), len(times))
    columns = [chosen[quantile_column(level)].to_numpy(np.float64) for level in levels]
    made = fc.Forecast(
        mean=chosen["mean"].to_numpy(np.float64).reshape(shape),
        quantiles=np.stack([column.reshape(shape) for column in columns], axis=2),
        quantile_levels=tuple(levels),
        series_ids=series,
        timestamps=times,
        cutoff=pd.Timestamp(times[0] - (times[1] - times[0])),
    )
    try:
        return starting(made, today)
    except fc.PanelError:  # all of it has passed: the caption says so
        return None


def quick(
    weeks: pd.DataFrame,
    until: date,
    *,
    zero_gaps: bool,
    on_progress: Callable[[float], object] | None = None,
) -> fc.Forecast:
    """Last year's weeks of each series, with the band of its past errors, from `until` on.

    `weeks` is a frame of `data.inventory.weekly_sales`. Weeks mostly out of stock are not learned
    from. Raises `ForecastingError` where nothing sold.
    """
    panel = weekly_panel(weeks, until, zero_gaps=zero_gaps)
    model = fc.create("seasonal_naive", horizon=HORIZON)
    model.fit(panel, on_progress=lambda at: on_progress(at.fraction) if on_progress else None)
    return model.predict(panel)


def weekly_panel(weeks: pd.DataFrame, until: date, *, zero_gaps: bool) -> fc.Panel:
    """Weeks of seven days that end `until`; those mostly out of stock are not known."""
    last = pd.Timestamp(until)
    frame = pd.DataFrame(
        {
            "series_id": ids(weeks).to_numpy(),
            "timestamp": last - pd.to_timedelta(weeks["ago"] * 7 + 6, unit="D"),
            "target": weeks["quantity"].where(weeks["out"] < MOSTLY_OUT).astype(float),
        }
    )
    begins = last - pd.Timedelta(days=6)
    return fc.Panel.from_frame(
        _to_the_end(frame, begins),
        freq=f"W-{_WEEKDAYS[begins.weekday()]}",
        gaps="zero" if zero_gaps else "missing",
    )


def _to_the_end(frame: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """The same with at least one known target in the last week, which the forecast follows."""
    ends = frame[frame["timestamp"] == last]
    if ends["target"].notna().any():
        return frame
    first = str(frame["series_id"].iloc[0])
    rest = frame[(frame["series_id"] != first) | (frame["timestamp"] != last)]
    row = pd.DataFrame({"series_id": [first], "timestamp": [last], "target": [0.0]})
    return pd.concat([rest, row], ignore_index=True)
