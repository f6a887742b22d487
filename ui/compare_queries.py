"""What the Compare page reads, cached by run: a finished comparison never changes.

Frames of `st.cache_resource` are shared by all sessions: nobody may change them.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow.dataset as files
import streamlit as st

from data.scope import Freq, Scope, Split
from data.segments import Thresholds
from engine.errors import RunError
from engine.registry import Entry
from ui import compare_facts as facts
from ui import compare_parts, jobs, queries, training
from ui.compare_facts import Compared, Loaded
from ui.compare_parts import Table
from ui.engine import engine, registry

_KEPT = ("scores", "step_scores", "reliability", "pit", "leaderboard")
_OF_FORECASTS = ["model", "cutoff", "series_id", "timestamp", "actual", "mean"]


@dataclass(frozen=True, kw_only=True)
class Key:
    """What every cached read is of."""

    run_ids: tuple[str, ...]
    scope: Scope
    split: Split
    horizon: int


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The comparisons that are set beside each other; all of one scope and horizon."""

    entries: tuple[Entry, ...]
    scope: Scope
    split: Split

    @property
    def run_ids(self) -> tuple[str, ...]:
        return tuple(entry.run_id for entry in self.entries)

    @property
    def horizon(self) -> int:
        return self.entries[0].about.horizon

    @property
    def key(self) -> Key:
        return Key(run_ids=self.run_ids, scope=self.scope, split=self.split, horizon=self.horizon)

    @property
    def freq(self) -> Freq:
        return self.scope.freq


def comparisons(dataset_id: int) -> list[Entry]:
    """Finished comparisons of a dataset, the latest first; those of older versions included."""
    engine().jobs()  # the engine runs from the first page on
    return [
        entry
        for entry in registry().entries()
        if not entry.about.model
        and entry.about.scope.get("dataset") == dataset_id
        and is_finished(entry)
    ]


def is_finished(entry: Entry) -> bool:
    """Whether a comparison left results."""
    return (registry().run(entry.run_id).folder / "leaderboard.parquet").is_file()


def is_readable(entry: Entry) -> bool:
    """Whether it kept its scores, which older versions did not."""
    folder = registry().run(entry.run_id).folder
    return all((folder / f"{name}.parquet").is_file() for name in _KEPT)


def models_in(entry: Entry) -> int:
    """How many models a comparison tested."""
    return _models_in(entry.run_id)


def compared(choice: Choice) -> Compared | None:
    """The runs on what they share; None where that is nothing."""
    return _compared(choice.key)


def in_every_window(choice: Choice, key: str, others: tuple[str, ...]) -> tuple[str, ...]:
    """Which of the others the model beats in each window."""
    return _in_every_window(choice.key, key, others)


def parts(choice: Choice) -> pd.DataFrame:
    """What each series is of; see `ui.compare_parts.series_parts`."""
    return _parts(queries.version(), choice.key)


def by_part(choice: Choice, column: str, measure: str) -> Table:
    """Errors by category, place, segment or product."""
    return _by_part(queries.version(), choice.key, column, measure)


def by_window(choice: Choice, measure: str) -> Table:
    """Errors by window."""
    return _by_window(choice.key, measure)


def by_step(choice: Choice, measure: str) -> pd.DataFrame:
    """Errors by steps ahead, one column per key."""
    return _by_step(choice.key, measure)


def by_level(choice: Choice, noun: str) -> pd.DataFrame:
    """Errors of sums; see `ui.compare_parts.by_level`."""
    return _by_level(queries.version(), choice.key, noun)


def fallbacks(choice: Choice) -> dict[str, int]:
    """Series that got a simpler method than the model's own, by key."""
    return _fallbacks(choice.key)


