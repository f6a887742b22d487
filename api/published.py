"""The plan that was published last, as rows of a forecast: what people signed goes before models.

Its numbers are units as published (`mean`), with the quantiles of the forecast below moved along.
Sums over products or places have no quantiles: those of parts do not add up.
"""

from typing import Any

import pandas as pd

from api.memory import Kept
from api.wire import moment
from data import publications
from data.publications import Publication
from data.scope import Freq, Split
from ui import queries, state
from ui.queries import Dataset

PREFIX = "publication-"  # of its name where a run's id could stand
LATE = 1.0  # seconds until a new version is seen
_QUANTILES = {"q10": "q0.1", "q50": "q0.5", "q90": "q0.9"}
_KEYS: dict[Split, list[str]] = {
    "product_place": ["product", "place"],
    "product": ["product"],
    "place": ["place"],
    "category": ["category"],
    "total": [],
}
_listed: Kept[list[Publication]] = Kept(most=64, seconds=LATE)
_fine: Kept[bool] = Kept(most=64)


def name_of(found: Publication) -> str:
    """What it is asked for by, such as `publication-3`."""
    return f"{PREFIX}{found.publication_id}"


def named(dataset: Dataset, name: str) -> Publication | None:
    """The version of a dataset with such a name."""
    return next((each for each in _all(dataset) if name_of(each) == name), None)


def in_force(dataset: Dataset, freq: Freq | None) -> Publication | None:
    """The version published last (at a frequency), unless all of its periods have sold."""
    found = next((each for each in _all(dataset) if freq in (None, each.freq)), None)
    if found is None or (dataset.last_day and _end(found) <= pd.Timestamp(dataset.last_day)):
        return None
    return found


def levels(found: Publication) -> tuple[Split, ...]:
    """What it can be answered by, the finest first."""
    fine = _fine.get(
        (found.publication_id, found.created_at),
        lambda: publications.has_places(state.store(), found.publication_id),
    )
    if fine:
        return ("product_place", "product", "place", "category", "total")
    return ("product", "category", "total")


def frame(found: Publication, level: Split) -> pd.DataFrame:
    """product, place, category (None where a row is of several), timestamp, mean, quantiles."""
    whole = publications.rows(state.store(), found.publication_id)
    products, places = queries.products(found.dataset_id), queries.places(found.dataset_id)
    wide = products["categories"].map(lambda path: path[0] if path else "")
    rows = pd.DataFrame(
        {
            "product": whole["product_id"].map(products["code"]),
            "place": whole["place_id"].map(places["code"]),
            "category": whole["product_id"].map(wide),
            "timestamp": whole["timestamp"],
            "mean": whole["final"],
        }
    )
    keys = _KEYS[level]
    if level == levels(found)[0]:
        known = [old for old in _QUANTILES if whole[old].notna().any()]
        rows = rows.assign(**{_QUANTILES[old]: whole[old] for old in known})
    else:
        rows = rows.groupby([*keys, "timestamp"])[["mean"]].sum().reset_index()
    for name in ("product", "place", "category"):
        if name not in keys:
            rows[name] = None
    rest = [name for name in rows if name not in ("product", "place", "category")]
    return rows[["product", "place", "category", *rest]]


def about(found: Publication, level: Split) -> dict[str, Any]:
    """What it is, as JSON values."""
    return {
        "source": "published",
        "run": name_of(found),
        "name": found.name,
        "author": found.author,
        "note": found.note,
        "model": found.model,
        "in_use": True,
        "made_at": moment(found.created_at.timestamp()).isoformat().replace("+00:00", "Z"),
        "data_until": str(found.sales_until) if found.sales_until else None,
        "level": level,
        "frequency": found.freq,
        "measure": "quantity",
    }


def forget() -> None:
    """Read everything anew: another database was opened."""
    _listed.clear()
    _fine.clear()


def _all(dataset: Dataset) -> list[Publication]:
    key = dataset.dataset_id
    return _listed.get(key, lambda: publications.listed(state.store(), key))


def _end(found: Publication) -> pd.Timestamp:
    """The last day of its last period."""
    unit = {"D": "D", "W": "W-SUN", "M": "M"}[found.freq]
    end = pd.Timestamp(found.last_period).to_period(unit).end_time
    return end.normalize()
