"""The forecast of a finished run, for any scope that its series add up to. Knows no Streamlit.

Means add up. Bands do not: the deviations of the series are taken to be tied by `TIE`, between
independent (0) and all at once (1). How well that holds shows in the share of past periods inside
the band, which is measured on the same sums.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from data.scope import Scope
from engine.registry import About
from ui import forecasts
from ui.forecasts import LAST_YEAR, Outlook

TIE = 0.2  # correlation of the errors of two series; an assumption
_RIVAL = "arima"

Selects = Callable[[str], bool]  # whether a series of the run belongs to the scope
Categories = Mapping[int, tuple[str, ...]]  # of every product of the dataset


def selects(about: About, of_run: Scope, asked: Scope, categories: Categories) -> Selects | None:
    """Which series of the run add up to the asked scope; None where none do.

    A run of products and places adds up to anything within its scope, one of products to
    anything in the same places, and so on down to one total, which is only itself.
    """
    same = (of_run.dataset_id, of_run.freq, of_run.measure)
    if same != (asked.dataset_id, asked.freq, asked.measure):
        return None
    products = _products(asked, categories)
    if not products <= _products(of_run, categories):
        return None
    if of_run.place_id is not None and asked.place_id != of_run.place_id:
        return None
    split, same_places = about.scope.get("split"), of_run.place_id == asked.place_id
    same_products = _node(asked) == _node(of_run)
    if same_products and same_places:
        return lambda series_id: True
    if split == "product_place":
        return lambda series_id: _in_both(series_id, products, asked.place_id)
    if split == "product" and same_places:
        return lambda series_id: series_id.isdecimal() and int(series_id) in products
    if split == "place" and same_products:
        return lambda series_id: series_id == str(asked.place_id)
    depth = len(of_run.categories) + 1
    if split == "category" and same_places and len(asked.categories) == depth:
        if asked.product_id is not None:
            return None
        return lambda series_id: series_id == asked.categories[-1]
    return None


def outlook(
    forecast: pd.DataFrame,
    backtest: pd.DataFrame | None,
    series: pd.DataFrame,
    *,
    about: About,
    scope: Scope,
    wanted: Selects,
    horizon: int,
) -> Outlook | None:
    """The run's forecast of the scope, beside the sales of now and ARIMA; None once it is past.

    `forecast` and `backtest` are the frames of the run and of its comparison, `series` that of
    `data.queries.series`. Errors are those of the sums, at the cutoffs of the comparison.
    """
    history = forecasts.history_of(series, scope.measure)
    future = summed(forecast, wanted, ["timestamp"])
    last = history["timestamp"].iloc[-1]
    future = future[future["timestamp"] > last].head(horizon).reset_index(drop=True)
    if future.empty:
        return None
    future["last_year"] = forecasts.last_year(history, future["timestamp"], scope.freq)
    future["baseline"] = forecasts.mean_of(history, _RIVAL, scope.freq, len(future))
    spread = future[["q0.1", "q0.9"]].sub(future["mean"], axis=0)
    total, tied = future["mean"].sum(), _tied(spread.to_numpy()[None], axis=1)[0]
    return Outlook(
        history=history,
        future=future,
        model=about.model,
        baseline=_RIVAL,
        scores=None if backtest is None else scores(backtest, wanted),
        fallback="",
        reason="",
        total_low=float(total - tied[0]),
        total_high=float(total + tied[1]),
        partial=forecasts.partial_period(series),
    )


def scores(backtest: pd.DataFrame, wanted: Selects) -> pd.DataFrame | None:
    """wape, bias and coverage of the 80% band by model, of the sums of the wanted series."""
    rows = {}
    for model, frame in backtest.groupby("model", sort=False, observed=True):
        table = summed(frame, wanted, ["cutoff", "timestamp"]).dropna(subset="actual")
        sold = float(table["actual"].abs().sum())
        if not sold:
            continue
        off = table["mean"] - table["actual"]
        rows[str(model)] = {
            "wape": float(off.abs().sum()) / sold,
            "bias": float(off.sum()) / sold,
            "coverage": float(table["actual"].between(table["q0.1"], table["q0.9"]).mean()),
        }
    board = pd.DataFrame.from_dict(rows, orient="index")
    return board if LAST_YEAR in board.index else None


def summed(frame: pd.DataFrame, wanted: Selects, by: list[str]) -> pd.DataFrame:
    """The sums of the wanted series by moment: mean, quantiles, and actual where there is one."""
    ids = frame["series_id"].astype(str)
    known = {series_id: wanted(series_id) for series_id in ids.unique()}
    chosen = frame[ids.map(known).astype(bool)]
    quantiles = [column for column in frame.columns if column.startswith("q0.")]
    groups = chosen.groupby(by, sort=True, observed=True)
    total = groups[["mean"]].sum()
    spread = chosen[quantiles].sub(chosen["mean"], axis=0)
    keys = [chosen[column] for column in by]
    apart = np.sqrt((spread**2).groupby(keys).sum())
    together = spread.groupby(keys).sum()
    size = np.sqrt((1 - TIE) * apart**2 + TIE * together**2)
    for column in quantiles:
        total[column] = total["mean"] + np.sign(together[column]) * size[column]
    ordered = np.sort(total[quantiles].to_numpy(), axis=1)
    total[quantiles] = np.maximum(ordered, 0.0) if (chosen["mean"] >= 0).all() else ordered
    if "actual" in chosen:
        total["actual"] = groups["actual"].sum(min_count=1)
    return total.reset_index()


def _tied(spread: np.ndarray, axis: int) -> np.ndarray:
    """The size of the sum of deviations that are tied as neighbouring periods are (half)."""
    apart = (spread**2).sum(axis=axis)
    together = spread.sum(axis=axis) ** 2
    return np.sqrt(0.5 * apart + 0.5 * together)


def _products(scope: Scope, categories: Categories) -> set[int]:
    if scope.product_id is not None:
        return {scope.product_id}
    depth = len(scope.categories)
    return {product for product, path in categories.items() if path[:depth] == scope.categories}


def _node(scope: Scope) -> tuple[object, ...]:
    """What a scope is of; the categories of a product say nothing more."""
    return (scope.product_id,) if scope.product_id is not None else (None, *scope.categories)


def _in_both(series_id: str, products: set[int], place_id: int | None) -> bool:
    product, _, place = series_id.partition(":")
    fits = place_id is None or place == str(place_id)
    return fits and product.isdecimal() and int(product) in products
