"""What prices a shop allows: rules of a dataset and limits of single products, kept with undo.

Each edit keeps all of them as they were left; undoing the last one brings back those before it.
"""

import math
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any, Literal

import duckdb
import pandas as pd

from data import datasets
from data.errors import NotFound, PriceError
from data.store import Store

Shape = Literal["nines", "any", "steps", "points"]
SHAPES: tuple[Shape, ...] = ("nines", "steps", "points", "any")
LIMITS = ("competitor", "at_least", "at_most")  # prices of a product
MOST_POINTS = 500


@dataclass(frozen=True, kw_only=True)
class ShopRules:
    """Rules of all products of a dataset; None is no limit. All hold at once."""

    shape: Shape = "nines"  # of prices: end in 9, whole steps, points of a ladder, any
    step: float = 1.0  # money, of shape "steps": prices are whole steps ...
    under: float = 0.01  # ... less this
    points: tuple[float, ...] = ()  # of shape "points": the only prices there are
    most_change: float = 0.2  # share of the price now, up and down
    tested_only: bool = False  # only between the lowest and highest price ever charged
    least_margin: float | None = None  # share of the price over its unit cost
    under_competitor: float | None = None  # share that a price may be below a competitor's
    over_competitor: float | None = None  # or above it
    category_from: float | None = None  # shares of the middle price of the category
    category_to: float | None = None
    stock_weeks: float | None = None  # that the stock has to last

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise PriceError(f"“{self.shape}” is no way to price. Use {', '.join(SHAPES)}.")
        if self.shape == "steps" and not 0 <= self.under < self.step < math.inf:
            raise PriceError(
                f"Steps of {self.step:g} less {self.under:g} cannot be. Use a step above 0, and "
                "take less than a step from it."
            )
        if self.shape == "points":
            self._check_points()
        self._check_shares()
        if self.stock_weeks is not None and not 0 < self.stock_weeks <= 104:
            raise PriceError(f"A stock of {self.stock_weeks:g} weeks cannot be. Use up to 104.")

    def _check_points(self) -> None:
        if not self.points:
            raise PriceError("The ladder has no prices. Write them apart, such as 4.99 7.99 9.99.")
        if wrong := [price for price in self.points if not 0 < price < math.inf]:
            raise PriceError(f"The ladder has a price of {wrong[0]:g}. Use prices above 0.")
        if len(self.points) > MOST_POINTS:
            raise PriceError(f"The ladder has {len(self.points):,} prices; {MOST_POINTS} at most.")

    def _check_shares(self) -> None:
        if not 0 <= self.most_change < 1:
            raise PriceError(f"A change of {self.most_change:.0%} cannot be. Use 0 to 99%.")
        if self.least_margin is not None and not 0 <= self.least_margin < 1:
            raise PriceError(f"A margin of {self.least_margin:.0%} cannot be. Use 0 to 99%.")
        if self.under_competitor is not None and not 0 <= self.under_competitor <= 1:
            raise PriceError(
                f"{self.under_competitor:.0%} below the competitor cannot be. Use 0 to 100%."
            )
        if self.over_competitor is not None and not 0 <= self.over_competitor <= 10:
            raise PriceError(
                f"{self.over_competitor:.0%} above the competitor cannot be. Use 0 to 1,000%."
            )
        low, high = self.category_from, self.category_to
        if (low is not None and low < 0) or (high is not None and high <= 0):
            raise PriceError("Shares of the category's middle price must be above 0%.")
        if low is not None and high is not None and low > high:
            raise PriceError(
                f"From {low:.0%} to {high:.0%} of the category's middle price leaves nothing. "
                "Write the lower one first."
            )


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What holds now, and the edit that left it so."""

    rules: ShopRules
    edit_id: int  # 0: nobody set any rule
    words: str = ""  # of that edit
    author: str = ""
    edited_at: datetime | None = None


def kept(store: Store, dataset_id: int) -> Kept:
    """The rules that hold; those of a usual shop where nobody set any."""
    names = ", ".join(field.name for field in fields(ShopRules))
    with store.cursor() as cursor:
        row = cursor.execute(
            f"SELECT edit_id, words, author, edited_at, {names} FROM price_edit "
            "WHERE dataset_id = $1 AND undone_at IS NULL ORDER BY edit_id DESC LIMIT 1",
            [dataset_id],
        ).fetchone()
    if row is None:
        return Kept(rules=ShopRules(), edit_id=0)
    values = dict(zip((field.name for field in fields(ShopRules)), row[4:], strict=True))
    rules = ShopRules(**values | {"points": tuple(values["points"])})
    return Kept(rules=rules, edit_id=row[0], words=row[1], author=row[2], edited_at=row[3])


def limits(store: Store, dataset_id: int) -> pd.DataFrame:
    """product_id (index), competitor, at_least, at_most: prices, NaN where there is none."""
    found = store.frame(
        f"SELECT product_id, {', '.join(LIMITS)} FROM price_limit WHERE dataset_id = $1 "
        "AND edit_id = (SELECT max(edit_id) FROM price_edit WHERE dataset_id = $1 "
        "AND undone_at IS NULL) ORDER BY product_id",
        [dataset_id],
    )
    return found.set_index("product_id").astype(dict.fromkeys(LIMITS, float))


def save(store: Store, dataset_id: int, rules: ShopRules, *, words: str, author: str = "") -> None:
    """Keep these rules; limits of products stay. Raises `NotFound` where the dataset is gone."""
    _save(store, dataset_id, rules, None, words=words, author=author)


def save_limits(
    store: Store, dataset_id: int, given: pd.DataFrame, *, words: str, author: str = ""
) -> None:
    """Keep limits (as `limits` gives them) of these products; those of others stay.

    A product with no price in its row loses its limits. Raises `PriceError` naming the first
    product whose prices cannot be, and keeps nothing then.
    """
    for name in LIMITS:
        if len(wrong := given[given[name].le(0) | given[name].eq(math.inf)]):
            raise PriceError(
                f"{LIMIT_WORDS[name]} {wrong[name].iloc[0]:g} of product {wrong.index[0]} cannot "
                "be. Use a price above 0, or leave it empty."
            )
    if len(wrong := given[given["at_least"] > given["at_most"]]):
        row = wrong.iloc[0]
        raise PriceError(
            f"Product {wrong.index[0]} has to cost at least {row['at_least']:g} and at most "
            f"{row['at_most']:g}. Write the lower one first."
        )
    _save(store, dataset_id, None, given, words=words, author=author)


def undo(store: Store, dataset_id: int) -> str:
    """Take back the last edit that holds; gives its words. Raises `PriceError` without one."""
    with store.transaction() as cursor:
        row = cursor.execute(
            "UPDATE price_edit SET undone_at = now()::TIMESTAMP WHERE edit_id = (SELECT "
            "max(edit_id) FROM price_edit WHERE dataset_id = $1 AND undone_at IS NULL) "
            "RETURNING words",
            [dataset_id],
        ).fetchone()
    if row is None:
        raise PriceError("There is no change of the price rules to take back.")
    return str(row[0])


LIMIT_WORDS = {
    "competitor": "The competitor's price",
    "at_least": "The lowest price",
    "at_most": "The highest price",
}


def _save(
    store: Store,
    dataset_id: int,
    rules: ShopRules | None,
    given: pd.DataFrame | None,
    *,
    words: str,
    author: str,
) -> None:
    before = kept(store, dataset_id)
    held = limits(store, dataset_id)
    if given is not None:
        others = held[~held.index.isin(given.index)]
        held = pd.concat([others, given[list(LIMITS)].dropna(how="all")]).astype(float)
    values = astuple(rules or before.rules)
    names = ", ".join(field.name for field in fields(ShopRules))
    with store.transaction() as cursor:
        if not datasets.exists(cursor, dataset_id):
            raise NotFound("The dataset was deleted. Choose another one.")
        edit_id = _next(cursor)
        cursor.execute(
            f"INSERT INTO price_edit (edit_id, dataset_id, words, author, edited_at, {names}) "
            f"VALUES (?, ?, ?, ?, now()::TIMESTAMP, {', '.join('?' * len(values))})",
            [edit_id, dataset_id, words, author, *(_plain(each) for each in values)],
        )
        rows = held.rename_axis("product_id").reset_index()
        cursor.register("given_limits", rows)
        cursor.execute(
            f"INSERT INTO price_limit SELECT $1, $2, product_id, "
            f"{', '.join(f'nullif({name}, {_NAN})' for name in LIMITS)} FROM given_limits",
            [edit_id, dataset_id],
        )
        cursor.unregister("given_limits")


_NAN = "'nan'::DOUBLE"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _next(cursor: duckdb.DuckDBPyConnection) -> int:
    row = cursor.execute("SELECT nextval('price_edit_key')").fetchone()
    assert row is not None, "nextval gives a row"
    return int(row[0])
