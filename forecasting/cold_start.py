"""Cold start: products with little or no history, forecast from their analogues.

What a new product will sell is uncertain first of all in its level. Before its first sale the level
is one of those of established products, the likelier the more alike their attributes; what it sold
so far, compared with what its analogues sold on the same days, makes the levels likelier that agree
with it. Shape and bands come from the analogues' own forecasts, whichever model made them, and how
products of this panel began to sell says how the first weeks compare with later ones.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from forecasting.analogues import Likeness
from forecasting.arrays import BoolArray, IntArray
from forecasting.drivers import drivers_of, usual_covariates
from forecasting.errors import ConfigError, PanelError
from forecasting.forecast import Forecast, Note
from forecasting.market import Answer, Market
from forecasting.panel import Panel
from forecasting.validation import first_of, require_columns

USED = "analogues"
PRICE = "price level"  # the attribute that is taken from prices
LEAST, MOST = 8, 28  # observations, between which it depends on the season what few are
NAMED = 3  # analogues in a note


def cold_start(
    panel: Panel,
    forecast: Forecast,
    *,
    newcomers: pd.DataFrame | None = None,
    prices: Mapping[Any, float] | None = None,
    fewest: int | None = None,
    seed: int = 0,
) -> Forecast:
    """The forecast with cold series forecast from their analogues, and newcomers added at the end.

    `forecast` is any model's, of this panel. Cold are series that began lately and have fewer than
    `fewest` observations; by default a season, or two where the model itself fell back, but from
    8 to 28. `newcomers` has a row for
    each product without a row in the panel: series_id and the panel's static features, and perhaps
    price. `prices` by series_id go before those in the panel. Each such series gets a note that
    names its analogues. Where no series has the history to learn from, the forecast stays as it is.
    Raises `PanelError` for newcomers without attributes, or without any analogue.
    """
    if fewest is not None and fewest < 1:
        raise ConfigError(f"fewest={fewest} must be at least 1.")
    if not forecast.series_ids.equals(panel.series_ids) or forecast.cutoff != panel.cutoff:
        raise PanelError(
            f"The forecast is not of this panel: it has {len(forecast.series_ids)} series from "
            f"{forecast.cutoff} on, the panel {panel.num_series} until {panel.cutoff}. "
            "Pass what model.predict(panel) returned."
        )
    added = _checked(panel, newcomers)
    cold = is_cold(panel, forecast, fewest)
    asked = np.concatenate([np.flatnonzero(cold), panel.num_series + np.arange(len(added))])
    enough = _enough(panel, fewest)
    established = np.flatnonzero(
        (panel.observed.sum(axis=1) >= enough) & ~cold & (forecast.mean.mean(axis=1) > 0)
    )
    if not len(established) and len(added):
        raise PanelError(
            f"None of the {panel.num_series} series has {enough} observations and a forecast "
            "above zero, so there is no analogue for newcomers. Wait for more history."
        )
    if not len(asked) or not len(established):
        return forecast
    attributes = _attributes(panel, added, prices)
    levels = forecast.mean[established].mean(axis=1)
    likeness = Likeness.learn(attributes.iloc[established], levels, seed=seed)
    first = int(np.min(panel.launched[cold], initial=panel.length))
    market = Market.of(panel, forecast, established, spread=likeness.spread, first=first)
    weights = likeness.weights(attributes.iloc[asked])
    sold = np.full((len(asked), panel.length - first), np.nan)
    sold[: cold.sum()] = panel.target[cold, first:]
    answers = [market.answer(*each) for each in zip(sold, weights, strict=True)]
    names = panel.series_ids[established]
    notes = [
        Note(
            attributes.index[at],
            USED,
            _reason(int((~np.isnan(own)).sum()), answer, names, attributes, at, likeness),
        )
        for at, own, answer in zip(asked, sold, answers, strict=True)
    ]
    return _joined(forecast, attributes.index, asked, answers, notes)


def is_cold(panel: Panel, forecast: Forecast, fewest: int | None = None) -> BoolArray:
    """(N,), True for series without observations, or with few that all lie near the cutoff.

    With eight days a global model forecasts better than analogues do; where a method needs two
    seasons and falls back without, and for long seasons, analogues stay better for longer.
    """
    count = panel.observed.sum(axis=1)
    if fewest is not None:
        few, most = count < fewest, fewest
    else:
        most = int(np.clip(2 * panel.seasonality, LEAST, MOST))
        fell_back = panel.series_ids.isin([note.series_id for note in forecast.notes])
        few = count < np.where(fell_back, most, np.clip(panel.seasonality, LEAST, MOST))
    return np.asarray(few & (panel.launched >= panel.length - 2 * most))


def _enough(panel: Panel, fewest: int | None) -> int:
    """Observations of an established product."""
    least = int(np.clip(2 * panel.seasonality, LEAST, MOST)) if fewest is None else fewest
    return max(2 * least, panel.seasonality)


def _checked(panel: Panel, newcomers: pd.DataFrame | None) -> pd.DataFrame:
    """The newcomers by series_id; refuses missing attributes and products of the panel."""
    if newcomers is None or not len(newcomers):
        return pd.DataFrame(index=pd.Index([], dtype=object))
    require_columns(newcomers, ["series_id", *map(str, panel.static_features.columns)])
    ids = pd.Index(newcomers["series_id"])
    if ids.hasnans or ids.has_duplicates:
        raise PanelError(
            "newcomers have an empty or repeated series_id, such as "
            f"{first_of(list(ids[ids.isna() | ids.duplicated()]))}. Give each product one row."
        )
    if known := [each for each in ids if each in panel.series_ids]:
        raise PanelError(
            f"newcomers that are in the panel already: {first_of(known)}. Leave them out; series "
            "with few observations are found without being named."
        )
    return newcomers.set_index("series_id")


def _attributes(
    panel: Panel, added: pd.DataFrame, prices: Mapping[Any, float] | None
) -> pd.DataFrame:
    """Static features and price level of the panel's series and, after them, the newcomers."""
    columns = {}
    for name, column in panel.static_features.items():
        both = [column.astype(object), *([added[name].astype(object)] if len(added) else [])]
        joined = pd.concat(both)
        numeric = is_numeric_dtype(column)
        columns[str(name)] = pd.to_numeric(joined, errors="coerce") if numeric else joined
    ids = panel.series_ids.append(added.index) if len(added) else panel.series_ids
    found = pd.DataFrame(columns, index=ids)
    price = _price_levels(panel, added)
    if prices is not None:
        price = pd.Series(ids.map(dict(prices)), index=ids, dtype=np.float64).fillna(price)
    return found if price.isna().all() else found.assign(**{PRICE: price})


