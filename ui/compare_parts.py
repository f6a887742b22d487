"""Errors by part: category, place, segment, product, window, weeks ahead, level. No Streamlit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data.scope import Freq, Split
from forecasting import metrics
from forecasting.arrays import FloatArray
from forecasting.scores import rate
from ui.compare_facts import ARIMA, LAST_YEAR, Compared, key_of

SMALLER = ("WAPE", "WQL", "MASE", "RMSSE", "MAE", "RMSE")  # is better
MEASURES = (*SMALLER, "bias")
PART = {"product": "Product", "category": "Category", "place": "Place", "segment": "Segment"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Errors by part and model."""

    parts: pd.DataFrame  # one row per part: label, series, sold, best (key), in order
    errors: pd.DataFrame  # the same index; one column per key


def series_parts(
    series_ids: "pd.Index[str]",
    *,
    split: Split,
    products: pd.DataFrame,
    places: pd.DataFrame,
    depth: int,
    classes: "pd.Series[str] | None",
) -> pd.DataFrame:
    """What each series of a run is of: name, and product, category, place, segment if it has one.

    `depth` is that of the run's own category, below which categories are named. A product that is
    gone keeps its number.
    """
    frame = pd.DataFrame(index=series_ids)
    ids = series_ids.astype(str)
    if split in ("product", "product_place"):
        halves = ids.str.partition(":") if len(ids) else ids
        product = pd.Series([each[0] for each in halves], index=series_ids)
        number = pd.to_numeric(product, errors="coerce")
        names = products["name"].reindex(number).to_numpy()
        frame["product"] = np.where(pd.isna(names), "Product " + product, names)
        frame["category"] = [
            path[min(depth, len(path) - 1)] if isinstance(path, tuple) and path else None
            for path in products["categories"].reindex(number)
        ]
        if classes is not None:
            frame["segment"] = classes.reindex(number).to_numpy()
        if split == "product_place":
            frame["place"] = _places([each[2] for each in halves], places)
    elif split == "place":
        frame["place"] = _places(list(ids), places)
    elif split == "category":
        frame["category"] = np.where(ids == "", "No category", ids)
    shown = [name for name in ("product", "place") if name in frame] or ["category"]
    texts = frame.reindex(columns=shown).fillna("").astype(str)
    frame["name"] = texts[shown[0]]
    for other in shown[1:]:  # a column at a time: by row it takes half a second for all of M5
        frame["name"] = frame["name"] + " · " + texts[other]
    frame.loc[frame["name"] == "", "name"] = "All together"
    return frame


def by_part(compared: Compared, parts: pd.DataFrame, column: str, measure: str) -> Table:
    """Errors by a column of `series_parts`, the parts that sold most first."""
    return _table(_labelled(compared.scores, parts[column]), measure, compared)


def by_window(compared: Compared, measure: str) -> Table:
    """Errors by window, the earliest first."""
    found = _table(compared.scores.rename(columns={"cutoff": "part"}), measure, compared)
    order = found.parts.index.sort_values()
    return Table(parts=found.parts.loc[order], errors=found.errors.loc[order])


def by_step(compared: Compared, measure: str) -> pd.DataFrame:
    """Errors of all series together by steps ahead (index), one column per key."""
    rated = rate(compared.steps, by=("model", "step"))
    found = rated.pivot(index="step", columns="model", values=measure)
    return found.reindex(columns=list(compared.models))


def by_level(compared: Compared, parts: pd.DataFrame, noun: str) -> pd.DataFrame:
    """WAPE of sums: from every series to all together, period by period and over the window.

    One row per level, one column per key. A sum over the window is what an order over weeks needs.
    """
    rows: dict[str, pd.Series[float]] = {}
    wape = rate(compared.scores).set_index("model")["WAPE"]
    finest = "Every series" if len(parts) > 1 else "The series"
    rows[f"{finest}, {noun} by {noun}"] = wape
    rows[f"{finest}, whole window"] = _of_sums(compared.scores, compared.scores["series_id"])
    for column in ("product", "category", "place"):
        if column in parts and 1 < parts[column].nunique() < len(parts):
            scores = _labelled(compared.scores, parts[column])
            rows[f"Every {PART[column].lower()}, whole window"] = _of_sums(scores, scores["part"])
    if compared.same_series and compared.series > 1:
        steps = compared.steps
        rows[f"All together, {noun} by {noun}"] = _of_sums(steps, steps["step"])
        rows["All together, whole window"] = _of_sums(steps, pd.Series(0, index=steps.index))
    return pd.DataFrame(rows).T.reindex(columns=list(compared.models))


def errors_in_time(compared: Compared, key: str, freq: Freq) -> FloatArray:
    """Error of all series together over their mean sales, by period from the first to the last.

    Where windows overlap, the forecast fewest steps ahead counts; a gap between windows is NaN.
    """
    own = compared.steps[compared.steps["model"] == key].sort_values(["cutoff", "step"])
    size = float(own["absolute_actual"].mean()) or 1.0
    return in_time(own["cutoff"], own["step"], own["error"] / size, freq)


