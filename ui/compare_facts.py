"""What a comparison of models says, from the scores that its runs kept. Knows no Streamlit.

A model is known by its *key*: its name in the library, with the number of its run where several
runs tested one of that name. Everything is computed on the series and windows that all share.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.scope import Freq
from forecasting.arrays import BoolArray
from forecasting.scores import SHARES, SUMS, rate
from forecasting.significance import FEW_SERIES, compare, diebold_mariano

LAST_YEAR, ARIMA = "seasonal_naive", "arima"
REFERENCES = (LAST_YEAR, ARIMA)
_EQUAL = 1e-6  # relative: sums of the same sales, added in another order
BEST, SAME, WORSE, FEW = "best", "no real difference", "worse", "too few series"


@dataclass(frozen=True, kw_only=True, eq=False)
class Loaded:
    """One finished comparison, as its run kept it; model and series_id are categorical."""

    run_id: str
    title: str  # when it was made, to tell runs apart
    scores: pd.DataFrame
    steps: pd.DataFrame  # step_scores
    reliability: pd.DataFrame
    pit: pd.DataFrame
    seconds: "pd.Series[float]"  # by model: to fit and predict
    skipped: int  # series that no window could score


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model of the comparison."""

    key: str
    name: str  # in the library
    run_id: str
    title: str  # of its run; "" where its name alone tells it apart


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Runs on what they share."""

    models: dict[str, Model]
    freq: Freq
    horizon: int
    scores: pd.DataFrame  # shared rows; model is the key
    steps: pd.DataFrame
    reliability: pd.DataFrame
    pit: pd.DataFrame
    board: pd.DataFrame  # one row per model, the best first; see `leaderboard`
    cutoffs: tuple[pd.Timestamp, ...]
    series: int
    skipped: int
    lost_cutoffs: int  # windows that not all runs have
    lost_series: int  # series that not all runs have
    changed: int  # series and windows whose sales differ between runs
    same_series: bool  # whether every run has the same series in the shared windows


def together(runs: Sequence[Loaded], *, freq: Freq, horizon: int) -> Compared | None:
    """The runs on what they share; None where that is nothing."""
    models, scores = _joined(runs)
    shared, changed = _shared(scores, len(models))
    if not shared.any():
        return None
    cutoffs_of = {run.run_id: set(run.scores["cutoff"].unique()) for run in runs}
    lost = len(set.union(*cutoffs_of.values())) - len(set.intersection(*cutoffs_of.values()))
    before, kept = scores, scores if shared.all() else scores[shared]
    models, kept = _without_twins(models, kept)
    cutoffs = tuple(pd.Timestamp(each) for each in sorted(kept["cutoff"].unique()))
    series = int(kept["series_id"].nunique())
    in_windows = before["cutoff"].isin(cutoffs).to_numpy()
    steps, reliability, pit = (
        _of_models(models, [(run.run_id, getattr(run, name)) for run in runs])
        for name in ("steps", "reliability", "pit")
    )
    steps = steps[steps["cutoff"].isin(cutoffs)]
    board = leaderboard(kept, models, _seconds(runs, models))
    return Compared(
        models={str(key): models[str(key)] for key in board["key"]},
        freq=freq,
        horizon=horizon,
        scores=kept,
        steps=steps,
        reliability=reliability,
        pit=pit,
        board=board,
        cutoffs=cutoffs,
        series=series,
        skipped=max(run.skipped for run in runs),
        lost_cutoffs=lost,
        lost_series=int(before["series_id"].nunique()) - series,
        changed=changed,
        same_series=bool(shared[in_windows].all()),
    )


def leaderboard(
    scores: pd.DataFrame, models: dict[str, Model], seconds: "pd.Series[float]"
) -> pd.DataFrame:
    """One row per model, the best WQL first.

    key; difference to the best with low, high, p_value and verdict of `significance.compare`;
    every metric of `scores.rate`; seconds; vs_last_year, vs_arima (relative WQL, NaN for itself or
    where it is missing).
    """
    judged = compare(by_cluster(scores)).drop(columns="WQL")
    board = judged.merge(rate(scores).astype({"model": str}), on="model", sort=False)
    board["seconds"] = seconds.reindex(board["model"]).to_numpy()
    wql = board.set_index("model")["WQL"]
    for column, name in (("vs_last_year", LAST_YEAR), ("vs_arima", ARIMA)):
        key = key_of(models, name)
        reference = wql.get(key, np.nan) if key else np.nan
        board[column] = np.where(board["model"] == key, np.nan, board["WQL"] / reference - 1)
    return board.rename(columns={"model": "key"})


def in_time_tests(compared: Compared) -> pd.DataFrame:
    """Diebold-Mariano of each model against the best: key, statistic, p_value; NaN for the best.

    On the mean loss of all series per step, in order of time. Apart from the leaderboard, because
    it needs scipy.stats, which takes a second to import.
    """
    keys = [str(key) for key in compared.board["key"]]
    found = [_in_time(compared.steps, key, keys[0], compared.horizon) for key in keys]
    return pd.DataFrame(
        {"key": keys, **dict(zip(("statistic", "p_value"), zip(*found, strict=True), strict=True))}
    )


def by_cluster(scores: pd.DataFrame) -> pd.DataFrame:
    """Sums by model and product: the places of a product move together, and are drawn together.

    Where that leaves too few products to judge by, by series.
    """
    series = scores["series_id"].cat.remove_unused_categories()
    products = pd.Index([str(each).partition(":")[0] for each in series.cat.categories])
    cluster = products if products.nunique() >= FEW_SERIES else series.cat.categories.astype(str)
    codes, names = pd.factorize(cluster)
    models = scores["model"].cat.categories
    size = len(models) * len(names)
    place = scores["model"].cat.codes.to_numpy(np.int64) * len(names) + codes[series.cat.codes]
    sums = {  # by counting, which takes a fifth of the time of grouping
        name: np.bincount(place, np.nan_to_num(scores[name].to_numpy(np.float64)), size)
        for name in (*SUMS, *SHARES)
    }
    keys = {"model": np.repeat(models, len(names)), "series_id": np.tile(names, len(models))}
    there = np.bincount(place, minlength=size) > 0
    return pd.DataFrame({**keys, **sums, "cutoff": 0})[there].astype({"model": str})


def key_of(models: dict[str, Model], name: str) -> str | None:
    """The first key of a model of the library."""
    return next((key for key, model in models.items() if model.name == name), None)


def holds_in_every_window(compared: Compared, key: str, others: Sequence[str]) -> bool:
    """Whether a model beats the others in each window."""
    table = rate(compared.scores, by=("model", "cutoff")).pivot(
        index="cutoff", columns="model", values="WQL"
    )
    return all(bool((table[key] < table[other]).all()) for other in others)


def _in_time(steps: pd.DataFrame, key: str, reference: str, horizon: int) -> tuple[float, float]:
    """Diebold-Mariano on the mean loss of all series per step, in order of time."""
    if key == reference:
        return float("nan"), float("nan")
    losses = [
        (one["quantile_loss"] / one["steps"]).where(one["steps"] > 0).to_numpy(np.float64)
        for one in (
            steps[steps["model"] == each].sort_values(["cutoff", "step"])
            for each in (key, reference)
        )
    ]
    if len(losses[0]) != len(losses[1]):
        return float("nan"), float("nan")
    return diebold_mariano(losses[0], losses[1], horizon=horizon)


def _joined(runs: Sequence[Loaded]) -> tuple[dict[str, Model], pd.DataFrame]:
    """All models of all runs under their keys, and their scores."""
    counts: dict[str, int] = {}
    for run in runs:
        for name in run.scores["model"].cat.categories:
            counts[name] = counts.get(name, 0) + 1
    models: dict[str, Model] = {}
    for number, run in enumerate(runs, start=1):
        for name in run.scores["model"].cat.categories:
            again = counts[name] > 1
            key = f"{name}#{number}" if again else str(name)
            models[key] = Model(
                key=key, name=str(name), run_id=run.run_id, title=run.title if again else ""
            )
    frames = [(run.run_id, run.scores) for run in runs]
    return models, _of_models(models, frames)


def _of_models(
    models: dict[str, Model], frames: Sequence[tuple[str, pd.DataFrame]]
) -> pd.DataFrame:
    """The frames of the runs under each other, models by key; those without a key are left out."""
    if len(frames) == 1 and set(frames[0][1]["model"].cat.categories) <= set(models):
        return frames[0][1]
    parts = []
    for run_id, frame in frames:
        keys = {model.name: key for key, model in models.items() if model.run_id == run_id}
        part = frame[frame["model"].isin(list(keys))] if len(frame) else frame
        named = part["model"].astype(str).map(keys) if len(frames) > 1 else part["model"]
        parts.append(part.assign(model=named.astype("category")))
    if len(parts) == 1:
        return parts[0].assign(model=parts[0]["model"].cat.remove_unused_categories())
    whole = pd.concat([part.astype({"model": str}) for part in parts], ignore_index=True)
    if "series_id" in whole:
        whole["series_id"] = whole["series_id"].astype(str).astype("category")
    return whole.astype({"model": "category"})


def _shared(scores: pd.DataFrame, models: int) -> tuple[BoolArray, int]:
    """Which rows all models have on equal sales, and how many places have unequal ones.

    A model appears once per series and window, so counting rows counts models.
    """
    window = pd.factorize(scores["cutoff"])[0].astype(np.int64)
    place = window * len(scores["series_id"].cat.categories) + scores["series_id"].cat.codes
    keys = pd.factorize(place)[0]
    complete = np.bincount(keys)[keys] == models
    size = scores["absolute_actual"].to_numpy(np.float64)
    low = np.full(keys.max() + 1, np.inf)
    high = np.full(keys.max() + 1, -np.inf)
    np.minimum.at(low, keys, size)
    np.maximum.at(high, keys, size)
    equal = (high - low <= _EQUAL * np.maximum(high, 1.0))[keys]
    changed = int(np.unique(keys[complete & ~equal]).size)
    return complete & equal, changed


def _without_twins(
    models: dict[str, Model], scores: pd.DataFrame
) -> tuple[dict[str, Model], pd.DataFrame]:
    """One of the models that two runs tested alike, as both have last year's weeks."""
    if len({model.name for model in models.values()}) == len(models):
        return models, scores
    sums = scores.groupby("model", observed=True)[["quantile_loss", "absolute_error"]].sum()
    kept: dict[str, Model] = {}
    for key, model in models.items():
        twin = next((each for each, other in kept.items() if other.name == model.name), None)
        if twin is None or not np.allclose(sums.loc[key], sums.loc[twin], rtol=_EQUAL):
            kept[key] = model
    alone = [model.name for model in kept.values()]
    kept = {
        key: Model(key=key, name=model.name, run_id=model.run_id, title="")
        if alone.count(model.name) == 1
        else model
        for key, model in kept.items()
    }
    if len(kept) == len(models):
        return kept, scores
    chosen = scores[scores["model"].isin(list(kept))]
    return kept, chosen.assign(model=chosen["model"].cat.remove_unused_categories())


def _seconds(runs: Sequence[Loaded], models: dict[str, Model]) -> "pd.Series[float]":
    by_run = {run.run_id: run.seconds for run in runs}
    return pd.Series(
        {key: float(by_run[model.run_id].get(model.name, np.nan)) for key, model in models.items()},
        dtype=float,
    )
