"""What is known of each stock item: stock, lead time, packs, costs, and the service wanted."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray
from forecasting.errors import PanelError
from forecasting.validation import first_of

TARGETS = ("cycle", "fill", "cost")
# What a column holds where the frame has none, or no value in a row.
DEFAULTS: dict[str, float] = {
    "on_hand": np.nan,  # units; without it nothing can be proposed
    "lead_time_days": 7.0,
    "lead_time_sd_days": 0.0,
    "review_days": 7.0,  # between two orders
    "pack_size": 1.0,  # orders are whole packs
    "min_order": 0.0,  # smallest order, units
    "shelf_life_days": np.inf,
    "service_level": 0.95,
    "unit_cost": np.nan,  # money
    "price": np.nan,
    "overage": np.nan,  # money lost per unit too many, until the next order
}
_LEAST = {"lead_time_days": 0.0, "lead_time_sd_days": 0.0, "min_order": 0.0, "unit_cost": 0.0}
_ABOVE = {"review_days": 0.0, "pack_size": 0.0, "shelf_life_days": 0.0, "price": 0.0}
HOLDING_RATE = 0.25  # of the unit cost a year: capital, space, risk


@dataclass(frozen=True, kw_only=True, eq=False)
class Items:
    """Columns (B,) in the order of a forecast's series; money may be NaN where it is not known."""

    series_ids: pd.Index
    on_hand: FloatArray
    lead_time_days: FloatArray
    lead_time_sd_days: FloatArray
    review_days: FloatArray
    pack_size: FloatArray
    min_order: FloatArray
    shelf_life_days: FloatArray
    service_level: FloatArray
    unit_cost: FloatArray
    price: FloatArray
    overage: FloatArray
    target: "np.ndarray[tuple[int], np.dtype[np.object_]]"  # one of TARGETS per item

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, series_ids: pd.Index) -> Self:
        """Items of a frame with a column series_id and any of `DEFAULTS` and target.

        `target` is 'cycle' (share of order cycles without a stock-out, the default), 'fill' (share
        of units served from the shelf) or 'cost' (the order that costs least, from margin and
        overage). Series without a row get the defaults; rows of other series are left out. Raises
        `PanelError` naming the first items whose numbers cannot be.
        """
        if "series_id" not in frame.columns:
            raise PanelError("The items have no column 'series_id'.")
        twice = frame.loc[frame["series_id"].duplicated(), "series_id"]
        if len(twice):
            raise PanelError(f"Items given twice: {first_of(list(twice))}. Keep one row of each.")
        known = frame.set_index("series_id").reindex(series_ids)
        columns: dict[str, FloatArray] = {}
        for name, default in DEFAULTS.items():
            given = known[name] if name in known.columns else pd.Series(np.nan, index=series_ids)
            values = np.array(given, dtype=np.float64)
            values[np.isnan(values)] = default
            columns[name] = values
        target = np.full(len(series_ids), "cycle", dtype=object)
        if "target" in known.columns:
            target = known["target"].fillna("cycle").to_numpy(dtype=object)
        items = cls(series_ids=series_ids, target=target, **columns)
        items._check()
        return items

    @property
    def margin(self) -> FloatArray:
        """Price less unit cost (B,), NaN where either is not known."""
        return self.price - self.unit_cost

    def critical_ratio(self) -> FloatArray:
        """The share of cases (B,) to be served at least cost: underage / (underage + overage).

        A unit missing costs its margin; one too many costs `overage`, by default its holding cost
        until the next order (Arrow, Harris and Marschak, Optimal inventory policy, 1951). NaN
        where price or cost is not known; 0 where a unit earns nothing.
        """
        per_cycle = self.unit_cost * HOLDING_RATE * self.review_days / 365
        overage = np.where(np.isnan(self.overage), per_cycle, self.overage)
        underage = np.maximum(self.margin, 0.0)
        with np.errstate(invalid="ignore"):
            return np.asarray(underage / (underage + overage))

    def subset(self, rows: slice) -> "Items":
        """The items of some rows."""
        chosen = {name: getattr(self, name)[rows] for name in DEFAULTS}
        return Items(series_ids=self.series_ids[rows], target=self.target[rows], **chosen)

    def _check(self) -> None:
        for name, least in _LEAST.items():
            self._refuse(getattr(self, name) < least, name, f"must be at least {least:g}")
        for name, above in _ABOVE.items():
            self._refuse(getattr(self, name) <= above, name, f"must be above {above:g}")
        level = self.service_level
        self._refuse((level <= 0) | (level >= 1), "service_level", "must lie between 0 and 1")
        infinite = [name for name in DEFAULTS if name != "shelf_life_days"]
        for name in infinite:
            self._refuse(np.isinf(getattr(self, name)), name, "must be finite")
        odd = ~np.isin(self.target, TARGETS)
        if odd.any():
            raise PanelError(
                f"target {first_of(sorted(set(map(str, self.target[odd]))))} is unknown. "
                f"Use {', '.join(TARGETS)}."
            )

    def _refuse(self, wrong: BoolArray, name: str, rule: str) -> None:
        if wrong.any():
            values = getattr(self, name)[wrong]
            raise PanelError(
                f"{name} {rule}; it is {values[0]:g} for {first_of(list(self.series_ids[wrong]))}."
            )
