"""All of M5 as a panel, read store by store, so that no frame of 46 million rows is ever built.

Known ahead of every series: its price, whether its state pays SNAP benefits that day, and the kinds
of events. Shape suffixes: N series, T days, W weeks, K known covariates.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import forecasting as fc
from forecasting.arrays import Float32Array, IntArray

EVENT_KINDS = ("National", "Religious", "Cultural", "Sporting")
CLOSED = "Christmas"  # the one day on which no store sells
STATICS = ("item_id", "dept_id", "cat_id", "store_id", "state_id")
KNOWN = ("sell_price", "snap", *(f"event_{kind.lower()}" for kind in EVENT_KINDS), "christmas")


@dataclass(frozen=True, eq=False)
class _Store:
    """What one file holds of one store."""

    statics: pd.DataFrame  # a row per series
    first: int  # day since 1970
    units: IntArray  # (N, T) in 16 bits, -1 where the file has no row


def read_m5(
    folder: Path, *, series: int | None = None, seed: int = 0, days: int | None = None
) -> fc.Panel:
    """The panel of all series in `folder`/m5, or of a random sample of them.

    `days` keeps only the last of them, which is all that is ever in memory.
    """
    m5 = folder / "m5"
    stores = [_read_store(path) for path in sorted((m5 / "sales_daily").glob("*.parquet"))]
    if not stores:
        raise FileNotFoundError(f"{m5 / 'sales_daily'} holds no Parquet file. Give --data FOLDER.")
    statics = pd.concat([store.statics for store in stores])
    kept = statics.index.sort_values()
    if series and series < len(kept):
        kept = kept[np.sort(np.random.default_rng(seed).choice(len(kept), series, replace=False))]
    statics = statics.loc[kept]
    first = min(store.first for store in stores)
    end = max(store.first + store.units.shape[1] for store in stores)
    first = max(first, end - days) if days else first
    steps = end - first
    target = np.full((len(kept), steps), np.nan)
    for store in stores:
        rows = kept.get_indexer(store.statics.index)
        early = max(first - store.first, 0)  # days before the first one kept
        sold = store.units[rows >= 0, early:].astype(np.float64)
        begin = store.first + early - first
        target[rows[rows >= 0], begin : begin + sold.shape[1]] = np.where(sold < 0, np.nan, sold)
    timeline = pd.date_range(pd.Timestamp(first, unit="D"), periods=steps, freq="D", unit="ns")
    return fc.Panel(
        target=target,
        timestamps=timeline,
        freq="D",
        series_ids=kept,
        known_covariates=_known(m5, statics, timeline),
        known_names=KNOWN,
        past_covariates=np.empty((len(kept), steps, 0), dtype=np.float32),
        past_names=(),
        static_features=statics.astype("category"),
    )


def _read_store(path: Path) -> _Store:
    texts = ["series_id", *STATICS]
    table = pq.read_table(path, columns=[*texts, "date", "units"], read_dictionary=texts)
    table = table.unify_dictionaries()
    series: Any = table["series_id"].combine_chunks()
    rows = series.indices.to_numpy()
    ids = series.dictionary.to_pylist()
    _, firsts = np.unique(rows, return_index=True)
    statics = {name: table[name].take(pa.array(firsts)).to_pylist() for name in STATICS}
    days = table["date"].cast(pa.int32()).to_numpy()
    units = np.full((len(ids), days.max() - days.min() + 1), -1, dtype=np.int16)
    units[rows, days - days.min()] = table["units"].to_numpy()
    return _Store(
        statics=pd.DataFrame(statics, index=pd.Index(ids, name="series_id")),
        first=int(days.min()),
        units=units,
    )


def _known(m5: Path, statics: pd.DataFrame, days: pd.DatetimeIndex) -> Float32Array:
    """Known covariates (N, T, K)."""
    calendar = pd.read_parquet(m5 / "calendar.parquet")
    calendar = calendar.set_index(pd.DatetimeIndex(calendar["date"])).loc[days]
    known = np.empty((len(statics), len(days), len(KNOWN)), dtype=np.float32)
    weeks, week_of_day = np.unique(calendar["wm_yr_wk"].to_numpy(), return_inverse=True)
    known[:, :, 0] = _prices(m5, statics, weeks)[:, week_of_day]
    for state in statics["state_id"].unique():
        known[statics["state_id"] == state, :, 1] = calendar[f"snap_{state}"].to_numpy()
    for k, kind in enumerate(EVENT_KINDS, start=2):
        either = (calendar["event_type_1"] == kind) | (calendar["event_type_2"] == kind)
        known[:, :, k] = either.to_numpy()
    known[:, :, -1] = (calendar["event_name_1"] == CLOSED).to_numpy()
    return known


def _prices(m5: Path, statics: pd.DataFrame, weeks: IntArray) -> Float32Array:
    """Prices (N, W), NaN before a product was offered."""
    names = ["store_id", "item_id"]
    table = pq.read_table(m5 / "sell_prices.parquet", read_dictionary=names).unify_dictionaries()
    store, item = (table[name].combine_chunks() for name in names)
    stores, items = store.dictionary.to_pylist(), item.dictionary.to_pylist()
    row_of = np.full((len(stores), len(items)), -1)
    at_store = pd.Index(stores).get_indexer(statics["store_id"])
    at_item = pd.Index(items).get_indexer(statics["item_id"])
    row_of[at_store, at_item] = np.arange(len(statics))
    rows = row_of[store.indices.to_numpy(), item.indices.to_numpy()]
    columns = pd.Index(weeks).get_indexer(table["wm_yr_wk"].to_numpy())
    here = (rows >= 0) & (columns >= 0)
    prices = np.full((len(statics), len(weeks)), np.nan, dtype=np.float32)
    prices[rows[here], columns[here]] = table["sell_price"].to_numpy()[here]
    return prices
