"""From a decision about findings to the product-days that it changes. Knows no Streamlit.

A finding is of a product, a correction of a product in a place on a day: what a finding has too
much is taken where it stands out, and what it lacks is shared out as the places usually sell.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from data import unusual as database
from data.scope import Scope
from data.store import Store
from forecasting.arrays import FloatArray
from ui.unusual_facts import WHOLE, Found, period_end

Action = Literal["keep", "cap", "replace", "exclude"]
MOST_ROWS = 50_000  # product-days that one decision may change
PARTS = ["finding", "product_id", "place_id", "first", "last", "target", "low", "high", "money"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Effect:
    """What a decision would do, before anybody says yes."""

    rows: pd.DataFrame  # product_id, place_id, day, quantity (NaN: excluded), low, high, original
    findings: int  # that it changes
    left: int  # findings that it cannot change, such as a wrong price by a cap
    units_before: float
    units_after: float  # NaN where days are excluded
    money: float  # by which it raises revenue; NaN: excluded, or no prices


def effect(
    store: Store,
    scope: Scope,
    found: Found,
    chosen: pd.DataFrame,
    action: Action,
    *,
    number: float | None = None,
) -> Effect:
    """What the action would do to the chosen rows of `found.table`; `number` replaces, if given."""
    parts = _parts(found, chosen, action, number)
    left = len(chosen) - parts["origin"].nunique()
    if parts.empty:
        return _nothing(left)
    wanted = parts.assign(finding=np.arange(len(parts)))
    rows = database.rows_under(store, scope, wanted)
    rows = rows.merge(wanted[["finding", "target", "low", "high", "money"]], on="finding")
    rows = _changed(rows, action)
    rows = rows.drop_duplicates(["product_id", "place_id", "day"], ignore_index=True)
    if rows.empty:
        return _nothing(left)
    gone = action == "exclude"
    after = float("nan") if gone else float(rows["quantity"].sum())
    priced = rows["money"].to_numpy(dtype=np.float64)
    by = (rows["quantity"] - rows["original"]).to_numpy(dtype=np.float64) * priced
    return Effect(
        rows=rows,
        findings=parts["origin"].nunique(),
        left=left,
        units_before=float(rows["original"].sum()),
        units_after=after,
        money=float("nan") if gone or not found.cells.has_revenue else float(np.nansum(by)),
    )


def _nothing(left: int) -> Effect:
    return Effect(
        rows=pd.DataFrame(), findings=0, left=left, units_before=0.0, units_after=0.0, money=0.0
    )


def _parts(
    found: Found, chosen: pd.DataFrame, action: Action, number: float | None
) -> pd.DataFrame:
    """Every series and period of the chosen findings with the units it is to have."""
    cells = found.cells
    made: list[tuple[object, ...]] = []
    for origin, kind, series, at, until in zip(
        chosen.index, chosen["kind"], chosen["series"], chosen["at"], chosen["until"], strict=True
    ):
        if kind == "price" and action in ("cap", "replace"):
            continue  # the number of units is not what is wrong
        all_series = range(len(cells.keys)) if series == WHOLE else (int(series),)
        for each in all_series:
            for time in range(int(at), int(until) + 1):
                sold = cells.quantity[each, time]
                if cells.products[each] is None or not np.isfinite(sold):
                    continue
                target = _target(found, each, time, action, number)
                if target is None or not np.isfinite(target):
                    continue
                first = cells.times[time]
                made.append((
                    origin, cells.products[each], cells.places[each], first,
                    period_end(first, cells.freq), target, found.low[each, time],
                    found.high[each, time], float(cells.price[each, 0]),
                ))  # fmt: skip
    names = ["origin", *PARTS[1:]]
    return pd.DataFrame(made, columns=names)


def _target(
    found: Found, series: int, time: int, action: Action, number: float | None
) -> float | None:
    """Units of a period after the action; None where it changes nothing."""
    sold = float(found.cells.quantity[series, time])
    if action in ("keep", "exclude"):
        return sold
    if action == "replace":
        expected = float(found.judged.expected[series, time])
        return number if number is not None else round(expected) if expected >= 2 else expected
    inside = float(np.clip(sold, found.low[series, time], found.high[series, time]))
    return None if inside == sold else inside


def _changed(rows: pd.DataFrame, action: Action) -> pd.DataFrame:
    """The rows with the quantity that each is to have; those that stay as they are go."""
    rows = rows.rename(columns={"quantity": "original"})
    if action == "exclude":
        return rows.assign(quantity=np.nan)
    if action == "keep":
        return rows.assign(quantity=rows["original"])
    new = np.empty(len(rows))
    for places in rows.groupby("finding", sort=False).indices.values():
        part = rows.iloc[places]
        new[places] = share_out(
            part["original"].to_numpy(), part["usual"].to_numpy(), float(part["target"].iloc[0])
        )
    rows = rows.assign(quantity=new)
    return rows[np.abs(rows["quantity"] - rows["original"]) > 1e-9]


def share_out(sold: FloatArray, usual: FloatArray, target: float) -> FloatArray:
    """What each row is to have, so that all have `target` together and none less than zero.

    Too much is taken from the rows above their usual, in proportion to how far they are; too little
    is given in proportion to the usual. Whole units stay whole.

    >>> share_out(np.array([380.0, 10.0, 12.0]), np.array([9.0, 10.0, 11.0]), 60.0)
    array([39., 10., 11.])
    >>> share_out(np.array([0.0, -5.0]), np.array([3.0, 1.0]), 20.0)
    array([15.,  5.])
    """
    now = np.maximum(sold, 0.0)
    change = target - now.sum()
    if change < 0:
        above = np.maximum(now - usual, 0.0)
        weight = above if above.sum() >= -change else now
    else:
        weight = usual if usual.sum() > 0 else np.ones(len(now))
    new = now + change * weight / max(float(weight.sum()), 1e-12)
    whole = np.all(sold == np.round(sold)) and target == round(target)
    return _rounded(new, target) if whole else np.asarray(np.maximum(new, 0.0))


def _rounded(values: FloatArray, total: float) -> FloatArray:
    """Whole numbers nearest to these with that sum: the largest remainders are rounded up."""
    low = np.floor(np.maximum(values, 0.0) + 1e-9)
    missing = round(total - float(low.sum()))
    if missing > 0:
        low[np.argsort(low - values, kind="stable")[:missing]] += 1
    return np.asarray(low)