def in_time(
    cutoffs: "pd.Series[pd.Timestamp]",
    steps: "pd.Series[int]",
    values: "pd.Series[float]",
    freq: Freq,
) -> FloatArray:
    """Values of steps ahead by period, NaN where no window reaches; the latest cutoff counts."""
    if freq == "M":
        start = cutoffs.dt.year * 12 + cutoffs.dt.month
    else:
        start = (cutoffs - cutoffs.min()).dt.days // {"D": 1, "W": 7}[freq]
    place = (start + steps).to_numpy(np.int64)
    grid = np.full(place.max() - place.min() + 1, np.nan)
    grid[place - place.min()] = values.to_numpy(np.float64)
    return grid


def ladder(compared: Compared) -> pd.DataFrame:
    """Forecast value added: the best model of each kind, from the plainest to the average.

    Columns stage, key, WAPE, against_before and against_first (relative, NaN for the first).
    """
    kinds = {key: _kind(model.name) for key, model in compared.models.items()}
    wql = compared.board.set_index("key")["WQL"]
    wape = compared.board.set_index("key")["WAPE"]
    rows = []
    for stage in STAGES:
        keys = [key for key, kind in kinds.items() if kind == stage]
        if keys:
            rows.append((stage, min(keys, key=lambda key: float(wql[key]))))
    frame = pd.DataFrame(rows, columns=["stage", "key"])
    frame["WAPE"] = frame["key"].map(wape).astype(float)
    frame["against_before"] = frame["WAPE"] / frame["WAPE"].shift() - 1
    first = frame["WAPE"].iloc[0] if len(frame) else np.nan
    frame["against_first"] = (frame["WAPE"] / first - 1).where(frame.index > 0)
    return frame


STAGES = ("Last year", "Statistical", "Machine", "Average")
_MACHINES = ("gbm", "lstm", "gru", "transformer")


def _kind(name: str) -> str:
    if name == LAST_YEAR:
        return STAGES[0]
    if name == "ensemble":
        return STAGES[3]
    return STAGES[2] if name in _MACHINES else STAGES[1]


def _table(scores: pd.DataFrame, measure: str, compared: Compared) -> Table:
    """Errors by the column `part` and the model; parts in order of what they sold."""
    rated = rate(scores, by=("part", "model"))
    errors = rated.pivot(index="part", columns="model", values=measure)
    errors = errors.reindex(columns=[key for key in compared.models if key in errors])
    wql = rated.pivot(index="part", columns="model", values="WQL").reindex(columns=errors.columns)
    one = scores[scores["model"] == next(iter(compared.models))]
    sold = one.groupby("part", observed=True)["absolute_actual"].sum()
    known = wql.notna().any(axis=1)
    parts = pd.DataFrame(
        {
            "label": errors.index,
            "series": one.groupby("part", observed=True)["series_id"].nunique(),
            "sold": sold / sold.sum(),
            "best": wql[known].idxmin(axis=1).reindex(errors.index),
        },
        index=errors.index,
    )
    order = parts.sort_values("sold", ascending=False, kind="stable").index
    return Table(parts=parts.loc[order], errors=errors.loc[order])


def against(compared: Compared) -> str | None:
    """The key of the model to beat: ARIMA, else last year's weeks."""
    return key_of(compared.models, ARIMA) or key_of(compared.models, LAST_YEAR)


def _labelled(scores: pd.DataFrame, labels: "pd.Series[str]") -> pd.DataFrame:
    """The scores whose series has a label, with it as the column `part`."""
    codes, names = pd.factorize(labels.reindex(scores["series_id"].cat.categories))
    places = codes[scores["series_id"].cat.codes]
    known = scores[places >= 0]
    return known.assign(part=pd.Categorical(names.take(places[places >= 0]), categories=names))


def _of_sums(scores: pd.DataFrame, part: "pd.Series[Any]") -> "pd.Series[float]":
    """WAPE by model of the sums of each part in each window."""
    models = scores["model"].cat.categories
    window, windows = pd.factorize(scores["cutoff"])
    place, names = pd.factorize(part)
    size = len(models) * len(windows) * len(names)
    cell = (scores["model"].cat.codes.to_numpy(np.int64) * len(windows) + window) * len(names)
    error, actual = (
        np.abs(np.bincount(cell + place, scores[name].to_numpy(np.float64), size))
        .reshape(len(models), -1)
        .sum(axis=1)
        for name in ("error", "actual")
    )
    return pd.Series(metrics.ratio(error, actual), index=models)


def _places(ids: list[str], places: pd.DataFrame) -> list[str]:
    names = places["name"].to_dict()
    return [
        str(names.get(int(each), f"Place {each}")) if each.isdecimal() else each for each in ids
    ]
