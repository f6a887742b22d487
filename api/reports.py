"""The reports of the Reports page, as a file."""

from typing import Literal

from pydantic import Field

import reports
from api import datasets, jobs
from api.datasets import DatasetParams
from api.operations import EXCEL
from api.problems import Problem
from api.wire import Call, Download
from data.scope import Freq, Scope
from engine.registry import Entry
from reports import Review
from ui import (
    chart_downloads,
    forecasts,
    queries,
    report_files,
    report_look,
    report_requests,
    run_queries,
    state,
)
from ui import report_facts as facts
from ui.engine import registry
from ui.queries import Dataset

_BUILT = {"category": report_requests.CATEGORY, "orders": report_requests.ORDERS}
KINDS = {"pdf": "application/pdf", "xlsx": EXCEL, "html": "text/html"}


class ReportParams(DatasetParams):
    report: Literal["review", "category", "sheets", "orders", "card"] = Field(
        default="review",
        description="Forecast review, category review, product sheets, order proposal, or the card "
        "of a model.",
    )
    file: Literal["pdf", "xlsx", "html"] = "pdf"
    language: Literal["en", "zh"] = "en"
    paper: Literal["a4", "letter"] = "a4"
    product: str = Field(default="", max_length=300, description="Code; all if not given.")
    place: str = Field(default="", max_length=300, description="Code; all together if not given.")
    category: tuple[str, ...] = Field(default=(), description="Path from the root of the tree.")
    frequency: Freq = "W"
    horizon: int | None = Field(default=None, ge=1, le=400, description="Periods ahead.")
    count: int = Field(default=5, ge=1, le=24, description="Of product sheets.")
    run: str = Field(
        default="", max_length=64, description="Its forecast, or the model of the card."
    )


def make(call: Call[ReportParams, None]) -> Download:
    """A report as PDF, Excel or HTML."""
    asked = call.params
    dataset = datasets.found(asked.dataset)
    run = registry().entry(asked.run) if asked.run else None
    if asked.run and (run is None or run.about.scope.get("dataset") != dataset.dataset_id):
        raise Problem("not-found", f"There is no run {asked.run[:40]!r} of this dataset.")
    made = _review(dataset, asked, run)
    style = report_look.current().style
    content = report_files.file(made, asked.file, paper=asked.paper, style=style)
    name = f"{chart_downloads.slug(f'{made.template} {made.title}')}.{asked.file}"
    return Download(content=content, kind=KINDS[asked.file], name=name)


def _review(dataset: Dataset, asked: ReportParams, run: Entry | None) -> Review:
    if asked.report == "card":
        if run is None:
            raise Problem("conflict", "The card of a model needs run=; see /api/v1/models.")
        return reports.model_card(facts.model(dataset, run, asked.language))
    scope = jobs.scope_of(
        dataset,
        frequency=asked.frequency,
        categories=asked.category,
        product=asked.product,
        place=asked.place,
    )
    horizon = asked.horizon or forecasts.DEFAULT_HORIZON[scope.freq]
    if forecasts.history_of(queries.series(scope), scope.measure).empty:
        raise Problem("conflict", "There is no complete period of sales in this scope yet.")
    if asked.report in _BUILT:
        wanted = report_requests.Asked(
            template=_BUILT[asked.report],
            scope=scope,
            language=asked.language,
            horizon=horizon,
            run_id=run.run_id if run else "",
        )
        return report_requests.build(state.store(), wanted, lambda share, words: None)
    if run is not None and not run_queries.covers(scope, run.run_id):
        raise Problem(
            "conflict", f"{run.name} is of {run.about.scope_words}; it has no series of this."
        )
    if asked.report == "sheets":
        found = facts.products(
            dataset, scope, run, count=asked.count, horizon=horizon, tell=lambda share, words: None
        )
        return reports.product_sheets(found, facts.setting(dataset, scope, asked.language))
    return reports.forecast_review(_forecast(dataset, scope, run, horizon, asked))


def _forecast(
    dataset: Dataset, scope: Scope, run: Entry | None, horizon: int, asked: ReportParams
) -> reports.ForecastFacts:
    made = (
        queries.outlook(scope, horizon, forecasts.AUTOMATIC)
        if run is None
        else run_queries.outlook(scope, run.run_id, horizon)
    )
    if made is None:
        raise Problem("conflict", "That forecast is past: sales are known for all of its periods.")
    return facts.forecast(dataset, scope, run, made, asked.language)
