"""How long the stock of a node lasts, before a change of the plan and after it.

Stock is counted where the plan has the product and the place, as Inventory counts it: what is on
hand and what is still to come. Where only a part of what is planned has a known stock, that part
of the forecast uses it up.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from data import inventory, plans
from data.plan_changes import Effect
from data.plans import Plan
from data.scope import Freq, Scope
from ui import inventory_facts, inventory_reads, plan_words, queries, state
from ui.plan_reads import Sheet
from ui.plan_source import same_scope

_WEEKS = {"D": 1 / 7, "W": 1.0, "M": 365.25 / 12 / 7}  # of a period


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a node of a plan has in stock."""

    units: float  # on hand and to come
    coming: float  # of them, to come
    share: float  # of the forecast, whose stock is known


def words(sheet: Sheet, made: Effect) -> str:
    """What a change does to the cover of its node; "" where no stock of it is known."""
    held = _held(
        queries.version(),
        inventory_reads.revision(sheet.dataset.dataset_id),
        sheet.plan,
        same_scope(sheet.scope),
        sheet.dataset.frequency,
        sheet.series["timestamp"].iloc[0].date(),
    )
    if held is None:
        return ""
    before = sheet.series["final"].to_numpy(dtype=float)
    after = before.copy()
    for (when, _), final in zip(made.lines, made.finals, strict=True):
        after[(sheet.series["timestamp"] == pd.Timestamp(when)).to_numpy()] = final
    weeks = _WEEKS[sheet.plan.freq]
    lasting = [lasts(held.units, path * held.share) * weeks for path in (before, after)]
    return plan_words.cover(*lasting, has_coming=held.coming > 0, share=held.share)


def lasts(stock: float, path: npt.NDArray[np.float64]) -> float:
    """Periods that a stock lasts on a path of sales, beyond its end at its mean; inf without any.

    >>> lasts(25, np.array([10.0, 10.0, 10.0])), lasts(40, np.array([10.0, 30.0]))
    (2.5, 2.0)
    >>> lasts(50, np.array([10.0, 30.0])), lasts(0, np.array([10.0])), lasts(5, np.zeros(2))
    (2.5, 0.0, inf)
    """
    if not path.sum() > 0:
        return float("inf")
    used = np.cumsum(path)
    if stock > used[-1]:
        return float(len(path) + (stock - used[-1]) / path.mean())
    at = int((used < stock).sum())
    left = stock - (used[at - 1] if at else 0.0)
    return float(at + (left / path[at] if path[at] > 0 else 0.0))


@st.cache_resource(max_entries=32, show_spinner=False)
def _held(
    version: queries.Version, revision: int, plan: Plan, scope: Scope, frequency: Freq, first: date
) -> Held | None:
    """The stock of the cells of a scope; None where none is known, or it is long out of date."""
    known = inventory_reads.stock(plan.dataset_id)
    if known.empty:
        return None
    day = inventory_reads.stock_day(known, frequency)
    newest = known["day"].max()
    known = known[(newest - known["day"]).dt.days <= inventory_facts.GONE_DAYS]
    if (first - day) > timedelta(days=inventory_facts.GONE_DAYS):
        return None
    coming = inventory.coming(state.store(), plan.dataset_id, day)
    due = coming.groupby(inventory.PAIR)["quantity"].sum().rename("due").reset_index()
    known = known.merge(due, on=inventory.PAIR, how="left").fillna({"due": 0.0})
    if not plan.by_place:
        known = known.assign(place_id=0)
        if scope.place_id is not None:
            return None
    known = known.groupby(inventory.PAIR, as_index=False)[["on_hand", "due"]].sum()
    planned = plans.totals(state.store(), plan, scope).merge(known, on=inventory.PAIR, how="left")
    told = planned["on_hand"].notna()
    if not told.any():
        return None
    total = float(planned["final"].sum())
    return Held(
        units=float(planned.loc[told, ["on_hand", "due"]].to_numpy().sum()),
        coming=float(planned.loc[told, "due"].sum()),
        share=float(planned.loc[told, "final"].sum()) / total if total > 0 else 1.0,
    )
