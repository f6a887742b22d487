"""How a forecast of everything is shared out to products and places, where nothing is trained."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from data.queries import PERIOD
from data.scope import Freq
from data.store import Store

RECENT = {"D": 28, "W": 13, "M": 3}  # periods


def shares(
    store: Store, dataset_id: int, freq: Freq, periods: Sequence[date], *, by_place: bool
) -> pd.DataFrame:
    """product_id, place_id (0: all places together), timestamp, weight (units).

    The mean of what sold in the same period a year before and of the recent level; the level alone
    where nothing is known of a year before. What has not sold in the last quarter is left out.
    """
    unit, place = PERIOD[freq], "place_id" if by_place else "0"
    step = {"D": "1", "W": "7", "M": "31"}[freq]
    back = "INTERVAL 1 YEAR" if freq == "M" else "INTERVAL 364 DAY"
    frame = store.frame(
        f"""
        WITH newest AS (
            SELECT max(day) AS last FROM sales WHERE dataset_id = $dataset_id
        ), asked AS (
            SELECT unnest($periods::DATE[]) AS timestamp
        ), level AS (
            SELECT product_id, {place} AS place_id, min(day) AS first,
                   sum(quantity) FILTER (day > last - $recent * {step})
                       / $recent AS level
            FROM sales, newest
            WHERE dataset_id = $dataset_id AND day > last - 460 GROUP BY ALL
            HAVING sum(quantity) FILTER (day > last - 91) > 0
        ), before AS (
            SELECT product_id, {place} AS place_id,
                   (date_trunc('{unit}', day) + {back})::DATE AS timestamp,
                   sum(quantity) AS last_year
            FROM sales, newest WHERE dataset_id = $dataset_id AND day > last - 460
            GROUP BY ALL
        )
        SELECT product_id, place_id, timestamp,
               greatest(CASE WHEN first > timestamp - {back} THEN coalesce(level, 0)
                    ELSE (coalesce(last_year, 0) + coalesce(level, 0)) / 2 END, 0) AS weight
        FROM level CROSS JOIN asked LEFT JOIN before USING (product_id, place_id, timestamp)
        ORDER BY ALL
        """,
        {
            "dataset_id": dataset_id,
            "periods": list(periods),
            "recent": RECENT[freq],
        },
    )
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]"))