def _price_levels(panel: Panel, added: pd.DataFrame) -> "pd.Series[float]":
    drivers = drivers_of(panel.known_names, None)
    priced = [name for name in panel.known_names if drivers[name] == "price"]
    known = np.full(panel.num_series, np.nan)
    if priced:
        known = usual_covariates(panel, drivers)[:, panel.known_names.index(priced[0])]
    given = next((name for name in (*priced, "price") if name in added.columns), None)
    new = pd.to_numeric(added[given], errors="coerce") if given else pd.Series(np.nan, added.index)
    return pd.concat([pd.Series(known, panel.series_ids), new.astype(np.float64)])


def _reason(
    observations: int,
    answer: Answer,
    names: pd.Index,
    attributes: pd.DataFrame,
    at: int,
    likeness: Likeness,
) -> str:
    """Such as "no history; like 'Coffee dark 500 g', ... in 'Beverages'"."""
    history = f"only {observations} observations" if observations else "no history"
    if not likeness.telling and not len(attributes.columns):
        return f"{history} and no attributes; like the average of {len(names)} series"
    likest = np.argsort(-answer.shares, kind="stable")[:NAMED]
    listed = first_of([str(each) for each in names[likest]])
    for name in likeness.telling:
        own = attributes[name].iloc[at]
        if (
            not is_numeric_dtype(attributes[name])
            and (likeness.attributes[name].iloc[likest].astype(str) == str(own)).all()
        ):
            return f"{history}; like {listed} in {str(own)!r}"
    return f"{history}; like {listed}"


def _joined(
    forecast: Forecast,
    ids: pd.Index,
    asked: IntArray,
    answers: list[Answer],
    notes: list[Note],
) -> Forecast:
    """The forecast with these answers in place of, or after, its own."""
    extra = len(ids) - len(forecast.series_ids)
    mean = np.pad(forecast.mean, ((0, extra), (0, 0)))
    quantiles = np.pad(forecast.quantiles, ((0, extra), (0, 0), (0, 0)))
    mean[asked] = np.stack([each.mean for each in answers])
    quantiles[asked] = np.stack([each.quantiles for each in answers])
    replaced = {note.series_id for note in notes}
    kept = [note for note in forecast.notes if note.series_id not in replaced]
    return dataclasses.replace(
        forecast, mean=mean, quantiles=quantiles, series_ids=ids, notes=(*kept, *notes)
    )
