"""What models may know ahead: prices, promotions, festivals; what of it is missing, and fills.

Works on frames of `data.panels.panel`. A column whose future has gaps helps nobody and is never
guessed: it is used when someone says how to fill it, and left out otherwise. Knows no Streamlit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.event_columns import PREFIX, columns_of, events_of, strongest
from data.scope import Freq
from engine.requests import PanelSpec
from ui import forecasts

FILLS = {"last": "Carry the last", "zero": "Zero"}
PLANNED = "planned"  # nothing needs filling
_COLUMNS = {  # by what people call it: what it is called in the panel
    "price": ("price",),
    "promo": ("promo",),
    "festivals": ("festival", "festival_near"),
    "holidays": ("holiday",),
}
_LABELS = {
    "price": ("Price", "Known ahead"),
    "promo": ("Promotion", "Known ahead"),
    "festivals": ("Festivals", "Calendar"),
    "holidays": ("Holidays", "Calendar"),
}


@dataclass(frozen=True, kw_only=True)
class Covariate:
    """One line of the readiness table."""

    name: str  # price, promo, festivals, holidays, or an event's column
    label: str
    kind: str  # known ahead, or calendar
    past: float  # share of past rows that are filled
    ahead: float  # share of rows ahead
    missing: int  # rows ahead without a value
    series_missing: int
    first_missing: pd.Timestamp | None
    by_default: bool = True  # used unless someone says otherwise

    @property
    def is_ready(self) -> bool:
        return not self.missing


def with_events(panel: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The panel with columns festival, festival_near, holiday: shares of each period's days.

    A column without any day in the past is left out: nothing could be learned from it.
    """
    stamps = np.sort(panel["timestamp"].unique())
    if not len(stamps) or events.empty:
        return panel
    days = pd.date_range(stamps[0], pd.Timestamp(stamps[-1]) + pd.Timedelta(days=31))
    marks = {name: np.zeros(len(days)) for name in ("festival", "festival_near", "holiday")}
    for name, first, last in _spans(events):
        marks[name][(days >= first) & (days <= last)] = 1.0
    period = np.searchsorted(stamps, days.to_numpy(), side="right") - 1
    shares = pd.DataFrame(marks).groupby(stamps[period]).mean()
    past = panel.loc[~panel["ahead"], "timestamp"].max()
    happened = shares[shares.index <= past].sum()
    known = [str(name) for name, total in happened.items() if total > 0]
    return panel.join(shares[known], on="timestamp")


def _spans(events: pd.DataFrame) -> Iterator[tuple[str, pd.Timestamp, pd.Timestamp]]:
    """Column, first and last day of every event; a festival also has the days around it."""
    for event in events.to_dict("records"):
        first, last = pd.Timestamp(event["first_day"]), pd.Timestamp(event["last_day"])
        if event["kind"] == "holiday":
            yield "holiday", first, last
            continue
        before = pd.Timedelta(days=int(event["days_before"]))
        after = pd.Timedelta(days=int(event["days_after"]))
        yield "festival", first, last
        yield "festival_near", first - before, last + after


def columns_for(name: str, panel: pd.DataFrame) -> list[str]:
    """The panel's columns that a covariate stands for."""
    if name.startswith(PREFIX):
        return list(columns_of(name, list(panel.columns)))
    return [column for column in _COLUMNS.get(name, ()) if column in panel]


def readiness(panel: pd.DataFrame, *, has_price: bool, freq: Freq | None = None) -> list[Covariate]:
    """What the panel could know ahead, and how much of it is there.

    `has_price` says whether a series is of one product: the mean price of many tells little.
    Every event of the calendar is one, the strongest first. They are used when they are chosen:
    boosting was 1 to 4 % worse with them beside the pooled days of festivals.
    """
    found = []
    events = events_of(list(panel.columns))
    strong = strongest(panel, freq) if freq and events else ()
    for name in (*_COLUMNS, *strong, *sorted(set(events) - set(strong))):
        present = columns_for(name, panel)
        past = panel.loc[~panel["ahead"], present].notna()
        ahead = panel.loc[panel["ahead"], ["series_id", "timestamp", *present]]
        if not present or not past.to_numpy().any():
            continue
        if name == "price" and not has_price:
            continue
        holes = ahead[ahead[present].isna().any(axis=1)]
        label, kind = _LABELS.get(name) or (name.removeprefix(PREFIX), "Event")
        found.append(
            Covariate(
                name=name,
                label=label,
                kind=kind,
                past=float(past.to_numpy().mean()),
                ahead=1 - len(holes) / max(len(ahead), 1),
                missing=len(holes),
                series_missing=holes["series_id"].nunique(),
                first_missing=holes["timestamp"].min() if len(holes) else None,
                by_default=name in _COLUMNS,
            )
        )
    return found


def usable(found: list[Covariate], chosen: Mapping[str, str]) -> dict[str, str]:
    """Of the chosen ones those that can be used: nothing is missing, or a fill is named."""
    return {
        each.name: PLANNED if each.is_ready else chosen[each.name]
        for each in found
        if each.name in chosen and (each.is_ready or chosen[each.name] in FILLS)
    }


def assemble(
    panel: pd.DataFrame, freq: Freq, covariates: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame | None, PanelSpec]:
    """The frame to learn from, the known future, and how to read them; covariates with fills."""
    names = [column for name in covariates for column in columns_for(name, panel)]
    frame = panel[["series_id", "timestamp", "target", "ahead", *names]].copy()
    for name, fill in covariates.items():
        for column in columns_for(name, panel):
            if fill == "last":
                frame[column] = frame.groupby("series_id", sort=False)[column].ffill().fillna(0.0)
            elif fill == "zero":
                frame[column] = frame[column].where(~frame["ahead"], frame[column].fillna(0.0))
    ahead = frame.pop("ahead").to_numpy(dtype=bool)
    spec = PanelSpec(
        freq=forecasts.PANDAS_FREQ[freq],
        known_covariates=tuple(names),
    )
    future = frame[ahead].drop(columns="target").reset_index(drop=True) if names else None
    return frame[~ahead].reset_index(drop=True), future, spec
