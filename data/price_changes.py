"""Finished changes of a usual price: a new price that stood for a while after an old one had."""

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from data.store import Store

BEFORE = 12  # weeks that the old price stood, to have something to compare with
STOOD = 4  # weeks that the new one stood
LEAST = 0.02  # share of the price by which it changed
SAME = 0.01  # within which a price is the same


def finished(store: Store, dataset_id: int) -> pd.DataFrame:
    """product_id, first, last, before, after: the usual price of a week changed and then stood.

    The latest first. `last` is the last day at the new price, prices are medians over all places
    of the days without a promotion. Weeks without sales count as the weeks around them.
    """
    weeks = store.frame(
        """
        SELECT product_id, date_trunc('week', day)::DATE AS week,
               median(coalesce(price, revenue / nullif(quantity, 0))) AS price
        FROM sales WHERE dataset_id = $1 AND NOT coalesce(promo, false)
             AND coalesce(price, revenue / nullif(quantity, 0)) > 0
        GROUP BY ALL ORDER BY ALL
        """,
        [dataset_id],
    )
    columns = ["product_id", "first", "last", "before", "after"]
    if weeks.empty:
        return pd.DataFrame(columns=columns)
    wide = weeks.assign(week=pd.to_datetime(weeks["week"]).astype("datetime64[ns]")).pivot(
        index="week", columns="product_id", values="price"
    )
    every = pd.date_range(wide.index[0], wide.index[-1], freq="7D")
    prices = wide.reindex(every).ffill()
    values = prices.to_numpy(float)
    found = [
        (int(str(product)), *change)
        for at, product in enumerate(prices.columns)
        for change in _steps(values[:, at], every)
    ]
    frame = pd.DataFrame(found, columns=columns)
    return frame.sort_values(["first", "product_id"], ascending=[False, True], ignore_index=True)


def _steps(
    prices: "np.ndarray[tuple[int], np.dtype[np.float64]]", weeks: pd.DatetimeIndex
) -> list[tuple[date, date, float, float]]:
    """First and last day, old and new price of each change of one product."""
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = np.abs(prices[1:] / prices[:-1] - 1) > SAME
    edges = [0, *(np.flatnonzero(moved) + 1).tolist(), len(prices)]
    spans = [(a, b) for a, b in pairwise(edges) if np.isfinite(prices[a])]
    found = []
    for (a, b), (c, d) in pairwise(spans):
        old, new = float(np.median(prices[a:b])), float(np.median(prices[c:d]))
        if b - a >= BEFORE and d - c >= STOOD and abs(new / old - 1) >= LEAST:
            last = (weeks[d - 1] + pd.Timedelta(days=6)).date()
            found.append((weeks[c].date(), last, old, new))
    return found
