"""Whether a change of a price, or an event, did anything: checked against a counterfactual.

A price is held against products whose price stayed. An event touches everything, so it is held
against the same weekdays of the weeks before it: copies of the own sales, shifted by weeks, as far
as they lie before the event. Knows no Streamlit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from data import prices as database
from data.scope import Freq
from data.store import Store
from forecasting.causal import Effect, effect_of
from forecasting.errors import PanelError
from ui import promotions_facts
from ui.promotions_facts import LEVEL

CHECKED = 28  # days of a new price that are judged
COPIES = 6  # shifted by so many more weeks; fewer than nine, so they are no placebos in space
LEARNT = 364  # days before an event


def price_change(
    store: Store,
    dataset_id: int,
    change: dict[str, Any],
    *,
    place_id: int | None,
    tell: Callable[[float], None] | None = None,
) -> Effect:
    """The first weeks at a new price (a row of `data.price_changes.finished`).

    Raises `PanelError` where it cannot be judged.
    """
    first = pd.Timestamp(change["first"])
    last = min(pd.Timestamp(change["last"]), first + pd.Timedelta(days=CHECKED - 1))
    places = [place_id] if place_id is not None else _places(store, dataset_id, change)
    return promotions_facts.against_others(
        store,
        dataset_id,
        int(change["product_id"]),
        places,
        first=first,
        last=last,
        grain=database.grain(store, dataset_id),
        price=float(change["before"]),
        tell=tell,
    )


def _places(store: Store, dataset_id: int, change: dict[str, Any]) -> list[int]:
    found = store.rows(
        "SELECT DISTINCT place_id FROM sales WHERE dataset_id = $1 AND product_id = $2 ORDER BY 1",
        [dataset_id, int(change["product_id"])],
    )
    return [int(row[0]) for row in found]


def event(history: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp, freq: Freq) -> Effect:
    """The event's days of some sales (timestamp and value, in order) against weeks before it.

    Raises `PanelError` where there is too little before it.
    """
    if freq == "M":
        raise PanelError("Sales by month are too coarse to see an event in.")
    sales = history.set_index("timestamp")["value"]
    step = 1 if freq == "D" else 7
    begins = first if freq == "D" else first - pd.Timedelta(days=first.weekday())
    sales = sales[(sales.index >= begins - pd.Timedelta(days=LEARNT)) & (sales.index <= last)]
    inside = int(((sales.index >= begins) & (sales.index <= last)).sum())
    weeks = max(1, int(np.ceil(inside * step / 7)))
    before = int((sales.index < begins).sum())
    if before <= (weeks + COPIES) * 7 // step:
        raise PanelError(
            f"There are {before} periods before it, too few to hold it against the weeks before. "
            "Choose a later event."
        )
    lags = [weeks + more for more in range(COPIES)]
    per_week = 7 // step
    copies = {f"{lag} weeks before": sales.shift(lag * per_week) for lag in lags}
    frame = pd.DataFrame({"sold": sales, **copies}).dropna()
    return effect_of(frame, "sold", first=begins, last=last, level=LEVEL)
