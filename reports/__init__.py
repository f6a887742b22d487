"""Reports: a `Review` of plain blocks, rendered as PDF, Excel or one HTML file."""

from reports.category_review import category_review
from reports.content import LANGUAGES, PAPERS, Language, Paper, Review
from reports.errors import ReportError
from reports.excel import excel
from reports.facts import (
    CategoryFacts,
    Festival,
    ForecastFacts,
    ModelFacts,
    OrderFacts,
    Outlook,
    Parts,
    Pattern,
    ProductFacts,
    ScenarioFacts,
    ScenarioOne,
    Setting,
)
from reports.forecast_review import forecast_review
from reports.html import html
from reports.model_card import model_card
from reports.order_proposal import order_proposal
from reports.pdf import gaps, pages, pdf
from reports.product_sheet import product_sheets
from reports.scenario_comparison import scenario_comparison
from reports.style import Style, checked_logo

__all__ = [
    "LANGUAGES",
    "PAPERS",
    "CategoryFacts",
    "Festival",
    "ForecastFacts",
    "Language",
    "ModelFacts",
    "OrderFacts",
    "Outlook",
    "Paper",
    "Parts",
    "Pattern",
    "ProductFacts",
    "ReportError",
    "Review",
    "ScenarioFacts",
    "ScenarioOne",
    "Setting",
    "Style",
    "category_review",
    "checked_logo",
    "excel",
    "forecast_review",
    "gaps",
    "html",
    "model_card",
    "order_proposal",
    "pages",
    "pdf",
    "product_sheets",
    "scenario_comparison",
]
