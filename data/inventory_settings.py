"""How items are ordered: settings of the dataset, of classes, and exceptions of single items.

The most particular one that says something counts, column by column: product in a place, product,
what the product's own record says (lead time, unit cost), ABC-XYZ class, the letter A, B or C, the
dataset, and last what a usual shop does.
"""

from dataclasses import dataclass, fields
from itertools import product as combined
from typing import Any

import numpy as np
import pandas as pd

from data.errors import InventoryError
from data.inventory import PAIR, touch
from data.store import Store

CLASSES = tuple(a + x for a, x in combined("ABC", ["", "X", "Y", "Z"]))
NUMBERS = (
    "lead_time_days", "lead_time_sd_days", "review_days", "pack_size", "min_order",
    "shelf_life_days", "service_level", "unit_cost",
)  # fmt: skip
COLUMNS = (*NUMBERS, "target")
TARGETS = ("cycle", "fill", "cost")
# A usual shop: orders once a week, gets it a week later, and serves 95 of 100 order cycles.
USUAL: dict[str, Any] = {
    "lead_time_days": 7.0,
    "lead_time_sd_days": 0.0,
    "review_days": 7.0,
    "pack_size": 1.0,
    "min_order": 0.0,
    "shelf_life_days": np.inf,
    "service_level": 0.95,
    "unit_cost": np.nan,
    "target": "cycle",
}
_ABOVE_ZERO = ("review_days", "pack_size", "shelf_life_days")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One row: of whom, and what is said; None says nothing."""

    class_: str = ""
    product_id: int | None = None
    place_id: int | None = None
    lead_time_days: float | None = None
    lead_time_sd_days: float | None = None
    review_days: float | None = None
    pack_size: float | None = None
    min_order: float | None = None  # units
    shelf_life_days: float | None = None
    target: str | None = None
    service_level: float | None = None  # share
    unit_cost: float | None = None

    def __post_init__(self) -> None:
        if self.class_ and (self.class_ not in CLASSES or self.product_id is not None):
            raise InventoryError(f"“{self.class_}” is no class. Use one of {', '.join(CLASSES)}.")
        if self.place_id is not None and self.product_id is None:
            raise InventoryError("A setting of a place needs a product.")
        if self.target is not None and self.target not in TARGETS:
            raise InventoryError(f"“{self.target}” is no target. Use {', '.join(TARGETS)}.")
        for name in NUMBERS:
            _check(name, getattr(self, name))

    @property
    def is_empty(self) -> bool:
        return all(getattr(self, name) is None for name in COLUMNS)


def settings(store: Store, dataset_id: int) -> pd.DataFrame:
    """Every setting of a dataset: class, product_id, place_id and `COLUMNS`, NaN where unsaid."""
    return store.frame(
        f"SELECT class, product_id, place_id, {', '.join(COLUMNS)} FROM stock_setting "
        "WHERE dataset_id = $1 ORDER BY ALL",
        [dataset_id],
    )


def save(store: Store, dataset_id: int, given: list[Setting]) -> None:
    """Put these rows in the place of those of the same dataset, class, product and place.

    A row that says nothing takes the one before away. All are kept, or none.
    """
    with store.transaction() as cursor:
        for each in given:
            cursor.execute(
                "DELETE FROM stock_setting WHERE dataset_id = $1 AND class = $2 AND product_id IS "
                "NOT DISTINCT FROM $3 AND place_id IS NOT DISTINCT FROM $4",
                [dataset_id, each.class_, each.product_id, each.place_id],
            )
            if not each.is_empty:
                names = [field.name for field in fields(Setting)]
                cursor.execute(
                    f"INSERT INTO stock_setting (dataset_id, {', '.join(names)}) VALUES "
                    f"($1, {', '.join(f'${n}' for n in range(2, len(names) + 2))})".replace(
                        "class_", "class"
                    ),
                    [dataset_id, *(getattr(each, name) for name in names)],
                )
        touch(cursor, dataset_id)


def resolved(
    pairs: pd.DataFrame, given: pd.DataFrame, products: pd.DataFrame, classes: "pd.Series[str]"
) -> pd.DataFrame:
    """`pairs` (product_id, place_id) with every column of `COLUMNS` and its `class`.

    `given` is a frame of `settings`, `products` has product_id (index), unit_cost and
    lead_time_days, `classes` is AX to CZ by product_id. A number of a product's record that cannot
    be, such as a negative lead time, says nothing.
    """
    found = pairs[PAIR].reset_index(drop=True).copy()
    found["class"] = found["product_id"].map(classes).fillna("")
    keys = found.assign(letter=found["class"].str[:1])
    by_item = given[given["product_id"].notna()]
    by_class = given[given["product_id"].isna()].set_index("class")
    everywhere = by_item[by_item["place_id"].isna()].set_index("product_id")
    single = by_item[by_item["place_id"].notna()]
    here = keys[PAIR].merge(single.astype({name: float for name in PAIR}), on=PAIR, how="left")
    for name in COLUMNS:
        column: pd.Series[Any] = here[name].astype(object)
        levels: list[pd.Series[Any]] = [keys["product_id"].map(everywhere[name])]
        if name in products:
            levels.append(keys["product_id"].map(_possible(products[name], name)))
        levels += [keys["class"].where(keys["class"] != "").map(by_class[name])]
        levels += [keys["letter"].where(keys["letter"] != "").map(by_class[name])]
        whole = by_class[name].get("")
        for level in levels:
            column = column.where(column.notna(), level.astype(object))
        last = USUAL[name] if whole is None or pd.isna(whole) else whole
        column = column.where(column.notna(), last)
        found[name] = column.to_numpy() if name == "target" else column.astype(float).to_numpy()
    return found


def records(store: Store, dataset_id: int) -> pd.DataFrame:
    """product_id (index), unit_cost and lead_time_days of the products' own records."""
    return store.frame(
        "SELECT product_id, unit_cost, lead_time_days FROM product WHERE dataset_id = $1",
        [dataset_id],
    ).set_index("product_id")


def _check(name: str, value: float | None) -> None:
    if value is None:
        return
    words = name.replace("_", " ")
    if name == "service_level" and not 0 < value < 1:
        raise InventoryError(f"The service level {value:g} must lie between 0 and 1, such as 0.95.")
    if not np.isfinite(value) or value < 0 or (value == 0 and name in _ABOVE_ZERO):
        least = "above 0" if name in _ABOVE_ZERO else "0 or more"
        raise InventoryError(f"The {words} {value:g} cannot be. Use a number {least}.")


def _possible(values: "pd.Series[float]", name: str) -> "pd.Series[float]":
    known = values.astype(float)
    return known.where(np.isfinite(known) & (known > 0 if name == "unit_cost" else known >= 0))
