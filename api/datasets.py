"""Datasets, their quality, and how the dataset of a request is found."""

from dataclasses import asdict
from typing import Literal

import pandas as pd
from pydantic import Field

from api import rows
from api.problems import Problem
from api.wire import MOST_ROWS, Call, Day, Table, Wire
from ui import quality_words, queries
from ui.queries import Dataset


class DatasetParams(Wire):
    dataset: str = Field(
        description="Number or exact name of a dataset.", min_length=1, max_length=300
    )


class PageParams(DatasetParams):
    limit: int = Field(default=1000, ge=1, le=MOST_ROWS, description="Rows of a page.")
    cursor: str = Field(default="", max_length=200, description="`next` of the page before.")


class DatasetAnswer(Wire):
    """A dataset and what is in it."""

    dataset_id: int
    name: str
    source: Literal["upload", "demo"]
    currency: str = Field(description="Sign before money; empty where it is not known.")
    category_levels: list[str]
    frequency: Literal["D", "W", "M"] = Field(description="What one row of the files stands for.")
    first_day: Day | None
    last_day: Day | None
    products: int
    places: int
    sales_rows: int = Field(description="Product-days.")
    has_revenue: bool


class DatasetsAnswer(Wire):
    datasets: list[DatasetAnswer] = Field(description="The newest first.")


class ThingRow(Wire):
    """A product or a place."""

    code: str
    name: str
    category: str | None = Field(description="Path in the tree, such as `Home > Kitchen`.")
    units: float | None = Field(description="Sold in all.")
    revenue: float | None


class FindingAnswer(Wire):
    severity: str = Field(description="`fix`, `look` or `note`, the worst first.")
    title: str
    count: str
    share: float | None
    examples: str
    why: str


class QualityAnswer(Wire):
    """How far the sales can be trusted."""

    dataset_id: int
    findings: list[FindingAnswer] = Field(description="The worst first.")


def every(call: Call[Wire, None]) -> DatasetsAnswer:
    """All datasets."""
    return DatasetsAnswer(datasets=[answer_of(each) for each in queries.datasets()])


def one(call: Call[DatasetParams, None]) -> DatasetAnswer:
    return answer_of(found(call.params.dataset))


def quality(call: Call[DatasetParams, None]) -> QualityAnswer:
    """What the Data quality page lists."""
    dataset = found(call.params.dataset)
    examined = queries.quality(dataset.dataset_id, None)
    listed = [] if examined is None else quality_words.lines(examined, dataset.frequency)
    return QualityAnswer(
        dataset_id=dataset.dataset_id,
        findings=[FindingAnswer.model_validate(asdict(each)) for each in listed],
    )


def products(call: Call[PageParams, None]) -> Table:
    """The products of a dataset, best sellers first."""
    dataset = found(call.params.dataset)
    frame = queries.products(dataset.dataset_id)
    paths = frame["categories"].map(lambda path: " > ".join(path) or None)
    return _things(frame.assign(category=paths), dataset, call.params)


def places(call: Call[PageParams, None]) -> Table:
    """The places of a dataset, the largest first."""
    dataset = found(call.params.dataset)
    return _things(queries.places(dataset.dataset_id).assign(category=None), dataset, call.params)


def _things(frame: pd.DataFrame, dataset: Dataset, asked: PageParams) -> Table:
    named = frame.rename(columns={"quantity": "units"})[list(ThingRow.model_fields)]
    start = 0
    if asked.cursor:
        _, start = rows.place(asked.cursor)
    part, more = rows.page(named, str(dataset.dataset_id), start, asked.limit)
    return Table(rows=part, about={"dataset_id": dataset.dataset_id}, next=more)


def found(named: str) -> Dataset:
    """The dataset of a number or a name. Raises `Problem` (404)."""
    known = queries.datasets()
    for each in known:
        if named in (str(each.dataset_id), each.name):
            return each
    names = ", ".join(f"{each.name!r} ({each.dataset_id})" for each in known[:5])
    have = f"There are {names}." if names else "There are no datasets yet."
    raise Problem("not-found", f"There is no dataset {named[:60]!r}. {have}")


def answer_of(dataset: Dataset) -> DatasetAnswer:
    return DatasetAnswer(
        dataset_id=dataset.dataset_id,
        name=dataset.name,
        source="demo" if dataset.source == "demo" else "upload",
        currency=dataset.currency,
        category_levels=list(dataset.category_levels),
        frequency=dataset.frequency,
        first_day=dataset.first_day,
        last_day=dataset.last_day,
        products=dataset.products,
        places=dataset.places,
        sales_rows=dataset.sales_rows,
        has_revenue=dataset.has_revenue,
    )
