"""The forecast that is in force, by product, place, category, day and quantile.

`source` decides which forecast that is: the plan published last, else a model's; everything else
only reads it.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field

from api import datasets, published, rows
from api.datasets import PageParams
from api.memory import Kept
from api.problems import Problem
from api.wire import Call, Day, Table, Wire, moment
from data import publications
from data.publications import Publication
from data.scope import Freq, Split
from engine.registry import Entry
from ui import queries, state, training
from ui.engine import registry
from ui.queries import Dataset

LEVELS: tuple[Split, ...] = ("product_place", "product", "category", "place", "total")
_LATE = 1.0  # seconds until a run that has finished is seen
_versions: Kept[queries.Version] = Kept(most=1, seconds=_LATE)
_entries: Kept[list[Entry]] = Kept(most=64, seconds=_LATE)
_datasets: Kept[Dataset] = Kept(most=64, seconds=_LATE)
_read: Kept["Source"] = Kept(most=6)
_stamped: Hashable = None


class ForecastParams(PageParams):
    product: str = Field(default="", max_length=300, description="Code of a product.")
    place: str = Field(default="", max_length=300, description="Code of a place.")
    category: str = Field(default="", max_length=300, description="Name of a category.")
    level: Split | None = Field(
        default=None, description="What a series is of; the finest that fits where it is not given."
    )
    frequency: Freq | None = Field(default=None, description="Days, weeks from Monday, or months.")
    first: Day | None = Field(
        default=None, description="No earlier period than the one of this day."
    )
    last: Day | None = Field(default=None, description="No later period.")
    quantile: tuple[float, ...] = Field(
        default=(), description="Levels to send, such as 0.1 and 0.9; all where none is given."
    )
    source: Literal["published", "model"] | None = Field(
        default=None,
        description="`published`: the plan published last, of the frequency asked. `model`: the "
        "champion, else the newest run. The first that can answer where it is not given.",
    )
    run: str = Field(
        default="",
        max_length=64,
        description="This run, or version such as `publication-3`, instead of what is in force.",
    )


class ForecastRow(Wire):
    """A period of a series; besides these a column per quantile level, such as `q0.9`."""

    model_config = ConfigDict(extra="allow")

    product: str | None = Field(description="Null where the series is of several.")
    place: str | None = Field(description="Null where the series is of several.")
    category: str | None
    timestamp: Day = Field(description="First day of the period.")
    mean: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A forecast, read: its rows by product, place, category and time."""

    about: dict[str, Any]  # JSON values
    frame: pd.DataFrame
    of: dict[
        Hashable, slice | np.ndarray
    ]  # positions of rows by ("product", code), ("place", code), ...


def read(call: Call[ForecastParams, None]) -> Table:
    """Rows of the forecast in force."""
    asked = call.params
    dataset = _datasets.get(asked.dataset, lambda: datasets.found(asked.dataset))
    start, run = 0, asked.run
    if asked.cursor:
        run, start = rows.place(asked.cursor)
    found = source(dataset, run=run, asked=asked)
    frame = _chosen(found, asked)
    part, more = rows.page(frame, found.about["run"], start, asked.limit)
    return Table(rows=part, about=found.about, next=more)


def source(dataset: Dataset, *, run: str, asked: ForecastParams) -> Source:
    """The forecast that a dataset is answered with: of `run`, else the one in force.

    In force is the plan published last, unless its periods are over; then the champion of a scope,
    then the latest finished run; among them the first that can answer what is asked. Raises
    `Problem` (404) where none can.
    """
    plan, level = _plan(dataset, run, asked)
    version = _versions.get("", queries.version)
    if plan is not None and level is not None:
        key = (published.name_of(plan), plan.created_at, level, version)
        return _read.get(
            key, lambda: _indexed(published.frame(plan, level), published.about(plan, level))
        )
    if run.startswith(published.PREFIX):
        raise Problem("not-found", f"There is no published version {run[:40]!r} with that level.")
    if asked.source == "published" and not run:
        raise Problem(
            "not-found",
            "No published version is of what was asked. Publish the plan on the Forecast page, or "
            "ask with source=model.",
        )
    entry = _run(dataset.dataset_id, run, asked)
    return _read.get((entry.run_id, version), lambda: _opened(entry))


