"""What a price may be: how far it may move, how it ends, and what others charge.

Shapes: P products, G candidate prices.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray
from forecasting.errors import ConfigError

Goal = Literal["revenue", "margin"]
STEPS = 60  # candidates between the bounds
_HAIR = 1e-9


@dataclass(frozen=True, kw_only=True)
class PriceRules:
    """Bounds of a price; all hold at once."""

    goal: Goal = "margin"
    most_change: float = 0.2  # share of the price now, up and down
    ending: bool = True  # prices of 10 and more end in .99, others in 9 cents
    step: float | None = None  # instead of `ending`: prices are whole steps less `under`
    under: float = 0.0  # money: a step of 1 less 0.01 allows 4.99 and 5.99
    ladder: tuple[float, ...] = ()  # the only prices there are, where given
    least_margin: float | None = None  # share of the price that must remain over its cost
    competitor: tuple[float, float] | None = None  # shares of the competitor's price, from and to
    category: tuple[float, float] | None = None  # shares of the middle price of the group
    tested_only: bool = False  # only between the lowest and the highest price ever charged
    weeks: float = 1.0  # that a stock has to last, where one is known

    def __post_init__(self) -> None:
        if self.goal not in ("revenue", "margin"):
            raise ConfigError(f"goal={self.goal!r} is unknown. Use 'revenue' or 'margin'.")
        if not 0 <= self.most_change < 1:
            raise ConfigError(
                f"most_change={self.most_change:g} is no share of a price. Use 0 to 0.99."
            )
        if any(not price > 0 for price in self.ladder):
            raise ConfigError(f"The ladder has a price of {min(self.ladder):g}. Use prices over 0.")
        if self.least_margin is not None and not self.least_margin < 1:
            raise ConfigError(f"least_margin={self.least_margin:g} leaves no price. Use under 1.")
        if self.step is not None and not 0 <= self.under < self.step:
            raise ConfigError(
                f"A step of {self.step:g} less {self.under:g} is no price. Use a step above 0, and "
                "take less than a step from it."
            )
        for name in ("competitor", "category"):
            shares = getattr(self, name)
            if shares is not None and not (0 <= shares[0] <= shares[1] and shares[1] > 0):
                raise ConfigError(
                    f"{name}={shares} is no range of shares. Use for example (0.9, 1.1)."
                )
        if not self.weeks > 0:
            raise ConfigError(f"weeks={self.weeks:g} is no time. Use more than 0.")

    def bounds(self, products: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
        """The lowest and the highest allowed price (P,); the lowest may be over the highest.

        A middle price of the group that is known stands in the column group_price; else it is that
        of the products given.
        """
        price = _column(products, "price")
        low, high = price * (1 - self.most_change), price * (1 + self.most_change)
        low = np.fmax(low, _column(products, "at_least"))
        high = np.fmin(high, _column(products, "at_most"))
        if self.least_margin is not None:
            low = np.fmax(low, _column(products, "unit_cost") / (1 - self.least_margin))
        if self.competitor is not None:
            other = _column(products, "competitor")
            low, high = (
                np.fmax(low, other * self.competitor[0]),
                np.fmin(high, other * self.competitor[1]),
            )
        if self.category is not None:
            median = group_prices(products)
            low, high = (
                np.fmax(low, median * self.category[0]),
                np.fmin(high, median * self.category[1]),
            )
        if self.tested_only:
            low = np.fmax(low, _column(products, "lowest"))
            high = np.fmin(high, _column(products, "highest"))
        return low, high

    def candidates(self, products: pd.DataFrame) -> tuple[FloatArray, BoolArray]:
        """Prices (P, G) to choose from, the price now first, and which of them are allowed."""
        low, high = self.bounds(products)
        price = _column(products, "price")
        if self.ladder:
            steps = np.broadcast_to(np.sort(self.ladder), (len(price), len(self.ladder)))
        else:
            steps = self._between(low, np.maximum(high, low))
        prices = np.column_stack([price, steps])
        inside = (prices >= (low - _HAIR)[:, None]) & (prices <= (high + _HAIR)[:, None])
        return prices, inside & (prices > 0)

    def _between(self, low: FloatArray, high: FloatArray) -> FloatArray:
        """Prices (P, G) from the lowest to the highest, as a shelf may show them."""
        share = np.linspace(0, 1, STEPS)
        if self.step is None:
            prices = low[:, None] + (high - low)[:, None] * share
            return charm(prices) if self.ending else np.round(prices, 2)
        first, last = (
            rounded((ends + self.under + way * _HAIR) / self.step)
            for ends, way, rounded in ((low, -1, np.ceil), (high, 1, np.floor))
        )
        steps = np.rint(first[:, None] + np.maximum(last - first, 0)[:, None] * share)
        return np.asarray(np.round(steps * self.step - self.under, 4))


def group_prices(products: pd.DataFrame) -> FloatArray:
    """The middle price (P,) of each product's group, unless the column group_price names it."""
    if "group_price" in products:
        return _column(products, "group_price")
    return products.groupby("group")["price"].transform("median").to_numpy(np.float64)


def charm(prices: FloatArray) -> FloatArray:
    """The nearest prices as a shelf shows them: .99 from 10 on, else 9 cents; under 1 as they are.

    >>> charm(np.array([12.4, 3.52, 0.83])).tolist()
    [11.99, 3.49, 0.83]
    """
    step = np.where(prices >= 9.995, 1.0, 0.1)
    ended = np.round(np.round((prices + 0.01) / step) * step - 0.01, 2)
    return np.where(prices < 1, np.round(prices, 2), ended)


def _column(products: pd.DataFrame, name: str) -> FloatArray:
    """A column (P,) as numbers; NaN, which bounds nothing, where it is absent."""
    if name not in products:
        return np.full(len(products), np.nan)
    return products[name].to_numpy(dtype=np.float64, na_value=np.nan)
