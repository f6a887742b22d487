"""A report as it is asked for, and making it: by a page, a schedule or any thread. No widgets.

What is asked for is a small frozen value, so that two who ask for the same get one build, and a
schedule can keep it as JSON.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any, get_args

import reports
from data.scope import Freq, Scope
from data.store import Store
from engine.registry import Entry
from reports import Language, ReportError, Review
from ui import forecasts, queries, report_category, report_facts, report_orders, run_queries
from ui import scope as scopes
from ui.engine import registry
from ui.forecasts import Outlook
from ui.queries import Dataset
from ui.report_facts import Tell

REVIEW, CATEGORY, SHEET = "Forecast review", "Category review", "Product sheet"
ORDERS, CARD = "Order proposal", "Model card"
TEMPLATES = (REVIEW, CATEGORY, SHEET, ORDERS, CARD)
NEWEST = "newest"  # a run: the one in use for the scope, else the newest, else a simple model


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One report: what of, in which language, by which forecast."""

    template: str  # one of `TEMPLATES`
    scope: Scope
    language: Language = "en"
    horizon: int = 13  # periods ahead
    model: str = forecasts.AUTOMATIC  # where no run is asked for
    run_id: str = ""  # of a finished run, `NEWEST`, or "" for the model
    count: int = 5  # product sheets

    def to_content(self) -> dict[str, Any]:
        """JSON values, for `of_content`."""
        return asdict(self)


def of_content(content: Mapping[str, Any]) -> Asked:
    """What was kept. Raises `ReportError` for what another version wrote."""
    try:
        given = dict(content)
        kept = {field.name for field in fields(Scope)}
        scope = {key: value for key, value in given.pop("scope").items() if key in kept}
        scope["categories"] = tuple(scope.get("categories", ()))
        asked = Asked(scope=Scope(**scope), **given)
        known = asked.template in TEMPLATES and asked.scope.freq in get_args(Freq)
    except (KeyError, TypeError, AttributeError) as error:
        raise ReportError("The report was kept by another version. Schedule it anew.") from error
    if not known:
        raise ReportError(f"There is no report {asked.template[:40]!r}. Schedule it anew.")
    return asked


def key(asked: Asked) -> tuple[Any, ...]:
    """Equal where the same report would come out, as long as the sales are the same."""
    from ui import inventory_reads

    revision = 0
    if asked.template == ORDERS:
        revision = inventory_reads.revision(asked.scope.dataset_id)
    run = run_of(asked)
    return asked, date.today(), revision, run.run_id if run else "", run.name if run else ""


def run_of(asked: Asked) -> Entry | None:
    """The run whose forecast is told; None for a simple model."""
    if asked.run_id != NEWEST:
        return registry().entry(asked.run_id) if asked.run_id else None
    entries = registry().entries()
    covering = [each for each in entries if run_queries.covers(asked.scope, each.run_id)]
    crowned = [each for each in covering if each.is_champion]
    for entry in (*crowned, *covering):
        if run_queries.outlook(asked.scope, entry.run_id, asked.horizon) is not None:
            return entry
    return None


def build(store: Store, asked: Asked, tell: Tell) -> Review:
    """The report. Raises `ReportError` where there is nothing to tell."""
    tell(0.0, "Reading sales")
    dataset = next(
        (each for each in queries.datasets() if each.dataset_id == asked.scope.dataset_id), None
    )
    if dataset is None:
        raise ReportError("The dataset of this report was deleted.")
    run = run_of(asked)
    if asked.template == CARD:
        if run is None:
            raise ReportError("The model of this card was deleted. Choose another one.")
        return reports.model_card(report_facts.model(dataset, run, asked.language))
    if dataset.first_day is None:
        raise ReportError(f"{dataset.name} has no sales yet. Upload some, then report.")
    if asked.template == ORDERS:
        return _orders(store, dataset, asked, tell)
    if asked.template == SHEET:
        setting = report_facts.setting(dataset, asked.scope, asked.language)
        found = report_facts.products(
            dataset, asked.scope, run, count=asked.count, horizon=asked.horizon, tell=tell
        )
        return reports.product_sheets(found, setting)
    if asked.template == CATEGORY:
        return _category(store, dataset, asked, run, tell)
    made = _outlook(asked.scope, asked, run)
    if made is None:
        noun = forecasts.NOUN[asked.scope.freq][0]
        raise ReportError(f"There is no complete {noun} of sales here yet. Widen the scope.")
    tell(0.5, "Forecasting parts")
    given = report_facts.forecast(dataset, asked.scope, run, made, asked.language)
    return reports.forecast_review(given)


def _outlook(scope: Scope, asked: Asked, run: Entry | None) -> Outlook | None:
    """The forecast of a scope; None where it has no complete period of sales."""
    if not report_category.has_sales(scope):
        return None
    if run is None or not run_queries.covers(scope, run.run_id):
        return queries.outlook(scope, asked.horizon, asked.model)
    made = run_queries.outlook(scope, run.run_id, asked.horizon)
    if made is None:
        raise ReportError(
            f"All that {run.name} forecast has passed. Train again, or choose a simple model."
        )
    return made


def _category(
    store: Store, dataset: Dataset, asked: Asked, run: Entry | None, tell: Tell
) -> Review:
    scope = replace(asked.scope, product_id=None)
    covered = run is not None and run_queries.covers(scope, run.run_id)
    run = run if covered else None
    made = _outlook(scope, asked, run)
    setting = report_facts.setting(dataset, scope, asked.language)
    found = report_category.category(store, dataset, scope, run, made, setting, tell)
    if found is None:
        raise ReportError(
            f"Nothing of {scopes.name(scope)} sold in the last two years. Widen the scope."
        )
    return reports.category_review(found)


def _orders(store: Store, dataset: Dataset, asked: Asked, tell: Tell) -> Review:
    setting = report_facts.setting(dataset, asked.scope, asked.language)
    found = report_orders.orders(store, dataset, asked.scope, setting, tell)
    if found is None:
        raise ReportError(
            "Orders need stock on hand and sales by day or week, and none is known here. Import "
            "stock on the Inventory page, or widen the scope."
        )
    return reports.order_proposal(found)