def past_forecasts(choice: Choice, column: str, part: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sales and past forecasts of a part, added up: (timestamp, actual), (model, cutoff,
    timestamp, step, actual, mean); model is the key."""
    return _past_forecasts(queries.version(), choice.key, column, part)


@st.cache_data(max_entries=512, show_spinner=False)
def _models_in(run_id: str) -> int:
    board = registry().run(run_id).frame("leaderboard")
    return 0 if board is None else len(board)


@st.cache_resource(max_entries=8, show_spinner=False)
def _tested(run_id: str) -> Loaded:
    run = registry().run(run_id)
    entry = registry().entry(run_id)
    scores, steps, reliability, pit, board = (_frame(run_id, name) for name in _KEPT)
    skipped = run.frame("skipped")
    seconds = (board["fit_seconds"] + board["predict_seconds"]).set_axis(board["model"].astype(str))
    gone = set() if skipped is None else set(skipped["series_id"].astype(str))
    at = entry.about.created_at if entry else 0.0
    when = datetime.fromtimestamp(at)
    return Loaded(
        run_id=run_id,
        title=f"{when.day} {when:%b %H:%M}",
        scores=scores,
        steps=steps,
        reliability=reliability,
        pit=pit,
        seconds=seconds,
        skipped=len(gone - set(scores["series_id"].cat.categories)),
    )


def _frame(run_id: str, name: str) -> pd.DataFrame:
    """A frame of a run; text is categorical."""
    frame = registry().run(run_id).frame(name)
    if frame is None:
        raise RunError(f"The comparison {run_id!r} was deleted just now. Choose another.")
    texts = [column for column in ("model", "series_id") if column in frame]
    return frame.astype(dict.fromkeys(texts, "category"))


@st.cache_resource(max_entries=8, show_spinner=False)
def _compared(key: Key) -> Compared | None:
    runs = [_tested(run_id) for run_id in key.run_ids]
    return facts.together(runs, freq=key.scope.freq, horizon=key.horizon)


def _known(key: Key) -> Compared:
    found = _compared(key)
    assert found is not None, "asked for after the page had made sure"
    return found


@st.cache_data(max_entries=32, show_spinner=False)
def _in_every_window(key: Key, model: str, others: tuple[str, ...]) -> tuple[str, ...]:
    found = _known(key)
    return tuple(other for other in others if facts.holds_in_every_window(found, model, [other]))


@st.cache_resource(max_entries=8, show_spinner=False)
def _parts(version: queries.Version, key: Key) -> pd.DataFrame:
    scope, split, classes = key.scope, key.split, None
    if split in ("product", "product_place") and scope.product_id is None:
        found = queries.classified_products(scope, scope.freq, Thresholds())
        if not found.empty:
            classes = (
                found.set_index("product_id")["abc"] if "product_id" in found else found["abc"]
            )
    return compare_parts.series_parts(
        pd.Index(_known(key).scores["series_id"].cat.categories),
        split=split,
        products=queries.products(scope.dataset_id),
        places=queries.places(scope.dataset_id),
        depth=len(scope.categories),
        classes=classes,
    )


@st.cache_resource(max_entries=32, show_spinner=False)
def _by_part(version: queries.Version, key: Key, column: str, measure: str) -> Table:
    found = _parts(version, key)
    return compare_parts.by_part(_known(key), found, column, measure)


@st.cache_resource(max_entries=32, show_spinner=False)
def _by_window(key: Key, measure: str) -> Table:
    return compare_parts.by_window(_known(key), measure)


@st.cache_data(max_entries=32, show_spinner=False)
def _by_step(key: Key, measure: str) -> pd.DataFrame:
    return compare_parts.by_step(_known(key), measure)


@st.cache_data(max_entries=16, show_spinner=False)
def _by_level(version: queries.Version, key: Key, noun: str) -> pd.DataFrame:
    found = _parts(version, key)
    return compare_parts.by_level(_known(key), found, noun)


@st.cache_data(max_entries=16, show_spinner=False)
def _fallbacks(key: Key) -> dict[str, int]:
    scores = _known(key).scores
    used = scores[scores["fallback"].astype(str) != ""]
    counts = used.groupby("model", observed=True)["series_id"].nunique()
    return {str(model): int(number) for model, number in counts.items()}


@st.cache_resource(max_entries=16, show_spinner=False)
def _past_forecasts(
    version: queries.Version, key: Key, column: str, part: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    known = _known(key)
    labels = _parts(version, key)[column]
    series = [str(each) for each in labels.index[labels == part]]
    found = []
    for run_id in key.run_ids:
        keys = {model.name: each for each, model in known.models.items() if model.run_id == run_id}
        wanted = files.field("series_id").isin(series) & files.field("model").isin(list(keys))
        frame = _rows(run_id, "backtest", wanted, _OF_FORECASTS)
        found.append(frame.assign(model=frame["model"].astype(str).map(keys)))
    tested = pd.concat(found, ignore_index=True)
    tested = tested[tested["cutoff"].isin(known.cutoffs)]
    sums = tested.groupby(["model", "cutoff", "timestamp"])[["actual", "mean"]].sum(min_count=1)
    summed = sums.reset_index().sort_values(["model", "cutoff", "timestamp"])
    summed["step"] = summed.groupby(["model", "cutoff"]).cumcount() + 1
    panel = _rows(
        key.run_ids[0], "panel", files.field("series_id").isin(series), ["timestamp", "target"]
    )
    history = panel.groupby("timestamp")["target"].sum(min_count=1).rename("actual").reset_index()
    return history, summed


def _rows(run_id: str, name: str, wanted: files.Expression, columns: list[str]) -> pd.DataFrame:
    """Some rows of a frame of a run, without reading the rest into memory."""
    path = registry().run(run_id).folder / f"{name}.parquet"
    if not path.is_file():
        return pd.DataFrame(columns=columns)
    return files.dataset(path).to_table(columns=columns, filter=wanted).to_pandas()


def kept_models(choice: Choice, compared: Compared) -> dict[str, Entry]:
    """The run that kept each model, to forecast with; models that no run kept are left out."""
    by_group = {entry.about.group: entry.run_id for entry in choice.entries if entry.about.group}
    keys = {(model.run_id, model.name): key for key, model in compared.models.items()}
    found: dict[str, Entry] = {}
    for entry in registry().entries():
        place = (by_group.get(entry.about.group, ""), entry.about.model)
        if place in keys and registry().run(entry.run_id).model.is_dir():
            found[keys[place]] = entry
    return found


def is_being_made() -> bool:
    """Whether a comparison runs or waits."""
    return any(each.entry is not None and not each.model for each in jobs.active())


def scope_of(entry: Entry) -> tuple[Scope, Split] | None:
    """What a comparison is of; None where it was written by another version."""
    scope = training.scope_of(entry.about)
    split = entry.about.scope.get("split")
    return None if scope is None or split not in training.SPLITS else (scope, split)


def errors_in_time(tests: pd.DataFrame, key: str, freq: Freq) -> np.ndarray:
    """Errors of one model over the mean sales, by period; see `ui.compare_parts.in_time`."""
    own = tests[tests["model"] == key].dropna(subset=["actual"]).sort_values(["cutoff", "step"])
    size = float(own["actual"].abs().mean()) or 1.0
    return compare_parts.in_time(
        own["cutoff"], own["step"], (own["mean"] - own["actual"]) / size, freq
    )
