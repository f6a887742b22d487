"""Sales of many series as dense arrays, with prices, promotions and what was usual.

Shapes: N series, T periods, P products, G groups.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.errors import PanelError

_NEEDED = ["series_id", "product", "group", "timestamp", "target", "price", "promo"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """Series by periods, sorted by product."""

    times: pd.DatetimeIndex  # (T,)
    freq_days: int
    series: pd.Index  # (N,)
    product: IntArray  # (N,), ascending
    products: pd.Index  # (P,)
    group: IntArray  # (P,)
    groups: pd.Index  # (G,)
    parent: IntArray  # (P,) a wider group, by number
    place: IntArray  # (N,) by number
    sold: FloatArray  # (N, T), 0 where it does not count
    price: FloatArray  # (N, T), carried over periods without one
    usual: FloatArray  # (N, T) the last price without a promotion
    promoted: BoolArray  # (N, T)
    counts: BoolArray  # (N, T): on sale, in stock, known

    @classmethod
    def of(cls, rows: pd.DataFrame, *, freq_days: int = 1) -> "Grid":
        """From rows as `elasticities` takes them, with `promo`, and `parent`, a wider group, and
        `place` where they are known.

        Raises `PanelError` where columns are missing.
        """
        if missing := [name for name in _NEEDED if name not in rows.columns]:
            raise PanelError(f"The rows have no column {', '.join(missing)}.")
        first = rows.drop_duplicates("series_id").sort_values(["product", "series_id"])
        series = pd.Index(first["series_id"])
        product, products = pd.factorize(first["product"])
        begins = np.searchsorted(product, np.arange(len(products)))
        group, groups = pd.factorize(first["group"].to_numpy()[begins], sort=True)
        parents = first["parent"].to_numpy()[begins] if "parent" in first else np.zeros(len(begins))
        places = first["place"].to_numpy() if "place" in first else np.zeros(len(first))
        time, times = pd.factorize(rows["timestamp"], sort=True)
        at = (series.get_indexer(rows["series_id"]), time)
        shape = (len(series), len(times))

        def dense(values: FloatArray) -> FloatArray:
            made = np.full(shape, np.nan)
            made[at] = values
            return made

        target = dense(rows["target"].to_numpy(np.float64, na_value=np.nan))
        price = _carried(dense(rows["price"].to_numpy(np.float64, na_value=np.nan)))
        promo = dense(rows["promo"].to_numpy(np.float64, na_value=np.nan))
        promoted = np.nan_to_num(promo) >= 0.5
        counts = (target >= 0) & (price > 0)
        if "usable" in rows:
            counts &= dense(rows["usable"].to_numpy(np.float64)) == 1
        return cls(
            times=pd.DatetimeIndex(times),
            freq_days=freq_days,
            series=series,
            product=product,
            products=pd.Index(products),
            group=group,
            groups=pd.Index(groups),
            parent=np.asarray(pd.factorize(parents)[0]),
            place=np.asarray(pd.factorize(places)[0]),
            sold=np.where(counts, np.nan_to_num(target), 0.0),
            price=np.nan_to_num(price, nan=1.0),
            usual=np.nan_to_num(_carried(np.where(promoted, np.nan, price)), nan=1.0),
            promoted=promoted,
            counts=counts,
        )

    def by_product(self, values: FloatArray) -> FloatArray:
        """Sums (P, T) of values (N, T)."""
        begins = np.searchsorted(self.product, np.arange(len(self.products)))
        return np.asarray(np.add.reduceat(values, begins, axis=0), dtype=np.float64)

    def by_group(self, values: FloatArray, group: IntArray) -> FloatArray:
        """Sums (·, T) of values of products (P, T) over groups (P,) by number."""
        made = np.zeros((int(group.max()) + 1, values.shape[1]))
        np.add.at(made, group, values)
        return made


def _carried(values: FloatArray) -> FloatArray:
    """Values (N, T) with those unknown as the last known before them, else the first after."""
    frame = pd.DataFrame(values.T)
    return frame.ffill().bfill().to_numpy(np.float64).T