def _plan(
    dataset: Dataset, run: str, asked: ForecastParams
) -> tuple[Publication | None, Split | None]:
    """The published version that answers, and by what level; None where none does."""
    if run.startswith(published.PREFIX):
        plan = published.named(dataset, run)
    elif run or asked.source == "model":
        return None, None
    else:
        plan = published.in_force(dataset, asked.frequency)
    if plan is None:
        return None, None
    for level in published.levels(plan):
        fits = [
            asked.level in (None, level),
            not asked.product or level in ("product", "product_place"),
            not asked.place or level in ("place", "product_place"),
            not asked.category or level == "category",
        ]
        if all(fits):
            return plan, level
    return None, None


def _run(dataset_id: int, run: str, asked: ForecastParams) -> Entry:
    """The run that answers. Raises `Problem` (404) where none does."""
    entries = _entries.get(dataset_id, lambda: _finished(dataset_id))
    if not entries:
        raise Problem(
            "not-found",
            "There is no finished forecast of this dataset yet. Start one with POST "
            f"/api/v1/datasets/{dataset_id}/jobs, or on the Train page.",
        )
    if run:
        chosen = [each for each in entries if each.run_id == run]
        if not chosen:
            raise Problem("not-found", f"There is no finished forecast of the run {run[:40]!r}.")
    else:
        chosen = [each for each in entries if _answers(each, asked)]
    if not chosen:
        have = sorted({_words(each) for each in entries})
        raise Problem(
            "not-found",
            f"No finished forecast is of what was asked. There are forecasts by {', '.join(have)}.",
        )
    return chosen[0]


def stamp() -> Hashable:
    """Of everything that answers are read from: sales, published plans, and runs with a forecast.

    Where it has changed, the next answer looks at all of it anew.
    """
    global _stamped
    runs = tuple((each.run_id, each.is_champion, each.name) for each in _finished(None))
    fresh = (queries.version(), publications.stamp(state.store()), runs)
    if fresh != _stamped:
        _look_again()
        _stamped = fresh
    return fresh


def forget() -> None:
    """Read everything anew: another database was opened."""
    _look_again()
    _read.clear()


def _look_again() -> None:
    for kept in (_versions, _entries, _datasets):
        kept.clear()
    published.forget()


def _finished(dataset_id: int | None) -> list[Entry]:
    """Runs of a dataset (None: of all) with a forecast: champions, finer levels, later first."""
    found = [
        each
        for each in registry().entries()
        if each.about.model
        and dataset_id in (None, each.about.scope.get("dataset"))
        and (registry().run(each.run_id).folder / "forecast.parquet").is_file()
        and training.scope_of(each.about) is not None
    ]
    return sorted(found, key=lambda e: (not e.is_champion, LEVELS.index(_level(e)), -e.number))


def _answers(entry: Entry, asked: ForecastParams) -> bool:
    """Whether a run has series of what is asked."""
    level, scope = _level(entry), entry.about.scope
    fits = [
        asked.level in (None, level),
        asked.frequency in (None, scope["freq"]),
        not asked.product or level in ("product", "product_place") or scope["product"] is not None,
        not asked.place or level in ("place", "product_place") or scope["place"] is not None,
        not asked.category or level == "category",
    ]
    return all(fits)


def _level(entry: Entry) -> Split:
    split = entry.about.scope.get("split")
    return split if split in LEVELS else "total"


def _words(entry: Entry) -> str:
    noun = {"D": "day", "W": "week", "M": "month"}[entry.about.scope["freq"]]
    return f"{_level(entry).replace('_', ' and ')} and {noun}"


def _opened(entry: Entry) -> Source:
    """The forecast of a run with the codes of its products and places."""
    frame = registry().run(entry.run_id).frame("forecast")
    if frame is None:
        raise Problem("not-found", f"The forecast of {entry.name!r} was deleted.")
    about, level = entry.about, _level(entry)
    ids = frame["series_id"].astype("category")
    keys = pd.DataFrame(
        [named(str(each), entry) for each in ids.cat.categories],
        columns=["product", "place", "category"],
    ).iloc[ids.cat.codes]
    keys.index = frame.index
    values = frame.drop(columns=["series_id"])
    made = {
        "source": "model",
        "run": entry.run_id,
        "name": entry.name,
        "model": about.model,
        "in_use": entry.is_champion,
        "made_at": moment(about.created_at).isoformat().replace("+00:00", "Z"),
        "data_until": about.data_until,
        "level": level,
        "frequency": about.scope["freq"],
        "measure": about.scope["measure"],
    }
    return _indexed(pd.concat([keys, values], axis=1), made)


