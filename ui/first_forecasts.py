"""First forecasts of every product of a scope at once, by the pretrained network, trained on none.

Products that began lately are forecast from their analogues, by category and price. Knows no
Streamlit, so that a thread may run it.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

import forecasting as fc
from data import panels
from data.scope import Freq, Scope
from data.store import Store
from forecasting.arrays import FloatArray
from ui import covariates, forecasts
from ui.background import Tell

SPARK = {"D": 56, "W": 26, "M": 24}  # periods sold that the small line begins with
COLUMNS = ["product_id", "product", "forecast", "low", "high", "growth", "line", "note"]
_PATHS = 100  # of each product, for the band of its sum
_AT_ONCE = 512  # products whose paths are in memory together


@dataclasses.dataclass(frozen=True, kw_only=True)
class Products:
    """What is known of the products of a dataset."""

    names: Mapping[str, str]
    categories: Mapping[str, Sequence[str]]


def every_product(
    store: Store, scope: Scope, horizon: int, products: Products, tell: Tell
) -> pd.DataFrame:
    """COLUMNS of each product that ever sold in the scope, the largest forecast first.

    `forecast` is the sum of the next `horizon` periods; in 8 of 10 cases it is between `low` and
    `high`. `growth` is the share against the year before, NaN where it is not known. `note` says
    which products it was forecast like, or why not by the network; else "".
    """
    long = panels.panel(store, scope, "product", horizon=horizon)
    tell(0.3)
    if long["target"].notna().sum() == 0:
        return pd.DataFrame(columns=COLUMNS)
    panel, future = panel_of(_recent(long, scope.freq, horizon), scope.freq, products)
    tell(0.5)
    model = fc.create(forecasts.FIRST, horizon=horizon).fit(panel)
    made = fc.cold_start(panel, model.predict(panel, known_future=future))
    tell(0.9)
    return table(panel, made, scope.freq, products)


def panel_of(
    long: pd.DataFrame, freq: Freq, products: Products
) -> tuple[fc.Panel, pd.DataFrame | None]:
    """The panel and the known future of a `data.panels.panel` frame by product.

    What is known ahead without a gap is used: prices and promotions as planned.
    """
    found = covariates.readiness(long, has_price=True)
    used = covariates.usable(found, {each.name: "use" for each in found if each.is_ready})
    frame, future, spec = covariates.assemble(long, freq, used)
    panel = fc.Panel.from_frame(frame, freq=spec.freq, known_covariates=spec.known_covariates)
    depth = max((len(products.categories.get(key, ())) for key in panel.series_ids), default=0)
    levels = {
        f"category {level + 1}": [
            " / ".join(products.categories.get(key, ())[: level + 1]) for key in panel.series_ids
        ]
        for level in range(depth)
    }
    attributes = pd.DataFrame(levels, index=panel.series_ids, dtype="category")
    return dataclasses.replace(panel, static_features=attributes), future


def table(panel: fc.Panel, made: fc.Forecast, freq: Freq, products: Products) -> pd.DataFrame:
    """COLUMNS of the series of a forecast, the largest first."""
    sums, bands = made.mean.sum(axis=1), _bands(made)
    before = _a_year_before(panel, made.timestamps, freq)
    notes = {note.series_id: note.reason for note in made.notes}
    past = np.nan_to_num(panel.target[:, -SPARK[freq] :])
    lines = np.round(np.concatenate([past, made.mean], axis=1), 2)
    ids = made.series_ids.astype(str)
    frame = pd.DataFrame(
        {
            "product_id": ids,
            "product": [products.names.get(key, key) for key in ids],
            "forecast": sums,
            "low": bands[:, 0],
            "high": bands[:, 1],
            "growth": sums / np.where(before > 0, before, np.nan) - 1,
            "line": list(lines),
            "note": [in_words(notes.get(key, ""), products.names) for key in made.series_ids],
        }
    )
    return frame.sort_values("forecast", ascending=False, kind="stable").reset_index(drop=True)


def in_words(reason: str, names: Mapping[str, str]) -> str:
    """The reason of a note with the names of products in place of their ids.

    >>> in_words("no history; like '7', '8'", {"7": "Tea", "8": "Mate"})
    "No history; like 'Tea', 'Mate'"
    """
    named = re.sub(r"'(\d+)'", lambda found: f"'{names.get(found[1], found[1])}'", reason)
    return named[:1].upper() + named[1:]


def _recent(long: pd.DataFrame, freq: Freq, horizon: int) -> pd.DataFrame:
    """The last periods of a panel frame, as many as models learn from, and those ahead."""
    times = np.sort(long["timestamp"].unique())
    kept = times[-(forecasts.TRAINED_ON[freq] + horizon) :]
    return long[long["timestamp"] >= kept[0]] if len(kept) < len(times) else long


def _bands(made: fc.Forecast) -> FloatArray:
    """Between which sums (B, 2) 8 in 10 fall."""
    found = []
    for start in range(0, len(made.series_ids), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        part = dataclasses.replace(
            made,
            mean=made.mean[some],
            quantiles=made.quantiles[some],
            series_ids=made.series_ids[some],
        )
        paths = part.sample(_PATHS).sum(axis=2)
        found.append(np.quantile(paths, [0.1, 0.9], axis=1).T)
    return np.concatenate(found)


def _a_year_before(panel: fc.Panel, ahead: pd.DatetimeIndex, freq: Freq) -> FloatArray:
    """What each series (N,) sold a year before `ahead`; NaN where a period of it is not known."""
    shift = pd.DateOffset(years=1) if freq == "M" else pd.Timedelta(days=364)
    places = panel.timestamps.get_indexer(pd.DatetimeIndex(ahead - shift))
    if (places < 0).any():
        return np.full(panel.num_series, np.nan)
    return np.asarray(panel.target[:, places].sum(axis=1))
