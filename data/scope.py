"""Which part of a shop is looked at, and how fine: the one value every chart query takes."""

from dataclasses import dataclass
from typing import Literal

Freq = Literal["D", "W", "M"]
Measure = Literal["quantity", "revenue"]
Level = Literal["product", "category", "place"]
Split = Literal["total", "category", "place", "product", "product_place"]  # series of a panel


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A node of the product tree in one place or all of them, at one frequency."""

    dataset_id: int
    categories: tuple[str, ...] = ()  # path from the root of the tree; () is all products
    product_id: int | None = None  # narrows `categories` to one product
    place_id: int | None = None  # None: all places together
    segment_id: int | None = None  # narrows `categories` to the products of a saved segment
    segment_revision: int = 0  # of that segment, so that what is cached follows its members
    freq: Freq = "W"  # days, ISO weeks (from Monday), calendar months
    measure: Measure = "quantity"
    corrected: bool = False  # with the corrections in force instead of what was recorded
    correction_revision: int = (
        0  # of the dataset's corrections, for the same reason; 0: as recorded
    )
