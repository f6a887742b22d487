"""Reports: a `Review` of plain blocks, rendered as PDF, Excel or one HTML file."""

from reports.content import LANGUAGES, PAPERS, Language, Paper, Review
from reports.errors import ReportError
from reports.excel import excel
from reports.facts import (
    ForecastFacts,
    ModelFacts,
    Outlook,
    Parts,
    ProductFacts,
    Setting,
)
from reports.forecast_review import forecast_review
from reports.html import html
from reports.model_card import model_card
from reports.pdf import gaps, pages, pdf
from reports.product_sheet import product_sheets

__all__ = [
    "LANGUAGES",
    "PAPERS",
    "ForecastFacts",
    "Language",
    "ModelFacts",
    "Outlook",
    "Paper",
    "Parts",
    "ProductFacts",
    "ReportError",
    "Review",
    "Setting",
    "excel",
    "forecast_review",
    "gaps",
    "html",
    "model_card",
    "pages",
    "pdf",
    "product_sheets",
]
