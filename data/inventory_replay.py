"""What was sold and lay in stock in the past, as dense arrays of some products in places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.inventory import PAIR
from data.store import Store

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Past:
    """Of series S and steps T, the last of which ends on the day asked for."""

    sold: Floats  # (S, T) units, returns taken off; 0 where there is no row
    first: NDArray[np.int64]  # (S,) step of the first sale; T where there is none


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The stock that was written down, by series S and week W; NaN where none was."""

    stock: Floats  # (S, W) mean of the days known, units
    days: Floats  # (S, W) days known
    out: Floats  # (S, W) of them without stock at their end


def sold(
    store: Store, dataset_id: int, series: pd.DataFrame, *, until: date, steps: int, step_days: int
) -> Past:
    """The last `steps` times `step_days` days of the series (product_id, place_id) `until` a day.

    The first sale is that of all time, but not before the first step.
    """
    with store.cursor() as cursor:
        cursor.register("replayed", series[PAIR].reset_index(drop=True).reset_index(names="row"))
        cells = cursor.execute(
            """
            SELECT row,
                   greatest($steps - 1 - ($until::DATE - day) // $step_days, 0)::BIGINT AS step,
                   sum(quantity) FILTER ($until::DATE - day < $steps * $step_days)::DOUBLE AS sold,
                   sum(greatest(quantity, 0))::DOUBLE AS ever
            FROM sales JOIN replayed USING (product_id, place_id)
            WHERE dataset_id = $dataset_id AND day <= $until::DATE GROUP BY ALL
            """,
            {"dataset_id": dataset_id, "until": until, "steps": steps, "step_days": step_days},
        ).fetchnumpy()
    units, seen = np.zeros((2, len(series), steps))
    at = cells["row"], cells["step"]
    units[at], seen[at] = _plain(cells["sold"]), _plain(cells["ever"])
    first = np.where((seen > 0).any(axis=1), (seen > 0).argmax(axis=1), steps)
    return Past(sold=units, first=first.astype(np.int64))


def recorded(
    store: Store, dataset_id: int, series: pd.DataFrame, *, until: date, weeks: int
) -> Recorded:
    """The stock at the end of each day of the last weeks; of all channels the same."""
    with store.cursor() as cursor:
        cursor.register("replayed", series[PAIR].reset_index(drop=True).reset_index(names="row"))
        cells = cursor.execute(
            """
            WITH known AS (
                SELECT row, day, max(stock_on_hand)::DOUBLE AS stock
                FROM sales JOIN replayed USING (product_id, place_id)
                WHERE dataset_id = $dataset_id AND stock_on_hand IS NOT NULL
                      AND day <= $until::DATE AND day > $until::DATE - 7 * $weeks GROUP BY ALL
            )
            SELECT row, ($weeks - 1 - ($until::DATE - day) // 7)::BIGINT AS week,
                   avg(greatest(stock, 0)) AS stock, count(*)::DOUBLE AS days,
                   count(*) FILTER (stock <= 0)::DOUBLE AS out
            FROM known GROUP BY ALL
            """,
            {"dataset_id": dataset_id, "until": until, "weeks": weeks},
        ).fetchnumpy()
    stock = np.full((len(series), weeks), np.nan)
    days, out = np.zeros((2, len(series), weeks))
    at = cells["row"], cells["week"]
    stock[at], days[at], out[at] = (_plain(cells[name]) for name in ("stock", "days", "out"))
    return Recorded(stock=stock, days=days, out=out)


def weeks_known(store: Store, dataset_id: int, products: Sequence[int], *, until: date) -> int:
    """Whole weeks since the first sale of any of the products until a day; 0 without one."""
    ((first,),) = store.rows(
        "SELECT min(day) FROM sales WHERE dataset_id = $1 AND quantity > 0 "
        "AND product_id IN (SELECT unnest($2::INTEGER[]))",
        [dataset_id, [int(each) for each in products]],
    )
    return 0 if first is None else max(((until - first).days + 1) // 7, 0)


def _plain(values: Any) -> Floats:
    return np.asarray(np.ma.filled(np.ma.asarray(values, dtype=np.float64), 0.0))