def _indexed(frame: pd.DataFrame, about: dict[str, Any]) -> Source:
    """Rows in order, and where those of each product and place are."""
    whole = frame.sort_values(
        ["product", "place", "category", "timestamp"], kind="stable", ignore_index=True
    )
    of: dict[Hashable, slice | np.ndarray] = {}
    for name in ("product", "place", "category"):
        for code, positions in whole.groupby(name, sort=False).indices.items():
            of[name, str(code)] = _positions(np.asarray(positions))
    for pair, positions in whole.groupby(["product", "place"], sort=False).indices.items():
        of[pair] = _positions(np.asarray(positions))
    return Source(about=about, frame=whole, of=of)


def named(series_id: str, entry: Entry) -> tuple[str | None, str | None, str | None]:
    """Codes of product and place, and the category, of a series of a run."""
    scope, level = entry.about.scope, _level(entry)
    dataset_id = int(scope["dataset"])
    product = None if scope["product"] is None else str(scope["product"])
    place = None if scope["place"] is None else str(scope["place"])
    category = " > ".join(scope["categories"]) or None
    if level == "product_place":
        product, _, place = series_id.partition(":")
    elif level == "product":
        product = series_id
    elif level == "place":
        place = series_id
    elif level == "category":
        category = series_id
    return (
        _code(queries.products(dataset_id), product),
        _code(queries.places(dataset_id), place),
        category,
    )


def _code(things: pd.DataFrame, key: str | None) -> str | None:
    """The code of a product or place; its number where it is gone."""
    if key is None or not key.isdecimal() or int(key) not in things.index:
        return key
    return str(things["code"].at[int(key)])


def _chosen(found: Source, asked: ForecastParams) -> pd.DataFrame:
    """The rows and columns that were asked for."""
    frame = found.frame
    if asked.product and asked.place:
        frame = _part(found, (asked.product, asked.place))
    else:
        for name in ("product", "place"):
            if wanted := getattr(asked, name):
                frame = _part(found, (name, wanted))
    if asked.category:
        frame = frame[frame["category"] == asked.category]
    if asked.first is not None or asked.last is not None:
        frame = _between(frame, asked, found.about["frequency"])
    if asked.quantile:
        columns = [name for name in frame.columns if name.startswith("q0.")]
        wanted_levels = [f"q{level:g}" for level in asked.quantile]
        if missing := [name for name in wanted_levels if name not in columns]:
            raise Problem(
                "not-found",
                f"The quantile {missing[0]} was not forecast. There are {', '.join(columns)}.",
            )
        frame = frame[["product", "place", "category", "timestamp", "mean", *wanted_levels]]
    if frame.empty and not asked.cursor:
        raise Problem("not-found", "The forecast has no rows of what was asked; check the codes.")
    return frame


def _part(found: Source, key: Hashable) -> pd.DataFrame:
    return found.frame.iloc[found.of.get(key, slice(0))]


def _positions(rows: np.ndarray) -> slice | np.ndarray:
    """As a slice where they follow each other, so that no row has to be copied."""
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first + 1 == len(rows) else rows


def _between(frame: pd.DataFrame, asked: ForecastParams, freq: Freq) -> pd.DataFrame:
    stamps = frame["timestamp"]
    wanted = np.ones(len(frame), dtype=bool)
    if asked.first is not None:
        unit: Literal["D", "W-SUN", "M"] = {"D": "D", "W": "W-SUN", "M": "M"}[freq]  # type: ignore[assignment]
        begin = pd.Timestamp(asked.first).to_period(unit).start_time
        wanted &= (stamps >= begin).to_numpy()
    if asked.last is not None:
        wanted &= (stamps <= pd.Timestamp(asked.last)).to_numpy()
    return frame[wanted]
