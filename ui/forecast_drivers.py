"""What lifts or lowers a forecast from its level: the drivers of every period. Knows no Streamlit.

The library's explanation asks the model itself what it would forecast if a driver were as usual;
see `forecasting.explain`. Drivers and level add up to the forecast of the screen, exactly: of many
series the largest are explained, and the others counted like them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

import forecasting as fc
from data.event_columns import PREFIX
from data.scope import Freq
from forecasting.arrays import FloatArray
from ui import forecasts

LEVEL, OTHER = "level", "other"
NAMES = {  # in the order of the stack: by what the library calls it, what a column is called here
    "season": "season",
    "calendar": "event",
    "promotion": "promotion",
    "price": "price",
    "recent history": "recent",
}
COLUMNS = (*NAMES.values(), OTHER)
ROLES = {"price": "price", "promo": "promotion"}
_CALENDAR = ("festival", "festival_near", "holiday")
MOST = 100  # series of a network that are explained: a third of a second each
MOST_FITTED = 12  # of a model that is fitted anew for every combination of drivers
_BATCH = 8  # series between two looks at whether the work is still wanted

Tell = Callable[[float], None]  # share done, 0..1


@dataclass(frozen=True, kw_only=True, eq=False)
class Drivers:
    """What the periods of a forecast are made of."""

    frame: pd.DataFrame  # timestamp, level, then COLUMNS; each row adds up to the forecast
    series: int  # that the forecast is the sum of
    explained: int  # of these
    share: float  # of the forecast that is of those

    @property
    def present(self) -> list[str]:
        """The drivers that change anything, in the order of the stack."""
        size = self.frame[list(COLUMNS)].abs().sum()
        return [name for name in COLUMNS if size[name] > 0]

    def only(self, times: pd.Series) -> "Drivers":
        """Those of some periods."""
        frame = self.frame[self.frame["timestamp"].isin(times)].reset_index(drop=True)
        return replace(self, frame=frame)


def of_simple(history: pd.DataFrame, freq: Freq, model: str, mean: pd.Series) -> Drivers:
    """The drivers of a simple forecast of one series; `mean` is that forecast, by timestamp.

    Raises `ForecastingError`.
    """
    panel = forecasts.panel_of(history, freq)
    made = fc.create(model, horizon=len(mean)).fit(panel)
    found = fc.explain(made, panel)
    return _together([found], mean, series=1, share=1.0)


def of_run(
    model: fc.Forecaster,
    panel: fc.Panel,
    future: pd.DataFrame | None,
    mean: pd.DataFrame,
    tell: Tell,
) -> Drivers:
    """The drivers of the sum of the series of a run that `mean` has: timestamp x series_id.

    `mean` may be in money; what the model says of units is then drawn to it, period by period.
    `panel` holds at least the series of `chosen(mean, ...)`. Raises `ForecastingError`.
    """
    ids = [series_id for series_id in chosen(mean, model) if series_id in panel.series_ids]
    roles = roles_of(panel.known_names)
    found = []
    for start in range(0, len(ids), _BATCH):
        tell(start / len(ids))
        some = ids[start : start + _BATCH]
        part = panel.subset(some)
        known = None if future is None else future[future["series_id"].astype(str).isin(some)]
        found.append(fc.explain(model, part, known_future=known, roles=roles))
    total = float(mean.to_numpy().sum())
    share = float(mean[ids].to_numpy().sum()) / total if total > 0 else 1.0
    return _together(found, mean.sum(axis=1), series=mean.shape[1], share=min(share, 1.0))


def chosen(mean: pd.DataFrame, model: fc.Forecaster) -> list[str]:
    """The series that are explained: the largest of the forecast timestamp x series_id."""
    from forecasting.local import LocalForecaster
    from forecasting.models.ensemble import Ensemble

    most = MOST_FITTED if isinstance(model, LocalForecaster | Ensemble) else MOST
    return [
        str(each) for each in mean.sum().sort_values(ascending=False, kind="stable").index[:most]
    ]


def roles_of(names: Sequence[str]) -> dict[str, str]:
    """The driver of each column that the app itself makes; the library knows others by name.

    >>> roles_of(("price", "festival_near", "event: 11.11"))
    {'price': 'price', 'festival_near': 'calendar', 'event: 11.11': 'calendar'}
    """
    roles = {}
    for name in names:
        if name.startswith(PREFIX) or name in _CALENDAR:
            roles[name] = "calendar"
        elif name in ROLES:
            roles[name] = ROLES[name]
    return roles


def _together(
    found: list[fc.Explanation], mean: "pd.Series[float]", *, series: int, share: float
) -> Drivers:
    """The sum of explanations, drawn to the forecast `mean` of all series, units or money."""
    times = found[0].timestamps
    total: FloatArray = np.asarray(mean.reindex(times), dtype=np.float64)
    explained: FloatArray = np.concatenate([each.mean for each in found]).sum(axis=0)
    parts = {LEVEL: np.zeros(len(times)), **{name: np.zeros(len(times)) for name in COLUMNS}}
    for each in found:
        sums = each.contributions.sum(axis=0)
        for at, driver in enumerate(each.drivers):
            parts[LEVEL if driver == LEVEL else NAMES.get(driver, OTHER)] += sums[:, at]
    known = np.isfinite(total)
    factor = _factor(total, explained)
    frame = pd.DataFrame({name: values * factor for name, values in parts.items()})
    frame[LEVEL] += total - frame.sum(axis=1)  # what a factor cannot reach, where nothing sells
    frame.insert(0, "timestamp", times)
    return Drivers(
        frame=frame[known].reset_index(drop=True),
        series=series,
        explained=sum(len(each.series_ids) for each in found),
        share=share,
    )


def _factor(total: FloatArray, explained: FloatArray) -> FloatArray:
    """By how much each period of the explained series is to grow to stand for all."""
    positive = (explained > 0) & np.isfinite(total) & (total > 0)
    return np.asarray(np.where(positive, total / np.where(positive, explained, 1.0), 1.0))
