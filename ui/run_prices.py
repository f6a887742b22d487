"""What a run that forecast units is in money: its units at the price of their series and period.

That is the price the run knew ahead, or the one of the day in its past; where it knew none, the
price paid lately. A series without any price cannot be shown in money. Knows no Streamlit.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray
from ui.run_forecasts import Selects

LATELY = "paid"  # of a series: what was paid per unit over the last 13 weeks
_NUMBERS = ("actual", "mean")


@dataclass(frozen=True, kw_only=True, eq=False)
class Prices:
    """The prices of the series of a run."""

    paid: "pd.Series[float]"  # by series_id
    known: pd.DataFrame  # series_id, timestamp, price; empty where the run knew no prices
    ahead: bool  # whether the price of the periods to come is known

    def has(self, series_id: str) -> bool:
        """Whether all periods of a series can be priced."""
        return series_id in self.paid.index


def only_priced(wanted: Selects, prices: Prices) -> Selects:
    """The wanted series that have a price."""
    return lambda series_id: wanted(series_id) and prices.has(series_id)


def in_money(frame: pd.DataFrame, prices: Prices) -> pd.DataFrame:
    """Rows of series_id and timestamp with `mean`, quantiles and `actual` in money.

    Series without a price are left out.
    """
    ids = frame["series_id"].astype(str)
    rows = frame.assign(series_id=ids)[ids.isin(prices.paid.index).to_numpy()]
    price: FloatArray = np.asarray(rows["series_id"].map(prices.paid), dtype=np.float64)
    if len(prices.known):
        found = (
            rows[["series_id", "timestamp"]]
            .merge(prices.known, on=["series_id", "timestamp"], how="left")["price"]
            .to_numpy(dtype=float)
        )
        price = np.where(found > 0, found, price)
    named = [name for name in rows.columns if name in _NUMBERS or str(name).startswith("q0")]
    return rows.assign(**{name: rows[name] * price for name in named})


def words(prices: Prices, series: int, unpriced: int) -> str:
    """What is shown, for the line above the chart.

    >>> words(Prices(paid=pd.Series(dtype=float), known=pd.DataFrame(), ahead=True), 300, 2)
    'its units at the price known ahead; 2 of 300 series have no price and are left out'
    """
    how = "at the price known ahead" if prices.ahead else "at the price paid lately"
    left = f"; {unpriced:,} of {series:,} series have no price and are left out"
    return f"its units {how}" + (left if unpriced else "")
