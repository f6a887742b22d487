"""The forecast of a finished run, for any scope that its series add up to. Knows no Streamlit.

Means add up. Bands do not: see `ui.run_sums`. How well they hold shows in the share of past
periods inside the band, each judged by what the other windows of the comparison say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from data.scope import Scope
from engine.registry import About
from ui import forecasts, run_sums
from ui.forecasts import LAST_YEAR, Outlook

_RIVAL = "arima"

Selects = Callable[[str], bool]  # whether a series of the run belongs to the scope


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """What products are below the categories and in the segments of a dataset."""

    categories: Mapping[int, tuple[str, ...]]  # of every product
    segments: Mapping[tuple[int, int], frozenset[int]] = field(default_factory=dict)
    """Members by segment and revision; what a segment held in earlier revisions is not kept."""


def selects(about: About, of_run: Scope, asked: Scope, nodes: Nodes) -> Selects | None:
    """Which series of the run add up to the asked scope; None where none do.

    A run of products and places adds up to anything within its scope, one of products to
    anything in the same places, and so on down to one total, which is only itself. A run of a
    segment that was built again since is of other products, which are not known any more.
    """
    same = (of_run.dataset_id, of_run.freq, of_run.measure)
    if same != (asked.dataset_id, asked.freq, asked.measure):
        return None
    products, known = _products(asked, nodes), _products(of_run, nodes)
    if not products or known is None or not products <= known:
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
        if asked.product_id is not None or _segment(asked) != _segment(of_run):
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
    horizon: int,
) -> Outlook | None:
    """The run's forecast of the scope, beside the sales of now and ARIMA; None once it is past.

    `forecast` and `backtest` are the rows of the scope of the run and of its comparison, `series`
    that of `data.queries.series`. Errors are those of the sums, at the cutoffs of the comparison.
    """
    history = forecasts.history_of(series, scope.measure)
    tests, chosen, last = backtest, forecast, history["timestamp"].iloc[-1]
    ahead = np.sort(chosen.loc[chosen["timestamp"] > last, "timestamp"].unique())[:horizon]
    if not len(ahead):
        return None
    chosen = chosen[chosen["timestamp"] <= ahead[-1]]
    own = None if tests is None else tests[tests["model"].astype(str) == about.model]
    found = run_sums.total(chosen, run_sums.measured(own))
    is_past = (found.frame["timestamp"] <= last).to_numpy()
    passed, future = (found.frame[part].reset_index(drop=True) for part in (is_past, ~is_past))
    low, high = run_sums.over_horizon(replace(found, frame=future))
    future["last_year"] = forecasts.last_year(history, future["timestamp"], scope.freq)
    future["baseline"] = forecasts.mean_of(history, _RIVAL, scope.freq, len(future))
    return Outlook(
        history=history,
        future=future,
        model=about.model,
        baseline=_RIVAL,
        scores=None if tests is None else scores(tests, about.model),
        fallback="",
        reason="",
        total_low=low,
        total_high=high,
        partial=forecasts.partial_period(series),
        passed=passed,
    )


def total_of(forecast: pd.DataFrame) -> pd.DataFrame:
    """timestamp and mean of the sum of all series, all periods of the run."""
    return forecast.groupby("timestamp", sort=True)["mean"].sum().reset_index()


def scores(tests: pd.DataFrame, model: str) -> pd.DataFrame | None:
    """wape and bias by model, of the sums of all series of a backtest; None without last year's.

    Of `model` also coverage, the share of sums inside the 80% band, else NaN.
    """
    rows = {}
    for name, frame in tests.groupby(tests["model"].astype(str), sort=False):
        is_asked = name == model
        table = _tested(frame) if is_asked else _sums(frame)
        table = table.dropna(subset="actual")
        sold = float(table["actual"].abs().sum())
        if not sold:
            continue
        off = table["mean"] - table["actual"]
        inside = table["actual"].between(table["q0.1"], table["q0.9"]).mean() if is_asked else None
        rows[str(name)] = {
            "wape": float(off.abs().sum()) / sold,
            "bias": float(off.sum()) / sold,
            "coverage": np.nan if inside is None else float(inside),
        }
    board = pd.DataFrame.from_dict(rows, orient="index")
    return board if LAST_YEAR in board.index else None


def _sums(frame: pd.DataFrame) -> pd.DataFrame:
    """mean and actual of the sums at every cutoff."""
    groups = frame.groupby(["cutoff", "timestamp"], sort=True)
    return groups[["mean"]].sum().assign(actual=groups["actual"].sum(min_count=1)).reset_index()


def _tested(frame: pd.DataFrame) -> pd.DataFrame:
    """The sums with bands; each rests on the other windows, as that of today rests on all."""
    parts = []
    for cutoff, window in frame.groupby("cutoff", sort=True):
        others = frame[frame["cutoff"] != cutoff]
        parts.append(run_sums.total(window, run_sums.measured(others)).frame)
    return pd.concat(parts, ignore_index=True)


def _products(scope: Scope, nodes: Nodes) -> set[int] | None:
    """The products of a scope; None where the members of its segment are not known any more."""
    if scope.product_id is not None:
        return {scope.product_id}
    depth = len(scope.categories)
    below = {key for key, path in nodes.categories.items() if path[:depth] == scope.categories}
    if scope.segment_id is None:
        return below
    members = nodes.segments.get(_segment(scope))
    return None if members is None else below & members


def _segment(scope: Scope) -> tuple[int, int]:
    """A segment as it was then; (0, 0) is none."""
    return (scope.segment_id, scope.segment_revision) if scope.segment_id is not None else (0, 0)


def _node(scope: Scope) -> tuple[object, ...]:
    """What a scope is of; the categories of a product say nothing more."""
    if scope.product_id is not None:
        return (scope.product_id,)
    return (None, _segment(scope), *scope.categories)


def _in_both(series_id: str, products: set[int], place_id: int | None) -> bool:
    product, _, place = series_id.partition(":")
    fits = place_id is None or place == str(place_id)
    return fits and product.isdecimal() and int(product) in products
