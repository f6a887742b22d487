"""The events of a calendar as columns of a panel: what a model may know of days to come.

A column per event and phase, `event: 11.11`, `event: 11.11, before`, `event: 11.11, after`: the
share of a period's days that belong to it. In daily panels that is 0 or 1.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from data.calendar_entries import Entry
from data.events import Floats, local, masks, occurrences

PREFIX = "event: "
_FEWEST = 2  # occurrences in the past, below which nothing can be learned of an event
_MOST_COLUMNS = {"D": 12, "W": 9, "M": 6}  # that are worth their while by default
_AROUND = 9  # periods whose median is what is usual


def event_columns(
    panel: pd.DataFrame,
    entries: Sequence[Entry],
    *,
    places: Mapping[str, int | None],
    shares: Mapping[int, float],
) -> pd.DataFrame:
    """Columns for every row of a panel (series_id, timestamp, ahead), in the panel's order.

    `places` say where each series sells (None: everywhere), `shares` how much of all each place
    sells: a series of all places has the mean of its places. Events whose own days came in fewer
    than two periods of the past are left out; those that stay have all windows that their entry
    has, so that the columns depend on the calendar and not on how far the sales reach.
    """
    stamps = pd.DatetimeIndex(np.sort(panel["timestamp"].unique()))
    if not len(stamps):
        return pd.DataFrame(index=panel.index)
    special = [place for place in shares if local(entries, place)]
    first, last = stamps[0].date(), (stamps[-1] + pd.Timedelta(days=31)).date()

    def marks(place: int | None) -> dict[str, Floats]:
        chosen = [each for each in entries if place is not None or each.place_id is None]
        found = occurrences(chosen, first, last, place_id=place)
        return {column(*key): mark for key, mark in masks(found, stamps).items()}

    everywhere = marks(None)
    own = {place: marks(place) for place in special}
    mixed = _mixed(everywhere, own, shares, len(stamps))
    names = _learnable([everywhere, *own.values()], stamps, panel)
    row = stamps.searchsorted(panel["timestamp"])
    series = panel["series_id"].map(lambda key: places.get(str(key)))
    found = pd.DataFrame(index=panel.index)
    for name in names:
        values = mixed.get(name, np.zeros(len(stamps)))[row]
        for place in series.dropna().unique():
            here = (series == place).to_numpy()
            of_place = own.get(int(place), everywhere)
            values[here] = of_place.get(name, np.zeros(len(stamps)))[row[here]]
        found[name] = values
    return found


def column(name: str, phase: str) -> str:
    """What the column of a window is called.

    >>> column("11.11", "on"), column("11.11", "before")
    ('event: 11.11', 'event: 11.11, before')
    """
    return PREFIX + name + ("" if phase == "on" else f", {phase}")


def columns_of(event: str, present: Sequence[str]) -> tuple[str, ...]:
    """Of the columns present those of an event, which is named as its column is."""
    wanted = (event, f"{event}, before", f"{event}, after")
    return tuple(name for name in present if name in wanted)


def events_of(present: Sequence[str]) -> tuple[str, ...]:
    """The events that the columns present are of, each once.

    >>> events_of(["price", "event: 11.11, before", "event: 11.11", "event: Christmas"])
    ('event: 11.11', 'event: Christmas')
    """
    return tuple(
        name
        for name in present
        if name.startswith(PREFIX) and not name.endswith((", before", ", after"))
    )


def strongest(panel: pd.DataFrame, freq: str) -> tuple[str, ...]:
    """The events worth knowing, strongest first, while their columns stay few.

    An event is the stronger the further the sum of all series is from the median around it, in
    the periods that it touches; a linear model with thirty columns of rare days learns nothing.
    """
    past = panel[~panel["ahead"]]
    total = past.groupby("timestamp")["target"].sum()
    usual = total.rolling(_AROUND, center=True, min_periods=3).median()
    away = (total / usual.where(usual > 0) - 1).abs().fillna(0.0)
    strength = {}
    for event in events_of(list(panel.columns)):
        shares = past.groupby("timestamp")[list(columns_of(event, list(panel.columns)))].mean()
        touched = shares.sum(axis=1).clip(upper=1.0)
        strength[event] = float((away * touched).sum() / max(touched.sum(), 1e-9))
    kept: list[str] = []
    room = _MOST_COLUMNS[freq]
    for event in sorted(strength, key=lambda name: (-strength[name], name)):
        need = len(columns_of(event, list(panel.columns)))
        if need <= room and strength[event] > 0:
            kept.append(event)
            room -= need
    return tuple(kept)


def _mixed(
    everywhere: Mapping[str, Floats],
    own: Mapping[int, Mapping[str, Floats]],
    shares: Mapping[int, float],
    length: int,
) -> dict[str, Floats]:
    """The columns of all places together: the mean of places, by what they sell."""
    rest = 1.0 - sum(shares[place] for place in own)
    nothing = np.zeros(length)
    names = {name for marks in (everywhere, *own.values()) for name in marks}
    return {
        name: rest * everywhere.get(name, nothing)
        + sum((shares[place] * marks.get(name, nothing) for place, marks in own.items()), nothing)
        for name in sorted(names)
    }


def _learnable(
    known: Sequence[Mapping[str, Floats]], stamps: pd.DatetimeIndex, panel: pd.DataFrame
) -> list[str]:
    """Columns of the events that came at least twice in the past, each event's together."""
    past = np.asarray(stamps <= panel.loc[~panel["ahead"], "timestamp"].max())
    present = sorted({name for marks in known for name in marks})
    kept: list[str] = []
    for event in events_of(present):
        touched = np.zeros(len(stamps), dtype=bool)
        for marks in known:
            touched |= marks.get(event, np.zeros(len(stamps))) > 0
        inside = (touched & past).astype(int)
        begins = int((np.diff(inside, prepend=0) == 1).sum())
        if begins >= _FEWEST:
            kept += columns_of(event, present)
    return kept
