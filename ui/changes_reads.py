"""What changed between two forecasts of one scope, worked out once for everybody in a thread."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from data.scope import Scope
from data.store import Store
from engine.errors import RunError
from engine.registry import Entry
from engine.requests import ForecastRequest
from engine.runs import Run
from ui import background, queries, training
from ui.background import Tell
from ui.engine import registry

if TYPE_CHECKING:
    from forecasting import Panel

CAUSES = ("data", "plan", "model")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A forecast, and an earlier one of the same scope and horizon."""

    now: Entry
    before: Entry


@dataclass(frozen=True, kw_only=True, eq=False)
class Changes:
    """The change of each series, and of all together by period; in units of the runs."""

    series: pd.DataFrame  # series_id (index), before, data, plan, model, after, change
    periods: pd.DataFrame  # timestamp (index), the same
    scope: Scope  # of the runs
    split: str  # what a series is: product_place, product, place, category or total


def forecasts(dataset_id: int) -> list[Entry]:
    """Finished runs of the dataset that kept a forecast, the newest first."""
    return [entry for entry in registry().entries() if _is_of(entry, dataset_id)]


def earlier(entry: Entry, offered: list[Entry]) -> list[Entry]:
    """The forecasts of the same scope and horizon that were made before it, newest first."""
    return [
        other
        for other in offered
        if other.about.scope_key == entry.about.scope_key and other.number < entry.number
    ]


def changes(pair: Pair) -> Changes:
    """What the change is from; shows progress and ends the page while it is worked out."""
    scope = training.scope_of(pair.now.about)
    assert scope is not None  # only such are offered
    split = str(pair.now.about.scope.get("split", "total"))
    now, before = (registry().run(each.run_id) for each in (pair.now, pair.before))

    def work(store: Store, tell: Tell) -> Changes:
        return _worked_out(now, before, scope, split, tell)

    return background.result(
        "what changed",
        queries.version(),
        (pair.now.run_id, pair.before.run_id),
        work,
        label="Asking the earlier model again",
    )


def _is_of(entry: Entry, dataset_id: int) -> bool:
    of_run = training.scope_of(entry.about)
    if not entry.about.model or of_run is None or of_run.dataset_id != dataset_id:
        return False
    return (registry().run(entry.run_id).folder / "forecast.parquet").is_file()


def _worked_out(now: Run, before: Run, scope: Scope, split: str, tell: Tell) -> Changes:
    import forecasting as fc  # late: it takes a while to import
    from forecasting.revision import explain_revision

    frames = {name: _required(run, "forecast") for name, run in (("now", now), ("before", before))}
    if not before.model.is_dir():
        raise fc.ForecastingError(
            "The model of the earlier forecast was not kept, so it cannot be asked again. Choose "
            "another earlier forecast."
        )
    tell(0.1)
    model = fc.load(before.model)
    tell(0.3)
    panel = _panel(now)
    tell(0.5)
    found = explain_revision(
        frames["before"], frames["now"],
        earlier=model, panel=panel,
        planned_before=before.frame("future"), planned=now.frame("future"),
    )  # fmt: skip
    return Changes(
        series=_summed(found, "series_id"),
        periods=_summed(found, "timestamp"),
        scope=scope,
        split=split,
    )


def _panel(run: Run) -> "Panel":
    """What a forecast was made from, as its job read it."""
    request = run.request()
    assert isinstance(request, ForecastRequest)
    return request.panel.of(_required(run, "panel"))


def _required(run: Run, name: str) -> pd.DataFrame:
    frame = run.frame(name)
    if frame is None:
        raise RunError(f"{name}.parquet of run {run.run_id} was deleted. Choose another forecast.")
    return frame


def _summed(found: pd.DataFrame, by: str) -> pd.DataFrame:
    sums = found.groupby(by, observed=True)[["before", *CAUSES, "after"]].sum()
    return sums.assign(change=sums["after"] - sums["before"])


def labels(changes: Changes) -> "pd.Series[str]":
    """The series by name: products, places, categories, or what the run is of."""
    ids = changes.series.index.astype(str)
    products = _names(queries.products(changes.scope.dataset_id))
    places = _names(queries.places(changes.scope.dataset_id))
    split = changes.split
    return pd.Series([_label(each, split, products, places) for each in ids], index=ids)


def _names(frame: pd.DataFrame) -> dict[str, str]:
    return dict(zip(frame.index.astype(str), frame["name"], strict=True))


def _label(
    series_id: str, split: str, products: Mapping[str, str], places: Mapping[str, str]
) -> str:
    if split == "product_place":
        product, _, place = series_id.partition(":")
        return f"{products.get(product, product)}, {places.get(place, place)}"
    return {"product": products, "place": places}.get(split, {}).get(series_id, series_id)


def product_of(series_id: str, split: str) -> tuple[str, str]:
    """The ids of product and place in a series id; "" where it has none.

    >>> product_of("7:2", "product_place"), product_of("2", "place"), product_of("Tea", "category")
    (('7', '2'), ('', '2'), ('', ''))
    """
    if split == "product_place":
        product, _, place = series_id.partition(":")
        return product, place
    return (series_id if split == "product" else "", series_id if split == "place" else "")
