"""What was sold, period by period: of a product, a place, a category, or everything."""

from pydantic import Field

from api import datasets, jobs, rows
from api.datasets import PageParams
from api.wire import Call, Day, Table, Wire
from data.scope import Freq
from ui import queries


class SalesParams(PageParams):
    product: str = Field(default="", max_length=300, description="Code; all if not given.")
    place: str = Field(default="", max_length=300, description="Code; all together if not given.")
    category: tuple[str, ...] = Field(default=(), description="Path from the root of the tree.")
    frequency: Freq = Field(default="W", description="Days, weeks from Monday, or months.")


class SalesPeriod(Wire):
    timestamp: Day = Field(description="First day of the period.")
    quantity: float | None = Field(description="Units; null where nobody knows.")
    revenue: float | None
    price: float | None = Field(description="Mean paid per unit.")
    complete: bool = Field(description="False for a period that the data covers in part.")


def read(call: Call[SalesParams, None]) -> Table:
    """A row per period, zero where nothing was sold."""
    asked = call.params
    dataset = datasets.found(asked.dataset)
    scope = jobs.scope_of(
        dataset,
        frequency=asked.frequency,
        categories=asked.category,
        product=asked.product,
        place=asked.place,
    )
    frame = queries.series(scope)[list(SalesPeriod.model_fields)]
    start = rows.place(asked.cursor)[1] if asked.cursor else 0
    part, more = rows.page(frame, str(dataset.dataset_id), start, asked.limit)
    about = {"dataset_id": dataset.dataset_id, "frequency": asked.frequency}
    return Table(rows=part, about=about, next=more)
