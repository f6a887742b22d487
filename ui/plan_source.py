"""The forecast that a plan begins with: of a trained run by product, else shared out.

Without a run, the best simple model forecasts everything together, and each product and place gets
its share of it: half as last year's period, half as it sells now. Where a run forecasts a part of
the products, the others are filled in the same way.
"""

from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
import streamlit as st

from data import plan_quick
from data.scope import Scope
from engine.registry import Entry
from ui import forecast_words, forecasts, queries, state, training
from ui.engine import registry
from ui.forecasts import Outlook
from ui.queries import Dataset

_QUANTILES = {"q0.1": "q10", "q0.5": "q50", "q0.9": "q90"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """What a plan can begin with; the cells are made by `frame`."""

    entry: Entry | None  # the run; None: shared out
    scope: Scope  # everything, in units, at the frequency asked
    horizon: int  # periods

    @property
    def words(self) -> str:
        """What it is, for a sentence."""
        if self.entry is not None:
            return f"{training.model_name(self.entry.about.model)} “{self.entry.name}”"
        return "the best simple model of everything, shared out as each product sells"


def source(scope: Scope, made: Outlook) -> Source:
    """The shown run where it forecasts products, else the newest that does, else shared out."""
    whole = Scope(dataset_id=scope.dataset_id, freq=scope.freq)
    asked = st.query_params.get("run")
    fitting = [entry for entry in registry().entries() if _fits(entry, whole, made)]
    fitting.sort(key=lambda each: (each.run_id != asked, not each.is_champion))
    return Source(entry=fitting[0] if fitting else None, scope=whole, horizon=len(made.future))


def frame(chosen: Source, dataset: Dataset, made: Outlook) -> tuple[pd.DataFrame, str]:
    """The cells for `data.plans.begin`, and the name of the model.

    Raises `ForecastingError` where nothing can be forecast.
    """
    after = made.history["timestamp"].iloc[-1]
    if chosen.entry is None:
        return _shared_out(chosen, dataset, by_place=dataset.places > 1)
    run = registry().run(chosen.entry.run_id).frame("forecast")
    assert run is not None
    cells = _of_run(run, chosen.entry, after)
    known_products = cells["product_id"].isin(queries.products(dataset.dataset_id).index)
    cells = cells[known_products]  # an import that was undone may have taken some away
    name = training.model_name(chosen.entry.about.model)
    rest, _ = _shared_out(chosen, dataset, by_place=bool(cells["place_id"].max() > 0))
    keys = ["product_id", "place_id"]
    known = pd.MultiIndex.from_frame(cells[keys].drop_duplicates())
    missing = ~pd.MultiIndex.from_frame(rest[keys]).isin(known)
    rest = rest[missing & rest["timestamp"].isin(cells["timestamp"]).to_numpy()]
    return pd.concat([cells, rest], ignore_index=True), name


def _fits(entry: Entry, whole: Scope, made: Outlook) -> bool:
    """Whether a run forecasts products in units, ahead of what has sold."""
    of_run = training.scope_of(entry.about)
    if of_run is None or not entry.about.model or of_run.measure != "quantity":
        return False
    if (of_run.dataset_id, of_run.freq) != (whole.dataset_id, whole.freq):
        return False
    if entry.about.scope.get("split") not in ("product", "product_place"):
        return False
    if not (registry().run(entry.run_id).folder / "forecast.parquet").is_file():
        return False
    step = pd.tseries.frequencies.to_offset(forecasts.PANDAS_FREQ[whole.freq])
    until = pd.Timestamp(entry.about.data_until) + entry.about.horizon * step
    return bool(until > made.history["timestamp"].iloc[-1])


def _of_run(run: pd.DataFrame, entry: Entry, after: pd.Timestamp) -> pd.DataFrame:
    """The rows of a run's forecast file that are ahead, by product and place."""
    ahead = run[run["timestamp"] > after]
    parts = ahead["series_id"].astype(str).str.partition(":")
    only = entry.about.scope.get("place")
    place = pd.to_numeric(parts[2], errors="coerce").fillna(only or 0).astype(int)
    cells = ahead.rename(columns=_QUANTILES).assign(product_id=parts[0].astype(int), place_id=place)
    kept = ["product_id", "place_id", "timestamp", "mean"]
    return cells[[*kept, *(name for name in _QUANTILES.values() if name in cells)]]


def _shared_out(chosen: Source, dataset: Dataset, *, by_place: bool) -> tuple[pd.DataFrame, str]:
    """The forecast of everything, shared out to products and places."""
    total = queries.outlook(chosen.scope, chosen.horizon, forecasts.AUTOMATIC)
    means = total.future.set_index("timestamp")["mean"].clip(lower=0)
    periods: list[date] = [each.date() for each in means.index]
    cells = plan_quick.shares(
        state.store(), dataset.dataset_id, chosen.scope.freq, periods, by_place=by_place
    )
    sums = cells.groupby("timestamp")["weight"].transform("sum")
    share = cells["weight"] / sums.where(sums > 0)
    cells["mean"] = (share * cells["timestamp"].map(means)).fillna(0.0)
    name = f"{forecast_words.model_name(total.model, chosen.scope.freq)}, shared out"
    return cells.drop(columns="weight"), name


def same_scope(scope: Scope) -> Scope:
    """The scope as a plan knows it: in units, as recorded."""
    return replace(scope, measure="quantity", corrected=False, correction_revision=0)
