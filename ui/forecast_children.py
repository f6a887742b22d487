"""A scope one level down, in numbers that add up to its forecast. Knows no Streamlit.

A run that forecast single series is added up by child. Without one every child is forecast on its
own by the pretrained network, and gets the share of the scope's forecast that its own has in all of
theirs: the forecast of the scope was tested and stays as it is, and no child falls below zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.scope import Freq, Level, Measure, Scope
from engine.registry import About
from forecasting.arrays import FloatArray
from ui import forecasts
from ui.run_forecasts import Nodes

OTHERS = "*"  # child_id of all that are too small to be listed, together
NO_CATEGORY = "No category"
LISTED = 50  # children at most, as `data.queries.children` gives them
_SMALL = 0.002  # of the whole: what is left then is rounding
_RECENT = 8  # periods whose shares count where no child is expected to sell

ChildOf = Callable[[str], str]  # which child a series of a run belongs to


@dataclass(frozen=True, kw_only=True, eq=False)
class Apart:
    """Every child forecast on its own; columns are child ids, the largest first."""

    means: pd.DataFrame  # timestamp x child, none below zero
    recent: "pd.Series[float]"  # what each sold lately
    before: "pd.Series[float]"  # the same periods last year; NaN where not known
    labels: "pd.Series[str]"


def apart(
    long: pd.DataFrame, history: pd.DataFrame, *, freq: Freq, measure: Measure, horizon: int
) -> Apart | None:
    """First forecasts of the children of a scope, the small ones together; None without any.

    `long` is a `data.queries.children` frame, `history` that of the scope.
    """
    recent = history.iloc[-forecasts.TRAINED_ON[freq] :]
    table = dense(long, recent["timestamp"], measure)
    if table.empty:
        return None
    rest = recent["value"].to_numpy() - table.fillna(0.0).sum(axis=1).to_numpy()
    if table.shape[1] >= LISTED and np.nansum(np.abs(rest)) > _SMALL * np.nansum(recent["value"]):
        table[OTHERS] = rest
    panel = forecasts.panel_of_many(table, freq)
    made = forecasts.forecast(panel, forecasts.FIRST, horizon)
    means = pd.DataFrame(made.mean.T, index=made.timestamps, columns=made.series_ids)
    labels = long.groupby("child_id", sort=False)["label"].first()
    return Apart(
        means=means[table.columns].clip(lower=0.0),
        recent=table.tail(_RECENT).sum(),
        before=last_year(table, pd.Series(made.timestamps), freq),
        labels=labels.reindex(table.columns).fillna("All others"),
    )


def last_year(table: pd.DataFrame, ahead: pd.Series, freq: Freq) -> "pd.Series[float]":
    """What each column of timestamps x children sold a year before `ahead`; NaN if not known."""
    sums = {
        child: forecasts.last_year(
            pd.DataFrame({"timestamp": table.index, "value": table[child].to_numpy()}), ahead, freq
        ).sum(min_count=len(ahead))
        for child in table.columns
    }
    return pd.Series(sums, dtype=float)


def added_up(found: Apart, total: FloatArray) -> pd.DataFrame:
    """child_id, label, forecast, growth of all children, whose sum is that of `total` (H,).

    growth is the share against the same periods last year, NaN for what is new.
    """
    means = found.means.to_numpy()
    usual = found.recent.clip(lower=0).to_numpy()
    usual = usual / usual.sum() if usual.sum() > 0 else np.full(len(usual), 1 / len(usual))
    sums = means.sum(axis=1, keepdims=True)
    shares = np.where(sums > 0, means / np.where(sums > 0, sums, 1.0), usual)
    forecast = (shares * total[:, None]).sum(axis=0)
    return table(pd.Series(forecast, index=found.means.columns), found.before, found.labels)


def on_their_own(found: Apart | None) -> pd.DataFrame:
    """The same of the listed children as each was forecast, which need not add up."""
    if found is None:
        return pd.DataFrame(columns=["child_id", "label", "forecast", "before", "growth"])
    sums = found.means.sum().drop(OTHERS, errors="ignore")
    return table(sums, found.before, found.labels)


def table(
    forecast: "pd.Series[float]", before: "pd.Series[float]", labels: Mapping[str, str] | pd.Series
) -> pd.DataFrame:
    """child_id, label, forecast, before, growth: the largest first, all others last."""
    given = before.reindex(forecast.index)
    known = given.where(lambda value: value > 0)
    frame = pd.DataFrame(
        {
            "child_id": forecast.index.astype(str),
            "label": [str(labels.get(child, child)) or NO_CATEGORY for child in forecast.index],
            "forecast": forecast.to_numpy(dtype=float),
            "before": given.to_numpy(dtype=float),
            "growth": (forecast / known - 1).to_numpy(dtype=float),
        }
    )
    frame = frame.sort_values("forecast", ascending=False, kind="stable")
    last = (frame["child_id"] == OTHERS).to_numpy()
    return pd.concat([frame[~last], frame[last]], ignore_index=True)


def whole(values: "pd.Series[float]") -> "pd.Series[float]":
    """Whole numbers that add up to the rounded sum: the largest remainders are rounded up.

    >>> whole(pd.Series([1.4, 1.4, 1.4])).tolist()
    [2.0, 1.0, 1.0]
    """
    low = values // 1
    missing = round(float(values.sum())) - round(float(low.sum()))
    up = (values - low).sort_values(ascending=False, kind="stable").index[:missing]
    return low + values.index.isin(up)


def child_of(
    about: About, of_run: Scope, asked: Scope, level: Level, nodes: Nodes
) -> ChildOf | None:
    """Which child of the asked scope a series of the run belongs to; None if it does not go so far.

    Only series that `run_forecasts.selects` chose may be asked.
    """
    split = about.scope.get("split")
    by_product = split in ("product", "product_place")
    if level == "product":
        return _product if by_product else None
    if level == "place":
        return _place if split in ("place", "product_place") else None
    depth = len(asked.categories)
    if by_product:
        return lambda series_id: _category(nodes.categories, series_id, depth)
    is_own = split == "category" and asked.categories == of_run.categories
    return (lambda series_id: series_id) if is_own else None


def of_run(forecast: pd.DataFrame, child: ChildOf, ahead: pd.Series) -> "pd.Series[float]":
    """The sums of a run by child over the periods `ahead`, the largest first.

    `forecast` has the columns series_id, timestamp and mean, of the series of the scope.
    """
    ids = forecast["series_id"].astype(str)
    known = {series_id: child(series_id) for series_id in ids.unique()}
    rows = forecast["timestamp"].isin(ahead)
    sums = forecast.loc[rows, "mean"].groupby(ids[rows].map(known)).sum()
    return sums.sort_values(ascending=False, kind="stable")


def listed(forecast: "pd.Series[float]") -> "pd.Series[float]":
    """The largest children, and the sum of all others where there are too many."""
    if len(forecast) <= LISTED:
        return forecast
    rest = pd.Series({OTHERS: float(forecast.iloc[LISTED:].sum())})
    return pd.concat([forecast.iloc[:LISTED], rest])


def dense(long: pd.DataFrame, times: pd.Series, measure: Measure) -> pd.DataFrame:
    """Timestamps x children, zero where nothing sold, NaN before a child's first sale."""
    found = long.assign(timestamp=pd.to_datetime(long["timestamp"]).astype("datetime64[ns]"))
    wide = found.pivot_table(
        index="timestamp", columns="child_id", values=measure, aggfunc="sum", sort=False
    )
    wide = wide.astype(float).reindex(times.to_numpy())
    wide = wide.where(wide.notna() | ~wide.notna().cummax(), 0.0)
    return wide.loc[:, wide.notna().any()]


def _product(series_id: str) -> str:
    return series_id.partition(":")[0]


def _place(series_id: str) -> str:
    return series_id.rpartition(":")[2]


def _category(categories: Mapping[int, tuple[str, ...]], series_id: str, depth: int) -> str:
    path = categories.get(int(_product(series_id)), ())
    return path[depth] if len(path) > depth else ""
